/* script_view.h - a worker's look at the scripts that are remembered.
 *
 *      EVAL body ──> by_body: the same bytes as lately? ── no ──> SHA-1 ──> script_memory_keep
 *      EVALSHA   ──> by_sha1: asked for lately? ────────── no ────────────> script_memory_take
 *
 * What is known to the view takes no lock and no SHA-1; a script that nobody remembers is not asked
 * for again before there is a new one. Worker's thread only.
 */
#ifndef PROXY_ROUTING_SCRIPT_VIEW_H
#define PROXY_ROUTING_SCRIPT_VIEW_H

#include "proxy/routing/script_memory.h"

enum {
    VIEW_BODIES = 64,
    VIEW_BODY_MAX = 64 * 1024, /* larger ones are named anew each time */
    VIEW_NAMES = 256,
};

struct script_view {
    struct script_memory *memory;
    struct script *by_body[VIEW_BODIES];
    struct view_name {
        struct sha1 sha1;
        struct script *script; /* NULL: there was none when there had been `changes` */
        uint64_t changes;
    } by_sha1[VIEW_NAMES];
};

/* Borrows `memory`. */
void script_view_init(struct script_view *view, struct script_memory *memory);
void script_view_clear(struct script_view *view);

/* Remembers a body. Returns its number, or 0 when it is too large. */
uint64_t script_view_see(struct script_view *view, struct span body);

/* The number of the script of this name, or 0 when it is not remembered. */
uint64_t script_view_find(struct script_view *view, const struct sha1 *sha1);

#endif
