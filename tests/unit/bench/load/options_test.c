#include "bench/load/options.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum { ARGC_MAX = 14 };

/* Parses `words` behind the program's name; what was complained about is to be freed. */
static bool parse(const char *const *words, struct options *options, char **complaints)
{
    char *argv[ARGC_MAX + 2] = {(char *)"load"};
    size_t size = 0;
    int argc = 1;
    FILE *to = open_memstream(complaints, &size);

    cr_assert_not_null(to);
    for (; words[argc - 1] != NULL; argc++) {
        cr_assert_leq(argc, ARGC_MAX);
        argv[argc] = (char *)words[argc - 1];
    }

    bool result = options_parse(options, argc, argv, to);

    fclose(to);
    return result;
}

#define PARSE(options, complaints, ...)                                                            \
    parse((const char *const[]){__VA_ARGS__, NULL}, (options), (complaints))

Test(options, what_is_not_said_is_as_the_help_says)
{
    struct options options;
    char *complaints = NULL;

    cr_assert(PARSE(&options, &complaints, "--port", "7000", "--requests", "1"), "%s", complaints);
    cr_expect_str_eq(options.host, "127.0.0.1");
    cr_expect_null(options.user);
    cr_expect_null(options.password);
    cr_expect_eq(options.work, WORK_GET);
    cr_expect_eq(options.clients, 50);
    cr_expect_eq(options.pipeline, 1);
    cr_expect_eq(options.keys, 100000);
    cr_expect_eq(options.keys_per, 10);
    cr_expect_eq(options.size, 32);
    cr_expect_eq(options.rate, 0);
    cr_expect_not(options.json);
    free(complaints);
}

Test(options, what_is_said_counts)
{
    struct options options;
    char *complaints = NULL;

    cr_assert(PARSE(&options, &complaints, "--port=7000", "--seconds", "0.5", "--work=mget",
                    "--keys-per", "7", "--rate", "1000", "--user", "u", "--password=a=b", "--json"),
              "%s", complaints);
    cr_expect_eq(options.port, 7000);
    cr_expect_eq(options.seconds, 0.5);
    cr_expect_eq(options.work, WORK_MGET);
    cr_expect_eq(options.keys_per, 7);
    cr_expect_eq(options.rate, 1000);
    cr_expect_str_eq(options.user, "u");
    cr_expect_str_eq(options.password, "a=b");
    cr_expect(options.json);
    cr_expect_str_eq(complaints, "");
    free(complaints);
}

Test(options, every_work_can_be_asked_for)
{
    for (enum work_kind kind = 0; kind < WORK_KINDS; kind++) {
        struct options options;
        char *complaints = NULL;

        cr_expect(PARSE(&options, &complaints, "--port", "1", "--requests", "1", "--work",
                        work_name(kind)),
                  "%s", complaints);
        cr_expect_eq(options.work, kind);
        free(complaints);
    }
}

static const char *const fine[][ARGC_MAX + 1] = {
    {"--help"},
    {"--port", "1", "--fill"},
    {"--port", "1", "--fill", "--cluster", "--work", "mget"},
    {"--port", "1", "--idle", "5", "--hold"},
    {"--port", "1", "--requests", "1", "--cluster", "--work", "mget", "--keys-per", "1"},
    {"--port", "1", "--requests", "1", "--cluster", "--work", "multi"},
    {"--port", "1", "--requests", "1", "--work", "mset", "--keys", "1000", "--keys-per", "1000"},
    {"--port", "1", "--requests", "1", "--keys", "1"},
    {"--port", "1", "--requests", "1", "--tls-ca", "file"},
};

Test(options, what_makes_sense_is_taken)
{
    for (size_t i = 0; i < ARRAY_LEN(fine); i++) {
        struct options options;
        char *complaints = NULL;

        cr_expect(parse(fine[i], &options, &complaints), "row %zu: %s", i, complaints);
        free(complaints);
    }
}

static const struct {
    const char *words[ARGC_MAX + 1];
    const char *expected;
} refused[] = {
    {{NULL}, "expected --port"},
    {{"--requests", "1"}, "expected --port"},
    {{"--port", "1"}, "expected either --requests or --seconds"},
    {{"--port", "1", "--requests", "1", "--seconds", "1"}, "expected either"},
    {{"--prot", "1"}, "unknown option '--prot'"},
    {{"port", "1"}, "unknown option 'port'"},
    {{"--port"}, "--port: expected a value"},
    {{"--port", "0"}, "--port '0': expected a number from 1 to 65535"},
    {{"--port", "65536"}, "expected a number from 1 to 65535"},
    {{"--port", "12x"}, "--port '12x': expected a number"},
    {{"--port", "-1"}, "--port '-1': expected a number"},
    {{"--port", ""}, "--port '': expected a number"},
    {{"--port", "99999999999999999999"}, "expected a number"},
    {{"--seconds", "0"}, "--seconds '0': expected a number above 0"},
    {{"--seconds", "nan"}, "expected a number above 0"},
    {{"--size", "67108865"}, "expected a number from 1 to 67108864"},
    {{"--work", "gets"}, "--work 'gets': expected one of get set mix"},
    {{"--json=yes"}, "unknown option '--json=yes'"},
    {{"--port", "1", "--requests", "1", "--user", "u"}, "--user: expected --password"},
    {{"--port", "1", "--fill", "--tls-ca", "file", "--cluster"}, "--tls-ca: expected no --cluster"},
    {{"--port", "1", "--hold"}, "--hold: expected --idle"},
    {{"--port", "1", "--hold", "--idle", "1", "--requests", "1"}, "--hold: expected"},
    {{"--port", "1", "--fill", "--requests", "1"}, "--fill: expected neither"},
    {{"--port", "1", "--requests", "1", "--cluster", "--work", "mget"}, "--keys-per 1"},
    {{"--port", "1", "--requests", "1", "--cluster", "--work", "mset"}, "--keys-per 1"},
    {{"--port", "1", "--requests", "1", "--cluster", "--work", "del"}, "--keys-per 1"},
    {{"--port", "1", "--requests", "1", "--work", "mget", "--keys", "9"}, "expected at most 1,"},
    {{"--port", "1", "--requests", "1", "--work", "mget", "--keys", "999", "--keys-per", "101"},
     "expected at most 100,"},
    {{"--port", "1", "--requests", "1", "--work", "multi-steps", "--pipeline", "2"},
     "--work multi-steps: expected --pipeline 1"},
    {{"--port", "1", "--requests", "1", "--connect-each", "--pipeline", "2"},
     "--connect-each: expected --pipeline 1"},
};

Test(options, what_makes_none_is_refused_with_what_was_expected)
{
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        struct options options;
        char *complaints = NULL;

        cr_expect_not(parse(refused[i].words, &options, &complaints), "row %zu", i);
        cr_expect_not_null(strstr(complaints, refused[i].expected), "row %zu: %s", i, complaints);
        free(complaints);
    }
}

Test(options, the_help_names_every_work_and_counts_a_transaction_as_one)
{
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);

    options_print_help(to);
    fclose(to);
    for (enum work_kind kind = 0; kind < WORK_KINDS; kind++) {
        cr_expect_not_null(strstr(text, work_help(kind)));
    }
    cr_expect_not_null(strstr(text, "counted as one"));
    free(text);
}
