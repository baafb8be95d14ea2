#include "proxy/downstream/nonsense.h"

#include <inttypes.h>

#include "common/log.h"
#include "proxy/downstream/audit.h"
#include "proxy/downstream/client_line.h"

enum { DETAIL_MAX = 512 };

static void nonsense_log(const struct client *client, const char *event, const char *error)
{
    struct client_ends ends;

    client_ends_of(client, &ends);
    log_warn(event, "pool=%s client=%" PRIu64 " address=%s error=%s", client->clients->config->name,
             client->session.id, ends.peer, error);
}

/* Redis closes without a word on what looks like a web browser that was tricked into talking to
 * it (cross-protocol scripting). */
static bool is_browser(const struct arguments *arguments)
{
    return span_equal_nocase(arguments->items[0], SPAN("POST")) ||
           span_equal_nocase(arguments->items[0], SPAN("Host:"));
}

void nonsense_unknown(struct client *client, enum command_result result,
                      const struct command *command)
{
    const struct arguments *arguments = &client->clients->arguments;
    char detail[DETAIL_MAX];

    if (is_browser(arguments)) {
        nonsense_log(client, "a web browser spoke to us", "POST or Host:");
        client_finish(client, CLOSE_CROSS_PROTOCOL);
        return;
    }
    if (result == COMMAND_DENIED) {
        audit_denial(client, command);
    }
    client_refuse(client, command, ERROR_COMMAND,
                  command_error(result, command, arguments, detail, sizeof detail));
}

/* A record that holds a handshake, of any version since SSL 3.0. */
bool nonsense_is_tls(const struct client *client)
{
    return client->session.last_command == NULL &&
           span_starts_with(inbound_bytes(&client->inbound), SPAN("\x16\x03"));
}

/* Without an answer: such a client could not read it. */
void nonsense_tls(struct client *client)
{
    nonsense_log(client, "a client speaks TLS where none is spoken", "a TLS handshake");
    client_finish(client, CLOSE_PROTOCOL_ERROR);
}

/* The scanner's words hold at most one byte of the client's own. */
void nonsense_protocol(struct client *client)
{
    char detail[DETAIL_MAX];

    request_scan_error(&client->scan, detail, sizeof detail);
    nonsense_log(client, "a client does not speak RESP", detail);
    client->skips_reply = session_take_skip(&client->session);
    client_refuse(client, NULL, ERROR_PROTOCOL, detail);
    client_finish(client, CLOSE_PROTOCOL_ERROR);
}
