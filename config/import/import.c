#include "config/import/import.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "config/config_text.h"
#include "config/import/importers.h"

typedef bool import_fn(struct tree *tree, struct target *target, struct config_errors *errors);

char *import_address(const char *host, const char *port)
{
    const char *format = strchr(host, ':') != NULL ? "[%s]:%s" : "%s:%s";

    return format[0] == '[' ? memory_print("[%s]:%s", host, port)
                            : memory_print("%s:%s", host, port);
}

/* YAML has a colon behind its first word, and predixy's lines have none there. */
static bool is_yaml(struct span text)
{
    for (size_t at = 0; at < text.size;) {
        const char *line = text.at + at;
        const char *end = memchr(line, '\n', text.size - at);
        size_t size = end == NULL ? text.size - at : (size_t)(end - line);
        size_t word = strcspn(line, ": \t#\n");

        if (word > 0 && word < size && line[word] != '#') {
            return line[word] == ':' || strncmp(line, "---", 3) == 0;
        }
        at += size + 1;
    }
    return false;
}

static bool is_pool_of_nutcracker(const struct tree *tree, size_t at)
{
    for (size_t key = tree_first(tree, at); key != TREE_NONE; key = tree_next(tree, key)) {
        if (strcmp(tree->nodes[key].key, "servers") == 0) {
            return true;
        }
    }
    return false;
}

static import_fn *importer_of(struct tree *tree)
{
    size_t at = tree->count == 0 ? TREE_NONE : tree_first(tree, 0);

    for (; at != TREE_NONE; at = tree_next(tree, at)) {
        if (strcmp(tree->nodes[at].key, "static_resources") == 0) {
            return import_envoy;
        }
        if (is_pool_of_nutcracker(tree, at)) {
            return import_nutcracker;
        }
    }
    return NULL;
}

static bool import_yaml(const char *path, struct span text, struct tree *tree,
                        struct target *target, struct config_errors *errors)
{
    if (!tree_read_yaml(tree, path, text, errors)) {
        return false;
    }
    import_fn *importer = importer_of(tree);
    if (importer == NULL) {
        config_errors_add(errors, path,
                          "not known, expected a nutcracker.yml with pools of servers, an "
                          "envoy.yaml with static_resources, or a predixy.conf");
        return false;
    }
    return importer(tree, target, errors);
}

static bool import_text(const char *path, struct span text, struct tree *tree,
                        struct target *target, struct config_errors *errors)
{
    if (is_yaml(text)) {
        return import_yaml(path, text, tree, target, errors);
    }
    return predixy_read(tree, path, errors) && import_predixy(tree, target, errors);
}

bool config_import(const char *path, FILE *to, size_t *notes, struct config_errors *errors)
{
    struct tree tree = {0};
    struct target target;
    char *buffer = memory_raw(CONFIG_TEXT_BYTES);
    size_t size = 0;
    bool is_done = false;

    *errors = (struct config_errors){0};
    target_init(&target);
    if (config_text_read(path, buffer, &size)) {
        is_done = import_text(path, (struct span){buffer, size}, &tree, &target, errors);
    } else {
        config_errors_add(errors, path, "cannot be read, %s, expected a configuration",
                          strerror(errno));
    }
    *notes = target.notes.count;
    if (is_done) {
        target_print(&target, to);
    }
    target_clear(&target);
    tree_clear(&tree);
    free(buffer);
    return is_done;
}
