#include "proxy/routing/join_streams.h"

#include <stdlib.h>

#include "common/memory.h"

/* What has been found for a key of the request; of nothing, no bytes. */
struct stream {
    const struct part *part;
    struct span bytes;
};

struct streams {
    struct arguments arguments; /* of the whole request */
    struct keys keys;
    struct stream *items; /* by key */
    uint32_t found;
    char type; /* of the answers: '*' or '%' */
};

static void streams_init(struct streams *streams, const struct request *parent)
{
    static const struct scan_limits no_limits = {INT64_MAX, INT64_MAX, SIZE_MAX, true};
    struct request_scan scan = {0};
    size_t used = 0;

    *streams = (struct streams){.type = '*'};

    enum scan_result scanned =
        request_scan_next(&scan, &no_limits, parent->bytes, &streams->arguments, &used);
    enum keys_result keys_found = keys_find(parent->command, &streams->arguments, &streams->keys);

    CHECK(scanned == SCAN_DONE && keys_found == KEYS_FOUND);
    streams->items = memory_new(streams->keys.count, sizeof *streams->items);
}

static void streams_clear(struct streams *streams)
{
    arguments_clear(&streams->arguments);
    keys_clear(&streams->keys);
    free(streams->items);
}

/* Cuts a whole value off the front of *rest; an empty span when there is none. */
static struct span cut_value(struct span *rest)
{
    struct reply_scan scan = {0};
    struct span value = {rest->at, 0};

    if (rest->size > 0 && reply_scan_next(&scan, SIZE_MAX, *rest, &value.size) == SCAN_DONE) {
        *rest = (struct span){rest->at + value.size, rest->size - value.size};
        return value;
    }
    return (struct span){rest->at, 0};
}

/* Cuts one stream's answer off the front of *rest: a pair in an array, or a name and a value. */
static struct span cut_stream(struct span *rest, char type, struct span *name)
{
    struct span first = cut_value(rest);
    int64_t count;
    size_t at;

    if (type == '%') {
        size_t second = cut_value(rest).size;

        return reply_string(first, name) && second > 0
                   ? (struct span){first.at, first.size + second}
                   : (struct span){"", 0};
    }
    if (!reply_array_open(first, &count, &at) || count != 2) {
        return (struct span){"", 0};
    }

    struct span inside = {first.at + at, first.size - at};

    return reply_string(cut_value(&inside), name) ? first : (struct span){"", 0};
}

/* The place of `name` among the keys of `part`, from `*next` on: a node keeps their order. */
static bool find_place(const struct streams *streams, const struct part *part, struct span name,
                       uint32_t *next, uint32_t *place)
{
    while (*next < part->key_count) {
        uint32_t position = part->positions[(*next)++];

        if (span_equal(streams->arguments.items[streams->keys.index[position]], name)) {
            *place = position;
            return true;
        }
    }
    return false;
}

static bool part_is_empty(const struct part *part)
{
    return span_equal(part->reply, SPAN("*-1\r\n")) || span_equal(part->reply, SPAN("_\r\n"));
}

static bool collect(struct streams *streams, const struct part *part)
{
    int64_t count;
    size_t first;
    uint32_t next = 0;

    if (!reply_map_open(part->reply, &count, &first)) {
        return false;
    }
    streams->type = part->reply.at[0];

    struct span rest = {part->reply.at + first, part->reply.size - first};

    while (rest.size > 0) {
        struct span name = {"", 0};
        struct span bytes = cut_stream(&rest, streams->type, &name);
        uint32_t place;

        if (bytes.size == 0 || !find_place(streams, part, name, &next, &place)) {
            return false;
        }
        streams->items[place] = (struct stream){part, bytes};
        streams->found++;
    }
    return true;
}

static bool collect_all(struct streams *streams, const struct fanout *fanout)
{
    for (uint32_t i = 0; i < fanout->part_count; i++) {
        const struct part *part = &fanout->parts[i];

        if (!part_is_empty(part) && !collect(streams, part)) {
            return false;
        }
    }
    return true;
}

static void write_found(const struct streams *streams, struct sendq *to)
{
    sendq_print(to, "%c%u\r\n", streams->type, streams->found);
    for (uint32_t i = 0; i < streams->keys.count; i++) {
        const struct stream *stream = &streams->items[i];

        if (stream->part != NULL) {
            sendq_lend(to, stream->part->block, stream->bytes);
        }
    }
}

bool join_streams(const struct fanout *fanout, struct sendq *to)
{
    struct streams streams;

    streams_init(&streams, fanout->parent);

    bool fits = collect_all(&streams, fanout);

    if (fits && streams.found == 0) {
        sendq_append(to, fanout->parts[0].reply);
    } else if (fits) {
        write_found(&streams, to);
    }
    streams_clear(&streams);
    return fits;
}
