/* placement.h - which nodes a topic is subscribed to at. Worker's thread; but for the time, pure.
 */
#ifndef PROXY_PUBSUB_PLACEMENT_H
#define PROXY_PUBSUB_PLACEMENT_H

#include "proxy/pubsub/feed.h"

/* What is looked for. */
struct placement {
    uint16_t slot;    /* whose owner is its home */
    bool is_bound;    /* no other node will do */
    bool stays;       /* goes where the last one is heard, though that be no primary any more */
    const char *last; /* the node where others of its kind went last, by id; "": nowhere yet */
};

/* The owner of `slot`; NULL when that is nobody, or nothing is known. */
const struct node *placement_home(const struct topology *topology, uint16_t slot);

/* The last one, a primary unless it stays, or the home if they can be tried now; else, unless it is
 * bound to its home, another primary that can. NULL: none now. */
const struct node *placement_choose(const struct topology *topology, const struct list *feeds,
                                    const struct placement *wanted);

/* The primary with that id. NULL: nothing is known, or it is none. */
const struct node *placement_primary(const struct topology *topology, const char *id);

/* The node with that id, whatever its role, if there is a feed to it that is ready; or NULL. */
const struct node *placement_heard(const struct topology *topology, const struct list *feeds,
                                   const char *id);

/* Can `node` be tried now? */
bool placement_accepts(const struct list *feeds, const struct node *node);

/* The feed to a node, or NULL. */
struct feed *placement_feed(const struct list *feeds, const struct node *node);

/* Is the node of `feed` in the picture, at that address? */
bool placement_feed_fits(const struct topology *topology, const struct feed *feed);

#endif
