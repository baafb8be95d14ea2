/* fuzz_acl_lines.c - an ACL file as an operator might write it: it makes users, or errors that say
 * why not. What a user is shown as makes the same user again; and nothing is allowed to the free
 * that a check would deny.
 */
#include <stdlib.h>

#include "common/check.h"
#include "common/log.h"
#include "proxy/acl/acl_check.h"
#include "proxy/acl/user_lines.h"
#include "tests/fuzz/fuzz.h"

struct sink {
    struct acl_complaints complaints;
};

static void on_unmatched(struct acl_complaints *complaints UNUSED, struct span bracket UNUSED)
{
    CHECK(!"a user as he is shown has no open bracket");
}

static void on_bad_rule(struct acl_complaints *complaints UNUSED, struct span rule UNUSED,
                        enum acl_problem problem UNUSED)
{
    CHECK(!"a user as he is shown has good rules");
}

static void check_shown(const struct acl_user *user)
{
    struct sink sink = {.complaints = {.unmatched = on_unmatched, .bad_rule = on_bad_rule}};
    struct acl_user *again = acl_user_new(span_of(user->name));
    struct sendq text;

    sendq_init(&text);
    acl_line_write(&text, user, NULL);

    struct block *block = sendq_flatten(&text);

    CHECK(acl_line_apply(again, (struct span){block->bytes, block->used}, NULL, &sink.complaints));
    CHECK(acl_user_equal(user, again));
    CHECK(again->is_free || !user->is_free);
    CHECK(again->password_count == user->password_count);
    block_release(&block);
    sendq_clear(&text);
    acl_user_free(&again);
}

static void check_requests(const struct acl_user *user, struct span word)
{
    struct span items[] = {SPAN("get"), word, SPAN("x")};
    static const char *const commands[] = {"get", "set", "eval", "publish", "psubscribe", "select"};
    struct keys keys = {0};

    for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
        struct arguments arguments = {.items = items, .count = 2};
        struct acl_request request = {.arguments = &arguments, .keys = &keys};

        items[0] = span_of(commands[i]);
        while (command_find(&arguments, &request.command) == COMMAND_BAD_ARITY &&
               arguments.count < ARRAY_LEN(items)) {
            arguments.count++;
        }
        if (command_find(&arguments, &request.command) != COMMAND_FOUND) {
            continue;
        }

        struct acl_ruling ruling = acl_check(user, &request);
        char text[ACL_TEXT_MAX];

        CHECK(!user->is_free || ruling.verdict == ACL_ALLOWED);
        if (ruling.verdict != ACL_ALLOWED) {
            CHECK(strlen(acl_refusal_in_full(user, &request, ruling, text)) < sizeof text);
        }
        if (request.command->only_key != 0 && acl_allows_plain(user, request.command, &arguments)) {
            CHECK(ruling.verdict == ACL_ALLOWED);
        }
    }
    keys_clear(&keys);
}

static void add(struct user_set *set, struct acl_user *user)
{
    set->users = realloc(set->users, (set->count + 1) * sizeof *set->users);
    CHECK(set->users != NULL);
    set->users[set->count++] = user;
    set->newcomer = set->users[0];
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const struct pool_config config = {.name = (char *)"main", .clients_username = (char *)"u"};
    struct config_errors errors = {0};
    struct user_set *set = user_set_of_nobody();
    struct user_lines lines = {.set = set, .add = add, .config = &config, .errors = &errors};
    struct span text = {(const char *)bytes, size};

    log_configure(LOG_ERROR, LOG_TEXT);
    user_lines_read_text(&lines, "f", text);
    for (size_t i = 0; i < set->count; i++) {
        check_shown(set->users[i]);
        check_requests(set->users[i], (struct span){text.at, size_min(size, 8)});
        (void)!acl_user_admits(set->users[i], text);
    }
    for (size_t i = 0; i < errors.count; i++) {
        CHECK(errors.lines[i][0] == 'f' && errors.lines[i][1] == ':');
    }
    config_errors_clear(&errors);
    user_set_release(&set);
    return 0;
}
