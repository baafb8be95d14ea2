#include "tests/unit/config/fixture.h"

TestSuite(config_bad, .init = fixture_enter, .fini = fixture_leave);

#define SEEDS "backend: {seeds: [\"n:1\"]}"

struct bad_file {
    const char *behaviour;
    const char *yaml;
    const char *errors;
};

static const struct bad_file keys[] = {
    {"an unknown key near a known one gets a suggestion", "wrokers: 3\npools:\n  - " SEEDS "\n",
     "f.yaml:1:1: unknown key, 'wrokers', did you mean 'workers'?\n"},
    {"an unknown key that is near nothing gets the list",
     "log: {colour: red}\npools: [{" SEEDS "}]",
     "f.yaml:1:7: unknown key, 'log.colour', expected one of level, format\n"},
    {"an unknown top-level key gets the list with pools", "quux: 1\npools: [{" SEEDS "}]",
     "f.yaml:1:1: unknown key, 'quux', expected one of workers, memory, log, admin, drain, "
     "upgrade, watchdog, pools\n"},
    {"pools misspelt", "pool: [{" SEEDS "}]\n",
     "f.yaml:1:1: unknown key, 'pool', did you mean 'pools'?\n"
     "f.yaml: no seeds, pool 'main', expected a node of the cluster in 'backend.seeds' or "
     "--seed\n"},
    {"a key inside a pool is suggested without its section",
     "pools:\n  - " SEEDS "\n    timeouts: {conect: 1s}\n",
     "f.yaml:3:16: unknown key, 'pools[0].timeouts.conect', did you mean 'connect'?\n"},
    {"a pool's key at the top level", "listen: \"h:1\"\npools: [{" SEEDS "}]",
     "f.yaml:1:1: unknown key, 'listen', expected inside an entry of 'pools'\n"},
    {"a pool's section at the top level", "timeouts: {request: 1s}\npools: [{" SEEDS "}]",
     "f.yaml:1:1: unknown key, 'timeouts', expected inside an entry of 'pools'\n"},
    {"a top-level key inside a pool", "pools: [{workers: 2, " SEEDS "}]",
     "f.yaml:1:10: unknown key, 'pools[0].workers', expected at the top level\n"},
    {"a dotted key is not a path", "log.level: debug\npools: [{" SEEDS "}]",
     "f.yaml:1:1: unknown key, ''log.level'', expected one of workers, memory, log, admin, drain, "
     "upgrade, watchdog, pools\n"},
    {"what is inside an unknown key is not looked at", "x: {y: [1, {z: 2}]}\npools: [{" SEEDS "}]",
     "f.yaml:1:1: unknown key, 'x', expected one of workers, memory, log, admin, drain, upgrade, "
     "watchdog, "
     "pools\n"},
    {"a duplicate key", "workers: 2\nlog: {level: info}\nworkers: 3\npools: [{" SEEDS "}]",
     "f.yaml:3:1: duplicate key 'workers', first at line 1, expected once\n"},
    {"a control character in a key does not reach the terminal",
     "\"a\\eb\": 1\npools: [{" SEEDS "}]",
     "f.yaml:1:1: unknown key, ''a?b'', expected one of workers, memory, log, admin, drain, "
     "upgrade, watchdog, pools\n"},
};

static const struct bad_file passwords[] = {
    {"a next password without the first one",
     "pools: [{backend: {password_next: x, seeds: [\"n:1\"]}}]",
     "f.yaml:1:35: 'backend.password_next' without 'backend.password', expected both\n"},
    {"two next passwords",
     "pools: [{backend: {password: a, password_next: x, password_next_file: y, seeds: [\"n:1\"]}}]",
     "f.yaml:1:71: two passwords, 'backend.password_next_file' beside 'backend.password_next', "
     "expected one of them\n"},
};

