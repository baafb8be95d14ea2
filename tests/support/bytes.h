/* bytes.h - bytes that grow, for tests. Belongs to whoever declares it; zero-initialise. */
#ifndef TESTS_SUPPORT_BYTES_H
#define TESTS_SUPPORT_BYTES_H

#include <stdarg.h>

#include "common/span.h"

struct bytes {
    char *at; /* a zero byte stands behind the last one, so text can be used as a string */
    size_t size;
    size_t capacity;
};

/* Makes room for `size` more bytes and returns where they go; bytes_added says how many came. */
char *bytes_room(struct bytes *bytes, size_t size);
void bytes_added(struct bytes *bytes, size_t size);

/* Each adds behind what is there. */
void bytes_add(struct bytes *bytes, const void *at, size_t size);
void bytes_print(struct bytes *bytes, const char *format, ...) PRINTF(2, 3);
void bytes_print_list(struct bytes *bytes, const char *format, va_list list);

/* Adds a request as clients send it: an array of bulk strings. */
void bytes_add_request(struct bytes *bytes, const struct span *arguments, size_t count);

/* Adds `span` as people read it: control and high bytes as \r, \n, \x00. */
void bytes_add_escaped(struct bytes *bytes, struct span span);

/* Forgets the first `size` bytes. */
void bytes_drop(struct bytes *bytes, size_t size);

/* Gives the memory back; `bytes` may be used again. */
void bytes_clear(struct bytes *bytes);

#endif
