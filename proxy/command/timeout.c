#include "proxy/command/timeout.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/resp_write.h"

enum {
    NUMBER_MAX = 64,       /* longer ones are no timeouts that make sense */
    LEAST_LEFT_MS = 10,    /* some servers cut what they compute from 0.001 to 0 */
    LONGEST_S = 100000000, /* three years are for ever */
};

static const struct place {
    int argument; /* < 0: from the end. 0: the command never blocks */
    enum timeout_unit unit;
} places[COMMAND_IDS] = {
    [COMMAND_ID_BLMOVE] = {-1, TIMEOUT_SECONDS},
    [COMMAND_ID_BLMOVEM] = {5, TIMEOUT_SECONDS},
    [COMMAND_ID_BLMPOP] = {1, TIMEOUT_SECONDS},
    [COMMAND_ID_BLPOP] = {-1, TIMEOUT_SECONDS},
    [COMMAND_ID_BRPOP] = {-1, TIMEOUT_SECONDS},
    [COMMAND_ID_BRPOPLPUSH] = {-1, TIMEOUT_SECONDS},
    [COMMAND_ID_BZMPOP] = {1, TIMEOUT_SECONDS},
    [COMMAND_ID_BZPOPMAX] = {-1, TIMEOUT_SECONDS},
    [COMMAND_ID_BZPOPMIN] = {-1, TIMEOUT_SECONDS},
    [COMMAND_ID_WAIT] = {-1, TIMEOUT_MILLISECONDS},
    [COMMAND_ID_WAITAOF] = {-1, TIMEOUT_MILLISECONDS},
};

static bool argument_is(const struct arguments *arguments, uint32_t index, struct span word)
{
    return span_equal_nocase(arguments->items[index], word);
}

/* How many arguments the option of XREAD or XREADGROUP at `index` takes up, itself included: a
 * group and a consumer may be called like an option. */
static uint32_t option_size(const struct arguments *arguments, uint32_t index)
{
    if (argument_is(arguments, index, SPAN("GROUP"))) {
        return 3;
    }
    bool has_value = argument_is(arguments, index, SPAN("BLOCK")) ||
                     argument_is(arguments, index, SPAN("COUNT")) ||
                     argument_is(arguments, index, SPAN("CLAIM"));

    return has_value ? 2 : 1;
}

/* Options come in any order; of several BLOCKs the last one counts. 0: none. */
static uint32_t stream_block(const struct arguments *arguments)
{
    uint32_t found = 0;
    uint32_t at = 1;

    while (at < arguments->count && !argument_is(arguments, at, SPAN("STREAMS"))) {
        if (argument_is(arguments, at, SPAN("BLOCK"))) {
            found = at + 1;
        }
        at += option_size(arguments, at);
    }
    return found;
}

/* Where the timeout stands, or would stand; 0 when the request never blocks. */
static uint32_t timeout_place(const struct command *command, const struct arguments *arguments,
                              enum timeout_unit *unit)
{
    const struct place *place = &places[command->id];

    if (command->class == COMMAND_CLASS_STREAM_READ) {
        *unit = TIMEOUT_MILLISECONDS;
        return stream_block(arguments);
    }
    *unit = place->unit;
    return place->argument < 0 ? arguments->count - (uint32_t)-place->argument
                               : (uint32_t)place->argument;
}

static uint64_t us_of(uint64_t units, uint64_t us_per_unit)
{
    if (units == 0 || units > (uint64_t)LONGEST_S * US_PER_SECOND / us_per_unit) {
        return UINT64_MAX;
    }
    return units * us_per_unit;
}

static bool read_milliseconds(struct span text, uint64_t *us)
{
    int64_t number;

    if (!span_to_int64(text, &number) || number < 0) {
        return false;
    }
    *us = us_of((uint64_t)number, US_PER_MS);
    return true;
}

/* Redis: whatever strtold takes as a whole and is a number; a fraction of a millisecond is one. */
static bool read_seconds(struct span text, uint64_t *us)
{
    char copy[NUMBER_MAX];
    char *end;

    if (text.size == 0 || text.size >= sizeof copy || (unsigned char)text.at[0] <= ' ') {
        return false;
    }
    memcpy(copy, text.at, text.size);
    copy[text.size] = '\0';
    errno = 0;

    long double seconds = strtold(copy, &end);

    if (end != copy + text.size || errno != 0 || !(seconds >= 0)) {
        return false;
    }
    if (seconds > LONGEST_S) {
        *us = UINT64_MAX;
        return true;
    }

    uint64_t ms = (uint64_t)(seconds * 1000);

    *us = us_of((long double)ms < seconds * 1000 ? ms + 1 : ms, US_PER_MS);
    return true;
}

enum timeout_result timeout_find(const struct command *command, const struct arguments *arguments,
                                 struct timeout *timeout)
{
    timeout->argument = timeout_place(command, arguments, &timeout->unit);
    if (timeout->argument == 0) {
        return TIMEOUT_NONE;
    }
    if (timeout->argument >= arguments->count) {
        return TIMEOUT_BAD;
    }

    struct span text = arguments->items[timeout->argument];
    bool is_good = timeout->unit == TIMEOUT_SECONDS ? read_seconds(text, &timeout->us)
                                                    : read_milliseconds(text, &timeout->us);

    return is_good ? TIMEOUT_FOUND : TIMEOUT_BAD;
}

static struct span print_left(enum timeout_unit unit, uint64_t left_us, char *text, size_t size)
{
    uint64_t ms = left_us / US_PER_MS > LEAST_LEFT_MS ? left_us / US_PER_MS : LEAST_LEFT_MS;
    int length = 0;

    switch (unit) {
    case TIMEOUT_SECONDS:
        length = snprintf(text, size, "%llu.%03llu", (unsigned long long)(ms / 1000),
                          (unsigned long long)(ms % 1000));
        break;
    case TIMEOUT_MILLISECONDS: length = snprintf(text, size, "%llu", (unsigned long long)ms); break;
    }
    return (struct span){text, (size_t)length};
}

struct block *timeout_replace(const struct command *command, struct span bytes, uint64_t left_us)
{
    static const struct scan_limits no_limits = {INT64_MAX, INT64_MAX, SIZE_MAX, true};
    struct request_scan scan = {0};
    struct arguments arguments = {0};
    struct timeout timeout;
    struct sendq composed;
    char text[NUMBER_MAX];
    size_t used = 0;
    enum scan_result scanned = request_scan_next(&scan, &no_limits, bytes, &arguments, &used);

    CHECK(scanned == SCAN_DONE && used == bytes.size && arguments.items != NULL);

    enum timeout_result found = timeout_find(command, &arguments, &timeout);

    CHECK(found == TIMEOUT_FOUND);
    arguments.items[timeout.argument] = print_left(timeout.unit, left_us, text, sizeof text);
    sendq_init(&composed);
    resp_write_request(&composed, arguments.items, arguments.count);

    struct block *block = sendq_flatten(&composed);

    sendq_clear(&composed);
    arguments_clear(&arguments);
    return block;
}
