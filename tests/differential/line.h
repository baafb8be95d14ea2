/* line.h - a connection to each side, over which the same is said, from an empty keyspace on.
 *
 * Main thread.
 */
#ifndef TESTS_DIFFERENTIAL_LINE_H
#define TESTS_DIFFERENTIAL_LINE_H

#include "tests/differential/sides.h"
#include "tests/differential/stream.h"

struct line;

/* What one side said to calls, in order. */
struct replies {
    struct bytes bytes;
    struct words words;
};

/* Empties both sides, and speaks `protocol` from now on; NULL when one does not answer. */
struct line *line_open(const struct sides *sides, enum protocol protocol);
void line_close(struct line **line);

/* Asks the twin which words of the calls from `from` to before `end` are keys. */
void line_learn_keys(struct line *line, struct stream *stream, size_t from, size_t end);

/* Sends these calls to both sides at once, and fills replies[SIDE_COUNT] with theirs. A side that
 * says no more is written down as an error that no server sends. */
void line_exchange(struct line *line, const struct stream *stream, size_t from, size_t end,
                   struct replies *replies);

/* Sends an iteration with its cursors, to the end, to each side; what it gave in all is one reply
 * of each side. False when a reply is none of an iteration: then this reply is it. */
bool line_iterate(struct line *line, const struct stream *stream, size_t index, size_t cursor,
                  struct replies *replies);

/* To the `index`-th call of them. */
struct span replies_at(const struct replies *replies, size_t index);

/* Gives the memory back. */
void replies_clear(struct replies *replies);

#endif
