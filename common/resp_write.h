/* resp_write.h - compose requests and replies at the end of a sendq, in the protocol of its reader.
 *
 * Types that RESP3 has and RESP2 has not become what a Redis server makes of them in RESP2. One
 * thread.
 */
#ifndef COMMON_RESP_WRITE_H
#define COMMON_RESP_WRITE_H

#include "common/sendq.h"

/* Each appends one value, as the remark beside it shows, and the CR LF that ends it. */
void resp_write_status(struct sendq *queue, const char *text); /* +text */
void resp_write_error(struct sendq *queue, const char *text);  /* -text; CR and LF become blanks */
void resp_write_integer(struct sendq *queue, int64_t number);  /* :number */
void resp_write_bulk(struct sendq *queue, struct span bytes);  /* $n bytes */
void resp_write_text(struct sendq *queue, const char *text);   /* $n text */
void resp_write_double(struct sendq *queue, double number);    /* ,number, or $n number */
void resp_write_null(struct sendq *queue);                     /* $-1, or _ */
void resp_write_null_array(struct sendq *queue);               /* *-1, or _ */
void resp_write_array(struct sendq *queue, size_t count);      /* *count, the elements follow */
void resp_write_map(struct sendq *queue, size_t pairs);        /* %pairs, or *2 pairs */
void resp_write_set(struct sendq *queue, size_t count);        /* ~count, or *count */
void resp_write_push(struct sendq *queue, size_t count);       /* >count, or *count */
void resp_write_verbatim(struct sendq *queue, const char *text); /* =n txt:text, or $n text */

/* All of `text` as one verbatim string; leaves it empty. */
void resp_write_verbatim_queue(struct sendq *queue, struct sendq *text);

/* $n and the formatted text; for what is not on the plain path. */
void resp_write_format(struct sendq *queue, const char *format, ...) PRINTF(2, 3);

/* A whole request: *n and its arguments as bulk strings. */
void resp_write_request(struct sendq *queue, const struct span *arguments, size_t count);

#endif
