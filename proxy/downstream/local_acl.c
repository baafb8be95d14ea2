/* ACL, as far as it asks: the one user that clients have, who may do whatever slotway does. Nothing
 * is ever noted in its log. */
#include <stdio.h>
#include <sys/random.h>

#include "common/resp_write.h"
#include "common/sha256.h"
#include "proxy/command/command_reply.h"
#include "proxy/downstream/local_call.h"

enum { USER_PAIRS = 6, PASS_BITS = 256, PASS_BITS_MAX = 4096, BITS_PER_DIGIT = 4 };

/* Redis's, in its order. */
static const char *const categories[] = {
    "keyspace", "read",   "write",       "set",       "sortedset",  "list",        "hash",
    "string",   "bitmap", "hyperloglog", "geo",       "stream",     "pubsub",      "admin",
    "fast",     "slow",   "blocking",    "dangerous", "connection", "transaction", "scripting",
};

static const struct pool_config *config_of(const struct local_call *call)
{
    return call->client->clients->config;
}

static bool is_category(struct span word)
{
    for (size_t i = 0; i < ARRAY_LEN(categories); i++) {
        if (span_equal_nocase(word, span_of(categories[i]))) {
            return true;
        }
    }
    return false;
}

void local_acl_cat(const struct local_call *call)
{
    struct sendq *to;

    if (call_count(call) > 3) {
        call_bad_subcommand(call);
        return;
    }
    if (call_count(call) == 3 && !is_category(call_word(call, 2))) {
        struct span word = call_word(call, 2);

        call_error(call, "ERR Unknown category '%.*s'", call_shown(word), word.at);
        return;
    }
    to = call_begin(call);
    if (call_count(call) == 3) {
        command_reply_list(to, call->client->clients->commands, COMMAND_FILTER_CATEGORY,
                           call_word(call, 2));
    } else {
        resp_write_array(to, ARRAY_LEN(categories));
        for (size_t i = 0; i < ARRAY_LEN(categories); i++) {
            resp_write_text(to, categories[i]);
        }
    }
    call_end(call);
}

/* A bulk, not an error: it was only asked. */
static void call_deny(const struct local_call *call, const struct command *command)
{
    char name[COMMAND_NAME_MAX + 1];
    char text[256];

    snprintf(text, sizeof text, "This user has no permissions to run the '%s' command",
             command_wire_name(command, name));
    call_text(call, text);
}

void local_acl_dryrun(const struct local_call *call)
{
    struct span user = call_word(call, 2);
    struct arguments inner = call_inner(call, 3);
    const struct command *command = NULL;
    char text[ERROR_REPLY_MAX];

    if (!span_equal(user, span_of(config_of(call)->clients_username))) {
        call_error(call, "ERR User '%.*s' not found", call_shown(user), user.at);
        return;
    }

    enum command_result result =
        command_table_find(call->client->clients->commands, &inner, &command);

    switch (result) {
    case COMMAND_FOUND: call_status(call, "OK"); return;
    case COMMAND_DENIED: call_deny(call, command); return;
    case COMMAND_BAD_ARITY:
        call_error(call, "%s", command_error(result, command, &inner, text, sizeof text));
        return;
    case COMMAND_UNKNOWN:
    case COMMAND_UNKNOWN_SUBCOMMAND:
        call_error(call, "ERR Command '%.*s' not found", call_shown(inner.items[0]),
                   inner.items[0].at);
        return;
    }
}

/* At the level of what the kernel gives: a password that can be guessed is none. */
static void random_digits(char *text, size_t count)
{
    unsigned char bytes[PASS_BITS_MAX / 8] = {0};
    size_t size = (count + 1) / 2;

    CHECK(size <= sizeof bytes);
    for (size_t got = 0; got < size;) {
        ssize_t more = getrandom(bytes + got, size - got, 0);

        got += more > 0 ? (size_t)more : 0;
    }
    for (size_t i = 0; i < count; i++) {
        text[i] = "0123456789abcdef"[bytes[i / 2] >> (i % 2 * BITS_PER_DIGIT) & 0xf];
    }
}

