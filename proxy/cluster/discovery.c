#include "proxy/cluster/discovery.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/block.h"
#include "common/check.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"
#include "proxy/cluster/adoption.h"
#include "proxy/cluster/candidates.h"
#include "proxy/cluster/names.h"
#include "proxy/cluster/node_link.h"

enum {
    BACKOFF_FIRST_US = 50 * US_PER_MS,
    BACKOFF_LAST_US = US_PER_SECOND,
    SILENCE_LOG_US = 10 * US_PER_SECOND,
    JITTER_PERCENT = 10,
};

struct discovery {
    const struct pool_config *pool;
    topology_publish *publish;
    void *context;
    struct discovery_stats stats;
    _Atomic bool is_hinted;
    int hint_fd; /* wakes the thread from its sleep between rounds */
    int stop_fd; /* once readable, readable for ever: ends each wait of the thread */
    pthread_t thread;
    bool is_running;

    /* From here on the thread's own. */
    struct node_link link;
    struct candidates candidates;
    struct adoption adoption;
    struct names names;
    struct topology *current; /* published last, or NULL */
    uint64_t version;
    uint64_t asked_at;     /* when the last question was sent */
    uint64_t rested_at;    /* when the last round ended */
    uint64_t backoff;      /* 0: the last round had an answer */
    uint64_t silent_since; /* 0: the last round had an answer */
    uint64_t silence_logged_at;
    char silence_cause[NODE_LINK_ERROR_SIZE]; /* a new one is told at once */
    unsigned short dice[3];
};

enum wake_up { WAKE_TIMER, WAKE_HINT, WAKE_STOP };
enum round_end { ROUND_ANSWERED, ROUND_SILENT, ROUND_STOPPED };

static void count(_Atomic uint64_t *counter)
{
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

/* `us`, up to JITTER_PERCENT more or less. */
static uint64_t jittered(struct discovery *discovery, uint64_t us)
{
    double swing = (erand48(discovery->dice) * 2 - 1) * JITTER_PERCENT / 100;

    return us + (uint64_t)(int64_t)((double)us * swing);
}

static void wait_for_wake_up(struct discovery *discovery, uint64_t us, bool until_hint)
{
    struct pollfd watched[] = {{.fd = discovery->stop_fd, .events = POLLIN},
                               {.fd = until_hint ? discovery->hint_fd : -1, .events = POLLIN}};
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
        if (now >= until) {
            return is_hinted ? WAKE_HINT : WAKE_TIMER;
        }
        wait_for_wake_up(discovery, until - now, !is_hinted);
    }
}

struct difference {
    unsigned slots;  /* that have another primary now */
    unsigned ranges; /* runs of such slots */
};

static const char *primary_id(const struct topology *topology, uint32_t slot)
{
    uint16_t number = topology == NULL ? NODE_NONE : topology->primary_of_slot[slot];

    return number == NODE_NONE ? "" : topology->nodes[number].id;
}

static struct difference difference_of(const struct topology *before, const struct topology *after)
{
    struct difference difference = {0};
    bool was_different = false;

    for (uint32_t slot = 0; slot < SLOT_COUNT; slot++) {
        bool is_different = strcmp(primary_id(before, slot), primary_id(after, slot)) != 0;
        difference.slots += is_different;
        difference.ranges += is_different && !was_different;
        was_different = is_different;
    }
    return difference;
}

static unsigned count_primaries(const struct topology *topology)
{
    unsigned primaries = 0;

    for (uint16_t number = 0; number < topology->node_count; number++) {
        primaries += topology->nodes[number].role == NODE_PRIMARY;
    }
    return primaries;
}

static void discovery_keep_figures(struct discovery *discovery, const struct topology *topology)
{
    unsigned primaries = count_primaries(topology);

    count(&discovery->stats.changes);
    discovery->stats.primaries = primaries;
    discovery->stats.replicas = topology->node_count - primaries;
    discovery->stats.slots_served = topology->slots_served;
}

static void discovery_log_change(const struct discovery *discovery, const struct topology *after)
{
    struct difference moved = difference_of(discovery->current, after);
    unsigned primaries = count_primaries(after);

    log_info(discovery->current == NULL ? "topology learned" : "topology changed",
             "pool=%s version=%llu epoch=%llu primaries=%u replicas=%u slots=%u moved_slots=%u "
             "moved_ranges=%u",
             discovery->pool->name, (unsigned long long)after->version,
             (unsigned long long)after->epoch, primaries, after->node_count - primaries,
             after->slots_served, moved.slots, moved.ranges);
}

