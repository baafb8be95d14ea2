/* clients.auth: nodes, and a node that dies or is silent: all users' connections notice it, and
 * people hear of it once.
 */
#include <stdlib.h>

#include "tests/support/expect.h"
#include "tests/support/http.h"
#include "tests/support/json.h"
#include "tests/support/rig.h"

TestSuite(node_users_outage, .timeout = 120, .fini = rig_clean_up);

enum { USERS = 4, ENOUGH = 5 * USERS };

/* Each user has a connection to the one node. */
static struct rig *start(struct wire **users, const char *backend)
{
    struct rig *rig = rig_start_with((struct rig_options){
        .nodes = 1,
        .with_store = true,
        .node_password = "secret",
        .request_timeout = "60s",
        .clients = "auth: nodes",
        .backend = backend,
    });

    for (int i = 0; i < USERS; i++) {
        users[i] = rig_connect(rig);
        cr_assert_str_eq(wire_ask(users[i], "AUTH", rig_print(rig, "user%d", i), "secret"), "OK");
        cr_assert_str_eq(wire_ask(users[i], "SET", "k", "0"), "OK");
    }
    return rig;
}

static void ask_all(struct wire **users)
{
    for (int i = 0; i < USERS; i++) {
        wire_request(users[i], "GET", "k");
    }
}

static void expect_all_answered(struct wire **users)
{
    for (int i = 0; i < USERS; i++) {
        cr_expect_str_eq(wire_text(users[i]), "0");
    }
}

/* How often events of that kind were posted. */
static int posted(struct rig *rig, const char *kind)
{
    struct bytes body = {0};

    cr_expect_eq(http_get(rig_admin_port(rig), "/events", &body), 200);
    char *text = json_ask(&body, rig_print(rig,
                                           "sum(e['count'] for e in d['events'] "
                                           "if e['kind'] == '%s')",
                                           kind));
    int count = atoi(text);

    free(text);
    bytes_clear(&body);
    return count;
}

static bool ends_with(const char *line, const char *end)
{
    size_t size = strlen(line);

    return size >= strlen(end) && strcmp(line + size - strlen(end), end) == 0;
}

/* How many lines of the log have `what` in them, and end like that. */
static int written(struct rig *rig, const char *what, const char *end)
{
    struct bytes output = process_output(rig_process(rig));
    char *rest = output.at;
    int count = 0;

    for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
        count += strstr(line, what) != NULL && ends_with(line, end);
    }
    bytes_clear(&output);
    return count;
}

static void expect_told_once(struct rig *rig)
{
    cr_expect_eq(posted(rig, "node_down"), 1);
    for (int attempts = 1; attempts <= ENOUGH; attempts++) {
        cr_expect_leq(written(rig, "node unreachable", rig_print(rig, " attempts=%d", attempts)), 1,
                      "attempts=%d", attempts);
    }
    cr_expect_eq(posted(rig, "node_up"), 0);
}

static void expect_told_that_it_is_over(struct rig *rig)
{
    cr_expect(WAIT_FOR(rig_has_written(rig, "node reachable again")));
    cr_expect(WAIT_FOR(metric(rig, "nodes_unreachable") == 0));
    cr_expect_eq(written(rig, "node reachable again", ""), 1);
    cr_expect_eq(posted(rig, "node_up"), 1);
    cr_expect_eq(posted(rig, "node_down"), 1);
}

static void expect_death_and_return_told_once(struct rig *rig, struct wire **users)
{
    fake_node_die(rig_node(rig, 0));
    ask_all(users);
    cr_assert(WAIT_FOR(metric(rig, "upstream_connect_failed_total") >= ENOUGH));
    expect_told_once(rig);
    fake_node_return(rig_node(rig, 0));
    expect_all_answered(users);
    expect_told_that_it_is_over(rig);
}

Test(node_users_outage, that_ends_their_connections_is_told_once)
{
    struct wire *users[USERS];
    struct rig *rig = start(users, "password: secret, silent_after: 60s");

    expect_death_and_return_told_once(rig, users);
    rig_stop(&rig);
}

/* Slotway's own user is not needed for what users ask, and may do without a connection. */
Test(node_users_outage, is_told_once_when_slotways_own_user_notices_it_too)
{
    struct wire *users[USERS];
    struct rig *rig = start(users, "password: secret, silent_after: 60s");

    script(rig, 0, WANT("ACL", "DRYRUN", "user0", "CLIENT", "LIST"), SAY("+OK\r\n"));
    EXPECT_CONTAINS(wire_ask(users[0], "CLIENT", "LIST"), " user=user0 ");
    expect_death_and_return_told_once(rig, users);
    rig_stop(&rig);
}

Test(node_users_outage, that_is_a_silence_is_told_once)
{
    struct wire *users[USERS];
    struct rig *rig = start(users, "password: secret, silent_after: 50ms");

    fake_node_pause(rig_node(rig, 0));
    ask_all(users);
    cr_assert(WAIT_FOR(metric(rig, "breakers_open") == USERS));
    cr_expect_eq(written(rig, "node is silent", ""), 1);
    cr_expect_eq(posted(rig, "breaker_open"), 1);
    cr_expect_eq(posted(rig, "breaker_closed"), 0);
    fake_node_resume(rig_node(rig, 0));
    expect_all_answered(users);
    cr_assert(WAIT_FOR(metric(rig, "breakers_open") == 0));
    cr_expect_eq(written(rig, "silent node answers again", ""), 1);
    cr_expect_eq(posted(rig, "breaker_closed"), 1);
    cr_expect_eq(posted(rig, "breaker_open"), 1);
    rig_stop(&rig);
}
