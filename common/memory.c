#include "common/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Read by jemalloc, where that is malloc: what is freed goes back to the system within a second or
 * two, also when the thread that freed it has nothing more to do. */
extern const char *malloc_conf;
const char *malloc_conf = "background_thread:true,dirty_decay_ms:1000,muzzy_decay_ms:0";

void *memory_or_die(void *memory, size_t size)
{
    if (unlikely(memory == NULL)) {
        fprintf(stderr, "slotway: out of memory: %zu bytes wanted\n", size);
        abort();
    }
    return memory;
}

void *memory_new(size_t count, size_t size)
{
    return memory_or_die(calloc(count == 0 ? 1 : count, size), size);
}

void *memory_raw(size_t size)
{
    return memory_or_die(malloc(size == 0 ? 1 : size), size);
}

void *memory_resize(void *old, size_t count, size_t size)
{
    return memory_or_die(reallocarray(old, count == 0 ? 1 : count, size), size);
}

char *memory_copy(const void *bytes, size_t size)
{
    char *copy = memory_raw(size + 1);

    if (size > 0) {
        memcpy(copy, bytes, size);
    }
    copy[size] = '\0';
    return copy;
}

char *memory_print(const char *format, ...)
{
    char *text = NULL;
    va_list arguments;

    va_start(arguments, format);
    int length = vasprintf(&text, format, arguments);
    va_end(arguments);
    return memory_or_die(length < 0 ? NULL : text, 0);
}
