#include "tests/chaos/speech.h"

#include <ctype.h>
#include <stdlib.h>

#include "common/check.h"

#define PUSH_SCRIPT  "return redis.call('RPUSH', KEYS[1], ARGV[1])"
#define CROSS_SCRIPT "return {redis.call('RPUSH', KEYS[1], ARGV[1]), redis.call('LLEN', KEYS[2])}"

enum { ARGUMENTS_MAX = 2 * WIDTH + 1 };

/* The texts of a request, while it is put together. */
struct draft {
    char names[WIDTH][KEY_NAME_SIZE];
    char tokens[WIDTH][TOKEN_SIZE + 1];
    struct bytes values[WIDTH]; /* of registers */
    struct span arguments[ARGUMENTS_MAX];
    size_t count;
};

static void draft_add(struct draft *draft, const char *argument)
{
    CHECK(draft->count < ARGUMENTS_MAX);
    draft->arguments[draft->count++] = span_of(argument);
}

static void draft_script(struct draft *draft, const char *script, const char *key_count)
{
    draft_add(draft, "EVAL");
    draft_add(draft, script);
    draft_add(draft, key_count);
    draft_add(draft, draft->names[0]);
}

/* "SET key value", "MSET key value key value key value". */
static void draft_registers(struct draft *draft, const char *command, int width)
{
    draft_add(draft, command);
    for (int i = 0; i < width; i++) {
        draft_add(draft, draft->names[i]);
        draft_add(draft, draft->values[i].at);
    }
}

static void draft_value(struct bytes *value, struct token token)
{
    char text[TOKEN_SIZE + 1];

    token_print(token, text);
    for (uint32_t i = 0; i < token_times(token); i++) {
        bytes_add(value, text, TOKEN_SIZE);
    }
}

/* "RPUSH key token", "APPEND key token". */
static void draft_pairs(struct draft *draft, const char *command, int width)
{
    draft_add(draft, command);
    for (int i = 0; i < width; i++) {
        draft_add(draft, draft->names[i]);
        draft_add(draft, draft->tokens[i]);
    }
}

static void draft_keys(struct draft *draft, const char *command, int width)
{
    draft_add(draft, command);
    for (int i = 0; i < width; i++) {
        draft_add(draft, draft->names[i]);
    }
}

static void draft_request(struct draft *draft, const struct step *step)
{
    int width = step_width(step);

    switch ((enum step_kind)step->kind) {
    case STEP_PUSH: draft_pairs(draft, "RPUSH", width); return;
    case STEP_APPEND: draft_pairs(draft, "APPEND", width); return;
    case STEP_SET: draft_registers(draft, "SET", width); return;
    case STEP_MSET: draft_registers(draft, "MSET", width); return;
    case STEP_INCR: draft_keys(draft, "INCR", width); return;
    case STEP_GET: draft_keys(draft, "GET", width); return;
    case STEP_MGET: draft_keys(draft, "MGET", width); return;
    case STEP_DEL: draft_keys(draft, "DEL", width); return;
    case STEP_EXISTS: draft_keys(draft, "EXISTS", width); return;
    case STEP_TAIL:
        draft_keys(draft, "LINDEX", width);
        draft_add(draft, "-1");
        return;
    case STEP_SCRIPT_PUSH:
        draft_script(draft, PUSH_SCRIPT, "1");
        draft_add(draft, draft->tokens[0]);
        return;
    case STEP_CROSS_PUSH:
        draft_script(draft, CROSS_SCRIPT, "2");
        draft_add(draft, draft->names[1]);
        draft_add(draft, draft->tokens[0]);
        return;
    case STEP_KIND_COUNT: break;
    }
    CHECK(!"a kind of step that has no request");
}

void speech_request(const struct history *history, size_t place, struct bytes *bytes)
{
    const struct step *step = &history->steps[place];
    struct draft draft = {0};

    for (int i = 0; i < step_width(step); i++) {
        uint16_t key = step_key(step, i);
        struct token token = {history->client, history_number(history, place), key};
        key_name(history, key, draft.names[i]);
        token_print(token, draft.tokens[i]);
        if (step->kind == STEP_SET || step->kind == STEP_MSET) {
            draft_value(&draft.values[i], token);
        }
    }
    if (step->kind == STEP_CROSS_PUSH) {
        key_name(history, (uint16_t)(step->key + 1), draft.names[1]);
    }
    draft_request(&draft, step);
    bytes_add_request(bytes, draft.arguments, draft.count);
    for (int i = 0; i < WIDTH; i++) {
        bytes_clear(&draft.values[i]);
    }
}

static bool contains(struct span text, const char *part)
{
    return memmem(text.at, text.size, part, strlen(part)) != NULL;
}

static bool begins_with(struct span text, const char *part)
{
    return span_starts_with(text, span_of(part));
}

enum answer speech_error(struct span text)
{
    static const char *const topology[] = {"MOVED",    "ASK",     "TRYAGAIN",
                                           "READONLY", "LOADING", "MASTERDOWN"};

