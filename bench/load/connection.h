/* connection.h - one connection of load's: what is on its way, and whether the replies are right.
 *
 *      connection_send ─> units [ oldest … newest ] ─> output ──connections_flush──> socket
 *                                  ^ check.h <── input, shared by all <── connections_wait
 *
 * Sockets are watched edge-triggered from connect to close, so a request costs one send, one recv
 * and a share of an epoll_wait. The clock is read behind each recv: what one recv brought was
 * answered at that moment, and what is sent for it begins at that moment; it is written before the
 * next connection is looked at, as if each had a client to itself. One thread.
 */
#ifndef BENCH_LOAD_CONNECTION_H
#define BENCH_LOAD_CONNECTION_H

#include "bench/load/check.h"
#include "bench/load/line.h"
#include "common/list.h"

struct connection;

/* What became of a unit; `remark` says what was not right. */
struct outcome {
    enum verdict verdict;
    const char *remark;
};

/* A unit is over. With VERDICT_LOST the connection is closed, and connection_lost follows. */
typedef void connection_answered(void *context, struct connection *connection,
                                 const struct unit *unit, struct outcome outcome);

/* The connection broke, or was never made, or said what nobody had asked or what is no RESP2
 * (VERDICT_WRONG); it is closed and may be opened again. */
typedef void connection_lost(void *context, struct connection *connection, struct outcome why);

/* What all connections share. */
struct connections {
    const struct work *work;
    connection_answered *answered;
    connection_lost *lost;
    void *context;
    int epoll;
    char *input;
    struct list unsent;      /* those with new output */
    struct tls_context *tls; /* owned; NULL: in clear */
    const char *host;        /* that certificates must be for; borrowed */
    char why[160];           /* a connection was lost: copied before it is closed */
    uint64_t now;            /* behind the last recv or epoll_wait */
    uint64_t bytes_in;
    uint64_t bytes_out;
};

enum connection_state {
    CONNECTION_CLOSED,
    CONNECTION_OPENING,
    CONNECTION_SECURING, /* TLS: the handshake */
    CONNECTION_OPEN,
};

struct connection {
    struct connections *shared;
    enum connection_state state;
    struct line line;
    uint32_t openings; /* so far */
    bool may_write;    /* the kernel has not said that it is full since it said that it is not */
    struct list_link unsent;
    struct sendq output;
    struct unit *units; /* a ring, oldest first */
    uint32_t room;      /* a power of two, or 0 */
    uint32_t first;
    uint32_t count;
    struct check check;
};

void connections_init(struct connections *connections, const struct work *work);
void connections_clear(struct connections *connections);

/* Waits for sockets, `timeout_us` at most, and deals with what came. */
void connections_wait(struct connections *connections, uint64_t timeout_us);

/* Writes what has been sent outside of connections_wait, which does so itself. */
void connections_flush(struct connections *connections);

/* Closed, with nothing on its way. */
void connection_init(struct connection *connection, struct connections *shared);
void connection_clear(struct connection *connection);

/* Begins to connect; connection_lost tells when that fails, also at once. */
void connection_open(struct connection *connection, const struct endpoint *endpoint);

/* Of a connection without units. */
void connection_close(struct connection *connection);

/* Puts a unit on its way; connections_flush writes it. Not when closed. */
void connection_send(struct connection *connection, const struct unit *unit);

#endif
