/* The judge on counters, registers and reads. */
#include <criterion/criterion.h>

#include "tests/chaos/judge_case.h"

static const uint16_t counter = ROLE_COUNTER;
static const uint16_t x = ROLE_REGISTER_X;

TestSuite(judge_values, .init = case_set_up, .fini = case_tear_down);

Test(judge_values, a_refused_write_that_is_read)
{
    uint32_t a = did(STEP_SET, x, ANSWER_OVERLOADED, 0);
    did(STEP_GET, x, ANSWER_FITS, a);
    expect_only(RULE_GHOST, 1);
}

Test(judge_values, a_write_of_several_keys_that_was_overtaken)
{
    uint32_t a = wide(STEP_MSET, ANSWER_FITS, 0);
    history.steps[0].answered_ms += 10;
    did(STEP_SET, x, ANSWER_FITS, 0);
    did(STEP_GET, x, ANSWER_FITS, a);
    for (uint16_t i = 0; i < WIDTH; i++) {
        holds(x + i, a);
    }
    expect_only(RULE_STALE, 2);
    trial.permission.may_overtake = true;
    expect_clean();
}

Test(judge_values, a_read_that_saw_a_write_of_unknown_outcome_behind_it)
{
    did(STEP_GET, x, ANSWER_FITS, FIRST + 2);
    wide(STEP_EXISTS, ANSWER_FITS, 1);
    uint32_t b = did(STEP_SET, x, ANSWER_UNKNOWN, 0);
    history.steps[0].answered_ms = history.steps[1].answered_ms = clock_ms;
    holds(x, b);
    struct verdict verdict = judge(&trial);
    cr_expect_eq(verdict.by_rule[RULE_SLOT_ORDER], 1);
    cr_expect_eq(verdict.by_rule[RULE_NUMBER], 1);
    verdict_clear(&verdict);
}

Test(judge_values, a_read_that_overtook_a_write_of_several_keys)
{
    uint32_t a = wide(STEP_MSET, ANSWER_FITS, 0);
    history.steps[0].answered_ms += 10;
    did(STEP_GET, x, ANSWER_FITS, 0);
    for (uint16_t i = 0; i < WIDTH; i++) {
        holds(x + i, a);
    }
    expect_only(RULE_STALE, 1);
    trial.permission.may_overtake = true;
    expect_clean();
    history.steps[1].sent_ms = history.steps[0].answered_ms + 1;
    expect_only(RULE_STALE, 1);
}

Test(judge_values, a_counter_that_repeats)
{
    did(STEP_INCR, counter, ANSWER_FITS, 1);
    did(STEP_INCR, counter, ANSWER_FITS, 1);
    counts(counter, 1);
    expect_only(RULE_NUMBER, 1);
}

Test(judge_values, a_counter_that_jumps)
{
    did(STEP_INCR, counter, ANSWER_FITS, 1);
    did(STEP_INCR, counter, ANSWER_UNKNOWN, 0);
    did(STEP_INCR, counter, ANSWER_FITS, 3);
    counts(counter, 3);
    expect_clean();
    history.steps[1].answer = ANSWER_DOWN;
    expect_only(RULE_NUMBER, 1);
}

Test(judge_values, a_counter_that_ends_too_low_or_too_high)
{
    did(STEP_INCR, counter, ANSWER_FITS, 1);
    expect_only(RULE_LOST, 1);
    counts(counter, 2);
    expect_only(RULE_TWICE, 1);
}

Test(judge_values, a_counter_falls_back_by_no_more_than_a_loss_took)
{
    did(STEP_INCR, counter, ANSWER_FITS, 1);
    clock_ms += LOSS_REACH_MS + 10;
    did(STEP_INCR, counter, ANSWER_FITS, 2);
    did(STEP_INCR, counter, ANSWER_FITS, 3);
    lose();
    did(STEP_INCR, counter, ANSWER_FITS, 2);
    counts(counter, 2);
    expect_clean_with_lost(2);
    history.steps[3].reply[0] = 1;
    counts(counter, 1);
    expect_only(RULE_NUMBER, 1);
}

