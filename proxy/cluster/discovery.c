#include "proxy/cluster/discovery.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/block.h"
#include "common/check.h"
#include "common/clock.h"
#include "common/events.h"
#include "common/log.h"
#include "common/memory.h"
#include "proxy/cluster/adoption.h"
#include "proxy/cluster/discovery_parts.h"
#include "proxy/cluster/names.h"
#include "proxy/cluster/news.h"
#include "proxy/cluster/node_link.h"

enum {
    BACKOFF_FIRST_US = 50 * US_PER_MS,
    BACKOFF_LAST_US = US_PER_SECOND,
    DOUBT_LOG_US = 10 * US_PER_SECOND,
    /* Every so many rounds that nothing hinted at, another node is asked than the one that answered
     * last: what it does not know, nobody may hint at. */
    SECOND_OPINION = 4,
    RESOLVER_PATIENCE_US = US_PER_SECOND,
};

enum round_end { ROUND_ANSWERED, ROUND_SILENT, ROUND_STOPPED };

static void count(_Atomic uint64_t *counter)
{
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

static void discovery_keep_figures(struct discovery *discovery, const struct topology *topology)
{
    unsigned primaries = count_primaries(topology);

    count(&discovery->stats.changes);
    discovery->stats.primaries = primaries;
    discovery->stats.replicas = topology->node_count - primaries;
    discovery->stats.slots_served = topology->slots_served;
}

/* Takes `topology`. Returns whether it was news. */
static bool discovery_adopt(struct discovery *discovery, struct topology *topology)
{
    names_resolve(discovery->resolver, topology, discovery->current);
    if (discovery->current != NULL && topology_equal(discovery->current, topology) &&
        names_equal_endpoints(discovery->current, topology)) {
        topology_release(&topology);
        return false;
    }

    topology->version = ++discovery->version;
    news_log(discovery->pool->name, discovery->current, topology);
    topology_release(&discovery->current);
    discovery->current = topology;
    discovery_keep_figures(discovery, topology);
    discovery->publish(discovery->context, topology_take(topology));
    state_file_note(&discovery->state_file, topology);
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
    pulse_work(&discovery->pulse);
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
    result = node_link_open(link, endpoint, discovery->candidates.host);
    return result == NODE_LINK_OK ? node_link_ask(link, answer) : result;
}

/* Whom to ask next time. The node that answered, with its connection, as long as it seems to be
 * in the middle of things; when it says nothing new though a worker saw news, or its cluster is
 * down, another one may know more, also one that lives at its address by now. */
static void discovery_choose_next(struct discovery *discovery, const struct node_answer *answer,
                                  enum wake_up cause, bool is_news)
{
    bool is_useful = answer->state != CLUSTER_STATE_FAIL && (is_news || cause != WAKE_HINT);

    discovery->quiet_rounds = is_news || cause == WAKE_HINT ? 0 : discovery->quiet_rounds + 1;
    if (discovery->quiet_rounds >= SECOND_OPINION) {
        discovery->quiet_rounds = 0;
        is_useful = false;
    }
    candidates_prefer(&discovery->candidates, is_useful ? &discovery->link.endpoint : NULL);
    if (!is_useful) {
        node_link_close(&discovery->link);
    }
}

static void discovery_note_failure(struct discovery *discovery, const struct endpoint *endpoint,
                                   const char *error)
{
    char text[sizeof(struct address)];

    count(&discovery->stats.failures);
    if (discovery->link.has_failed_in_tls) {
        count(&discovery->stats.tls_failures);
    }
    log_debug("node gives no picture", "pool=%s node=%s error=%s", discovery->pool->name,
              endpoint_print(endpoint, text, sizeof text), error);
    if (candidates_is_seed(&discovery->candidates, endpoint)) {
        count(&discovery->stats.seed_failures);
        silence_note_seed(&discovery->silence, discovery->pool->name, endpoint, error);
    }
}

/* Before the picture is let go of: what it says, and what speaks against it. */
static void discovery_note_doubt(struct discovery *discovery, const struct topology *topology)
{
    enum doubt doubt = discovery->adoption.doubt;
    const struct topology *measure = discovery->adoption.measure;
    uint64_t *logged_at = &discovery->doubt_logged_at[doubt];
    uint64_t now = clock_now();
    char text[sizeof(struct address)];

    count(&discovery->stats.doubted[doubt]);
    snprintf(discovery->link.error, sizeof discovery->link.error, "%s", doubt_text(doubt));
    if (*logged_at != 0 && now - *logged_at < DOUBT_LOG_US) {
        return;
    }
    *logged_at = now;
    /* Not in the call below, whose arguments nobody looks at where the log has less. */
    endpoint_print(&discovery->link.endpoint, text, sizeof text);
    log_warn("picture of the cluster doubted",
             "pool=%s node=%s why=%s epoch=%llu known_epoch=%llu slots=%u contested_slots=%u",
             discovery->pool->name, text, doubt_text(doubt), (unsigned long long)topology->epoch,
             (unsigned long long)(measure == NULL ? 0 : measure->epoch), topology->slots_served,
             difference_of(discovery->current, topology).slots);
    events_post(EVENT_DOUBT, discovery->pool->name, text,
                "its picture of the cluster is doubted: %s", doubt_text(doubt));
}

/* Of the node whose picture is believed. */
static void discovery_learn(struct discovery *discovery)
{
    if (discovery->lessons != NULL) {
        pulse_work(&discovery->pulse);
        lessons_attend(discovery->lessons, &discovery->link, clock_now());
    }
}

/* A usable answer, believed or not. */
static bool discovery_hear(struct discovery *discovery, struct node_answer *answer,
                           enum wake_up cause)
{
    const struct endpoint *witness = &discovery->link.endpoint;

    answer->topology->asked_at = discovery->asked_at;

    struct topology *believed =
        adoption_hear(&discovery->adoption,
                      &(struct statement){answer->topology, answer->state, witness,
                                          candidates_is_seed(&discovery->candidates, witness)});

    if (discovery->adoption.doubt != DOUBT_NONE) {
        discovery_note_doubt(discovery, answer->topology);
    }
    topology_release(&answer->topology);
    if (believed == NULL) {
        return false;
    }
    /* The first clients are to find all commands; later, nothing is as urgent as a new picture. */
    bool is_first = discovery->current == NULL;
    if (is_first) {
        discovery_learn(discovery);
    }
    bool is_news = discovery_adopt(discovery, believed);
    discovery_choose_next(discovery, answer, cause, is_news);
    if (!is_first) {
        discovery_learn(discovery);
    }
    return true;
}

static void discovery_save(struct discovery *discovery, enum state_save when)
{
    switch (state_file_save(&discovery->state_file, when)) {
    case STATE_NOT_DUE:
    case STATE_SAVED: return;
    case STATE_NOT_SAVED: count(&discovery->stats.state_failures); return;
    }
}

static void discovery_end_round(struct discovery *discovery, enum round_end end)
{
    atomic_store_explicit(&discovery->stats.seeds_unresolved,
                          discovery->candidates.unresolved_seeds, memory_order_relaxed);
    discovery_save(discovery, STATE_SAVE_SOON);
    discovery->rested_at = clock_now();
    if (end == ROUND_SILENT) {
        silence_note(&discovery->silence, discovery->pool->name, &discovery->candidates,
                     discovery->link.error);
        discovery->backoff = discovery->backoff == 0 ? BACKOFF_FIRST_US : discovery->backoff * 2;
        if (discovery->backoff > BACKOFF_LAST_US) {
            discovery->backoff = BACKOFF_LAST_US;
        }
        return;
    }
    silence_end(&discovery->silence, discovery->pool->name);
    discovery->backoff = 0;
    atomic_store_explicit(&discovery->stats.last_success, clock_now(), memory_order_relaxed);
}

static enum round_end discovery_last_word(struct discovery *discovery)
{
    struct topology *believed =
        adoption_end_round(&discovery->adoption, clock_now(), discovery->pool->down_after);
    enum doubt doubt = discovery->adoption.doubt;

    candidates_prefer(&discovery->candidates, NULL);
    if (believed == NULL) {
        return ROUND_SILENT;
    }
    count(&discovery->stats.overruled[doubt]);
    log_warn("doubted picture of the cluster used for want of a better one",
             "pool=%s why=%s epoch=%llu slots=%u", discovery->pool->name, doubt_text(doubt),
             (unsigned long long)believed->epoch, believed->slots_served);
    events_post(EVENT_DOUBT, discovery->pool->name, NULL,
                "doubted picture used for want of a better one: %s", doubt_text(doubt));
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
    /* What the operator says today counts more than what the cluster of yesterday says. */
    if (candidates_is_for_seeds(&discovery->candidates)) {
        adoption_trust_seeds(&discovery->adoption);
    }
    while (candidates_next(&discovery->candidates, &endpoint)) {
        struct node_answer answer;
        switch (discovery_ask(discovery, &endpoint, &answer)) {
        case NODE_LINK_STOPPED: return ROUND_STOPPED;
        case NODE_LINK_TIMEOUT: candidates_shun(&discovery->candidates, &endpoint); break;
        case NODE_LINK_FAILED: break;
        case NODE_LINK_OK:
            candidates_note_answer(&discovery->candidates, &endpoint);
            if (discovery_hear(discovery, &answer, cause)) {
                return ROUND_ANSWERED;
            }
            break;
        }
        discovery_note_failure(discovery, &endpoint, discovery->link.error);
    }
    return discovery_last_word(discovery);
}

static void discovery_init_own(struct discovery *discovery)
{
    const struct pool_config *pool = discovery->pool;

    state_file_init(&discovery->state_file, pool->state_file, pool->name, &pool->seeds);
    discovery->remembered = state_file_load(&discovery->state_file);
    discovery->resolver = resolver_new(discovery->lookup, discovery->stop_fd, RESOLVER_PATIENCE_US);
    node_link_init(&discovery->link, pool, discovery->stop_fd);
    discovery->link.door = discovery->door;
    candidates_init(&discovery->candidates, &pool->seeds, discovery->remembered,
                    discovery->resolver);
    adoption_init(&discovery->adoption, discovery->remembered);
}

/* As before the first answer: nobody knows how the cluster stands from now on. */
static void discovery_drop_figures(struct discovery *discovery)
{
    struct discovery_stats *stats = &discovery->stats;

    stats->primaries = stats->replicas = stats->slots_served = 0;
    stats->seeds_unresolved = 0;
    stats->last_success = 0;
}

static void discovery_clear_own(struct discovery *discovery)
{
    discovery_drop_figures(discovery);
    discovery_save(discovery, STATE_SAVE_NOW);
    state_file_clear(&discovery->state_file);
    node_link_clear(&discovery->link);
    candidates_clear(&discovery->candidates);
    adoption_clear(&discovery->adoption);
    resolver_free(&discovery->resolver);
    topology_release(&discovery->remembered);
    topology_release(&discovery->current);
    block_trim();
}

static void discovery_run(void *context)
{
    struct discovery *discovery = context;
    enum wake_up cause = WAKE_TIMER;
    enum round_end end;

    discovery_init_own(discovery);
    do {
        /* Hints from here on may tell of something that the answer does not know yet. */
        atomic_store_explicit(&discovery->is_hinted, false, memory_order_release);
        end = discovery_round(discovery, cause);
        if (end != ROUND_STOPPED) {
            discovery_end_round(discovery, end);
            pulse_rest(&discovery->pulse);
            cause = discovery_rest(discovery);
            pulse_work(&discovery->pulse);
        }
    } while (end != ROUND_STOPPED && cause != WAKE_STOP);
    discovery_clear_own(discovery);
    pulse_rest(&discovery->pulse);
    atomic_store_explicit(&discovery->has_ended, true, memory_order_release);
}

struct discovery *discovery_new(const struct pool_config *pool, topology_publish *publish,
                                void *context)
{
    struct discovery *discovery = memory_new(1, sizeof *discovery);
    uint64_t seed = clock_now() ^ (uintptr_t)discovery;

    discovery->view.config = *pool;
    discovery->pool = &discovery->view.config;
    discovery->publish = publish;
    discovery->context = context;
    discovery->hint_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    discovery->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    CHECK(discovery->hint_fd >= 0 && discovery->stop_fd >= 0);
    memcpy(discovery->dice, &seed, sizeof discovery->dice);
    discovery->lookup = address_resolve;
    return discovery;
}

void discovery_use_lookup(struct discovery *discovery, resolver_lookup *lookup)
{
    CHECK(!discovery->is_running);
    discovery->lookup = lookup;
}

void discovery_use_door(struct discovery *discovery, struct node_door *door)
{
    CHECK(!discovery->is_running);
    discovery->door = door;
}

void discovery_use_lessons(struct discovery *discovery, struct lessons *lessons)
{
    CHECK(!discovery->is_running);
    discovery->lessons = lessons;
    lessons_use_config(lessons, discovery->pool);
}

void discovery_start(struct discovery *discovery)
{
    CHECK(!discovery->is_running);
    thread_start(&discovery->thread, "discovery", discovery_run, discovery);
    discovery->is_running = true;
}

const struct thread *discovery_thread(const struct discovery *discovery)
{
    return &discovery->thread;
}

const struct pulse *discovery_pulse(const struct discovery *discovery)
{
    return &discovery->pulse;
}

static void wake(int fd)
{
    uint64_t one = 1;
    ssize_t size = write(fd, &one, sizeof one);

    CHECK(size == sizeof one || errno == EAGAIN);
}

void discovery_wake(struct discovery *discovery)
{
    wake(discovery->hint_fd);
}

void discovery_hint(struct discovery *discovery, enum discovery_hint hint)
{
    count(&discovery->stats.hints[hint]);
    /* Reading first keeps the line shared while a hint is already on its way. */
    if (atomic_load_explicit(&discovery->is_hinted, memory_order_relaxed) ||
        atomic_exchange_explicit(&discovery->is_hinted, true, memory_order_acq_rel)) {
        return;
    }
    discovery_wake(discovery);
}

const struct discovery_stats *discovery_stats(const struct discovery *discovery)
{
    return &discovery->stats;
}

void discovery_stop_soon(struct discovery *discovery)
{
    if (discovery->is_running && !discovery->is_stopping) {
        discovery->is_stopping = true;
        wake(discovery->stop_fd);
    }
}

void discovery_stop(struct discovery *discovery)
{
    uint64_t ignored;

    if (!discovery->is_running) {
        return;
    }
    discovery_stop_soon(discovery);
    thread_join(&discovery->thread);
    discovery->is_running = discovery->is_stopping = false;
    discovery->has_ended = false;
    CHECK(read(discovery->stop_fd, &ignored, sizeof ignored) == sizeof ignored);
    discovery_take_offer(discovery);
}

bool discovery_has_stopped(struct discovery *discovery)
{
    if (discovery->is_stopping &&
        atomic_load_explicit(&discovery->has_ended, memory_order_acquire)) {
        discovery_stop(discovery);
    }
    return !discovery->is_running;
}

void discovery_free(struct discovery **discovery)
{
    struct discovery *gone = *discovery;

    *discovery = NULL;
    if (gone == NULL) {
        return;
    }
    discovery_stop(gone);
    discovery_drop_config(gone);
    close(gone->hint_fd);
    close(gone->stop_fd);
    free(gone);
}
