#include "proxy/downstream/config_get.h"

#include <ctype.h>
#include <stdlib.h>

#include "common/memory.h"
#include "common/resp_write.h"

/* Passwords, and where passwords lie. */
static const char *const secrets[] = {
    "requirepass",
    "masterauth",
    "masteruser",
    "primaryauth",
    "primaryuser",
    "tls-key-file-pass",
    "tls-client-key-file-pass",
    "aclfile",
};

static bool is_secret(struct span name)
{
    for (size_t i = 0; i < ARRAY_LEN(secrets); i++) {
        if (span_equal_nocase(name, span_of(secrets[i]))) {
            return true;
        }
    }
    return false;
}

/* The names and values of the answer. */
struct answer {
    struct config_pair *pairs;
    size_t count;
};

static bool answer_has(const struct answer *answer, struct span name)
{
    for (size_t i = 0; i < answer->count; i++) {
        if (span_equal_nocase(answer->pairs[i].name, name)) {
            return true;
        }
    }
    return false;
}

static void answer_add(struct answer *answer, struct config_pair pair)
{
    if ((answer->count & (answer->count - 1)) == 0) {
        size_t room = answer->count == 0 ? 1 : answer->count * 2;

        answer->pairs = memory_resize(answer->pairs, room, sizeof pair);
    }
    answer->pairs[answer->count++] = pair;
}

static const struct config_pair *own_find(const struct config_own *own, struct span name)
{
    for (size_t i = 0; i < own->count; i++) {
        if (span_equal_nocase(own->pairs[i].name, name)) {
            return &own->pairs[i];
        }
    }
    return NULL;
}

/* Names are lower case; patterns are in any case, as in Redis. */
static bool is_asked(const struct arguments *arguments, struct span name)
{
    for (uint32_t i = 2; i < arguments->count; i++) {
        struct span pattern = arguments->items[i];
        char *lower = memory_copy(pattern.at, pattern.size);

        for (size_t j = 0; j < pattern.size; j++) {
            lower[j] = (char)tolower((unsigned char)lower[j]);
        }

        bool matches = span_glob((struct span){lower, pattern.size}, name);

        free(lower);
        if (matches) {
            return true;
        }
    }
    return false;
}

/* Takes one string off the front of `rest`. */
static bool take_string(struct span *rest, struct span *string)
{
    struct span reply;

    return reply_take(rest, &reply) && reply_string(reply, string);
}

static void answer_add_reply(struct answer *answer, struct span reply, const struct config_own *own)
{
    int64_t count;
    size_t first;

    if (reply.size == 0 || !reply_map_open(reply, &count, &first)) {
        return;
    }

    struct span rest = {reply.at + first, reply.size - first};
    struct config_pair pair;

    while (take_string(&rest, &pair.name) && take_string(&rest, &pair.value)) {
        const struct config_pair *ours = own_find(own, pair.name);

        if (!is_secret(pair.name)) {
            answer_add(answer, ours == NULL ? pair : (struct config_pair){pair.name, ours->value});
        }
    }
}

void config_get_write(struct sendq *to, const struct arguments *arguments, struct span reply,
                      const struct config_own *own)
{
    struct answer answer = {0};

    answer_add_reply(&answer, reply, own);
    for (size_t i = 0; i < own->count; i++) {
        if (is_asked(arguments, own->pairs[i].name) && !answer_has(&answer, own->pairs[i].name)) {
            answer_add(&answer, own->pairs[i]);
        }
    }
    resp_write_map(to, answer.count);
    for (size_t i = 0; i < answer.count; i++) {
        resp_write_bulk(to, answer.pairs[i].name);
        resp_write_bulk(to, answer.pairs[i].value);
    }
    free(answer.pairs);
}
