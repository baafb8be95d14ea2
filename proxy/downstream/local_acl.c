/* ACL, as far as it is not about the users that there are: local_acl_users.c. */
#include <stdio.h>
#include <sys/random.h>

#include "common/resp_write.h"
#include "proxy/acl/acl_category.h"
#include "proxy/acl/user_set.h"
#include "proxy/command/command_reply.h"
#include "proxy/downstream/acl_load.h"
#include "proxy/downstream/acl_log.h"
#include "proxy/downstream/local_call.h"
#include "proxy/downstream/permission.h"

enum { LOG_SHOWN = 10, PASS_BITS = 256, PASS_BITS_MAX = 4096, BITS_PER_DIGIT = 4 };

void local_acl_cat(const struct local_call *call)
{
    struct sendq *to;

    if (call_count(call) > 3) {
        call_bad_subcommand(call);
        return;
    }
    if (call_count(call) == 3 && acl_category_find(call_word(call, 2)) == 0) {
        struct span word = call_word(call, 2);

        call_error(call, "ERR Unknown category '%.*s'", call_shown(word), word.at);
        return;
    }
    to = call_begin(call);
    if (call_count(call) == 3) {
        command_reply_list(to, call->client->clients->commands, COMMAND_FILTER_CATEGORY,
                           call_word(call, 2));
    } else {
        resp_write_array(to, ACL_CATEGORY_COUNT);
        for (size_t i = 0; i < ACL_CATEGORY_COUNT; i++) {
            resp_write_text(to, acl_category_name(i));
        }
    }
    call_end(call);
}

/* A bulk, not an error: it was only asked. */
static void call_answer(const struct local_call *call, const struct acl_user *user,
                        const struct acl_request *request, struct acl_ruling ruling)
{
    char text[ACL_TEXT_MAX];

    if (ruling.verdict == ACL_ALLOWED) {
        call_status(call, "OK");
    } else {
        call_text(call, acl_refusal_in_full(user, request, ruling, text));
    }
}

static void call_judge(const struct local_call *call, const struct acl_user *user,
                       const struct acl_request *request)
{
    struct acl_ruling ruling = acl_check(user, request);
    const char *option = ruling.verdict == ACL_ALLOWED ? acl_check_sort(user, request) : NULL;
    char text[ACL_TEXT_MAX];

    if (option != NULL) {
        call_text(call, acl_sort_refusal(option, text));
    } else {
        call_answer(call, user, request, ruling);
    }
}

void local_acl_dryrun(const struct local_call *call)
{
    struct clients *clients = call->client->clients;
    struct span name = call_word(call, 2);
    struct arguments inner = call_inner(call, 3);
    const struct acl_user *user = user_set_find(clients->users, name);
    struct acl_request request = permission_request(call->client, NULL);
    char text[ERROR_REPLY_MAX];

    request.arguments = &inner;
    if (user == NULL) {
        call_error(call, "ERR User '%.*s' not found", call_shown(name), name.at);
        return;
    }

    enum command_result result = command_table_find(clients->commands, &inner, &request.command);

    switch (result) {
    case COMMAND_FOUND: call_judge(call, user, &request); return;
    case COMMAND_DENIED:
        call_answer(call, user, &request, (struct acl_ruling){ACL_NO_COMMAND, 0});
        return;
    case COMMAND_BAD_ARITY:
        call_error(call, "%s", command_error(result, request.command, &inner, text, sizeof text));
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

static void call_log(const struct local_call *call, int64_t most)
{
    struct acl_log *log = call->client->clients->house->acl_log;
    struct sendq *to = call_begin(call);

    if (log == NULL) {
        resp_write_array(to, 0);
    } else {
        acl_log_write(log, most < 0 ? 0 : (size_t)most, to);
    }
    call_end(call);
}

void local_acl_log(const struct local_call *call)
{
    struct acl_log *log = call->client->clients->house->acl_log;
    int64_t most = LOG_SHOWN;

    if (call_count(call) > 3) {
        call_bad_subcommand(call);
        return;
    }
    if (call_count(call) == 3 && span_equal_nocase(call_word(call, 2), SPAN("reset"))) {
        if (log != NULL) {
            acl_log_reset(log);
        }
        call_status(call, "OK");
        return;
    }
    if (call_count(call) == 3 && !span_to_int64(call_word(call, 2), &most)) {
        call_error(call, "ERR value is not an integer or out of range");
        return;
    }
    call_log(call, most);
}

void local_acl_load(const struct local_call *call)
{
    const struct clients *clients = call->client->clients;

    if (clients->config->clients_acl_file == NULL || clients->house->control == NULL) {
        call_error(call,
                   "ERR This slotway is not configured to use an ACL file: clients.acl_file in the "
                   "configuration of pool '%s' would name one",
                   clients->config->name);
        return;
    }
    acl_load_start(call);
}

/* SETUSER, DELUSER, SAVE: what they changed would be gone with the next start, and in no other
 * slotway. */
void local_acl_fixed(const struct local_call *call)
{
    call_error(call,
               "ERR proxy: users are what the configuration of pool '%s' says in clients.users and "
               "clients.acl_file; ACL LOAD reads that file again",
               call->client->clients->config->name);
}
