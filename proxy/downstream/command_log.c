#include "proxy/downstream/command_log.h"

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
    NOTED_PER_SECOND = 1000, /* where all is noted, that must not make it slower */
};

static struct log_entry *entry_at(struct list_link *link)
{
    return container_of(link, struct log_entry, link);
}

static void entry_free(struct log_entry *entry)
{
    free(entry->arguments);
    free(entry->peer);
    free(entry->name);
    free(entry);
}

static void forget_oldest(struct command_log *log)
{
    struct log_entry *entry = entry_at(list_first(&log->entries));

    list_remove(&entry->link);
    log->count--;
    entry_free(entry);
}

void command_log_init(struct command_log *log)
{
    *log = (struct command_log){.count = 0};
    list_init(&log->entries);
}

void command_log_clear(struct command_log *log)
{
    while (log->count > 0) {
        forget_oldest(log);
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
    const struct slot_table *table = &client_dispatcher(client)->table;
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
static void print_note(const struct client *client, const struct request *request, char *note,
                       size_t size)
{
    uint64_t took = reactor_now(client->clients->reactor) - request->arrived;
    uint64_t waited = request->waited < took ? request->waited : took;

    snprintf(note, size, "# waited_us=%" PRIu64 " node_us=%" PRIu64 " node=%s", waited,
             took - waited, node_name(client, request));
}

/* Several commands in one request, and those that were composed by slotway, go by their name. */
static void entry_set_arguments(struct log_entry *entry, const struct client *client,
                                const struct request *request)
{
    struct span name = span_of(request->command->name);
    const struct arguments only_name = {.items = &name, .count = 1};
    struct arguments parsed = {0};
    char note[NOTE_SIZE];
    struct sendq to;

    sendq_init(&to);
    print_note(client, request, note, sizeof note);
    write_arguments(&to, request->command, request_read(request, &parsed) ? &parsed : &only_name,
                    note);
    arguments_clear(&parsed);

    struct block *whole = sendq_flatten(&to);

    entry->arguments = memory_copy(whole->bytes, whole->used);
    entry->arguments_size = whole->used;
    block_release(&whole);
    sendq_clear(&to);
}

/* What a log is for, as the pool has it configured. */
struct rules {
    uint64_t kept; /* how many entries of all workers */
    metric *counter;
};

static struct rules rules_of(const struct clients *clients, enum command_log_kind kind)
{
    const struct pool_config *config = clients->config;
    struct metrics *metrics = clients->metrics;

    switch (kind) {
    case LOG_SLOW: return (struct rules){config->slowlog_max_len, &metrics->slow_requests_total};
    case LOG_LARGE_REQUEST:
        return (struct rules){config->large_request_max_len, &metrics->large_requests_total};
    case LOG_LARGE_REPLY:
        return (struct rules){config->large_reply_max_len, &metrics->large_replies_total};
    case LOG_COUNT: break;
    }
    CHECK(!"a log");
    return (struct rules){0, NULL};
}

/* A command that waits for others as long as its client wishes is not slow, only patient. */
static bool is_patient(const struct request *request)
{
    return request->special != NULL && request->special->may_block;
}

static bool may_be_noted(struct command_log *log, uint64_t now)
{
    if (now - log->second_began >= US_PER_SECOND) {
        log->second_began = now;
        log->noted_in_second = 0;
    }
    return log->noted_in_second++ < NOTED_PER_SECOND;
}

static struct log_entry *entry_new(const struct client *client, const struct request *request)
{
    struct log_entry *entry = memory_new(1, sizeof *entry);
    const char *name = session_text(&client->session, TEXT_NAME);
    struct client_ends ends;

    client_ends_of(client, &ends);
    entry->at = clock_wall() / US_PER_SECOND;
    entry_set_arguments(entry, client, request);
    entry->peer = memory_copy(ends.peer, strlen(ends.peer));
    entry->name = name == NULL ? NULL : memory_copy(name, strlen(name));
    return entry;
}

void command_log_note(struct client *client, enum command_log_kind kind,
                      const struct request *request, uint64_t amount)
{
    struct clients *clients = client->clients;
    struct command_log *log = &clients->logs[kind];
    struct rules rules = rules_of(clients, kind);

    if ((request->command->flags & COMMAND_SKIP_SLOWLOG) != 0 ||
        (kind == LOG_SLOW && is_patient(request))) {
        return;
    }
    metric_add(rules.counter, 1);
    if (rules.kept == 0 || !may_be_noted(log, reactor_now(clients->reactor))) {
        return;
    }

    struct log_entry *entry = entry_new(client, request);

    entry->id = atomic_fetch_add(&clients->house->next_log_id[kind], 1);
    entry->amount = amount;
    list_append(&log->entries, &entry->link);
    log->count++;
    while (log->count > rules.kept) {
        forget_oldest(log);
    }
}

/* What goes before it is not what its client has sent now. */
static void note_large_request(struct client *client, const struct request *request)
{
    const struct special *special = request->special;
    const struct block *preface = special == NULL ? NULL : special->preface;
    size_t size = request->counted_bytes - (preface == NULL ? 0 : preface->used);

    if (size >= client->clients->config->request_larger_than) {
        command_log_note(client, LOG_LARGE_REQUEST, request, size);
    }
}

void command_log_note_sizes(struct client *client, const struct request *request, size_t reply_size)
{
    const struct pool_config *config = client->clients->config;

    if (request->counted_bytes >= config->request_larger_than) {
        note_large_request(client, request);
    }
    if (reply_size >= config->reply_larger_than && !request->muted) {
        command_log_note(client, LOG_LARGE_REPLY, request, reply_size);
    }
}

const struct log_entry *command_log_next(const struct clients *clients, enum command_log_kind kind,
                                         const struct log_entry *entry)
{
    /* Newer ones in other workers may have taken the place of the oldest. */
    uint64_t next = atomic_load(&clients->house->next_log_id[kind]);
    uint64_t kept = rules_of(clients, kind).kept;
    const struct list_link *end = &clients->logs[kind].entries.anchor;
    struct list_link *link = entry == NULL ? end->next : entry->link.next;

    while (link != end && entry_at(link)->id + kept < next) {
        link = link->next;
    }
    return link == end ? NULL : entry_at(link);
}

/* Ids of one worker's entries ascend. */
const struct log_entry *command_log_recent(const struct clients *clients,
                                           enum command_log_kind kind, int64_t most)
{
    const struct list_link *end = &clients->logs[kind].entries.anchor;
    struct list_link *link = end->previous;

    if (most < 0) {
        return command_log_next(clients, kind, NULL);
    }
    for (; most > 0 && link != end; most--) {
        link = link->previous;
    }
    return command_log_next(clients, kind, link == end ? NULL : entry_at(link));
}

void log_entry_write(const struct log_entry *entry, struct sendq *to)
{
    resp_write_array(to, 6);
    resp_write_integer(to, (int64_t)entry->id);
    resp_write_integer(to, (int64_t)entry->at);
    resp_write_integer(to, (int64_t)entry->amount);
    sendq_append(to, (struct span){entry->arguments, entry->arguments_size});
    resp_write_text(to, entry->peer);
    resp_write_text(to, entry->name == NULL ? "" : entry->name);
}
