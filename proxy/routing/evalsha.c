#include "proxy/routing/evalsha.h"

#include "common/resp_write.h"

bool command_is_by_sha1(const struct command *command)
{
    return command->id == COMMAND_ID_EVALSHA || command->id == COMMAND_ID_EVALSHA_RO;
}

bool command_is_by_body(const struct command *command)
{
    return command->id == COMMAND_ID_EVAL || command->id == COMMAND_ID_EVAL_RO;
}

const struct command *evalsha_counterpart(const struct command *command)
{
    CHECK(command_is_by_sha1(command));
    return command_by_id(command->id == COMMAND_ID_EVALSHA ? COMMAND_ID_EVAL : COMMAND_ID_EVAL_RO);
}

/* The caller clears `arguments`. */
static void read_arguments(struct span bytes, struct arguments *arguments)
{
    static const struct scan_limits no_limits = {INT64_MAX, INT64_MAX, SIZE_MAX, true};
    struct request_scan scan = {0};
    size_t used = 0;
    enum scan_result scanned = request_scan_next(&scan, &no_limits, bytes, arguments, &used);

    CHECK(scanned == SCAN_DONE && used == bytes.size && arguments->count > 1);
}

struct span evalsha_script(struct span bytes)
{
    struct arguments arguments = {0};
    struct span script;

    read_arguments(bytes, &arguments);
    script = arguments.items[1];
    arguments_clear(&arguments);
    return script;
}

struct block *evalsha_write_out(const struct command *command, struct span bytes, struct span body)
{
    struct arguments arguments = {0};
    struct sendq composed;
    struct block *block;

    read_arguments(bytes, &arguments);
    arguments.items[0] = span_of(evalsha_counterpart(command)->name);
    arguments.items[1] = body;
    sendq_init(&composed);
    resp_write_request(&composed, arguments.items, arguments.count);
    block = sendq_flatten(&composed);
    sendq_clear(&composed);
    arguments_clear(&arguments);
    return block;
}
