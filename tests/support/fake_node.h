/* fake_node.h - a node of a Redis Cluster that says what the test wants it to say.
 *
 *      received ──> greeting and CLUSTER …: answered by itself, whenever nothing older on that
 *                   connection waits for an answer
 *               ──> the script's next WANT, if it is that; SAY answers the oldest WANT's connection
 *               ──> the handler, if there is one
 *               ──> a mismatch: fake_node_complaint tells
 *
 * It runs in a thread of its own; tests call these functions from theirs. The node remembers all
 * commands it received, in order, with the number of the connection they came by.
 */
#ifndef TESTS_SUPPORT_FAKE_NODE_H
#define TESTS_SUPPORT_FAKE_NODE_H

#include "common/tls_context.h"
#include "tests/support/fake_cluster.h"

enum step_kind {
    STEP_WANT,
    STEP_SAY,
    STEP_SAY_IN_PIECES, /* one byte at a time */
    STEP_CLOSE,         /* the connection of the last WANT */
    STEP_STALL,         /* until fake_node_release */
};

enum { STEP_ARGUMENTS_MAX = 24 };

struct step {
    enum step_kind kind;
    const char *wanted[STEP_ARGUMENTS_MAX]; /* "..." as the last one: whatever follows */
    struct bytes said;
};

#define WANT(...)          ((struct step){.kind = STEP_WANT, .wanted = {__VA_ARGS__}})
#define SAY(...)           step_say(STEP_SAY, __VA_ARGS__)
#define SAY_IN_PIECES(...) step_say(STEP_SAY_IN_PIECES, __VA_ARGS__)
#define CLOSE              ((struct step){.kind = STEP_CLOSE})
#define STALL              ((struct step){.kind = STEP_STALL})
#define SAY_LATER(...)     STALL, SAY(__VA_ARGS__)

/* A step that says the printed text. */
struct step step_say(enum step_kind kind, const char *format, ...) PRINTF(2, 3);

/* Adds `count` steps behind those that are there; takes what they hold. */
void fake_node_add_steps(struct fake_node *node, const struct step *steps, size_t count);
#define fake_node_script(node, ...)                                                                \
    fake_node_add_steps((node), (struct step[]){__VA_ARGS__},                                      \
                        ARRAY_LEN(((struct step[]){__VA_ARGS__})))

/* A command as a handler sees it. */
struct fake_command {
    struct fake_node *node;
    struct fake_cluster *cluster;
    int index;      /* of the node in its cluster */
    int connection; /* numbered from 1 */
    bool asking;    /* ASKING came just before, on the same connection */
    const struct span *arguments;
    size_t count;
};

/* Appends the answer; nothing appended is no answer, now or ever. Runs in the node's thread. */
typedef void fake_handler(void *context, const struct fake_command *command, struct bytes *answer);

/* A handler with one answer to everything: its context, a text without CR LF. */
fake_handler fake_always;

/* A node that listens. Its cluster frees it. */
struct fake_node *fake_node_new(struct fake_cluster *cluster, int index);
void fake_node_free(struct fake_node **node);

/* Where it listens. */
uint16_t fake_node_port(const struct fake_node *node);
const char *fake_node_address(const struct fake_node *node); /* "127.0.0.1:port" */

/* Whatever the script does not want goes to `handler`. */
void fake_node_handle(struct fake_node *node, fake_handler *handler, void *context);

/* Clients must AUTH with this; NULL is none. Connections that are there stay as they are. */
void fake_node_set_password(struct fake_node *node, const char *password);

/* Does not let in that user any more, whatever his password; NULL: lets in all. A borrowed text. */
void fake_node_refuse_user(struct fake_node *node, const char *name);

/* Whether it has as many clients as it may: one more is told so, as a Redis server does, and
 * closed. Connections that are there stay. */
void fake_node_set_full(struct fake_node *node, bool full);

/* Connections speak TLS as `context` says, from the next one on; NULL is plain. Takes the
 * reference.
 */
void fake_node_use_tls(struct fake_node *node, struct tls_context *context);

/* A CLUSTER SLOTS reply of its own, whatever the cluster's map says; NULL is the map again. */
void fake_node_tell_slots(struct fake_node *node, const char *reply);

/* Waits until the script stands at a STALL; then lets it go on. */
bool fake_node_has_stalled(struct fake_node *node);
void fake_node_release(struct fake_node *node);

/* Waits until every step has been done, `timeout_ms` at most. */
bool fake_node_is_done(struct fake_node *node, uint64_t timeout_ms);

/* Dies: closes everything and refuses connections. Returns: listens again, on its old port. */
void fake_node_die(struct fake_node *node);
void fake_node_return(struct fake_node *node);

/* Dies and returns at another port, which its cluster tells from then on. Main thread. */
void fake_node_move(struct fake_node *node);

/* Closes its connections and goes on listening. */
void fake_node_drop_connections(struct fake_node *node);

/* Neither reads, writes nor accepts, as a stopped process; until resumed. */
void fake_node_pause(struct fake_node *node);
void fake_node_resume(struct fake_node *node);

/* How many received commands start with `prefix`, as "SET k 1" or "SET"; the node's own greeting
 * and CLUSTER commands count as well. */
size_t fake_node_count(struct fake_node *node, const char *prefix);

/* The commands that script or handler had to answer, in order, as "SET k 1 | GET k"; those of one
 * connection only unless `connection` is 0. The caller frees it. */
char *fake_node_log(struct fake_node *node, int connection);

/* How many connections have been made to it so far, and are open. */
size_t fake_node_accepted(struct fake_node *node);
size_t fake_node_connected(struct fake_node *node);

/* What went wrong with the script, or NULL. The caller frees it. */
char *fake_node_complaint(struct fake_node *node);

#endif
