/* Clients that must give a password. */
#include "tests/support/expect.h"
#include "tests/support/rig.h"
#include "tests/support/twin.h"

TestSuite(auth, .timeout = 60, .fini = rig_clean_up);

static struct rig *start_guarded(const char *clients)
{
    return rig_start_with((struct rig_options){.nodes = 1, .with_store = true, .clients = clients});
}

static const char no_auth[] = "-NOAUTH Authentication required.";
static const char wrong_pass[] = "-WRONGPASS invalid username-password pair or user is disabled.";

Test(auth, nothing_is_done_before_the_password)
{
    struct rig *rig = start_guarded("password: secret");

    cr_expect_str_eq(ask(rig, "SET", "k", "v"), no_auth);
    cr_expect_str_eq(ask(rig, "PING"), no_auth);
    cr_expect_str_eq(ask(rig, "CLIENT", "LIST"), no_auth);
    cr_expect_str_eq(ask(rig, "AUTH", "guess"), wrong_pass);
    cr_expect_str_eq(ask(rig, "SET", "k", "v"), no_auth);
    cr_expect_str_eq(rig_log(rig, 0), "");
    cr_expect_str_eq(ask(rig, "AUTH", "secret"), "OK");
    cr_expect_str_eq(ask(rig, "SET", "k", "v"), "OK");
    cr_expect_not(rig_has_written(rig, "secret"));
    cr_expect_not(rig_has_written(rig, "guess"));
    rig_stop(&rig);
}

Test(auth, takes_effect_in_the_middle_of_a_pipeline)
{
    struct rig *rig = start_guarded("password: secret");

    wire_request(rig_client(rig), "SET", "k", "1");
    wire_request(rig_client(rig), "AUTH", "secret");
    wire_request(rig_client(rig), "SET", "k", "2");
    wire_request(rig_client(rig), "RESET");
    wire_request(rig_client(rig), "GET", "k");
    cr_expect_str_eq(wire_text(rig_client(rig)), no_auth);
    cr_expect_str_eq(wire_text(rig_client(rig)), "OK");
    cr_expect_str_eq(wire_text(rig_client(rig)), "OK");
    cr_expect_str_eq(wire_text(rig_client(rig)), "RESET");
    cr_expect_str_eq(wire_text(rig_client(rig)), no_auth);
    rig_stop(&rig);
}

Test(auth, a_wrong_password_leaves_a_known_client_known)
{
    struct rig *rig = start_guarded("password: secret");

    cr_expect_str_eq(ask(rig, "AUTH", "secret"), "OK");
    cr_expect_str_eq(ask(rig, "AUTH", "guess"), wrong_pass);
    cr_expect_str_eq(ask(rig, "HELLO", "2", "AUTH", "default", "guess"), wrong_pass);
    cr_expect_str_eq(ask(rig, "SET", "k", "v"), "OK");
    rig_stop(&rig);
}

Test(auth, users_have_names)
{
    struct rig *rig = start_guarded("username: app, password: secret");

    cr_expect_str_eq(ask(rig, "AUTH", "nobody", "secret"), wrong_pass);
    cr_expect_str_eq(ask(rig, "AUTH", "app", "secret"), "OK");
    cr_expect_str_eq(ask(rig, "PING"), "PONG");
    rig_stop(&rig);
}

Test(auth, hello_can_bring_the_password)
{
    struct rig *rig = start_guarded("password: secret");

    EXPECT_STARTS(ask(rig, "HELLO", "2"), "-NOAUTH HELLO must be called with the client already");
    EXPECT_CONTAINS(ask(rig, "HELLO", "2", "AUTH", "default", "secret", "SETNAME", "me"),
                    "proto 2");
    cr_expect_str_eq(ask(rig, "CLIENT", "GETNAME"), "me");
    rig_stop(&rig);
}

Test(auth, strangers_may_quit)
{
    struct rig *rig = start_guarded("password: secret");

    cr_expect_str_eq(ask(rig, "QUIT"), "OK");
    cr_expect(wire_is_closed(rig_client(rig)));
    rig_stop(&rig);
}

Test(auth, strangers_have_the_limits_of_redis)
{
    static const char *const rows[] = {
        "*11\r\n",
        "*2\r\n$16385\r\n",
        "*2\r\n$4\r\nAUTH\r\n$99999\r\n",
    };
    struct rig *rig = start_guarded("password: secret");
    uint16_t twin = twin_start();
    struct wire *setter = wire_open(twin);
    cr_expect_str_eq(wire_ask(setter, "CONFIG", "SET", "requirepass", "secret"), "OK");

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct wire *ours = rig_connect(rig);
        struct wire *theirs = wire_open(twin);
        wire_send(ours, "%s", rows[i]);
        wire_send(theirs, "%s", rows[i]);
        cr_expect_str_eq(wire_text(ours), wire_text(theirs));
        cr_expect(wire_is_closed(ours));
        wire_close(&theirs);
    }
    wire_close(&setter);
    twin_stop();
    rig_stop(&rig);
}
