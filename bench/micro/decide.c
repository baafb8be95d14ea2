/* decide.c - what it costs to know what a request is and where it goes: its row in the table of
 * commands, its keys, and the route.
 */
#include <stdio.h>

#include "bench/micro/support/asked.h"
#include "bench/micro/support/cases.h"
#include "proxy/command/command_table.h"
#include "proxy/routing/router.h"

static const struct {
    const char *name;
    const char *text;
} rows[] = {
    {"PING", "PING"},
    {"GET", "GET key:000000012345"},
    {"SET", "SET key:000000012345 value"},
    {"MGET of 10 keys in one slot",
     "MGET {a}:1 {a}:2 {a}:3 {a}:4 {a}:5 {a}:6 {a}:7 {a}:8 {a}:9 {a}:10"},
    {"MGET of 10 keys in 10 slots",
     "MGET key:1 key:2 key:3 key:4 key:5 key:6 key:7 key:8 key:9 key:10"},
    {"MSET of 10 keys in 10 slots",
     "MSET key:1 a key:2 b key:3 c key:4 d key:5 e key:6 f key:7 g key:8 h key:9 i key:10 j"},
    {"EVAL of 2 keys", "EVAL return 2 {a}:1 {a}:2 argument"},
    {"XREAD of 2 streams", "XREAD COUNT 10 STREAMS {a}:1 {a}:2 0-0 0-0"},
    {"ZUNIONSTORE of 2 keys", "ZUNIONSTORE {a}:1 2 {a}:2 {a}:3 WEIGHTS 1 2"},
    {"CLIENT INFO", "CLIENT INFO"},
    {"GEORADIUSBYMEMBER", "GEORADIUSBYMEMBER key:000000012345 member 100 km"},
};

enum { ROWS = ARRAY_LEN(rows), PARTS = 3 };

static struct asked requests[ROWS];
static struct bench_case cases[ROWS * PARTS];
static char names[ROWS * PARTS][64];
static volatile unsigned sink; /* of all that is found: what nobody wants is not looked for */

static void look_up(const void *argument)
{
    const struct asked *asked = argument;
    const struct command *command;

    CHECK(command_table_find(NULL, &asked->arguments, &command) == COMMAND_FOUND);
    CHECK(command == asked->command);
}

static void find_keys(const void *argument)
{
    struct asked *asked = &requests[(const struct asked *)argument - requests];

    sink = keys_find(asked->command, &asked->arguments, &asked->keys);
}

static void find_route(const void *argument)
{
    struct asked *asked = &requests[(const struct asked *)argument - requests];

    struct route route = route_request(asked->command, &asked->arguments, &asked->keys);

    sink = (unsigned)route.kind + route.slot;
}

static void add_case(size_t index, const char *part, case_work *work, size_t request)
{
    snprintf(names[index], sizeof names[index], "%s %s", part, rows[request].name);
    cases[index] = (struct bench_case){names[index], work, &requests[request], CASE_CALLS};
}

int main(int argc, char **argv)
{
    for (size_t i = 0; i < ROWS; i++) {
        asked_init(&requests[i], rows[i].text);
        add_case(i, "look up", look_up, i);
        add_case(ROWS + i, "keys of", find_keys, i);
        add_case(2 * ROWS + i, "route of", find_route, i);
    }

    int status = cases_main(argc, argv, cases, ARRAY_LEN(cases));

    for (size_t i = 0; i < ROWS; i++) {
        asked_clear(&requests[i]);
    }
    return status;
}
