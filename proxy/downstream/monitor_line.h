/* monitor_line.h - a request as MONITOR shows it.
 *
 *      +1339518083.107412 [0 127.0.0.1:60866] "keys" "*"
 *
 * As a Redis server writes it, byte by byte, so that what reads the one reads the other. Large
 * arguments, and requests of very many, are cut; passwords are not shown. Pure; any thread.
 */
#ifndef PROXY_DOWNSTREAM_MONITOR_LINE_H
#define PROXY_DOWNSTREAM_MONITOR_LINE_H

#include "proxy/command/command.h"

enum {
    MONITOR_ARGUMENT_MAX = 64 * 1024, /* bytes of an argument that are shown */
    MONITOR_LINE_MAX = 1024 * 1024,   /* a line that is longer gets no more arguments */
};

/* Whole lines, one behind the other. The memory is their own, as it may go to another thread. */
struct monitor_lines {
    char *bytes;
    size_t size;
    size_t capacity;
};

/* Gives the memory back. */
void monitor_lines_clear(struct monitor_lines *lines);

/* Is `command` shown at all? Redis: administration is not. */
bool monitor_line_is_shown(const struct command *command);

/* Adds the line of a request of the client at `peer` at `at`, wall time in microseconds. */
void monitor_lines_add(struct monitor_lines *lines, uint64_t at, const char *peer,
                       const struct command *command, const struct arguments *arguments);

#endif