Test(judge_values, a_shared_counter_that_tells_two_the_same)
{
    uint16_t shared = key_of(OWN_TAGS, ROLE_COUNTER);
    did(STEP_INCR, shared, ANSWER_FITS, 1);
    did(STEP_INCR, shared, ANSWER_FITS, 1);
    counts(shared, 2);
    expect_only(RULE_NUMBER, 1);
    history.steps[1].reply[0] = 2;
    expect_clean();
    counts(shared, 3);
    expect_only(RULE_TWICE, 1);
    counts(shared, 1);
    expect_only(RULE_LOST, 1);
}

Test(judge_values, a_read_that_missed_a_write)
{
    uint32_t a = did(STEP_SET, x, ANSWER_FITS, 0);
    uint32_t b = did(STEP_SET, x, ANSWER_FITS, 0);
    did(STEP_GET, x, ANSWER_FITS, a);
    holds(x, b);
    expect_only(RULE_STALE, 1);
}

Test(judge_values, a_read_that_missed_a_delete)
{
    uint32_t a = did(STEP_SET, x, ANSWER_FITS, 0);
    did(STEP_DEL, x, ANSWER_FITS, 1);
    did(STEP_GET, x, ANSWER_FITS, a);
    expect_only(RULE_STALE, 1);
}

Test(judge_values, a_read_that_saw_a_write_behind_it)
{
    did(STEP_GET, x, ANSWER_FITS, FIRST + 1);
    uint32_t b = did(STEP_SET, x, ANSWER_FITS, 0);
    holds(x, b);
    expect_only(RULE_SLOT_ORDER, 1);
}

Test(judge_values, a_read_after_a_write_of_unknown_outcome_settles_it)
{
    uint32_t a = did(STEP_SET, x, ANSWER_FITS, 0);
    uint32_t b = did(STEP_SET, x, ANSWER_UNKNOWN, 0);
    did(STEP_GET, x, ANSWER_FITS, b);
    holds(x, b);
    expect_clean();
    did(STEP_GET, x, ANSWER_FITS, a);
    expect_only(RULE_STALE, 1);
}

Test(judge_values, a_read_of_one_key_of_several_that_missed_a_write)
{
    uint32_t a = wide(STEP_MSET, ANSWER_FITS, 0);
    uint32_t b = wide(STEP_MSET, ANSWER_FITS, 0);
    wide(STEP_MGET, ANSWER_FITS, b);
    history.steps[2].reply[1] = b;
    history.steps[2].reply[2] = a;
    for (uint16_t i = 0; i < WIDTH; i++) {
        holds(x + i, b);
    }
    expect_only(RULE_STALE, 1);
}

Test(judge_values, a_register_falls_back_by_a_loss)
{
    uint32_t a = did(STEP_SET, x, ANSWER_FITS, 0);
    clock_ms += LOSS_REACH_MS + 10;
    did(STEP_SET, x, ANSWER_FITS, 0);
    lose();
    did(STEP_GET, x, ANSWER_FITS, a);
    holds(x, a);
    expect_clean_with_lost(1);
    trial.loss_count = 0;
    expect_only(RULE_STALE, 2);
}

Test(judge_values, keys_that_are_counted_wrongly)
{
    did(STEP_SET, x, ANSWER_FITS, 0);
    wide(STEP_EXISTS, ANSWER_FITS, 2);
    wide(STEP_DEL, ANSWER_FITS, 0);
    expect_only(RULE_NUMBER, 2);
}

Test(judge_values, a_shared_register_that_tells_what_nobody_wrote)
{
    uint16_t shared = key_of(OWN_TAGS, ROLE_REGISTER_X);
    uint32_t a = did(STEP_SET, shared, ANSWER_FITS, 0);
    did(STEP_GET, shared, ANSWER_FITS, a);
    expect_clean();
    did(STEP_GET, shared, ANSWER_FITS, a + 1);
    expect_only(RULE_INVENTED, 1);
    history.steps[2].reply[0] = a;
    history.steps[0].answer = ANSWER_DOWN;
    expect_only(RULE_GHOST, 2);
}
