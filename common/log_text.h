/* log_text.h - the bytes of one log line, in a buffer that never overflows, and their escapes.
 *
 * What does not fit is left out, an escape never in halves. For log.c and json.c; any thread.
 */
#ifndef COMMON_LOG_TEXT_H
#define COMMON_LOG_TEXT_H

#include "common/span.h"

struct log_text {
    char *bytes;
    size_t size;
    size_t limit;
};

/* Appends all of `bytes`, or nothing when there is no room for all: then nothing that follows is
 * appended either, so that a cut text has no holes. */
void log_text_put(struct log_text *text, struct span bytes);

/* Appends what stands between the quotes of a JSON string. Bytes that are no UTF-8 become
 * \ufffd. */
void log_text_put_json(struct log_text *text, struct span bytes);

/* Appends what stands between the quotes of a text value: C escapes, and \xNN for bytes that are
 * neither printable nor UTF-8. */
void log_text_put_escaped(struct log_text *text, struct span bytes);

/* Would a reader of name=value lines misunderstand these bytes without quotes? */
bool log_text_needs_quotes(struct span bytes);

#endif
