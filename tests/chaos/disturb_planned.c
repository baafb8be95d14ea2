/* Disturbances that operators cause on purpose, and that no client should notice. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/chaos/chronicle.h"
#include "tests/chaos/disturb.h"
#include "tests/support/resp.h"
#include "tests/support/wait.h"

enum {
    FAILOVER_REST_MS = 500,
    VOTE_AGAIN_MS = 4500,
    AGREE_MS = 30000,
    FAILOVER_MS = 6000,
    FAILOVER_TRIES = 5,
    SLOTS_PER_SCALE = 8
};

void disturb_wait(uint32_t ms)
{
    poll(NULL, 0, (int)ms);
}

/* Has the node become a primary so lately that the others would not vote for another one? */
static bool is_fresh(const struct nemesis *nemesis, const struct view_node *primary)
{
    uint32_t now_ms = chronicle_now_ms();

    for (size_t i = 0; i < nemesis->takeover_count; i++) {
        const struct takeover *takeover = &nemesis->takeovers[i];
        if (memcmp(takeover->slots, primary->slots, sizeof takeover->slots) == 0 &&
            now_ms - takeover->at_ms < VOTE_AGAIN_MS) {
            return true;
        }
    }
    return false;
}

static bool pick_pair(struct nemesis *nemesis, struct view *view, const struct view_node **primary,
                      const struct view_node **replica)
{
    const struct view_node *candidates[VIEW_NODES_MAX];
    uint32_t count = 0;

    if (!nodes_view(nemesis->nodes, view)) {
        return false;
    }
    for (int i = 0; i < view->count; i++) {
        const struct view_node *node = &view->nodes[i];
        if (node->is_primary && !node->has_failed && node->slot_count > 0 &&
            view_replica_of(view, node) != NULL && !is_fresh(nemesis, node)) {
            candidates[count++] = node;
        }
    }
    if (count == 0) {
        return false;
    }
    *primary = candidates[dice_roll(&nemesis->dice, count)];
    *replica = view_replica_of(view, *primary);
    return nodes_is_in_step((*replica)->port);
}

bool disturb_pick_pair(struct nemesis *nemesis, struct view *view, const struct view_node **primary,
                       const struct view_node **replica)
{
    bool found = WAIT_FOR_MS(AGREE_MS, pick_pair(nemesis, view, primary, replica));

    if (!found) {
        chronicle_note("no primary has a replica in step");
    }
    return found;
}

/* The others may not vote yet, and then the replica gives up after five seconds. */
static bool take_over(const struct view_node *primary, const struct view_node *heir)
{
    bool done = false;

    for (int tries = 0; tries < FAILOVER_TRIES && !done; tries++) {
        chronicle_note("failover from %u to %u", primary->port, heir->port);
        done = nodes_answers(heir->port, "OK", "CLUSTER FAILOVER") &&
               WAIT_FOR_MS(FAILOVER_MS, nodes_is_primary(heir->port));
    }
    return done;
}

bool disturb_hand_over(struct nemesis *nemesis, const struct view_node *primary,
                       const struct view_node *heir)
{
    if (!take_over(primary, heir)) {
        chronicle_note("node %u does not take over", heir->port);
        return false;
    }
    nemesis->expected_promotions++;
    disturb_taken_over(nemesis, primary->slots);
    return WAIT_FOR_MS(AGREE_MS, nodes_is_in_step(primary->port)) &&
           WAIT_FOR_MS(AGREE_MS, nodes_agree_on_primary(nemesis->nodes, heir->port));
}

bool disturb_failover(struct nemesis *nemesis)
{
    struct view view;
    const struct view_node *primary;
    const struct view_node *replica;

    disturb_wait(dice_roll(&nemesis->dice, FAILOVER_REST_MS));
    return disturb_pick_pair(nemesis, &view, &primary, &replica) &&
           disturb_hand_over(nemesis, primary, replica);
}

/* The slot of some key that the node has; SLOT_COUNT when it has none. */
static uint16_t slot_with_keys(uint16_t port)
{
    redisReply *reply = nodes_ask(port, "RANDOMKEY");
    uint16_t slot = SLOT_COUNT;

    if (reply != NULL && reply->type == REDIS_REPLY_STRING) {
        slot = resp_slot((struct span){reply->str, reply->len});
    }
    freeReplyObject(reply);
    return slot;
}