/* Takes `topology`. Returns whether it was news. */
static bool discovery_adopt(struct discovery *discovery, struct topology *topology)
{
    names_resolve(&discovery->names, topology, discovery->current);
    if (discovery->current != NULL && topology_equal(discovery->current, topology) &&
        names_equal_endpoints(discovery->current, topology)) {
        topology_release(&topology);
        return false;
    }

    topology->version = ++discovery->version;
    discovery_log_change(discovery, topology);
    topology_release(&discovery->current);
    discovery->current = topology;
    discovery_keep_figures(discovery, topology);
    discovery->publish(discovery->context, topology_take(topology));
    return true;
}

/* One place: over the connection that is still open from the last round, or a new one. */
static enum node_link_result discovery_ask(struct discovery *discovery,
                                           const struct endpoint *endpoint,
                                           struct node_answer *answer)
{
    struct node_link *link = &discovery->link;
    enum node_link_result result;

    discovery->asked_at = clock_now();
    count(&discovery->stats.refreshes);
    if (node_link_is_open(link) && endpoint_equal(&link->endpoint, endpoint)) {
        result = node_link_ask(link, answer);
        /* A connection that idled for a while may have been closed: that says nothing about the
         * node, unlike silence. */
        if (result != NODE_LINK_FAILED) {
            return result;
        }
    }
    node_link_close(link);
    result = node_link_open(link, endpoint);
    return result == NODE_LINK_OK ? node_link_ask(link, answer) : result;
}

/* Whom to ask next time. The node that answered, with its connection, as long as it seems to be
 * in the middle of things; when it says nothing new though a worker saw news, or its cluster is
 * down, another one may know more. */
static void discovery_choose_next(struct discovery *discovery, const struct node_answer *answer,
                                  enum wake_up cause, bool is_news)
{
    bool is_useful = answer->state_is_ok && (is_news || cause != WAKE_HINT);

    candidates_prefer(&discovery->candidates, is_useful ? &discovery->link.endpoint : NULL);
}

static void discovery_note_failure(struct discovery *discovery, const struct endpoint *endpoint,
                                   const char *error)
{
    char text[sizeof(struct address)];

    count(&discovery->stats.failures);
    log_debug("node gives no picture", "pool=%s node=%s error=%s", discovery->pool->name,
              endpoint_print(endpoint, text, sizeof text), error);
}

/* A usable answer, believed or not. */
static bool discovery_hear(struct discovery *discovery, struct node_answer *answer,
                           enum wake_up cause)
{
    struct topology *believed =
        adoption_hear(&discovery->adoption, answer->topology, &discovery->link.endpoint);

    topology_release(&answer->topology);
    if (believed == NULL) {
        snprintf(discovery->link.error, sizeof discovery->link.error,
                 "its picture is older or smaller than ours");
        return false;
    }
    bool is_news = discovery_adopt(discovery, believed);
    discovery_choose_next(discovery, answer, cause, is_news);
    return true;
}

static void discovery_log_silence(struct discovery *discovery)
{
    uint64_t now = clock_now();
    char text[sizeof(struct address)];

    if (discovery->silent_since == 0) {
        discovery->silent_since = now;
    } else if (now - discovery->silence_logged_at < SILENCE_LOG_US &&
               strcmp(discovery->silence_cause, discovery->link.error) == 0) {
        return;
    }
    memcpy(discovery->silence_cause, discovery->link.error, sizeof discovery->silence_cause);
    discovery->silence_logged_at = now;
    const struct candidates *candidates = &discovery->candidates;
    const char *last =
        candidates->asked_count == 0
            ? "none"
            : endpoint_print(&candidates->asked[candidates->asked_count - 1], text, sizeof text);
    log_warn("no node of the cluster answers", "pool=%s asked=%zu last=%s error=%s seconds=%llu",
             discovery->pool->name, candidates->asked_count, last, discovery->link.error,
             (unsigned long long)((now - discovery->silent_since) / US_PER_SECOND));
}

static void discovery_end_round(struct discovery *discovery, enum round_end end)
{
    discovery->rested_at = clock_now();
    if (end == ROUND_SILENT) {
        discovery_log_silence(discovery);
        discovery->backoff = discovery->backoff == 0 ? BACKOFF_FIRST_US : discovery->backoff * 2;
        if (discovery->backoff > BACKOFF_LAST_US) {
            discovery->backoff = BACKOFF_LAST_US;
        }
        return;
    }
    if (discovery->silent_since != 0) {
        log_info("the cluster answers again", "pool=%s seconds=%llu", discovery->pool->name,
                 (unsigned long long)((clock_now() - discovery->silent_since) / US_PER_SECOND));
    }
    discovery->silent_since = 0;
    discovery->backoff = 0;
    atomic_store_explicit(&discovery->stats.last_success, clock_now(), memory_order_relaxed);
}

