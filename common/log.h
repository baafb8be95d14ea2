/* log.h - levelled lines on stderr: an event, then key=value.
 *
 *      text:  2026-02-03T04:05:06.789Z WARN  node unreachable node=127.0.0.1:7000 error=refused
 *      json:  {"time":"…","level":"warn","event":"node unreachable","node":"127.0.0.1:7000",…}
 *
 * A line is one write(), so lines of several threads never mix. Values with blanks or quotes are
 * quoted. The same event from the same place is let through LOG_BURST times per second; the rest is
 * counted, and the next line that passes says suppressed=N. Keys and values of clients are
 * never logged.
 */
#ifndef COMMON_LOG_H
#define COMMON_LOG_H

#include <stdatomic.h>

#include "common/base.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
enum log_format { LOG_TEXT, LOG_JSON };

enum {
    LOG_BURST = 20, /* lines per second and place */
};

/* One per place in the code that logs; any thread. */
struct log_site {
    _Atomic uint64_t window_start;
    _Atomic uint32_t in_window;
    _Atomic uint32_t suppressed;
};

extern _Atomic int log_threshold;

/* Call before the first thread starts, and again on reload. */
void log_configure(enum log_level level, enum log_format format);

/* For tests: where lines go instead of stderr. */
void log_set_descriptor(int fd);

/* Use the macros below. `pairs` is a printf format of the form "name=%s other=%d", values without
 * blanks in the format itself; it may be "". A %s value may hold anything. Lines that would be
 * longer than 4096 bytes are cut. */
void log_line(struct log_site *site, enum log_level level, const char *event, const char *pairs,
              ...) PRINTF(4, 5);

#define LOG_AT(level, event, ...)                                                                  \
    do {                                                                                           \
        static struct log_site log_site_here;                                                      \
        if ((int)(level) >= atomic_load_explicit(&log_threshold, memory_order_relaxed)) {          \
            log_line(&log_site_here, level, event, __VA_ARGS__);                                   \
        }                                                                                          \
    } while (0)

#define log_debug(event, ...) LOG_AT(LOG_DEBUG, event, __VA_ARGS__)
#define log_info(event, ...)  LOG_AT(LOG_INFO, event, __VA_ARGS__)
#define log_warn(event, ...)  LOG_AT(LOG_WARN, event, __VA_ARGS__)
#define log_error(event, ...) LOG_AT(LOG_ERROR, event, __VA_ARGS__)

#endif
