#include "common/events.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/check.h"
#include "common/clock.h"

enum {
    AGAIN_US = 10 * US_PER_SECOND, /* within which the same is counted, and not told anew */
    AGAIN_EVENTS = 16,             /* among the newest so many */
};

static struct {
    pthread_mutex_t lock;
    struct {
        uint64_t count; /* all there ever were; id % EVENTS_MAX is an event's place */
        uint64_t change;
        struct event ring[EVENTS_MAX];
    } locked;
} events = {.lock = PTHREAD_MUTEX_INITIALIZER};

static const struct {
    const char *name;
    enum event_mood mood;
} kinds[EVENT_KIND_COUNT] = {
#define ROW(symbol, name, mood) {name, mood},
    EVENT_KINDS(ROW)
#undef ROW
};

static struct event *event_at_locked(uint64_t id)
{
    return &events.locked.ring[id % EVENTS_MAX];
}

static bool is_the_same(const struct event *a, const struct event *b)
{
    return a->kind == b->kind && strcmp(a->pool, b->pool) == 0 && strcmp(a->node, b->node) == 0 &&
           strcmp(a->text, b->text) == 0;
}

static uint64_t oldest_locked(uint64_t most)
{
    uint64_t count = events.locked.count;

    return count > most ? count - most + 1 : 1;
}

/* NULL: it is told for the first time. */
static struct event *find_again_locked(const struct event *event)
{
    for (uint64_t id = events.locked.count; id >= oldest_locked(AGAIN_EVENTS); id--) {
        struct event *earlier = event_at_locked(id);

        if (is_the_same(earlier, event) && event->last - earlier->first < AGAIN_US) {
            return earlier;
        }
    }
    return NULL;
}

static void post_locked(struct event *event)
{
    struct event *again = find_again_locked(event);

    event->change = ++events.locked.change;
    if (again != NULL) {
        again->change = event->change;
        again->last = event->last;
        again->count++;
        return;
    }
    event->id = ++events.locked.count;
    *event_at_locked(event->id) = *event;
}

void events_post(enum event_kind kind, const char *pool, const char *node, const char *format, ...)
{
    struct event event = {.kind = kind, .count = 1, .first = clock_wall()};
    va_list list;

    CHECK(kind < EVENT_KIND_COUNT);
    event.last = event.first;
    snprintf(event.pool, sizeof event.pool, "%s", pool == NULL ? "" : pool);
    snprintf(event.node, sizeof event.node, "%s", node == NULL ? "" : node);
    va_start(list, format);
    vsnprintf(event.text, sizeof event.text, format, list);
    va_end(list);
    pthread_mutex_lock(&events.lock);
    post_locked(&event);
    pthread_mutex_unlock(&events.lock);
}

size_t events_copy(uint64_t after, struct event *to, size_t room)
{
    size_t count = 0;

    pthread_mutex_lock(&events.lock);
    for (uint64_t id = events.locked.count; id >= oldest_locked(EVENTS_MAX) && count < room; id--) {
        const struct event *event = event_at_locked(id);

        if (event->change > after) {
            to[room - ++count] = *event;
        }
    }
    pthread_mutex_unlock(&events.lock);
    memmove(to, to + room - count, count * sizeof *to);
    return count;
}

uint64_t events_change(void)
{
    pthread_mutex_lock(&events.lock);
    uint64_t change = events.locked.change;
    pthread_mutex_unlock(&events.lock);
    return change;
}

const char *event_kind_name(enum event_kind kind)
{
    CHECK(kind < EVENT_KIND_COUNT);
    return kinds[kind].name;
}

enum event_mood event_mood(enum event_kind kind)
{
    CHECK(kind < EVENT_KIND_COUNT);
    return kinds[kind].mood;
}

const char *event_mood_name(enum event_mood mood)
{
    switch (mood) {
    case EVENT_NEUTRAL: return "neutral";
    case EVENT_GOOD: return "good";
    case EVENT_DOUBTFUL: return "doubtful";
    case EVENT_BAD: return "bad";
    }
    CHECK(!"a mood");
    return "";
}

void events_forget(void)
{
    pthread_mutex_lock(&events.lock);
    memset(&events.locked, 0, sizeof events.locked);
    pthread_mutex_unlock(&events.lock);
}
