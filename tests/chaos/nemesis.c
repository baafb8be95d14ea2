#include "tests/chaos/nemesis.h"

#include <stdlib.h>

#include "common/check.h"
#include "tests/chaos/chronicle.h"
#include "tests/chaos/disturb.h"
#include "tests/support/wait.h"

enum { ROUND_MS = 5000, BREATH = 200, BREATH_MS = 60000 };

enum pace { QUICK, SLOW };
enum patience { HASTY, PATIENT };

#define NO_ERRORS 0
#define BROKEN                                                                                     \
    (ANSWER_BIT(ANSWER_UNKNOWN) | ANSWER_BIT(ANSWER_PARTLY) | ANSWER_BIT(ANSWER_READ_FAILED))
#define OUTAGE (BROKEN | ANSWER_BIT(ANSWER_DOWN))

/* What the table says of each kind. */
struct disturbance {
    const char *name;
    enum pace pace;
    enum patience patience;
    struct permission permission;
};

static const struct disturbance disturbances[] = {
#define DISTURBANCE(symbol, word, how_fast, errors, how_patient, delay, overtake)                  \
    {word,                                                                                         \
     how_fast,                                                                                     \
     how_patient,                                                                                  \
     {.answers = (errors), .may_delay = (delay), .may_overtake = (overtake)}},
#include "tests/chaos/disturbances.def"
};

const char *disturbance_name(enum disturbance_kind kind)
{
    CHECK(kind < DISTURBANCE_COUNT);
    return disturbances[kind].name;
}

enum disturbance_kind disturbance_by_name(struct span name)
{
    enum disturbance_kind kind = 0;

    while (kind < DISTURBANCE_COUNT && !span_equal(name, span_of(disturbances[kind].name))) {
        kind++;
    }
    return kind;
}

unsigned disturbance_quick_ones(void)
{
    unsigned kinds = 0;

    for (unsigned i = 0; i < DISTURBANCE_COUNT; i++) {
        kinds |= disturbances[i].pace == QUICK ? 1u << i : 0;
    }
    return kinds;
}

void nemesis_init(struct nemesis *nemesis, const struct settings *settings, struct nodes *nodes,
                  struct workload *workload)
{
    *nemesis = (struct nemesis){.settings = settings,
                                .nodes = nodes,
                                .workload = workload,
                                .dice = dice_of(settings->seed, 1)};
}

/* The kinds in an order by chance, a new one for each time through all of them. */
enum disturbance_kind nemesis_choose(struct nemesis *nemesis, uint32_t round)
{
    enum disturbance_kind order[DISTURBANCE_COUNT];
    uint32_t count = 0;

    for (unsigned i = 0; i < DISTURBANCE_COUNT; i++) {
        if ((nemesis->settings->kinds & 1u << i) != 0) {
            order[count++] = (enum disturbance_kind)i;
        }
    }
    CHECK(count > 0 && round > 0);
    struct dice dice = dice_of(nemesis->settings->seed, 100 + (round - 1) / count);
    for (uint32_t left = count; left > 1; left--) {
        uint32_t other = dice_roll(&dice, left);
        enum disturbance_kind last = order[left - 1];
        order[left - 1] = order[other];
        order[other] = last;
    }
    return order[(round - 1) % count];
}

static bool disturb(struct nemesis *nemesis, enum disturbance_kind kind)
{
    switch (kind) {
    case DISTURBANCE_FAILOVER: return disturb_failover(nemesis);
    case DISTURBANCE_RESHARD: return disturb_reshard(nemesis);
    case DISTURBANCE_DISCONNECT: return disturb_disconnect(nemesis);
    case DISTURBANCE_KILL: return disturb_kill(nemesis);
    case DISTURBANCE_BOUNCE: return disturb_bounce(nemesis);
    case DISTURBANCE_PAUSE: return disturb_pause(nemesis);
    case DISTURBANCE_MOVE: return disturb_move(nemesis);
    case DISTURBANCE_SHARD_LOSS: return disturb_shard_loss(nemesis);
    case DISTURBANCE_SCALE: return disturb_scale(nemesis);
    case DISTURBANCE_CLUSTER_LOSS: return disturb_cluster_loss(nemesis);
    case DISTURBANCE_COUNT: break;
    }
    CHECK(!"no such disturbance");
    return false;
}

/* Clients must have got somewhere before the next disturbance. */
static bool breathe(struct nemesis *nemesis)
{
    uint64_t goal = workload_progress(nemesis->workload) + BREATH;

    return WAIT_FOR_MS(BREATH_MS, workload_progress(nemesis->workload) >= goal);
}

/* Nodes that got no processor for too long vote each other out, and that excuses what a crash does.
 */
static void notice_surprises(struct nemesis *nemesis, int promotions, uint32_t from_ms)
{
    uint8_t all[SLOT_COUNT / 8];
    int surprises = nodes_promotions(nemesis->nodes) - promotions - nemesis->expected_promotions;

    memset(all, 0xff, sizeof all);
    for (; surprises > 0; surprises--) {
        chronicle_note("a promotion that nobody asked for");
        disturb_lost(nemesis, from_ms, all);
    }
}

bool nemesis_round(struct nemesis *nemesis, enum disturbance_kind kind)
{
    uint32_t from_ms = chronicle_now_ms();
    int promotions = nodes_promotions(nemesis->nodes);
    bool well = breathe(nemesis);

    nemesis->loss_count = 0;
    nemesis->takeover_count = 0;
    nemesis->expected_promotions = 0;
    nemesis->done = 0;
    while (well && (nemesis->done == 0 || chronicle_now_ms() - from_ms < ROUND_MS)) {
        well = disturb(nemesis, kind) && breathe(nemesis);
        nemesis->done++;
        nemesis->done_by_kind[kind]++;
    }
    well = well && nodes_run(nemesis->nodes, "settle") && breathe(nemesis);
    notice_surprises(nemesis, promotions, from_ms);
    return well;
}

struct permission nemesis_permission(const struct nemesis *nemesis, enum disturbance_kind kind)
{
    struct permission permission = disturbances[kind].permission;

    if (nemesis->loss_count > 0) {
        permission.answers |= OUTAGE;
    }
    if (disturbances[kind].patience == PATIENT) {
        permission.patience_ms = nemesis->settings->timeout_ms;
    }
    return permission;
}

void nemesis_clear(struct nemesis *nemesis)
{
    free(nemesis->losses);
    free(nemesis->takeovers);
    *nemesis = (struct nemesis){0};
}
