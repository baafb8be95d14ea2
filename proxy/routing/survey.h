/* survey.h - one look at slots in a row: which keys they have, and how their nodes stand to them.
 *
 *      slots    7 8 | 9 | 10 11      owners A A | B | A A
 *      groups   A: 7 8 10 11, B: 9   one burst of commands for each, sent as one request:
 *
 *      CLUSTER GETKEYSINSLOT 7 100   a list, from whatever the node has of that slot
 *      EXISTS <probe of 7>           behind it: does the node serve the slot, so that this is all?
 *      CLUSTER GETKEYSINSLOT 8 100
 *      ...
 *
 * The first slot of a group is the one that its request is sent for: what its node objects to there
 * concerns the whole, which is then sent to where that slot is served now. Of the others it only
 * says that they must be looked at again. Composes and understands, and sends nothing. Worker's
 * thread.
 */
#ifndef PROXY_ROUTING_SURVEY_H
#define PROXY_ROUTING_SURVEY_H

#include "proxy/routing/slot_table.h"

enum {
    SURVEY_SLOTS_MAX = 1024,
    SURVEY_ALL_KEYS = INT32_MAX, /* as a limit */
};

enum sight {
    SIGHT_REFUSED = 0, /* somebody else serves it by now */
    SIGHT_SERVED,      /* the list is all there is, up to the limit */
    SIGHT_LEAVING,     /* what is not on the list may be with `target` already */
};

struct sighting {
    enum sight sight;
    bool is_listed;
    uint32_t count;         /* of the keys on the list */
    struct block *listing;  /* a whole reply; NULL: it has no keys */
    struct address *target; /* LEAVING: NULL where the node does not know it */
};

struct survey_group {
    uint16_t owner; /* whose slots these seemed to be */
    uint32_t first; /* in survey->order */
    uint32_t count;
    bool is_refused;
    bool is_heard;
};

struct survey {
    uint16_t first; /* slot */
    uint32_t count;
    struct sighting *sightings; /* of the slots in a row */
    uint16_t *order;            /* the indexes of the sightings, group by group */
    struct survey_group *groups;
    uint32_t group_count;
};

/* A survey of slots from `first` on: `count` of them, or fewer: where one that nobody serves, or
 * whose node is out of reach for that lane, comes later, those before it need not wait for it. */
void survey_init(struct survey *survey, const struct slot_table *table, uint64_t lane_number,
                 uint16_t first, uint32_t count);
void survey_clear(struct survey *survey);

/* The commands of a group, two for each of its slots, that list up to `limit` keys of each. */
struct block *survey_compose(const struct survey *survey, const struct survey_group *group,
                             uint32_t limit) MUST_USE;

/* How many these are. */
uint32_t survey_commands(const struct survey_group *group);

/* The slot that the group's request is sent for. */
uint16_t survey_lead(const struct survey *survey, const struct survey_group *group);

/* Answer `index`, counted from 0 each time the group is sent, by the node at `asked`. Returns true
 * when it concerns the whole group. */
bool survey_hear(struct survey *survey, struct survey_group *group, uint32_t index,
                 struct span reply, const struct address *asked);

/* What the target of a moving slot is asked, after the source has answered: a key only moves from
 * there to here. Three commands. */
struct block *survey_compose_import(uint16_t slot) MUST_USE;

enum { SURVEY_IMPORT_COMMANDS = 3 };

/* Its answers. */
void survey_hear_import(struct sighting *sighting, uint32_t index, struct span reply);

void sighting_clear(struct sighting *sighting);

#endif
