#include "tests/chaos/history.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/check.h"
#include "common/memory.h"
#include "tests/support/resp.h"

enum { NOTES_MAX = 2000, EXCERPT_BEFORE = 12, EXCERPT_AFTER = 6 };

static const char *const role_texts[] = {
#define ROW(symbol, text) text,
    KEY_ROLES(ROW)
#undef ROW
};

static const char *const kind_texts[] = {
#define ROW(symbol, text) text,
    STEP_KINDS(ROW)
#undef ROW
};

static const char *const answer_texts[] = {
#define ROW(symbol, text) text,
    ANSWERS(ROW)
#undef ROW
};

const char *answer_text(enum answer answer)
{
    CHECK(answer < ANSWER_COUNT);
    return answer_texts[answer];
}

void key_name(const struct history *history, uint16_t key, char name[KEY_NAME_SIZE])
{
    const char *role = role_texts[key_role_of(key)];

    CHECK(key < KEYS);
    if (key_is_shared(key)) {
        snprintf(name, KEY_NAME_SIZE, "{shared.%u.%d}%s", history->round, key_tag(key), role);
    } else {
        snprintf(name, KEY_NAME_SIZE, "{%u.%u.%d}%s", history->client, history->life, key_tag(key),
                 role);
    }
}

uint16_t key_slot(const struct history *history, uint16_t key)
{
    char name[KEY_NAME_SIZE];

    key_name(history, key, name);
    return resp_slot(span_of(name));
}

int step_width(const struct step *step)
{
    return step->reach == REACH_ONE ? 1 : WIDTH;
}

uint16_t step_key(const struct step *step, int i)
{
    switch ((enum reach)step->reach) {
    case REACH_ONE: break;
    case REACH_SLOT: return (uint16_t)(step->key + i);
    case REACH_WIDE: return (uint16_t)((step->key + i * ROLES) % OWN_KEYS);
    }
    return step->key;
}

bool step_writes(const struct step *step)
{
    switch ((enum step_kind)step->kind) {
    case STEP_PUSH:
    case STEP_SCRIPT_PUSH:
    case STEP_CROSS_PUSH:
    case STEP_APPEND:
    case STEP_INCR:
    case STEP_SET:
    case STEP_MSET:
    case STEP_DEL: return true;
    case STEP_TAIL:
    case STEP_GET:
    case STEP_MGET:
    case STEP_EXISTS:
    case STEP_KIND_COUNT: break;
    }
    return false;
}

bool step_grows_log(const struct step *step)
{
    return step->kind <= STEP_APPEND;
}

bool step_surely_ran(const struct step *step)
{
    return step->answer == ANSWER_FITS;
}

bool step_surely_did_not_run(const struct step *step)
{
    return step->answer == ANSWER_DOWN || step->answer == ANSWER_OVERLOADED;
}

void token_print(struct token token, char text[TOKEN_SIZE + 1])
{
    snprintf(text, TOKEN_SIZE + 1, "%04u.%010u.%04u;", token.client % 10000, token.number,
             token.key % 10000);
}

/* Digits only, all of them. */
static bool digits(const char *at, size_t size, uint32_t *number)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < size; i++) {
        if (at[i] < '0' || at[i] > '9') {
            return false;
        }
        sum = sum * 10 + (uint64_t)(at[i] - '0');
    }
    *number = (uint32_t)sum;
    return sum <= UINT32_MAX;
}

bool token_parse(struct span text, struct token *token)
{
    return text.size == TOKEN_SIZE && text.at[4] == '.' && text.at[15] == '.' &&
           text.at[20] == ';' && digits(text.at, 4, &token->client) &&
           digits(text.at + 5, 10, &token->number) && digits(text.at + 16, 4, &token->key);
}

uint32_t token_times(struct token token)
{
    uint32_t mixed = (token.number * 2654435761u ^ token.client * 40503u ^ token.key) >> 7;

    switch (mixed % 128) {
    case 0: return 1 + mixed / 128 % 4700;
    case 1:
    case 2:
    case 3:
    case 4:
    case 5:
    case 6: return 1 + mixed / 128 % 200;
    default: return 1;
    }
}

bool token_parse_value(struct span text, struct token *token)
{
    struct span first = {text.at, size_min(text.size, TOKEN_SIZE)};

    if (!token_parse(first, token) || text.size != (size_t)TOKEN_SIZE * token_times(*token)) {
        return false;
    }
    /* Each equals the one before it. */
    return memcmp(text.at, text.at + TOKEN_SIZE, text.size - TOKEN_SIZE) == 0;
}

struct step *history_add(struct history *history, enum step_kind kind, uint16_t key)
{
    if (history->count == history->capacity) {
        history->capacity = size_max(1024, 2 * history->capacity);
        history->steps = memory_resize(history->steps, history->capacity, sizeof *history->steps);
    }
    struct step *step = &history->steps[history->count++];
    *step = (struct step){.kind = (uint8_t)kind, .key = key};
    return step;
}

void history_note(struct history *history, size_t place, struct span text)
{
    struct bytes escaped = {0};

    if (history->note_count == NOTES_MAX) {
        return;
    }
    history->notes = memory_resize(history->notes, history->note_count + 1, sizeof *history->notes);
    struct note *note = &history->notes[history->note_count++];
    note->number = history_number(history, place);
    bytes_add_escaped(&escaped, (struct span){text.at, size_min(text.size, sizeof note->text)});
    snprintf(note->text, sizeof note->text, "%s", escaped.at);
    bytes_clear(&escaped);
}

struct step *history_find(const struct history *history, uint32_t number)
{
    if (number < history->first || number - history->first >= history->count) {
        return NULL;
    }
    return &history->steps[number - history->first];
}

static const char *note_of(const struct history *history, uint32_t number)
{
    for (size_t i = 0; i < history->note_count; i++) {
        if (history->notes[i].number == number) {
            return history->notes[i].text;
        }
    }
    return "";
}

static bool step_touches(const struct step *step, uint16_t key)
{
    for (int i = 0; i < step_width(step); i++) {
        if (step_key(step, i) == key) {
            return true;
        }
    }
    return step->kind == STEP_CROSS_PUSH && step->key + 1 == key;
}

static void print_step(const struct history *history, size_t place, struct bytes *text)
{
    const struct step *step = &history->steps[place];
    char name[KEY_NAME_SIZE];

    bytes_print(text, "    %10u  %7u ms  %s", history_number(history, place), step->sent_ms,
                kind_texts[step->kind]);
    for (int i = 0; i < step_width(step); i++) {
        key_name(history, step_key(step, i), name);
        bytes_print(text, " %s", name);
    }
    bytes_print(text, " -> %s", answer_texts[step->answer]);
    if (step->answer == ANSWER_FITS) {
        bytes_print(text, " [%u %u %u]", step->reply[0], step->reply[1], step->reply[2]);
    }
    bytes_print(text, " at %u ms %s\n", step->answered_ms,
                note_of(history, history_number(history, place)));
}

void history_print(const struct history *history, uint16_t key, size_t place, struct bytes *text)
{
    size_t from = size_min(place, history->count);
    int seen = 0;

    while (from > 0 && seen < EXCERPT_BEFORE) {
        seen += step_touches(&history->steps[--from], key);
    }
    for (int after = 0; from < history->count && after < EXCERPT_AFTER; from++) {
        if (from == place || step_touches(&history->steps[from], key)) {
            print_step(history, from, text);
            after += from > place;
        }
    }
}

void history_clear(struct history *history)
{
    free(history->steps);
    free(history->notes);
    *history = (struct history){0};
}
