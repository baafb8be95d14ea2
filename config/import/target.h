/* target.h - a configuration of slotway that is being made from another program's.
 *
 * Values go through slotway's own parsers and bounds. What cannot be said in slotway's words is a
 * note: a line with its place in the other file, which ends up as a comment. One thread.
 */
#ifndef CONFIG_IMPORT_TARGET_H
#define CONFIG_IMPORT_TARGET_H

#include "config/draft.h"
#include "config/import/tree.h"

struct target {
    struct draft draft;
    struct config_errors refused; /* of values that slotway does not take; the draft's errors */
    struct config_errors notes;
};

/* A value of the other program, and why slotway has nothing like it; a table ends with a NULL. */
struct target_reason {
    const char *key;
    const char *text; /* NULL: not worth a note */
};

/* An option whose value is that at `path`, with `unit` behind it; a table ends with a NULL. */
struct target_rule {
    const char *path;
    enum option_id id;
    const char *unit;
    const char *nothing; /* the value that says "no limit", "none": then it is not set; or NULL */
};

void target_init(struct target *target);
void target_clear(struct target *target);

/* Starts the next pool; target_set speaks of the last one. `node` is where it stands. */
void target_add_pool(struct target *target, const struct tree_node *node);

/* Sets an option. What is out of slotway's bounds becomes a note. */
void target_set(struct target *target, enum option_id id, const struct tree_node *node,
                const char *text);

/* Sets the options that `parent` has values for. */
void target_take(struct target *target, struct tree *tree, size_t parent,
                 const struct target_rule *rules);

/* Adds to a list. */
void target_append(struct target *target, enum option_id id, const struct tree_node *node,
                   const char *text);

/* Adds a note about `node`. */
void target_note(struct target *target, const struct tree_node *node, const char *format, ...)
    PRINTF(3, 4);

/* Notes all inside `parent` that nobody has seen, and sees it. */
void target_note_rest(struct target *target, struct tree *tree, size_t parent,
                      const struct target_reason *reasons);

/* The options that were set, as YAML, and the notes in front of them as comments. */
void target_print(struct target *target, FILE *to);

#endif
