#include "proxy/downstream/monitor.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"
#include "proxy/downstream/client_limits.h"
#include "proxy/downstream/client_line.h"
#include "proxy/downstream/monitor_post.h"
#include "proxy/downstream/pause.h"

enum {
    TEXT_ENOUGH = 256 * 1024, /* more than that does not wait for the end of the turn */
    TEXT_KEPT = 64 * 1024,    /* more memory than that is given back after the turn */
};

static struct monitor *monitor_of(const struct client *client)
{
    return &client->clients->monitor;
}

static struct client *client_at(struct list_link *link)
{
    return container_of(link, struct extras, in_monitors)->monitor;
}

static bool is_heard(const struct client *client)
{
    return client_is_open(client) && client->session.reply_mode != REPLY_MODE_OFF;
}

/* The kernel may take at once what is unread here; but what was left out is missing. */
static void show_no_more(struct client *client)
{
    log_warn("a monitor does not keep up", "client=%" PRIu64 " unread=%zu", client->session.id,
             client->output.size);
    client_finish(client, CLOSE_SLOW_MONITOR);
}

/* May run amid the client's own request. */
static void show_client(struct client *client, struct block *block, struct span text)
{
    struct clients *clients = client->clients;

    if (!is_heard(client)) {
        return;
    }
    if (client_is_over_output(client)) {
        show_no_more(client);
        return;
    }
    sendq_lend(&client->output, block, text);
    metric_add(&clients->metrics->monitor_bytes_total, text.size);
    reactor_flush_later(clients->reactor, &client->flush);
}

/* A large text has one copy, whoever has not taken it yet. */
void monitor_show(struct clients *clients, struct span text)
{
    struct block *block = NULL;

    if (text.size == 0 || list_is_empty(&clients->monitor.shown)) {
        return;
    }
    block_bill(clients->intake->account);
    if (text.size >= SENDQ_COPY_MAX) {
        block = block_copy(text);
        text.at = block->bytes;
    }
    LIST_EACH (link, &clients->monitor.shown) {
        show_client(client_at(link), block, text);
    }
    block_release(&block);
}

void monitor_close_all(struct clients *clients)
{
    LIST_EACH_SAFE (link, &clients->monitor.shown) {
        client_close_holder(client_at(link), CLOSE_SLOW_MONITOR);
    }
}

static bool is_wanted(const struct clients *clients)
{
    const struct house *house = clients->house;

    for (size_t i = 0; i < house->worker_count; i++) {
        if (atomic_load(&house->clients[i]->monitor.count) > 0) {
            return true;
        }
    }
    return false;
}

static bool is_wanted_elsewhere(const struct clients *clients)
{
    const struct house *house = clients->house;

    for (size_t i = 0; i < house->worker_count; i++) {
        if (i != clients->worker && atomic_load(&house->clients[i]->monitor.count) > 0) {
            return true;
        }
    }
    return false;
}

static void ship(struct clients *clients)
{
    struct monitor *monitor = &clients->monitor;

    monitor_show(clients, (struct span){monitor->lines.bytes, monitor->lines.size});
    if (monitor->lines.size > 0 && is_wanted_elsewhere(clients)) {
        monitor_post(clients);
    }
    monitor->lines.size = 0;
    monitor->is_on = is_wanted(clients);
    if (!monitor->is_on || monitor->lines.capacity > TEXT_KEPT) {
        monitor_lines_clear(&monitor->lines);
    }
}

static void monitor_on_flush(struct turn_task *task)
{
    ship(container_of(task, struct clients, monitor.flush));
}

void monitor_init(struct monitor *monitor)
{
    list_init(&monitor->shown);
    monitor->flush.run = monitor_on_flush;
}

void monitor_clear(struct monitor *monitor)
{
    CHECK(list_is_empty(&monitor->shown));
    list_remove(&monitor->flush.link);
    monitor_lines_clear(&monitor->lines);
}

void monitor_expect(struct client *client)
{
    struct monitor *monitor = monitor_of(client);

    CHECK(!client->is_monitor);
    client->is_monitor = true;
    atomic_fetch_add(&monitor->count, 1);
    metric_add(&client->clients->metrics->monitors, 1);
}

/* What was composed before is not for it. */
void monitor_begin(struct client *client)
{
    struct monitor *monitor = monitor_of(client);

    struct extras *extras = session_extras(&client->session);

    CHECK(client->is_monitor && !list_link_is_on(&extras->in_monitors));
    ship(client->clients);
    extras->monitor = client;
    list_append(&monitor->shown, &extras->in_monitors);
}

void monitor_end(struct client *client)
{
    if (!client->is_monitor) {
        return;
    }
    client->is_monitor = false;
    list_remove(&session_extras(&client->session)->in_monitors);
    atomic_fetch_sub(&monitor_of(client)->count, 1);
    metric_subtract(&client->clients->metrics->monitors, 1);
}

/* Redis takes such a client for a replica. */
bool monitor_forbids(struct client *client, const struct command *command)
{
    bool has_keys = (command->flags & COMMAND_READONLY) != 0 || pause_is_write(command);

    if (!client->is_monitor || !has_keys) {
        return false;
    }
    session_spoil(&client->session);
    client_refuse(client, command, ERROR_COMMAND, "ERR Replica can't interact with the keyspace");
    return true;
}

bool monitor_is_answer(enum error_symbol symbol)
{
    return symbol == ERROR_COMMAND || symbol == ERROR_SYNTAX || symbol == ERROR_WRONG_PASS ||
           symbol == ERROR_NO_PASSWORD || symbol == ERROR_NO_PROTO || symbol == ERROR_EXEC_ABORT;
}

/* "unix:path", or ip:port. It stays the same as long as the connection. */
static const char *peer_of(struct client *client)
{
    char **shown_as = &session_extras(&client->session)->texts[TEXT_SHOWN_AS];

    if (*shown_as == NULL) {
        struct client_ends ends;

        client_ends_of(client, &ends);
        *shown_as = ends.is_unix
                        ? memory_print("unix:%.*s", (int)strlen(ends.local) - 2, ends.local)
                        : memory_copy(ends.peer, strlen(ends.peer));
    }
    return *shown_as;
}

void monitor_note(struct client *client, const struct command *command,
                  const struct arguments *arguments)
{
    struct clients *clients = client->clients;
    struct monitor *monitor = &clients->monitor;

    if (!monitor_line_is_shown(command)) {
        return;
    }
    monitor_lines_add(&monitor->lines, clock_wall(), peer_of(client), command, arguments);
    if (monitor->lines.size >= TEXT_ENOUGH) {
        ship(clients);
    } else {
        reactor_flush_later(clients->reactor, &monitor->flush);
    }
}

static bool is_bracket(const struct command *command)
{
    return command->id == COMMAND_ID_MULTI || command->id == COMMAND_ID_EXEC;
}

void monitor_note_burst(struct client *client, struct span burst)
{
    static const struct scan_limits no_limits = {INT64_MAX, INT64_MAX, SIZE_MAX, true};
    struct arguments arguments = {0};
    struct request_scan scan = {0};
    const struct command *command;
    size_t used;

    while (burst.size > 0 &&
           request_scan_next(&scan, &no_limits, burst, &arguments, &used) == SCAN_DONE) {
        burst = (struct span){burst.at + used, burst.size - used};
        request_scan_reset(&scan);
        command = NULL;
        (void)!command_table_find(client->clients->commands, &arguments, &command);
        if (command != NULL && !is_bracket(command)) {
            monitor_note(client, command, &arguments);
        }
    }
    arguments_clear(&arguments);
}
