/* reload.h - the configuration is read again while all goes on.
 *
 *      SIGHUP, POST /reload ─> config_load: same file, variables, command line
 *            │ wrong: all errors, nothing changes
 *            v
 *      config_diff_of ─> the report; config_settle: what needs a restart stays as it was
 *            v
 *      prepare, part by part (reload_parts.h), then open
 *            │ one cannot: undo, refused, nothing changes
 *            v
 *      commit, part by part: nothing can go wrong any more
 *
 * Control thread, which does it in one go: nobody sees half of it but for the moments until each
 * worker has opened its mail. Clients that are connected stay, with what they have been granted.
 */
#ifndef PROXY_RELOAD_H
#define PROXY_RELOAD_H

#include "common/sendq.h"

struct server;

enum reload_result { RELOAD_DONE, RELOAD_REFUSED };

/* How it went so far; the control thread's. */
struct reload_record {
    uint64_t done;
    uint64_t refused;
    uint64_t at;      /* clock_wall() of the last one that was done; of the start at first */
    bool was_refused; /* the last one */
    size_t waiting;   /* changes that wait for a restart, as of the last one that was done */
};

/* Appends lines to `report`, for people, as they are in the log: what has changed, or why nothing
 * has. */
enum reload_result reload_run(struct server *server, struct sendq *report);

#endif
