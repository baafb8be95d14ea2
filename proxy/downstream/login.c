#include "proxy/downstream/login.h"

#include <inttypes.h>

#include "common/log.h"
#include "proxy/acl/acl_commands.h"
#include "proxy/downstream/audit.h"
#include "proxy/downstream/blocked.h"
#include "proxy/downstream/clearance_need.h"
#include "proxy/downstream/hearing.h"
#include "proxy/downstream/permission.h"
#include "proxy/pubsub/hub.h"

static void set_user(struct client *client, const struct acl_user *user)
{
    client->session.user = user;
    client->session.is_limited = !user->is_free;
}

/* The lane's memory of the old one's nodes is of no use: of what it wrote all that might be is
 * kept, and what it watches is lost, which EXEC will say. */
void login_as_identity(struct client *client, struct identity *identity)
{
    if (client->session.user != NULL) {
        dispatcher_clear_lane(client_dispatcher(client), &client->lane);
        client->lane.written = client->lane.written == 0 ? 0 : UINT64_MAX;
        login_end(client);
        hearing_forget(client);
    }
    set_user(client, &identity->user);
    client->session.is_authenticated = true;
}

void login_end(struct client *client)
{
    struct identity *identity = client_identity(client);

    if (identity != NULL) {
        identity_release(&identity);
    }
}

void login_begin(struct client *client)
{
    struct identities *identities = &client->clients->identities;
    const struct user_set *users = client->clients->users;

    if (unlikely(identities->is_on)) {
        login_as_identity(client, identity_newcomer(identities));
        client->session.is_authenticated = false;
        return;
    }
    set_user(client, users->newcomer);
    client->session.is_authenticated = user_set_is_open(users);
}

void login_as(struct client *client, const struct acl_user *user)
{
    set_user(client, user);
    client->session.is_authenticated = true;
}

bool session_login_as(struct client *client, struct span name)
{
    const struct acl_user *user = user_set_find(client->clients->users, name);

    if (user == NULL || !user->is_on) {
        return false;
    }
    login_as(client, user);
    return true;
}

static bool may_hear(const struct acl_user *user, enum topic_kind kind, struct span name)
{
    for (size_t i = 0; i < user->selector_count; i++) {
        const struct acl_selector *selector = &user->selectors[i];

        if (kind == TOPIC_PATTERN ? acl_selector_allows_pattern(selector, name)
                                  : acl_selector_allows_channel(selector, name)) {
            return true;
        }
    }
    return false;
}

/* Also to what it has only asked for yet. */
static bool hears_too_much(const struct client *client, const struct acl_user *user)
{
    const struct subscriptions *subscriptions = client_subscriptions(client);

    for (size_t kind = 0; subscriptions != NULL && kind < TOPIC_KINDS; kind++) {
        LIST_EACH (link, &subscriptions->subscriber.members[kind]) {
            const struct topic *topic =
                &container_of(link, struct member, in_subscriber)->demand->topic;

            if (!may_hear(user, (enum topic_kind)kind, topic->name)) {
                return true;
            }
        }
    }
    return false;
}

static void close_with_word(struct client *client, const char *reason)
{
    log_info("a client is closed, for its user's sake", "client=%" PRIu64 " user=%s reason=%s",
             client->session.id, client->session.user->name, reason);
    client_close(client, CLOSE_USER_CHANGED);
}

/* Who he is in the new set. The only one of a pool that names no users is himself under any name.
 */
static const struct acl_user *successor(const struct clients *clients, const struct user_set *users,
                                        const struct acl_user *old)
{
    bool is_only_one = clients->users->is_short_form && users->is_short_form;

    return is_only_one ? users->newcomer : user_set_find(users, span_of(old->name));
}

static bool may_run(const struct acl_user *user, enum command_id id)
{
    const struct arguments none = {0};

    for (size_t i = 0; i < user->selector_count; i++) {
        if (acl_commands_allow(&user->selectors[i], NULL, command_by_id(id), &none)) {
            return true;
        }
    }
    return false;
}

/* Why it cannot go on as `user`, with what it has begun and what tells it things unasked; NULL: it
 * can. */
static const char *objection_to(const struct client *client, const struct acl_user *user)
{
    if (user == NULL) {
        return "it is gone";
    }
    if (!user->is_on) {
        return "it is off";
    }
    if (hears_too_much(client, user)) {
        return "it may not hear its channels any more";
    }
    if (client->is_monitor && !may_run(user, COMMAND_ID_MONITOR)) {
        return "it may not monitor any more";
    }
    if (client_tracking(client) != NULL && !may_run(user, COMMAND_ID_CLIENT_TRACKING)) {
        return "it may not track keys any more";
    }
    return NULL;
}

/* Who is there under a name that has not changed stays, whatever password it came with. */
static void client_use_users(struct client *client, const struct user_set *users)
{
    const struct acl_user *old = client->session.user;
    const struct acl_user *user = successor(client->clients, users, old);
    const char *objection;

    if (!client->session.is_authenticated) {
        set_user(client, users->newcomer);
        client->session.is_authenticated = user_set_is_open(users);
        return;
    }
    objection = objection_to(client, user);
    if (objection != NULL) {
        close_with_word(client, objection);
        return;
    }
    if (!acl_user_equal(old, user)) {
        session_spoil(&client->session);
    }
    set_user(client, user);
}

static void clients_use_users(struct clients *clients, const struct user_set *users)
{
    LIST_EACH_SAFE (link, &clients->open) {
        client_use_users(container_of(link, struct client, in_clients), users);
    }
}

void login_use_users(struct clients *clients, struct user_set *users)
{
    struct user_set *old = clients->users;

    block_bill(clients->intake->account);
    if (!clients->identities.is_on) {
        clients_use_users(clients, users);
    }
    clients->users = users;
    user_set_release(&old);
    LIST_EACH_SAFE (link, &clients->open) {
        struct client *client = container_of(link, struct client, in_clients);

        if (client->is_blocked && client->session.is_limited) {
            blocked_judge(client);
        }
    }
}

/* What slotway says itself, as of a node that cannot be reached, is no wrong password. */
void login_note_refusal(struct client *client, const struct command *command, const char *text)
{
    const struct span *name = NULL;
    struct span word;
    struct span password;
    bool is_login =
        clearance_credentials(command, &client->clients->arguments, &word, &name, &password);

    if (is_login && (strncmp(text, "WRONGPASS", strlen("WRONGPASS")) == 0 ||
                     strncmp(text, "ERR invalid password", strlen("ERR invalid password")) == 0)) {
        log_warn("a client gave wrong credentials", "client=%" PRIu64, client->session.id);
        audit_refusal(client, command, ERROR_WRONG_PASS);
        permission_note_login(client, command, name == NULL ? SPAN("default") : *name);
    }
}
