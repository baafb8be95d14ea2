/* Where the load is: hot keys, big keys, hot slots; to clients and on the admin port. */
#include "tests/support/expect.h"
#include "tests/support/http.h"
#include "tests/support/rig.h"

TestSuite(hot_keys, .timeout = 60, .fini = rig_clean_up);

/* "foo" is in slot 12182, "b" in 3300. */
enum { HOT = 300, OTHERS = 100, LARGE = 100 * 1000 };

static struct rig *rig_with(const char *pool, const char *clients, int workers)
{
    return rig_start_with((struct rig_options){
        .nodes = 2, .with_store = true, .pool = pool, .clients = clients, .workers = workers});
}

static void set_many(struct rig *rig, struct wire *wire)
{
    for (int i = 0; i < HOT; i++) {
        wire_request(wire, "SET", "foo", "1");
    }
    for (int i = 0; i < OTHERS; i++) {
        wire_request(wire, "GET", rig_print(rig, "other%d", i));
    }
    for (int i = 0; i < HOT + OTHERS; i++) {
        cr_assert_str_neq(wire_text(wire), "");
    }
}

static const char *page(struct rig *rig, const char *path)
{
    struct bytes body = {0};
    const char *text;

    cr_expect_eq(http_get(rig_admin_port(rig), path, &body), 200);
    text = rig_print(rig, "%.*s", (int)body.size, body.at);
    bytes_clear(&body);
    return text;
}

/* Clients on both workers. */
Test(hot_keys, are_found_and_told_by_a_hash_unless_their_names_may_be_told)
{
    struct rig *rig = rig_with("metrics: {sample: 4}", NULL, 2);
    struct wire *other = rig_connect(rig);

    set_many(rig, rig_client(rig));
    set_many(rig, other);
    const char *reply = ask(rig, "PROXY", "HOTKEYS", "1");

    EXPECT_STARTS(reply, "[seconds ");
    EXPECT_CONTAINS(reply, "keys [[key (nil) hash ");
    EXPECT_CONTAINS(reply, rig_print(rig, " slot 12182 address %s ", rig_address(rig, 1)));
    EXPECT_LACKS(reply, "foo");
    EXPECT_CONTAINS(page(rig, "/hotkeys"), "\"slot\":12182,\"requests\":");
    EXPECT_LACKS(page(rig, "/hotkeys"), "foo");
    rig_stop(&rig);
}

Test(hot_keys, are_told_by_their_names_where_that_is_wanted)
{
    struct rig *rig = rig_with("metrics: {sample: 1, keys: true}", NULL, 1);

    set_many(rig, rig_client(rig));
    ask(rig, "GET", "a\"\\\x01");
    ask(rig, "GET", "a\"\\\x01");
    EXPECT_CONTAINS(ask(rig, "PROXY", "HOTKEYS", "1"),
                    rig_print(rig, " requests %d keys [[key foo hash ", HOT + OTHERS + 2));
    EXPECT_CONTAINS(ask(rig, "PROXY", "HOTKEYS", "1"), "requests 300 error 0 writes 300]]]");
    EXPECT_CONTAINS(page(rig, "/hotkeys"), "\"key\":\"foo\",\"key_bytes\":3,\"slot\":12182,"
                                           "\"requests\":300,\"error\":0,\"writes\":300}");
    EXPECT_CONTAINS(page(rig, "/hotkeys"), "\"key\":\"a\\\"\\\\\\u0001\",\"key_bytes\":4,");
    rig_stop(&rig);
}

Test(hot_keys, commands_of_transactions_count)
{
    struct rig *rig = rig_with("metrics: {sample: 1, keys: true}", NULL, 1);

    ask(rig, "MULTI");
    ask(rig, "SET", "foo", "1");
    ask(rig, "GET", "foo");
    ask(rig, "EXEC");
    EXPECT_CONTAINS(ask(rig, "PROXY", "HOTKEYS"), "requests 2 error 0 writes 1]]]");
    rig_stop(&rig);
}

