#include "proxy/downstream/slowlog.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/memory.h"
#include "common/resp_write.h"
#include "proxy/downstream/client_line.h"
#include "proxy/downstream/node_view.h"

/* Redis's. */
enum { ARGUMENTS_SHOWN = 32, BYTES_SHOWN = 128 };

enum {
    NOTE_SIZE = 400,
    NOTED_PER_SECOND = 1000, /* where everything is slow, noting it must not make it slower */
};

static struct slow_entry *entry_at(struct list_link *link)
{
    return container_of(link, struct slow_entry, link);
}

static void entry_free(struct slow_entry *entry)
{
    free(entry->arguments);
    free(entry->peer);
    free(entry->name);
    free(entry);
}

static void forget_oldest(struct slowlog *slowlog)
{
    struct slow_entry *entry = entry_at(list_first(&slowlog->entries));

    list_remove(&entry->link);
    slowlog->count--;
    entry_free(entry);
}

void slowlog_init(struct slowlog *slowlog)
{
    *slowlog = (struct slowlog){.count = 0};
    list_init(&slowlog->entries);
}

void slowlog_clear(struct slowlog *slowlog)
{
    while (slowlog->count > 0) {
        forget_oldest(slowlog);
    }
}

/* Those whose arguments may hold passwords: Redis shows them to nobody either. */
static bool has_secrets(const struct command *command)
{
    return command->id == COMMAND_ID_CONFIG_SET || command->id == COMMAND_ID_ACL_SETUSER ||
           command->id == COMMAND_ID_MIGRATE;
}

static void write_argument(struct sendq *to, struct span argument)
{
    if (argument.size <= BYTES_SHOWN) {
        resp_write_bulk(to, argument);
        return;
    }
    sendq_print(to, "$%d\r\n",
                snprintf(NULL, 0, "... (%zu more bytes)", argument.size - BYTES_SHOWN) +
                    BYTES_SHOWN);
    sendq_append(to, (struct span){argument.at, BYTES_SHOWN});
    sendq_print(to, "... (%zu more bytes)\r\n", argument.size - BYTES_SHOWN);
}

static void write_arguments(struct sendq *to, const struct command *command,
                            const struct arguments *arguments, const char *note)
{
    uint32_t count = arguments->count;
    uint32_t shown = count > ARGUMENTS_SHOWN ? ARGUMENTS_SHOWN - 1 : count;

    resp_write_array(to, (count > ARGUMENTS_SHOWN ? ARGUMENTS_SHOWN : count) + 1);
    for (uint32_t i = 0; i < shown; i++) {
        bool is_hidden = i >= 2 && has_secrets(command);

        write_argument(to, is_hidden ? SPAN("(redacted)") : arguments->items[i]);
    }
    if (shown < count) {
        resp_write_format(to, "... (%u more arguments)", count - shown);
    }
    resp_write_text(to, note);
}

/* Who had it. Where that may have changed meanwhile, who would have it now. */
static const char *node_name(const struct client *client, const struct request *request)
{
    const struct slot_table *table = &client->clients->dispatcher->table;
    const struct pool *pool = NULL;

    switch ((enum request_target)request->target) {
    case TARGET_PRIMARY: return "any";
    case TARGET_NODE: pool = slot_table_pool(table, request->node, request->node_serial); break;
    case TARGET_SLOT:
        if (request->slot == SLOT_NONE) {
            return "several";
        }
        pool = node_view_owner(client, request->slot);
        break;
    }
    return pool == NULL ? "none" : pool->name;
}

/* Where the time went, behind the arguments: an element more in the entry itself would put clients
 * that read replies as they come, go-redis for one, out of step. */
static void print_note(const struct client *client, const struct request *request, uint64_t took,
                       char *note, size_t size)
{
    uint64_t waited = request->waited < took ? request->waited : took;

    snprintf(note, size, "# waited_us=%" PRIu64 " node_us=%" PRIu64 " node=%s", waited,
             took - waited, node_name(client, request));
}

/* Several commands in one request, and those that were composed by slotway, go by their name. */
static void entry_set_arguments(struct slow_entry *entry, const struct client *client,
                                const struct request *request)
{
    struct span name = span_of(request->command->name);
    const struct arguments only_name = {.items = &name, .count = 1};
    struct arguments parsed = {0};
    char note[NOTE_SIZE];
    struct sendq to;

    sendq_init(&to);
    print_note(client, request, entry->took, note, sizeof note);
    write_arguments(&to, request->command, request_read(request, &parsed) ? &parsed : &only_name,
                    note);
    arguments_clear(&parsed);

    struct block *whole = sendq_flatten(&to);

    entry->arguments = memory_copy(whole->bytes, whole->used);
    entry->arguments_size = whole->used;
    block_release(&whole);
    sendq_clear(&to);
}

/* A command that waits for others as long as its client wishes is not slow, only patient. */
static bool is_patient(const struct request *request)
{
    return request->special != NULL && request->special->may_block;
}

static bool may_be_noted(struct slowlog *slowlog, uint64_t now)
{
    if (now - slowlog->second_began >= US_PER_SECOND) {
        slowlog->second_began = now;
        slowlog->noted_in_second = 0;
    }
    return slowlog->noted_in_second++ < NOTED_PER_SECOND;
}

void slowlog_note(struct client *client, const struct request *request, uint64_t took)
{
    struct clients *clients = client->clients;
    struct slowlog *slowlog = &clients->slowlog;
    uint64_t most = clients->config->slowlog_max_len;
    struct client_ends ends;

    if (is_patient(request) || (request->command->flags & COMMAND_SKIP_SLOWLOG) != 0) {
        return;
    }
    metric_add(&clients->metrics->slow_requests_total, 1);
    if (most == 0 || !may_be_noted(slowlog, reactor_now(clients->reactor))) {
        return;
    }

    struct slow_entry *entry = memory_new(1, sizeof *entry);

    client_ends_of(client, &ends);
    entry->id = atomic_fetch_add(&clients->house->next_slow_id, 1);
    entry->at = clock_wall() / US_PER_SECOND;
    entry->took = took;
    entry_set_arguments(entry, client, request);
    entry->peer = memory_copy(ends.peer, strlen(ends.peer));
    entry->name = client->session.name == NULL
                      ? NULL
                      : memory_copy(client->session.name, strlen(client->session.name));
    list_append(&slowlog->entries, &entry->link);
    slowlog->count++;
    while (slowlog->count > most) {
        forget_oldest(slowlog);
    }
}

/* Newer ones in other workers may have taken its place. */
static bool entry_counts(const struct clients *clients, const struct slow_entry *entry)
{
    return entry->id + clients->config->slowlog_max_len >=
           atomic_load(&clients->house->next_slow_id);
}

const struct slow_entry *slowlog_next(const struct clients *clients, const struct slow_entry *entry)
{
    const struct list_link *end = &clients->slowlog.entries.anchor;
    struct list_link *link = entry == NULL ? end->next : entry->link.next;

    while (link != end && !entry_counts(clients, entry_at(link))) {
        link = link->next;
    }
    return link == end ? NULL : entry_at(link);
}

void slow_entry_write(const struct slow_entry *entry, struct sendq *to)
{
    resp_write_array(to, 6);
    resp_write_integer(to, (int64_t)entry->id);
    resp_write_integer(to, (int64_t)entry->at);
    resp_write_integer(to, (int64_t)entry->took);
    sendq_append(to, (struct span){entry->arguments, entry->arguments_size});
    resp_write_text(to, entry->peer);
    resp_write_text(to, entry->name == NULL ? "" : entry->name);
}
