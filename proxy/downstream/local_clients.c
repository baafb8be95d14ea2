/* CLIENT LIST, KILL and UNBLOCK: they concern the clients of all workers. */
#include <stdlib.h>

#include "common/memory.h"
#include "common/resp_write.h"
#include "proxy/downstream/blocked.h"
#include "proxy/downstream/client_line.h"
#include "proxy/downstream/roundup.h"

static void list_visit(struct visit *visit, struct client *client)
{
    char *line = client_line_print(client, NULL);

    roundup_add_line(visit, client->session.id, line, strlen(line));
}

static int line_compare(const void *a, const void *b)
{
    uint64_t id = *(const uint64_t *)a;
    const struct roundup_line *line = b;

    return (id > line->id) - (id < line->id);
}

/* In the order of the ids; none is shown twice, or a reply could be any number of times what there
 * is to be shown. */
static void list_said(const struct client_filter *filter, struct roundup_line *lines, size_t count,
                      struct sendq *text)
{
    for (uint32_t i = 0; count > 0 && i < filter->id_count; i++) {
        struct roundup_line *line =
            bsearch(&filter->said[i], lines, count, sizeof *lines, line_compare);

        if (line != NULL) {
            sendq_append(text, (struct span){line->text, line->size});
            line->size = 0;
        }
    }
}

static void list_answer(const struct roundup *roundup, struct sendq *to)
{
    size_t count;
    struct roundup_line *lines = roundup_gather(roundup, &count);
    struct sendq text;

    sendq_init(&text);
    if (roundup->filter.said != NULL) {
        list_said(&roundup->filter, lines, count, &text);
    }
    for (size_t i = 0; roundup->filter.said == NULL && i < count; i++) {
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
                                  client->clients->identities.is_on ? NULL
                                                                    : client->clients->users)) {
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

static void unblock(struct visit *visit, struct client *client, enum private_wake how)
{
    if (client->is_blocked) {
        visit->count++;
        blocked_wake(client, how);
    }
}

static void unblock_as_timeout(struct visit *visit, struct client *client)
{
    unblock(visit, client, WAKE_AS_TIMEOUT);
}

static void unblock_with_error(struct visit *visit, struct client *client)
{
    unblock(visit, client, WAKE_WITH_ERROR);
}

static void unblock_answer(const struct roundup *roundup, struct sendq *to)
{
    resp_write_integer(to, (int64_t)roundup_count(roundup));
}

/* TIMEOUT unless the call says ERROR; NULL when it says something else. */
static roundup_visit *unblock_visit(const struct local_call *call)
{
    if (call_count(call) == 3 || span_equal_nocase(call_word(call, 3), SPAN("timeout"))) {
        return unblock_as_timeout;
    }
    return span_equal_nocase(call_word(call, 3), SPAN("error")) ? unblock_with_error : NULL;
}

void local_client_unblock(const struct local_call *call)
{
    struct client_filter filter;
    int64_t id;

    if (call_count(call) > 4) {
        call_bad_subcommand(call);
        return;
    }

    roundup_visit *visit = unblock_visit(call);

    if (visit == NULL) {
        call_error(call, "ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
        return;
    }
    if (!span_to_int64(call_word(call, 2), &id)) {
        call_error(call, "ERR value is not an integer or out of range");
        return;
    }
    client_filter_one(&filter, id < 0 ? 0 : (uint64_t)id);
    roundup_start(call, &filter, visit, unblock_answer);
    client_filter_clear(&filter);
}
