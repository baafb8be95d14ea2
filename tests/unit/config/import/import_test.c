#include "config/import/import.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/errors.h"

static char folder[] = "/tmp/slotway-import-XXXXXX";

static void enter(void)
{
    cr_assert_not_null(mkdtemp(folder));
    cr_assert_eq(chdir(folder), 0);
}

static void leave(void)
{
    const char *const names[] = {"f.yml", "f.conf", "cluster.conf", "out.yaml"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        unlink(names[i]);
    }
    cr_expect_eq(rmdir(folder), 0);
}

TestSuite(import, .init = enter, .fini = leave);

static void put(const char *name, const char *text)
{
    FILE *file = fopen(name, "we");

    cr_assert_not_null(file);
    cr_assert_geq(fputs(text, file), 0);
    cr_assert_eq(fclose(file), 0);
}

/* What is printed for the file; the errors, a line each, when it is refused. To be freed. */
static char *imported(const char *name)
{
    struct config_errors errors;
    char *text = NULL;
    size_t size = 0;
    size_t notes = 0;
    FILE *to = open_memstream(&text, &size);

    cr_assert_not_null(to);
    bool is_done = config_import(name, to, &notes, &errors);
    cr_expect_eq(is_done, errors.count == 0);
    for (size_t i = 0; i < errors.count; i++) {
        fprintf(to, "%s\n", errors.lines[i]);
    }
    cr_assert_eq(fclose(to), 0);
    config_errors_clear(&errors);
    return text;
}

/* What is printed is what slotway takes, and comments. */
static void gives(const char *name, const char *expected)
{
    char *text = imported(name);
    struct config_errors errors;

    cr_expect_str_eq(text, expected, "got:\n%s\nexpected:\n%s", text, expected);
    put("out.yaml", text);
    struct config *config = config_load("out.yaml", NULL, &errors);
    cr_expect_not_null(config, "%s", errors.count > 0 ? errors.lines[0] : "");
    config_free(&config);
    config_errors_clear(&errors);
    free(text);
}

static const char given_nutcracker[] = "alpha:\n"
                                       "  listen: 127.0.0.1:22121\n"
                                       "  hash: fnv1a_64\n"
                                       "  distribution: ketama\n"
                                       "  auto_eject_hosts: true\n"
                                       "  redis: true\n"
                                       "  redis_auth: secret\n"
                                       "  timeout: 400\n"
                                       "  backlog: 512\n"
                                       "  client_connections: 0\n"
                                       "  server_connections: 2\n"
                                       "  tcpkeepalive: true\n"
                                       "  servers:\n"
                                       "   - 127.0.0.1:6379:1\n"
                                       "   - 127.0.0.1:6380:2 second\n"
                                       "beta:\n"
                                       "  listen: /tmp/beta.sock 0660\n"
                                       "  redis: true\n"
                                       "  hash_tag: \"<>\"\n"
                                       "  redis_db: 3\n"
                                       "  servers: [\"10.0.0.1:7000:1\"]\n"
                                       "gamma:\n"
                                       "  listen: 127.0.0.1:22122\n"
                                       "  servers: [\"10.0.0.1:11211:1\"]\n";

static const char expected_nutcracker[] =
    "# Not carried over, or different in slotway:\n"
    "# - f.yml:15: 127.0.0.1:6380:2: weight; a node's part is the slots that it has\n"
    "# - f.yml:13: servers: they must be nodes of one cluster; what is on servers that are "
    "none is to be moved into a cluster first\n"
    "# - f.yml:21: servers: they must be nodes of one cluster; what is on servers that are "
    "none is to be moved into a cluster first\n"
    "# - f.yml:20: redis_db: a cluster has database 0 only\n"
    "# - f.yml:19: hash_tag: a cluster's is {}; keys with another one are spread over its "
    "nodes\n"
    "# - f.yml:22: gamma: a pool of memcached servers (redis is not true)\n"
    "# - f.yml:3: hash: a cluster places keys by CRC16 in 16,384 slots\n"
    "# - f.yml:4: distribution: a cluster gives each node a part of the slots\n"
    "# - f.yml:5: auto_eject_hosts: a key has one owner; its requests wait until a replica "
    "is promoted\n"
    "\n"
    "pools:\n"
    "  - name: \"alpha\"\n"
    "    listen: [\"127.0.0.1:22121\"]\n"
    "    clients:\n"
    "      password: \"secret\"\n"
    "      backlog: 512\n"
    "    backend:\n"
    "      seeds: [\"127.0.0.1:6379\", \"127.0.0.1:6380\"]\n"
    "      password: \"secret\"\n"
    "      connections: 2\n"
    "    timeouts:\n"
    "      connect: 400ms\n"
    "      request: 400ms\n"
    "  - name: \"beta\"\n"
    "    listen: [\"unix:/tmp/beta.sock\"]\n"
    "    clients:\n"
    "      socket_mode: 660\n"
    "    backend:\n"
    "      seeds: [\"10.0.0.1:7000\"]\n";

