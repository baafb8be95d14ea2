#include "tests/differential/line.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/check.h"
#include "common/memory.h"
#include "tests/differential/judge.h"
#include "tests/differential/reply.h"
#include "tests/support/resp.h"
#include "tests/support/wire.h"

enum { STEPS_MAX = 100000 };

static const struct span no_reply = SPAN("-(no reply)\r\n");
static const struct span not_asked = SPAN("-CROSSSLOT (not asked)\r\n");

struct line {
    struct wire *wires[SIDE_COUNT];
    struct wire *adviser; /* of the twin */
    struct bytes sent;
};

static void replies_add(struct replies *replies, struct span reply)
{
    words_add(&replies->words, (struct word){replies->bytes.size, reply.size});
    bytes_add(&replies->bytes, reply.at, reply.size);
}

static void replies_empty(struct replies *replies)
{
    replies->bytes.size = 0;
    replies->words.count = 0;
}

struct span replies_at(const struct replies *replies, size_t index)
{
    CHECK(index < replies->words.count);
    const struct word *word = &replies->words.items[index];
    return (struct span){replies->bytes.at + word->at, word->size};
}

void replies_clear(struct replies *replies)
{
    bytes_clear(&replies->bytes);
    free(replies->words.items);
    *replies = (struct replies){0};
}

static struct span next_reply(struct wire *wire)
{
    size_t size = 0;
    const char *reply = wire_reply(wire, &size);

    return reply == NULL ? no_reply : (struct span){reply, size};
}

/* Everything that a round before may have left. */
static bool empty_side(struct wire *wire)
{
    return strcmp(wire_ask(wire, "FLUSHALL"), "OK") == 0 &&
           strcmp(wire_ask(wire, "SCRIPT", "FLUSH"), "OK") == 0 &&
           strcmp(wire_ask(wire, "FUNCTION", "FLUSH"), "OK") == 0;
}

static bool speak(struct wire *wire, enum protocol protocol)
{
    if (protocol != PROTOCOL_RESP3) {
        return true;
    }
    wire_request(wire, "HELLO", "3");
    struct span reply = next_reply(wire);
    return reply.at[0] == '%';
}

struct line *line_open(const struct sides *sides, enum protocol protocol)
{
    struct line *line = memory_new(1, sizeof *line);
    bool well = true;

    for (enum side side = 0; side < SIDE_COUNT; side++) {
        line->wires[side] = wire_open(sides_port(sides, side));
        well = well && line->wires[side] != NULL && empty_side(line->wires[side]) &&
               speak(line->wires[side], protocol);
    }
    line->adviser = wire_open(sides_port(sides, SIDE_TWIN));
    if (!well || line->adviser == NULL) {
        line_close(&line);
    }
    return line;
}

void line_close(struct line **line)
{
    for (enum side side = 0; side < SIDE_COUNT; side++) {
        wire_close(&(*line)->wires[side]);
    }
    wire_close(&(*line)->adviser);
    bytes_clear(&(*line)->sent);
    free(*line);
    *line = NULL;
}

/* COMMAND GETKEYS and the words of the call. */
static void add_question(const struct stream *stream, const struct call *call, struct bytes *sent)
{
    bytes_print(sent, "*%zu\r\n$7\r\nCOMMAND\r\n$7\r\nGETKEYS\r\n", call->count + 2);
    for (size_t i = 0; i < call->count; i++) {
        struct span word = stream_word(stream, call, i);
        bytes_print(sent, "$%zu\r\n", word.size);
        bytes_add(sent, word.at, word.size);
        bytes_print(sent, "\r\n");
    }
}

static void keep_keys(struct stream *stream, size_t index, struct span reply)
{
    struct parts keys = {0};

    reply_elements(reply, &keys);
    for (size_t i = 0; i < keys.count; i++) {
        const char *content = (const char *)memchr(keys.items[i].at, '\n', keys.items[i].size) + 1;
        size_t line = (size_t)(content - keys.items[i].at);
        stream_add_key(stream, index, (struct span){content, keys.items[i].size - line - 2});
    }
    parts_clear(&keys);
}

