/* The JSON of the admin port. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/expect.h"
#include "tests/support/http.h"
#include "tests/support/json.h"
#include "tests/support/rig.h"

TestSuite(documents, .timeout = 60, .fini = rig_clean_up);

/* What `asked` says of the document at `path`. */
static const char *look(struct rig *rig, const char *path, const char *asked)
{
    struct bytes body = {0};
    int status = 0;

    cr_assert(WAIT_FOR((status = http_get(rig_admin_port(rig), path, &body)) != 0));
    cr_assert_eq(status, 200, "%s: %d %s", path, status, body.at);
    char *answer = json_ask(&body, asked);
    const char *kept = rig_print(rig, "%s", answer);

    free(answer);
    bytes_clear(&body);
    return kept;
}

static void expect_document(struct rig *rig, const char *path, const char *asked,
                            const char *expected)
{
    const char *answer = look(rig, path, asked);

    cr_expect_str_eq(answer, expected, "%s of %s is %s and not %s", asked, path, answer, expected);
}

static bool becomes(struct rig *rig, const char *path, const char *asked, const char *expected)
{
    return WAIT_FOR(strcmp(look(rig, path, asked), expected) == 0);
}

static void expect_refused(struct rig *rig, const char *path, const char *why)
{
    struct bytes body = {0};

    cr_expect_eq(http_get(rig_admin_port(rig), path, &body), 400, "%s", path);
    char *answer = json_ask(&body, "d['error']");

    cr_expect_str_eq(answer, why);
    free(answer);
    bytes_clear(&body);
}

Test(documents, topology_has_nodes_and_their_slots)
{
    struct rig *rig = rig_start_with(
        (struct rig_options){.nodes = 3, .workers = 2, .with_store = true, .do_not_wait = true});

    fake_cluster_follow(rig_cluster(rig), 2, 1);
    fake_cluster_give(rig_cluster(rig), 10000, 16383, 1);
    fake_cluster_give(rig_cluster(rig), 0, 99, FAKE_NOBODY);
    cr_expect(becomes(rig, "/topology",
                      "[n['role'] for n in d['pools'][0]['nodes']] == "
                      "['primary', 'primary', 'replica'] and d['pools'][0]['slots_served']",
                      "16284"));
    expect_document(rig, "/topology", "d['workers'], d['workers_answered'], len(d['pools'])",
                    "(2, 2, 1)");
    expect_document(rig, "/topology", "d['pools'][0]['name'], d['pools'][0]['version'] > 0",
                    "('main', True)");
    expect_document(rig, "/topology", "[n['address'] for n in d['pools'][0]['nodes']]",
                    rig_print(rig, "['%s', '%s', '%s']", rig_address(rig, 0), rig_address(rig, 1),
                              rig_address(rig, 2)));
    expect_document(rig, "/topology", "[n['primary'] for n in d['pools'][0]['nodes']]",
                    "[None, None, 1]");
    expect_document(rig, "/topology",
                    "sum(n['slots'] for n in d['pools'][0]['nodes']), "
                    "sum(r[1] - r[0] + 1 for r in d['pools'][0]['slots']), "
                    "d['pools'][0]['slots'][0][0], d['pools'][0]['slots'][-1][1:]",
                    "(16284, 16284, 100, [16383, 1])");
    expect_document(rig, "/topology", "d['pools'][0]['nodes'][0]['id']",
                    fake_cluster_id(rig_cluster(rig), 0));
    rig_stop(&rig);
}

Test(documents, topology_tells_how_nodes_stand)
{
    struct rig *rig = rig_start_store(2);

    cr_expect_str_eq(ask(rig, "SET", "k", "v"), "OK"); /* slot 7629, of node 0 */
    expect_document(rig, "/topology", "[n['health'] for n in d['pools'][0]['nodes']]",
                    "['connected', 'unused']");
    expect_document(rig, "/topology",
                    "[(n['connections'], n['in_flight'], n['requests_total'], n['ill_workers']) "
                    "for n in d['pools'][0]['nodes']]",
                    "[(1, 0, 1, 0), (0, 0, 0, 0)]");
    fake_node_die(rig_node(rig, 0));
    cr_expect(becomes(rig, "/topology", "d['pools'][0]['nodes'][0]['health']", "unreachable"));
    cr_expect(becomes(rig, "/topology",
                      "d['pools'][0]['nodes'][0]['ill_workers'], "
                      "d['pools'][0]['nodes'][0]['down_ms'] > 0",
                      "(1, True)"));
    fake_node_return(rig_node(rig, 0));
    cr_expect(becomes(rig, "/topology", "d['pools'][0]['nodes'][0]['health']", "connected"));
    rig_stop(&rig);
}

