/* nemesis.h - disturbs the cluster, by chance, and remembers what that excuses. Main thread.
 *
 * A round has one kind of disturbance, again and again, so that what its clients saw can be held
 * against what this kind excuses and nothing else.
 */
#ifndef TESTS_CHAOS_NEMESIS_H
#define TESTS_CHAOS_NEMESIS_H

#include "tests/chaos/nodes.h"
#include "tests/chaos/settings.h"
#include "tests/chaos/workload.h"
#include "tests/support/dice.h"

enum disturbance_kind {
#define DISTURBANCE(symbol, ...) DISTURBANCE_##symbol,
#include "tests/chaos/disturbances.def"
    DISTURBANCE_COUNT
};

/* When a replica had become the primary of its slots. */
struct takeover {
    uint32_t at_ms;
    uint8_t slots[SLOT_COUNT / 8];
};

struct nemesis {
    const struct settings *settings;
    struct nodes *nodes;
    struct workload *workload;
    struct dice dice;
    struct loss *losses; /* of this round */
    size_t loss_count;
    struct takeover *takeovers; /* of this round */
    size_t takeover_count;
    int expected_promotions;
    uint32_t done; /* disturbances of this round */
    uint64_t done_by_kind[DISTURBANCE_COUNT];
};

/* The kind's name on the command line; by name, or DISTURBANCE_COUNT. */
const char *disturbance_name(enum disturbance_kind kind);
enum disturbance_kind disturbance_by_name(struct span name);

/* A bit for each kind that a short run can afford. */
unsigned disturbance_quick_ones(void);

void nemesis_init(struct nemesis *nemesis, const struct settings *settings, struct nodes *nodes,
                  struct workload *workload);

/* One of the kinds that were asked for: each in turn, in an order by chance. */
enum disturbance_kind nemesis_choose(struct nemesis *nemesis, uint32_t round);

/* Disturbs for some seconds, and leaves a cluster that is whole again; false when it is not. */
bool nemesis_round(struct nemesis *nemesis, enum disturbance_kind kind);

/* What of it clients may have noticed, with what went wrong beside the plan. */
struct permission nemesis_permission(const struct nemesis *nemesis, enum disturbance_kind kind);

void nemesis_clear(struct nemesis *nemesis);

#endif
