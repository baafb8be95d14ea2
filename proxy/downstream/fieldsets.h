/* fieldsets.h - the names of fields that one client has prepared: HIMPORT.
 *
 *      HIMPORT PREPARE u name mail      is kept as what prepares u on a connection:
 *                                       HIMPORT DISCARDALL, HIMPORT PREPARE u name mail
 *      HIMPORT SET a u Ann ann@a.b      goes behind these two to the node of a
 *
 * A server keeps them for the connection that has prepared them; slotway's are shared, so a set is
 * prepared anew each time it is used, and nothing else is left there then. One client's; its
 * worker's thread.
 */
#ifndef PROXY_DOWNSTREAM_FIELDSETS_H
#define PROXY_DOWNSTREAM_FIELDSETS_H

#include "common/block.h"
#include "common/list.h"
#include "common/table.h"

enum { FIELDSETS_BYTES_MAX = 1024 * 1024 };

/* How many commands a preface is. */
enum { FIELDSET_PREFACE_COMMANDS = 2 };

struct fieldsets {
    struct list all;
    struct table by_name;
    size_t bytes; /* of memory that they take */
};

void fieldsets_init(struct fieldsets *fieldsets);

/* Forgets all; returns how many there were. */
size_t fieldsets_clear(struct fieldsets *fieldsets);

/* Keeps what the whole request `prepare` has prepared as `name`, in place of what was there. */
void fieldsets_keep(struct fieldsets *fieldsets, struct span name, struct span prepare);

/* Forgets one; false when there is none. */
bool fieldsets_drop(struct fieldsets *fieldsets, struct span name);

/* The commands that prepare it on a connection; the set's. NULL when there is none. */
struct block *fieldsets_preface(const struct fieldsets *fieldsets, struct span name);

#endif
