/* discovery_stage.h - a discovery, three nodes that say what the test tells them, and what was
 * published. One per test program; the test's thread.
 */
#ifndef TESTS_UNIT_PROXY_CLUSTER_DISCOVERY_STAGE_H
#define TESTS_UNIT_PROXY_CLUSTER_DISCOVERY_STAGE_H

#include <criterion/criterion.h>
#include <time.h>

#include "common/clock.h"
#include "proxy/cluster/discovery.h"
#include "tests/unit/proxy/cluster/scripted_node.h"

enum { STAGE_NODES = 3 };

struct published {
    pthread_mutex_t mutex;
    struct topology *latest;
    uint32_t count;
};

extern struct published published;
extern struct scripted_node nodes[STAGE_NODES];
extern struct address seed_items[STAGE_NODES];
extern struct pool_config pool; /* the first node is the only seed */
extern struct discovery *discovery;

/* For .init and .fini of a suite. */
void stage_set_up(void);
void stage_tear_down(void);

/* Makes `discovery`; and starts it; with a resolver of the test's own. */
void stage_make(void);
void stage_start(void);
void stage_start_with_lookup(resolver_lookup *lookup);

/* How many pictures so far. */
uint32_t published_count(void);

/* The port of the node that serves `slot`; 0: nobody. */
uint16_t served_by(uint16_t slot);

/* All slots on the node with that number. */
void says_all_on(struct scripted_node *node, uint64_t epoch, int number);

/* The three share the slots; `first` has the first hundred, which is what changes in a test. */
void says_three(struct scripted_node *node, uint64_t epoch, int first);

/* Starts when all three say the same, with epoch 5 and the first hundred on node 0, and waits until
 * that is published. */
void stage_start_agreed(void);

static inline const struct discovery_stats *stats(void)
{
    return discovery_stats(discovery);
}

#define WAIT_FOR(condition)                                                                        \
    do {                                                                                           \
        uint64_t wait_until = clock_now() + 15 * US_PER_SECOND;                                    \
        while (!(condition) && clock_now() < wait_until) {                                         \
            nanosleep(&(struct timespec){.tv_nsec = 500000}, NULL);                                \
        }                                                                                          \
        cr_assert(condition, "waited in vain for " #condition);                                    \
    } while (0)

#endif