Test(hot_keys, slots_are_counted_each)
{
    struct rig *rig = rig_with("metrics: {sample: 1}", NULL, 1);

    for (int i = 0; i < 5; i++) {
        ask(rig, "GET", "foo");
    }
    ask(rig, "MGET", "{foo}1", "{foo}2", "b");
    EXPECT_CONTAINS(ask(rig, "PROXY", "HOTSLOTS"),
                    rig_print(rig,
                              "slots [[slot 12182 address %s requests 6] "
                              "[slot 3300 address %s requests 1]]]",
                              rig_address(rig, 1), rig_address(rig, 0)));
    const char *heat = page(rig, "/heat");
    int commas = 0;

    EXPECT_CONTAINS(heat, "\"requests\":6,\"slots\":[0,0,");
    for (const char *at = strstr(heat, "slots"); *at != '\0'; at++) {
        commas += *at == ',';
    }
    cr_expect_eq(commas, 16383);
    rig_stop(&rig);
}

/* The first are no samples, but large enough to be looked at anyway. */
Test(hot_keys, big_keys_are_found_also_when_they_are_rare)
{
    struct rig *rig = rig_with("metrics: {sample: 1000000, keys: true}", NULL, 1);
    const char *value = rig_print(rig, "%*s", 2 * 1024 * 1024, "x");

    ask(rig, "SET", "big", value);
    ask(rig, "SET", "small", "1");
    ask(rig, "STRLEN", "big");
    const char *reply = ask(rig, "PROXY", "BIGKEYS");

    EXPECT_CONTAINS(reply, "keys [[key big hash ");
    EXPECT_CONTAINS(reply, " bytes 2097186 what request command set]]]");
    EXPECT_CONTAINS(page(rig, "/hotkeys"), "\"bytes\":2097186,\"what\":\"request\"");
    cr_expect_eq(metric(rig, "biggest_key_bytes"), 2097186);
    ask(rig, "GET", "big");
    EXPECT_CONTAINS(ask(rig, "PROXY", "BIGKEYS"), " what request command set]]]");
    rig_stop(&rig);
}

Test(hot_keys, big_replies_of_samples_are_found)
{
    struct rig *rig = rig_with("metrics: {sample: 1}", NULL, 1);

    ask(rig, "SET", "big", rig_print(rig, "%*s", LARGE, "x"));
    for (int i = 0; i < 4; i++) {
        ask(rig, "APPEND", "big", "123456789");
    }
    ask(rig, "GET", "big");
    EXPECT_CONTAINS(ask(rig, "PROXY", "BIGKEYS"), " bytes 100047 what reply command get]]]");
    rig_stop(&rig);
}

static const struct {
    const char *count;
    const char *reply;
} counts[] = {
    {"0", "-ERR count should be between 1 and 1000"},
    {"-1", "-ERR count should be between 1 and 1000"},
    {"1001", "-ERR count should be between 1 and 1000"},
    {"many", "-ERR count should be between 1 and 1000"},
};

Test(hot_keys, how_many_are_wanted_must_make_sense)
{
    struct rig *rig = rig_with(NULL, NULL, 1);

    for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
        cr_expect_str_eq(ask(rig, "PROXY", "HOTKEYS", counts[i].count), counts[i].reply);
        cr_expect_str_eq(ask(rig, "PROXY", "BIGKEYS", counts[i].count), counts[i].reply);
        cr_expect_str_eq(ask(rig, "PROXY", "HOTSLOTS", counts[i].count), counts[i].reply);
    }
    EXPECT_STARTS(ask(rig, "PROXY", "HOTKEYS", "1", "2"), "-ERR wrong number of arguments");
    EXPECT_CONTAINS(ask(rig, "PROXY", "HOTKEYS", "1000"), "requests 0 keys []]");
    rig_stop(&rig);
}
