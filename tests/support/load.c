#include "tests/support/load.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/check.h"
#include "common/memory.h"
#include "tests/support/resp.h"
#include "tests/support/wait.h"
#include "tests/support/wire.h"

enum { BURST = 12, KEY_SIZE = 48, ROUNDS = 256 };

/* One key and what the model knows of it. An error makes its counters uncertain. */
struct counter {
    char key[KEY_SIZE];
    char list[KEY_SIZE];
    long long count;  /* of INCR */
    long long length; /* of the list */
    bool uncertain;
};

struct load_client {
    struct load *load;
    pthread_t thread;
    struct counter *counters;
    long long round;
    struct load_result result;
};

struct load {
    struct load_options options;
    struct load_client *clients;
    atomic_bool ends;
    _Atomic uint64_t progress;
};

/* No two loads of a test use the same keys. */
static void name_keys(const struct load_options *options, struct counter *counter)
{
    static int candidate;
    uint16_t slot;

    do {
        snprintf(counter->key, sizeof counter->key, "count:{%d}", ++candidate);
        snprintf(counter->list, sizeof counter->list, "list:{%d}", candidate);
        slot = resp_slot(span_of(counter->key));
    } while (options->slot_to > 0 && (slot < options->slot_from || slot > options->slot_to));
}

static struct counter *counter_of(struct load_client *client, long long round, int step)
{
    return &client->counters[(round * BURST + step) % client->load->options.keys];
}

/* Compares, unless the reply is an error or the key has seen one. */
static void judge(struct load_client *client, struct counter *counter, const char *reply,
                  const char *wanted)
{
    struct load_result *result = &client->result;

    result->requests++;
    atomic_fetch_add_explicit(&client->load->progress, 1, memory_order_relaxed);
    if (reply[0] == '-' || strcmp(reply, "(no reply)") == 0 || strcmp(reply, "(closed)") == 0) {
        if (result->errors++ == 0) {
            snprintf(result->first_error, sizeof result->first_error, "%s", reply);
        }
        result->last_error_ms = wait_now_ms();
        counter->uncertain = true;
    } else if (!counter->uncertain && strcmp(reply, wanted) != 0 && result->wrong++ == 0) {
        snprintf(result->first_wrong, sizeof result->first_wrong, "%s: got %.200s, wanted %.200s",
                 counter->key, reply, wanted);
    }
}

static void send_burst(struct load_client *client, struct wire *wire)
{
    struct bytes burst = {0};

    for (int step = 0; step < BURST; step++) {
        const struct counter *counter = counter_of(client, client->round, step);
        char entry[32];
        snprintf(entry, sizeof entry, "%lld.%d", client->round, step);
        struct span incr[] = {SPAN("INCR"), span_of(counter->key)};
        struct span push[] = {SPAN("RPUSH"), span_of(counter->list), span_of(entry)};
        struct span get[] = {SPAN("GET"), span_of(counter->key)};
        bytes_add_request(&burst, incr, ARRAY_LEN(incr));
        if (!client->load->options.counters_only) {
            bytes_add_request(&burst, push, ARRAY_LEN(push));
        }
        bytes_add_request(&burst, get, ARRAY_LEN(get));
    }
    wire_send_bytes(wire, burst.at, burst.size);
    bytes_clear(&burst);
}

static void read_burst(struct load_client *client, struct wire *wire)
{
    char wanted[32];

    for (int step = 0; step < BURST; step++) {
        struct counter *counter = counter_of(client, client->round, step);
        snprintf(wanted, sizeof wanted, "%lld", ++counter->count);
        judge(client, counter, wire_text(wire), wanted);
        if (!client->load->options.counters_only) {
            snprintf(wanted, sizeof wanted, "%lld", ++counter->length);
            judge(client, counter, wire_text(wire), wanted);
        }
        snprintf(wanted, sizeof wanted, "%lld", counter->count);
        judge(client, counter, wire_text(wire), wanted);
    }
}