static const struct bad_file auths[] = {
    {"nobody knows who else might know the users", "pools: [{clients: {auth: node}, " SEEDS "}]",
     "f.yaml:1:26: unknown 'clients.auth', 'node', expected slotway or nodes\n"},
    {"users of slotway's beside those of the nodes",
     "pools:\n"
     "  - clients:\n"
     "      auth: nodes\n"
     "      username: app\n"
     "      password: x\n"
     "      users: {alice: on nopass}\n"
     "      acl_file: users.acl\n"
     "    " SEEDS "\n",
     "f.yaml:4:17: 'clients.username' beside 'clients.auth' as at f.yaml:3:13, expected none where "
     "that is nodes: they know the users\n"
     "f.yaml:5:17: 'clients.password' beside 'clients.auth' as at f.yaml:3:13, expected none where "
     "that is nodes: they know the users\n"
     "f.yaml:6:14: 'clients.users' beside 'clients.auth' as at f.yaml:3:13, expected none where "
     "that is nodes: they know the users\n"
     "f.yaml:7:17: 'clients.acl_file' beside 'clients.auth' as at f.yaml:3:13, expected none where "
     "that is nodes: they know the users\n"},
    {"certificates that name users",
     "pools:\n"
     "  - clients: {auth: nodes}\n"
     "    tls: {client_certificates: optional, ca_file: ca.crt, client_user: cn}\n"
     "    " SEEDS "\n",
     "f.yaml:3:72: 'tls.client_user' beside 'clients.auth' as at f.yaml:2:21, expected none where "
     "that is nodes: they know the users\n"},
};

static const struct bad_file announcements[] = {
    {"an announced address that nobody can connect to",
     "pools: [{announce: {nodes: [\"a:1\", \"*:2\", \"b:0\", \"unix:/c\"]}, " SEEDS "}]",
     "f.yaml:1:28: no address that clients could connect to in 'announce.nodes', '*:2', expected a "
     "host and a port from 1 to 65535\n"},
    {"a slotway that is none of those that are announced",
     "pools: [{announce: {nodes: [\"a:1\"], self: [\"a:2\"]}, " SEEDS "}]",
     "f.yaml:1:43: unknown address in 'announce.self', 'a:2', expected one of 'announce.nodes'\n"},
};

static const struct bad_file types[] = {
    {"a list where a mapping is expected", "log: [info]\npools: [{" SEEDS "}]",
     "f.yaml:1:6: wrong type for 'log', a list, expected a mapping\n"},
    {"a scalar where a mapping is expected", "log: info\npools: [{" SEEDS "}]",
     "f.yaml:1:6: wrong type for 'log', a single value, expected a mapping\n"},
    {"a mapping where a scalar is expected", "workers: {count: 4}\npools: [{" SEEDS "}]",
     "f.yaml:1:10: wrong type for 'workers', a mapping, expected a single value\n"},
    {"a list where a scalar is expected", "pools: [{name: [a, b], " SEEDS "}]",
     "f.yaml:1:16: wrong type for 'pools[0].name', a list, expected a single value\n"},
    {"a mapping where a list is expected", "pools: [{backend: {seeds: {a: 1}}}]",
     "f.yaml:1:27: wrong type for 'pools[0].backend.seeds', a mapping, expected a list\n"},
    {"a list inside a list", "pools: [{backend: {seeds: [[\"n:1\"]]}}]",
     "f.yaml:1:28: wrong type for 'pools[0].backend.seeds[0]', a list, expected an address\n"},
    {"pools as a mapping", "pools: {name: a}\n",
     "f.yaml:1:8: wrong type for 'pools', a mapping, expected a list of at least one mapping\n"},
    {"pools without any", "pools: []\n",
     "f.yaml:1:8: wrong type for 'pools', a list, expected a list of at least one mapping\n"},
    {"a pool that is no mapping", "pools: [main]\n",
     "f.yaml:1:9: wrong type for 'pools[0]', a single value, expected a mapping\n"},
    {"a file that is a list", "- a\n",
     "f.yaml:1:1: wrong type for 'the file', a list, expected a mapping\n"},
    {"a file that is a word", "hello\n",
     "f.yaml:1:1: wrong type for 'the file', a single value, expected a mapping\n"},
};

