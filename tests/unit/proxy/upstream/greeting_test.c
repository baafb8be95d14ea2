/* What a new connection is told, and what the answers to it mean. */
#include "proxy/upstream/greeting.h"

#include <stdio.h>

#include <criterion/criterion.h>

#define OUR_ID "0123456789012345678901234567890123456789"

static struct pool_config config = {.backend_username = "default"};

static void says_in(enum dialect dialect, const char *username, const char *password,
                    const char *wire)
{
    struct sendq output;
    struct greeting greeting = {0};

    sendq_init(&output);
    config.backend_username = (char *)username;
    config.backend_password = (char *)password;
    greeting_begin(&greeting, &config, dialect, 7, &output);
    cr_expect_eq(output.is_secret, password != NULL);

    struct block *block = sendq_flatten(&output);

    cr_expect(span_equal((struct span){block->bytes, block->used}, span_of(wire)), "%.*s",
              (int)block->used, block->bytes);
    block_release(&block);
    sendq_clear(&output);
}

static void says(const char *username, const char *password, const char *wire)
{
    says_in(DIALECT_RESP2, username, password, wire);
}

#define NAME_AND_ID                                                                                \
    "*3\r\n$6\r\nCLIENT\r\n$7\r\nSETNAME\r\n$7\r\nslotway\r\n"                                     \
    "*2\r\n$7\r\nCLUSTER\r\n$4\r\nMYID\r\n"

Test(greeting, tells_user_password_and_name_and_asks_who_it_is)
{
    says("default", NULL, NAME_AND_ID);
    says("default", "secret", "*2\r\n$4\r\nAUTH\r\n$6\r\nsecret\r\n" NAME_AND_ID);
    says("proxy", "secret", "*3\r\n$4\r\nAUTH\r\n$5\r\nproxy\r\n$6\r\nsecret\r\n" NAME_AND_ID);
}

#define NAME      "*3\r\n$6\r\nCLIENT\r\n$7\r\nSETNAME\r\n$7\r\nslotway\r\n"
#define HELLO     "*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n"
#define TRACKING  "*3\r\n$6\r\nCLIENT\r\n$8\r\nTRACKING\r\n$2\r\nON\r\n"
#define BROADCAST "*4\r\n$6\r\nCLIENT\r\n$8\r\nTRACKING\r\n$2\r\nON\r\n$5\r\nBCAST\r\n"
#define REDIRECT  "*5\r\n$6\r\nCLIENT\r\n$8\r\nTRACKING\r\n$2\r\nON\r\n$8\r\nREDIRECT\r\n$1\r\n7\r\n"
#define WHO_IT_IS "*2\r\n$7\r\nCLUSTER\r\n$4\r\nMYID\r\n"

Test(greeting, tells_in_which_dialect)
{
    says_in(DIALECT_RESP3, "default", NULL, NAME HELLO WHO_IT_IS);
    says_in(DIALECT_RESP3_TRACKED, "default", NULL, NAME HELLO TRACKING WHO_IT_IS);
    says_in(DIALECT_RESP3_BROADCAST, "default", NULL, NAME HELLO BROADCAST WHO_IT_IS);
    says_in(DIALECT_RESP2_TRACKED, "default", NULL, NAME REDIRECT WHO_IT_IS);
}

Test(greeting, learns_its_own_number_at_the_node)
{
    static const struct {
        const char *hello;
        uint64_t id;
    } rows[] = {
        {"%3\r\n$6\r\nserver\r\n$2\r\nid\r\n$5\r\nproto\r\n:3\r\n$2\r\nid\r\n:12\r\n", 0},
        {"%3\r\n$6\r\nserver\r\n$5\r\nredis\r\n$5\r\nproto\r\n:3\r\n$2\r\nid\r\n:12\r\n", 12},
        {"%1\r\n$2\r\nid\r\n:-1\r\n", 0},
        {"%0\r\n", 0},
        {"+OK\r\n", 0},
    };

    for (size_t row = 0; row < ARRAY_LEN(rows); row++) {
        struct sendq output;
        struct greeting greeting = {0};

        sendq_init(&output);
        config.backend_password = NULL;
        greeting_begin(&greeting, &config, DIALECT_RESP3_TRACKED, 0, &output);
        sendq_clear(&output);
        cr_expect_eq(greeting_hear(&greeting, SPAN("+OK\r\n"), OUR_ID, "node"), GREETING_MORE);
        cr_expect_eq(greeting_hear(&greeting, span_of(rows[row].hello), OUR_ID, "node"),
                     GREETING_MORE);
        cr_expect_eq(greeting.client_id, rows[row].id, "row %zu", row);
    }
}

