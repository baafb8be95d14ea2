/* expect.h - a few things that tests say again and again. */
#ifndef TESTS_SUPPORT_EXPECT_H
#define TESTS_SUPPORT_EXPECT_H

#include <criterion/criterion.h>
#include <string.h>

#define EXPECT_STARTS(text, prefix)                                                                \
    do {                                                                                           \
        const char *expect_text = (text);                                                          \
        cr_expect(strncmp(expect_text, (prefix), strlen(prefix)) == 0, "'%s' starts otherwise",    \
                  expect_text);                                                                    \
    } while (0)

#define EXPECT_CONTAINS(text, part)                                                                \
    do {                                                                                           \
        const char *expect_text = (text);                                                          \
        cr_expect(strstr(expect_text, (part)) != NULL, "'%s' is not in '%s'", (part),              \
                  expect_text);                                                                    \
    } while (0)

#define EXPECT_LACKS(text, part)                                                                   \
    do {                                                                                           \
        const char *expect_text = (text);                                                          \
        cr_expect(strstr(expect_text, (part)) == NULL, "'%s' is in '%s'", (part), expect_text);    \
    } while (0)

#endif
