#include "tests/differential/probe.h"

#include "tests/differential/line.h"
#include "tests/differential/maker.h"
#include "tests/differential/reply.h"

/* Does slotway give an error where the twin gives none? */
static bool all_well(const struct replies *replies, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (reply_is_error(replies_at(&replies[SIDE_SLOTWAY], i)) &&
            !reply_is_error(replies_at(&replies[SIDE_TWIN], i))) {
            return false;
        }
    }
    return true;
}

static bool probe(const struct sides *sides, enum group_id group)
{
    struct shape shape = {group, group_of(group)->probe};
    struct stream stream = {0};
    struct replies replies[SIDE_COUNT] = {0};
    struct maker maker = maker_of(dice_of(1, 1), &stream, GROUPS_ALL);
    struct line *line = line_open(sides, PROTOCOL_RESP2);
    bool well = line != NULL;

    if (well && *shape.text != '\0') {
        maker_expand(&maker, &shape);
        line_exchange(line, &stream, 0, stream.count, replies);
        well = all_well(replies, stream.count);
    }
    for (enum side side = 0; side < SIDE_COUNT; side++) {
        replies_clear(&replies[side]);
    }
    stream_clear(&stream);
    line_close(&line);
    return well;
}

unsigned probe_groups(const struct sides *sides, unsigned groups)
{
    for (enum group_id group = 0; group < GROUP_COUNT; group++) {
        if ((groups >> group & 1) != 0 && !probe(sides, group)) {
            groups &= ~(1u << group);
        }
    }
    return groups;
}

bool probe_resp3(const struct sides *sides)
{
    return probe(sides, GROUP_PROTOCOLS);
}
