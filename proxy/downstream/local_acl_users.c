/* ACL, as far as it tells of users. */
#include "common/resp_write.h"
#include "proxy/acl/acl_databases.h"
#include "proxy/acl/acl_line.h"
#include "proxy/acl/user_set.h"
#include "proxy/downstream/local_call.h"

enum { USER_PAIRS = 6, SELECTOR_PAIRS = 3 };

static const struct user_set *call_users(const struct local_call *call)
{
    return call->client->clients->users;
}

/* What is denied to all clients of the pool. */
static const struct command_rules *call_denied(const struct local_call *call)
{
    return &call->client->clients->config->commands;
}

void local_acl_whoami(const struct local_call *call)
{
    call_text(call, call->client->session.user->name);
}

void local_acl_users(const struct local_call *call)
{
    const struct user_set *users = call_users(call);
    struct sendq *to = call_begin(call);

    resp_write_array(to, users->count);
    for (size_t i = 0; i < users->count; i++) {
        resp_write_text(to, users->users[i]->name);
    }
    call_end(call);
}

/* As one bulk; takes what is in `text`. */
static void write_composed(struct sendq *to, struct sendq *text)
{
    sendq_print(to, "$%zu\r\n", text->size);
    sendq_move(to, text);
    sendq_append(to, SPAN("\r\n"));
}

void local_acl_list(const struct local_call *call)
{
    const struct user_set *users = call_users(call);
    struct sendq *to = call_begin(call);

    resp_write_array(to, users->count);
    for (size_t i = 0; i < users->count; i++) {
        struct sendq line;

        sendq_init(&line);
        sendq_print(&line, "user %s ", users->users[i]->name);
        acl_line_write(&line, users->users[i], call_denied(call));
        write_composed(to, &line);
    }
    call_end(call);
}

static void write_selector(struct sendq *to, const struct acl_selector *selector,
                           const struct command_rules *denied)
{
    struct sendq text;

    sendq_init(&text);
    resp_write_text(to, "commands");
    acl_line_write_commands(&text, selector, denied);
    write_composed(to, &text);
    resp_write_text(to, "keys");
    acl_line_write_keys(&text, selector);
    write_composed(to, &text);
    resp_write_text(to, "channels");
    acl_line_write_channels(&text, selector);
    write_composed(to, &text);
    if (selector->databases.are_limited) {
        resp_write_text(to, "databases");
        acl_databases_write(&text, &selector->databases);
        write_composed(to, &text);
    }
}

/* In Redis's order. */
static void write_flags(struct sendq *to, const struct acl_user *user)
{
    const struct {
        bool is_set;
        const char *name;
    } flags[] = {
        {user->is_on, "on"},
        {!user->is_on, "off"},
        {user->needs_no_password, "nopass"},
        {user->skips_sanitizing, "skip-sanitize-payload"},
        {user->sanitizes, "sanitize-payload"},
    };
    size_t count = 0;

    for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
        count += flags[i].is_set;
    }
    resp_write_set(to, count);
    for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
        if (flags[i].is_set) {
            resp_write_text(to, flags[i].name);
        }
    }
}

static void write_user(struct sendq *to, const struct acl_user *user,
                       const struct command_rules *denied)
{
    resp_write_map(to, USER_PAIRS + user->selectors[0].databases.are_limited);
    resp_write_text(to, "flags");
    write_flags(to, user);
    resp_write_text(to, "passwords");
    resp_write_array(to, user->password_count);
    for (size_t i = 0; i < user->password_count; i++) {
        resp_write_text(to, user->passwords[i].digest);
    }
    write_selector(to, &user->selectors[0], denied);
    resp_write_text(to, "selectors");
    resp_write_array(to, user->selector_count - 1);
    for (size_t i = 1; i < user->selector_count; i++) {
        resp_write_map(to, SELECTOR_PAIRS + user->selectors[i].databases.are_limited);
        write_selector(to, &user->selectors[i], denied);
    }
}

void local_acl_getuser(const struct local_call *call)
{
    const struct acl_user *user = user_set_find(call_users(call), call_word(call, 2));

    if (user == NULL) {
        call_text(call, NULL);
        return;
    }
    write_user(call_begin(call), user, call_denied(call));
    call_end(call);
}
