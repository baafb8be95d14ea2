#include "proxy/routing/sift.h"

#include <stdlib.h>

#include "common/memory.h"
#include "common/resp_write.h"

enum { QUESTION_KEYS_MAX = 512 };

void sift_clear(struct sift *sift)
{
    free(sift->keys);
    free(sift->questions);
    *sift = (struct sift){0};
}

void sift_add(struct sift *sift, uint16_t slot, struct span name)
{
    if (sift->key_count == sift->key_capacity) {
        sift->key_capacity = sift->key_capacity == 0 ? 64 : 2 * sift->key_capacity;
        sift->keys = memory_resize(sift->keys, sift->key_capacity, sizeof *sift->keys);
    }
    sift->keys[sift->key_count++] = (struct sift_key){.name = name, .slot = slot};
}

static void sift_wonder(struct sift *sift, struct sift_question question)
{
    if (sift->question_count == sift->question_capacity) {
        sift->question_capacity = sift->question_capacity == 0 ? 16 : 2 * sift->question_capacity;
        sift->questions =
            memory_resize(sift->questions, sift->question_capacity, sizeof *sift->questions);
    }
    sift->questions[sift->question_count++] = question;
}

static void sift_wonder_one_by_one(struct sift *sift, size_t first, size_t end)
{
    for (size_t i = first; i < end; i++) {
        sift_wonder(sift, (struct sift_question){.first = i, .count = 1, .asks_type = true});
    }
}

void sift_close_slot(struct sift *sift, size_t first, bool is_moving)
{
    if (is_moving || sift->type.at != NULL) {
        sift_wonder_one_by_one(sift, first, sift->key_count);
        return;
    }
    for (size_t i = first; i < sift->key_count; i += QUESTION_KEYS_MAX) {
        uint32_t count = (uint32_t)size_min(sift->key_count - i, QUESTION_KEYS_MAX);

        sift_wonder(sift, (struct sift_question){.first = i, .count = count});
    }
}

uint16_t sift_slot(const struct sift *sift, size_t index)
{
    return sift->keys[sift->questions[index].first].slot;
}

struct block *sift_compose(const struct sift *sift, size_t index, const struct command **command)
{
    const struct sift_question *question = &sift->questions[index];
    struct span words[1 + QUESTION_KEYS_MAX] = {question->asks_type ? SPAN("TYPE")
                                                                    : SPAN("EXISTS")};
    struct sendq composed;

    *command = command_by_id(question->asks_type ? COMMAND_ID_TYPE : COMMAND_ID_EXISTS);
    for (uint32_t i = 0; i < question->count; i++) {
        words[1 + i] = sift->keys[question->first + i].name;
    }
    sendq_init(&composed);
    resp_write_request(&composed, words, 1 + question->count);

    struct block *block = sendq_flatten(&composed);

    sendq_clear(&composed);
    return block;
}

static bool sift_hear_type(struct sift *sift, struct sift_key *key, struct span reply)
{
    struct span type;

    if (!reply_string(reply, &type)) {
        return false;
    }
    key->is_gone = span_equal(type, SPAN("none")) ||
                   (sift->type.at != NULL && !span_equal_nocase(type, sift->type));
    return true;
}

bool sift_hear(struct sift *sift, size_t index, struct span reply)
{
    struct sift_question question = sift->questions[index];
    int64_t count;

    if (question.asks_type) {
        return sift_hear_type(sift, &sift->keys[question.first], reply);
    }
    if (!reply_integer(reply, &count) || count < 0 || count > question.count) {
        return false;
    }
    if (count == 0) {
        for (uint32_t i = 0; i < question.count; i++) {
            sift->keys[question.first + i].is_gone = true;
        }
    } else if (count < question.count) {
        sift_wonder_one_by_one(sift, question.first, question.first + question.count);
    }
    return true;
}

size_t sift_left(const struct sift *sift)
{
    size_t left = 0;

    for (size_t i = 0; i < sift->key_count; i++) {
        left += !sift->keys[i].is_gone;
    }
    return left;
}
