#include "proxy/word_pairs.h"

enum { NAME_MAX_SIZE = 31 };

/* What may look like a number and is none. */
static const char *const texts[] = {"addr", "laddr", "name",     "flags",   "events",
                                    "cmd",  "user",  "lib-name", "lib-ver", "node"};

static bool is_text(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        if (strcmp(name, texts[i]) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_name_byte(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '-' ||
           byte == '_';
}

/* The size of the name that `rest` starts with, when there is a '=' behind it; 0: none. */
static size_t name_size(struct span rest)
{
    size_t size = 0;

    while (size < rest.size && size < NAME_MAX_SIZE && is_name_byte(rest.at[size])) {
        size++;
    }
    return size < rest.size && rest.at[size] == '=' ? size : 0;
}

/* Where the value ends: at a blank with another name behind it, or at the end of the line. */
static size_t value_size(struct span rest)
{
    size_t size = 0;

    while (size < rest.size && rest.at[size] != '\n') {
        struct span behind = {rest.at + size + 1, rest.size - size - 1};

        if (rest.at[size] == ' ' && name_size(behind) > 0) {
            break;
        }
        size++;
    }
    return size;
}

static void write_pair(struct json *json, const char *name, struct span value)
{
    int64_t number;

    if (!is_text(name) && span_to_int64(value, &number)) {
        json_add_signed(json, name, number);
    } else {
        json_add_span(json, name, value);
    }
}

void word_pairs_write(struct span line, struct json *json)
{
    size_t size;

    while ((size = name_size(line)) > 0) {
        char name[NAME_MAX_SIZE + 1];

        memcpy(name, line.at, size);
        name[size] = '\0';
        line = (struct span){line.at + size + 1, line.size - size - 1};
        size = value_size(line);
        write_pair(json, name, (struct span){line.at, size});
        size = size_min(size + 1, line.size);
        line = (struct span){line.at + size, line.size - size};
    }
}
