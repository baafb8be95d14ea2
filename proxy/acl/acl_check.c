#include "proxy/acl/acl_check.h"

#include <stdio.h>

#include "proxy/acl/acl_commands.h"
#include "proxy/acl/acl_databases.h"
#include "proxy/command/command_class.h"
#include "proxy/command/key_access.h"

/* What the request names, found once for all selectors. */
struct named {
    enum keys_result keys;
    bool is_known;
};

enum { KEY_CHANGES = KEY_INSERT | KEY_DELETE | KEY_UPDATE };

/* Redis: a command may name a key and neither read nor change what is in it, as EXISTS does. Of
 * commands of which that is not told, as little is believed as can be. */
static unsigned access_of(const struct acl_request *request, uint32_t index)
{
    uint32_t flags = key_access_of(request->command, request->arguments, index);
    unsigned access = (flags & KEY_ACCESS) != 0 ? ACL_READ : 0;

    if (request->command->id == COMMAND_ID_LEARNED && (flags & (KEY_ACCESS | KEY_CHANGES)) == 0) {
        return (flags & KEY_RO) != 0 ? ACL_READ : ACL_READ | ACL_WRITE;
    }
    return (flags & KEY_CHANGES) != 0 ? access | ACL_WRITE : access;
}

/* Channels of shards have a place among the nodes as keys have, and are none. */
static bool has_keys(const struct command *command)
{
    for (uint32_t i = 0; i < command->key_spec_count; i++) {
        if ((command->keys[i].flags & KEY_NOT_KEY) == 0) {
            return true;
        }
    }
    return false;
}

/* One that is said neither to read nor to write may tell of its module only, as PING does of us. */
static bool touches_data(const struct command *command)
{
    return (command->flags & (COMMAND_READONLY | COMMAND_WRITE)) != 0 || command_is_search(command);
}

/* A command that commands.def does not have, with keys that only its own parser finds; or with
 * none, though it reads or writes, as TS.MRANGE. */
static bool hides_keys(const struct command *command)
{
    if (command->id != COMMAND_ID_LEARNED || (command->flags & COMMAND_MOVABLEKEYS) != 0) {
        return command->id == COMMAND_ID_LEARNED;
    }
    for (uint32_t i = 0; i < command->key_spec_count; i++) {
        if ((command->keys[i].flags & KEY_INCOMPLETE) != 0) {
            return true;
        }
    }
    return command->key_spec_count == 0 && touches_data(command);
}

static bool allows_hidden_keys(const struct acl_selector *selector, const struct command *command)
{
    bool only_reads = (command->flags & COMMAND_READONLY) != 0;

    return !hides_keys(command) ||
           acl_selector_allows_every_key(selector, only_reads ? ACL_READ : ACL_READ | ACL_WRITE);
}

static struct acl_ruling check_keys(const struct acl_selector *selector,
                                    const struct acl_request *request, struct named *named)
{
    if (!named->is_known) {
        named->is_known = true;
        named->keys = keys_find(request->command, request->arguments, request->keys);
    }
    switch (named->keys) {
    case KEYS_NONE: return (struct acl_ruling){ACL_ALLOWED, 0};
    case KEYS_UNCLEAR: return (struct acl_ruling){ACL_NO_KEY, 0};
    case KEYS_FOUND: break;
    }
    for (uint32_t i = 0; i < request->keys->count; i++) {
        uint32_t index = request->keys->index[i];

        if (!acl_selector_allows_key(selector, request->arguments->items[index],
                                     access_of(request, index))) {
            return (struct acl_ruling){ACL_NO_KEY, index};
        }
    }
    return (struct acl_ruling){ACL_ALLOWED, 0};
}

enum channels { CHANNELS_NONE, CHANNELS_ONE, CHANNELS_ALL, CHANNELS_PATTERNS };

/* Nobody is kept from ending a subscription. */
static enum channels channels_of(const struct command *command)
{
    switch (command->id) {
    case COMMAND_ID_PUBLISH:
    case COMMAND_ID_SPUBLISH: return CHANNELS_ONE;
    case COMMAND_ID_SUBSCRIBE:
    case COMMAND_ID_SSUBSCRIBE: return CHANNELS_ALL;
    case COMMAND_ID_PSUBSCRIBE: return CHANNELS_PATTERNS;
    default: return CHANNELS_NONE;
    }
}

static struct acl_ruling check_channels(const struct acl_selector *selector,
                                        const struct acl_request *request, enum channels channels)
{
    uint32_t end = channels == CHANNELS_ONE ? 2 : request->arguments->count;

    for (uint32_t i = 1; channels != CHANNELS_NONE && i < end; i++) {
        struct span name = request->arguments->items[i];
        bool is_allowed = channels == CHANNELS_PATTERNS
                              ? acl_selector_allows_pattern(selector, name)
                              : acl_selector_allows_channel(selector, name);
        if (!is_allowed) {
            return (struct acl_ruling){ACL_NO_CHANNEL, i};
        }
    }
    return (struct acl_ruling){ACL_ALLOWED, 0};
}

static struct acl_ruling check_selector(const struct acl_selector *selector,
                                        const struct acl_request *request, struct named *named)
{
    const struct command *command = request->command;

    if (!acl_commands_allow(selector, request->table, command, request->arguments) ||
        !acl_databases_allow(&selector->databases, command, request->arguments)) {
        return (struct acl_ruling){ACL_NO_COMMAND, 0};
    }
    if (!allows_hidden_keys(selector, command)) {
        return (struct acl_ruling){ACL_NO_KEY, 0};
    }
    if (!selector->all_keys && has_keys(command)) {
        struct acl_ruling ruling = check_keys(selector, request, named);

        if (ruling.verdict != ACL_ALLOWED) {
            return ruling;
        }
    }
    return selector->all_channels ? (struct acl_ruling){ACL_ALLOWED, 0}
                                  : check_channels(selector, request, channels_of(command));
}

