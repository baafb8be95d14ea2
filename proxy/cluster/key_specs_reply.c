#include "proxy/cluster/key_specs_reply.h"

#include <ctype.h>
#include <hiredis/hiredis.h>

/* A spec in the making. */
struct draft {
    struct key_spec spec;
    char *keyword; /* room for it */
};

static bool is_text(const redisReply *reply, const char *text)
{
    return (reply->type == REDIS_REPLY_STRING || reply->type == REDIS_REPLY_STATUS) &&
           span_equal((struct span){reply->str, reply->len}, span_of(text));
}

/* Of an array of names and values; NULL when the name is not there. */
static const redisReply *value_of(const redisReply *pairs, const char *name)
{
    if (pairs->type != REDIS_REPLY_ARRAY) {
        return NULL;
    }
    for (size_t i = 0; i + 1 < pairs->elements; i += 2) {
        if (is_text(pairs->element[i], name)) {
            return pairs->element[i + 1];
        }
    }
    return NULL;
}

static bool number_of(const redisReply *pairs, const char *name, int16_t least, int16_t *to)
{
    const redisReply *number = value_of(pairs, name);

    if (number == NULL || number->type != REDIS_REPLY_INTEGER || number->integer < least ||
        number->integer > COMMAND_ARITY_MAX) {
        return false;
    }
    *to = (int16_t)number->integer;
    return true;
}

static bool read_keyword(const redisReply *fields, struct draft *draft)
{
    const redisReply *word = value_of(fields, "keyword");

    if (word == NULL || word->type != REDIS_REPLY_STRING || word->len == 0 ||
        word->len > COMMAND_KEYWORD_MAX) {
        return false;
    }
    for (size_t i = 0; i < word->len; i++) {
        if (!isgraph((unsigned char)word->str[i])) {
            return false;
        }
    }
    memcpy(draft->keyword, word->str, word->len);
    draft->keyword[word->len] = '\0';
    draft->spec.keyword = draft->keyword;
    return true;
}

/* The type of a step, and what belongs to it. */
static const redisReply *open_step(const redisReply *spec, const char *step,
                                   const redisReply **fields)
{
    const redisReply *pairs = value_of(spec, step);
    const redisReply *type = pairs == NULL ? NULL : value_of(pairs, "type");

    *fields = type == NULL ? NULL : value_of(pairs, "spec");
    return *fields == NULL ? NULL : type;
}

static bool read_begin(const redisReply *spec, struct draft *draft)
{
    const redisReply *fields;
    const redisReply *type = open_step(spec, "begin_search", &fields);

    if (type != NULL && is_text(type, "index")) {
        draft->spec.begin = KEY_BEGIN_INDEX;
        return number_of(fields, "index", 1, &draft->spec.index);
    }
    if (type != NULL && is_text(type, "keyword")) {
        draft->spec.begin = KEY_BEGIN_KEYWORD;
        return read_keyword(fields, draft) &&
               number_of(fields, "startfrom", -COMMAND_ARITY_MAX, &draft->spec.index) &&
               draft->spec.index != 0;
    }
    return false;
}

static bool read_find(const redisReply *spec, struct key_spec *to)
{
    const redisReply *fields;
    const redisReply *type = open_step(spec, "find_keys", &fields);

    if (type != NULL && is_text(type, "range")) {
        to->find = KEY_FIND_RANGE;
        return number_of(fields, "lastkey", -COMMAND_ARITY_MAX, &to->last) &&
               number_of(fields, "keystep", 1, &to->step) &&
               number_of(fields, "limit", 0, &to->limit);
    }
    if (type != NULL && is_text(type, "keynum")) {
        to->find = KEY_FIND_COUNT;
        return number_of(fields, "keynumidx", 0, &to->last) &&
               number_of(fields, "firstkey", 0, &to->limit) &&
               number_of(fields, "keystep", 1, &to->step);
    }
    return false;
}

static uint16_t read_flags(const redisReply *spec)
{
    const redisReply *flags = value_of(spec, "flags");
    uint16_t bits = 0;

    if (flags == NULL || flags->type != REDIS_REPLY_ARRAY) {
        return 0;
    }
    for (size_t i = 0; i < flags->elements; i++) {
#define ROW(symbol, bit, text) bits |= is_text(flags->element[i], text) ? KEY_##symbol : 0;
        KEY_FLAGS(ROW)
#undef ROW
    }
    return bits;
}

enum keys_told key_specs_from_reply(const redisReply *specs, struct command *facts,
                                    struct key_words *words)
{
    enum keys_told told = KEYS_TOLD;

    for (size_t i = 0; i < specs->elements; i++) {
        const redisReply *spec = specs->element[i];
        size_t at = facts->key_spec_count;
        struct draft draft = {.keyword = at < COMMAND_KEY_SPECS ? words->text[at] : NULL};

        if (draft.keyword != NULL && read_begin(spec, &draft) && read_find(spec, &draft.spec)) {
            draft.spec.flags = read_flags(spec);
            facts->keys[facts->key_spec_count++] = draft.spec;
        } else {
            told = KEYS_NOT_TOLD;
        }
    }
    return told;
}