Test(import, pools_of_nutcracker)
{
    put("f.yml", given_nutcracker);
    gives("f.yml", expected_nutcracker);
}

static const char given_predixy[] = "## a comment\n"
                                    "Name PredixyExample\n"
                                    "Bind 0.0.0.0:7617\n"
                                    "WorkerThreads 4\n"
                                    "MaxMemory 100M\n"
                                    "ClientTimeout 300\n"
                                    "BufSize 4096\n"
                                    "Log ./predixy.log\n"
                                    "Authority {\n"
                                    "    Auth {\n"
                                    "        Mode read\n"
                                    "        KeyPrefix Info\n"
                                    "    }\n"
                                    "    Auth \"#a \\\"complex\\\" password\" {\n"
                                    "        Mode write\n"
                                    "        KeyPrefix User\n"
                                    "    }\n"
                                    "}\n"
                                    "Include cluster.conf # beside this one\n"
                                    "LatencyMonitor all {\n"
                                    "    Commands {\n"
                                    "        + all\n"
                                    "    }\n"
                                    "}\n";

static const char given_predixy_servers[] = "ClusterServerPool {\n"
                                            "    Password nodes\n"
                                            "    MasterReadPriority 60\n"
                                            "    RefreshInterval 1\n"
                                            "    ServerTimeout 500ms\n"
                                            "    NewThing 1\n"
                                            "    Servers {\n"
                                            "        + 192.168.2.107:2211\n"
                                            "        + 192.168.2.107:2212\n"
                                            "    }\n"
                                            "}\n";

static const char expected_predixy[] =
    "# Not carried over, or different in slotway:\n"
    "# - f.conf:10: Auth without a password, Mode read: needs a user of its own\n"
    "# - f.conf:16: KeyPrefix: needs a user of its own\n"
    "# - f.conf:7: BufSize: buffers grow and shrink with what is in them\n"
    "# - f.conf:8: Log: slotway writes to standard error; log.level and log.format\n"
    "# - cluster.conf:3: MasterReadPriority: reads go to primaries, so that a client reads "
    "what it has written\n"
    "# - cluster.conf:6: NewThing: has no equivalent\n"
    "# - f.conf:20: LatencyMonitor: latencies are metrics on the admin address, and LATENCY "
    "and SLOWLOG\n"
    "\n"
    "workers: 4\n"
    "memory:\n"
    "  limit: 100mb\n"
    "pools:\n"
    "  - name: \"PredixyExample\"\n"
    "    listen: [\"0.0.0.0:7617\"]\n"
    "    clients:\n"
    "      password: \"#a \\\"complex\\\" password\"\n"
    "      idle: 5m\n"
    "    backend:\n"
    "      seeds: [\"192.168.2.107:2211\", \"192.168.2.107:2212\"]\n"
    "      password: \"nodes\"\n"
    "      refresh: 1s\n"
    "    timeouts:\n"
    "      request: 500ms\n";

Test(import, a_predixy_with_an_included_file)
{
    put("f.conf", given_predixy);
    put("cluster.conf", given_predixy_servers);
    gives("f.conf", expected_predixy);
}

static const char given_envoy[] =
    "admin:\n"
    "  address: {socket_address: {address: 127.0.0.1, port_value: 8001}}\n"
    "static_resources:\n"
    "  listeners:\n"
    "  - name: redis_listener\n"
    "    address:\n"
    "      socket_address: {address: \"::\", port_value: 1999, protocol: TCP}\n"
    "    filter_chains:\n"
    "    - filters:\n"
    "      - name: envoy.filters.network.redis_proxy\n"
    "        typed_config:\n"
    "          \"@type\": "
    "type.googleapis.com/envoy.extensions.filters.network.redis_proxy.v3.RedisProxy\n"
    "          stat_prefix: egress_redis\n"
    "          downstream_auth_password: {inline_string: \"front\"}\n"
    "          settings:\n"
    "            op_timeout: 0.5s\n"
    "            enable_redirection: true\n"
    "            read_policy: PREFER_REPLICA\n"
    "          prefix_routes:\n"
    "            routes:\n"
    "            - prefix: \"ab:\"\n"
    "              cluster: other\n"
    "            catch_all_route: {cluster: redis_cluster}\n"
    "  clusters:\n"
    "  - name: redis_cluster\n"
    "    connect_timeout: 1s\n"
    "    cluster_type:\n"
    "      name: envoy.clusters.redis\n"
    "      typed_config:\n"
    "        \"@type\": type.googleapis.com/google.protobuf.Struct\n"
    "        cluster_refresh_rate: 3s\n"
    "    typed_extension_protocol_options:\n"
    "      envoy.filters.network.redis_proxy:\n"
    "        auth_password: {environment_variable: REDIS_PASSWORD}\n"
    "    load_assignment:\n"
    "      cluster_name: redis_cluster\n"
    "      endpoints:\n"
    "      - lb_endpoints:\n"
    "        - endpoint: {address: {socket_address: {address: node-1, port_value: 7000}}}\n"
    "        - endpoint: {address: {socket_address: {address: node-2, port_value: 7001}}}\n";

