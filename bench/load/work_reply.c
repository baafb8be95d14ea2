/* What a unit must be answered. */
#include "bench/load/work.h"

enum {
    TRANSACTION_COMMANDS = 5,
    TRANSACTION_HEAD = 1 + TRANSACTION_COMMANDS, /* EXEC's array, behind OK and five QUEUED */
};

static struct expectation expect_line(struct span line)
{
    return (struct expectation){.kind = EXPECT_LINE, .line = line};
}

static struct expectation expect_array(struct span line, uint32_t elements)
{
    return (struct expectation){.kind = EXPECT_LINE, .line = line, .elements = elements};
}

static inline struct expectation expect_value(const struct work *work, uint64_t number)
{
    return (struct expectation){
        .kind = EXPECT_VALUE,
        .line = span_of(work->value_line),
        .value = value_of(&work->values, number),
        .missing = work->allow_missing ? SPAN("$-1\r\n") : SPAN(""),
    };
}

static struct expectation expect_piece(const struct work *work, const struct unit *unit)
{
    struct span value = value_of(&work->values, unit->number);

    return (struct expectation){
        .kind = EXPECT_VALUE,
        .line = span_of(work->piece_line),
        .value = {value.at + unit->start, work->piece},
        .missing = work->allow_missing ? SPAN("$0\r\n") : SPAN(""),
    };
}

/* OK, five QUEUED, then the array: OK, a, OK, b, a. */
static struct expectation expect_of_transaction(const struct work *work, const struct unit *unit,
                                                uint32_t step)
{
    if (step == 0) {
        return expect_line(SPAN("+OK\r\n"));
    }
    if (step < TRANSACTION_HEAD) {
        return expect_line(SPAN("+QUEUED\r\n"));
    }
    switch (step - TRANSACTION_HEAD) {
    case 0: return expect_array(SPAN("*5\r\n"), TRANSACTION_COMMANDS);
    case 1:
    case 3: return expect_line(SPAN("+OK\r\n"));
    case 4: return expect_value(work, unit->number + 1);
    default: return expect_value(work, unit->number);
    }
}

uint32_t work_steps(const struct work *work, const struct unit *unit)
{
    switch (unit->kind) {
    case WORK_MGET: return 1 + work->keys_per;
    case WORK_MULTI:
    case WORK_MULTI_STEPS: return TRANSACTION_HEAD + 1 + TRANSACTION_COMMANDS;
    default: return 1;
    }
}

struct expectation work_expectation(const struct work *work, const struct unit *unit, uint32_t step)
{
    switch ((int)unit->kind) {
    case WORK_GET:
    case WORK_EVAL: return expect_value(work, unit->number);
    case WORK_GETRANGE: return expect_piece(work, unit);
    case WORK_MGET:
        return step == 0 ? expect_array(span_of(work->array_line), work->keys_per)
                         : expect_value(work, work_key(work, unit, step - 1));
    case WORK_MULTI:
    case WORK_MULTI_STEPS: return expect_of_transaction(work, unit, step);
    case WORK_DEL:
        return (struct expectation){
            .kind = EXPECT_COUNT, .line = SPAN(":<count>\r\n"), .most = work->keys_per};
    case WORK_PING: return expect_line(SPAN("+PONG\r\n"));
    default: return expect_line(SPAN("+OK\r\n"));
    }
}
