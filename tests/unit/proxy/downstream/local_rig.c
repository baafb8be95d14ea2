#include "tests/unit/proxy/downstream/local_rig.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "common/clock.h"
#include "common/memory.h"
#include "common/resp_write.h"
#include "proxy/downstream/roll.h"
#include "proxy/pubsub/exchange.h"
#include "proxy/routing/halts.h"
#include "tests/unit/proxy/command/words.h"

enum { DEADLINE_US = 10 * US_PER_SECOND, HEARD_MAX = 1 << 20 };

static struct config *load_config(void)
{
    const char *listen = "127.0.0.1:0";
    const char *seed = "127.0.0.1:1";
    struct config_overrides overrides = {
        .listen = &listen, .listen_count = 1, .seeds = &seed, .seed_count = 1, .workers = "2"};
    struct config_errors errors = {0};
    struct config *config = config_load(NULL, &overrides, &errors);

    cr_assert_not_null(config, "%s", errors.count == 0 ? "" : errors.lines[0]);
    return config;
}

static void worker_open(struct local_rig *rig, size_t number)
{
    struct rig_worker *worker = &rig->workers[number];
    const struct pool_config *pool = &rig->config->pools[0];

    worker->mailbox = mailbox_new(rig->reactor);
    worker->dispatcher = dispatcher_new(rig->reactor, &rig->intake, pool, &worker->metrics, NULL);
    worker->dispatcher->worker = number;
    worker->dispatcher->halts = rig->house.halts;
    exchange_open(rig->house.exchange, &(struct exchange_site){
                                           .worker = number,
                                           .mailbox = worker->mailbox,
                                           .reactor = rig->reactor,
                                           .intake = &rig->intake,
                                           .config = pool,
                                           .metrics = &worker->metrics,
                                       });
    worker->clients = (struct clients){
        .house = &rig->house,
        .worker = number,
        .reactor = rig->reactor,
        .intake = &rig->intake,
        .dispatcher = worker->dispatcher,
        .hub = rig->house.exchange->places[number].hub,
        .config = pool,
        .metrics = &worker->metrics,
        .load = &worker->load,
    };
    rig->metrics[number] = &worker->metrics;
    rig->house.heats[number] = heat_new(clock_now());
    clients_init(&worker->clients);
    rig->house.clients[number] = &worker->clients;
    rig->house.mailboxes[number] = worker->mailbox;
}

struct local_rig *local_rig_open(const char *password)
{
    struct local_rig *rig = memory_new(1, sizeof *rig);
    struct address address;

    rig->config = load_config();
    if (password != NULL) {
        rig->config->pools[0].clients_password = strdup(password);
    }
    rig->reactor = reactor_new();
    rig->house.started = clock_now();
    rig->house.pool = &rig->config->pools[0];
    rig->house.worker_count = RIG_WORKERS;
    rig->house.clients = memory_new(RIG_WORKERS, sizeof(struct clients *));
    rig->house.heats = memory_new(RIG_WORKERS, sizeof(struct heat *));
    rig->house.counted = (struct metrics_source){"main", rig->metrics, RIG_WORKERS, 0};
    rig->house.mailboxes = memory_new(RIG_WORKERS, sizeof(struct mailbox *));
    rig->house.exchange = exchange_new(RIG_WORKERS, "");
    rig->house.roll = roll_new();
    rig->house.halts = halts_new("main", RIG_WORKERS);
    strcpy(rig->house.run_id, "0123456789abcdef0123456789abcdef01234567");
    for (size_t i = 0; i < RIG_WORKERS; i++) {
        worker_open(rig, i);
    }
    cr_assert_eq(address_parse(SPAN("127.0.0.1:0"), &address), ADDRESS_OK);
    rig->listener = socket_listen(&address, 16);
    cr_assert_geq(rig->listener, 0);
    rig->port = socket_port(rig->listener);
    return rig;
}