    for (size_t i = 0; i < ARRAY_LEN(topology); i++) {
        if (begins_with(text, topology[i])) {
            return ANSWER_TOPOLOGY;
        }
    }
    if (contains(text, "parts of this request were executed")) {
        return ANSWER_PARTLY;
    }
    if (contains(text, "outcome unknown")) {
        return ANSWER_UNKNOWN;
    }
    if (begins_with(text, "CLUSTERDOWN")) {
        return ANSWER_DOWN;
    }
    if (begins_with(text, "ERR proxy: overloaded")) {
        return ANSWER_OVERLOADED;
    }
    if (contains(text, "no answer")) {
        return ANSWER_READ_FAILED;
    }
    return ANSWER_OTHER_ERROR;
}

void speech_error_kind(struct span text, char *kind, size_t size)
{
    size_t used = 0;

    CHECK(size > 0);
    for (size_t i = 0; i < text.size && used + 1 < size; i++) {
        if (!isdigit((unsigned char)text.at[i])) {
            kind[used++] = text.at[i];
        } else if (used == 0 || kind[used - 1] != 'N') {
            kind[used++] = 'N';
        }
    }
    kind[used] = '\0';
}

/* Where a reader of a reply is. */
struct cursor {
    const char *at;
    const char *end;
};

/* The line at the cursor without its type and CR LF. */
static bool cursor_line(struct cursor *cursor, char type, struct span *line)
{
    const char *end = memmem(cursor->at, (size_t)(cursor->end - cursor->at), "\r\n", 2);

    if (end == NULL || *cursor->at != type) {
        return false;
    }
    *line = (struct span){cursor->at + 1, (size_t)(end - cursor->at) - 1};
    cursor->at = end + 2;
    return true;
}

static bool cursor_number(struct cursor *cursor, char type, int64_t *number)
{
    struct span line;

    return cursor_line(cursor, type, &line) && span_to_int64(line, number);
}

static bool cursor_count(struct cursor *cursor, uint32_t *count)
{
    int64_t number;

    if (!cursor_number(cursor, ':', &number) || number < 0 || number > UINT32_MAX) {
        return false;
    }
    *count = (uint32_t)number;
    return true;
}

/* A token of `key`, or nil, which has the number 0. */
static bool cursor_token(struct cursor *cursor, uint16_t key, struct token *token)
{
    int64_t size;

    *token = (struct token){0};
    if (!cursor_number(cursor, '$', &size)) {
        return false;
    }
    if (size == -1) {
        return true;
    }
    if (size < 0 || cursor->end - cursor->at < size + 2) {
        return false;
    }
    struct span text = {cursor->at, (size_t)size};
    bool is_list = key_role_of(key) <= ROLE_LIST_B;
    bool is_whole = is_list ? token_parse(text, token) : token_parse_value(text, token);
    cursor->at += size + 2;
    return is_whole && token->key == key && token->number != 0;
}

/* What a connection reads from a key of its own, it has written itself. */
static bool understand_tokens(const struct history *history, struct step *step,
                              struct cursor *cursor)
{
    for (int i = 0; i < step_width(step); i++) {
        uint16_t key = step_key(step, i);
        struct token token;
        if (!cursor_token(cursor, key, &token)) {
            return false;
        }
        if (token.number != 0 && !key_is_shared(key) && token.client != history->client) {
            return false;
        }
        step->reply[i] = token.number;
        if (step->reach == REACH_ONE) {
            step->reply[1] = token.client;
        }
    }
    return true;
}

static bool understand_ok(struct cursor *cursor)
{
    struct span line;

    return cursor_line(cursor, '+', &line) && span_equal(line, SPAN("OK"));
}

static bool understand_array(struct cursor *cursor, int64_t wanted)
{
    int64_t count;

    return cursor_number(cursor, '*', &count) && count == wanted;
}

static bool understand(const struct history *history, struct step *step, struct cursor *cursor)
{
    switch ((enum step_kind)step->kind) {
    case STEP_PUSH:
    case STEP_SCRIPT_PUSH:
    case STEP_APPEND:
    case STEP_INCR:
    case STEP_DEL:
    case STEP_EXISTS: return cursor_count(cursor, &step->reply[0]);
    case STEP_CROSS_PUSH:
        return understand_array(cursor, 2) && cursor_count(cursor, &step->reply[0]) &&
               cursor_count(cursor, &step->reply[1]);
    case STEP_SET:
    case STEP_MSET: return understand_ok(cursor);
    case STEP_TAIL:
    case STEP_GET: return understand_tokens(history, step, cursor);
    case STEP_MGET:
        return understand_array(cursor, WIDTH) && understand_tokens(history, step, cursor);
    case STEP_KIND_COUNT: break;
    }
    return false;
}

void speech_understand(struct history *history, size_t place, struct span reply)
{
    struct step *step = &history->steps[place];
    struct cursor cursor = {reply.at, reply.at + reply.size};
    struct span line;

    CHECK(reply.size > 0);
    if (cursor_line(&cursor, '-', &line)) {
        step->answer = (uint8_t)speech_error(line);
        history_note(history, place, line);
        return;
    }
    if (understand(history, step, &cursor) && cursor.at == cursor.end) {
        step->answer = ANSWER_FITS;
        return;
    }
    step->answer = ANSWER_MISFIT;
    history_note(history, place, reply);
}
