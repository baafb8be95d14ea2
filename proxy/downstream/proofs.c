#include "proxy/downstream/proofs.h"

#include "common/check.h"

static struct proof *proof_at(struct list_link *link)
{
    return container_of(link, struct proof, in_line);
}

static bool has_place(const struct proofs *proofs)
{
    return proofs->asked < PROOFS_MAX;
}

static void begin(struct proofs *proofs, struct proof *proof)
{
    proof->state = PROOF_ASKED;
    proofs->asked++;
    proofs->on_turn(proof);
}

/* Who is first in line has its turn next, or is the first to be too late. */
static void schedule(struct proofs *proofs)
{
    struct list_link *first = list_first(&proofs->line);
    uint64_t now = reactor_now(proofs->reactor);

    if (first == NULL) {
        reactor_timer_stop(&proofs->turn);
    } else if (has_place(proofs) || proof_at(first)->latest <= now) {
        reactor_timer_start(&proofs->turn, 0);
    } else {
        reactor_timer_start(&proofs->turn, proof_at(first)->latest - now);
    }
}

static void proofs_on_turn(struct reactor_timer *timer)
{
    struct proofs *proofs = container_of(timer, struct proofs, turn);
    uint64_t now = reactor_now(proofs->reactor);
    struct list_link *first;

    while ((first = list_first(&proofs->line)) != NULL) {
        struct proof *proof = proof_at(first);

        if (proof->latest <= now) {
            list_remove(&proof->in_line);
            proof->state = PROOF_NONE;
            proofs->on_late(proof);
        } else if (has_place(proofs)) {
            list_remove(&proof->in_line);
            begin(proofs, proof);
        } else {
            break;
        }
    }
    schedule(proofs);
}

void proofs_init(struct proofs *proofs, struct reactor *reactor, void (*on_turn)(struct proof *),
                 void (*on_late)(struct proof *))
{
    proofs->on_turn = on_turn;
    proofs->on_late = on_late;
    proofs->asked = 0;
    proofs->reactor = reactor;
    list_init(&proofs->line);
    reactor_timer_init(&proofs->turn, reactor, proofs_on_turn);
}

void proofs_clear(struct proofs *proofs)
{
    CHECK(proofs->asked == 0 && list_is_empty(&proofs->line));
    reactor_timer_stop(&proofs->turn);
}

void proofs_want(struct proofs *proofs, struct proof *proof, uint64_t latest)
{
    CHECK(proof->state == PROOF_NONE);
    if (has_place(proofs) && list_is_empty(&proofs->line)) {
        begin(proofs, proof);
        return;
    }
    proof->state = PROOF_IN_LINE;
    proof->latest = latest;
    list_append(&proofs->line, &proof->in_line);
    schedule(proofs);
}

void proof_end(struct proofs *proofs, struct proof *proof)
{
    switch (proof->state) {
    case PROOF_NONE: return;
    case PROOF_IN_LINE: list_remove(&proof->in_line); break;
    case PROOF_ASKED: proofs->asked--; break;
    }
    proof->state = PROOF_NONE;
    schedule(proofs);
}