/* A primary by chance, other than the one on port `not`. */
static const struct view_node *pick_primary(struct nemesis *nemesis, const struct view *view,
                                            uint16_t not )
{
    const struct view_node *candidates[VIEW_NODES_MAX];
    uint32_t count = 0;

    for (int i = 0; i < view->count; i++) {
        if (view->nodes[i].is_primary && view->nodes[i].port != not ) {
            candidates[count++] = &view->nodes[i];
        }
    }
    return count == 0 ? NULL : candidates[dice_roll(&nemesis->dice, count)];
}

/* Some slot with keys moves from `from` to `to`. A node without keys has nothing to give. */
static bool move_some_slot(struct nemesis *nemesis, uint16_t from, uint16_t to)
{
    uint16_t slot = slot_with_keys(from);

    if (slot == SLOT_COUNT) {
        return true;
    }
    chronicle_note("slot %u moves from %u to %u", slot, from, to);
    return nodes_move_slot(nemesis->nodes, slot, from, to);
}

bool disturb_reshard(struct nemesis *nemesis)
{
    struct view view;

    if (!nodes_view(nemesis->nodes, &view)) {
        return false;
    }
    const struct view_node *from = pick_primary(nemesis, &view, 0);
    const struct view_node *to = pick_primary(nemesis, &view, from->port);
    return to != NULL && move_some_slot(nemesis, from->port, to->port);
}

bool disturb_move(struct nemesis *nemesis)
{
    struct view view;
    const struct view_node *primary;
    const struct view_node *replica;
    char from[8];
    char to[8];

    if (!disturb_pick_pair(nemesis, &view, &primary, &replica)) {
        return false;
    }
    const struct view_node *mover = replica;
    if (dice_roll(&nemesis->dice, 2) == 0) {
        mover = primary;
        if (!disturb_hand_over(nemesis, primary, replica)) {
            return false;
        }
    }
    snprintf(from, sizeof from, "%u", mover->port);
    snprintf(to, sizeof to, "%u", nodes_free_port(nemesis->nodes));
    chronicle_note("node %s moves to port %s", from, to);
    return nodes_run(nemesis->nodes, "move", from, "--port", to);
}

/* A primary that comes, takes slots, gives them back, and leaves. */
static bool come_and_go(struct nemesis *nemesis, uint16_t port)
{
    struct view view;

    chronicle_note("primary %u comes", port);
    if (!nodes_do(nemesis->nodes, "add-primary", port) || !nodes_view(nemesis->nodes, &view)) {
        return false;
    }
    for (int i = 0; i < SLOTS_PER_SCALE; i++) {
        const struct view_node *from = pick_primary(nemesis, &view, port);
        if (!move_some_slot(nemesis, from->port, port)) {
            return false;
        }
    }
    chronicle_note("primary %u goes", port);
    return nodes_run(nemesis->nodes, "settle") && nodes_do(nemesis->nodes, "remove", port);
}

static bool replica_comes_and_goes(struct nemesis *nemesis, uint16_t port)
{
    struct view view;
    const struct view_node *primary;
    const struct view_node *replica;
    char of[8];
    char number[8];

    if (!disturb_pick_pair(nemesis, &view, &primary, &replica)) {
        return false;
    }
    snprintf(of, sizeof of, "%u", primary->port);
    snprintf(number, sizeof number, "%u", port);
    chronicle_note("replica %s of %s comes", number, of);
    if (!nodes_run(nemesis->nodes, "add-replica", number, "--of", of)) {
        return false;
    }
    chronicle_note("replica %s goes", number);
    return nodes_run(nemesis->nodes, "remove", number);
}

bool disturb_scale(struct nemesis *nemesis)
{
    uint16_t port = nodes_free_port(nemesis->nodes);

    return dice_roll(&nemesis->dice, 3) == 0 ? replica_comes_and_goes(nemesis, port)
                                             : come_and_go(nemesis, port);
}
