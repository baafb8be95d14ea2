/* roundup.h - one question to all workers of a pool about their clients, one answer.
 *
 *      asking worker ──> visit in worker 0 ──┐
 *                   ├──> visit in worker 1 ──┼── the last one ──> home: settle the request
 *                   └──> visit in worker 2 ──┘
 *
 * Each visit runs in its worker's own thread, writes to its own place, and touches nothing else.
 * The client that asked may be gone by the time of homecoming: it is looked up by its id, and its
 * request, which only it can give up, is only then touched. A worker that has shut its mailbox
 * contributes nothing; if it is the one that asked, the roundup ends without an answer.
 */
#ifndef PROXY_DOWNSTREAM_ROUNDUP_H
#define PROXY_DOWNSTREAM_ROUNDUP_H

#include <stdatomic.h>

#include "proxy/downstream/client_filter.h"
#include "proxy/downstream/local_call.h"

struct roundup;

/* A client in the answer. */
struct roundup_line {
    uint64_t id;
    char *text;
    size_t size; /* of the text */
};

/* What one worker has contributed. */
struct visit {
    struct message message;
    struct roundup *roundup;
    size_t worker;
    uint64_t count;
    struct roundup_line *lines; /* freed with the roundup, as their texts are */
    size_t line_count;
};

/* In the thread of `clients`, once for each worker. */
typedef void roundup_tour(struct visit *visit, struct clients *clients);

/* In the thread of `client`, which passes the filter; it may be closed by this. */
typedef void roundup_visit(struct visit *visit, struct client *client);

/* In the thread of the client that asked: writes the reply. */
typedef void roundup_answer(const struct roundup *roundup, struct sendq *to);

/* What tour and answer need to know, if anything. */
struct roundup_terms {
    int64_t most; /* lines that are wanted; < 0: all */
    int which;    /* of several things of a kind */
};

struct roundup {
    struct house *house;
    size_t worker;           /* the one that asked */
    uint64_t asker;          /* the client's id */
    struct request *request; /* alive as long as that client is open */
    struct client_filter filter;
    struct roundup_terms terms;
    roundup_tour *tour;
    roundup_visit *visit; /* NULL: the tour does without */
    roundup_answer *answer;
    _Atomic size_t visits_left;
    struct message home;
    struct visit visits[]; /* one per worker */
};

/* Takes what `filter` holds. The call's reply comes later. */
void roundup_start(const struct local_call *call, struct client_filter *filter,
                   roundup_visit *visit, roundup_answer *answer);

/* Adds a line to what this worker contributes; takes `text`. */
void roundup_add_line(struct visit *visit, uint64_t id, char *text, size_t size);

/* For answers: the lines of all workers, by id, the least first; their texts stay the roundup's.
 * The caller frees the array. */
struct roundup_line *roundup_gather(const struct roundup *roundup, size_t *count);

/* For answers: what the workers have counted, in all. */
uint64_t roundup_count(const struct roundup *roundup);

/* The same for what does not concern single clients. Answers find the words of the call in
 * roundup->request. */
void roundup_start_tour(const struct local_call *call, struct roundup_terms terms,
                        roundup_tour *tour, roundup_answer *answer);

#endif
