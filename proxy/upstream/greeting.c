#include "proxy/upstream/greeting.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/log.h"
#include "common/resp_scan.h"
#include "common/resp_write.h"
#include "proxy/upstream/label.h"

enum { LOGGED_MAX = 200, CRLF_SIZE = 2 };

static void append_login(const struct pool_config *config, uint8_t which, struct sendq *output)
{
    const char *secret = which == 0 ? config->backend_password : config->backend_password_next;
    const struct span login[] = {SPAN("AUTH"), span_of(config->backend_username), span_of(secret)};
    const struct span password[] = {login[0], login[2]};

    sendq_keep_secret(output);
    if (strcmp(config->backend_username, "default") == 0) {
        resp_write_request(output, password, ARRAY_LEN(password));
    } else {
        resp_write_request(output, login, ARRAY_LEN(login));
    }
}

static void append_tracking(enum dialect dialect, uint64_t redirect, struct sendq *output)
{
    char id[24];
    const struct span tracking[] = {
        SPAN("CLIENT"),
        SPAN("TRACKING"),
        SPAN("ON"),
        dialect == DIALECT_RESP3_BROADCAST ? SPAN("BCAST") : SPAN("REDIRECT"),
        {id, (size_t)snprintf(id, sizeof id, "%" PRIu64, redirect)},
    };

    resp_write_request(output, tracking,
                       dialect == DIALECT_RESP2_TRACKED     ? 5
                       : dialect == DIALECT_RESP3_BROADCAST ? 4
                                                            : 3);
}

static bool is_newcomer(const struct greeting *greeting)
{
    return greeting->credentials != NULL && !greeting->credentials->is_given;
}

/* Nobody can become a newcomer again who has once logged in. */
static void begin_login(struct greeting *greeting, const struct pool_config *config)
{
    greeting->has_login = config->backend_password != NULL && !is_newcomer(greeting);
    greeting->has_switch = greeting->credentials != NULL && greeting->credentials->is_given;
    greeting->has_other_login = greeting->has_login && config->backend_password_next != NULL;
    if (!greeting->has_other_login) {
        greeting->login = 0;
    }
    greeting->is_repeated = greeting->is_to_repeat;
    greeting->is_to_repeat = greeting->is_refused = greeting->is_switching = false;
}

void greeting_begin(struct greeting *greeting, const struct pool_config *config,
                    enum dialect dialect, uint64_t redirect, struct sendq *output)
{
    const struct span hello[] = {SPAN("HELLO"), SPAN("3")};
    const struct span who[] = {SPAN("CLUSTER"), SPAN("MYID")};

    begin_login(greeting, config);
    greeting->has_hello = dialect_protocol(dialect) == 3;
    greeting->has_tracking = dialect_is_tracked(dialect);
    greeting->client_id = 0;
    if (greeting->has_login) {
        append_login(config, greeting->login, output);
    }
    greeting->label_count = label_write(config, output);
    greeting->answers_left = (uint8_t)(1 + greeting->has_login + greeting->label_count +
                                       greeting->has_hello + greeting->has_tracking);
    if (greeting->has_hello) {
        resp_write_request(output, hello, ARRAY_LEN(hello));
    }
    if (greeting->has_tracking) {
        append_tracking(dialect, redirect, output);
    }
    resp_write_request(output, who, ARRAY_LEN(who));
}

void greeting_switch(const struct greeting *greeting, struct sendq *output)
{
    CHECK(greeting->is_switching);
    credentials_write(greeting->credentials, output);
}

static enum greeting_result refused(const char *what, struct span reply, const char *name)
{
    log_error(what, "node=%s error=%.*s", name,
              (int)size_min(reply.size - CRLF_SIZE - 1, LOGGED_MAX), reply.at + 1);
    return GREETING_REFUSED;
}

/* Errors that say nothing of who it is: it will be able to tell later. */
static bool is_busy(struct span reply)
{
    return span_starts_with(reply, SPAN("-LOADING")) || span_starts_with(reply, SPAN("-BUSY")) ||
           span_starts_with(reply, SPAN("-MASTERDOWN"));
}

/* "$40\r\n<id>\r\n". */
static struct span id_in(struct span reply)
{
    const char *end = memchr(reply.at, '\n', reply.size);
    size_t head = (size_t)(end - reply.at) + 1;

    return (struct span){reply.at + head, reply.size - head - CRLF_SIZE};
}

static enum greeting_result hear_id(struct span reply, const char *id, const char *name)
{
    if (is_busy(reply)) {
        return GREETING_BUSY;
    }
    if (span_starts_with(reply, SPAN("-ERR This instance has cluster support disabled"))) {
        log_debug("a server that is in no cluster lives at a node's address", "node=%s", name);
        return GREETING_STRANGER;
    }
    if (span_starts_with(reply, SPAN("-NOAUTH"))) {
        return refused("node wants a password", reply, name);
    }
    if (reply.at[0] != '$' || reply.size <= sizeof "$-1\r\n") {
        log_warn("node does not say who it is", "node=%s answer=%.*s", name,
                 (int)size_min(reply.size - CRLF_SIZE, LOGGED_MAX), reply.at);
        return GREETING_WELCOME;
    }