Test(documents, stats_have_totals_workers_and_nodes)
{
    struct rig *rig =
        rig_start_with((struct rig_options){.nodes = 2, .workers = 3, .with_store = true});

    cr_expect_str_eq(ask(rig, "SET", "k", "v"), "OK");
    cr_expect_str_eq(ask(rig, "GET", "a"), "(nil)");
    EXPECT_STARTS(ask(rig, "MSET", "k", "v", "a"), "-ERR wrong number");
    expect_document(rig, "/stats", "d['ready'], d['not_ready'], d['draining']",
                    "(True, [], False)");
    expect_document(rig, "/stats", "d['pools'][0]['totals']['downstream_requests_total']", "3");
    expect_document(rig, "/stats", "sum(d['pools'][0]['errors'].values()) > 0", "True");
    expect_document(rig, "/stats",
                    "len(d['workers']), sum(w['clients'] for w in d['workers']), "
                    "all(w['answered'] for w in d['workers'])",
                    "(3, 1, True)");
    expect_document(rig, "/stats", "[n['requests_total'] for n in d['pools'][0]['nodes']]",
                    "[1, 1]");
    expect_document(rig, "/stats", "'slots' in d['pools'][0]", "False");
    cr_expect(becomes(rig, "/stats", "d['pools'][0]['last']['clients']", "1"));
    cr_expect(becomes(rig, "/stats", "d['pools'][0]['nodes'][0]['requests_per_second']", "0"));
    cr_expect(becomes(rig, "/history",
                      "sum(d['pools'][0]['requests_per_second']) > 0 and d['second'] > 0", "True"));
    expect_document(rig, "/history?seconds=1", "len(d['pools'][0]['p99_us'])", "1");
    rig_stop(&rig);
}

Test(documents, say_why_slotway_is_not_ready)
{
    struct rig *rig = rig_start_with((struct rig_options){.nodes = 1, .start_dead = true});

    expect_document(rig, "/stats", "d['ready'], d['not_ready']",
                    "(False, ['pool main: no node of its cluster has answered yet'])");
    expect_document(rig, "/topology", "d['pools'][0]['nodes'], d['pools'][0]['slots']", "([], [])");
    cr_expect(becomes(rig, "/events", "'silence' in [e['kind'] for e in d['events']]", "True"));
    rig_stop(&rig);
}

Test(documents, clients_come_in_pages)
{
    struct rig *rig =
        rig_start_with((struct rig_options){.nodes = 1, .workers = 2, .with_store = true});
    const char *path = "/clients?limit=2";

    for (int i = 0; i < 5; i++) {
        struct wire *wire = rig_connect(rig);

        cr_expect_str_eq(wire_ask(wire, "CLIENT", "SETNAME", "\"<b>'\\&"), "OK");
    }
    expect_document(rig, path, "d['total'], [c['id'] for c in d['clients']], d['next']",
                    "(5, [1, 2], 2)");
    expect_document(rig, "/clients?limit=2&after=2", "[c['id'] for c in d['clients']], d['next']",
                    "([3, 4], 4)");
    expect_document(rig, "/clients?limit=2&after=4", "[c['id'] for c in d['clients']], d['next']",
                    "([5], None)");
    expect_document(rig, "/clients", "{c['name'] for c in d['clients']} == {'\"<b>\\'\\\\&'}",
                    "True");
    expect_document(rig, "/clients",
                    "all(c['cmd'] == 'client|setname' and c['resp'] == 2 and c['multi'] == -1 and "
                    "c['addr'].startswith('127.0.0.1:') for c in d['clients'])",
                    "True");
    expect_document(rig, "/clients", "{c['worker'] for c in d['clients']}", "{0, 1}");
    rig_stop(&rig);
}

/* All that is asked is slow. */
static struct rig *start_slow(const char *show_keys)
{
    setenv("SLOTWAY_SLOWLOG_SLOWER_THAN", "0", 1);
    setenv("SLOTWAY_ADMIN_SHOW_KEYS", show_keys, 1);
    return rig_start_with((struct rig_options){.nodes = 1, .workers = 2, .with_store = true});
}

