/* Lines with kind=audit: who gave which orders, and what was denied to whom. */
#include "tests/support/expect.h"
#include "tests/support/rig.h"

TestSuite(audit, .timeout = 120, .fini = rig_clean_up);

static struct rig *start(const char *clients)
{
    return rig_start_with((struct rig_options){.nodes = 2,
                                               .with_store = true,
                                               .clients = clients,
                                               .commands = "keys: deny",
                                               .global = "log: {format: text}\n"});
}

#define WRITTEN(rig, text) cr_expect(WAIT_FOR(rig_has_written((rig), (text))), "%s", (text))

Test(audit, tells_who_gave_an_order_and_what_it_was)
{
    struct rig *rig = start("admin: true");

    cr_expect_str_eq(ask(rig, "CLIENT", "SETNAME", "ops"), "OK");
    cr_expect_str_eq(ask(rig, "FLUSHALL"), "OK");
    cr_expect_str_eq(ask(rig, "CLIENT", "KILL", "ID", "4711"), "0");
    ask(rig, "CLIENT", "KILL", "", "4712");
    ask(rig, "PROXY", "PAUSE", "NODE", rig_address(rig, 0), "5");
    WRITTEN(rig, "INFO  order of a client kind=audit pool=main client=1 user=default address=127.");
    WRITTEN(rig, " command=flushall arguments=\"\" name=ops");
    WRITTEN(rig, " command=\"client kill\" arguments=\"ID 4711\"");
    WRITTEN(rig, " command=\"client kill\" arguments=\" 4712\"");
    WRITTEN(rig, rig_print(rig, " command=\"proxy pause\" arguments=\"NODE %s 5\"",
                           rig_address(rig, 0)));
    cr_expect_not(rig_has_written(rig, "command=\"client setname\""));
    rig_stop(&rig);
}

Test(audit, tells_names_of_what_is_set_and_never_a_value)
{
    struct rig *rig = start("admin: true");

    ask(rig, "CONFIG", "SET", "requirepass", "hunter2", "masterauth", "hunter3");
    ask(rig, "PROXY", "NODE", rig_address(rig, 0), "CONFIG", "SET", "requirepass", "hunter4");
    ask(rig, "PROXY", "NODE", rig_address(rig, 0), "KEYS", "hunter*");
    ask(rig, "ACL", "LOG", "1");
    ask(rig, "ACL", "LOG", "RESET");
    WRITTEN(rig, " command=\"config set\" arguments=\"requirepass masterauth\"");
    WRITTEN(rig, rig_print(rig, " command=\"proxy node\" arguments=\"%s CONFIG SET\"",
                           rig_address(rig, 0)));
    WRITTEN(rig, " command=\"acl log\" arguments=RESET");
    cr_expect_not(rig_has_written(rig, "hunter"));
    cr_expect_not(rig_has_written(rig, "command=\"acl log\" arguments=1"));
    rig_stop(&rig);
}

Test(audit, tells_what_was_denied_and_never_a_password)
{
    struct rig *rig = start("password: right");

    EXPECT_STARTS(ask(rig, "GET", "k"), "-NOAUTH");
    EXPECT_STARTS(ask(rig, "AUTH", "hunter2"), "-WRONGPASS");
    cr_expect_str_eq(ask(rig, "AUTH", "right"), "OK");
    EXPECT_STARTS(ask(rig, "KEYS", "*"), "-ERR command 'keys' is denied");
    EXPECT_STARTS(ask(rig, "SHUTDOWN"), "-ERR");
    WRITTEN(rig, "INFO  denied to a client kind=audit pool=main client=1 user=\"\" address=127.");
    WRITTEN(rig, " command=get reason=noauth");
    WRITTEN(rig, " command=auth reason=wrongpass");
    WRITTEN(rig, " user=default ");
    WRITTEN(rig, " command=keys reason=configuration");
    WRITTEN(rig, " command=shutdown reason=unsupported");
    cr_expect_not(rig_has_written(rig, "hunter2"));
    rig_stop(&rig);
}

Test(audit, tells_what_a_user_may_not_do)
{
    struct rig *rig = start("users: {default: \"on nopass ~* &* +@all -flushall\"}");

    EXPECT_STARTS(ask(rig, "FLUSHALL"), "-NOPERM");
    WRITTEN(rig, " user=default address=127.");
    WRITTEN(rig, " command=flushall reason=noperm");
    cr_expect_not(rig_has_written(rig, "order of a client"));
    rig_stop(&rig);
}

/* A line has room for so much; a name of that size is still taken. */
Test(audit, a_long_name_does_not_hide_what_was_done)
{
    struct rig *rig = start("admin: true");
    char name[1024 + 1];

    memset(name, 'a', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    cr_expect_str_eq(ask(rig, "CLIENT", "SETNAME", name), "OK");
    cr_expect_str_eq(ask(rig, "FLUSHALL"), "OK");
    WRITTEN(rig, " command=flushall");
    rig_stop(&rig);
}

Test(audit, can_be_turned_off)
{
    struct rig *rig = start("audit: false");

    cr_expect_str_eq(ask(rig, "FLUSHALL"), "OK");
    EXPECT_STARTS(ask(rig, "KEYS", "*"), "-ERR command 'keys' is denied");
    cr_expect_eq(metric(rig, "downstream_requests_total"), 2);
    cr_expect_not(rig_has_written(rig, "kind=audit"));
    rig_stop(&rig);
}