    struct span found = id_in(reply);

    if (id[0] != '\0' && !span_equal(found, span_of(id))) {
        log_debug("another node lives at a node's address", "node=%s expected=%s found=%.*s", name,
                  id, (int)size_min(found.size, LOGGED_MAX), found.at);
        return GREETING_STRANGER;
    }
    return GREETING_WELCOME;
}

/* "%7 server redis … id :3 …", what HELLO says. */
static uint64_t client_id_in(struct span reply)
{
    int64_t pairs = 0;
    size_t at = 0;
    bool is_next = false;
    int64_t id = 0;

    if (!reply_map_open(reply, &pairs, &at)) {
        return 0;
    }
    while (at < reply.size && id == 0) {
        struct span rest = {reply.at + at, reply.size - at};
        struct reply_scan scan = {0};
        struct span word;
        size_t used = 0;

        if (reply_scan_next(&scan, SIZE_MAX, rest, &used) != SCAN_DONE) {
            break;
        }
        rest.size = used;
        if (is_next && !reply_integer(rest, &id)) {
            break;
        }
        is_next = reply_string(rest, &word) && span_equal(word, SPAN("id"));
        at += used;
    }
    return id > 0 ? (uint64_t)id : 0;
}

/* Redis before 6.0 has no word of its own for it. */
static bool is_wrong_password(struct span reply)
{
    return span_starts_with(reply, SPAN("-WRONGPASS")) ||
           span_starts_with(reply, SPAN("-ERR invalid password"));
}

static enum greeting_result hear_login(struct greeting *greeting, struct span reply,
                                       const char *name)
{
    if (reply.at[0] != '-') {
        return GREETING_MORE;
    }
    if (!is_wrong_password(reply) || !greeting->has_other_login || greeting->is_repeated) {
        return refused("node refuses our password", reply, name);
    }
    greeting->is_refused = true;
    return GREETING_MORE;
}

/* An answer to what was said behind a wrong password. */
static enum greeting_result hear_nothing(struct greeting *greeting, const char *name)
{
    if (greeting->answers_left > 0) {
        return GREETING_MORE;
    }
    greeting->login = greeting->login == 0 ? 1 : 0;
    greeting->is_to_repeat = true;
    log_info("node refuses one of our passwords, trying the other", "node=%s tried=%s", name,
             greeting->login == 0 ? "backend.password" : "backend.password_next");
    return GREETING_AGAIN;
}

/* A client's user that may not ask who is there is believed that it is the right one: slotway has
 * just heard of the node from others. */
static enum greeting_result hear_last(struct greeting *greeting, struct span reply, const char *id,
                                      const char *name)
{
    if (is_newcomer(greeting) && span_starts_with(reply, SPAN("-NOPERM"))) {
        return GREETING_WELCOME;
    }
    return hear_id(reply, id, name);
}

/* Whether it is busy says nothing of the user. */
static enum greeting_result hear_before_switch(struct greeting *greeting, struct span reply,
                                               const char *id, const char *name)
{
    greeting->found = hear_id(reply, id, name);
    greeting->is_switching =
        greeting->found == GREETING_WELCOME || greeting->found == GREETING_BUSY;
    return greeting->is_switching ? GREETING_SWITCH : greeting->found;
}

static enum greeting_result hear_switch(const struct greeting *greeting, struct span reply)
{
    return reply.at[0] == '-' ? GREETING_DENIED : greeting->found;
}

enum greeting_result greeting_hear(struct greeting *greeting, struct span reply, const char *id,
                                   const char *name)
{
    if (greeting->is_switching) {
        return hear_switch(greeting, reply);
    }

    uint8_t left = greeting->answers_left--;
    bool is_login = greeting->has_login && left == 2 + greeting->label_count + greeting->has_hello +
                                                       greeting->has_tracking;
    bool is_hello = greeting->has_hello && left == 2 + greeting->has_tracking;
    bool is_tracking = greeting->has_tracking && left == 2;

    if (span_starts_with(reply, SPAN("-ERR max number of clients"))) {
        return refused("node has too many clients", reply, name);
    }
    if (is_login) {
        return hear_login(greeting, reply, name);
    }
    if (greeting->is_refused) {
        return hear_nothing(greeting, name);
    }
    if (is_newcomer(greeting) && span_starts_with(reply, SPAN("-NOAUTH"))) {
        return GREETING_DENIED;
    }
    if (is_hello && reply.at[0] == '-') {
        return refused("node does not speak RESP3", reply, name);
    }
    if (is_hello) {
        greeting->client_id = client_id_in(reply);
    }
    if (is_tracking && reply.at[0] == '-') {
        return refused("node does not track what clients cache", reply, name);
    }
    if (left > 1) {
        return GREETING_MORE;
    }
    if (greeting->has_switch) {
        return hear_before_switch(greeting, reply, id, name);
    }
    return hear_last(greeting, reply, id, name);
}
