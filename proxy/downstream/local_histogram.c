/* LATENCY HISTOGRAM: how long each command took, as slotway saw it; and CONFIG RESETSTAT, which
 * forgets that, here as on the nodes. */
#include <ctype.h>
#include <stdlib.h>

#include "common/memory.h"
#include "common/resp_write.h"
#include "proxy/downstream/roundup.h"

/* One command, of all workers. */
struct row {
    const struct command *command;
    bool is_wanted;
    uint64_t counts[COMMAND_TIME_SHOWN];
};

struct rows {
    struct row *items; /* by name */
    size_t count;
};

static void histogram_tour(struct visit *visit, struct clients *clients)
{
    for (const struct command_time *time = clients->times.all; time != NULL; time = time->next) {
        struct row row = {.command = time->command};

        if (command_time_shown(time, row.counts)) {
            roundup_add_line(visit, 0, memory_copy(&row, sizeof row), sizeof row);
        }
    }
}

static int row_compare(const void *a, const void *b)
{
    const struct row *one = a;
    const struct row *other = b;

    return strcmp(one->command->name, other->command->name);
}

static void row_add(struct row *to, const struct row *from)
{
    for (size_t i = 0; i < COMMAND_TIME_SHOWN; i++) {
        to->counts[i] += from->counts[i];
    }
}

/* Those of one name are one, also where the facts of a module's command have changed. */
static void rows_merge(struct rows *rows)
{
    size_t kept = 0;

    if (rows->count == 0) {
        return;
    }
    qsort(rows->items, rows->count, sizeof *rows->items, row_compare);
    for (size_t i = 1; i < rows->count; i++) {
        if (row_compare(&rows->items[kept], &rows->items[i]) == 0) {
            row_add(&rows->items[kept], &rows->items[i]);
        } else {
            rows->items[++kept] = rows->items[i];
        }
    }
    rows->count = kept + 1;
}

static void rows_gather(struct rows *rows, const struct roundup *roundup)
{
    struct roundup_line *lines = roundup_gather(roundup, &rows->count);

    rows->items = memory_new(rows->count, sizeof *rows->items);
    for (size_t i = 0; i < rows->count; i++) {
        memcpy(&rows->items[i], lines[i].text, sizeof *rows->items);
    }
    free(lines);
    rows_merge(rows);
}

/* "CONFIG|GET" as rows spell it; NULL when no row has such a name. */
static const char *row_name(struct span word, char name[COMMAND_NAME_MAX + 1])
{
    if (word.size > COMMAND_NAME_MAX || memchr(word.at, ' ', word.size) != NULL ||
        memchr(word.at, '\0', word.size) != NULL) {
        return NULL;
    }
    for (size_t i = 0; i < word.size; i++) {
        name[i] = word.at[i] == '|' ? ' ' : (char)tolower((unsigned char)word.at[i]);
    }
    name[word.size] = '\0';
    return name;
}

/* The first row whose name is `name` or behind it. */
static size_t rows_find(const struct rows *rows, const char *name)
{
    size_t low = 0;
    size_t high = rows->count;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (strcmp(rows->items[middle].command->name, name) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* Redis: the command, and its subcommands. Their names follow its own. */
static void rows_want(struct rows *rows, struct span word)
{
    char text[COMMAND_NAME_MAX + 1];
    const char *name = row_name(word, text);
    size_t size = word.size;

    if (name == NULL) {
        return;
    }
    for (size_t i = rows_find(rows, name); i < rows->count; i++) {
        const char *found = rows->items[i].command->name;

        if (strncmp(found, name, size) != 0 || (found[size] != '\0' && found[size] != ' ')) {
            return;
        }
        rows->items[i].is_wanted = true;
    }
}

static void rows_want_all(struct rows *rows)
{
    for (size_t i = 0; i < rows->count; i++) {
        rows->items[i].is_wanted = true;
    }
}

static size_t rows_count_wanted(const struct rows *rows)
{
    size_t count = 0;

    for (size_t i = 0; i < rows->count; i++) {
        count += rows->items[i].is_wanted;
    }
    return count;
}

/* Of the buckets only those that somebody fell into, with all below. */
static void row_write(const struct row *row, struct sendq *to)
{
    char name[COMMAND_NAME_MAX + 1];
    uint64_t calls = 0;
    size_t used = 0;

    for (size_t i = 0; i < COMMAND_TIME_SHOWN; i++) {
        calls += row->counts[i];
        used += row->counts[i] > 0;
    }
    resp_write_text(to, command_wire_name(row->command, name));
    resp_write_map(to, 2);
    resp_write_text(to, "calls");
    resp_write_integer(to, (int64_t)calls);
    resp_write_text(to, "histogram_usec");
    resp_write_map(to, used);
    calls = 0;
    for (uint32_t i = 0; i < COMMAND_TIME_SHOWN; i++) {
        if (row->counts[i] > 0) {
            calls += row->counts[i];
            resp_write_integer(to, (int64_t)command_time_shown_limit(i));
            resp_write_integer(to, (int64_t)calls);
        }
    }
}

static void histogram_answer(const struct roundup *roundup, struct sendq *to)
{
    struct arguments arguments = {0};
    struct rows rows;
    bool is_read = request_read(roundup->request, &arguments);

    CHECK(is_read);
    rows_gather(&rows, roundup);
    if (arguments.count == 2) {
        rows_want_all(&rows);
    }
    for (uint32_t i = 2; i < arguments.count; i++) {
        rows_want(&rows, arguments.items[i]);
    }
    resp_write_map(to, rows_count_wanted(&rows));
    for (size_t i = 0; i < rows.count; i++) {
        if (rows.items[i].is_wanted) {
            row_write(&rows.items[i], to);
        }
    }
    free(rows.items);
    arguments_clear(&arguments);
}

void local_latency_histogram(const struct local_call *call)
{
    roundup_start_tour(call, (struct roundup_terms){0}, histogram_tour, histogram_answer);
}

/* To one worker, which nobody waits for: who asks for a histogram later comes behind it. */
struct forgetting {
    struct message message;
    struct clients *clients;
};

static void forgetting_drop(struct message *message)
{
    free(container_of(message, struct forgetting, message));
}

static void forgetting_deliver(struct message *message)
{
    command_times_forget(&container_of(message, struct forgetting, message)->clients->times);
    forgetting_drop(message);
}

void local_config_resetstat(const struct local_call *call)
{
    struct client *client = call->client;
    struct house *house = client->clients->house;

    for (size_t i = 0; i < house->worker_count; i++) {
        struct forgetting *forgetting = memory_new(1, sizeof *forgetting);

        forgetting->message =
            (struct message){.deliver = forgetting_deliver, .drop = forgetting_drop};
        forgetting->clients = house->clients[i];
        mailbox_post(house->mailboxes[i], &forgetting->message);
    }

    struct request *request = client_request_begin(client, call->command, call->block, call->bytes);

    fanout_broadcast(client_dispatcher(client), request, ROUTE_NODES, NULL, NULL);
}