static enum round_end discovery_last_word(struct discovery *discovery)
{
    struct topology *believed = adoption_end_round(&discovery->adoption);

    candidates_prefer(&discovery->candidates, NULL);
    if (believed == NULL) {
        return ROUND_SILENT;
    }
    log_warn("nobody contradicts an older picture of the cluster", "pool=%s epoch=%llu slots=%u",
             discovery->pool->name, (unsigned long long)believed->epoch, believed->slots_served);
    (void)discovery_adopt(discovery, believed);
    return ROUND_ANSWERED;
}

/* Asks one node after the other until an answer is believed. */
static enum round_end discovery_round(struct discovery *discovery, enum wake_up cause)
{
    struct endpoint endpoint;

    snprintf(discovery->link.error, sizeof discovery->link.error, "no address to ask");
    candidates_begin_round(&discovery->candidates, discovery->current);
    adoption_begin_round(&discovery->adoption);
    while (candidates_next(&discovery->candidates, &endpoint)) {
        struct node_answer answer;
        switch (discovery_ask(discovery, &endpoint, &answer)) {
        case NODE_LINK_STOPPED: return ROUND_STOPPED;
        case NODE_LINK_TIMEOUT: candidates_shun(&discovery->candidates, &endpoint); break;
        case NODE_LINK_FAILED: break;
        case NODE_LINK_OK:
            if (discovery_hear(discovery, &answer, cause)) {
                return ROUND_ANSWERED;
            }
            break;
        }
        discovery_note_failure(discovery, &endpoint, discovery->link.error);
    }
    return discovery_last_word(discovery);
}

static void discovery_clear_own(struct discovery *discovery)
{
    node_link_clear(&discovery->link);
    candidates_clear(&discovery->candidates);
    adoption_clear(&discovery->adoption);
    topology_release(&discovery->current);
    block_trim();
}

static void *discovery_thread(void *context)
{
    struct discovery *discovery = context;
    enum wake_up cause = WAKE_TIMER;
    enum round_end end;

    do {
        /* Hints from here on may tell of something that the answer does not know yet. */
        atomic_store_explicit(&discovery->is_hinted, false, memory_order_release);
        end = discovery_round(discovery, cause);
        if (end != ROUND_STOPPED) {
            discovery_end_round(discovery, end);
            cause = discovery_sleep(discovery);
        }
    } while (end != ROUND_STOPPED && cause != WAKE_STOP);
    discovery_clear_own(discovery);
    return NULL;
}

struct discovery *discovery_new(const struct pool_config *pool, topology_publish *publish,
                                void *context)
{
    struct discovery *discovery = memory_new(1, sizeof *discovery);
    uint64_t seed = clock_now() ^ (uintptr_t)discovery;

    discovery->pool = pool;
    discovery->publish = publish;
    discovery->context = context;
    discovery->hint_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    discovery->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    CHECK(discovery->hint_fd >= 0 && discovery->stop_fd >= 0);
    memcpy(discovery->dice, &seed, sizeof discovery->dice);
    node_link_init(&discovery->link, pool, discovery->stop_fd);
    candidates_init(&discovery->candidates, &pool->seeds);
    adoption_init(&discovery->adoption);
    return discovery;
}

void discovery_start(struct discovery *discovery)
{
    sigset_t all;
    sigset_t before;

    CHECK(!discovery->is_running);
    /* Signals belong to the control thread; a new thread inherits the mask of its maker. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&discovery->thread, NULL, discovery_thread, discovery);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    CHECK(error == 0);
    pthread_setname_np(discovery->thread, "discovery");
    discovery->is_running = true;
}

static void wake(int fd)
{
    uint64_t one = 1;
    ssize_t size = write(fd, &one, sizeof one);

    CHECK(size == sizeof one || errno == EAGAIN);
}

void discovery_hint(struct discovery *discovery, enum discovery_hint hint)
{
    count(&discovery->stats.hints[hint]);
    /* Reading first keeps the line shared while a hint is already on its way. */
    if (atomic_load_explicit(&discovery->is_hinted, memory_order_relaxed) ||
        atomic_exchange_explicit(&discovery->is_hinted, true, memory_order_acq_rel)) {
        return;
    }
    wake(discovery->hint_fd);
}

const struct discovery_stats *discovery_stats(const struct discovery *discovery)
{
    return &discovery->stats;
}

void discovery_free(struct discovery **discovery)
{
    struct discovery *gone = *discovery;

    *discovery = NULL;
    if (gone == NULL) {
        return;
    }
    if (gone->is_running) {
        wake(gone->stop_fd);
        pthread_join(gone->thread, NULL);
    }
    close(gone->hint_fd);
    close(gone->stop_fd);
    free(gone);
}
