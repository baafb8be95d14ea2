/* base.h - the few things that every file may use. */
#ifndef COMMON_BASE_H
#define COMMON_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define container_of(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))

#define ARRAY_LEN(array)                    (sizeof(array) / sizeof((array)[0]))

#define MUST_USE                            __attribute__((warn_unused_result))
#define PRINTF(text, at)                    __attribute__((format(printf, text, at)))
#define UNUSED                              __attribute__((unused))

#define likely(condition)                   __builtin_expect(!!(condition), 1)
#define unlikely(condition)                 __builtin_expect(!!(condition), 0)

/* For a few lines that each request goes through; and for what it must not be slowed down by. */
#define ALWAYS_INLINE inline __attribute__((always_inline))
#define NOINLINE      __attribute__((noinline))

/* Sanitizers handle crashes themselves, and better. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define IS_SANITIZED 1
#endif
#endif
#ifndef IS_SANITIZED
#define IS_SANITIZED 0
#endif

/* One microsecond is the unit of all times inside the process. */
enum {
    US_PER_MS = 1000,
    US_PER_SECOND = 1000000,
};

static inline size_t size_min(size_t a, size_t b)
{
    return a < b ? a : b;
}

static inline size_t size_max(size_t a, size_t b)
{
    return a > b ? a : b;
}

#endif
