#include "proxy/routing/wait.h"

#include "proxy/routing/join.h"

static const struct span ping = {"*1\r\n$4\r\nPING\r\n", 14};

struct block *wait_compose(struct span bytes)
{
    struct block *block = block_new(ping.size + bytes.size);

    memcpy(block->bytes, ping.at, ping.size);
    memcpy(block->bytes + ping.size, bytes.at, bytes.size);
    block->used = ping.size + bytes.size;
    return block;
}

/* Cuts an integer off the front of *rest. */
static bool cut_integer(struct span *rest, int64_t *number)
{
    struct reply_scan scan = {0};
    size_t used = 0;

    if (rest->size == 0 || reply_scan_next(&scan, SIZE_MAX, *rest, &used) != SCAN_DONE ||
        !reply_integer((struct span){rest->at, used}, number)) {
        return false;
    }
    *rest = (struct span){rest->at + used, rest->size - used};
    return true;
}

/* WAIT n timeout: :n; WAITAOF n m timeout: *2 :n :m */
static bool part_is_fulfilled(const struct part *part, const struct arguments *arguments)
{
    struct span rest = part->reply;
    int64_t count;
    size_t at;

    if (reply_array_open(rest, &count, &at)) {
        rest = (struct span){rest.at + at, rest.size - at};
    }
    for (uint32_t i = 1; i + 1 < arguments->count; i++) {
        int64_t wanted;
        int64_t got;

        if (!span_to_int64(arguments->items[i], &wanted) || !cut_integer(&rest, &got) ||
            got < wanted) {
            return false;
        }
    }
    return true;
}

static bool is_fulfilled(const struct fanout *fanout)
{
    static const struct scan_limits no_limits = {INT64_MAX, INT64_MAX, SIZE_MAX, true};
    struct span bytes = fanout->parent->bytes;
    struct span command = {bytes.at + ping.size, bytes.size - ping.size};
    struct request_scan scan = {0};
    struct arguments arguments = {0};
    size_t used = 0;
    bool fulfilled = request_scan_next(&scan, &no_limits, command, &arguments, &used) == SCAN_DONE;

    for (uint32_t i = 0; i < fanout->part_count; i++) {
        fulfilled = fulfilled && part_is_fulfilled(&fanout->parts[i], &arguments);
    }
    arguments_clear(&arguments);
    return fulfilled;
}

void wait_join(struct fanout *fanout, struct sendq *to)
{
    if (is_fulfilled(fanout)) {
        fanout->parent->lane->written = 0;
    }
    join_by_policy(fanout, to);
}
