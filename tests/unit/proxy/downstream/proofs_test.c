/* Who has its turn to be asked about, and who not any more. */
#include "proxy/downstream/proofs.h"

#include <criterion/criterion.h>

#include "common/clock.h"

enum { OTHERS = 3, ALL = PROOFS_MAX + OTHERS };

static struct reactor *reactor;
static struct proofs proofs;
static struct proof proof[ALL];
static uint32_t turns, lates;
static struct proof *latest;
static bool ends_at_once;

static void note_turn(struct proof *one)
{
    turns++;
    latest = one;
    if (ends_at_once) {
        proof_end(&proofs, one);
    }
    if (turns == ALL) {
        reactor_stop(reactor);
    }
}

static void note_late(struct proof *one)
{
    lates++;
    latest = one;
    if (lates == OTHERS) {
        reactor_stop(reactor);
    }
}

static void open_proofs(void)
{
    reactor = reactor_new();
    proofs_init(&proofs, reactor, note_turn, note_late);
}

static void close_proofs(void)
{
    for (int i = 0; i < ALL; i++) {
        proof_end(&proofs, &proof[i]);
    }
    proofs_clear(&proofs);
    reactor_free(&reactor);
}

TestSuite(proofs, .init = open_proofs, .fini = close_proofs, .timeout = 20);

static void want_all(uint64_t patience_us)
{
    for (int i = 0; i < ALL; i++) {
        proofs_want(&proofs, &proof[i], reactor_now(reactor) + patience_us);
    }
}

Test(proofs, so_many_are_asked_at_once_and_the_others_are_in_line)
{
    want_all(60 * US_PER_SECOND);
    cr_expect_eq(turns, PROOFS_MAX);
    cr_expect_eq(proof[PROOFS_MAX - 1].state, PROOF_ASKED);
    cr_expect_eq(proof[PROOFS_MAX].state, PROOF_IN_LINE);
    cr_expect_eq(lates, 0);
}

Test(proofs, have_their_turn_in_order_when_others_end)
{
    want_all(60 * US_PER_SECOND);
    for (int i = 0; i < OTHERS; i++) {
        proof_end(&proofs, &proof[2 * i]);
    }
    cr_expect_eq(turns, PROOFS_MAX);
    reactor_run(reactor);
    cr_expect_eq(turns, ALL);
    cr_expect_eq(latest, &proof[ALL - 1]);
    cr_expect_eq(lates, 0);
}

/* Nobody ends: only by being late do they leave the line. */
Test(proofs, are_too_late_when_nobody_ends_in_time)
{
    want_all(1);
    reactor_run(reactor);
    cr_expect_eq(lates, OTHERS);
    cr_expect_eq(turns, PROOFS_MAX);
    cr_expect_eq(proof[ALL - 1].state, PROOF_NONE);
}

Test(proofs, that_end_as_their_turn_comes_give_it_to_the_next)
{
    want_all(60 * US_PER_SECOND);
    ends_at_once = true;
    proof_end(&proofs, &proof[0]);
    reactor_run(reactor);
    cr_expect_eq(turns, ALL);
    cr_expect_eq(proofs.asked, PROOFS_MAX - 1);
}

Test(proofs, whose_clients_leave_the_line_are_not_asked)
{
    want_all(60 * US_PER_SECOND);
    proof_end(&proofs, &proof[PROOFS_MAX]);
    turns = PROOFS_MAX + 1;
    proof_end(&proofs, &proof[0]);
    proof_end(&proofs, &proof[1]);
    reactor_run(reactor);
    cr_expect_eq(proof[PROOFS_MAX].state, PROOF_NONE);
    cr_expect_eq(proof[PROOFS_MAX + 1].state, PROOF_ASKED);
    cr_expect_eq(proof[PROOFS_MAX + 2].state, PROOF_ASKED);
}

/* A place does not go to who comes when others have waited for it. */
Test(proofs, who_come_when_a_place_is_free_do_not_overtake_the_line)
{
    for (int i = 0; i < ALL - 1; i++) {
        proofs_want(&proofs, &proof[i], reactor_now(reactor) + 60 * US_PER_SECOND);
    }
    proof_end(&proofs, &proof[0]);
    proofs_want(&proofs, &proof[ALL - 1], reactor_now(reactor) + 60 * US_PER_SECOND);
    cr_expect_eq(turns, PROOFS_MAX);
    cr_expect_eq(proof[ALL - 1].state, PROOF_IN_LINE);
}
