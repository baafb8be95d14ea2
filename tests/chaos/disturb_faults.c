/* Disturbances that nobody wants: processes that die or stand still, connections that break. */
#include <stdio.h>
#include <stdlib.h>

#include "common/memory.h"
#include "tests/chaos/chronicle.h"
#include "tests/chaos/disturb.h"
#include "tests/support/wait.h"

enum { PROMOTION_MS = 60000, PAUSE_MS = 6000, LOSS_MS = 3000 };

void disturb_lost(struct nemesis *nemesis, uint32_t from_ms, const uint8_t *slots)
{
    nemesis->losses =
        memory_resize(nemesis->losses, nemesis->loss_count + 1, sizeof *nemesis->losses);
    struct loss *loss = &nemesis->losses[nemesis->loss_count++];
    *loss = (struct loss){.from_ms = from_ms, .until_ms = chronicle_now_ms()};
    memcpy(loss->slots, slots, sizeof loss->slots);
}

void disturb_taken_over(struct nemesis *nemesis, const uint8_t *slots)
{
    nemesis->takeovers =
        memory_resize(nemesis->takeovers, nemesis->takeover_count + 1, sizeof *nemesis->takeovers);
    struct takeover *takeover = &nemesis->takeovers[nemesis->takeover_count++];
    takeover->at_ms = chronicle_now_ms();
    memcpy(takeover->slots, slots, sizeof takeover->slots);
}

/* Keeps the node busy for some milliseconds, so that requests pile up. It executes them together,
 * and closes their connections before it has written one reply. */
static void close_when_busy(redisContext *busy, redisContext *closing)
{
    int written = 0;

    redisAppendCommand(busy, "EVAL %s 0",
                       "local n = 0 for i = 1, 3000000 do n = n + i end return n");
    redisBufferWrite(busy, &written);
    disturb_wait(3);
    freeReplyObject(redisCommand(closing, "CLIENT KILL TYPE normal"));
}

bool disturb_disconnect(struct nemesis *nemesis)
{
    struct view view;

    if (!nodes_view(nemesis->nodes, &view)) {
        return false;
    }
    uint16_t port = view.nodes[dice_roll(&nemesis->dice, (uint32_t)view.count)].port;
    redisContext *busy = nodes_connect(port);
    redisContext *closing = nodes_connect(port);
    bool well = busy != NULL && closing != NULL;
    if (well && dice_roll(&nemesis->dice, 2) == 0) {
        chronicle_note("node %u closes its clients' connections", port);
        freeReplyObject(redisCommand(closing, "CLIENT KILL TYPE normal"));
    } else if (well) {
        chronicle_note("node %u, busy, closes its clients' connections", port);
        close_when_busy(busy, closing);
    }
    if (busy != NULL) {
        redisFree(busy);
    }
    if (closing != NULL) {
        redisFree(closing);
    }
    disturb_wait(dice_roll(&nemesis->dice, 200));
    return well;
}

bool disturb_kill(struct nemesis *nemesis)
{
    struct view view;
    const struct view_node *primary;
    const struct view_node *replica;

    if (!disturb_pick_pair(nemesis, &view, &primary, &replica)) {
        return false;
    }
    uint32_t from_ms = chronicle_now_ms();
    chronicle_note("primary %u is killed", primary->port);
    if (!nodes_do(nemesis->nodes, "kill", primary->port) ||
        !WAIT_FOR_MS(PROMOTION_MS, nodes_is_primary(replica->port))) {
        chronicle_note("node %u is not promoted", replica->port);
        return false;
    }
    chronicle_note("node %u is promoted", replica->port);
    nemesis->expected_promotions++;
    disturb_taken_over(nemesis, primary->slots);
    disturb_lost(nemesis, from_ms, primary->slots);
    disturb_wait(dice_roll(&nemesis->dice, 1000));
    chronicle_note("node %u comes back", primary->port);
    return nodes_do(nemesis->nodes, "restart", primary->port) &&
           WAIT_FOR_MS(PROMOTION_MS, nodes_is_in_step(primary->port));
}