static const struct bad_file values[] = {
    {"too many workers", "workers: 257\npools: [{" SEEDS "}]",
     "f.yaml:1:10: value out of bounds for 'workers', '257', expected auto or a number from 1 to "
     "256\n"},
    {"no workers", "workers: 0\npools: [{" SEEDS "}]",
     "f.yaml:1:10: value out of bounds for 'workers', '0', expected auto or a number from 1 to "
     "256\n"},
    {"a word for a number", "pools:\n- clients: {max: many}\n  " SEEDS "\n",
     "f.yaml:2:18: bad value for 'clients.max', 'many', expected a number from 1 to 1000000\n"},
    {"a duration without a unit", "pools:\n- timeouts: {request: 5}\n  " SEEDS "\n",
     "f.yaml:2:23: bad value for 'timeouts.request', '5', expected a duration as 250us, 50ms, 5s, "
     "1m or 1h, from 1ms to 1h\n"},
    {"a size in an unknown unit", "pools:\n- clients: {request_bytes: 1tb}\n  " SEEDS "\n",
     "f.yaml:2:28: bad value for 'clients.request_bytes', '1tb', expected a size as 512, 16kb, "
     "64mb or 1gb, from 1kb to 4gb\n"},
    {"an unknown log level", "log: {level: loud}\npools: [{" SEEDS "}]",
     "f.yaml:1:14: bad value for 'log.level', 'loud', expected debug, info, warn or error\n"},
    {"an address without a port", "pools: [{listen: localhost, " SEEDS "}]",
     "f.yaml:1:18: bad value for 'listen', 'localhost', expected host:port, [v6]:port or "
     "unix:/path\n"},
    {"each bad address of a list", "pools: [{listen: [a, \"h:1\", b], " SEEDS "}]",
     "f.yaml:1:19: bad value for 'listen', 'a', expected host:port, [v6]:port or unix:/path\n"
     "f.yaml:1:29: bad value for 'listen', 'b', expected host:port, [v6]:port or unix:/path\n"},
    {"no address to listen on", "pools: [{listen: [], " SEEDS "}]",
     "f.yaml:1:18: no address in 'listen', expected one, or one in 'tls.listen'\n"},
    {"two admin addresses", "admin: {listen: [\"h:1\", \"h:2\"]}\npools: [{" SEEDS "}]",
     "f.yaml:1:17: wrong number of addresses for 'admin.listen', 2, expected 0 to 1\n"},
    {"an empty password", "pools: [{clients: {password: \"\"}, " SEEDS "}]",
     "f.yaml:1:30: value out of bounds for 'clients.password', '***', expected text of 1 to 512 "
     "bytes\n"},
    {"a password that --print-config did not show",
     "pools: [{clients: {password: \"***\"}, " SEEDS "}]",
     "f.yaml:1:30: bad value for 'clients.password', '***', expected the secret itself, which "
     "--print-config does not show\n"},
    {"a password is never shown", "pools: [{backend: {password: \"a\\0b\", seeds: [\"n:1\"]}}]",
     "f.yaml:1:30: zero byte in 'pools[0].backend.password', expected text\n"},
    {"a variable that is not set",
     "pools: [{backend: {password: \"${NOT_SET_1}\", seeds: [\"n:1\"]}}]",
     "f.yaml:1:30: variable is not set for 'backend.password', 'NOT_SET_1', expected it in the "
     "environment, or \"$${\" for a literal \"${\"\n"},
    {"an unset variable in a list is reported without an echo",
     "pools: [{backend: {seeds: [\"${NOT_SET_1}\"]}}]",
     "f.yaml:1:28: variable is not set for 'backend.seeds', 'NOT_SET_1', expected it in the "
     "environment, or \"$${\" for a literal \"${\"\n"},
    {"a variable without its brace", "pools: [{name: \"${HOME\", " SEEDS "}]",
     "f.yaml:1:16: bad variable for 'name', expected \"${NAME}\", or \"$${\" for a "
     "literal "
     "\"${\"\n"},
};

