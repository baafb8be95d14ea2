/* script_memory.h - scripts that clients have sent, for nodes that do not have them.
 *
 *      EVAL, SCRIPT LOAD ──keep──> [ SHA-1: body, number ] ──take──> EVALSHA, where it is not there
 *
 * One for each configured pool, for all its workers: the table is behind a lock, and what is in it
 * does not change. Workers look through views (script_view.h), which seldom need the lock. Bounded
 * in number and bytes: the oldest one that nobody has used since this was last asked goes.
 */
#ifndef PROXY_ROUTING_SCRIPT_MEMORY_H
#define PROXY_ROUTING_SCRIPT_MEMORY_H

#include <stdatomic.h>

#include "common/list.h"
#include "common/sha1.h"

/* Larger ones are not remembered: naming them takes a worker too long. */
enum { SCRIPT_BODY_MAX = 1024 * 1024 };

struct script {
    struct list_link in_bucket; /* behind the lock of its memory, as the next one */
    struct list_link in_order;
    struct sha1 sha1;
    uint64_t number; /* never another one's of the same memory, nor 0 */
    _Atomic uint32_t references;
    _Atomic bool is_kept; /* false: forgotten, somebody still has a reference */
    _Atomic bool is_used; /* since it was last considered for going */
    size_t size;
    char body[];
};

struct script_memory;

/* Remembers up to `most` scripts, at least one, of together `most_bytes`. */
struct script_memory *script_memory_new(size_t most, size_t most_bytes) MUST_USE;

/* Nobody may have a reference to a script any more. NULL inside is fine. */
void script_memory_free(struct script_memory **memory);

/* Any thread: a reference to the script with this body, which is remembered from now on; NULL when
 * it is too large. `sha1` is that of the body. */
struct script *script_memory_keep(struct script_memory *memory, const struct sha1 *sha1,
                                  struct span body) MUST_USE;

/* Any thread: a reference to the script of this name, or NULL. */
struct script *script_memory_take(struct script_memory *memory, const struct sha1 *sha1) MUST_USE;

/* Any thread: the node says that it is none. */
void script_memory_forget(struct script_memory *memory, const struct sha1 *sha1);

/* Any thread: forgets all. */
void script_memory_flush(struct script_memory *memory);

/* Any thread: changes with each script that is new. */
uint64_t script_memory_changes(struct script_memory *memory);

/* Any thread: takes the pointer; NULL inside is fine. */
void script_release(struct script **script);

/* It has been asked for. Writes only what is not so yet: other threads read it all the time. */
static inline void script_use(struct script *script)
{
    if (!atomic_load_explicit(&script->is_used, memory_order_relaxed)) {
        atomic_store_explicit(&script->is_used, true, memory_order_relaxed);
    }
}

static inline bool script_is_kept(const struct script *script)
{
    return atomic_load_explicit(&script->is_kept, memory_order_relaxed);
}

static inline struct span script_body(const struct script *script)
{
    return (struct span){script->body, script->size};
}

#endif