struct acl_ruling acl_check(const struct acl_user *user, const struct acl_request *request)
{
    struct acl_ruling worst = {ACL_NO_COMMAND, 0};
    struct named named = {.is_known = false};

    if (user->is_free) {
        return (struct acl_ruling){ACL_ALLOWED, 0};
    }
    for (size_t i = 0; i < user->selector_count; i++) {
        struct acl_ruling ruling = check_selector(&user->selectors[i], request, &named);

        if (ruling.verdict == ACL_ALLOWED) {
            return ruling;
        }
        if (ruling.verdict > worst.verdict ||
            (ruling.verdict == worst.verdict && ruling.argument > worst.argument)) {
            worst = ruling;
        }
    }
    return worst;
}

bool acl_allows_plain(const struct acl_user *user, const struct command *command,
                      const struct arguments *arguments)
{
    const struct acl_request request = {.command = command, .arguments = arguments};
    struct span key = arguments->items[command->only_key];

    for (size_t i = 0; i < user->selector_count; i++) {
        const struct acl_selector *selector = &user->selectors[i];

        if (command->id != COMMAND_ID_LEARNED && acl_selector_has(selector, command->id) &&
            !acl_selector_is_elsewhere(selector) &&
            (selector->all_keys ||
             acl_selector_allows_key(selector, key, access_of(&request, command->only_key)))) {
            return true;
        }
    }
    return false;
}

static bool reads_every_key(const struct acl_user *user, const struct acl_request *request)
{
    struct named named = {.is_known = false};

    for (size_t i = 0; i < user->selector_count; i++) {
        const struct acl_selector *selector = &user->selectors[i];

        if (acl_selector_allows_every_key(selector, ACL_READ) &&
            check_selector(selector, request, &named).verdict == ACL_ALLOWED) {
            return true;
        }
    }
    return false;
}

/* A BY without a star is no key: it only keeps from sorting. */
static const char *sort_option(const struct arguments *arguments, uint32_t *at)
{
    struct span word = arguments->items[*at];
    uint32_t left = arguments->count - 1 - *at;

    if (span_equal_nocase(word, SPAN("limit")) && left >= 2) {
        *at += 2;
    } else if (span_equal_nocase(word, SPAN("store")) && left >= 1) {
        *at += 1;
    } else if (span_equal_nocase(word, SPAN("get")) && left >= 1) {
        *at += 1;
        return "GET";
    } else if (span_equal_nocase(word, SPAN("by")) && left >= 1) {
        struct span pattern = arguments->items[++*at];

        return pattern.size > 0 && memchr(pattern.at, '*', pattern.size) != NULL ? "BY" : NULL;
    }
    return NULL;
}

const char *acl_check_sort(const struct acl_user *user, const struct acl_request *request)
{
    if (user->is_free ||
        (request->command->id != COMMAND_ID_SORT && request->command->id != COMMAND_ID_SORT_RO)) {
        return NULL;
    }
    for (uint32_t i = 2; i < request->arguments->count; i++) {
        const char *option = sort_option(request->arguments, &i);

        if (option != NULL) {
            return reads_every_key(user, request) ? NULL : option;
        }
    }
    return NULL;
}

static int shown(struct span word)
{
    return (int)size_min(word.size, 128);
}

static void make_line(char *text)
{
    for (; *text != '\0'; text++) {
        *text = *text == '\r' || *text == '\n' ? ' ' : *text;
    }
}

static void print_command(const struct acl_user *user, const struct command *command,
                          char text[ACL_TEXT_MAX])
{
    char name[COMMAND_NAME_MAX + 1];

    snprintf(text, ACL_TEXT_MAX, "User %.*s has no permissions to run the '%s' command",
             shown(span_of(user->name)), user->name, command_wire_name(command, name));
}

const char *acl_refusal(const struct acl_user *user, const struct acl_request *request,
                        struct acl_ruling ruling, char text[ACL_TEXT_MAX])
{
    switch (ruling.verdict) {
    case ACL_ALLOWED:
    case ACL_NO_LOGIN:
    case ACL_VERDICT_COUNT: CHECK(!"a refusal"); break;
    case ACL_NO_COMMAND: print_command(user, request->command, text); break;
    case ACL_NO_KEY: snprintf(text, ACL_TEXT_MAX, "No permissions to access a key"); break;
    case ACL_NO_CHANNEL: snprintf(text, ACL_TEXT_MAX, "No permissions to access a channel"); break;
    }
    make_line(text);
    return text;
}

const char *acl_sort_refusal(const char *option, char text[ACL_TEXT_MAX])
{
    snprintf(text, ACL_TEXT_MAX, "%s option of SORT denied due to insufficient ACL permissions",
             option);
    return text;
}

const char *acl_refusal_in_full(const struct acl_user *user, const struct acl_request *request,
                                struct acl_ruling ruling, char text[ACL_TEXT_MAX])
{
    struct span word = request->arguments->items[ruling.argument];

    if (ruling.verdict == ACL_NO_COMMAND) {
        return acl_refusal(user, request, ruling, text);
    }
    snprintf(text, ACL_TEXT_MAX, "User %.*s has no permissions to access the '%.*s' %s",
             shown(span_of(user->name)), user->name, shown(word), word.at,
             ruling.verdict == ACL_NO_CHANNEL ? "channel" : "key");
    make_line(text);
    return text;
}
