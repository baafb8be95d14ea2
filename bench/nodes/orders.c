#include "bench/nodes/orders.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { WORDS_MAX = 4 };

bool order_number(const char *text, long most, long *number)
{
    char *end;

    errno = 0;
    *number = text == NULL ? -1 : strtol(text, &end, 10);
    return *number >= 0 && *number <= most && errno == 0 && end != text && *end == '\0';
}

static bool order_move(struct orders *orders, char *const *words)
{
    struct picture *picture = &orders->site->picture;
    long first;
    long last;
    long node;

    if (!order_number(words[1], SLOT_COUNT - 1, &first) ||
        !order_number(words[2], SLOT_COUNT - 1, &last) || first > last ||
        !order_number(words[3], picture->node_count - 1, &node) ||
        picture->nodes[node].primary != PICTURE_NOBODY || picture->nodes[node].has_failed) {
        return false;
    }
    picture_move(picture, (uint16_t)first, (uint16_t)last, (uint16_t)node);
    puts("ok");
    return true;
}

static bool order_fail(struct orders *orders, char *const *words)
{
    struct picture *picture = &orders->site->picture;
    long node;

    if (!order_number(words[1], picture->node_count - 1, &node) || words[2] != NULL ||
        picture->nodes[node].has_failed) {
        return false;
    }
    picture_fail(picture, (uint16_t)node);
    node_close(&orders->nodes[node]);
    puts("ok");
    return true;
}

static bool order_report(const struct orders *orders, char *const *words)
{
    uint32_t least = UINT32_MAX;
    uint32_t most = 0;
    uint64_t all = 0;

    if (words[1] != NULL) {
        return false;
    }
    for (uint16_t i = 0; i < orders->site->picture.node_count; i++) {
        const struct node *node = &orders->nodes[i];

        all += node->connection_count;
        if (node->fd >= 0 && orders->site->picture.nodes[i].primary == PICTURE_NOBODY) {
            least = node->connection_count < least ? node->connection_count : least;
            most = node->connection_count > most ? node->connection_count : most;
        }
    }
    printf("connections=%" PRIu64 " least=%u most=%u made=%" PRIu64 " requests=%" PRIu64 "\n", all,
           least, most, orders->site->connections_made, orders->site->requests);
    return true;
}

static void orders_obey(struct orders *orders, char *line)
{
    char *words[WORDS_MAX + 1] = {NULL};
    char *rest = NULL;
    bool is_done = false;

    for (size_t i = 0; i < WORDS_MAX; i++) {
        words[i] = strtok_r(i == 0 ? line : NULL, " \t\r", &rest);
        if (words[i] == NULL) {
            break;
        }
    }
    if (words[0] != NULL && strcmp(words[0], "move") == 0) {
        is_done = order_move(orders, words);
    } else if (words[0] != NULL && strcmp(words[0], "fail") == 0) {
        is_done = order_fail(orders, words);
    } else if (words[0] != NULL && strcmp(words[0], "report") == 0) {
        is_done = order_report(orders, words);
    }
    if (!is_done) {
        puts("error: not understood");
    }
    fflush(stdout);
}

static void orders_obey_lines(struct orders *orders)
{
    char *end;

    while ((end = memchr(orders->line, '\n', orders->line_size)) != NULL) {
        size_t used = (size_t)(end - orders->line) + 1;

        *end = '\0';
        orders_obey(orders, orders->line);
        orders->line_size -= used;
        memmove(orders->line, orders->line + used, orders->line_size);
    }
}

static void orders_on_readable(struct ev_loop *loop UNUSED, ev_io *watcher, int events UNUSED)
{
    struct orders *orders = container_of(watcher, struct orders, readable);
    ssize_t size = read(STDIN_FILENO, orders->line + orders->line_size,
                        sizeof orders->line - orders->line_size);

    if (size <= 0) {
        reactor_stop(orders->site->reactor);
        return;
    }
    orders->line_size += (size_t)size;
    orders_obey_lines(orders);
    if (orders->line_size == sizeof orders->line) {
        fputs("nodes: a line on stdin is too long\n", stderr);
        reactor_stop(orders->site->reactor);
    }
}

void orders_open(struct orders *orders, struct site *site, struct node *nodes)
{
    *orders = (struct orders){.site = site, .nodes = nodes};
    ev_io_init(&orders->readable, orders_on_readable, STDIN_FILENO, EV_READ);
    ev_io_start(site->reactor->loop, &orders->readable);
}

void orders_close(struct orders *orders)
{
    ev_io_stop(orders->site->reactor->loop, &orders->readable);
}