void local_rig_end_worker(struct local_rig *rig, size_t number)
{
    struct rig_worker *worker = &rig->workers[number];

    CHECK(!worker->has_ended);
    worker->has_ended = true;
    mailbox_close(worker->mailbox);
    clients_close_all(&worker->clients, CLOSE_DRAINED);
    local_rig_turn(rig);
    clients_clear(&worker->clients);
}

void local_rig_close(struct local_rig **rig)
{
    struct local_rig *gone = *rig;

    *rig = NULL;
    for (size_t i = 0; i < RIG_WORKERS; i++) {
        if (!gone->workers[i].has_ended) {
            local_rig_end_worker(gone, i);
        }
    }
    for (size_t i = 0; i < RIG_WORKERS; i++) {
        exchange_close(gone->house.exchange, i);
        dispatcher_free(&gone->workers[i].dispatcher);
        mailbox_free(&gone->workers[i].mailbox);
        heat_free(&gone->house.heats[i]);
    }
    close(gone->listener);
    exchange_free(&gone->house.exchange);
    roll_free(&gone->house.roll);
    halts_free(&gone->house.halts);
    intake_clear(&gone->intake);
    reactor_free(&gone->reactor);
    free(gone->house.heats);
    free(gone->house.clients);
    free(gone->house.mailboxes);
    config_free(&gone->config);
    request_trim();
    free(gone);
}

int local_rig_connect(struct local_rig *rig, size_t worker)
{
    struct sockaddr_in name = {
        .sin_family = AF_INET,
        .sin_port = htons(rig->port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    cr_assert_eq(connect(fd, (struct sockaddr *)&name, sizeof name), 0);

    int accepted = socket_accept(rig->listener, NULL);

    cr_assert_geq(accepted, 0);
    rig->house.client_count++;
    rig->workers[worker].load++;
    client_open(&rig->workers[worker].clients, accepted, NULL);
    return fd;
}

void local_rig_say(int fd, const char *line)
{
    struct words words;
    struct sendq queue;
    size_t sent;

    words_init(&words, line);
    sendq_init(&queue);
    resp_write_request(&queue, words.items, words.arguments.count);
    cr_assert_eq(sendq_write(&queue, fd, &sent), SENDQ_OK);
    sendq_clear(&queue);
}

void local_rig_turn(struct local_rig *rig)
{
    for (int i = 0; i < 4; i++) {
        ev_run(rig->reactor->loop, EVRUN_NOWAIT);
    }
}

/* A byte at a time, so that what follows the reply stays in the socket. */
const char *local_rig_hear(struct local_rig *rig, int fd)
{
    static char heard[HEARD_MAX];
    struct reply_scan scan = {0};
    uint64_t deadline = clock_now() + DEADLINE_US;
    size_t size = 0;
    size_t used;

    for (;;) {
        ssize_t got = recv(fd, heard + size, 1, MSG_DONTWAIT);

        if (got == 0 || (got < 0 && errno == ECONNRESET)) {
            return "";
        }
        if (got < 0) {
            cr_assert_lt(clock_now(), deadline, "no reply");
            ev_run(rig->reactor->loop, EVRUN_NOWAIT);
            continue;
        }
        size++;
        cr_assert_lt(size, sizeof heard);

        enum scan_result result =
            reply_scan_next(&scan, sizeof heard, (struct span){heard, size}, &used);

        cr_assert_neq(result, SCAN_BAD);
        if (result == SCAN_DONE) {
            heard[size] = '\0';
            return heard;
        }
    }
}

const char *local_rig_ask(struct local_rig *rig, int fd, const char *line)
{
    local_rig_say(fd, line);
    return local_rig_hear(rig, fd);
}

uint64_t local_rig_id(struct local_rig *rig, int fd)
{
    return strtoull(local_rig_ask(rig, fd, "CLIENT ID") + 1, NULL, 10);
}
