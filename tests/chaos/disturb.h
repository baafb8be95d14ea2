/* disturb.h - the disturbances themselves. Each does its thing once to a cluster that is whole, and
 * returns when it is whole again; false when the cluster does not do as it is told. A part of the
 * nemesis.
 */
#ifndef TESTS_CHAOS_DISTURB_H
#define TESTS_CHAOS_DISTURB_H

#include "tests/chaos/nemesis.h"

/* One for each row of disturbances.def, by the name of its symbol in lower case. */
bool disturb_failover(struct nemesis *nemesis);
bool disturb_reshard(struct nemesis *nemesis);
bool disturb_disconnect(struct nemesis *nemesis);
bool disturb_kill(struct nemesis *nemesis);
bool disturb_bounce(struct nemesis *nemesis);
bool disturb_pause(struct nemesis *nemesis);
bool disturb_move(struct nemesis *nemesis);
bool disturb_shard_loss(struct nemesis *nemesis);
bool disturb_scale(struct nemesis *nemesis);
bool disturb_cluster_loss(struct nemesis *nemesis);

/* The replica on `heir` takes over from `primary`, when both agree. */
bool disturb_hand_over(struct nemesis *nemesis, const struct view_node *primary,
                       const struct view_node *heir);

/* Writes down that `slots` may have lost the end of what was acknowledged. */
void disturb_lost(struct nemesis *nemesis, uint32_t from_ms, const uint8_t *slots);

/* Writes down that `slots` have a new primary now. */
void disturb_taken_over(struct nemesis *nemesis, const uint8_t *slots);

/* A primary by chance that has a replica in step; both are good as long as the view. */
bool disturb_pick_pair(struct nemesis *nemesis, struct view *view, const struct view_node **primary,
                       const struct view_node **replica);

/* Lets clients go on for a while. */
void disturb_wait(uint32_t ms);

#endif
