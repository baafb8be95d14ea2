/* yaml.h - a YAML file as a flat list of entries, in the order they are written.
 *
 *      pools:                      "pools"               LIST      depth 1
 *        - name: a                 "pools[0]"            MAPPING   depth 2
 *          listen: ["h:1"]         "pools[0].name"       SCALAR    depth 3
 *                                  "pools[0].listen"     LIST      depth 3
 *                                  "pools[0].listen[0]"  SCALAR    depth 4
 *
 * An entry is followed by all that is inside it, at a greater depth. A key that is not a plain word
 * stands in quotes in the path, so that no such key looks like a path. The file is input: aliases,
 * anchors, tags, second documents and sizes beyond the limits below are errors.
 */
#ifndef CONFIG_YAML_H
#define CONFIG_YAML_H

#include "config/config.h"

enum {
    YAML_BYTES_MAX = 1 << 20,
    YAML_ENTRIES_MAX = 10000,
    YAML_DEPTH_MAX = 8,
    YAML_DEEP_MAX = 32,
    YAML_KEY_BYTES_MAX = 64,
};

enum yaml_kind { YAML_SCALAR, YAML_NULL, YAML_MAPPING, YAML_LIST };

/* Counted from 1. */
struct yaml_place {
    size_t line;
    size_t column;
};

struct yaml_entry {
    char *path;
    const char *key; /* the last part of path */
    char *value;     /* of a SCALAR, else NULL */
    enum yaml_kind kind;
    size_t depth;
    struct yaml_place key_place; /* of the key; of an item of a list: the same as place */
    struct yaml_place place;     /* of the value */
};

struct yaml_entries {
    struct yaml_entry *items;
    size_t count;
};

/* Reads `text`; `name` stands in the messages. False when it could not be read to its end: then the
 * entries mean nothing, but are still to be cleared. True when all of it is there, though `errors`
 * may have grown, by a key that is there twice for example. An empty document has no entries. */
bool yaml_read(const char *name, struct span text, struct yaml_entries *entries,
               struct config_errors *errors) MUST_USE;

/* The same for files of other programs: down to YAML_DEEP_MAX levels. */
bool yaml_read_deep(const char *name, struct span text, struct yaml_entries *entries,
                    struct config_errors *errors) MUST_USE;

void yaml_entries_clear(struct yaml_entries *entries);

/* The index of the first entry behind entry `at` and all that is inside it. */
size_t yaml_skip(const struct yaml_entries *entries, size_t at);

/* "a mapping", "a list", ... for messages. */
const char *yaml_kind_text(enum yaml_kind kind);

#endif