static const struct bad_file pools[] = {
    {"no seeds", "pools:\n  - name: a\n  - name: b\n    listen: \"h:1\"\n    " SEEDS "\n",
     "f.yaml:2:5: no seeds, pool 'a', expected a node of the cluster in 'backend.seeds' or "
     "--seed\n"},
    {"an empty list of seeds", "pools: [{backend: {seeds: []}}]",
     "f.yaml:1:27: wrong number of addresses for 'backend.seeds', 0, expected 1 to 1024\n"},
    {"seeds that cannot be connected to", "pools: [{backend: {seeds: [\"*:7000\", \"n:0\"]}}]",
     "f.yaml:1:27: no address of a node in 'backend.seeds', '*:7000', expected a host and a port "
     "from 1 to 65535\n"
     "f.yaml:1:27: no address of a node in 'backend.seeds', 'n:0', expected a host and a port from "
     "1 to 65535\n"},
    {"two pools of one name",
     "pools:\n- {name: a, listen: \"h:1\", " SEEDS "}\n- {name: a, listen: \"h:2\", " SEEDS "}\n",
     "f.yaml:3:10: duplicate pool name, 'a' as at f.yaml:2:10, expected a name of its own\n"},
    {"two pools without a name",
     "pools:\n- {listen: \"h:1\", " SEEDS "}\n- {listen: \"h:2\", " SEEDS "}\n",
     "f.yaml:3:3: duplicate pool name, 'main' as at f.yaml:2:3, expected a name of its own\n"},
    {"two pools on one address",
     "pools:\n- {name: a, listen: [\"h:1\", \"h:2\"], " SEEDS "}\n"
     "- {name: b, listen: [\"h:2\"], " SEEDS "}\n",
     "f.yaml:3:21: duplicate address in 'listen', 'h:2' as at f.yaml:2:21, expected one of its "
     "own\n"},
    {"two pools on the default address", "pools:\n- {name: a, " SEEDS "}\n- {name: b, " SEEDS "}\n",
     "f.yaml:3:3: duplicate address in 'listen', '127.0.0.1:6380' as at f.yaml:2:3, expected one "
     "of "
     "its own\n"},
    {"a mapping of addresses that is none",
     "pools: [{backend: {address_map: [\"a=b\", \"10.0.0.0/8\"], seeds: [\"n:1\"]}}]",
     "f.yaml:1:41: bad value for 'backend.address_map', '10.0.0.0/8', expected FROM=TO, from a "
     "host:port, a host or a network as 172.18.0.0/16, to a host:port, a host, a host:+10000 or a "
     "network of that size\n"},
    {"a list inside of the mappings", "pools: [{backend: {address_map: [[a]], seeds: [\"n:1\"]}}]",
     "f.yaml:1:34: wrong type for 'pools[0].backend.address_map[0]', a list, expected FROM=TO\n"},
    {"a rule that is none", "pools:\n- commands:\n    keys: deny\n    foo.bar: write\n  " SEEDS,
     "f.yaml:4:14: bad value for 'commands', 'foo.bar=write', expected NAME=deny, NAME=read KEYS "
     "or "
     "NAME=write KEYS, each NAME once, where KEYS is none, first, all or FIRST:LAST:STEP as in "
     "COMMAND INFO\n"},
    {"a mapping in place of a rule", "pools: [{commands: {keys: {deny: true}}, " SEEDS "}]",
     "f.yaml:1:27: wrong type for 'pools[0].commands.keys', a mapping, expected a rule, as deny\n"},
    {"a mapping for a list", "pools: [{listen: {a: b}, " SEEDS "}]",
     "f.yaml:1:18: wrong type for 'pools[0].listen', a mapping, expected a list\n"},
    {"two pools that write one file",
     "pools: [{name: a, backend: {state_file: /x, seeds: [\"n:1\"]}},\n"
     "  {name: b, listen: \"h:2\", backend: {state_file: /x, seeds: [\"n:1\"]}}]",
     "f.yaml:2:50: duplicate file in 'backend.state_file', '/x' as at f.yaml:1:41, expected a file "
     "of its own\n"},
    {"a load balancer by its name",
     "pools: [{clients: {proxy_protocol_from: \"10.0.0.0/8, lb.x\"}, " SEEDS "}]",
     "f.yaml:1:41: not a network in 'clients.proxy_protocol_from', 'lb.x', expected networks as "
     "10.0.0.0/8, addresses as 192.168.1.5 or unix, by commas\n"},
    {"no load balancer at all", "pools: [{clients: {proxy_protocol_from: \" \"}, " SEEDS "}]",
     "f.yaml:1:41: not a network in 'clients.proxy_protocol_from', '', expected networks as "
     "10.0.0.0/8, addresses as 192.168.1.5 or unix, by commas\n"},
    {"the admin port's name with a port", "admin: {hosts: \"a, b:1\"}\npools: [{" SEEDS "}]",
     "f.yaml:1:16: not a name in 'admin.hosts', 'b:1', expected names of hosts without ports, by "
     "commas\n"},
    {"one pool twice on an address", "pools: [{listen: [\"h:1\", \"h:1\"], " SEEDS "}]",
     "f.yaml:1:18: duplicate address in 'listen', 'h:1' as at f.yaml:1:18, expected one of its "
     "own\n"},
    {"a pool on the admin address", "pools: [{listen: \"127.0.0.1:9180\", " SEEDS "}]",
     "f.yaml:1:18: duplicate address in 'listen', '127.0.0.1:9180' as at the default of "
     "'admin.listen', expected one of its own\n"},
    {"a password beside its file",
     "pools: [{backend: {password: x, password_file: y, seeds: [\"n:1\"]}}]",
     "f.yaml:1:48: two passwords, 'backend.password_file' beside 'backend.password', expected one "
     "of them\n"},
    {"a variable without its brace", "pools: [{clients: {users: [\"a on >${hush\"]}, " SEEDS "}]",
     "f.yaml:1:28: bad user for 'clients.users', bad variable, expected \"${NAME}\"\n"},
    {"a password file that is not there",
     "pools: [{backend: {password_file: nowhere, seeds: [\"n:1\"]}}]",
     "f.yaml:1:35: no password for 'backend.password_file', 'nowhere': No such file or directory, "
     "expected a readable file with the password in its first line\n"},
};

