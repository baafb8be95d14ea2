#include "proxy/console.h"

#include <stdlib.h>

#include "common/memory.h"
#include "proxy/server_parts.h"

/* Several may look, and rates of a moment would only jump; those of an hour say nothing of now. */
enum { RATE_US = 900 * US_PER_MS, RATE_MAX_US = 15 * US_PER_SECOND };

struct console {
    struct inquiry_site site;
    struct history *history;
    struct standing *last;
    struct standing *before; /* at least RATE_US older; NULL: none */
};

void console_add_pool(struct console *console, const struct server *server, size_t pool)
{
    const struct metrics **workers = memory_new(server->worker_count, sizeof(struct metrics *));

    for (size_t i = 0; i < server->worker_count; i++) {
        workers[i] = &server->workers[i]->pools[pool].metrics;
    }
    history_add(console->history, &(struct metrics_source){.pool = server->pools[pool].name,
                                                           .workers = workers,
                                                           .worker_count = server->worker_count});
}

struct console *console_new(struct server *server)
{
    struct console *console = memory_new(1, sizeof *console);

    console->site = (struct inquiry_site){server->reactor, server->mailbox, server->workers,
                                          server->worker_count};
    console->history =
        history_new(server->reactor, size_max(server->config->pool_count, CONFIG_POOLS_LIVE));
    for (size_t i = 0; i < server->config->pool_count; i++) {
        console_add_pool(console, server, i);
    }
    return console;
}

void console_free(struct console **console)
{
    struct console *gone = *console;

    *console = NULL;
    if (gone == NULL) {
        return;
    }
    history_free(&gone->history);
    standing_free(&gone->last);
    standing_free(&gone->before);
    free(gone);
}

const struct inquiry_site *console_site(const struct console *console)
{
    return &console->site;
}

const struct history *console_history(const struct console *console)
{
    return console->history;
}

const struct standing *console_keep(struct console *console, struct standing *standing)
{
    bool is_old = console->last != NULL && standing->at - console->last->at >= RATE_US;

    if (is_old || console->before == NULL) {
        standing_free(&console->before);
        console->before = console->last;
    } else {
        standing_free(&console->last);
    }
    console->last = standing;
    return standing;
}

struct node_pace console_pace(const struct console *console, size_t pool, size_t node)
{
    const struct standing *last = console->last;
    const struct standing *before = console->before;
    struct node_pace pace = {.is_known = false};

    if (before == NULL || pool >= before->pool_count || last->at == before->at ||
        last->at - before->at > RATE_MAX_US) {
        return pace;
    }

    const struct node_standing *now = &last->pools[pool].nodes[node];
    size_t hint = node;
    const struct node_standing *then = standing_find(&before->pools[pool], now, &hint);

    /* Fewer than before: a worker has not answered, or has made its connections anew. */
    if (then == NULL || now->sent_total < then->sent_total ||
        now->timed_total < then->timed_total) {
        return pace;
    }
    pace.is_known = true;
    pace.requests = (double)(now->sent_total - then->sent_total) * US_PER_SECOND /
                    (double)(last->at - before->at);
    pace.is_timed = now->timed_total > then->timed_total;
    if (pace.is_timed) {
        pace.latency_us = (double)(now->timed_us - then->timed_us) /
                          (double)(now->timed_total - then->timed_total);
    }
    return pace;
}
