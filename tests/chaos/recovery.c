#include "tests/chaos/recovery.h"

#include <stdlib.h>

#include "common/memory.h"
#include "tests/chaos/chronicle.h"

/* The first answer of a slot behind a takeover. */
struct first {
    uint32_t answered_ms; /* 0: none yet */
    uint32_t wait_ms;
};

static void look_at(const struct step *step, const struct takeover *takeover, struct first *first)
{
    if (step->answer != ANSWER_FITS || step->reach != REACH_ONE ||
        step->answered_ms < takeover->at_ms ||
        (first->answered_ms != 0 && first->answered_ms <= step->answered_ms)) {
        return;
    }
    uint32_t from = takeover->at_ms > step->sent_ms ? takeover->at_ms : step->sent_ms;
    *first = (struct first){step->answered_ms, step->answered_ms - from};
}

static void look_through(const struct history *history, const struct takeover *takeover,
                         struct first *firsts)
{
    uint16_t slots[KEYS];

    for (uint16_t key = 0; key < KEYS; key++) {
        slots[key] = key_slot(history, key);
    }
    for (size_t i = 0; i < history->count; i++) {
        uint16_t slot = slots[history->steps[i].key];
        if ((takeover->slots[slot / 8] & (1u << slot % 8)) != 0) {
            look_at(&history->steps[i], takeover, &firsts[slot]);
        }
    }
}

/* Adds what the slots of one takeover had to wait. */
static void add_up(struct recovery *recovery, const struct takeover *takeover,
                   const struct first *firsts)
{
    uint32_t longest_ms = 0;
    size_t last = 0;

    for (size_t slot = 0; slot < SLOT_COUNT; slot++) {
        recovery->slots += firsts[slot].answered_ms != 0;
        recovery->sum_ms += firsts[slot].wait_ms;
        if (firsts[slot].wait_ms > longest_ms) {
            longest_ms = firsts[slot].wait_ms;
            last = slot;
        }
    }
    recovery->longest_ms = (uint32_t)size_max(recovery->longest_ms, longest_ms);
    chronicle_note("after the takeover at %u ms slot %zu waited longest, %u ms, until %u ms",
                   takeover->at_ms, last, longest_ms, firsts[last].answered_ms);
}

void recovery_add(struct recovery *recovery, const struct history *histories, size_t count,
                  const struct takeover *takeovers, size_t takeover_count)
{
    for (size_t i = 0; i < takeover_count; i++) {
        struct first *firsts = memory_new(SLOT_COUNT, sizeof *firsts);
        for (size_t history = 0; history < count; history++) {
            look_through(&histories[history], &takeovers[i], firsts);
        }
        add_up(recovery, &takeovers[i], firsts);
        free(firsts);
    }
}