static const struct bad_file forms[] = {
    {"broken YAML", "workers: 3\n  log: {\n",
     "f.yaml:2:6: not YAML, mapping values are not allowed in this context, expected \"name: "
     "value\" lines\n"},
    {"a tab", "log:\n\tlevel: info\n",
     "f.yaml:2:1: not YAML, found character that cannot start any token while scanning for the "
     "next "
     "token, expected \"name: value\" lines\n"},
    {"an alias", "workers: *x\n",
     "f.yaml:1:10: alias, expected the value itself, in quotes if it begins with '*'\n"},
    {"an anchor", "workers: &x 3\npools: [{" SEEDS "}]",
     "f.yaml:1:10: anchor, expected the value itself, in quotes if it begins with '&'\n"},
    {"a tag", "workers: !!int 3\npools: [{" SEEDS "}]",
     "f.yaml:1:10: tag, expected the value itself, in quotes if it begins with '!'\n"},
    {"a secret that is taken for a tag", "pools: [{backend: {password: !hush, seeds: [\"n:1\"]}}]",
     "f.yaml:1:30: tag, expected the value itself, in quotes if it begins with '!'\n"},
    {"a secret that is taken for a variable",
     "pools: [{backend: {password: \"ab${hush-hush\", seeds: [\"n:1\"]}}]",
     "f.yaml:1:30: bad variable for 'backend.password', expected \"${NAME}\", or \"$${\" for a "
     "literal \"${\"\n"},
    {"no blank behind a colon", "pools: [{backend: {password:hush, seeds: [\"n:1\"]}}]",
     "f.yaml:1:20: no blank behind a colon, 'pools[0].backend.password:', expected \"name: "
     "value\"\n"},
    {"a second document", "workers: 3\n---\nworkers: 3\n",
     "f.yaml:2:1: second document, '---', expected only one\n"},
    {"a list as a key", "[a, b]: 3\n", "f.yaml:1:1: key is not a name, expected \"name: value\"\n"},
    {"nine levels", "a: {b: {c: {d: {e: {f: {g: {h: {i: 1}}}}}}}}\n",
     "f.yaml:1:32: nested too deeply, 'a.b.c.d.e.f.g.h', expected at most 8 levels\n"},
};

static void expect_all(const struct bad_file *files, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        fixture_bad(files[i].behaviour, files[i].yaml, NULL, files[i].errors);
    }
}

Test(config_bad, keys)
{
    expect_all(keys, ARRAY_LEN(keys));
}

