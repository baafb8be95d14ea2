/* pipeline.h - replies leave in the order their requests came, whatever order they are ready in.
 *
 *      requests:  r1 SENT   r2 SETTLED   r3 SETTLED   r4 SENT
 *                 ^ the head: until it is settled, r2 and r3 keep their replies
 *
 * No I/O in here: what may leave goes to the end of the client's output. Worker's thread only.
 */
#ifndef PROXY_DOWNSTREAM_PIPELINE_H
#define PROXY_DOWNSTREAM_PIPELINE_H

#include "proxy/request/request.h"

struct pipeline {
    struct list requests; /* by arrival */
    uint32_t count;
    size_t bytes;       /* of the requests, and of the replies that are not their turn yet */
    size_t reply_bytes; /* of these replies alone */
};

void pipeline_init(struct pipeline *pipeline);

/* Adds `request` behind the others; the pipeline owns it from here on. */
void pipeline_push(struct pipeline *pipeline, struct request *request);

/* `request`, which is on it, is so many bytes more to a node. */
void pipeline_add_bytes(struct pipeline *pipeline, struct request *request, size_t bytes);

/* `request`, which is settled, has its reply: what its ->reply holds, and then `bytes`. Moves to
 * `output`, the client's, what may leave now and frees those requests. */
void pipeline_settle(struct pipeline *pipeline, struct sendq *output, struct request *request,
                     struct block *block, struct span bytes);

/* The same for a reply that was composed in ->reply, whole. */
static inline void pipeline_settle_composed(struct pipeline *pipeline, struct sendq *output,
                                            struct request *request)
{
    pipeline_settle(pipeline, output, request, NULL, (struct span){"", 0});
}

/* Removes and returns the oldest request with whatever it has; NULL when empty. For closing. */
struct request *pipeline_take(struct pipeline *pipeline);

static inline bool pipeline_is_empty(const struct pipeline *pipeline)
{
    return pipeline->count == 0;
}

#endif
