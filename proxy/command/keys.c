#include "proxy/command/keys.h"

#include <stdlib.h>

#include "common/check.h"
#include "common/memory.h"

typedef enum keys_result finder_fn(const struct arguments *arguments, struct keys *keys);

static void keys_add(struct keys *keys, uint32_t index)
{
    if (keys->count == keys->capacity) {
        keys->capacity = keys->capacity == 0 ? 16 : keys->capacity * 2;
        keys->index = memory_resize(keys->index, keys->capacity, sizeof *keys->index);
    }
    keys->index[keys->count++] = index;
}

static bool argument_is(const struct arguments *arguments, uint32_t index, const char *word)
{
    return span_equal_nocase(arguments->items[index], span_of(word));
}

/* The options of SORT that take values, which may look like options themselves. */
static uint32_t sort_values(const struct arguments *arguments, uint32_t index)
{
    if (argument_is(arguments, index, "limit")) {
        return 2;
    }
    return argument_is(arguments, index, "get") || argument_is(arguments, index, "by") ? 1 : 0;
}

/* SORT key [options] STORE destination: the last STORE counts, and its value is none of the
 * options, though COMMAND GETKEYS of a server takes it for one. BY and GET name keys by patterns,
 * and the node refuses those that could lie in another slot. */
static enum keys_result find_sort(const struct arguments *arguments, struct keys *keys)
{
    uint32_t destination = 0;

    for (uint32_t i = 2; i < arguments->count; i++) {
        if (argument_is(arguments, i, "store") && i + 1 < arguments->count) {
            destination = ++i;
        } else {
            i += sort_values(arguments, i);
        }
    }

    keys_add(keys, 1);
    if (destination != 0) {
        keys_add(keys, destination);
    }
    return KEYS_FOUND;
}

/* GEORADIUS … STORE a STOREDIST b: the last of both counts, whichever it is. */
static enum keys_result find_georadius(const struct arguments *arguments, struct keys *keys)
{
    uint32_t destination = 0;

    for (uint32_t i = 5; i + 1 < arguments->count; i++) {
        if (argument_is(arguments, i, "store") || argument_is(arguments, i, "storedist")) {
            destination = ++i;
        }
    }

    keys_add(keys, 1);
    if (destination != 0) {
        keys_add(keys, destination);
    }
    return KEYS_FOUND;
}

/* How many values an option of XREAD and XREADGROUP takes; a group, a consumer and even a stream
 * may be called "streams", so the options must be read one by one. -1: no such option. */
static int stream_option_values(const struct arguments *arguments, uint32_t index)
{
    static const struct {
        const char *word;
        int values;
    } options[] = {{"block", 1}, {"count", 1}, {"claim", 1}, {"group", 2}, {"noack", 0}};

    for (size_t i = 0; i < ARRAY_LEN(options); i++) {
        if (argument_is(arguments, index, options[i].word)) {
            return options[i].values;
        }
    }
    return -1;
}

/* The argument behind STREAMS; 0 when the options do not lead there. */
static uint32_t first_stream(const struct arguments *arguments)
{
    uint32_t at = 1;

    while (at < arguments->count && !argument_is(arguments, at, "streams")) {
        int values = stream_option_values(arguments, at);
        if (values < 0) {
            return 0;
        }
        at += 1 + (uint32_t)values;
    }
    return at < arguments->count ? at + 1 : 0;
}

/* … STREAMS key key id id */
static enum keys_result find_streams(const struct arguments *arguments, struct keys *keys)
{
    uint32_t first = first_stream(arguments);
    uint32_t left = first == 0 ? 0 : arguments->count - first;

    if (left == 0 || left % 2 != 0) {
        return KEYS_UNCLEAR;
    }
    for (uint32_t i = first; i < first + left / 2; i++) {
        keys_add(keys, i);
    }
    return KEYS_FOUND;
}

/* XREADGROUP needs its GROUP, and in front of STREAMS. */
static enum keys_result find_group_streams(const struct arguments *arguments, struct keys *keys)
{
    uint32_t first = first_stream(arguments);

    for (uint32_t i = 1; i + 1 < first; i += 1 + (uint32_t)stream_option_values(arguments, i)) {
        if (argument_is(arguments, i, "group")) {
            return find_streams(arguments, keys);
        }
    }
    return KEYS_UNCLEAR;
}

/* The argument behind KEYS; 0 when there is none. A password may be called "keys". */
static uint32_t first_migrated(const struct arguments *arguments)
{
    for (uint32_t i = 6; i < arguments->count; i++) {
        if (argument_is(arguments, i, "keys")) {
            return i + 1;
        }
        if (argument_is(arguments, i, "auth")) {
            i += 1;
        } else if (argument_is(arguments, i, "auth2")) {
            i += 2;
        }
    }
    return 0;
}

/* MIGRATE host port key db timeout [options], or the key empty and KEYS at the end. */
static enum keys_result find_migrated(const struct arguments *arguments, struct keys *keys)
{
    uint32_t first = first_migrated(arguments);

    if (first == 0) {
        keys_add(keys, 3);
        return KEYS_FOUND;
    }
    if (arguments->items[3].size != 0 || first == arguments->count) {
        return KEYS_UNCLEAR;
    }
    for (uint32_t i = first; i < arguments->count; i++) {
        keys_add(keys, i);
    }
    return KEYS_FOUND;
}