Test(greeting, each_refusal_of_a_dialect_ends_it)
{
    static const struct {
        const char *password;
        const char *answers[6];
        enum greeting_result result;
    } rows[] = {
        {NULL, {"+OK\r\n", "-NOPROTO no\r\n"}, GREETING_REFUSED},
        {NULL, {"+OK\r\n", "%0\r\n", "-NOPERM no\r\n"}, GREETING_REFUSED},
        {NULL, {"+OK\r\n", "%0\r\n", "+OK\r\n", "$40\r\n" OUR_ID "\r\n"}, GREETING_WELCOME},
        {"secret", {"-WRONGPASS no\r\n"}, GREETING_REFUSED},
        {"secret", {"+OK\r\n", "-ERR no\r\n", "%0\r\n", "-NOPERM no\r\n"}, GREETING_REFUSED},
        {"secret",
         {"+OK\r\n", "+OK\r\n", "%0\r\n", "+OK\r\n", "$40\r\n" OUR_ID "\r\n"},
         GREETING_WELCOME},
    };

    for (size_t row = 0; row < ARRAY_LEN(rows); row++) {
        struct sendq output;
        struct greeting greeting = {0};
        enum greeting_result result = GREETING_MORE;

        sendq_init(&output);
        config.backend_password = (char *)rows[row].password;
        greeting_begin(&greeting, &config, DIALECT_RESP3_TRACKED, 0, &output);
        sendq_clear(&output);
        for (size_t i = 0; rows[row].answers[i] != NULL; i++) {
            cr_expect_eq(result, GREETING_MORE, "row %zu", row);
            result = greeting_hear(&greeting, span_of(rows[row].answers[i]), OUR_ID, "node");
        }
        cr_expect_eq(result, rows[row].result, "row %zu", row);
    }
}

Test(greeting, answers_mean)
{
    static const struct {
        const char *password;
        const char *answers[3]; /* all but the last must leave it open */
        const char *id;
        enum greeting_result result;
    } rows[] = {
        {NULL, {"+OK\r\n", "$40\r\n" OUR_ID "\r\n"}, OUR_ID, GREETING_WELCOME},
        {NULL, {"+OK\r\n", "$40\r\n" OUR_ID "\r\n"}, "", GREETING_WELCOME},
        {NULL, {"+OK\r\n", "$40\r\n" OUR_ID "\r\n"}, "0", GREETING_STRANGER},
        {NULL, {"+OK\r\n", "$1\r\n0\r\n"}, OUR_ID, GREETING_STRANGER},
        {NULL, {"-ERR unknown command\r\n", "$40\r\n" OUR_ID "\r\n"}, OUR_ID, GREETING_WELCOME},
        {NULL, {"-BUSY script\r\n", "-BUSY script\r\n"}, OUR_ID, GREETING_BUSY},
        {NULL, {"+OK\r\n", "-LOADING data\r\n"}, OUR_ID, GREETING_BUSY},
        {NULL, {"+OK\r\n", "-MASTERDOWN link\r\n"}, OUR_ID, GREETING_BUSY},
        {NULL, {"+OK\r\n", "-NOPERM no\r\n"}, OUR_ID, GREETING_WELCOME},
        {NULL, {"+OK\r\n", "-ERR unknown subcommand\r\n"}, OUR_ID, GREETING_WELCOME},
        {NULL, {"+OK\r\n", "$-1\r\n"}, OUR_ID, GREETING_WELCOME},
        {NULL, {"+OK\r\n", "$0\r\n\r\n"}, OUR_ID, GREETING_WELCOME},
        {NULL, {"+OK\r\n", "*0\r\n"}, OUR_ID, GREETING_WELCOME},
        {NULL,
         {"+OK\r\n", "-ERR This instance has cluster support disabled\r\n"},
         OUR_ID,
         GREETING_STRANGER},
        {NULL, {"-NOAUTH needed\r\n", "-NOAUTH needed\r\n"}, OUR_ID, GREETING_REFUSED},
        {NULL, {"-ERR max number of clients reached\r\n"}, OUR_ID, GREETING_REFUSED},
        {"secret", {"-WRONGPASS no\r\n"}, OUR_ID, GREETING_REFUSED},
        {"secret", {"-LOADING data\r\n"}, OUR_ID, GREETING_REFUSED},
        {"secret", {"+OK\r\n", "+OK\r\n", "$40\r\n" OUR_ID "\r\n"}, OUR_ID, GREETING_WELCOME},
        {"secret", {"+OK\r\n", "-ERR no\r\n", "$1\r\n0\r\n"}, OUR_ID, GREETING_STRANGER},
    };

    for (size_t row = 0; row < ARRAY_LEN(rows); row++) {
        struct sendq output;
        struct greeting greeting = {0};
        enum greeting_result result = GREETING_MORE;

        sendq_init(&output);
        config.backend_password = (char *)rows[row].password;
        greeting_begin(&greeting, &config, DIALECT_RESP2, 0, &output);
        sendq_clear(&output);
        for (size_t i = 0; i < 3 && rows[row].answers[i] != NULL; i++) {
            cr_expect_eq(result, GREETING_MORE, "row %zu", row);
            result = greeting_hear(&greeting, span_of(rows[row].answers[i]), rows[row].id, "node");
        }
        cr_expect_eq(result, rows[row].result, "row %zu", row);
    }
}

