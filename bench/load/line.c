#include "bench/load/line.h"

#include <errno.h>
#include <unistd.h>

void line_init(struct line *line)
{
    *line = (struct line){.fd = -1};
}

bool line_open(struct line *line, const struct endpoint *endpoint)
{
    line->fd = socket_connect(endpoint);
    return line->fd >= 0;
}

void line_close(struct line *line)
{
    tls_free(&line->tls);
    if (line->fd >= 0) {
        close(line->fd);
    }
    line->fd = -1;
}

void line_secure(struct line *line, struct tls_context *context, const char *host)
{
    const struct tls_server server = {.name = host, .expected = host};

    line->tls = tls_connect(context, line->fd, &server);
}

enum socket_result line_read(struct line *line, char *to, size_t room, size_t *size)
{
    return line->tls == NULL ? socket_read(line->fd, to, room, size)
                             : tls_read(line->tls, to, room, size);
}

enum sendq_result line_write(struct line *line, struct sendq *output, size_t *sent)
{
    return line->tls == NULL ? sendq_write(output, line->fd, sent)
                             : sendq_write_tls(output, line->tls, sent);
}

const char *line_problem(const struct line *line)
{
    const char *problem = line->tls == NULL ? "" : tls_problem(line->tls);

    return problem[0] == '\0' ? strerror(errno) : problem;
}
