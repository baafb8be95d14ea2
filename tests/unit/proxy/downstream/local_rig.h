/* local_rig.h - two workers' clients of one pool in one thread, without nodes: bytes in, bytes out.
 *
 *      test ── socket ──> client on clients[0] or [1] ──> one reactor, turned by the test
 */
#ifndef TESTS_UNIT_PROXY_DOWNSTREAM_LOCAL_RIG_H
#define TESTS_UNIT_PROXY_DOWNSTREAM_LOCAL_RIG_H

#include "proxy/downstream/client.h"

enum { RIG_WORKERS = 2 };

struct rig_worker {
    struct clients clients;
    struct metrics metrics;
    struct dispatcher *dispatcher;
    struct mailbox *mailbox;
    _Atomic uint32_t load;
    bool has_ended;
};

struct local_rig {
    struct config *config;
    struct reactor *reactor;
    struct intake intake;
    struct house house;
    struct rig_worker workers[RIG_WORKERS];
    const struct metrics *metrics[RIG_WORKERS]; /* theirs */
    int listener;
    uint16_t port;
};

/* With a password for clients, or NULL. */
struct local_rig *local_rig_open(const char *password);
void local_rig_close(struct local_rig **rig);

/* As a worker that is stopped while others still run: nothing may be asked of it any more. */
void local_rig_end_worker(struct local_rig *rig, size_t number);

/* The other end of a new client of that worker. */
int local_rig_connect(struct local_rig *rig, size_t worker);

/* Sends the words of `line`, split at blanks, '' for an empty one, as one request. */
void local_rig_say(int fd, const char *line);

/* The next whole reply, or "" when the connection ended; good until the next call. */
const char *local_rig_hear(struct local_rig *rig, int fd);

/* Says and hears. */
const char *local_rig_ask(struct local_rig *rig, int fd, const char *line);

/* Turns the loop a few times. */
void local_rig_turn(struct local_rig *rig);

/* The client's id, as it says itself. */
uint64_t local_rig_id(struct local_rig *rig, int fd);

#endif
