/* trace.h - one line of JSON for one request in so many: who asked for what, where it went, and how
 * long each part of its way took. For `trace` of the configuration.
 *
 *      sampled_request_end ──> trace_note ──> the pool's line_file ──> its thread
 *
 * A request is traced when it is looked at closely anyway, sampling.h, which happens as often as
 * the metrics or the trace want it, whichever is more. So what is not looked at costs nothing. No
 * more than trace.rate lines a second are written, and what has no room is lost: nobody waits for a
 * line. Keys are told by a hash unless trace.keys says otherwise; values never. Worker's thread.
 */
#ifndef PROXY_DOWNSTREAM_TRACE_H
#define PROXY_DOWNSTREAM_TRACE_H

#include "common/line_file.h"
#include "proxy/request/request.h"

struct client;
struct clients;

struct trace {
    uint64_t passed;    /* requests since the last one that was traced */
    uint64_t second;    /* that is running, of the loop's clock */
    uint64_t in_second; /* lines in it */
};

/* The distance at which requests are to be looked at: 0 is never. */
uint64_t trace_distance(const struct clients *clients);

/* `request`, which is looked at closely, has its answer, of `reply_size` bytes. `reply` is empty
 * where it was put together from several. */
void trace_note(struct client *client, const struct request *request, struct span reply,
                size_t reply_size);

#endif
