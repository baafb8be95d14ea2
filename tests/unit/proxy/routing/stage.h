/* stage.h - a dispatcher on a real reactor, between clients and nodes that are the test's.
 *
 *      ask(&stage, client, "SET b 1") ──> dispatcher ──> peer_gets(&stage.nodes[0], "SET b 1")
 *      answers_with(question, "+OK")  <── dispatcher <── peer_says(&stage.nodes[0], "+OK\r\n")
 *
 * Slots are the lower half ("b", "c", "bar") and the upper half ("a", "foo"). Test's thread only.
 */
#ifndef TESTS_UNIT_PROXY_ROUTING_STAGE_H
#define TESTS_UNIT_PROXY_ROUTING_STAGE_H

#include "config/config.h"
#include "proxy/routing/dispatcher.h"
#include "tests/unit/proxy/peer.h"

enum {
    STAGE_NODES = 3,
    STAGE_CLIENTS = 3,
    STAGE_QUESTIONS = 128,
    STAGE_REPLY_MAX = 1024,
    STAGE_ANY = 1000, /* as a node: whichever primary */
};

/* One request of a client's and what became of it. */
struct question {
    struct request *request; /* NULL: answered, or given up */
    int answers;
    char reply[STAGE_REPLY_MAX];
};

struct stage {
    struct reactor *reactor;
    struct intake intake;
    struct pool_config config;
    struct metrics metrics;
    struct dispatcher *dispatcher;
    struct peer nodes[STAGE_NODES];
    struct lane lanes[STAGE_CLIENTS];
    struct question questions[STAGE_QUESTIONS];
    uint32_t question_count;
    uint64_t version;
    uint64_t asked_at; /* of the pictures; 0: they overrule everything */
    size_t blocks_before;
};

/* Nodes that listen, and a dispatcher that has seen no picture; node 0 may then be given all slots
 * by stage_adopt. `stage->config` may be changed at any time. */
void stage_open(struct stage *stage);

/* Gives up what is not answered, ends everything, and checks that every count is back at zero. */
void stage_close(struct stage *stage);

/* A newer picture: the lower and the upper half of the slots are served by these two nodes. The
 * other one is a primary without slots while it is below `known`, and not in the picture else. */
void stage_adopt_known(struct stage *stage, uint16_t lower, uint16_t upper, uint16_t known);

/* The same, with all nodes in the picture. */
void stage_adopt(struct stage *stage, uint16_t lower, uint16_t upper);

/* Sends that request to the owner of its first key's slot, in the order of that client. */
struct question *ask(struct stage *stage, int client, const char *text);

/* The same on a connection of its own. */
struct question *ask_alone(struct stage *stage, int client, const char *text);

/* The same for a request that blocks until it is answered. */
struct question *ask_to_block(struct stage *stage, int client, const char *text);

/* The same, and the client holds that connection once it has answered well. */
struct question *ask_to_hold(struct stage *stage, int client, const char *text);

/* Sends one or several commands on the connection that the client holds; their answer is "*-1"
 * when that cannot be. */
struct question *ask_own(struct stage *stage, int client, const char *key, const char *text);

/* Sends the commands of a transaction that come next on the connection that the client holds, or
 * from now on holds; "+QUEUED" when that cannot be. */
struct question *ask_step(struct stage *stage, int client, const char *key, const char *text);

/* Sends "MULTI|SET b 1|EXEC" as one request of three commands for the slot of `key`. */
struct question *ask_burst(struct stage *stage, int client, const char *key, const char *text);

/* Sends it to one node for its own sake, or to whichever primary. */
struct question *ask_node(struct stage *stage, int client, const char *text, uint16_t node);

/* Sends it to whichever primary, over a connection of its own. */
struct question *ask_stranger(struct stage *stage, int client, const char *text);

/* Turns until it is answered, which must be with `reply` (without CR LF), once. */
void gets_answer(struct stage *stage, const struct question *question, const char *reply);

/* `peer` gets that request next, and its +OK is the answer to `question`. */
void served_by(struct stage *stage, struct peer *peer, const struct question *question,
               const char *text);

/* Turns until it is answered, which must be with an error that starts like that, once. */
void gets_error(struct stage *stage, const struct question *question, const char *start);

/* No answer so far, and none in the next turns. */
void gets_no_answer(struct stage *stage, const struct question *question);

/* The client goes: its requests are given up. */
void client_goes(struct stage *stage, int client);

/* "-MOVED 3300 127.0.0.1:PORT\r\n" for the slot of `key`. Good until the next call. */
const char *moved(const struct stage *stage, const char *key, int node);
const char *asks(const struct stage *stage, const char *key, int node);

/* Connects node `node` by a question and its answer on the slot of `key`. */
void warm_up(struct stage *stage, int node, const char *key);

/* The slot of a key without a hash tag, or with one. */
uint16_t slot_of_key(const char *key);

#endif
