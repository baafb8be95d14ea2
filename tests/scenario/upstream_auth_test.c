/* slotway's own password towards the nodes. */
#include "tests/support/expect.h"
#include "tests/support/http.h"
#include "tests/support/rig.h"

TestSuite(upstream_auth, .timeout = 60, .fini = rig_clean_up);

static struct rig *start_guarded(const char *backend)
{
    return rig_start_with((struct rig_options){.nodes = 2,
                                               .node_password = "secret",
                                               .do_not_wait = true,
                                               .request_timeout = "500ms",
                                               .with_store = true,
                                               .backend = backend});
}

Test(upstream_auth, a_right_password_lets_requests_through)
{
    struct rig *rig = start_guarded("password: secret");

    cr_expect(rig_topology_passes(rig, 0));
    cr_expect_str_eq(ask(rig, "SET", "k", "1"), "OK");
    cr_expect_str_eq(ask(rig, "SET", "a", "1"), "OK");
    cr_expect_not(rig_has_written(rig, "secret"));
    rig_stop(&rig);
}

Test(upstream_auth, a_user_name_is_sent_along)
{
    struct rig *rig = start_guarded("username: app, password: secret");

    cr_expect(rig_topology_passes(rig, 0));
    cr_expect_str_eq(ask(rig, "SET", "k", "1"), "OK");
    cr_expect_gt(fake_node_count(rig_node(rig, 0), "AUTH app secret"), 0);
    rig_stop(&rig);
}

/* Each node may be at another step of a rotation. */
Test(upstream_auth, the_next_password_is_right_where_the_first_one_is_not)
{
    struct rig *rig = start_guarded("password: secret, password_next: changed");

    cr_expect(rig_topology_passes(rig, 0));
    cr_expect_str_eq(ask(rig, "MSET", "a", "1", "b", "2"), "OK");
    for (int i = 0; i < 2; i++) {
        const char *before = i == 0 ? "secret" : "changed";
        const char *after = i == 0 ? "changed" : "secret";

        for (int node = 0; node < 2; node++) {
            fake_node_set_password(rig_node(rig, node), after);
            fake_node_drop_connections(rig_node(rig, node));
            cr_expect(WAIT_FOR(ask(rig, "MSET", "a", "1", "b", "2")[0] == 'O'), "not %s", before);
        }
        long long version = metric(rig, "discovery_refreshes_total");
        cr_expect(WAIT_FOR(metric(rig, "discovery_refreshes_total") > version + 1));
    }
    cr_expect_eq(metric(rig, "error_replies_total"), 0);
    cr_expect_not(rig_has_written(rig, "AUTH: "));
    rig_stop(&rig);
}

Test(upstream_auth, two_wrong_passwords_are_said_clearly)
{
    struct rig *rig = start_guarded("password: guess, password_next: other");

    cr_expect(WAIT_FOR(rig_has_written(rig, "WRONGPASS")));
    cr_expect_not(rig_has_written(rig, "guess"));
    rig_stop(&rig);
}

static void expect_said_clearly(const char *backend, const char *cause)
{
    struct rig *rig = start_guarded(backend);

    cr_expect(WAIT_FOR(rig_has_written(rig, cause)));
    cr_expect_eq(ask(rig, "SET", "k", "1")[0], '-');
    cr_expect_eq(http_get(rig_admin_port(rig), "/readyz", NULL), 503);
    cr_expect_not(rig_has_written(rig, "guess"));
    rig_stop(&rig);
}

Test(upstream_auth, a_wrong_password_is_said_clearly)
{
    expect_said_clearly("password: guess", "WRONGPASS");
}

Test(upstream_auth, a_missing_password_is_said_clearly)
{
    expect_said_clearly(NULL, "NOAUTH");
}

Test(upstream_auth, a_password_that_changes_while_connections_live_does_no_harm)
{
    struct rig *rig = start_guarded("password: secret");

    cr_expect(rig_topology_passes(rig, 0));
    cr_expect_str_eq(ask(rig, "SET", "k", "1"), "OK");
    fake_node_set_password(rig_node(rig, 0), "changed");
    cr_expect_str_eq(ask(rig, "SET", "k", "2"), "OK");
    fake_node_drop_connections(rig_node(rig, 0));
    cr_expect(WAIT_FOR(ask(rig, "SET", "k", "3")[0] == '-'));
    cr_expect_str_eq(ask(rig, "SET", "a", "1"), "OK");
    fake_node_set_password(rig_node(rig, 0), "secret");
    cr_expect(WAIT_FOR(ask(rig, "SET", "k", "4")[0] == 'O'));
    rig_stop(&rig);
}
