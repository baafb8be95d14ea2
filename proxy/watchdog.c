#include "proxy/watchdog.h"

#include <stdlib.h>
#include <string.h>

#include "common/events.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/stack.h"

enum {
    LOOKS = 4, /* within the shortest time after which somebody is stuck */
    LOOK_MAX_US = US_PER_SECOND,
    LOOK_MIN_US = 10 * US_PER_MS,
    PAUSE_US = US_PER_SECOND,
    STACK_LOOKS = 5, /* a thread that the kernel does not let out cannot answer */
    STACK_TEXT = 3000,
};

#define NOBODY SIZE_MAX

struct watched {
    struct watch_target target;
    uint64_t turn;   /* that it was in at the last look */
    uint64_t stands; /* microseconds that it was looked at in this turn */
    uint64_t stalls;
    bool is_stuck;
    bool is_told; /* where */
};

struct watchdog {
    struct reactor_timer timer;
    uint64_t look; /* 0: off */
    uint64_t looked_at;
    uint64_t pauses;
    struct watched *items;
    size_t count;
    size_t asked; /* where it stands, by its place in items; NOBODY */
    unsigned asked_looks;
};

static void watched_look(struct watched *watched, uint64_t by)
{
    uint64_t turn = pulse_read(watched->target.pulse);

    if (pulse_is_working(turn) && turn == watched->turn) {
        watched->stands += by;
        if (watched->stands >= watched->target.patience && !watched->is_stuck) {
            watched->is_stuck = true;
            watched->stalls++;
            log_error("a thread is stuck", "thread=%s ms=%llu", watched->target.name,
                      (unsigned long long)(watched->stands / US_PER_MS));
            events_post(EVENT_STALL, NULL, NULL, "thread %s is stuck", watched->target.name);
        }
        return;
    }
    if (watched->is_stuck) {
        log_warn("a thread that was stuck goes on", "thread=%s ms=%llu", watched->target.name,
                 (unsigned long long)(watched->stands / US_PER_MS));
        events_post(EVENT_STALL, NULL, NULL, "thread %s goes on after %llu ms",
                    watched->target.name, (unsigned long long)(watched->stands / US_PER_MS));
    }
    watched->turn = turn;
    watched->stands = 0;
    watched->is_stuck = false;
    watched->is_told = false;
}

static void watchdog_hear(struct watchdog *watchdog)
{
    char stack[STACK_TEXT];

    if (!stack_answer(stack, sizeof stack)) {
        if (++watchdog->asked_looks < STACK_LOOKS) {
            return;
        }
        strcpy(stack, "unknown");
    }
    log_error("where the thread is stuck", "thread=%s stack=%s",
              watchdog->items[watchdog->asked].target.name, stack);
    watchdog->asked = NOBODY;
}

static void watchdog_ask(struct watchdog *watchdog)
{
    for (size_t i = 0; i < watchdog->count && watchdog->asked == NOBODY; i++) {
        struct watched *watched = &watchdog->items[i];

        if (watched->is_stuck && !watched->is_told) {
            watched->is_told = true;
            watchdog->asked = i;
            watchdog->asked_looks = 0;
            stack_ask(watched->target.thread->id);
        }
    }
}

static void watchdog_note_pause(struct watchdog *watchdog, uint64_t elapsed)
{
    if (elapsed > watchdog->look + PAUSE_US) {
        watchdog->pauses++;
        log_warn("the process stood still", "ms=%llu",
                 (unsigned long long)((elapsed - watchdog->look) / US_PER_MS));
    }
}

static void watchdog_on_look(struct reactor_timer *timer)
{
    struct watchdog *watchdog = container_of(timer, struct watchdog, timer);
    uint64_t now = reactor_now(timer->reactor);
    uint64_t elapsed = now - watchdog->looked_at;

    watchdog->looked_at = now;
    reactor_timer_start(&watchdog->timer, watchdog->look);
    watchdog_note_pause(watchdog, elapsed);
    for (size_t i = 0; i < watchdog->count; i++) {
        watched_look(&watchdog->items[i], elapsed < watchdog->look ? elapsed : watchdog->look);
    }
    if (watchdog->asked != NOBODY) {
        watchdog_hear(watchdog);
    }
    watchdog_ask(watchdog);
}

