/* placement.h - which node a topic is subscribed to at. Worker's thread; but for the time, pure. */
#ifndef PROXY_PUBSUB_PLACEMENT_H
#define PROXY_PUBSUB_PLACEMENT_H

#include "proxy/pubsub/feed.h"
#include "proxy/pubsub/topic.h"

/* The owner of the slot that its name hashes to; NULL when that is nobody, or nothing is known. */
const struct node *placement_home(const struct topology *topology, const struct topic *topic);

/* The home if it can be tried now; else, unless the topic is a shard's, another primary that can,
 * a different one for each topic. NULL: none now. */
const struct node *placement_choose(const struct topology *topology, const struct list *feeds,
                                    const struct topic *topic);

/* The feed to a node, or NULL. */
struct feed *placement_feed(const struct list *feeds, const struct node *node);

/* Is the node of `feed` in the picture, at that address? */
bool placement_feed_fits(const struct topology *topology, const struct feed *feed);

#endif
