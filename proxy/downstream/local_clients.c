/* CLIENT LIST and CLIENT KILL: they concern the clients of all workers. */
#include <stdlib.h>

#include "common/memory.h"
#include "common/resp_write.h"
#include "proxy/downstream/client_line.h"
#include "proxy/downstream/roundup.h"

static void list_visit(struct visit *visit, struct client *client)
{
    char *line = client_line_print(client);

    roundup_add_line(visit, client->session.id, line, strlen(line));
}

static void list_answer(const struct roundup *roundup, struct sendq *to)
{
    size_t count;
    struct roundup_line *lines = roundup_gather(roundup, &count);
    struct sendq text;

    sendq_init(&text);
    for (size_t i = 0; i < count; i++) {
        sendq_append(&text, (struct span){lines[i].text, lines[i].size});
    }
    resp_write_verbatim_queue(to, &text);
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
    uint64_t count = roundup_count(roundup);

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
