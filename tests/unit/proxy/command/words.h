/* words.h - the arguments of a request, written as one text with blanks; '' is an empty argument.
 */
#ifndef TESTS_UNIT_PROXY_COMMAND_WORDS_H
#define TESTS_UNIT_PROXY_COMMAND_WORDS_H

#include <criterion/criterion.h>

#include "common/resp_scan.h"

enum { WORDS_MAX = 2048 };

struct words {
    struct arguments arguments;
    struct span items[WORDS_MAX];
};

/* `text` is borrowed. */
static inline void words_init(struct words *words, const char *text)
{
    *words = (struct words){.arguments = {.items = words->items, .capacity = WORDS_MAX}};
    for (text += strspn(text, " "); *text != '\0'; text += strspn(text, " ")) {
        size_t size = strcspn(text, " ");
        bool is_empty = size == 2 && text[0] == '\'' && text[1] == '\'';
        cr_assert_lt(words->arguments.count, WORDS_MAX);
        words->items[words->arguments.count++] = (struct span){text, is_empty ? 0 : size};
        text += size;
    }
}

#endif
