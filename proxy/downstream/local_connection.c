/* Commands that concern a connection, and the small ones that need nobody. */
#include <inttypes.h>

#include "common/clock.h"
#include "common/resp_write.h"
#include "proxy/downstream/facade.h"
#include "proxy/downstream/local_call.h"
#include "proxy/downstream/login.h"
#include "proxy/downstream/subscribe.h"
#include "proxy/downstream/tracking.h"
#include "proxy/downstream/transaction.h"

void local_ok(const struct local_call *call)
{
    call_status(call, "OK");
}

/* Who is subscribed to something cannot tell a status from a message. */
static void ping_subscriber(const struct local_call *call)
{
    struct sendq *to = call_begin(call);

    resp_write_array(to, 2);
    resp_write_text(to, "pong");
    resp_write_bulk(to, call_count(call) == 2 ? call_word(call, 1) : SPAN(""));
    call_end(call);
}

void local_ping(const struct local_call *call)
{
    if (subscribe_is_restricted(call->client) && call_count(call) <= 2) {
        ping_subscriber(call);
        return;
    }
    switch (call_count(call)) {
    case 1: call_status(call, "PONG"); return;
    case 2: call_bulk(call, call_word(call, 1)); return;
    default: call_bad_arity(call); return;
    }
}

void local_echo(const struct local_call *call)
{
    call_bulk(call, call_word(call, 1));
}

void local_quit(const struct local_call *call)
{
    call_status(call, "OK");
    client_finish(call->client, CLOSE_QUIT);
}

void local_reset(const struct local_call *call)
{
    struct client *client = call->client;

    transaction_drop(client);
    subscribe_drop(client);
    tracking_end(client);
    monitor_end(client);
    session_reset(&client->session, false);
    login_begin(client);
    client_speak(client, 2);
    call_status(call, "RESET");
}

/* A cluster has one database. */
void local_select(const struct local_call *call)
{
    int64_t number;

    if (!span_to_int64(call_word(call, 1), &number)) {
        call_error(call, "ERR value is not an integer or out of range");
    } else if (number < INT32_MIN || number > INT32_MAX) {
        call_error(call, "ERR value is out of range, value must between %" PRId32 " and %" PRId32,
                   INT32_MIN, INT32_MAX);
    } else if (number != 0) {
        call_error(call, "ERR DB index is out of range");
    } else {
        call_status(call, "OK");
    }
}

void local_time(const struct local_call *call)
{
    uint64_t now = clock_wall();
    struct sendq *to = call_begin(call);

    resp_write_array(to, 2);
    resp_write_format(to, "%" PRIu64, now / US_PER_SECOND);
    resp_write_format(to, "%" PRIu64, now % US_PER_SECOND);
    call_end(call);
}

void local_role(const struct local_call *call)
{
    struct sendq *to = call_begin(call);

    resp_write_array(to, 3);
    resp_write_text(to, "master");
    resp_write_integer(to, 0);
    resp_write_array(to, 0);
    call_end(call);
}

void local_lolwut(const struct local_call *call)
{
    int64_t version;

    if (call_count(call) >= 3 && span_equal_nocase(call_word(call, 1), SPAN("version")) &&
        !span_to_int64(call_word(call, 2), &version)) {
        call_error(call, "ERR value is not an integer or out of range");
        return;
    }
    call_verbatim(call, "many nodes, one way in: slotway " SLOTWAY_VERSION "\n"
                        "Redis ver. " FACADE_VERSION "\n");
}
