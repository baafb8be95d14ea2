/* reload_parts.h - everything that is made from the configuration and must follow when it changes:
 * one row for each, in the order in which they are prepared, and committed.
 */
#ifndef PROXY_RELOAD_PARTS_H
#define PROXY_RELOAD_PARTS_H

#include "config/config_share.h"
#include "config/errors.h"

struct server;

/* One reload, while it goes on. */
struct reload {
    struct server *server;
    const struct config *now;
    struct config_share *share; /* of the next one */
    const struct config *next;
    struct config_errors *errors;
};

/* Any of its functions may be NULL: there is nothing to do. `made` is the part's own, for one
 * reload, and NULL at first. */
struct reload_part {
    const char *name;
    /* Makes what can fail to be made, and changes nothing. False after a line in reload->errors. */
    bool (*prepare)(struct reload *reload, void **made);
    /* The same for what others can see, as that an address is listened at: when all is prepared. */
    bool (*open)(struct reload *reload, void **made);
    /* Takes it into use; server->config is `next` by now. */
    void (*commit)(struct reload *reload, void **made);
    /* Instead of commit, also when its own prepare or open has failed, or nothing was opened yet:
     * gives back what they have made. */
    void (*undo)(struct reload *reload, void **made);
};

enum { RELOAD_PARTS_MAX = 16 };

extern const struct reload_part reload_parts[];
extern const size_t reload_part_count; /* up to RELOAD_PARTS_MAX */

#endif
