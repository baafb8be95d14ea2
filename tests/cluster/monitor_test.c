/* MONITOR in front of a real cluster: what is shown is what one real server shows of the same. */
#include <stdlib.h>

#include "tests/support/expect.h"
#include "tests/support/real_cluster.h"
#include "tests/support/twin.h"

TestSuite(monitor, .timeout = 300, .fini = rig_clean_up);

/* Each goes with one connection, on both sides. */
static const char *const spoken[] = {
    "SET a 1|MSET a 1 b 2 c 3|MGET a b c|DEL a b c|SET a x NX GET|INCR a|LPUSH a 1|INCR n",
    "EVAL return{KEYS[1],ARGV[1]} 1 a x|EVAL \"return redis.call('get', KEYS[1])\" 1 n|"
    "EVALSHA ffffffffffffffffffffffffffffffffffffffff 0|EVAL return 0|EVAL_RO return(1) 0|FCALL f "
    "0",
    "SCRIPT LOAD return(1)|EVALSHA e0e1f9fabfc9d4800c877a703b823ac0578ff8db 0|SCRIPT EXISTS x",
    "RPUSH l 1 2|BLPOP l 1|BLPOP nothing 0.01|XADD s * f v|XREAD COUNT 1 BLOCK 1 STREAMS s $",
    "MULTI|SET {t}a 1|INCR {t}a|EXEC|WATCH {t}a|MULTI|GET {t}a|EXEC|WATCH {t}a|UNWATCH",
    "SUBSCRIBE c|PING|GET a|UNSUBSCRIBE c|PSUBSCRIBE c*|PUNSUBSCRIBE|PUBLISH c m|PUBSUB NUMSUB c",
    "INFO server|DBSIZE|CONFIG GET maxmemory|KEYS *|FLUSHALL|WAIT 0 1|OBJECT ENCODING a",
};

/* All lines up to that of ECHO end, with "|" between; the caller frees it. A server also shows what
 * a script executes, which slotway does not see. */
static char *all_lines(struct wire *monitor)
{
    struct bytes text = {0};

    for (;;) {
        const char *line = wire_text(monitor);
        const char *at = strstr(line, "] ");

        cr_assert_not_null(at, "%s", line);
        if (strcmp(at + 2, "\"ECHO\" \"end\"") == 0) {
            return text.at == NULL ? strdup("") : text.at;
        }
        if (strstr(line, " lua] ") == NULL) {
            bytes_print(&text, "|%s", at + 2);
        }
    }
}

/* Each reply is waited for by what comes behind it. */
static char *all_shown(struct wire *monitor, struct wire *wire, const char *lines)
{
    wire_send_lines(wire, lines);
    wire_send_lines(wire, "ECHO end");
    return all_lines(monitor);
}

Test(monitor, shows_what_a_single_server_shows)
{
    struct real_cluster *cluster = real_cluster_start();
    struct rig *rig = real_cluster_rig(cluster, 3, "8s");
    uint16_t twin_port = twin_start();
    struct wire *here = rig_connect(rig);
    struct wire *there = wire_open(twin_port);

    cr_assert_not_null(there);
    cr_assert_str_eq(wire_ask(here, "MONITOR"), "OK");
    cr_assert_str_eq(wire_ask(there, "MONITOR"), "OK");
    for (size_t i = 0; i < ARRAY_LEN(spoken); i++) {
        struct wire *wire = rig_connect(rig);
        struct wire *twin = wire_open(twin_port);

        char *ours = all_shown(here, wire, spoken[i]);
        char *redis = all_shown(there, twin, spoken[i]);
        cr_expect(strlen(ours) > 0);
        cr_expect_str_eq(ours, redis, "%s: %s, Redis %s", spoken[i], ours, redis);
        free(ours);
        free(redis);
        wire_close(&twin);
        rig_disconnect(rig, &wire);
    }
    wire_close(&there);
    twin_stop();
    rig_stop(&rig);
    real_cluster_stop(&cluster);
}
