/* rig.h - slotway running in front of fake nodes, all started by one test and gone with it.
 *
 *      test ──ask──> slotway (a process of its own) ──> fake nodes (threads of the test)
 *        └──metric──> admin port
 *
 * A suite names rig_clean_up as its .fini, so that a test that fails half-way shows what slotway
 * wrote and leaves nothing behind. One rig per test; the test's thread.
 */
#ifndef TESTS_SUPPORT_RIG_H
#define TESTS_SUPPORT_RIG_H

#include "tests/support/fake_store.h"
#include "tests/support/process.h"
#include "tests/support/relay.h"
#include "tests/support/wait.h"
#include "tests/support/wire.h"

struct rig;

/* What is left out is as the comment says. */
struct rig_options {
    int nodes;                   /* fake nodes; 0 */
    int other_nodes;             /* fake nodes of a second cluster behind a second pool; 0 */
    int workers;                 /* 1 */
    const char *listen;          /* instead of rig_port, likewise */
    const char *other_listen;    /* instead of rig_other_port, likewise */
    const char *seeds;           /* instead of fake nodes, as in YAML: "\"host:port\", ..." */
    const char *request_timeout; /* "2s" */
    const char *connect_timeout; /* "300ms" */
    const char *handshake_time;  /* "10s" */
    const char *refresh;         /* "1s" */
    const char *clients;         /* more of this mapping, as "password: x, max: 3" */
    const char *backend;         /* likewise */
    const char *commands;        /* more of this mapping, as "keys: deny" */
    const char *scripts;         /* likewise, as "remembered: 0" */
    const char *pool;            /* more entries of the pools, as "slowlog: {max_len: 3}" */
    const char *tls;             /* of rig_tls_port, as "certificate: FILE"; there is none */
    const char *admin;           /* more of this mapping */
    const char *global;          /* more lines of the file */
    const char *node_password;   /* that nodes want; none */
    bool start_dead;             /* the nodes are dead at first; implies do_not_wait */
    bool do_not_wait;            /* until /readyz is well */
    bool with_store;             /* the nodes work as a small cluster: fake_store.h */
    bool hides_main;             /* the second pool alone */
    bool hides_other;            /* no second pool in front of other_nodes yet */
    bool swaps_ports;            /* each pool listens where the other one would */
    bool with_relays;            /* slotway reaches each node by a relay only: rig_relay */
    /* What nodes speak; lent. Plain text */
    struct tls_context *node_tls;
};

/* Zero in `options` means what their comments say. */
struct rig *rig_start_with(struct rig_options options);

/* `nodes` fake nodes that share the slots evenly, one worker, short timeouts. */
struct rig *rig_start(int nodes);

/* Likewise, and the nodes answer from rig_store. */
struct rig *rig_start_store(int nodes);

/* Ends slotway with SIGTERM and expects exit code 0, nothing suspicious in what it wrote, and all
 * scripts done to the end. Then frees all. */
void rig_stop(struct rig **rig);

/* For .fini: gives back what a failed test left. */
void rig_clean_up(void);

/* The program under test: SLOTWAY_BINARY, or the one of this build. */
const char *rig_binary(void);

/* Was it built with a sanitizer that sees to memory or crashes itself? It need not be the one that
 * this test was built with. */
bool rig_binary_is_sanitized(void);

/* The file that slotway was started with, for another one. */
const char *rig_config_path(const struct rig *rig);

/* The parts. */
struct fake_cluster *rig_cluster(const struct rig *rig);
struct fake_cluster *rig_other_cluster(const struct rig *rig);
struct fake_node *rig_node(const struct rig *rig, int index);
const char *rig_address(const struct rig *rig, int index); /* as slotway knows it */
struct relay *rig_relay(const struct rig *rig, int index);
struct fake_store *rig_store(const struct rig *rig);
struct process *rig_process(struct rig *rig);
uint16_t rig_port(const struct rig *rig);
uint16_t rig_tls_port(const struct rig *rig);
uint16_t rig_other_port(const struct rig *rig);
uint16_t rig_admin_port(const struct rig *rig);

/* The client of ask(), opened on first use, and further ones, closed by rig_stop at the latest. */
struct wire *rig_client(struct rig *rig);
struct wire *rig_connect(struct rig *rig);
void rig_disconnect(struct rig *rig, struct wire **wire);

/* A client over TLS, whatever comes of its handshake. */
struct wire *rig_connect_tls(struct rig *rig, struct tls_context *context);

/* The slot whose owner is where slotway publishes and hears channels that are no shards'. No client
 * is connected before, nor when it returns. */
uint16_t rig_bus_slot(struct rig *rig);

/* Request and reply through the rig's own client; the text as resp_text writes it. */
#define ask(rig, ...) wire_ask(rig_client(rig), __VA_ARGS__)

/* Steps for a node, by its number. */
#define script(rig, index, ...) fake_node_script(rig_node((rig), (index)), __VA_ARGS__)

/* What a node received for its script, in order, "SET k v | GET k"; kept until rig_stop. */
const char *rig_log(struct rig *rig, int index);

/* The sum of all /metrics lines of slotway_<name>, whose labels contain `label` unless that is
 * NULL; -1 when there is none. */
long long rig_metric(struct rig *rig, const char *name, const char *label);
#define metric(rig, name) rig_metric((rig), (name), NULL)

/* Has slotway written `text` by now? */
bool rig_has_written(struct rig *rig, const char *text);

/* Waits until the picture of the cluster that slotway uses is newer than `version`, as metric
 * topology_version tells it. */
bool rig_topology_passes(struct rig *rig, long long version);

/* Writes the file of the configuration anew: as a rig with these options has it, or as `text`.
 * Nobody is told. */
void rig_rewrite(struct rig *rig, struct rig_options options);
void rig_rewrite_text(struct rig *rig, const char *text);

/* POST /reload: the status. What the answer says goes to *said, kept until rig_stop. */
int rig_reload(struct rig *rig, const char **said);

/* A text that rig_stop frees. */
const char *rig_print(struct rig *rig, const char *format, ...) PRINTF(2, 3);

#endif
