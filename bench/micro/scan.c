/* scan.c - what it costs to find the end and the arguments of a request, and the end of a reply. */
#include "bench/micro/support/cases.h"
#include "common/check.h"
#include "common/resp_scan.h"

#define KEY_16 "$16\r\nkey:000000012345\r\n"

static const struct span ping = SPAN("*1\r\n$4\r\nPING\r\n");
static const struct span get = SPAN("*2\r\n$3\r\nGET\r\n" KEY_16);
static const struct span set = SPAN("*3\r\n$3\r\nSET\r\n" KEY_16 "$3\r\nxxx\r\n");
static const struct span mget = SPAN(
    "*11\r\n$4\r\nMGET\r\n" KEY_16 KEY_16 KEY_16 KEY_16 KEY_16 KEY_16 KEY_16 KEY_16 KEY_16 KEY_16);
static const struct span ping_line = SPAN("PING\r\n");

static const struct span ok = SPAN("+OK\r\n");
static const struct span string = SPAN("$3\r\nxxx\r\n");
static const struct span null = SPAN("$-1\r\n");
static const struct span integer = SPAN(":1\r\n");
static const struct span array =
    SPAN("*10\r\n" KEY_16 KEY_16 KEY_16 KEY_16 KEY_16 KEY_16 KEY_16 KEY_16 KEY_16 KEY_16);

static struct arguments arguments;

static void scan_request(const void *argument)
{
    static const struct scan_limits limits = {1024 * 1024, 512 << 20, 1 << 30, true};
    const struct span *bytes = argument;
    struct request_scan scan;
    size_t used = 0;

    request_scan_reset(&scan);
    CHECK(request_scan_next(&scan, &limits, *bytes, &arguments, &used) == SCAN_DONE);
    CHECK(used == bytes->size);
}

static void scan_reply(const void *argument)
{
    const struct span *bytes = argument;
    struct reply_scan scan;
    size_t used = 0;

    reply_scan_reset(&scan);
    CHECK(reply_scan_next(&scan, 1 << 30, *bytes, &used) == SCAN_DONE);
    CHECK(used == bytes->size);
}

static const struct bench_case cases[] = {
    {"request PING", scan_request, &ping, CASE_CALLS},
    {"request GET, key of 16 bytes", scan_request, &get, CASE_CALLS},
    {"request SET, key of 16 bytes, value of 3", scan_request, &set, CASE_CALLS},
    {"request MGET of 10 keys of 16 bytes", scan_request, &mget, CASE_CALLS},
    {"request PING as an inline line", scan_request, &ping_line, CASE_CALLS},
    {"reply +OK", scan_reply, &ok, CASE_CALLS},
    {"reply of 3 bytes", scan_reply, &string, CASE_CALLS},
    {"reply null", scan_reply, &null, CASE_CALLS},
    {"reply integer", scan_reply, &integer, CASE_CALLS},
    {"reply array of 10 strings of 16 bytes", scan_reply, &array, CASE_CALLS},
};

int main(int argc, char **argv)
{
    int status = cases_main(argc, argv, cases, ARRAY_LEN(cases));

    arguments_clear(&arguments);
    return status;
}
