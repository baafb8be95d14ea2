/* monitor.h - MONITOR: clients that are shown what all clients of their pool execute.
 *
 *      worker 0: request ─> line ┐
 *                request ─> line ┴─ end of turn ─> one text ─┬─> monitors of this worker
 *      worker 1: nobody monitors here                        │
 *      worker 2: its monitors <────────── mailbox ───────────┘
 *
 * While nobody monitors, a worker looks at one bool of its own for each request. A MONITOR sets it
 * in every worker, and is answered when all have: what is sent after that answer is shown. A worker
 * that finds nobody to show its lines to puts it back. The lines of one worker are in order, those
 * of several are so as far as their times tell.
 *
 * What is on its way to a worker (monitor_post.h) is limited. Where that is not enough, its
 * monitors are closed; so is one that leaves too much unread (client_limits.h). Worker's thread
 * only, but for the atomics.
 */
#ifndef PROXY_DOWNSTREAM_MONITOR_H
#define PROXY_DOWNSTREAM_MONITOR_H

#include "common/reactor.h"
#include "proxy/downstream/monitor_line.h"
#include "proxy/request/error_reply.h"

struct client;
struct clients;

enum {
    MONITOR_TRANSIT_MAX =
        8 * 1024 * 1024, /* bytes that no more than are on their way to a worker */
};

/* What of it is in one worker. */
struct monitor {
    bool is_on;                 /* somebody may monitor, here or in another worker */
    struct list shown;          /* clients of this worker that lines are shown to */
    struct monitor_lines lines; /* of this turn */
    struct turn_task flush;
    _Atomic uint32_t count;    /* clients of this worker that monitor, or are about to */
    _Atomic size_t in_transit; /* bytes that others have posted and this worker has not opened */
    _Atomic bool is_overrun;   /* there was more than may be in transit */
};

/* Nobody monitors. */
void monitor_init(struct monitor *monitor);

/* Gives all memory back. */
void monitor_clear(struct monitor *monitor);

/* Shows whole lines to the monitors of this worker. */
void monitor_show(struct clients *clients, struct span text);

/* Closes them: they have missed something. Not from inside a reply's callback. */
void monitor_close_all(struct clients *clients);

/* `client` is to monitor: nobody stops composing lines from now on. */
void monitor_expect(struct client *client);

/* All workers compose lines: it is shown them from here on. */
void monitor_begin(struct client *client);

/* It monitors no more, if it did. */
void monitor_end(struct client *client);

/* True: `command` is not allowed to a client that monitors, as `client` does, and has been refused.
 * For those that do not, false. */
bool monitor_forbids(struct client *client, const struct command *command);

/* Is `symbol` what a server might answer to a command that it has executed? */
bool monitor_is_answer(enum error_symbol symbol);

/* Shows a request of `client` that was executed, or is on its way. Only while `is_on`. */
void monitor_note(struct client *client, const struct command *command,
                  const struct arguments *arguments);

/* The same for what stands between the MULTI and the EXEC of `burst`. */
void monitor_note_burst(struct client *client, struct span burst);

#endif
