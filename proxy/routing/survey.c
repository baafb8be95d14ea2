#include "proxy/routing/survey.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/memory.h"
#include "common/resp_write.h"
#include "proxy/cluster/slot_probe.h"
#include "proxy/routing/redirect.h"

enum { COMMANDS_PER_SLOT = 2, NUMBER_MAX = 16 };

void sighting_clear(struct sighting *sighting)
{
    block_release(&sighting->listing);
    free(sighting->target);
    *sighting = (struct sighting){0};
}

static uint16_t owner_of(const struct survey *survey, const struct slot_table *table,
                         uint32_t index)
{
    return table->slots[survey->first + index].owner;
}

static bool must_wait(const struct slot_table *table, uint16_t owner, uint64_t lane_number)
{
    return owner == NODE_NONE || pool_is_down(table->pools[owner], lane_number);
}

static uint32_t reachable(const struct survey *survey, const struct slot_table *table,
                          uint64_t lane_number, uint32_t count)
{
    uint16_t first = owner_of(survey, table, 0);

    for (uint32_t i = 1; i < count; i++) {
        uint16_t owner = owner_of(survey, table, i);

        if (owner != first && must_wait(table, owner, lane_number)) {
            return i;
        }
    }
    return count;
}

static struct survey_group *survey_group_of(struct survey *survey, uint16_t owner)
{
    for (uint32_t i = survey->group_count; i-- > 0;) {
        if (survey->groups[i].owner == owner) {
            return &survey->groups[i];
        }
    }
    survey->groups[survey->group_count] = (struct survey_group){.owner = owner};
    return &survey->groups[survey->group_count++];
}

static void survey_make_groups(struct survey *survey, const struct slot_table *table)
{
    uint32_t first = 0;

    for (uint32_t i = 0; i < survey->count; i++) {
        survey_group_of(survey, owner_of(survey, table, i))->count++;
    }
    for (uint32_t i = 0; i < survey->group_count; i++) {
        survey->groups[i].first = first;
        first += survey->groups[i].count;
        survey->groups[i].count = 0;
    }
    for (uint32_t i = 0; i < survey->count; i++) {
        struct survey_group *group = survey_group_of(survey, owner_of(survey, table, i));

        survey->order[group->first + group->count++] = (uint16_t)i;
    }
}

void survey_init(struct survey *survey, const struct slot_table *table, uint64_t lane_number,
                 uint16_t first, uint32_t count)
{
    CHECK(count > 0 && count <= SURVEY_SLOTS_MAX && first + count <= SLOT_COUNT);
    survey->first = first;
    survey->count = reachable(survey, table, lane_number, count);
    survey->sightings = memory_new(survey->count, sizeof *survey->sightings);
    survey->order = memory_new(survey->count, sizeof *survey->order);
    survey->groups = memory_new(survey->count, sizeof *survey->groups);
    survey_make_groups(survey, table);
}

void survey_clear(struct survey *survey)
{
    for (uint32_t i = 0; i < survey->count; i++) {
        sighting_clear(&survey->sightings[i]);
    }
    free(survey->sightings);
    free(survey->order);
    free(survey->groups);
    *survey = (struct survey){0};
}

static struct span print_number(char text[NUMBER_MAX], uint32_t number)
{
    return (struct span){text, (size_t)snprintf(text, NUMBER_MAX, "%u", number)};
}

static void write_list(struct sendq *to, uint16_t slot, uint32_t limit)
{
    char slot_text[NUMBER_MAX];
    char limit_text[NUMBER_MAX];
    struct span words[] = {SPAN("CLUSTER"), SPAN("GETKEYSINSLOT"), print_number(slot_text, slot),
                           print_number(limit_text, limit)};

    resp_write_request(to, words, ARRAY_LEN(words));
}

static void write_probe(struct sendq *to, uint16_t slot)
{
    char text[SLOT_PROBE_MAX];
    struct span words[] = {SPAN("EXISTS"), slot_probe(slot, text)};

    resp_write_request(to, words, ARRAY_LEN(words));
}

static struct block *flatten(struct sendq *commands)
{
    struct block *block = sendq_flatten(commands);

