#include "tests/support/http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "common/check.h"

enum { HTTP_TIMEOUT_S = 5 };

static int http_connect(uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval timeout = {.tv_sec = HTTP_TIMEOUT_S};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    CHECK(fd >= 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static void http_read_all(int fd, struct bytes *answer)
{
    ssize_t count = 0;

    bytes_room(answer, 0);
    do {
        bytes_added(answer, (size_t)count);
        char *room = bytes_room(answer, 65536);
        count = recv(fd, room, 65536, 0);
    } while (count > 0);
}

/* `head` is the first line without its end, and further headers. */
static int http_ask(uint16_t port, const char *head, struct bytes *body)
{
    struct bytes answer = {0};
    char request[512];
    int fd = http_connect(port);
    int status = 0;

    if (fd < 0) {
        return 0;
    }
    int size = snprintf(request, sizeof request,
                        "%s\r\nHost: localhost\r\nConnection: close\r\n\r\n", head);
    send(fd, request, (size_t)size, MSG_NOSIGNAL);
    http_read_all(fd, &answer);
    close(fd);
    const char *content = strstr(answer.at, "\r\n\r\n");
    if (content != NULL && sscanf(answer.at, "HTTP/1.%*d %d", &status) == 1 && body != NULL) {
        bytes_print(body, "%s", content + 4);
    }
    bytes_clear(&answer);
    return status;
}

int http_get(uint16_t port, const char *path, struct bytes *body)
{
    char head[256];

    snprintf(head, sizeof head, "GET %s HTTP/1.1", path);
    return http_ask(port, head, body);
}

int http_post(uint16_t port, const char *path, struct bytes *body)
{
    char head[256];

    snprintf(head, sizeof head, "POST %s HTTP/1.1\r\nX-Slotway: 1\r\nContent-Length: 0", path);
    return http_ask(port, head, body);
}