void line_learn_keys(struct line *line, struct stream *stream, size_t from, size_t end)
{
    line->sent.size = 0;
    for (size_t i = from; i < end; i++) {
        add_question(stream, &stream->calls[i], &line->sent);
    }
    wire_send_bytes(line->adviser, line->sent.at, line->sent.size);
    for (size_t i = from; i < end; i++) {
        keep_keys(stream, i, next_reply(line->adviser));
    }
}

static bool has_several_slots(const struct stream *stream, const struct call *call)
{
    for (size_t i = 1; i < call->key_count; i++) {
        if (resp_slot(stream_key(stream, call, i)) != resp_slot(stream_key(stream, call, 0))) {
            return true;
        }
    }
    return false;
}

static bool is_for(enum side side, const struct stream *stream, const struct call *call)
{
    if (!has_several_slots(stream, call)) {
        return true;
    }
    switch (judge_crossing(stream, call)) {
    case CROSSING_ALLOWED: return true;
    case CROSSING_REFUSED: return side == SIDE_SLOTWAY;
    case CROSSING_UNSAID: return false;
    }
    return false;
}

void line_exchange(struct line *line, const struct stream *stream, size_t from, size_t end,
                   struct replies *replies)
{
    for (enum side side = 0; side < SIDE_COUNT; side++) {
        line->sent.size = 0;
        for (size_t i = from; i < end; i++) {
            if (is_for(side, stream, &stream->calls[i])) {
                stream_encode(stream, &stream->calls[i], &line->sent);
            }
        }
        wire_send_bytes(line->wires[side], line->sent.at, line->sent.size);
    }
    for (enum side side = 0; side < SIDE_COUNT; side++) {
        replies_empty(&replies[side]);
        for (size_t i = from; i < end; i++) {
            bool is_asked = is_for(side, stream, &stream->calls[i]);
            replies_add(&replies[side], is_asked ? next_reply(line->wires[side]) : not_asked);
        }
    }
}

/* The call with another cursor. */
static void encode_step(const struct stream *stream, const struct call *call, size_t cursor_at,
                        struct span cursor, struct bytes *sent)
{
    sent->size = 0;
    bytes_print(sent, "*%zu\r\n", call->count);
    for (size_t i = 0; i < call->count; i++) {
        struct span word = i == cursor_at ? cursor : stream_word(stream, call, i);
        bytes_print(sent, "$%zu\r\n", word.size);
        bytes_add(sent, word.at, word.size);
        bytes_print(sent, "\r\n");
    }
}

/* A reply of [cursor, elements]: adds the elements, and takes the cursor; false when it is none. */
static bool take_step(struct span reply, struct bytes *all, struct bytes *cursor)
{
    struct parts parts = {0};
    struct parts leaves = {0};
    bool well = reply_elements(reply, &parts) && parts.count == 2 && parts.items[0].at[0] == '$' &&
                reply_elements(parts.items[1], &leaves);

    if (well) {
        const char *content = (const char *)memchr(parts.items[0].at, '\n', 20) + 1;
        cursor->size = 0;
        bytes_add(cursor, content, (size_t)(parts.items[1].at - content) - 2);
        for (size_t i = 0; i < leaves.count; i++) {
            bytes_add(all, leaves.items[i].at, leaves.items[i].size);
        }
    }
    parts_clear(&parts);
    parts_clear(&leaves);
    return well;
}

bool line_iterate(struct line *line, const struct stream *stream, size_t index, size_t cursor_at,
                  struct replies *replies)
{
    const struct call *call = &stream->calls[index];
    bool well = true;

    for (enum side side = 0; side < SIDE_COUNT; side++) {
        struct bytes all = {0};
        struct bytes cursor = {0};
        bytes_print(&cursor, "0");
        for (int steps = 0; steps == 0 || (well && strcmp(cursor.at, "0") != 0); steps++) {
            encode_step(stream, call, cursor_at, (struct span){cursor.at, cursor.size},
                        &line->sent);
            wire_send_bytes(line->wires[side], line->sent.at, line->sent.size);
            struct span reply = next_reply(line->wires[side]);
            if (steps == STEPS_MAX || !take_step(reply, &all, &cursor)) {
                well = false;
                all.size = 0;
                bytes_add(&all, reply.at, reply.size);
            }
        }
        replies_empty(&replies[side]);
        replies_add(&replies[side], (struct span){all.at, all.size});
        bytes_clear(&all);
        bytes_clear(&cursor);
    }
    return well;
}
