/* resp_write.h - compose requests and replies in RESP2 at the end of a sendq. One thread. */
#ifndef COMMON_RESP_WRITE_H
#define COMMON_RESP_WRITE_H

#include "common/sendq.h"

/* Each appends one value, as the remark beside it shows, and the CR LF that ends it. */
void resp_write_status(struct sendq *queue, const char *text); /* +text */
void resp_write_error(struct sendq *queue, const char *text);  /* -text; CR and LF become blanks */
void resp_write_integer(struct sendq *queue, int64_t number);  /* :number */
void resp_write_bulk(struct sendq *queue, struct span bytes);  /* $n bytes */
void resp_write_text(struct sendq *queue, const char *text);   /* $n text */
void resp_write_null(struct sendq *queue);                     /* $-1 */
void resp_write_null_array(struct sendq *queue);               /* *-1 */
void resp_write_array(struct sendq *queue, size_t count);      /* *count, the elements follow */

/* A map of so many keys and values, which follow: %count in RESP3, an array in RESP2. */
void resp_write_map(struct sendq *queue, int protocol, size_t count);

/* $n and the formatted text; for what is not on the plain path. */
void resp_write_format(struct sendq *queue, const char *format, ...) PRINTF(2, 3);

/* A whole request: *n and its arguments as bulk strings. */
void resp_write_request(struct sendq *queue, const struct span *arguments, size_t count);

#endif
