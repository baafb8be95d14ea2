#include "config/import/tree.h"

#include <stdlib.h>
#include <string.h>

#include "common/memory.h"

void tree_clear(struct tree *tree)
{
    for (size_t i = 0; i < tree->count; i++) {
        free(tree->nodes[i].key);
        free(tree->nodes[i].value);
    }
    for (size_t i = 0; i < tree->file_count; i++) {
        free(tree->files[i]);
    }
    free(tree->nodes);
    free(tree->files);
    *tree = (struct tree){0};
}

const char *tree_add_file(struct tree *tree, const char *name)
{
    tree->files = memory_resize(tree->files, tree->file_count + 1, sizeof *tree->files);
    tree->files[tree->file_count] = memory_copy(name, strlen(name));
    return tree->files[tree->file_count++];
}

size_t tree_add(struct tree *tree, struct tree_node node)
{
    if ((tree->count & (tree->count - 1)) == 0) {
        size_t room = tree->count == 0 ? 1 : tree->count * 2;
        tree->nodes = memory_resize(tree->nodes, room, sizeof *tree->nodes);
    }
    tree->nodes[tree->count] = node;
    return tree->count++;
}

/* The key of an item is its index in YAML, and a key that is no word stands in quotes. */
static char *plain_key(const struct yaml_entry *entry)
{
    size_t size = strlen(entry->key);

    if (entry->key[0] == '[') {
        return memory_copy("", 0);
    }
    if (size >= 2 && entry->key[0] == '\'') {
        return memory_copy(entry->key + 1, size - 2);
    }
    return memory_copy(entry->key, size);
}

static void add_entry(struct tree *tree, const struct yaml_entry *entry, const char *file)
{
    tree_add(tree, (struct tree_node){
                       .key = plain_key(entry),
                       .value = entry->kind == YAML_SCALAR
                                    ? memory_copy(entry->value, strlen(entry->value))
                                    : NULL,
                       .file = file,
                       .line = entry->key_place.line,
                       .depth = entry->depth,
                   });
}

bool tree_read_yaml(struct tree *tree, const char *name, struct span text,
                    struct config_errors *errors)
{
    struct yaml_entries entries;
    const char *file = tree_add_file(tree, name);
    bool is_read = yaml_read_deep(name, text, &entries, errors) && errors->count == 0;

    for (size_t i = 0; i < entries.count; i++) {
        add_entry(tree, &entries.items[i], file);
    }
    yaml_entries_clear(&entries);
    return is_read;
}

size_t tree_first(const struct tree *tree, size_t parent)
{
    size_t at = parent + 1;

    return at < tree->count && tree->nodes[at].depth > tree->nodes[parent].depth ? at : TREE_NONE;
}

size_t tree_next(const struct tree *tree, size_t at)
{
    size_t depth = tree->nodes[at].depth;

    do {
        at++;
    } while (at < tree->count && tree->nodes[at].depth > depth);
    return at < tree->count && tree->nodes[at].depth == depth ? at : TREE_NONE;
}

static size_t child(const struct tree *tree, size_t parent, struct span key)
{
    size_t at = tree->count == 0 ? TREE_NONE : tree_first(tree, parent);

    while (at != TREE_NONE && !span_equal(span_of(tree->nodes[at].key), key)) {
        at = tree_next(tree, at);
    }
    return at;
}

size_t tree_find(struct tree *tree, size_t parent, const char *path)
{
    size_t at = parent;

    while (*path != '\0') {
        size_t size = strcspn(path, "/");

        at = child(tree, at, (struct span){path, size});
        if (at == TREE_NONE) {
            return TREE_NONE;
        }
        tree->nodes[at].is_seen = true;
        path += size + (path[size] == '/');
    }
    return at;
}

const char *tree_value(struct tree *tree, size_t parent, const char *path)
{
    size_t at = tree_find(tree, parent, path);

    return at == TREE_NONE ? NULL : tree->nodes[at].value;
}

void tree_see(struct tree *tree, size_t at)
{
    size_t depth = tree->nodes[at].depth;

    do {
        tree->nodes[at++].is_seen = true;
    } while (at < tree->count && tree->nodes[at].depth > depth);
}
