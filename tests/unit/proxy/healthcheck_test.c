#include "proxy/healthcheck.h"

#include <criterion/criterion.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/socket.h"

enum { LONG_US = 10 * US_PER_SECOND, SHORT_US = 100 * US_PER_MS };

/* One listener that says `answer` to the first who asks, in two pieces, and hangs up. */
struct page {
    int listener;
    const char *answer;
    char asked[256];
    pthread_t thread;
};

static void *page_serve(void *argument)
{
    struct page *page = argument;
    struct pollfd wanted = {.fd = page->listener, .events = POLLIN};
    size_t first = size_min(strlen(page->answer), 5);
    size_t size = 0;

    cr_assert_eq(poll(&wanted, 1, LONG_US / US_PER_MS), 1);
    int fd = socket_accept(page->listener, NULL);
    cr_assert_geq(fd, 0);
    while (strstr(page->asked, "\r\n\r\n") == NULL) {
        size_t count = 0;
        wanted.fd = fd;
        cr_assert_eq(poll(&wanted, 1, LONG_US / US_PER_MS), 1);
        cr_assert_eq(socket_read(fd, page->asked + size, sizeof page->asked - 1 - size, &count),
                     SOCKET_OK);
        size += count;
    }
    cr_expect_eq(send(fd, page->answer, first, 0), (ssize_t)first);
    /* Who has heard enough may have hung up. */
    (void)!send(fd, page->answer + first, strlen(page->answer) - first, MSG_NOSIGNAL);
    close(fd);
    return NULL;
}

static struct address page_start(struct page *page, const char *answer)
{
    struct address address = {.kind = ADDRESS_TCP, .host = "127.0.0.1"};

    *page = (struct page){.listener = socket_listen(&address, 8), .answer = answer};
    cr_assert_geq(page->listener, 0);
    address.port = socket_port(page->listener);
    cr_assert_eq(pthread_create(&page->thread, NULL, page_serve, page), 0);
    return address;
}

static void page_stop(struct page *page)
{
    pthread_join(page->thread, NULL);
    close(page->listener);
}

static const struct {
    const char *answer;
    enum healthcheck_result result;
} samples[] = {
    {"HTTP/1.1 200 OK\r\n\r\nready\n", HEALTHCHECK_READY},
    {"HTTP/1.0 200 OK\r\n\r\n", HEALTHCHECK_READY},
    {"HTTP/1.1 503 Service Unavailable\r\n\r\n", HEALTHCHECK_NOT_READY},
    {"-ERR unknown command 'GET'\r\n", HEALTHCHECK_NOT_READY},
    {"HTTP/1.1 20", HEALTHCHECK_UNREACHABLE},
    {"", HEALTHCHECK_UNREACHABLE},
};

Test(healthcheck, judges_the_answer)
{
    for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
        struct page page;
        struct address address = page_start(&page, samples[i].answer);
        cr_expect_eq(healthcheck(&address, HEALTHCHECK_HTTP, LONG_US), samples[i].result, "%s",
                     samples[i].answer);
        page_stop(&page);
        cr_expect_eq(strncmp(page.asked, "GET /readyz HTTP/1.0\r\n", 22), 0);
    }
}

Test(healthcheck, asks_loopback_for_an_address_that_is_any)
{
    static const char *const hosts[] = {"*", "0.0.0.0"};

    for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
        struct page page;
        struct address address = page_start(&page, "HTTP/1.1 200 OK\r\n\r\n");
        strcpy(address.host, hosts[i]);
        cr_expect_eq(healthcheck(&address, HEALTHCHECK_HTTP, LONG_US), HEALTHCHECK_READY);
        page_stop(&page);
    }
}

Test(healthcheck, nobody_listens)
{
    struct address address = {.kind = ADDRESS_TCP, .host = "127.0.0.1"};
    int listener = socket_listen(&address, 8);

    cr_assert_geq(listener, 0);
    address.port = socket_port(listener);
    close(listener);
    cr_expect_eq(healthcheck(&address, HEALTHCHECK_HTTP, LONG_US), HEALTHCHECK_UNREACHABLE);
}

Test(healthcheck, does_not_wait_for_ever)
{
    struct address address = {.kind = ADDRESS_TCP, .host = "127.0.0.1"};
    int listener = socket_listen(&address, 8);

    cr_assert_geq(listener, 0);
    address.port = socket_port(listener);
    cr_expect_eq(healthcheck(&address, HEALTHCHECK_HTTP, SHORT_US), HEALTHCHECK_TOO_SLOW);
    close(listener);
}

Test(healthcheck, an_unknown_host)
{
    struct address address = {.kind = ADDRESS_TCP, .host = "no such host.invalid", .port = 1};

    cr_expect_eq(healthcheck(&address, HEALTHCHECK_HTTP, SHORT_US), HEALTHCHECK_NO_ADDRESS);
}

Test(healthcheck, every_result_has_a_text)
{
    for (int i = HEALTHCHECK_READY; i <= HEALTHCHECK_TOO_SLOW; i++) {
        cr_expect_gt(strlen(healthcheck_text((enum healthcheck_result)i)), 0);
    }
}
