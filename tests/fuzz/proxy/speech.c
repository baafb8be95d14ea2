#include "tests/fuzz/proxy/speech.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/memory.h"
#include "proxy/cluster/slot.h"

enum { LARGE_BYTES = 20 * 1024 };

static void say(struct line *line, const char *format, ...)
{
    size_t before = line->out.size;
    va_list list;

    va_start(list, format);
    bytes_print_list(&line->out, format, list);
    va_end(list);
    line->said += line->out.size - before;
}

static void say_large(struct line *line, uint16_t uid)
{
    char *large = memory_raw(LARGE_BYTES + 1);

    memset(large, '.', LARGE_BYTES);
    large[LARGE_BYTES] = '\0';
    large[snprintf(large, LARGE_BYTES, "r%u.", uid)] = '.';
    say(line, "$%d\r\n%s\r\n", LARGE_BYTES, large);
    free(large);
}

static void say_value(struct line *line, const struct errand *errand, enum answer answer)
{
    char word[16];

    snprintf(word, sizeof word, "r%u.", errand->uid);
    if (answer == ANSWER_BULK) {
        say(line, "$%zu\r\n%s\r\n", strlen(word), word);
    } else if (answer == ANSWER_ARRAY) {
        say(line, "*2\r\n+%s\r\n*2\r\n:%u\r\n$-1\r\n", word, errand->uid);
    } else if (answer == ANSWER_LARGE) {
        say_large(line, errand->uid);
    } else {
        say(line, "+%s\r\n", word);
    }
}

static void say_keys(struct line *line, const struct errand *errand)
{
    char key[32];

    snprintf(key, sizeof key, "{%s}:%u", tag_name(errand->tag), errand->uid);
    say(line, "*%u\r\n", errand->keys);
    for (uint8_t i = 0; i < errand->keys; i++) {
        say(line, "$%zu\r\n%s\r\n", strlen(key), key);
    }
}

static void say_right(struct line *line, const struct errand *errand, enum answer answer)
{
    switch ((enum errand_kind)errand->kind) {
    case ERRAND_VALUE: say_value(line, errand, answer); return;
    case ERRAND_SUM: say(line, ":%u\r\n", errand->uid); return;
    case ERRAND_KEYS: say_keys(line, errand); return;
    case ERRAND_HERE: say(line, ":1\r\n"); return;
    case ERRAND_WHO: say(line, "$40\r\n%040u\r\n", line->node); return;
    case ERRAND_OK:
    case ERRAND_OTHER: say(line, "+OK\r\n"); return;
    }
}

static bool is_right(enum answer answer)
{
    return answer <= ANSWER_LARGE;
}

bool speech_is_refusal(const struct errand *errand, enum answer answer)
{
    if (errand->kind == ERRAND_HERE) {
        return answer == ANSWER_LOADING;
    }
    return answer >= ANSWER_MOVED;
}

enum answer speech_sensible(const struct errand *errand, enum answer answer)
{
    if (errand->kind == ERRAND_HERE && answer > ANSWER_ERROR && answer != ANSWER_LOADING) {
        return ANSWER_ERROR;
    }
    return errand->kind == ERRAND_OTHER && errand->uid == 0 && answer != ANSWER_LOADING
               ? ANSWER_STATUS
               : answer;
}

static void say_redirection(struct line *line, const struct errand *errand, const char *word,
                            uint8_t where)
{
    unsigned slot = slot_of(span_of(tag_name(errand->tag)));

    say(line, "-%s %u 127.0.0.1:%u\r\n", word, slot, NODE_PORT + where);
}

/* What a script says begins as it likes, and is an answer all the same. */
static void say_error(struct line *line, const struct errand *errand, uint8_t where)
{
    static const char *const words[] = {"WRONGTYPE", "TRYAGAIN",   "CLUSTERDOWN",
                                        "LOADING",   "MASTERDOWN", "READONLY"};
    size_t word = errand->is_script ? where % ARRAY_LEN(words) : 0;

    say(line, "-%s r%u. is of another type\r\n", words[word], errand->uid);
}

/* Refusals are word for word those of a server: other words are a script's own. */
static void say_odd(struct line *line, const struct errand *errand, enum answer answer,
                    uint8_t where)
{
    switch (answer) {
    case ANSWER_MOVED: say_redirection(line, errand, "MOVED", where); return;
    case ANSWER_ASK: say_redirection(line, errand, "ASK", where); return;
    case ANSWER_TRYAGAIN:
        say(line, "-TRYAGAIN Multiple keys request during rehashing of slot\r\n");
        return;
    case ANSWER_CLUSTERDOWN: say(line, "-CLUSTERDOWN Hash slot not served\r\n"); return;
    case ANSWER_LOADING: say(line, "-LOADING Redis is loading the dataset in memory\r\n"); return;
    case ANSWER_READONLY:
        say(line, "-READONLY You can't write against a read only replica.\r\n");
        return;
    case ANSWER_MASTERDOWN:
        say(line, "-MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to "
                  "'no'.\r\n");
        return;
    case ANSWER_FAR_MOVED: say(line, "-MOVED 16384 127.0.0.1:7001 r%u.\r\n", errand->uid); return;
    case ANSWER_STATUS:
    case ANSWER_BULK:
    case ANSWER_ARRAY:
    case ANSWER_LARGE:
    case ANSWER_ERROR:
    case ANSWER_COUNT: say_error(line, errand, where); return;
    }
}

void speech_say(struct line *line, const struct errand *errand, enum answer answer, uint8_t where)
{
    if (is_right(answer)) {
        say_right(line, errand, answer);
    } else {
        say_odd(line, errand, answer, where);
    }
}
