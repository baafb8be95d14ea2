/* contents.h - what the keys of a round hold when all is quiet. */
#ifndef TESTS_CHAOS_CONTENTS_H
#define TESTS_CHAOS_CONTENTS_H

#include "tests/chaos/history.h"

/* One key. A list, a text and a register are tokens; all of them may be absent. */
struct content {
    struct token *tokens;
    uint32_t count;
    uint32_t number; /* of a counter; 0 when it is absent */
    bool is_torn;    /* holds something that nobody writes */
};

struct contents {
    struct content *own; /* OWN_KEYS for each history */
    size_t histories;
    struct content shared[SHARED_KEYS];
};

/* Room for the keys of so many histories, all of them absent. */
void contents_init(struct contents *contents, size_t histories);
void contents_clear(struct contents *contents);

/* The place of a key. */
struct content *contents_of(const struct contents *contents, size_t history, uint16_t key);

/* Takes one element of a list, or a text: tokens behind each other. */
void content_add(struct content *content, struct span text);

/* Takes the value of a register. */
void content_add_value(struct content *content, struct span text);

/* Takes the value of a counter. */
void content_count(struct content *content, struct span text);

#endif
