#include "proxy/downstream/roundup.h"

#include <stdlib.h>

#include "common/memory.h"

static void roundup_free(struct roundup *roundup)
{
    for (size_t i = 0; i < roundup->house->worker_count; i++) {
        struct visit *visit = &roundup->visits[i];

        for (size_t j = 0; j < visit->line_count; j++) {
            free(visit->lines[j].text);
        }
        free(visit->lines);
    }
    client_filter_clear(&roundup->filter);
    free(roundup);
}

static struct client *roundup_asker(const struct roundup *roundup)
{
    struct clients *clients = roundup->house->clients[roundup->worker];

    LIST_EACH (link, &clients->open) {
        struct client *client = container_of(link, struct client, in_clients);

        if (client->session.id == roundup->asker) {
            return client;
        }
    }
    return NULL;
}

static void roundup_come_home(struct message *message)
{
    struct roundup *roundup = container_of(message, struct roundup, home);

    block_bill(roundup->house->clients[roundup->worker]->intake->account);
    if (roundup_asker(roundup) != NULL) {
        roundup->answer(roundup, &roundup->request->reply);
        request_settle(roundup->request, NULL, (struct span){"", 0});
    }
    roundup_free(roundup);
}

static void roundup_is_lost(struct message *message)
{
    roundup_free(container_of(message, struct roundup, home));
}

static void visit_end(struct visit *visit)
{
    struct roundup *roundup = visit->roundup;

    if (atomic_fetch_sub(&roundup->visits_left, 1) == 1) {
        mailbox_post(roundup->house->mailboxes[roundup->worker], &roundup->home);
    }
}

static void visit_each_client(struct visit *visit, struct clients *clients)
{
    const struct roundup *roundup = visit->roundup;

    LIST_EACH_SAFE (link, &clients->open) {
        struct client *client = container_of(link, struct client, in_clients);

        if (client_filter_matches(&roundup->filter, client)) {
            roundup->visit(visit, client);
        }
    }
}

static void visit_deliver(struct message *message)
{
    struct visit *visit = container_of(message, struct visit, message);
    const struct roundup *roundup = visit->roundup;

    roundup->tour(visit, roundup->house->clients[visit->worker]);
    visit_end(visit);
}

static void visit_drop(struct message *message)
{
    visit_end(container_of(message, struct visit, message));
}

/* The last visit may end, and post the roundup home, while this still runs: nothing of it is
 * touched once all messages are posted. */
static void roundup_send(struct roundup *roundup)
{
    struct house *house = roundup->house;
    size_t count = house->worker_count;

    for (size_t i = 0; i < count; i++) {
        mailbox_post(house->mailboxes[i], &roundup->visits[i].message);
    }
}

void roundup_add_line(struct visit *visit, uint64_t id, char *text, size_t size)
{
    size_t count = visit->line_count;

    if ((count & (count - 1)) == 0) {
        visit->lines =
            memory_resize(visit->lines, count == 0 ? 1 : count * 2, sizeof *visit->lines);
    }
    visit->lines[visit->line_count++] = (struct roundup_line){id, text, size};
}

static int line_compare(const void *a, const void *b)
{
    const struct roundup_line *one = a;
    const struct roundup_line *other = b;

    return one->id < other->id ? -1 : one->id > other->id;
}

struct roundup_line *roundup_gather(const struct roundup *roundup, size_t *count)
{
    struct roundup_line *lines = NULL;

    *count = 0;
    for (size_t i = 0; i < roundup->house->worker_count; i++) {
        const struct visit *visit = &roundup->visits[i];

        if (visit->line_count == 0) {
            continue;
        }
        lines = memory_resize(lines, *count + visit->line_count, sizeof *lines);
        memcpy(lines + *count, visit->lines, visit->line_count * sizeof *lines);
        *count += visit->line_count;
    }
    if (*count > 0) {
        qsort(lines, *count, sizeof *lines, line_compare);
    }
    return lines;
}

uint64_t roundup_count(const struct roundup *roundup)
{
    uint64_t count = 0;

    for (size_t i = 0; i < roundup->house->worker_count; i++) {
        count += roundup->visits[i].count;
    }
    return count;
}

static struct roundup *roundup_new(const struct clients *clients)
{
    struct house *house = clients->house;
    struct roundup *roundup =
        memory_new(1, sizeof *roundup + house->worker_count * sizeof roundup->visits[0]);

    roundup->house = house;
    roundup->worker = clients->worker;
    roundup->home = (struct message){.deliver = roundup_come_home, .drop = roundup_is_lost};
    atomic_init(&roundup->visits_left, house->worker_count);
    for (size_t i = 0; i < house->worker_count; i++) {
        roundup->visits[i] = (struct visit){
            .message = {.deliver = visit_deliver, .drop = visit_drop},
            .roundup = roundup,
            .worker = i,
        };
    }
    return roundup;
}

static void roundup_begin(struct roundup *roundup, const struct local_call *call)
{
    struct client *client = call->client;

    roundup->asker = client->session.id;
    roundup->request = client_request_begin(client, call->command, call->block, call->bytes);
    metric_add(&client->clients->metrics->downstream_local_total, 1);
    roundup_send(roundup);
}

void roundup_start(const struct local_call *call, struct client_filter *filter,
                   roundup_visit *visit, roundup_answer *answer)
{
    struct roundup *roundup = roundup_new(call->client->clients);

    roundup->filter = *filter;
    *filter = (struct client_filter){.id_count = 0};
    roundup->tour = visit_each_client;
    roundup->visit = visit;
    roundup->answer = answer;
    roundup_begin(roundup, call);
}

void roundup_start_tour(const struct local_call *call, struct roundup_terms terms,
                        roundup_tour *tour, roundup_answer *answer)
{
    struct roundup *roundup = roundup_new(call->client->clients);

    roundup->terms = terms;
    roundup->tour = tour;
    roundup->answer = answer;
    roundup_begin(roundup, call);
}
