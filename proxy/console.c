#include "proxy/console.h"

#include <stdlib.h>

#include "common/memory.h"
#include "proxy/server_parts.h"

struct console {
    struct inquiry_site site;
    struct history *history;
    struct paces paces;
};

void console_add_pool(struct console *console, const struct server *server, size_t pool)
{
    history_add(console->history, &server->pools[pool].house.counted);
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
    paces_clear(&gone->paces);
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

struct paces *console_paces(struct console *console)
{
    return &console->paces;
}