void local_acl_genpass(const struct local_call *call)
{
    int64_t bits = PASS_BITS;
    char text[PASS_BITS_MAX / BITS_PER_DIGIT];

    if (call_count(call) > 3) {
        call_bad_subcommand(call);
        return;
    }
    if (call_count(call) == 3 && !span_to_int64(call_word(call, 2), &bits)) {
        call_error(call, "ERR value is not an integer or out of range");
        return;
    }
    if (bits <= 0 || bits > PASS_BITS_MAX) {
        call_error(call,
                   "ERR ACL GENPASS argument must be the number of bits for the output "
                   "password, a positive number up to %d",
                   PASS_BITS_MAX);
        return;
    }

    size_t count = (size_t)(bits + BITS_PER_DIGIT - 1) / BITS_PER_DIGIT;

    random_digits(text, count);
    call_bulk(call, (struct span){text, count});
}

/* What the configuration denies to all clients is taken from "all". */
static void print_rules(const struct pool_config *config, struct sendq *text)
{
    sendq_append(text, SPAN("+@all"));
    for (size_t i = 0; i < config->commands.count; i++) {
        const struct command_rule *rule = &config->commands.items[i];

        if (rule->kind == COMMAND_RULE_DENY) {
            sendq_append(text, SPAN(" -"));
            for (const char *at = rule->name; *at != '\0'; at++) {
                sendq_append(text, *at == ' ' ? SPAN("|") : (struct span){at, 1});
            }
        }
    }
}

/* As one bulk; takes what is in `text`. */
static void write_composed(struct sendq *to, struct sendq *text)
{
    sendq_print(to, "$%zu\r\n", text->size);
    sendq_move(to, text);
    sendq_append(to, SPAN("\r\n"));
}

static void write_user(const struct local_call *call, struct sendq *to)
{
    const struct pool_config *config = config_of(call);
    bool has_password = config->clients_password != NULL;
    char digest[SHA256_DIGITS + 1];
    struct sendq rules;

    sendq_init(&rules);
    print_rules(config, &rules);
    resp_write_map(to, USER_PAIRS);
    resp_write_text(to, "flags");
    resp_write_set(to, has_password ? 1 : 2);
    resp_write_text(to, "on");
    if (!has_password) {
        resp_write_text(to, "nopass");
    }
    resp_write_text(to, "passwords");
    resp_write_array(to, has_password ? 1 : 0);
    if (has_password) {
        sha256_print(span_of(config->clients_password), digest);
        resp_write_text(to, digest);
    }
    resp_write_text(to, "commands");
    write_composed(to, &rules);
    resp_write_text(to, "keys");
    resp_write_text(to, "~*");
    resp_write_text(to, "channels");
    resp_write_text(to, "&*");
    resp_write_text(to, "selectors");
    resp_write_array(to, 0);
}

void local_acl_getuser(const struct local_call *call)
{
    if (!span_equal(call_word(call, 2), span_of(config_of(call)->clients_username))) {
        call_text(call, NULL);
        return;
    }
    write_user(call, call_begin(call));
    call_end(call);
}

void local_acl_list(const struct local_call *call)
{
    const struct pool_config *config = config_of(call);
    char digest[SHA256_DIGITS + 1] = "";
    struct sendq line;
    struct sendq *to;

    if (config->clients_password != NULL) {
        sha256_print(span_of(config->clients_password), digest);
    }
    sendq_init(&line);
    sendq_print(&line, "user %s on %s%s ~* &* ", config->clients_username,
                digest[0] == '\0' ? "nopass" : "#", digest);
    print_rules(config, &line);
    to = call_begin(call);
    resp_write_array(to, 1);
    write_composed(to, &line);
    call_end(call);
}

void local_acl_users(const struct local_call *call)
{
    struct sendq *to = call_begin(call);

    resp_write_array(to, 1);
    resp_write_text(to, config_of(call)->clients_username);
    call_end(call);
}

void local_acl_log(const struct local_call *call)
{
    int64_t count;

    if (call_count(call) > 3) {
        call_bad_subcommand(call);
        return;
    }
    if (call_count(call) == 3 && span_equal_nocase(call_word(call, 2), SPAN("reset"))) {
        call_status(call, "OK");
        return;
    }
    if (call_count(call) == 3 && !span_to_int64(call_word(call, 2), &count)) {
        call_error(call, "ERR value is not an integer or out of range");
        return;
    }
    resp_write_array(call_begin(call), 0);
    call_end(call);
}
