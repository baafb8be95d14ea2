/* scan.c - what it costs to find the end and the arguments of a request, and the end of a reply. */
#include <stdlib.h>

#include "bench/micro/stopwatch.h"
#include "common/check.h"
#include "common/resp_scan.h"

#define KEY_16 "$16\r\nkey:000000012345\r\n"

struct sample {
    const char *name;
    struct span bytes;
};

static const struct sample requests[] = {
    {"PING", SPAN("*1\r\n$4\r\nPING\r\n")},
    {"GET, key of 16 bytes", SPAN("*2\r\n$3\r\nGET\r\n" KEY_16)},
    {"SET, key of 16 bytes, value of 3", SPAN("*3\r\n$3\r\nSET\r\n" KEY_16 "$3\r\nxxx\r\n")},
    {"MGET of 10 keys of 16 bytes", SPAN("*11\r\n$4\r\nMGET\r\n" KEY_16 KEY_16 KEY_16 KEY_16 KEY_16
                                             KEY_16 KEY_16 KEY_16 KEY_16 KEY_16)},
    {"PING as an inline line", SPAN("PING\r\n")},
};

static const struct sample replies[] = {
    {"+OK", SPAN("+OK\r\n")},
    {"$3", SPAN("$3\r\nxxx\r\n")},
    {"$-1", SPAN("$-1\r\n")},
    {":1", SPAN(":1\r\n")},
    {"*10 of $16",
     SPAN("*10\r\n" KEY_16 KEY_16 KEY_16 KEY_16 KEY_16 KEY_16 KEY_16 KEY_16 KEY_16 KEY_16)},
};

static struct arguments arguments;

static void scan_request(const void *argument)
{
    static const struct scan_limits limits = {1024 * 1024, 512 << 20, 1 << 30, true};
    const struct sample *sample = argument;
    struct request_scan scan;
    size_t used = 0;

    request_scan_reset(&scan);
    CHECK(request_scan_next(&scan, &limits, sample->bytes, &arguments, &used) == SCAN_DONE);
    CHECK(used == sample->bytes.size);
}

static void scan_reply(const void *argument)
{
    const struct sample *sample = argument;
    struct reply_scan scan;
    size_t used = 0;

    reply_scan_reset(&scan);
    CHECK(reply_scan_next(&scan, 1 << 30, sample->bytes, &used) == SCAN_DONE);
    CHECK(used == sample->bytes.size);
}

int main(void)
{
    puts("request, whole in the buffer");
    for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
        stopwatch_print(requests[i].name, stopwatch_ns(scan_request, &requests[i]));
    }
    puts("\nreply, whole in the buffer");
    for (size_t i = 0; i < ARRAY_LEN(replies); i++) {
        stopwatch_print(replies[i].name, stopwatch_ns(scan_reply, &replies[i]));
    }
    arguments_clear(&arguments);
    return 0;
}
