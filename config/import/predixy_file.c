#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "config/config_text.h"
#include "config/import/importers.h"

enum {
    INCLUDES_MAX = 8, /* one inside the other */
    BLOCKS_MAX = 16,
};

struct reader {
    struct tree *tree;
    struct config_errors *errors;
    size_t depth;    /* of the block that is open */
    size_t includes; /* files that are being read */
};

/* One line of a file. */
struct line {
    const char *file;
    size_t number;
    struct span text;
};

static bool read_file(struct reader *reader, const char *path, const char *place);

static bool refuse(struct reader *reader, const struct line *line, const char *what)
{
    char *place = memory_print("%s:%zu", line->file, line->number);

    config_errors_add(reader->errors, place, "%s", what);
    free(place);
    return false;
}

static struct span trim(struct span text)
{
    while (text.size > 0 && isspace((unsigned char)text.at[0])) {
        text.at++;
        text.size--;
    }
    while (text.size > 0 && isspace((unsigned char)text.at[text.size - 1])) {
        text.size--;
    }
    return text;
}

/* Without what is behind a '#' that is not in quotes. */
static struct span without_comment(struct span text)
{
    bool is_quoted = false;

    for (size_t i = 0; i < text.size; i++) {
        if (text.at[i] == '\\' && is_quoted) {
            i++;
        } else if (text.at[i] == '"') {
            is_quoted = !is_quoted;
        } else if (text.at[i] == '#' && !is_quoted) {
            text.size = i;
        }
    }
    return trim(text);
}

/* The value, without its quotes; to be freed. */
static char *unquote(struct span text)
{
    char *value = memory_copy(text.at, text.size);
    size_t size = 0;

    if (text.size < 2 || text.at[0] != '"' || text.at[text.size - 1] != '"') {
        return value;
    }
    for (size_t i = 1; i + 1 < text.size; i++) {
        i += text.at[i] == '\\' && i + 2 < text.size;
        value[size++] = text.at[i];
    }
    value[size] = '\0';
    return value;
}

static char *beside(const char *file, const char *name)
{
    const char *slash = strrchr(file, '/');

    if (name[0] == '/' || slash == NULL) {
        return memory_print("%s", name);
    }
    return memory_print("%.*s/%s", (int)(slash - file), file, name);
}

static bool include(struct reader *reader, const struct line *line, struct span name)
{
    char *value = unquote(name);
    char *path = beside(line->file, value);
    char *place = memory_print("%s:%zu: Include %s", line->file, line->number, path);
    bool is_read = reader->includes < INCLUDES_MAX
                       ? read_file(reader, path, place)
                       : refuse(reader, line, "files include each other, expected an end to that");

    free(place);
    free(path);
    free(value);
    return is_read;
}

/* "Key Value", "Key Value {", or "+ Value", the item of a list. */
static bool take_pair(struct reader *reader, const struct line *line, struct span key,
                      struct span value)
{
    bool opens = value.size > 0 && value.at[value.size - 1] == '{';

    if (opens) {
        value = trim((struct span){value.at, value.size - 1});
    }
    if (span_equal(key, SPAN("Include"))) {
        return include(reader, line, value);
    }
    if (reader->tree->count == YAML_ENTRIES_MAX || reader->depth + opens > BLOCKS_MAX) {
        return refuse(reader, line, "too much, expected fewer lines and blocks");
    }
    tree_add(reader->tree,
             (struct tree_node){
                 .key = memory_copy(key.at, span_equal(key, SPAN("+")) ? 0 : key.size),
                 .value = unquote(value),
                 .file = line->file,
                 .line = line->number,
                 .depth = reader->depth,
             });
    reader->depth += opens;
    return true;
}

static bool take_line(struct reader *reader, const struct line *line)
{
    struct span text = without_comment(line->text);
    size_t word = 0;

    if (text.size == 0) {
        return true;
    }
    if (span_equal(text, SPAN("}"))) {
        return reader->depth-- > 1 ||
               refuse(reader, line, "'}' closes nothing, expected '{' first");
    }
    while (word < text.size && !isspace((unsigned char)text.at[word]) && text.at[word] != '{') {
        word++;
    }
    return take_pair(reader, line, (struct span){text.at, word},
                     trim((struct span){text.at + word, text.size - word}));
}

static bool take_text(struct reader *reader, const char *file, struct span text)
{
    struct line line = {.file = file};

    while (text.size > 0) {
        const char *end = memchr(text.at, '\n', text.size);
        size_t size = end == NULL ? text.size : (size_t)(end - text.at);

        line.number++;
        line.text = (struct span){text.at, size};
        if (!take_line(reader, &line)) {
            return false;
        }
        size += end != NULL;
        text = (struct span){text.at + size, text.size - size};
    }
    return true;
}

/* `place` is who names the file, for errors. */
static bool read_file(struct reader *reader, const char *path, const char *place)
{
    char *buffer = memory_raw(CONFIG_TEXT_BYTES);
    size_t size = 0;
    bool is_read = config_text_read(path, buffer, &size);

    reader->includes++;
    if (!is_read) {
        config_errors_add(reader->errors, place, "cannot be read, %s, expected a configuration",
                          strerror(errno));
    } else if (size > YAML_BYTES_MAX || memchr(buffer, '\0', size) != NULL) {
        config_errors_add(reader->errors, place, "no text of at most %d bytes", YAML_BYTES_MAX);
        is_read = false;
    } else {
        is_read = take_text(reader, tree_add_file(reader->tree, path), (struct span){buffer, size});
    }
    reader->includes--;
    free(buffer);
    return is_read;
}

bool predixy_read(struct tree *tree, const char *path, struct config_errors *errors)
{
    struct reader reader = {.tree = tree, .errors = errors, .depth = 1};

    tree_add(tree, (struct tree_node){.key = memory_copy("", 0), .file = path, .line = 1});
    if (!read_file(&reader, path, path)) {
        return false;
    }
    if (reader.depth != 1) {
        config_errors_add(errors, path, "a block does not end, expected '}'");
    }
    return reader.depth == 1;
}