static const char expected_envoy[] =
    "# Not carried over, or different in slotway:\n"
    "# - f.yml:34: auth_password: slotway reads the secret from SLOTWAY_BACKEND_PASSWORD, "
    "not REDIS_PASSWORD\n"
    "# - f.yml:18: read_policy: reads go to primaries, so that a client reads what it has "
    "written\n"
    "# - f.yml:20: routes: keys are not routed by their prefix: a pool has one cluster\n"
    "\n"
    "admin:\n"
    "  listen: [\"127.0.0.1:8001\"]\n"
    "pools:\n"
    "  - name: \"egress_redis\"\n"
    "    listen: [\"[::]:1999\"]\n"
    "    clients:\n"
    "      password: \"front\"\n"
    "    backend:\n"
    "      seeds: [\"node-1:7000\", \"node-2:7001\"]\n"
    "      refresh: 3s\n"
    "    timeouts:\n"
    "      connect: 1s\n"
    "      request: 500ms\n";

Test(import, a_redis_listener_of_envoy)
{
    put("f.yml", given_envoy);
    gives("f.yml", expected_envoy);
}

Test(import, a_key_that_is_no_text_does_not_spoil_the_comments)
{
    put("f.conf", "ClusterServerPool {\n  Servers\240 {\n  }\n  Servers {\n  + h:1\n  }\n}\n");
    gives("f.conf", "# Not carried over, or different in slotway:\n"
                    "# - f.conf:2: Servers?: has no equivalent\n"
                    "\n"
                    "pools:\n"
                    "  - listen: [\"0.0.0.0:7617\"]\n"
                    "    backend:\n"
                    "      seeds: [\"h:1\"]\n");
}

Test(import, a_value_out_of_bounds_is_left_out_and_told)
{
    put("f.yml", "alpha:\n"
                 "  listen: 127.0.0.1:22121\n"
                 "  redis: true\n"
                 "  backlog: 99999999\n"
                 "  servers: [\"127.0.0.1:6379:1\"]\n");
    char *text = imported("f.yml");
    cr_expect_not_null(strstr(text, "# - f.yml:4: value out of bounds for 'clients.backlog'"), "%s",
                       text);
    cr_expect_null(strstr(text, "backlog: "), "%s", text);
    free(text);
}

static const struct {
    const char *name;
    const char *text;
    const char *error;
} refused[] = {
    {"f.yml", "a: [b\n",
     "f.yml:2:1: not YAML, did not find expected ',' or ']' while parsing a "
     "flow sequence, expected \"name: value\" lines\n"},
    {"f.yml", "a: 1\n",
     "f.yml: not known, expected a nutcracker.yml with pools of servers, an envoy.yaml with "
     "static_resources, or a predixy.conf\n"},
    {"f.yml", "a:\n  servers: [x]\n",
     "f.yml: no pool of Redis servers, expected one with 'redis: true'\n"},
    {"f.yml", "static_resources: {listeners: []}\n",
     "f.yml: no static listener with a redis_proxy filter, expected one\n"},
    {"f.conf", "Name x\n", "f.conf: no ClusterServerPool, expected servers that are a cluster\n"},
    {"f.conf", "Name x\n}\n", "f.conf:2: '}' closes nothing, expected '{' first\n"},
    {"f.conf", "A x {\n", "f.conf: a block does not end, expected '}'\n"},
    {"f.conf", "Include f.conf\n", "f.conf:1: files include each other, expected an end to that\n"},
    {"f.conf", "Include none\n",
     "f.conf:1: Include none: cannot be read, No such file or directory, expected a "
     "configuration\n"},
    {"f.conf", "", "f.conf: no ClusterServerPool, expected servers that are a cluster\n"},
};

Test(import, what_is_refused)
{
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        put(refused[i].name, refused[i].text);
        char *text = imported(refused[i].name);
        cr_expect_str_eq(text, refused[i].error, "row %zu: %s", i, text);
        free(text);
    }
}

Test(import, a_file_that_is_not_there)
{
    char *text = imported("none.yml");

    cr_expect_str_eq(text, "none.yml: cannot be read, No such file or directory, expected a "
                           "configuration\n");
    free(text);
}
