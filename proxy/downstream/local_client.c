/* CLIENT, where it concerns the client that asks. */
#include <stdlib.h>

#include "common/resp_write.h"
#include "proxy/downstream/client_line.h"
#include "proxy/downstream/client_name.h"
#include "proxy/downstream/local_call.h"

void local_client_id(const struct local_call *call)
{
    call_integer(call, (int64_t)call->client->session.id);
}

void local_client_getname(const struct local_call *call)
{
    call_text(call, session_text(&call->client->session, TEXT_NAME));
}

void local_client_setname(const struct local_call *call)
{
    struct span name = call_word(call, 2);

    if (name.size > CLIENT_NAME_MAX) {
        call_error(call, CLIENT_NAME_LONG);
        return;
    }
    if (!client_name_is_good(name)) {
        call_error(call, CLIENT_NAME_ERROR);
        return;
    }
    session_set(&call->client->session, TEXT_NAME, name);
    call_status(call, "OK");
}

void local_client_setinfo(const struct local_call *call)
{
    struct session *session = &call->client->session;
    struct span option = call_word(call, 2);
    struct span value = call_word(call, 3);
    enum extra_text which;

    if (span_equal_nocase(option, SPAN("lib-name"))) {
        which = TEXT_LIBRARY_NAME;
    } else if (span_equal_nocase(option, SPAN("lib-ver"))) {
        which = TEXT_LIBRARY_VERSION;
    } else {
        call_error(call, "ERR Unrecognized option '%.*s'", call_shown(option), option.at);
        return;
    }
    if (value.size > CLIENT_NAME_MAX) {
        call_error(call, CLIENT_NAME_LONG);
        return;
    }
    if (!client_name_is_good(value)) {
        call_error(call, "ERR %.*s cannot contain spaces, newlines or special characters.",
                   call_shown(option), option.at);
        return;
    }
    session_set(session, which, value);
    call_status(call, "OK");
}

void local_client_info(const struct local_call *call)
{
    char *line = client_line_print(call->client, call->arguments);

    call_verbatim(call, line);
    free(line);
}

static void call_switch(const struct local_call *call, bool *value)
{
    struct span word = call_word(call, 2);

    if (span_equal_nocase(word, SPAN("on"))) {
        *value = true;
    } else if (span_equal_nocase(word, SPAN("off"))) {
        *value = false;
    } else {
        call_syntax_error(call);
        return;
    }
    call_status(call, "OK");
}

void local_client_no_evict(const struct local_call *call)
{
    call_switch(call, &call->client->session.no_evict);
}

void local_client_no_touch(const struct local_call *call)
{
    call_switch(call, &call->client->session.no_touch);
}

/* Valkey: the keys that this connection writes are kept when they expire, which a node does for one
 * connection at a time; slotway's are everybody's. */
void local_client_import_source(const struct local_call *call)
{
    struct span word = call_word(call, 2);

    if (span_equal_nocase(word, SPAN("off"))) {
        call_status(call, "OK");
    } else if (span_equal_nocase(word, SPAN("on"))) {
        call_error(call, "ERR proxy: CLIENT IMPORT-SOURCE is of one connection to a node, and "
                         "slotway's are shared; import to the nodes themselves");
    } else {
        call_syntax_error(call);
    }
}

/* OFF and SKIP have no reply of their own. SKIP after OFF changes nothing. */
void local_client_reply(const struct local_call *call)
{
    struct session *session = &call->client->session;
    struct span word = call_word(call, 2);

    if (span_equal_nocase(word, SPAN("on"))) {
        session->reply_mode = REPLY_MODE_ON;
        call->client->skips_reply = false;
        call_status(call, "OK");
    } else if (span_equal_nocase(word, SPAN("off"))) {
        session->reply_mode = REPLY_MODE_OFF;
    } else if (!span_equal_nocase(word, SPAN("skip"))) {
        call_syntax_error(call);
    } else if (session->reply_mode != REPLY_MODE_OFF) {
        session->reply_mode = REPLY_MODE_SKIP_NEXT;
    }
}
