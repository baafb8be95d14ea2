#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/check.h"
#include "common/clock.h"
#include "proxy/cluster/discovery_parts.h"

enum { JITTER_PERCENT = 10 };

/* `us`, up to JITTER_PERCENT more or less. */
static uint64_t jittered(struct discovery *discovery, uint64_t us)
{
    double swing = (erand48(discovery->dice) * 2 - 1) * JITTER_PERCENT / 100;

    return us + (uint64_t)(int64_t)((double)us * swing);
}

static void wait_for_wake_up(struct discovery *discovery, uint64_t us)
{
    struct pollfd watched[] = {{.fd = discovery->stop_fd, .events = POLLIN},
                               {.fd = discovery->hint_fd, .events = POLLIN}};
    struct timespec timeout = {.tv_sec = (time_t)(us / US_PER_SECOND),
                               .tv_nsec = (long)(us % US_PER_SECOND) * 1000};
    uint64_t ignored;

    if (ppoll(watched, ARRAY_LEN(watched), &timeout, NULL) > 0 && watched[1].revents != 0) {
        ssize_t size = read(discovery->hint_fd, &ignored, sizeof ignored);
        CHECK(size == sizeof ignored || errno == EAGAIN || errno == EINTR);
    }
}

static bool must_stop(const struct discovery *discovery)
{
    struct pollfd watched = {.fd = discovery->stop_fd, .events = POLLIN};

    return poll(&watched, 1, 0) > 0;
}

/* Until it is time for the next round. A hint brings that forward, but not below refresh_min after
 * the last question, and not at all while nobody answers: a cluster that comes back must
 * not be met by a storm. */
static enum wake_up discovery_sleep(struct discovery *discovery)
{
    const struct pool_config *pool = discovery->pool;
    bool is_silent = discovery->backoff != 0;
    uint64_t due = is_silent ? discovery->rested_at + jittered(discovery, discovery->backoff)
                             : discovery->asked_at + jittered(discovery, pool->refresh);
    /* Jitter only upwards: refresh_min is a promise. */
    uint64_t hinted_due = discovery->asked_at + pool->refresh_min +
                          (uint64_t)(erand48(discovery->dice) * (double)pool->refresh_min / 10);

    for (;;) {
        bool is_hinted = atomic_load_explicit(&discovery->is_hinted, memory_order_acquire);
        uint64_t until = is_hinted && !is_silent && hinted_due < due ? hinted_due : due;
        uint64_t now = clock_now();

        if (must_stop(discovery)) {
            return WAKE_STOP;
        }
        if (discovery_has_offer(discovery)) {
            return WAKE_OFFER;
        }
        if (now >= until) {
            return is_hinted ? WAKE_HINT : WAKE_TIMER;
        }
        wait_for_wake_up(discovery, until - now);
    }
}

enum wake_up discovery_rest(struct discovery *discovery)
{
    enum wake_up cause;

    while ((cause = discovery_sleep(discovery)) == WAKE_OFFER) {
        discovery_accept(discovery);
    }
    return cause;
}