#define NAMED(text, size) "*3\r\n$6\r\nCLIENT\r\n$7\r\nSETNAME\r\n$" size "\r\n" text "\r\n"

Test(greeting, tells_the_name_and_the_library_that_the_configuration_wants)
{
    const char *version = SLOTWAY_VERSION;
    char wire[512];

    config.name = (char *)"cache one";
    config.backend_client_name = (char *)"proxy-{pool}-{nobody}{";
    says("default", NULL, NAMED("proxy-cache_one-{nobody}{", "25") WHO_IT_IS);
    config.backend_client_info = true;
    config.backend_client_name = NULL;
    snprintf(
        wire, sizeof wire,
        "%s*4\r\n$6\r\nCLIENT\r\n$7\r\nSETINFO\r\n$8\r\nlib-name\r\n$7\r\nslotway\r\n"
        "*4\r\n$6\r\nCLIENT\r\n$7\r\nSETINFO\r\n$7\r\nlib-ver\r\n$%zu\r\n%s\r\n" HELLO WHO_IT_IS,
        NAME, strlen(version), version);
    says_in(DIALECT_RESP3, "default", NULL, wire);
}

Test(greeting, goes_on_when_a_node_does_not_know_of_libraries)
{
    static const struct span answers[] = {
        SPAN("+OK\r\n"), SPAN("+OK\r\n"), SPAN("-ERR unknown subcommand\r\n"),
        SPAN("-ERR unknown subcommand\r\n"), SPAN("$40\r\n" OUR_ID "\r\n")};
    struct sendq output;
    struct greeting greeting = {0};

    sendq_init(&output);
    config.backend_client_info = true;
    config.backend_username = (char *)"default";
    config.backend_password = (char *)"secret";
    greeting_begin(&greeting, &config, DIALECT_RESP2, 0, &output);
    sendq_clear(&output);
    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        cr_expect_eq(greeting_hear(&greeting, answers[i], OUR_ID, "n"),
                     i + 1 < ARRAY_LEN(answers) ? GREETING_MORE : GREETING_WELCOME, "%zu", i);
    }
}

Test(greeting, refuses_a_wrong_password_also_with_a_library)
{
    struct sendq output;
    struct greeting greeting = {0};

    sendq_init(&output);
    config.backend_client_info = true;
    config.backend_username = (char *)"default";
    config.backend_password = (char *)"secret";
    greeting_begin(&greeting, &config, DIALECT_RESP3, 0, &output);
    sendq_clear(&output);
    cr_expect_eq(greeting_hear(&greeting, SPAN("-WRONGPASS no\r\n"), OUR_ID, "n"),
                 GREETING_REFUSED);
}

#define AUTH(secret) "*2\r\n$4\r\nAUTH\r\n$5\r\n" secret "\r\n"

/* Says the greeting, and hears `answers` up to NULL. */
static enum greeting_result goes(struct greeting *greeting, const char *said,
                                 const char *const *answers)
{
    struct sendq output;
    enum greeting_result result = GREETING_MORE;

    sendq_init(&output);
    greeting_begin(greeting, &config, DIALECT_RESP2, 0, &output);

    struct block *block = sendq_flatten(&output);

    cr_expect(span_equal((struct span){block->bytes, block->used}, span_of(said)), "%.*s",
              (int)block->used, block->bytes);
    block_release(&block);
    sendq_clear(&output);
    for (size_t i = 0; answers[i] != NULL; i++) {
        cr_expect_eq(result, GREETING_MORE);
        result = greeting_hear(greeting, span_of(answers[i]), OUR_ID, "node");
    }
    return result;
}

