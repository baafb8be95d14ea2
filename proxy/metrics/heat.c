#include "proxy/metrics/heat.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "common/check.h"
#include "common/memory.h"

enum { WINDOWS = 2 };

struct window {
    uint64_t number; /* since the clock began; 0: never used */
    uint64_t requests;
    struct top_keys keys;
    uint32_t slots[HEAT_SLOTS];
};

struct heat {
    uint64_t began;
    _Atomic uint64_t least_big; /* a copy for the worker */
    pthread_mutex_t lock;
    struct {
        struct window windows[WINDOWS];
        struct big_keys big;
    } locked;
};

struct heat *heat_new(uint64_t now)
{
    struct heat *heat = memory_new(1, sizeof *heat);

    heat->began = now;
    pthread_mutex_init(&heat->lock, NULL);
    return heat;
}

void heat_free(struct heat **heat)
{
    struct heat *gone = *heat;

    *heat = NULL;
    if (gone != NULL) {
        pthread_mutex_destroy(&gone->lock);
        free(gone);
    }
}

static uint64_t window_number(uint64_t now)
{
    return now / HEAT_WINDOW_US + 1;
}

static void publish_least_locked(struct heat *heat)
{
    atomic_store_explicit(&heat->least_big, heat->locked.big.least, memory_order_relaxed);
}

/* The window of `now`, cleared when it was an older one's. */
static struct window *window_locked(struct heat *heat, uint64_t now)
{
    uint64_t number = window_number(now);
    struct window *window = &heat->locked.windows[number % WINDOWS];

    if (window->number != number) {
        memset(window, 0, sizeof *window);
        window->number = number;
        big_keys_tidy(&heat->locked.big, now);
        publish_least_locked(heat);
    }
    return window;
}

/* Keys of one request in one slot count there once. */
static bool is_first_of_slot(const struct key_use *uses, size_t at)
{
    for (size_t i = 0; i < at; i++) {
        if (uses[i].slot == uses[at].slot) {
            return false;
        }
    }
    return true;
}

void heat_note(struct heat *heat, uint64_t now, uint64_t weight, const struct key_use *uses,
               size_t count)
{
    if (pthread_mutex_trylock(&heat->lock) != 0) {
        return;
    }

    struct window *window = window_locked(heat, now);

    window->requests += weight;
    for (size_t i = 0; i < size_min(count, HEAT_KEYS_MAX); i++) {
        CHECK(uses[i].slot < HEAT_SLOTS);
        top_keys_note(&window->keys, &uses[i]);
        if (is_first_of_slot(uses, i)) {
            window->slots[uses[i].slot] += (uint32_t)weight;
        }
    }
    pthread_mutex_unlock(&heat->lock);
}

bool heat_wants_big(const struct heat *heat, uint64_t bytes)
{
    return bytes >= BIG_KEYS_LEAST &&
           bytes > atomic_load_explicit(&heat->least_big, memory_order_relaxed);
}

void heat_note_big(struct heat *heat, const struct big_use *use)
{
    if (pthread_mutex_trylock(&heat->lock) != 0) {
        return;
    }
    big_keys_note(&heat->locked.big, use);
    publish_least_locked(heat);
    pthread_mutex_unlock(&heat->lock);
}

/* Copies of what one worker has, so that its lock is held for a moment only. */
struct copy {
    struct top_keys keys[WINDOWS];
    struct big_keys big;
};

static void read_locked(const struct heat *heat, uint64_t now, struct heat_view *view,
                        struct copy *copy)
{
    uint64_t number = window_number(now);

    copy->big = heat->locked.big;
    for (size_t i = 0; i < WINDOWS; i++) {
        const struct window *window = &heat->locked.windows[i];

        if (window->number != number && window->number + 1 != number) {
            continue;
        }
        copy->keys[i] = window->keys;
        view->requests += window->requests;
        for (size_t slot = 0; slot < HEAT_SLOTS; slot++) {
            view->slots[slot] += window->slots[slot];
        }
    }
}

static uint64_t covered_us(const struct heat *heat, uint64_t now)
{
    uint64_t windows = HEAT_WINDOW_US + now % HEAT_WINDOW_US;
    uint64_t life = now > heat->began ? now - heat->began : 0;

    return life < windows ? life : windows;
}

static void rank(struct heat_view *view, const struct copy *copies, size_t count, uint64_t now,
                 size_t most)
{
    const struct top_keys **keys = memory_new(count * WINDOWS + 1, sizeof(struct top_keys *));
    const struct big_keys **big = memory_new(count + 1, sizeof(struct big_keys *));

    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < WINDOWS; j++) {
            keys[i * WINDOWS + j] = &copies[i].keys[j];
        }
        big[i] = &copies[i].big;
    }
    view->keys = top_keys_rank(keys, count * WINDOWS, most, &view->key_count);
    view->big_keys = big_keys_rank(big, count, now, most, &view->big_key_count);
    free(keys);
    free(big);
}

struct heat_view *heat_read(struct heat *const *heats, size_t count, uint64_t now, size_t most)
{
    struct heat_view *view = memory_new(1, sizeof *view);
    struct copy *copies = memory_new(count + 1, sizeof *copies);

    for (size_t i = 0; i < count; i++) {
        if (heats[i] == NULL) {
            continue;
        }
        pthread_mutex_lock(&heats[i]->lock);
        read_locked(heats[i], now, view, &copies[i]);
        pthread_mutex_unlock(&heats[i]->lock);
        view->since_us = covered_us(heats[i], now);
    }
    rank(view, copies, count, now, most);
    free(copies);
    return view;
}

void heat_view_free(struct heat_view **view)
{
    struct heat_view *gone = *view;

    *view = NULL;
    free(gone->keys);
    free(gone->big_keys);
    free(gone);
}
