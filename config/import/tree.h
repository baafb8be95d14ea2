/* tree.h - another program's configuration as a tree of keys and values, whatever its syntax.
 *
 *      node: depth, key, value, file and line          a list's items have the key ""
 *      seen: somebody has looked at it; what nobody has seen is what slotway knows nothing of
 *
 * Nodes stand in the order they are written, each followed by all that is inside it, at a greater
 * depth. Node 0 is the whole file. The files are input: sizes are bounded. One thread.
 */
#ifndef CONFIG_IMPORT_TREE_H
#define CONFIG_IMPORT_TREE_H

#include "config/yaml.h"

enum { TREE_NONE = 0 }; /* the root is nobody's child */

struct tree_node {
    char *key;
    char *value; /* NULL: it has none */
    const char *file;
    size_t line;
    size_t depth;
    bool is_seen;
};

struct tree {
    struct tree_node *nodes;
    size_t count;
    char **files; /* the names that nodes point to */
    size_t file_count;
};

/* Reads `text`, which is that of file `name`, as YAML. False, with errors, when it is none; the
 * tree is to be cleared in either case. */
bool tree_read_yaml(struct tree *tree, const char *name, struct span text,
                    struct config_errors *errors) MUST_USE;

void tree_clear(struct tree *tree);

/* For readers of other syntaxes. The name of a file, copied once for all nodes of it. */
const char *tree_add_file(struct tree *tree, const char *name);

/* Takes key and value; the new node's index. */
size_t tree_add(struct tree *tree, struct tree_node node);

/* The first and the next node inside `parent`, not deeper; TREE_NONE behind the last one. */
size_t tree_first(const struct tree *tree, size_t parent);
size_t tree_next(const struct tree *tree, size_t at);

/* Finds the node at `path`, keys with a slash between them, inside `parent`, and marks all on the
 * way as seen; TREE_NONE when there is none. */
size_t tree_find(struct tree *tree, size_t parent, const char *path);

/* The value at `path`, or NULL. */
const char *tree_value(struct tree *tree, size_t parent, const char *path);

/* Marks a node and all inside it as seen. */
void tree_see(struct tree *tree, size_t at);

#endif
