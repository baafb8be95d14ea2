/* What nodes are asked before slotway does something itself. */
#include "proxy/downstream/clearance_need.h"

#include <criterion/criterion.h>

#include "proxy/downstream/local.h"

static void split(const char *line, struct arguments *arguments)
{
    struct request_scan scan = {0};
    static const struct scan_limits no_limits = {INT64_MAX, INT64_MAX, SIZE_MAX, true};
    size_t used;

    cr_assert_eq(request_scan_next(&scan, &no_limits, span_of(line), arguments, &used), SCAN_DONE);
}

static enum clearance_need need_of(const char *line)
{
    struct arguments arguments = {0};
    const struct command *command = NULL;

    split(line, &arguments);
    cr_assert_eq(command_table_find(NULL, &arguments, &command), COMMAND_FOUND, "%s", line);

    enum clearance_need need = clearance_need_of(command, &arguments, local_has(command));

    arguments_clear(&arguments);
    return need;
}

Test(clearance_need, is_what_the_command_could_do_unseen_by_the_nodes)
{
    static const struct {
        const char *line;
        enum clearance_need need;
    } rows[] = {
        {"GET k\r\n", NEED_NOTHING},
        {"MGET a b\r\n", NEED_NOTHING},
        {"PUBLISH c m\r\n", NEED_NOTHING},
        {"WATCH k\r\n", NEED_NOTHING},
        {"EXEC\r\n", NEED_NOTHING},
        {"QUIT\r\n", NEED_NOTHING},
        {"RESET\r\n", NEED_NOTHING},
        {"KEYS *\r\n", NEED_NOTHING},
        {"AUTH a\r\n", NEED_PROOF},
        {"AUTH a b\r\n", NEED_PROOF},
        {"AUTH a b c\r\n", NEED_NOTHING},
        {"HELLO\r\n", NEED_LOGIN},
        {"HELLO 3\r\n", NEED_LOGIN},
        {"HELLO 3 AUTH a\r\n", NEED_LOGIN},
        {"HELLO 3 AUTH a b\r\n", NEED_PROOF},
        {"HELLO 3 SETNAME auth AUTH a b\r\n", NEED_PROOF},
        {"PING\r\n", NEED_LOGIN},
        {"CLIENT SETNAME a\r\n", NEED_LOGIN},
        {"CLUSTER SLOTS\r\n", NEED_LOGIN},
        {"ACL LIST\r\n", NEED_NODE},
        {"ACL DRYRUN a get k\r\n", NEED_NODE},
        {"ACL SETUSER a\r\n", NEED_ANOTHER_MODE},
        {"MONITOR\r\n", NEED_ANOTHER_MODE},
        {"CLIENT TRACKING on\r\n", NEED_ANOTHER_MODE},
        {"PROXY STATS\r\n", NEED_ANOTHER_MODE},
        {"SUBSCRIBE c\r\n", NEED_RIGHT},
        {"PSUBSCRIBE c*\r\n", NEED_RIGHT},
        {"SSUBSCRIBE c\r\n", NEED_RIGHT},
        {"UNSUBSCRIBE\r\n", NEED_LOGIN},
        {"SCAN 0\r\n", NEED_RIGHT},
        {"CLIENT KILL a\r\n", NEED_RIGHT},
        {"CLIENT LIST\r\n", NEED_RIGHT},
        {"CONFIG GET a\r\n", NEED_RIGHT},
        {"INFO\r\n", NEED_RIGHT},
        {"SLOWLOG GET\r\n", NEED_RIGHT},
        {"PUBSUB CHANNELS\r\n", NEED_RIGHT},
        {"SCRIPT FLUSH\r\n", NEED_RIGHT},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        cr_expect_eq(need_of(rows[i].line), rows[i].need, "%s", rows[i].line);
    }
}

static void gives(const char *line, const char *name, const char *password)
{
    struct arguments arguments = {0};
    const struct command *command = NULL;
    const struct span *found;
    struct span word;
    struct span secret;

    split(line, &arguments);
    cr_assert_eq(command_table_find(NULL, &arguments, &command), COMMAND_FOUND);

    bool is_there = clearance_credentials(command, &arguments, &word, &found, &secret);

    cr_expect_eq(is_there, password != NULL, "%s", line);
    if (is_there) {
        cr_expect_eq(found == NULL, name == NULL, "%s", line);
        cr_expect(found == NULL || span_equal(*found, span_of(name)), "%s", line);
        cr_expect(span_equal(secret, span_of(password)), "%s", line);
    }
    arguments_clear(&arguments);
}

Test(clearance_need, finds_credentials_where_they_are_said)
{
    gives("AUTH p\r\n", NULL, "p");
    gives("AUTH u p\r\n", "u", "p");
    gives("AUTH u p x\r\n", NULL, NULL);
    gives("HELLO\r\n", NULL, NULL);
    gives("HELLO 3 auth u p\r\n", "u", "p");
    gives("HELLO 3 SETNAME n AUTH u p\r\n", "u", "p");
    gives("HELLO 3 AUTH u p SETNAME n\r\n", "u", "p");
    gives("HELLO 3 AUTH u p AUTH v q\r\n", "v", "q");
    gives("HELLO 3 AUTH u p AUTH v\r\n", NULL, NULL);
    gives("HELLO 3 SETNAME auth\r\n", NULL, NULL);
    gives("HELLO 3 AUTH u\r\n", NULL, NULL);
    gives("PING AUTH\r\n", NULL, NULL);
}
