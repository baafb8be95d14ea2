#include "proxy/command/command_info.h"

#include "common/resp_write.h"

/* Keys as clients older than key specs understand them. */
struct key_range {
    int first;
    int last;
    int step;
};

/* "config get" is "config|get" on the wire. */
void command_write_name(struct sendq *to, const struct command *command)
{
    const char *blank = strchr(command->name, ' ');

    if (blank == NULL) {
        resp_write_text(to, command->name);
        return;
    }
    resp_write_format(to, "%.*s|%s", (int)(blank - command->name), command->name, blank + 1);
}

struct word {
    uint32_t bit;
    const char *text;
};

/* A set of flags: an array of the words whose bits are set. */
static void write_words(struct sendq *to, const struct word *words, size_t count, uint32_t bits)
{
    size_t set = 0;

    for (size_t i = 0; i < count; i++) {
        set += (words[i].bit & bits) != 0 ? 1 : 0;
    }
    resp_write_set(to, set);
    for (size_t i = 0; i < count; i++) {
        if ((words[i].bit & bits) != 0) {
            resp_write_status(to, words[i].text);
        }
    }
}

static void write_flags(struct sendq *to, const struct command *command)
{
    static const struct word words[] = {
#define ROW(symbol, text) {COMMAND_##symbol, text},
        COMMAND_FLAGS(ROW)
#undef ROW
    };

    write_words(to, words, ARRAY_LEN(words), command->flags);
}

static bool spec_is_plain(const struct key_spec *spec)
{
    return spec->begin == KEY_BEGIN_INDEX && spec->find == KEY_FIND_RANGE;
}

static int spec_last(const struct key_spec *spec)
{
    return spec->last < 0 ? spec->last : spec->index + spec->last;
}

/* As the server does it: a single plain range as it is, of several those with step 1 that follow
 * one another, and nothing of the rest. */
static struct key_range key_range_of(const struct command *command)
{
    struct key_range range = {0};

    if (command->key_spec_count == 1 && spec_is_plain(&command->keys[0])) {
        const struct key_spec *spec = &command->keys[0];
        return (struct key_range){spec->index, spec_last(spec), spec->step};
    }
    for (size_t i = 0; i < command->key_spec_count; i++) {
        const struct key_spec *spec = &command->keys[i];
        bool follows = range.first == 0 || range.last == spec->index - 1;
        if (!spec_is_plain(spec) || spec->step != 1 || !follows) {
            continue;
        }
        range.first = range.first == 0 ? spec->index : range.first;
        range.last = spec_last(spec);
        range.step = 1;
    }
    return range;
}

static void write_range(struct sendq *to, const struct command *command)
{
    struct key_range range = key_range_of(command);

    resp_write_integer(to, range.first);
    resp_write_integer(to, range.last);
    resp_write_integer(to, range.step);
}

static void write_groups(struct sendq *to, const struct command *command)
{
    size_t count = command->groups[0] == '\0' ? 0 : 1;

    for (const char *at = command->groups; *at != '\0'; at++) {
        count += *at == ',' ? 1 : 0;
    }
    resp_write_set(to, count);
    for (const char *at = command->groups; count > 0; count--) {
        size_t size = strcspn(at, ",");
        sendq_print(to, "+%.*s\r\n", (int)size, at);
        at += size + 1;
    }
}

static const char *const request_policy_names[] = {
#define ROW(symbol, text) [TO_##symbol] = text,
    REQUEST_POLICIES(ROW)
#undef ROW
};

static const char *const reply_policy_names[] = {
#define ROW(symbol, text) [REPLY_##symbol] = text,
    REPLY_POLICIES(ROW)
#undef ROW
};

static void write_tips(struct sendq *to, const struct command *command)
{
    static const struct word tips[] = {
#define ROW(symbol, bit, text) {COMMAND_##symbol, text},
        COMMAND_TIPS(ROW)
#undef ROW
    };
    const char *request = request_policy_names[command->request];
    const char *reply = reply_policy_names[command->reply];
    size_t count = (size_t)(request != NULL) + (size_t)(reply != NULL);

    for (size_t i = 0; i < ARRAY_LEN(tips); i++) {
        count += (command->flags & tips[i].bit) != 0 ? 1 : 0;
    }
    resp_write_set(to, count);
    for (size_t i = 0; i < ARRAY_LEN(tips); i++) {
        if ((command->flags & tips[i].bit) != 0) {
            resp_write_text(to, tips[i].text);
        }
    }
    if (request != NULL) {
        resp_write_format(to, "request_policy:%s", request);
    }
    if (reply != NULL) {
        resp_write_format(to, "response_policy:%s", reply);
    }
}

static void write_pair(struct sendq *to, const char *name, int64_t number)
{
    resp_write_text(to, name);
    resp_write_integer(to, number);
}

/* type and spec, with `fields` numbers or words in it. */
static void open_step(struct sendq *to, const char *step, const char *type, size_t fields)
{
    resp_write_text(to, step);
    resp_write_map(to, 2);
    resp_write_text(to, "type");
    resp_write_text(to, type);
    resp_write_text(to, "spec");
    resp_write_map(to, fields);
}

static void write_begin(struct sendq *to, const struct key_spec *spec)
{
    switch (spec->begin) {
    case KEY_BEGIN_INDEX:
        open_step(to, "begin_search", "index", 1);
        write_pair(to, "index", spec->index);
        return;
    case KEY_BEGIN_KEYWORD:
        open_step(to, "begin_search", "keyword", 2);
        resp_write_text(to, "keyword");
        resp_write_text(to, spec->keyword);
        write_pair(to, "startfrom", spec->index);
        return;
    case KEY_BEGIN_NONE:
    case KEY_BEGIN_UNKNOWN: open_step(to, "begin_search", "unknown", 0); return;
    }
}

static void write_find(struct sendq *to, const struct key_spec *spec)
{
    switch (spec->find) {
    case KEY_FIND_RANGE:
        open_step(to, "find_keys", "range", 3);
        write_pair(to, "lastkey", spec->last);
        write_pair(to, "keystep", spec->step);
        write_pair(to, "limit", spec->limit);
        return;
    case KEY_FIND_COUNT:
        open_step(to, "find_keys", "keynum", 3);
        write_pair(to, "keynumidx", spec->last);
        write_pair(to, "firstkey", spec->limit);
        write_pair(to, "keystep", spec->step);
        return;
    case KEY_FIND_NONE:
    case KEY_FIND_UNKNOWN: open_step(to, "find_keys", "unknown", 0); return;
    }
}

static void write_spec(struct sendq *to, const struct key_spec *spec)
{
    static const struct word flags[] = {
#define ROW(symbol, bit, text) {KEY_##symbol, text},
        KEY_FLAGS(ROW)
#undef ROW
    };

    resp_write_map(to, 3);
    resp_write_text(to, "flags");
    write_words(to, flags, ARRAY_LEN(flags), spec->flags);
    write_begin(to, spec);
    write_find(to, spec);
}

void command_write_info(struct sendq *to, const struct command *command)
{
    command_write_name(to, command);
    resp_write_integer(to, command->arity);
    write_flags(to, command);
    write_range(to, command);
    write_groups(to, command);
    write_tips(to, command);
    resp_write_set(to, command->key_spec_count);
    for (size_t i = 0; i < command->key_spec_count; i++) {
        write_spec(to, &command->keys[i]);
    }
}
