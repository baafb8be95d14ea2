#include "proxy/downstream/halting.h"

#include <stdlib.h>

#include "common/clock.h"
#include "common/memory.h"
#include "common/resp_write.h"
#include "proxy/downstream/pause.h"
#include "proxy/downstream/roll.h"
#include "proxy/routing/obey.h"

enum { LOOK_US = 5 * US_PER_MS, PAIRS = 8 };

struct news {
    struct message message;
    struct clients *clients;
};

static void news_drop(struct message *message)
{
    free(container_of(message, struct news, message));
}

static void news_deliver(struct message *message)
{
    struct clients *clients = container_of(message, struct news, message)->clients;

    news_drop(message);
    obey_look(clients->dispatcher);
    pause_refresh(clients);
}

void halting_tell(struct house *house)
{
    for (size_t i = 0; i < house->worker_count; i++) {
        struct news *news = memory_new(1, sizeof *news);

        news->message = (struct message){.deliver = news_deliver, .drop = news_drop};
        news->clients = house->clients[i];
        mailbox_post(house->mailboxes[i], &news->message);
    }
}

/* Somebody who waits for the answer to his order. */
struct vigil {
    struct list_link in_clients;
    struct clients *clients;
    struct reactor_timer look;
    uint64_t asker;          /* the client's id */
    struct request *request; /* alive as long as that client is open */
    uint64_t number;
    uint64_t latest;
};

static void vigil_end(struct vigil *vigil)
{
    reactor_timer_stop(&vigil->look);
    list_remove(&vigil->in_clients);
    free(vigil);
}

static bool find_halt(struct house *house, uint64_t number, struct halt *found)
{
    struct halt halts[HALTS_MAX];
    size_t count = halts_list(house->halts, clock_now(), halts);

    for (size_t i = 0; i < count; i++) {
        if (halts[i].number == number) {
            *found = halts[i];
            return true;
        }
    }
    return false;
}

static void vigil_answer(const struct vigil *vigil)
{
    struct sendq *to = &vigil->request->reply;
    struct halt halt;

    if (find_halt(vigil->clients->house, vigil->number, &halt)) {
        halting_write(vigil->clients->house, &halt, to);
    } else {
        resp_write_error(to, "ERR proxy: it has been ended, or given anew, meanwhile");
    }
    request_settle(vigil->request, NULL, (struct span){"", 0});
}

/* Nothing is in flight any more where requests wait; a drain holds as soon as all know of it. */
static bool vigil_is_over(const struct vigil *vigil)
{
    struct house *house = vigil->clients->house;
    struct halt_tally sum;
    struct halt halt;

    switch (halts_sum(house->halts, vigil->number, &sum)) {
    case HALT_UNKNOWN: return true;
    case HALT_BEGINS: break;
    case HALT_HOLDS:
        if (sum.in_flight == 0 ||
            (find_halt(house, vigil->number, &halt) && halt.kind == HALT_DRAIN)) {
            return true;
        }
        break;
    }
    return reactor_now(vigil->clients->reactor) >= vigil->latest;
}

static void vigil_on_look(struct reactor_timer *timer)
{
    struct vigil *vigil = container_of(timer, struct vigil, look);
    struct clients *clients = vigil->clients;
    bool is_awaited = roll_client(clients->house->roll, clients, vigil->asker) != NULL;

    if (is_awaited && !vigil_is_over(vigil)) {
        reactor_timer_start(timer, LOOK_US);
        return;
    }
    if (is_awaited) {
        block_bill(clients->intake->account);
        vigil_answer(vigil);
    }
    vigil_end(vigil);
}

void halting_await(const struct local_call *call, uint64_t number, uint64_t latest)
{
    struct client *client = call->client;
    struct clients *clients = client->clients;
    struct vigil *vigil = memory_new(1, sizeof *vigil);

    vigil->clients = clients;
    vigil->asker = client->session.id;
    vigil->number = number;
    vigil->latest = latest;
    vigil->request = client_request_begin(client, call->command, call->block, call->bytes);
    metric_add(&clients->metrics->downstream_local_total, 1);
    list_append(&clients->vigils, &vigil->in_clients);
    reactor_timer_init(&vigil->look, clients->reactor, vigil_on_look);
    reactor_timer_start(&vigil->look, LOOK_US);
}

void halting_clear(struct clients *clients)
{
    LIST_EACH_SAFE (link, &clients->vigils) {
        vigil_end(container_of(link, struct vigil, in_clients));
    }
}

static void write_pair(struct sendq *to, const char *name, uint64_t number)
{
    resp_write_text(to, name);
    resp_write_integer(to, (int64_t)number);
}

static int64_t milliseconds_left(const struct halt *halt)
{
    uint64_t now = clock_now();

    if (halt->until == UINT64_MAX) {
        return -1;
    }
    return halt->until > now ? (int64_t)((halt->until - now + US_PER_MS - 1) / US_PER_MS) : 0;
}

void halting_write(struct house *house, const struct halt *halt, struct sendq *to)
{
    struct halt_tally sum;
    enum halt_progress progress = halts_sum(house->halts, halt->number, &sum);

    resp_write_map(to, PAIRS);
    resp_write_text(to, "what");
    resp_write_text(to, halt->kind == HALT_PAUSE ? "pause" : "drain");
    resp_write_text(to, "node");
    resp_write_text(to, halt->node[0] == '\0' ? "all" : halt->node);
    resp_write_text(to, "milliseconds_left");
    resp_write_integer(to, milliseconds_left(halt));
    resp_write_text(to, "workers");
    resp_write_text(to, progress == HALT_HOLDS ? "all" : "some");
    write_pair(to, "in_flight", sum.in_flight);
    write_pair(to, "blocked", sum.blocked);
    write_pair(to, "private", sum.private);
    write_pair(to, "slots", sum.slots);
}
