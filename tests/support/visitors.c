#include "tests/support/visitors.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/check.h"
#include "common/memory.h"
#include "tests/support/wait.h"
#include "tests/support/wire.h"

enum { SHORT_STAY = 3, LONG_STAY = 1000 };

struct visitor {
    struct visitors *visitors;
    pthread_t thread;
    char key[32];
    long long count; /* of INCR */
    int stay;        /* requests until it leaves by itself */
    struct visitors_result result;
};

struct visitors {
    uint16_t port;
    struct tls_context *context; /* NULL: without TLS */
    int count;
    struct visitor *items;
    atomic_bool ends;
    _Atomic uint64_t progress;
};

/* False when the connection is of no use any more. */
static bool visitor_ask(struct visitor *visitor, struct wire *wire)
{
    struct visitors_result *result = &visitor->result;
    char wanted[32];

    if (wire_is_sent_away(wire)) {
        result->sent_away++;
        return false;
    }
    snprintf(wanted, sizeof wanted, "%lld", ++visitor->count);
    const char *reply = wire_ask(wire, "INCR", visitor->key);
    result->requests++;
    atomic_fetch_add_explicit(&visitor->visitors->progress, 1, memory_order_relaxed);
    if (strcmp(reply, "(closed)") == 0 || strcmp(reply, "(no reply)") == 0) {
        result->lost++;
        visitor->count--;
        return false;
    }
    if (strcmp(reply, wanted) != 0 && result->wrong++ == 0) {
        snprintf(result->first_wrong, sizeof result->first_wrong, "got %.50s, wanted %s", reply,
                 wanted);
    }
    return true;
}

static void visit(struct visitor *visitor)
{
    const struct visitors *visitors = visitor->visitors;
    struct wire *wire = visitors->context == NULL
                            ? wire_open(visitors->port)
                            : wire_open_tls(visitors->port, visitors->context, "localhost");

    if (wire == NULL) {
        visitor->result.refused++;
        wait_a_moment();
        return;
    }
    visitor->result.connections++;
    for (int i = 0; i < visitor->stay && !atomic_load(&visitor->visitors->ends); i++) {
        if (!visitor_ask(visitor, wire)) {
            break;
        }
    }
    wire_close(&wire);
}

static void *visitor_run(void *argument)
{
    struct visitor *visitor = argument;

    while (!atomic_load(&visitor->visitors->ends)) {
        visit(visitor);
    }
    return NULL;
}

struct visitors *visitors_start(uint16_t port, int count)
{
    return visitors_start_tls(port, count, NULL);
}

struct visitors *visitors_start_tls(uint16_t port, int count, struct tls_context *context)
{
    struct visitors *visitors = memory_new(1, sizeof *visitors);

    visitors->port = port;
    visitors->context = context;
    visitors->count = count;
    visitors->items = memory_new((size_t)count, sizeof *visitors->items);
    for (int i = 0; i < count; i++) {
        struct visitor *visitor = &visitors->items[i];
        visitor->visitors = visitors;
        visitor->stay = i % 2 == 0 ? LONG_STAY : SHORT_STAY;
        snprintf(visitor->key, sizeof visitor->key, "visitor:{%d}", i);
        int failed = pthread_create(&visitor->thread, NULL, visitor_run, visitor);
        CHECK(failed == 0);
    }
    return visitors;
}

uint64_t visitors_progress(const struct visitors *visitors)
{
    return atomic_load(&visitors->progress);
}

static void result_add(struct visitors_result *sum, const struct visitors_result *result)
{
    if (sum->wrong == 0) {
        memcpy(sum->first_wrong, result->first_wrong, sizeof sum->first_wrong);
    }
    sum->requests += result->requests;
    sum->connections += result->connections;
    sum->sent_away += result->sent_away;
    sum->refused += result->refused;
    sum->lost += result->lost;
    sum->wrong += result->wrong;
}

struct visitors_result visitors_stop(struct visitors **visitors)
{
    struct visitors_result sum = {0};

    atomic_store(&(*visitors)->ends, true);
    for (int i = 0; i < (*visitors)->count; i++) {
        pthread_join((*visitors)->items[i].thread, NULL);
        result_add(&sum, &(*visitors)->items[i].result);
    }
    free((*visitors)->items);
    free(*visitors);
    *visitors = NULL;
    return sum;
}
