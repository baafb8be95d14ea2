#include "proxy/routing/halts.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/check.h"
#include "common/events.h"
#include "common/log.h"
#include "common/memory.h"

struct report {
    bool is_there;
    struct halt_tally tally;
};

struct place {
    struct halt halt; /* number 0: none */
    struct report *reports;
};

struct halts {
    const char *pool;
    size_t worker_count;
    pthread_mutex_t lock;
    struct {
        uint64_t next_number;
        struct place places[HALTS_MAX];
    } locked;
};

struct halts *halts_new(const char *pool, size_t worker_count)
{
    struct halts *halts = memory_new(1, sizeof *halts);

    halts->pool = pool;
    halts->worker_count = worker_count;
    halts->locked.next_number = 1;
    CHECK(pthread_mutex_init(&halts->lock, NULL) == 0);
    for (size_t i = 0; i < HALTS_MAX; i++) {
        halts->locked.places[i].reports = memory_new(worker_count, sizeof(struct report));
    }
    return halts;
}

void halts_free(struct halts **halts)
{
    struct halts *gone = *halts;

    *halts = NULL;
    if (gone == NULL) {
        return;
    }
    for (size_t i = 0; i < HALTS_MAX; i++) {
        free(gone->locked.places[i].reports);
    }
    pthread_mutex_destroy(&gone->lock);
    free(gone);
}

static bool is_name(const char *name, const char *node)
{
    return name[0] != '\0' && strcasecmp(name, node) == 0;
}

static bool is_for(const struct halt *halt, const char *node)
{
    return strcasecmp(halt->node, node) == 0 || is_name(halt->id, node) ||
           is_name(halt->address, node);
}

/* The place of such a halt for `node`, or else a free one; NULL when there is neither. */
static struct place *find_locked(struct halts *halts, enum halt_kind kind, const char *node)
{
    struct place *empty = NULL;

    for (size_t i = 0; i < HALTS_MAX; i++) {
        struct place *place = &halts->locked.places[i];

        if (place->halt.number == 0) {
            empty = empty == NULL ? place : empty;
        } else if (place->halt.kind == kind && is_for(&place->halt, node)) {
            return place;
        }
    }
    return empty;
}

static const char *name_of(const struct place *place)
{
    return place->halt.node[0] == '\0' ? "all" : place->halt.node;
}

static const char *kind_name(enum halt_kind kind)
{
    return kind == HALT_PAUSE ? "pause" : "drain";
}

static void end_locked(struct halts *halts, struct place *place, const char *reason)
{
    log_info(place->halt.kind == HALT_PAUSE ? "pause is over" : "drain is over",
             "pool=%s node=%s reason=%s", halts->pool, name_of(place), reason);
    events_post(EVENT_RESUME, halts->pool, place->halt.node, "%s of %s is over: %s",
                kind_name(place->halt.kind), name_of(place), reason);
    place->halt.number = 0;
}

uint64_t halts_begin(struct halts *halts, enum halt_kind kind, const char *node, uint64_t until)
{
    uint64_t number = 0;

    pthread_mutex_lock(&halts->lock);
    struct place *place = find_locked(halts, kind, node);

    if (place != NULL) {
        number = halts->locked.next_number++;
        place->halt = (struct halt){.kind = kind, .number = number, .until = until};
        snprintf(place->halt.node, sizeof place->halt.node, "%s", node);
        log_info(kind == HALT_PAUSE ? "pause begins" : "drain begins", "pool=%s node=%s",
                 halts->pool, name_of(place));
        events_post(kind == HALT_PAUSE ? EVENT_PAUSE : EVENT_DRAIN, halts->pool, node,
                    "%s of %s begins", kind_name(kind), name_of(place));
        memset(place->reports, 0, halts->worker_count * sizeof place->reports[0]);
    }
    pthread_mutex_unlock(&halts->lock);
    return number;
}

size_t halts_end(struct halts *halts, const char *node)
{
    size_t count = 0;

    pthread_mutex_lock(&halts->lock);
    for (size_t i = 0; i < HALTS_MAX; i++) {
        struct place *place = &halts->locked.places[i];

        if (place->halt.number != 0 && (node == NULL || is_for(&place->halt, node))) {
            end_locked(halts, place, "resumed");
            count++;
        }
    }
    pthread_mutex_unlock(&halts->lock);
    return count;
}

size_t halts_list(struct halts *halts, uint64_t now, struct halt to[HALTS_MAX])
{
    size_t count = 0;

    pthread_mutex_lock(&halts->lock);
    for (size_t i = 0; i < HALTS_MAX; i++) {
        struct place *place = &halts->locked.places[i];

        if (place->halt.number != 0 && place->halt.until <= now) {
            end_locked(halts, place, "time_over");
        } else if (place->halt.number != 0) {
            to[count++] = place->halt;
        }
    }
    pthread_mutex_unlock(&halts->lock);
    return count;
}

static struct place *numbered_locked(struct halts *halts, uint64_t number)
{
    for (size_t i = 0; number != 0 && i < HALTS_MAX; i++) {
        if (halts->locked.places[i].halt.number == number) {
            return &halts->locked.places[i];
        }
    }
    return NULL;
}

void halts_identify(struct halts *halts, uint64_t number, const char *id, const char *address)
{
    pthread_mutex_lock(&halts->lock);
    struct place *place = numbered_locked(halts, number);

    if (place != NULL) {
        snprintf(place->halt.id, sizeof place->halt.id, "%s", id);
        snprintf(place->halt.address, sizeof place->halt.address, "%s", address);
    }
    pthread_mutex_unlock(&halts->lock);
}

void halts_report(struct halts *halts, uint64_t number, size_t worker,
                  const struct halt_tally *tally)
{
    CHECK(worker < halts->worker_count);
    pthread_mutex_lock(&halts->lock);
    struct place *place = numbered_locked(halts, number);

    if (place != NULL) {
        place->reports[worker] = (struct report){true, *tally};
    }
    pthread_mutex_unlock(&halts->lock);
}

static enum halt_progress sum_locked(const struct halts *halts, const struct place *place,
                                     struct halt_tally *sum)
{
    enum halt_progress progress = HALT_HOLDS;

    for (size_t i = 0; i < halts->worker_count; i++) {
        const struct report *report = &place->reports[i];
        const struct halt_tally *tally = &report->tally;

        sum->in_flight += tally->in_flight;
        sum->blocked += tally->blocked;
        sum->private += tally->private;
        sum->nodes = tally->nodes > sum->nodes ? tally->nodes : sum->nodes;
        sum->slots = tally->slots > sum->slots ? tally->slots : sum->slots;
        progress = report->is_there ? progress : HALT_BEGINS;
    }
    return progress;
}

enum halt_progress halts_sum(struct halts *halts, uint64_t number, struct halt_tally *sum)
{
    enum halt_progress progress = HALT_UNKNOWN;

    *sum = (struct halt_tally){0};
    pthread_mutex_lock(&halts->lock);
    const struct place *place = numbered_locked(halts, number);

    if (place != NULL) {
        progress = sum_locked(halts, place, sum);
    }
    pthread_mutex_unlock(&halts->lock);
    return progress;
}