    sendq_clear(commands);
    return block;
}

static uint16_t slot_at(const struct survey *survey, const struct survey_group *group,
                        uint32_t index)
{
    return (uint16_t)(survey->first + survey->order[group->first + index]);
}

uint32_t survey_commands(const struct survey_group *group)
{
    return COMMANDS_PER_SLOT * group->count;
}

struct block *survey_compose(const struct survey *survey, const struct survey_group *group,
                             uint32_t limit)
{
    struct sendq commands;

    sendq_init(&commands);
    for (uint32_t i = 0; i < group->count; i++) {
        write_list(&commands, slot_at(survey, group, i), limit);
        write_probe(&commands, slot_at(survey, group, i));
    }
    return flatten(&commands);
}

uint16_t survey_lead(const struct survey *survey, const struct survey_group *group)
{
    return slot_at(survey, group, 0);
}

/* Returns false when `reply` is no list. */
static bool sighting_take_list(struct sighting *sighting, struct span reply)
{
    int64_t count;
    size_t at;

    if (!reply_array_open(reply, &count, &at) || count > UINT32_MAX) {
        return false;
    }
    if (count > 0) {
        sighting->listing = block_copy(reply);
    }
    sighting->count = (uint32_t)count;
    sighting->is_listed = true;
    return true;
}

static void sighting_note_target(struct sighting *sighting, const struct redirect *redirect)
{
    sighting->sight = SIGHT_LEAVING;
    if (redirect->has_address) {
        sighting->target = memory_new(1, sizeof *sighting->target);
        *sighting->target = redirect->address;
    }
}

/* Returns false for what says that the node does not serve the slot. */
static bool sighting_take_probe(struct sighting *sighting, struct span reply,
                                const struct address *asked)
{
    if (!sighting->is_listed) {
        return false;
    }
    if (reply.at[0] != '-') {
        sighting->sight = SIGHT_SERVED;
        return true;
    }

    struct redirect redirect = redirect_of(reply, asked);

    if (redirect.refusal != REFUSAL_ASK) {
        return false;
    }
    sighting_note_target(sighting, &redirect);
    return true;
}

static void group_begin(struct survey *survey, struct survey_group *group)
{
    group->is_refused = group->is_heard = false;
    for (uint32_t i = 0; i < group->count; i++) {
        sighting_clear(&survey->sightings[survey->order[group->first + i]]);
    }
}

static bool group_take(struct survey *survey, struct survey_group *group, uint32_t index,
                       struct span reply, const struct address *asked)
{
    uint32_t place = index / COMMANDS_PER_SLOT;
    struct sighting *sighting = &survey->sightings[survey->order[group->first + place]];

    return index % COMMANDS_PER_SLOT == 0 ? sighting_take_list(sighting, reply)
                                          : sighting_take_probe(sighting, reply, asked);
}

bool survey_hear(struct survey *survey, struct survey_group *group, uint32_t index,
                 struct span reply, const struct address *asked)
{
    CHECK(index < survey_commands(group));
    if (index == 0) {
        group_begin(survey, group);
    }

    bool is_taken = group_take(survey, group, index, reply, asked);
    bool is_lead = index < COMMANDS_PER_SLOT;

    group->is_refused |= is_lead && !is_taken;
    group->is_heard = !group->is_refused && index + 1 == survey_commands(group);
    return is_lead && !is_taken;
}

struct block *survey_compose_import(uint16_t slot)
{
    struct sendq commands;

    sendq_init(&commands);
    write_list(&commands, slot, SURVEY_ALL_KEYS);
    resp_write_request(&commands, &SPAN("ASKING"), 1);
    write_probe(&commands, slot);
    return flatten(&commands);
}

void survey_hear_import(struct sighting *sighting, uint32_t index, struct span reply)
{
    if (index == 0) {
        sighting_clear(sighting);
        sighting_take_list(sighting, reply);
    } else if (index + 1 == SURVEY_IMPORT_COMMANDS && reply.at[0] == ':' && sighting->is_listed) {
        sighting->sight = SIGHT_SERVED;
    }
}