static const char *const wrong[] = {"-WRONGPASS no\r\n", "-NOAUTH no\r\n", "-NOAUTH no\r\n", NULL};
static const char *const old_wrong[] = {"-ERR invalid password\r\n", "-NOAUTH no\r\n",
                                        "-NOAUTH no\r\n", NULL};
static const char *const right[] = {"+OK\r\n", "+OK\r\n", "$40\r\n" OUR_ID "\r\n", NULL};

static void set_two_passwords(void)
{
    config = (struct pool_config){.backend_username = "default",
                                  .backend_password = "first",
                                  .backend_password_next = "other"};
}

static void clear_passwords(void)
{
    config = (struct pool_config){.backend_username = "default"};
}

TestSuite(greeting_with_two_passwords, .init = set_two_passwords, .fini = clear_passwords);

Test(greeting_with_two_passwords, says_the_other_when_the_one_is_wrong_and_remembers_it)
{
    struct greeting greeting = {0};

    cr_expect_eq(goes(&greeting, AUTH("first") NAME_AND_ID, wrong), GREETING_AGAIN);
    cr_expect_eq(goes(&greeting, AUTH("other") NAME_AND_ID, right), GREETING_WELCOME);
    cr_expect_eq(goes(&greeting, AUTH("other") NAME_AND_ID, right), GREETING_WELCOME);
    cr_expect_eq(goes(&greeting, AUTH("other") NAME_AND_ID, old_wrong), GREETING_AGAIN);
    cr_expect_eq(goes(&greeting, AUTH("first") NAME_AND_ID, right), GREETING_WELCOME);
}

Test(greeting_with_two_passwords, ends_when_both_are_wrong)
{
    struct greeting greeting = {0};
    static const char *const refusal[] = {"-WRONGPASS no\r\n", NULL};

    cr_expect_eq(goes(&greeting, AUTH("first") NAME_AND_ID, wrong), GREETING_AGAIN);
    cr_expect_eq(goes(&greeting, AUTH("other") NAME_AND_ID, refusal), GREETING_REFUSED);
}

Test(greeting_with_two_passwords, forgets_the_other_when_it_is_taken_away)
{
    struct greeting greeting = {.login = 1};

    config.backend_password_next = NULL;
    cr_expect_eq(goes(&greeting, AUTH("first") NAME_AND_ID, right), GREETING_WELCOME);
}

Test(greeting_with_two_passwords, does_not_try_the_other_for_another_reason)
{
    struct greeting greeting = {0};
    static const char *const refusal[] = {"-LOADING data\r\n", NULL};

    cr_expect_eq(goes(&greeting, AUTH("first") NAME_AND_ID, refusal), GREETING_REFUSED);
}

#define ALICE "*3\r\n$4\r\nAUTH\r\n$5\r\nalice\r\n$2\r\npa\r\n"

static const struct span alice_name = {"alice", 5};

static void begin_as(struct greeting *greeting, const struct credentials *credentials,
                     const char *password, struct sendq *output)
{
    *greeting = (struct greeting){.credentials = credentials};
    config.backend_username = (char *)"default";
    config.backend_password = (char *)password;
    config.backend_password_next = NULL;
    greeting_begin(greeting, &config, DIALECT_RESP2, 0, output);
}

static void said_is(struct sendq *output, const char *text)
{
    struct block *block = sendq_flatten(output);

    cr_expect(span_equal((struct span){block->bytes, block->used}, span_of(text)), "%.*s",
              (int)block->used, block->bytes);
    block_release(&block);
    sendq_clear(output);
}

/* A stranger at the node's address is to hear nothing of him. */
Test(greeting, becomes_a_clients_user_when_it_is_known_who_lives_there)
{
    struct credentials alice;
    struct greeting greeting;
    struct sendq output;

    sendq_init(&output);
    credentials_init(&alice, &alice_name, SPAN("pa"));
    begin_as(&greeting, &alice, "secret", &output);
    said_is(&output, "*2\r\n$4\r\nAUTH\r\n$6\r\nsecret\r\n" NAME WHO_IT_IS);
    cr_expect_eq(greeting_hear(&greeting, SPAN("+OK\r\n"), OUR_ID, "node"), GREETING_MORE);
    cr_expect_eq(greeting_hear(&greeting, SPAN("+OK\r\n"), OUR_ID, "node"), GREETING_MORE);
    cr_expect_eq(greeting_hear(&greeting, span_of("$40\r\n" OUR_ID "\r\n"), OUR_ID, "node"),
                 GREETING_SWITCH);
    greeting_switch(&greeting, &output);
    said_is(&output, ALICE);
    credentials_clear(&alice);
}

static const struct credentials newcomer = {.is_given = false};