static const struct bad_file users[] = {
    {"a password in the open", "pools: [{clients: {users: {a: \"on >hush\"}}, " SEEDS "}]",
     "f.yaml:1:31: bad user for 'clients.users', a password in the open, expected #SHA256, "
     ">${VARIABLE} or password_file=PATH\n"},
    {"a variable that is not there",
     "pools: [{clients: {users: [\"a on >${NOT_SET_AT_ALL}\"]}, " SEEDS "}]",
     "f.yaml:1:28: bad user for 'clients.users', variable is not set, 'NOT_SET_AT_ALL'\n"},
    {"a password file that is not there",
     "pools: [{clients: {users: {a: \"on password_file=no\"}}, " SEEDS "}]",
     "f.yaml:1:31: bad user for 'clients.users', no password in 'no': No such file or directory, "
     "expected a readable file with the password in its first line\n"},
    {"nobody's rules", "pools: [{clients: {users: [\"user\"]}, " SEEDS "}]",
     "f.yaml:1:28: bad user for 'clients.users', expected NAME and ACL rules\n"},
    {"a list of rules", "pools: [{clients: {users: {a: [on]}}, " SEEDS "}]",
     "f.yaml:1:31: wrong type for 'pools[0].clients.users.a', a list, expected rules\n"},
    {"a list in the list", "pools: [{clients: {users: [[on]]}, " SEEDS "}]",
     "f.yaml:1:28: wrong type for 'pools[0].clients.users[0]', a list, expected NAME and ACL "
     "rules\n"},
};

Test(config_bad, users)
{
    expect_all(users, ARRAY_LEN(users));
}

Test(config_bad, auths)
{
    expect_all(auths, ARRAY_LEN(auths));
}

Test(config_bad, announcements)
{
    expect_all(announcements, ARRAY_LEN(announcements));
}

Test(config_bad, types)
{
    expect_all(types, ARRAY_LEN(types));
}

Test(config_bad, values)
{
    expect_all(values, ARRAY_LEN(values));
}

Test(config_bad, pools)
{
    expect_all(pools, ARRAY_LEN(pools));
}

Test(config_bad, passwords)
{
    expect_all(passwords, ARRAY_LEN(passwords));
}

Test(config_bad, forms)
{
    expect_all(forms, ARRAY_LEN(forms));
}

Test(config_bad, all_errors_come_at_once)
{
    fixture_bad(
        "all at once",
        "workers: lots\nlog: [a]\ncolour: red\npools:\n- name: a\n  timeouts: {request: 2h}\n",
        NULL,
        "f.yaml:1:10: bad value for 'workers', 'lots', expected auto or a number from 1 to "
        "256\n"
        "f.yaml:2:6: wrong type for 'log', a list, expected a mapping\n"
        "f.yaml:3:1: unknown key, 'colour', expected one of workers, memory, log, admin, drain, "
        "upgrade, watchdog, pools\n"
        "f.yaml:6:23: value out of bounds for 'timeouts.request', '2h', expected a duration "
        "as 250us, 50ms, 5s, 1m or 1h, from 1ms to 1h\n"
        "f.yaml:5:3: no seeds, pool 'a', expected a node of the cluster in 'backend.seeds' or "
        "--seed\n");
}

Test(config_bad, a_file_that_is_not_there)
{
    struct config_errors errors;

    cr_assert_null(config_load("nowhere.yaml", NULL, &errors));
    cr_assert_eq(errors.count, 1);
    cr_expect_str_eq(errors.lines[0], "nowhere.yaml: cannot be read, No such file or directory, "
                                      "expected a YAML file");
    config_errors_clear(&errors);
    cr_expect_eq(errors.count, 0);
}

Test(config_bad, a_folder)
{
    struct config_errors errors;

    cr_assert_null(config_load("/", NULL, &errors));
    cr_assert_eq(errors.count, 1);
    cr_expect_str_eq(errors.lines[0], "/: cannot be read, Is a directory, expected a YAML file");
    config_errors_clear(&errors);
}

Test(config_bad, a_long_value_is_cut_in_the_message)
{
    char name[513];

    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    char *yaml = memory_print("log: {level: %s}\npools: [{" SEEDS "}]", name);
    char *expected =
        memory_print("f.yaml:1:14: bad value for 'log.level', '%.64s', expected debug, "
                     "info, warn or error\n",
                     name);
    fixture_bad("cut", yaml, NULL, expected);
    free(yaml);
    free(expected);
}
