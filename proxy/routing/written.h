/* written.h - which nodes a client has written to: for WAIT.
 *
 * One bit for each, by the pool's serial: two nodes may share one, and then both are meant. A set
 * that is too large asks a node in vain; none is forgotten. Worker's thread only.
 */
#ifndef PROXY_ROUTING_WRITTEN_H
#define PROXY_ROUTING_WRITTEN_H

#include "proxy/routing/gate.h"
#include "proxy/upstream/pool.h"

static inline uint64_t lane_mark(const struct pool *pool)
{
    return UINT64_C(1) << (pool->serial % 64);
}

/* `request` of the lane goes to `pool`. Whatever does not only read may write: scripts, EXEC. */
static inline void lane_note_written(struct lane *lane, const struct pool *pool,
                                     const struct request *request)
{
    if ((request->command->flags & COMMAND_READONLY) == 0 &&
        request->command->class != COMMAND_CLASS_WAIT) {
        lane->written |= lane_mark(pool);
    }
}

/* Is `pool` among the nodes of lane->written? */
static inline bool lane_wrote_to(uint64_t written, const struct pool *pool)
{
    return (written & lane_mark(pool)) != 0;
}

/* Is it a primary, in the picture in use or by a younger redirection? */
static inline bool pool_serves(const struct pool *pool)
{
    return pool->is_primary || pool->is_patched_in;
}

#endif