Test(greeting, says_nothing_of_who_a_newcomer_is)
{
    struct greeting greeting;
    struct sendq output;

    sendq_init(&output);
    begin_as(&greeting, &newcomer, "secret", &output);

    struct block *block = sendq_flatten(&output);

    cr_expect(span_equal((struct span){block->bytes, block->used}, span_of(NAME WHO_IT_IS)));
    block_release(&block);
    sendq_clear(&output);
}

Test(greeting, ends_with_what_the_node_thinks_of_a_clients_user)
{
    static const struct {
        bool is_newcomer;
        const char *answers[6];
        enum greeting_result result;
    } rows[] = {
        {false, {"+OK\r\n", "+OK\r\n", "$40\r\n" OUR_ID "\r\n", "+OK\r\n"}, GREETING_WELCOME},
        {false,
         {"+OK\r\n", "+OK\r\n", "$40\r\n" OUR_ID "\r\n", "-WRONGPASS no\r\n"},
         GREETING_DENIED},
        {false, {"+OK\r\n", "+OK\r\n", "-LOADING\r\n", "+OK\r\n"}, GREETING_BUSY},
        {false, {"+OK\r\n", "+OK\r\n", "-LOADING\r\n", "-WRONGPASS no\r\n"}, GREETING_DENIED},
        {false, {"-WRONGPASS ours\r\n"}, GREETING_REFUSED},
        {false,
         {"+OK\r\n", "+OK\r\n", "$40\r\n0000000000000000000000000000000000000000\r\n"},
         GREETING_STRANGER},
        {true, {"-NOAUTH first\r\n"}, GREETING_DENIED},
        {true, {"+OK\r\n", "-NOPERM myid\r\n"}, GREETING_WELCOME},
        {true, {"-NOPERM setname\r\n", "$40\r\n" OUR_ID "\r\n"}, GREETING_WELCOME},
    };

    for (size_t row = 0; row < ARRAY_LEN(rows); row++) {
        enum greeting_result result = GREETING_MORE;
        struct credentials alice;
        struct greeting greeting;
        struct sendq output;

        sendq_init(&output);
        credentials_init(&alice, &alice_name, SPAN("pa"));
        begin_as(&greeting, rows[row].is_newcomer ? &newcomer : &alice, "secret", &output);
        sendq_clear(&output);
        for (size_t i = 0; rows[row].answers[i] != NULL; i++) {
            cr_expect(result == GREETING_MORE || result == GREETING_SWITCH, "row %zu", row);
            result = greeting_hear(&greeting, span_of(rows[row].answers[i]), OUR_ID, "node");
            cr_expect(result != GREETING_SWITCH || i == 2, "row %zu", row);
        }
        cr_expect_eq(result, rows[row].result, "row %zu", row);
        credentials_clear(&alice);
    }
}

/* What it said of a client's user behind a password of ours that was wrong is said again. */
Test(greeting, gives_a_clients_credentials_again_with_the_other_password)
{
    static const char *const answers[] = {"-WRONGPASS ours\r\n", "-NOAUTH\r\n", "-NOAUTH\r\n"};
    struct credentials alice;
    struct greeting greeting;
    struct sendq output;
    enum greeting_result result = GREETING_MORE;

    sendq_init(&output);
    credentials_init(&alice, &alice_name, SPAN("pa"));
    greeting = (struct greeting){.credentials = &alice};
    config.backend_username = (char *)"default";
    config.backend_password = (char *)"secret";
    config.backend_password_next = (char *)"other";
    greeting_begin(&greeting, &config, DIALECT_RESP2, 0, &output);
    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        cr_expect_eq(result, GREETING_MORE);
        result = greeting_hear(&greeting, span_of(answers[i]), OUR_ID, "node");
    }
    cr_expect_eq(result, GREETING_AGAIN);
    sendq_clear(&output);
    greeting_begin(&greeting, &config, DIALECT_RESP2, 0, &output);
    cr_expect_eq(greeting_hear(&greeting, SPAN("+OK\r\n"), OUR_ID, "node"), GREETING_MORE);
    cr_expect_eq(greeting_hear(&greeting, SPAN("+OK\r\n"), OUR_ID, "node"), GREETING_MORE);
    cr_expect_eq(greeting_hear(&greeting, span_of("$40\r\n" OUR_ID "\r\n"), OUR_ID, "node"),
                 GREETING_SWITCH);
    cr_expect_eq(greeting_hear(&greeting, SPAN("+OK\r\n"), OUR_ID, "node"), GREETING_WELCOME);
    sendq_clear(&output);
    credentials_clear(&alice);
}
