/* CLIENT LIST and CLIENT KILL: they concern the clients of all workers. */
#include <stdlib.h>

#include "common/memory.h"
#include "common/resp_write.h"
#include "proxy/downstream/client_line.h"
#include "proxy/downstream/roundup.h"

static void list_visit(struct visit *visit, struct client *client)
{
    size_t count = visit->line_count;

    if ((count & (count - 1)) == 0) {
        visit->lines =
            memory_resize(visit->lines, count == 0 ? 1 : count * 2, sizeof *visit->lines);
    }
    visit->lines[visit->line_count++] =
        (struct roundup_line){client->session.id, client_line_print(client)};
}

static int line_compare(const void *a, const void *b)
{
    const struct roundup_line *one = a;
    const struct roundup_line *other = b;

    return one->id < other->id ? -1 : one->id > other->id;
}

/* All lines in the order the clients came, as one server shows them; the caller frees. */
static struct roundup_line *list_gather(const struct roundup *roundup, size_t *count)
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

static void list_answer(const struct roundup *roundup, struct sendq *to)
{
    size_t count;
    size_t size = 0;
    struct roundup_line *lines = list_gather(roundup, &count);

    for (size_t i = 0; i < count; i++) {
        size += strlen(lines[i].text);
    }
    sendq_print(to, "$%zu\r\n", size);
    for (size_t i = 0; i < count; i++) {
        sendq_append(to, span_of(lines[i].text));
    }
    sendq_append(to, SPAN("\r\n"));
    free(lines);
}

void local_client_list(const struct local_call *call)
{
    struct client_filter filter;

    if (client_filter_parse_list(&filter, call->arguments)) {
        roundup_start(call, &filter, list_visit, list_answer);
    } else {
        call_error(call, "%s", filter.error);
    }
    client_filter_clear(&filter);
}

/* The client that asks gets its reply first: it has been told to finish already. */
static void kill_visit(struct visit *visit, struct client *client)
{
    visit->count++;
    if (client->session.id != visit->roundup->asker) {
        client_close(client, CLOSE_KILLED);
    }
}

static void kill_answer(const struct roundup *roundup, struct sendq *to)
{
    uint64_t count = 0;

    for (size_t i = 0; i < roundup->house->worker_count; i++) {
        count += roundup->visits[i].count;
    }
    if (!roundup->filter.is_plain) {
        resp_write_integer(to, (int64_t)count);
    } else if (count > 0) {
        resp_write_status(to, "OK");
    } else {
        resp_write_error(to, "ERR No such client");
    }
}

void local_client_kill(const struct local_call *call)
{
    struct client *client = call->client;
    struct client_filter filter;

    if (!client_filter_parse_kill(&filter, call->arguments, client->session.id,
                                  client->clients->config->clients_username)) {
        call_error(call, "%s", filter.error);
        client_filter_clear(&filter);
        return;
    }

    bool is_suicide = client_filter_matches(&filter, client);

    roundup_start(call, &filter, kill_visit, kill_answer);
    client_filter_clear(&filter);
    if (is_suicide) {
        client_finish(client, CLOSE_KILLED);
    }
}
