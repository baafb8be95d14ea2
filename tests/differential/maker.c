#include "tests/differential/maker.h"

#include "common/check.h"

enum { SPOILED = 16, INLINE = 40, INLINE_SIZE = 2000 };

struct maker maker_of(struct dice dice, struct stream *stream, unsigned groups)
{
    CHECK((groups & GROUPS_ALL) != 0);
    return (struct maker){.dice = dice, .stream = stream, .groups = groups, .next_id = 1};
}

static enum group_id choose_group(struct maker *maker)
{
    uint32_t sum = 0;
    enum group_id id = 0;

    for (; id < GROUP_COUNT; id++) {
        sum += (maker->groups >> id & 1) * group_of(id)->weight;
    }
    uint32_t roll = dice_roll(&maker->dice, sum);
    for (id = 0; id < GROUP_COUNT; id++) {
        uint32_t weight = (maker->groups >> id & 1) * group_of(id)->weight;
        if (roll < weight) {
            return id;
        }
        roll -= weight;
    }
    CHECK(false);
    return GROUP_COUNT;
}

static const struct shape *choose_shape(struct maker *maker, enum group_id group)
{
    size_t count;
    const struct shape *shapes = shapes_all(&count);
    size_t first = 0;
    uint32_t members = 0;

    /* The rows of a group stand together. */
    while (shapes[first].group != group) {
        first++;
    }
    while (first + members < count && shapes[first + members].group == group) {
        members++;
    }
    return &shapes[first + dice_roll(&maker->dice, members)];
}

/* Sends a call as a line of text, if it is one. */
static void choose_form(struct maker *maker)
{
    struct call *call = stream_last(maker->stream);
    size_t size = 0;

    for (size_t i = 0; i < call->count; i++) {
        size += stream_word(maker->stream, call, i).size;
    }
    if (size < INLINE_SIZE && size > 0 && maker_chance(maker, INLINE)) {
        call->form = CALL_INLINE;
    }
}

void maker_add(struct maker *maker)
{
    size_t before = maker->stream->count;
    enum group_id group = choose_group(maker);

    maker_expand(maker, choose_shape(maker, group));
    if (maker->stream->count == before + 1) {
        if (group_of(group)->kind != GROUP_KIND_NO_ERRORS && maker_chance(maker, SPOILED)) {
            maker_spoil(maker);
        }
        choose_form(maker);
    }
}
