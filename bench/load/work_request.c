/* The bytes of a unit. */
#include "bench/load/work.h"
#include "common/resp_write.h"

/* "$16\r\nkey:000000000042\r\n" */
static void put_key(struct sendq *output, uint64_t number)
{
    char text[] = "$16\r\nkey:000000000000\r\n";

    key_write(number, text + sizeof "$16\r\n" - 1);
    sendq_append(output, (struct span){text, sizeof text - 1});
}

/* Key `letter` of a transaction: "$20\r\n{key:000000000042}:a\r\n". */
static void put_tagged_key(struct sendq *output, uint64_t number, char letter)
{
    char text[] = "$20\r\n{key:000000000000}:a\r\n";

    key_write(number, text + sizeof "$20\r\n{" - 1);
    text[sizeof text - sizeof "a\r\n"] = letter;
    sendq_append(output, (struct span){text, sizeof text - 1});
}

static void put_value(const struct work *work, struct sendq *output, uint64_t number)
{
    sendq_append(output, span_of(work->value_line));
    sendq_lend(output, work->values.pattern, value_of(&work->values, number));
    sendq_append(output, SPAN("\r\n"));
}

static void put_auth(const struct work *work, struct sendq *output)
{
    const char *words[] = {"AUTH", work->user, work->password};
    struct span arguments[ARRAY_LEN(words)];
    size_t count = 0;

    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (words[i] != NULL) {
            arguments[count++] = span_of(words[i]);
        }
    }
    resp_write_request(output, arguments, count);
}

/* A command of `keys_per` keys, each with its value or alone. */
static void put_spread(const struct work *work, const struct unit *unit, struct span name,
                       struct sendq *output)
{
    bool with_values = unit->kind == WORK_MSET;

    resp_write_array(output, 1 + (size_t)work->keys_per * (with_values ? 2 : 1));
    sendq_append(output, name);
    for (uint32_t i = 0; i < work->keys_per; i++) {
        uint64_t number = work_key(work, unit, i);

        put_key(output, number);
        if (with_values) {
            put_value(work, output, number);
        }
    }
}

static void put_range(const struct work *work, const struct unit *unit, struct sendq *output)
{
    sendq_append(output, SPAN("*4\r\n$8\r\nGETRANGE\r\n"));
    put_key(output, unit->number);
    resp_write_format(output, "%u", unit->start);
    resp_write_format(output, "%zu", unit->start + work->piece - 1);
}

/* MULTI, SET a, GET a, SET b, GET b, GET a, EXEC. The value of b is that of another number. */
static void put_of_transaction(const struct work *work, const struct unit *unit, uint32_t part,
                               struct sendq *output)
{
    bool is_of_b = part == 3 || part == 4;

    switch (part) {
    case 0: sendq_append(output, SPAN("*1\r\n$5\r\nMULTI\r\n")); return;
    case 1:
    case 3:
        sendq_append(output, SPAN("*3\r\n$3\r\nSET\r\n"));
        put_tagged_key(output, unit->number, is_of_b ? 'b' : 'a');
        put_value(work, output, unit->number + is_of_b);
        return;
    case 2:
    case 4:
    case 5:
        sendq_append(output, SPAN("*2\r\n$3\r\nGET\r\n"));
        put_tagged_key(output, unit->number, is_of_b ? 'b' : 'a');
        return;
    case 6: sendq_append(output, SPAN("*1\r\n$4\r\nEXEC\r\n")); return;
    default: CHECK(!"a transaction has seven parts");
    }
}

enum { TRANSACTION_PARTS = 7 };

static void put_transaction(const struct work *work, const struct unit *unit, struct sendq *output)
{
    for (uint32_t part = 0; part < TRANSACTION_PARTS; part++) {
        put_of_transaction(work, unit, part, output);
    }
}

uint32_t work_parts(const struct unit *unit)
{
    return unit->kind == WORK_MULTI_STEPS ? TRANSACTION_PARTS : 1;
}

void work_request(const struct work *work, const struct unit *unit, uint32_t part,
                  struct sendq *output)
{
    CHECK(part < work_parts(unit));
    switch ((int)unit->kind) {
    case WORK_GET:
        sendq_append(output, SPAN("*2\r\n$3\r\nGET\r\n"));
        put_key(output, unit->number);
        return;
    case WORK_SET:
        sendq_append(output, SPAN("*3\r\n$3\r\nSET\r\n"));
        put_key(output, unit->number);
        put_value(work, output, unit->number);
        return;
    case WORK_EVAL:
        sendq_append(output, SPAN("*4\r\n$4\r\nEVAL\r\n$32\r\nreturn redis.call('GET',KEYS[1])\r\n"
                                  "$1\r\n1\r\n"));
        put_key(output, unit->number);
        return;
    case WORK_MGET: put_spread(work, unit, SPAN("$4\r\nMGET\r\n"), output); return;
    case WORK_MSET: put_spread(work, unit, SPAN("$4\r\nMSET\r\n"), output); return;
    case WORK_DEL: put_spread(work, unit, SPAN("$3\r\nDEL\r\n"), output); return;
    case WORK_MULTI: put_transaction(work, unit, output); return;
    case WORK_MULTI_STEPS: put_of_transaction(work, unit, part, output); return;
    case WORK_PING: sendq_append(output, SPAN("*1\r\n$4\r\nPING\r\n")); return;
    case WORK_GETRANGE: put_range(work, unit, output); return;
    case WORK_AUTH: put_auth(work, output); return;
    case WORK_MIX: CHECK(!"a mix is made of others"); return;
    }
}