/* Commands whose keys the specs of COMMAND INFO describe only in part. */
static finder_fn *const finders[COMMAND_IDS] = {
    [COMMAND_ID_SORT] = find_sort,
    [COMMAND_ID_GEORADIUS] = find_georadius,
    [COMMAND_ID_GEORADIUSBYMEMBER] = find_georadius,
    [COMMAND_ID_XREAD] = find_streams,
    [COMMAND_ID_XREADGROUP] = find_group_streams,
    [COMMAND_ID_MIGRATE] = find_migrated,
};

/* Where the keys of a spec begin; 0 or less when its keyword or argument is not there. */
static int64_t spec_begin(const struct key_spec *spec, const struct arguments *arguments)
{
    int64_t count = arguments->count;
    int64_t step = spec->index < 0 ? -1 : 1;
    int64_t at = spec->index < 0 ? count + spec->index : spec->index;

    if (spec->begin == KEY_BEGIN_INDEX) {
        return at;
    }
    for (; at > 0 && at < count; at += step) {
        if (argument_is(arguments, (uint32_t)at, spec->keyword)) {
            return at + 1;
        }
    }
    return 0;
}

/* An optional tail may be empty: SUNSUBSCRIBE alone, PFMERGE with a destination alone. */
static enum keys_result add_range(const struct key_spec *spec, int64_t first, int64_t count,
                                  struct keys *keys)
{
    int64_t last = spec->last < 0 ? count + spec->last : first + spec->last;

    if (spec->last < 0 && spec->limit > 1) {
        last = first + (count - first) / spec->limit + spec->last;
    }
    if (last >= count) {
        return KEYS_UNCLEAR;
    }
    for (int64_t i = first; i <= last; i += spec->step) {
        keys_add(keys, (uint32_t)i);
    }
    return KEYS_FOUND;
}

/* A node refuses "2.0" or "+2" keys only after it has looked where two keys are, so it must be the
 * node that serves them. Reads like atoi(), as nodes do; 0 when it is no number. */
static int64_t loose_number(struct span word)
{
    char text[12];

    if (word.size == 0 || word.size >= sizeof text) {
        return 0;
    }
    memcpy(text, word.at, word.size);
    text[word.size] = '\0';
    return strtol(text, NULL, 10);
}

/* The number of keys, or less than 0. */
static int64_t key_number(struct span word)
{
    int64_t number = 0;

    if (span_to_int64(word, &number)) {
        return number;
    }
    number = loose_number(word);
    return number > 0 ? number : -1;
}

/* numkeys key [key …]; the number is believed only when so many arguments follow it. */
static enum keys_result add_counted(const struct key_spec *spec, const struct arguments *arguments,
                                    int64_t first, struct keys *keys)
{
    int64_t at = first + spec->last;
    int64_t key = first + spec->limit;
    int64_t number = at < arguments->count ? key_number(arguments->items[at]) : -1;

    if (number < 0 || number > ((int64_t)arguments->count - key) / spec->step) {
        return KEYS_UNCLEAR;
    }
    for (int64_t i = 0; i < number; i++) {
        keys_add(keys, (uint32_t)(key + i * spec->step));
    }
    return number == 0 ? KEYS_NONE : KEYS_FOUND;
}

static enum keys_result add_spec(const struct key_spec *spec, const struct arguments *arguments,
                                 struct keys *keys)
{
    int64_t first = spec_begin(spec, arguments);

    if (first <= 0) {
        return KEYS_FOUND;
    }
    switch (spec->find) {
    case KEY_FIND_RANGE: return add_range(spec, first, arguments->count, keys);
    case KEY_FIND_COUNT: return add_counted(spec, arguments, first, keys);
    case KEY_FIND_NONE:
    case KEY_FIND_UNKNOWN:
        break; /* the keys of SORT_RO behind BY and GET are the node's business */
    }
    return KEYS_FOUND;
}

/* A destination of nothing, as ZUNIONSTORE d 0: no server takes it. What a module takes nobody
 * knows, and the destination stays one. */
static bool is_senseless(const struct command *command, const struct keys *found)
{
    return found->count > 0 && command->id != COMMAND_ID_LEARNED;
}

enum keys_result keys_find(const struct command *command, const struct arguments *arguments,
                           struct keys *keys)
{
    keys->count = 0;
    if (command->only_key != 0) {
        CHECK(command->only_key < arguments->count);
        keys_add(keys, command->only_key);
        return KEYS_FOUND;
    }
    if (finders[command->id] != NULL) {
        return finders[command->id](arguments, keys);
    }

    for (size_t i = 0; i < command->key_spec_count; i++) {
        enum keys_result result = add_spec(&command->keys[i], arguments, keys);
        if (result == KEYS_UNCLEAR || (result == KEYS_NONE && is_senseless(command, keys))) {
            keys->count = 0;
            return KEYS_UNCLEAR;
        }
    }
    return keys->count > 0 ? KEYS_FOUND : KEYS_NONE;
}

void keys_clear(struct keys *keys)
{
    free(keys->index);
    *keys = (struct keys){0};
}