static uint64_t look_of(uint64_t after)
{
    uint64_t look = after / LOOKS;

    if (after == 0) {
        return 0;
    }
    return look < LOOK_MIN_US ? LOOK_MIN_US : look > LOOK_MAX_US ? LOOK_MAX_US : look;
}

struct watchdog *watchdog_new(struct reactor *reactor, uint64_t after)
{
    struct watchdog *watchdog = memory_new(1, sizeof *watchdog);

    stack_prepare();
    watchdog->asked = NOBODY;
    watchdog->look = look_of(after);
    watchdog->looked_at = reactor_now(reactor);
    reactor_timer_init(&watchdog->timer, reactor, watchdog_on_look);
    if (watchdog->look > 0) {
        reactor_timer_start(&watchdog->timer, watchdog->look);
    }
    return watchdog;
}

void watchdog_free(struct watchdog **watchdog)
{
    struct watchdog *gone = *watchdog;

    *watchdog = NULL;
    reactor_timer_stop(&gone->timer);
    for (size_t i = 0; i < gone->count; i++) {
        free((char *)gone->items[i].target.name);
    }
    free(gone->items);
    free(gone);
}

void watchdog_add(struct watchdog *watchdog, const struct watch_target *target)
{
    watchdog->items = memory_resize(watchdog->items, watchdog->count + 1, sizeof *watchdog->items);
    watchdog->items[watchdog->count] = (struct watched){.target = *target};
    watchdog->items[watchdog->count++].target.name =
        memory_copy(target->name, strlen(target->name));
}

void watchdog_set_after(struct watchdog *watchdog, uint64_t after)
{
    uint64_t look = look_of(after);

    if (look == watchdog->look) {
        return;
    }
    watchdog->look = look;
    watchdog->looked_at = reactor_now(watchdog->timer.reactor);
    if (look > 0) {
        reactor_timer_start(&watchdog->timer, look);
        return;
    }
    reactor_timer_stop(&watchdog->timer);
    watchdog->asked = NOBODY;
    for (size_t i = 0; i < watchdog->count; i++) {
        watchdog->items[i].is_stuck = false;
        watchdog->items[i].is_told = false;
        watchdog->items[i].stands = 0;
    }
}

void watchdog_set_patience(struct watchdog *watchdog, const char *name, uint64_t patience)
{
    for (size_t i = 0; i < watchdog->count; i++) {
        if (strcmp(watchdog->items[i].target.name, name) == 0) {
            watchdog->items[i].target.patience = patience;
        }
    }
}

bool watchdog_is_content(const struct watchdog *watchdog, struct sendq *why)
{
    bool is_content = true;

    for (size_t i = 0; i < watchdog->count; i++) {
        const struct watched *watched = &watchdog->items[i];

        if (watched->is_stuck && watched->target.kind == WATCH_VITAL) {
            sendq_print(why, "%s is stuck since %llu s\n", watched->target.name,
                        (unsigned long long)(watched->stands / US_PER_SECOND));
            is_content = false;
        }
    }
    return is_content;
}

size_t watchdog_count(const struct watchdog *watchdog)
{
    return watchdog->count;
}

struct watch_report watchdog_report(const struct watchdog *watchdog, size_t index)
{
    CHECK(index < watchdog->count);
    const struct watched *watched = &watchdog->items[index];

    return (struct watch_report){
        .name = watched->target.name,
        .stalls = watched->stalls,
        .stuck_us = watched->is_stuck ? watched->stands : 0,
    };
}

uint64_t watchdog_pauses(const struct watchdog *watchdog)
{
    return watchdog->pauses;
}
