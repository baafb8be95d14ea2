/* state_file.h - the nodes of a cluster, remembered from one start to the next.
 *
 *      adopted ─> state_file_note ─> differs from the file? ─> state_file_save, now and then:
 *      PATH.XXXXXX ─> write, fsync ─> rename to PATH ─> fsync of the folder
 *
 * Only a help: whatever is wrong with the file or the disk is a line in the log, and nothing else.
 * What is at PATH and is no state file, is left as it is: the path may be a mistake. A link at PATH
 * stays; what it leads to is replaced.
 * Reads and writes block: for the discovery thread.
 */
#ifndef PROXY_CLUSTER_STATE_FILE_H
#define PROXY_CLUSTER_STATE_FILE_H

#include "proxy/cluster/state_text.h"

struct state_file {
    const char *path; /* NULL: there is none, and nothing does anything */
    const char *pool;
    const struct addresses *seeds; /* or NULL */
    char *written;                 /* what the file says, as far as we know; or NULL */
    char *wanted;                  /* what it shall say, or NULL when that is what it says */
    uint64_t tried_at;             /* when it was written last, or tried to */
    uint64_t told_at;              /* when the log last said that it cannot be written; 0: it can */
};

/* Borrows all. */
void state_file_init(struct state_file *file, const char *path, const char *pool,
                     const struct addresses *seeds);
void state_file_clear(struct state_file *file);

/* What the file remembers, the caller's; NULL when there is nothing of use, which the log says. */
struct topology *state_file_load(struct state_file *file) MUST_USE;

/* The file shall remember these nodes. */
void state_file_note(struct state_file *file, const struct topology *topology);

enum state_save { STATE_SAVE_SOON, STATE_SAVE_NOW };
enum state_saved { STATE_NOT_DUE, STATE_SAVED, STATE_NOT_SAVED };

/* Writes what was noted, at most once a second unless it must be NOW. */
enum state_saved state_file_save(struct state_file *file, enum state_save when);

#endif