Test(documents, slowlog_keeps_keys_and_values_to_itself)
{
    struct rig *rig = start_slow("false");

    cr_expect_str_eq(ask(rig, "CLIENT", "SETNAME", "me"), "OK");
    cr_expect_str_eq(ask(rig, "SET", "secret-key", "v"), "OK");
    expect_document(rig, "/slowlog", "d['kind'], d['entries'][0]['arguments']",
                    "('slow', ['SET', '(10 bytes)', '(1 bytes)'])");
    expect_document(rig, "/slowlog",
                    "d['entries'][0]['id'], d['entries'][0]['name'], "
                    "d['entries'][0]['took_us'] >= d['entries'][0]['node_us'] >= 0",
                    "(0, 'me', True)");
    expect_document(rig, "/slowlog", "d['entries'][0]['node']", rig_address(rig, 0));
    expect_document(rig, "/slowlog?limit=1", "len(d['entries'])", "1");
    expect_document(rig, "/slowlog?kind=large-reply", "d['entries']", "[]");
    rig_stop(&rig);
}

Test(documents, slowlog_shows_whatever_clients_say_when_it_may)
{
    struct rig *rig = start_slow("true");

    cr_expect_str_eq(ask(rig, "SET", "\xff</script>\x01\"", "v"), "OK");
    expect_document(rig, "/slowlog", "d['entries'][0]['arguments']",
                    "['SET', '\xef\xbf\xbd</script>\\x01\"', 'v']");
    rig_stop(&rig);
}

Test(documents, refuse_what_makes_no_sense)
{
    struct rig *rig = rig_start(1);

    expect_refused(rig, "/clients?pool=%22x", "there is no pool '\"x'");
    expect_refused(rig, "/clients?limit=501", "limit must be a number from 0 to 500");
    expect_refused(rig, "/clients?after=-1",
                   "after must be a number from 0 to 9223372036854775807");
    expect_refused(rig, "/slowlog?kind=fast", "kind must be slow, large-request or large-reply");
    expect_refused(rig, "/events?limit=x", "limit must be a number from 0 to 256");
    expect_refused(rig, "/history?seconds=601", "seconds must be a number from 0 to 600");
    rig_stop(&rig);
}

Test(documents, config_has_no_secrets)
{
    struct rig *rig =
        rig_start_with((struct rig_options){.nodes = 1,
                                            .node_password = "tell-nobody",
                                            .backend = "password: tell-nobody",
                                            .clients = "max: 77, password: nor-this"});
    struct bytes body = {0};

    cr_assert_eq(http_get(rig_admin_port(rig), "/config", &body), 200);
    EXPECT_LACKS(body.at, "tell-nobody");
    EXPECT_LACKS(body.at, "nor-this");
    bytes_clear(&body);
    expect_document(rig, "/config",
                    "[(o['value'], o['live']) for o in d['pools'][0]['options'] if o['name'] in "
                    "('clients.max', 'clients.password', 'backend.password', 'scripts.bytes')]",
                    "[(77, True), ('***', True), ('16mb', False), ('***', True)]");
    expect_document(rig, "/config", "[o['value'] for o in d['options'] if o['name'] == 'workers']",
                    "[1]");
    rig_stop(&rig);
}

Test(documents, events_tell_of_nodes_that_go_and_come_back)
{
    struct rig *rig = rig_start_store(2);

    expect_document(rig, "/events", "[e['kind'] for e in d['events']]", "['start', 'topology']");
    const char *change = look(rig, "/events", "d['change']");
    const char *path = rig_print(rig, "/events?after=%s", change);

    expect_document(rig, path, "d['events']", "[]");
    cr_expect_str_eq(ask(rig, "SET", "k", "v"), "OK");
    fake_node_die(rig_node(rig, 0));
    cr_expect(becomes(rig, path,
                      "[(e['mood'], e['pool'], e['node']) for e in d['events'] "
                      "if e['kind'] == 'node_down'][:1]",
                      rig_print(rig, "[('bad', 'main', '%s')]", rig_address(rig, 0))));
    fake_node_return(rig_node(rig, 0));
    cr_expect(becomes(rig, path, "'node_up' in [e['kind'] for e in d['events']]", "True"));
    rig_stop(&rig);
}

Test(documents, events_tell_of_a_failover)
{
    struct rig *rig =
        rig_start_with((struct rig_options){.nodes = 3, .with_store = true, .do_not_wait = true});

    fake_cluster_follow(rig_cluster(rig), 2, 0);
    fake_cluster_give(rig_cluster(rig), 0, 9999, 0);
    fake_cluster_give(rig_cluster(rig), 10000, 16383, 1);
    cr_assert(becomes(rig, "/topology", "[n['slots'] for n in d['pools'][0]['nodes']]",
                      "[10000, 0, 6384]"));
    fake_cluster_give(rig_cluster(rig), 0, 9999, 2);
    fake_cluster_follow(rig_cluster(rig), 0, 2);
    cr_expect(becomes(rig, "/events", "[e['node'] for e in d['events'] if e['kind'] == 'failover']",
                      rig_print(rig, "['%s']", rig_address(rig, 2))));
    rig_stop(&rig);
}
