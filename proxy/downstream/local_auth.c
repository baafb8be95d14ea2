/* AUTH and HELLO. */
#include <inttypes.h>

#include "common/log.h"
#include "common/resp_write.h"
#include "proxy/downstream/client_name.h"
#include "proxy/downstream/facade.h"
#include "proxy/downstream/inquiry.h"
#include "proxy/downstream/local_call.h"
#include "proxy/downstream/login.h"
#include "proxy/downstream/permission.h"

static void call_refuse_login(const struct local_call *call, const struct span *name)
{
    struct client *client = call->client;
    const struct user_set *users = client->clients->users;

    log_warn("a client gave wrong credentials", "client=%" PRIu64, client->session.id);
    permission_note_login(client, call->command,
                          name == NULL ? span_of(users->newcomer->name) : *name);
    client_refuse(client, call->command, ERROR_WRONG_PASS, NULL);
}

/* Who it is then; refuses the call and returns NULL when name or password are wrong. */
static const struct acl_user *call_login(const struct local_call *call, const struct span *name,
                                         struct span password)
{
    const struct acl_user *user = NULL;

    switch (user_set_judge(call->client->clients->users, name, password, &user)) {
    case LOGIN_OK: return user;
    case LOGIN_NOT_NEEDED:
        client_refuse(call->client, call->command, ERROR_NO_PASSWORD, NULL);
        return NULL;
    case LOGIN_WRONG: call_refuse_login(call, name); return NULL;
    }
    return NULL;
}

/* Refuses the call and returns false when no node has taken these credentials, or too many others
 * are there already. */
static bool call_login_proven(const struct local_call *call, const struct span *name,
                              struct span password)
{
    struct client *client = call->client;
    struct identity *identity;

    if (!inquiry_has_proof(client, name, password)) {
        client_refuse(client, call->command, ERROR_WRONG_PASS, NULL);
        return false;
    }
    identity = identity_of(&client->clients->identities, name, password);
    if (identity == NULL) {
        call_error(call, "ERR proxy: too many users are logged in here, or this one with too many "
                         "passwords, see clients.auth_users");
        return false;
    }
    identity_forgive(identity);
    login_as_identity(client, identity);
    return true;
}

static void call_auth_proven(const struct local_call *call)
{
    struct span name = call_word(call, 1);
    bool has_name = call_count(call) == 3;

    if (call_count(call) > 3) {
        call_syntax_error(call);
    } else if (call_login_proven(call, has_name ? &name : NULL,
                                 call_word(call, has_name ? 2 : 1))) {
        call_status(call, "OK");
    }
}

void local_auth(const struct local_call *call)
{
    const struct acl_user *user = NULL;
    struct span name;

    if (call->client->clients->identities.is_on) {
        call_auth_proven(call);
        return;
    }
    switch (call_count(call)) {
    case 2: user = call_login(call, NULL, call_word(call, 1)); break;
    case 3:
        name = call_word(call, 1);
        user = call_login(call, &name, call_word(call, 2));
        break;
    default: call_syntax_error(call); return;
    }
    if (user != NULL) {
        login_as(call->client, user);
        call_status(call, "OK");
    }
}

struct hello {
    int protocol;
    bool has_user;
    struct span user;
    struct span password;
    bool has_name;
    struct span name;
};

/* Refuses the call and returns false when it asks for a protocol that we do not speak. */
static bool hello_protocol(const struct local_call *call, struct hello *hello)
{
    int64_t version;

    if (call_count(call) < 2) {
        return true;
    }
    if (!span_to_int64(call_word(call, 1), &version)) {
        call_error(call, "ERR Protocol version is not an integer or out of range");
        return false;
    }
    if (version != 2 && version != 3) {
        client_refuse(call->client, call->command, ERROR_NO_PROTO, NULL);
        return false;
    }
    hello->protocol = (int)version;
    return true;
}

static bool is_name(const struct local_call *call, struct span name)
{
    bool is_short = name.size <= CLIENT_NAME_MAX;

    if (is_short && client_name_is_good(name)) {
        return true;
    }
    call_error(call, is_short ? CLIENT_NAME_ERROR : CLIENT_NAME_LONG);
    return false;
}

/* Likewise when its options make no sense. */
static bool hello_options(const struct local_call *call, struct hello *hello)
{
    for (uint32_t i = 2; i < call_count(call); i++) {
        struct span option = call_word(call, i);
        uint32_t left = call_count(call) - 1 - i;

        if (span_equal_nocase(option, SPAN("auth")) && left >= 2) {
            hello->has_user = true;
            hello->user = call_word(call, i + 1);
            hello->password = call_word(call, i + 2);
            i += 2;
        } else if (span_equal_nocase(option, SPAN("setname")) && left >= 1) {
            hello->has_name = true;
            hello->name = call_word(call, ++i);
        } else {
            call_error(call, "ERR Syntax error in HELLO option '%.*s'", call_shown(option),
                       option.at);
            return false;
        }
        if (hello->has_name && !is_name(call, hello->name)) {
            return false;
        }
    }
    return true;
}

static void hello_answer(const struct local_call *call)
{
    const struct session *session = &call->client->session;
    struct sendq *to = call_begin(call);

    resp_write_map(to, 7);
    resp_write_text(to, "server");
    resp_write_text(to, "redis");
    resp_write_text(to, "version");
    resp_write_text(to, FACADE_VERSION);
    resp_write_text(to, "proto");
    resp_write_integer(to, session->protocol);
    resp_write_text(to, "id");
    resp_write_integer(to, (int64_t)session->id);
    resp_write_text(to, "mode");
    resp_write_text(to, facade_mode(call->client));
    resp_write_text(to, "role");
    resp_write_text(to, "master");
    resp_write_text(to, "modules");
    resp_write_array(to, 0);
    call_end(call);
}

/* Refuses the call and returns false when the client is not let in. */
static bool hello_login(const struct local_call *call, const struct hello *hello)
{
    if (call->client->clients->identities.is_on) {
        return call_login_proven(call, &hello->user, hello->password);
    }

    const struct acl_user *user = call_login(call, &hello->user, hello->password);

    if (user != NULL) {
        login_as(call->client, user);
    }
    return user != NULL;
}

/* All of it is looked at before any of it takes effect: a HELLO that fails changes nothing. */
void local_hello(const struct local_call *call)
{
    struct session *session = &call->client->session;
    struct hello hello = {.protocol = session->protocol};

    if (!hello_protocol(call, &hello) || !hello_options(call, &hello)) {
        return;
    }
    if (hello.has_user && !hello_login(call, &hello)) {
        return;
    }
    if (!hello.has_user && !session->is_authenticated) {
        call_error(call, "NOAUTH HELLO must be called with the client already authenticated, "
                         "otherwise the HELLO AUTH <user> <pass> option can be used to "
                         "authenticate the client and select the RESP protocol version at the "
                         "same time");
        return;
    }
    client_speak(call->client, hello.protocol);
    if (hello.has_name) {
        session_set(session, TEXT_NAME, hello.name);
    }
    hello_answer(call);
}