/* Keys of several slots in one request. */
static void read_together(struct load_client *client, struct wire *wire)
{
    struct counter *a = counter_of(client, client->round, 0);
    struct counter *b = counter_of(client, client->round, 1);
    char wanted[64];

    if (a->uncertain || b->uncertain) {
        return;
    }
    snprintf(wanted, sizeof wanted, "[%lld %lld]", a->count, b->count);
    judge(client, a, wire_ask(wire, "MGET", a->key, b->key), wanted);
    snprintf(wanted, sizeof wanted, "2");
    judge(client, a, wire_ask(wire, "EXISTS", a->key, b->key), wanted);
}

/* The whole list must be the bursts in their order. */
static void check_list(struct load_client *client, struct wire *wire, struct counter *counter)
{
    struct bytes wanted = {0};

    bytes_print(&wanted, "[");
    for (long long round = 0; round < client->round; round++) {
        for (int step = 0; step < BURST; step++) {
            if (counter_of(client, round, step) == counter) {
                bytes_print(&wanted, "%s%lld.%d", wanted.size == 1 ? "" : " ", round, step);
            }
        }
    }
    bytes_print(&wanted, "]");
    if (!counter->uncertain) {
        judge(client, counter, wire_ask(wire, "LRANGE", counter->list, "0", "-1"), wanted.at);
    }
    bytes_clear(&wanted);
}

static void *load_run(void *argument)
{
    struct load_client *client = argument;
    const struct load_options *options = &client->load->options;
    int rounds = options->rounds == 0 ? ROUNDS : options->rounds;
    struct wire *wire = wire_open(options->port);
    CHECK(wire != NULL);

    for (; !atomic_load(&client->load->ends); client->round++) {
        if (client->round % rounds == rounds - 1) {
            /* Replies are kept as texts until their connection closes. */
            wire_close(&wire);
            wire = wire_open(options->port);
            CHECK(wire != NULL);
        }
        send_burst(client, wire);
        read_burst(client, wire);
        read_together(client, wire);
    }
    for (int i = 0; i < options->keys && !options->counters_only; i++) {
        check_list(client, wire, &client->counters[i]);
    }
    wire_close(&wire);
    return NULL;
}

struct load *load_start(struct load_options options)
{
    struct load *load = memory_new(1, sizeof *load);

    load->options = options;
    load->clients = memory_new((size_t)options.clients, sizeof *load->clients);
    for (int i = 0; i < options.clients; i++) {
        struct load_client *client = &load->clients[i];
        client->load = load;
        client->counters = memory_new((size_t)options.keys, sizeof *client->counters);
        for (int key = 0; key < options.keys; key++) {
            name_keys(&options, &client->counters[key]);
        }
        int failed = pthread_create(&client->thread, NULL, load_run, client);
        CHECK(failed == 0);
    }
    return load;
}

uint64_t load_progress(const struct load *load)
{
    return atomic_load(&load->progress);
}

static void result_add(struct load_result *sum, const struct load_result *result)
{
    if (sum->errors == 0) {
        memcpy(sum->first_error, result->first_error, sizeof sum->first_error);
    }
    if (sum->wrong == 0) {
        memcpy(sum->first_wrong, result->first_wrong, sizeof sum->first_wrong);
    }
    sum->requests += result->requests;
    sum->errors += result->errors;
    sum->wrong += result->wrong;
    sum->last_error_ms = size_max(sum->last_error_ms, result->last_error_ms);
}

struct load_result load_stop(struct load **load)
{
    struct load_result sum = {0};

    atomic_store(&(*load)->ends, true);
    for (int i = 0; i < (*load)->options.clients; i++) {
        pthread_join((*load)->clients[i].thread, NULL);
        result_add(&sum, &(*load)->clients[i].result);
        free((*load)->clients[i].counters);
    }
    free((*load)->clients);
    free(*load);
    *load = NULL;
    return sum;
}
