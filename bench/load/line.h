/* line.h - a connection's socket, in clear or with TLS on it. One thread.
 */
#ifndef BENCH_LOAD_LINE_H
#define BENCH_LOAD_LINE_H

#include "common/sendq.h"
#include "common/tls.h"

struct line {
    int fd;          /* -1: closed */
    struct tls *tls; /* NULL: in clear */
};

/* Closed. */
void line_init(struct line *line);

/* Begins to connect. False, with errno, when that fails at once. */
bool line_open(struct line *line, const struct endpoint *endpoint) MUST_USE;
void line_close(struct line *line);

/* Speaks TLS from now on with who is connected, and who must prove to be `host`. */
void line_secure(struct line *line, struct tls_context *context, const char *host);

/* As socket_read; there may be more until it is SOCKET_AGAIN. */
enum socket_result line_read(struct line *line, char *to, size_t room, size_t *size) MUST_USE;

/* As sendq_write. */
enum sendq_result line_write(struct line *line, struct sendq *output, size_t *sent) MUST_USE;

/* Was what line_read has just brought, `size` bytes where `room` was, all there is? */
static inline bool line_is_dry(const struct line *line, size_t size, size_t room)
{
    return line->tls == NULL && size < room;
}

/* Why it failed; good until it is closed, or errno is another. */
const char *line_problem(const struct line *line);

#endif