/* Where things stood before something was done to a primary. */
struct before {
    int promotions;
    uint32_t ms;
};

static struct before before_that(const struct nemesis *nemesis)
{
    return (struct before){nodes_promotions(nemesis->nodes), chronicle_now_ms()};
}

/* Something was done to a primary, which may have cost it its place. */
static bool settle_after(struct nemesis *nemesis, struct before before, const uint8_t *slots)
{
    bool settled = nodes_run(nemesis->nodes, "settle");
    int more = nodes_promotions(nemesis->nodes) - before.promotions;

    if (more > 0) {
        chronicle_note("it has lost its place");
        nemesis->expected_promotions += more;
        disturb_lost(nemesis, before.ms, slots);
    }
    return settled;
}

/* What is done to a shard: false when the cluster does not do as it is told. */
typedef bool blow(struct nemesis *nemesis, const struct view_node *primary,
                  const struct view_node *replica);

static bool strike(struct nemesis *nemesis, blow *deal)
{
    struct view view;
    const struct view_node *primary;
    const struct view_node *replica;

    if (!disturb_pick_pair(nemesis, &view, &primary, &replica)) {
        return false;
    }
    struct before before = before_that(nemesis);
    return deal(nemesis, primary, replica) && settle_after(nemesis, before, primary->slots);
}

static bool bounce(struct nemesis *nemesis, const struct view_node *primary,
                   const struct view_node *replica UNUSED)
{
    chronicle_note("primary %u is killed and started at once", primary->port);
    return nodes_do(nemesis->nodes, "kill", primary->port) &&
           nodes_do(nemesis->nodes, "restart", primary->port);
}

bool disturb_bounce(struct nemesis *nemesis)
{
    return strike(nemesis, bounce);
}

static bool stop_for_a_while(struct nemesis *nemesis, const struct view_node *primary,
                             const struct view_node *replica)
{
    uint32_t pause_ms = dice_between(&nemesis->dice, 20, PAUSE_MS);
    uint16_t victim = dice_roll(&nemesis->dice, 4) == 0 ? replica->port : primary->port;

    chronicle_note("node %u stands still for %u ms", victim, pause_ms);
    if (!nodes_do(nemesis->nodes, "pause", victim)) {
        return false;
    }
    disturb_wait(pause_ms);
    chronicle_note("node %u goes on", victim);
    return nodes_do(nemesis->nodes, "resume", victim);
}

bool disturb_pause(struct nemesis *nemesis)
{
    return strike(nemesis, stop_for_a_while);
}

static bool lose_both(struct nemesis *nemesis, const struct view_node *primary,
                      const struct view_node *replica)
{
    chronicle_note("primary %u and its replica %u are killed", primary->port, replica->port);
    if (!nodes_do(nemesis->nodes, "kill", replica->port) ||
        !nodes_do(nemesis->nodes, "kill", primary->port)) {
        return false;
    }
    disturb_wait(dice_roll(&nemesis->dice, LOSS_MS));
    chronicle_note("they come back");
    return nodes_do(nemesis->nodes, "restart", primary->port) &&
           nodes_do(nemesis->nodes, "restart", replica->port);
}

bool disturb_shard_loss(struct nemesis *nemesis)
{
    return strike(nemesis, lose_both);
}

bool disturb_cluster_loss(struct nemesis *nemesis)
{
    struct view view;
    uint8_t all[SLOT_COUNT / 8];

    if (!nodes_view(nemesis->nodes, &view)) {
        return false;
    }
    struct before before = before_that(nemesis);
    chronicle_note("all nodes are killed");
    for (int i = 0; i < view.count; i++) {
        if (!nodes_do(nemesis->nodes, "kill", view.nodes[i].port)) {
            return false;
        }
    }
    disturb_wait(dice_roll(&nemesis->dice, LOSS_MS));
    chronicle_note("they come back");
    memset(all, 0xff, sizeof all);
    return nodes_run(nemesis->nodes, "start") && settle_after(nemesis, before, all);
}
