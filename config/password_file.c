#include "config/password_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/memory.h"

/* Reads until a line end, the end of the file or a full buffer. False: errno says why. */
static bool read_line(int fd, char *buffer, size_t room, size_t *size)
{
    *size = 0;
    while (*size < room && memchr(buffer, '\n', *size) == NULL) {
        ssize_t count = read(fd, buffer + *size, room - *size);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            return false;
        }
        if (count == 0) {
            return true;
        }
        *size += (size_t)count;
    }
    return true;
}

static size_t line_size(const char *buffer, size_t size)
{
    const char *end = memchr(buffer, '\n', size);
    size_t line = end == NULL ? size : (size_t)(end - buffer);

    return line > 0 && buffer[line - 1] == '\r' ? line - 1 : line;
}

static char *take_line(const char *buffer, size_t size, size_t limit, char **problem)
{
    size_t line = line_size(buffer, size);

    if (line == 0) {
        *problem = memory_print("its first line is empty");
        return NULL;
    }
    if (line > limit) {
        *problem = memory_print("its first line has more than %zu bytes", limit);
        return NULL;
    }
    if (memchr(buffer, '\0', line) != NULL) {
        *problem = memory_print("its first line has a zero byte");
        return NULL;
    }
    return memory_copy(buffer, line);
}

char *password_file_read(const char *path, size_t limit, char **problem)
{
    size_t room = limit + strlen("\r\n") + 1;
    size_t size = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        *problem = memory_print("%s", strerror(errno));
        return NULL;
    }
    char *buffer = memory_raw(room);
    char *password = NULL;
    if (read_line(fd, buffer, room, &size)) {
        password = take_line(buffer, size, limit, problem);
    } else {
        *problem = memory_print("%s", strerror(errno));
    }
    close(fd);
    /* Not to be found in a core file by accident. */
    explicit_bzero(buffer, room);
    free(buffer);
    return password;
}
