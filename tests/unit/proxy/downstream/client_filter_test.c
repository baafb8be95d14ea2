#include "proxy/downstream/client_filter.h"

#include "tests/unit/proxy/command/words.h"

enum { ASKER = 5 };

static const struct row {
    const char *words;
    const char *error; /* NULL: it is good, and then: */
    bool admits_asker;
    bool admits_6; /* another client, 100 seconds old */
    bool is_plain;
} rows[] = {
    {"client list", NULL, true, true, false},
    {"client list type normal", NULL, true, true, false},
    {"client list TYPE Normal", NULL, true, true, false},
    {"client list type pubsub", NULL, false, false, false},
    {"client list type replica", NULL, false, false, false},
    {"client list type x", "ERR Unknown client type 'x'", false, false, false},
    {"client list type", "ERR syntax error", false, false, false},
    {"client list type normal x", "ERR syntax error", false, false, false},
    {"client list id 6", NULL, false, true, false},
    {"client list id 5 7 6", NULL, true, true, false},
    {"client list id 9 6 -1 8 6 1 9223372036854775807", NULL, false, true, false},
    {"client list id -6 0", NULL, false, false, false},
    {"client list id 6 x", "ERR Invalid client ID", false, false, false},
    {"client list id", "ERR syntax error", false, false, false},
    {"client list x", "ERR syntax error", false, false, false},
    {"client kill 1.2.3.4:5", NULL, true, true, true},
    {"client kill id 6", NULL, false, true, false},
    {"client kill id 5", NULL, false, false, false},
    {"client kill id 5 skipme no", NULL, true, false, false},
    {"client kill skipme no id 5", NULL, true, false, false},
    {"client kill skipme no skipme yes", NULL, false, true, false},
    {"client kill id 6 id 5 skipme no", NULL, true, false, false},
    {"client kill type normal", NULL, false, true, false},
    {"client kill type master", NULL, false, false, false},
    {"client kill user default", NULL, false, true, false},
    {"client kill maxage 100", NULL, false, true, false},
    {"client kill maxage 101", NULL, false, false, false},
    {"client kill id 0", "ERR client-id should be greater than 0", false, false, false},
    {"client kill id x", "ERR client-id should be greater than 0", false, false, false},
    {"client kill id", NULL, true, true, true},
    {"client kill id 6 x", "ERR syntax error", false, false, false},
    {"client kill x y", "ERR syntax error", false, false, false},
    {"client kill skipme x", "ERR syntax error", false, false, false},
    {"client kill type x", "ERR Unknown client type 'x'", false, false, false},
    {"client kill user x", "ERR No such user 'x'", false, false, false},
    {"client kill maxage x", "ERR maxage is not an integer or out of range", false, false, false},
    {"client kill maxage 0", "ERR maxage should be greater than 0", false, false, false},
};

static bool parse(struct client_filter *filter, const struct words *words)
{
    if (span_equal(words->items[1], SPAN("kill"))) {
        struct pool_config config = {.clients_username = (char *)"default"};
        struct user_set *users = user_set_of_one(&config);
        bool is_good = client_filter_parse_kill(filter, &words->arguments, ASKER, users);

        user_set_release(&users);
        return is_good;
    }
    return client_filter_parse_list(filter, &words->arguments);
}

/* As for a client without subscriptions. */
static bool admits(const struct client_filter *filter, uint64_t id, uint64_t age_s)
{
    return client_filter_admits(filter, id, age_s) && client_filter_admits_type(filter, false);
}

Test(client_filter, rows)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct row *row = &rows[i];
        struct client_filter filter;
        struct words words;

        words_init(&words, row->words);

        bool is_good = parse(&filter, &words);

        cr_expect_eq(is_good, row->error == NULL, "%s", row->words);
        if (is_good) {
            cr_expect_eq(admits(&filter, ASKER, 0), row->admits_asker, "%s", row->words);
            cr_expect_eq(admits(&filter, 6, 100), row->admits_6, "%s", row->words);
            cr_expect_eq(filter.is_plain, row->is_plain, "%s", row->words);
        } else {
            cr_expect_str_eq(filter.error, row->error == NULL ? "" : row->error);
        }
        client_filter_clear(&filter);
    }
}

static const struct type_row {
    const char *words;
    bool expected;
} type_rows[] = {
    {"client list", true},
    {"client list type pubsub", true},
    {"client list type normal", false},
    {"client list type replica", false},
    {"client kill type PubSub", true},
    {"client kill type normal", false},
};

Test(client_filter, who_has_subscriptions_is_of_another_type)
{
    for (size_t i = 0; i < ARRAY_LEN(type_rows); i++) {
        struct client_filter filter;
        struct words words;

        words_init(&words, type_rows[i].words);
        cr_assert(parse(&filter, &words), "%s", type_rows[i].words);
        cr_expect_eq(client_filter_admits_type(&filter, true), type_rows[i].expected, "%s",
                     type_rows[i].words);
        client_filter_clear(&filter);
    }
}

static const struct ends_row {
    const char *words;
    bool expected;
} ends_rows[] = {
    {"client kill 10.0.0.1:77", true},
    {"client kill 10.0.0.1:7", false},
    {"client kill addr 10.0.0.1:77", true},
    {"client kill addr 10.0.0.2:77", false},
    {"client kill laddr 127.0.0.1:6380", true},
    {"client kill laddr 127.0.0.1:6381", false},
    {"client kill addr 10.0.0.1:77 laddr 127.0.0.1:6380", true},
    {"client kill addr 10.0.0.1:77 laddr 127.0.0.1:6381", false},
    {"client kill addr x addr 10.0.0.1:77", true},
    {"client kill id 1", true},
};

Test(client_filter, addresses_are_compared_as_they_are_shown)
{
    const struct client_ends ends = {.peer = "10.0.0.1:77", .local = "127.0.0.1:6380"};

    for (size_t i = 0; i < ARRAY_LEN(ends_rows); i++) {
        struct client_filter filter;
        struct words words;

        words_init(&words, ends_rows[i].words);
        cr_assert(parse(&filter, &words), "%s", ends_rows[i].words);
        cr_expect_eq(client_filter_admits_ends(&filter, &ends), ends_rows[i].expected, "%s",
                     ends_rows[i].words);
        client_filter_clear(&filter);
    }
}

Test(client_filter, users_are_compared_by_name)
{
    struct client_filter filter;
    struct words words;

    words_init(&words, "client kill user default");
    cr_assert(parse(&filter, &words));
    cr_expect(client_filter_admits_user(&filter, "default"));
    cr_expect_not(client_filter_admits_user(&filter, "alice"));
    client_filter_clear(&filter);
    words_init(&words, "client kill id 1");
    cr_assert(parse(&filter, &words));
    cr_expect(client_filter_admits_user(&filter, "alice"));
    client_filter_clear(&filter);
}
