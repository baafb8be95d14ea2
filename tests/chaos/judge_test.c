/* The judge on histories that keep the contract, and on each way to break it: answers and logs. */
#include <criterion/criterion.h>

#include "tests/chaos/judge_case.h"

static const uint16_t list = ROLE_LIST_A;
static const uint16_t text = ROLE_TEXT;
static const uint16_t counter = ROLE_COUNTER;
static const uint16_t x = ROLE_REGISTER_X;

TestSuite(judge, .init = case_set_up, .fini = case_tear_down);

Test(judge, what_keeps_the_contract_is_clean)
{
    uint32_t a = did(STEP_PUSH, list, ANSWER_FITS, 1);
    uint32_t b = did(STEP_SCRIPT_PUSH, list, ANSWER_FITS, 2);
    did(STEP_TAIL, list, ANSWER_FITS, b);
    did(STEP_INCR, counter, ANSWER_FITS, 1);
    did(STEP_GET, x, ANSWER_FITS, 0);
    uint32_t c = did(STEP_SET, x, ANSWER_FITS, 0);
    did(STEP_GET, x, ANSWER_FITS, c);
    wide(STEP_EXISTS, ANSWER_FITS, 1);
    wide(STEP_DEL, ANSWER_FITS, 1);
    uint32_t d = wide(STEP_MSET, ANSWER_FITS, 0);
    uint32_t e = did(STEP_APPEND, text, ANSWER_FITS, TOKEN_SIZE);
    cross(3, 0);
    holds(list, a);
    holds(list, b);
    holds(list, history_number(&history, history.count - 1));
    holds(text, e);
    for (uint16_t i = 0; i < WIDTH; i++) {
        holds(x + i, d);
    }
    counts(counter, 1);
    expect_clean();
}

struct answer_row {
    enum answer answer;
    enum rule rule;
};

Test(judge, answers_that_are_not_excused)
{
    static const struct answer_row rows[] = {
        {ANSWER_MISFIT, RULE_MISFIT},     {ANSWER_TOPOLOGY, RULE_TOPOLOGY},
        {ANSWER_CLOSED, RULE_CLOSED},     {ANSWER_PENDING, RULE_ERROR},
        {ANSWER_UNKNOWN, RULE_ERROR},     {ANSWER_PARTLY, RULE_ERROR},
        {ANSWER_READ_FAILED, RULE_ERROR}, {ANSWER_DOWN, RULE_ERROR},
        {ANSWER_OTHER_ERROR, RULE_ERROR}, {ANSWER_OVERLOADED, RULE_ERROR},
    };

    did(STEP_GET, x, ANSWER_FITS, 0);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        history.steps[0].answer = (uint8_t)rows[i].answer;
        trial.permission.answers = 0;
        expect_only(rows[i].rule, 1);
        trial.permission.answers = ANSWER_BIT(rows[i].answer);
        expect_clean();
    }
}

Test(judge, an_error_before_its_time)
{
    did(STEP_GET, x, ANSWER_DOWN, 0);
    trial.permission.patience_ms = 5000;
    expect_only(RULE_HASTE, 1);
    history.steps[0].answered_ms += 5000;
    expect_clean();
}

Test(judge, a_read_that_was_given_up_before_its_time_without_a_write_behind_it)
{
    did(STEP_GET, x, ANSWER_READ_FAILED, 0);
    trial.permission.patience_ms = 5000;
    clock_ms += 10;
    did(STEP_SET, x, ANSWER_UNKNOWN, 0);
    expect_only(RULE_HASTE, 1);
    history.steps[0].answered_ms = clock_ms;
    expect_clean();
    history.steps[1].key = key_of(OWN_TAGS - 1, ROLE_REGISTER_X);
    expect_only(RULE_HASTE, 1);
}

Test(judge, a_value_that_nobody_wrote)
{
    holds(list, FIRST + 7);
    expect_only(RULE_INVENTED, 1);
}

Test(judge, a_value_of_another_key)
{
    uint32_t number = did(STEP_PUSH, ROLE_LIST_B, ANSWER_FITS, 1);
    holds(list, number);
    holds(ROLE_LIST_B, number);
    expect_only(RULE_INVENTED, 1);
}

Test(judge, a_torn_text)
{
    content_add(contents_of(&contents, 0, text), SPAN("0003.00000"));
    expect_only(RULE_INVENTED, 1);
}

Test(judge, a_write_that_took_effect_twice)
{
    uint32_t number = did(STEP_PUSH, list, ANSWER_UNKNOWN, 0);
    holds(list, number);
    expect_clean();
    holds(list, number);
    expect_only(RULE_TWICE, 1);
}

Test(judge, writes_out_of_order)
{
    uint32_t a = did(STEP_PUSH, list, ANSWER_FITS, 2);
    uint32_t b = did(STEP_PUSH, list, ANSWER_FITS, 1);
    holds(list, b);
    holds(list, a);
    expect_only(RULE_ORDER, 1);
}

Test(judge, a_write_of_unknown_outcome_may_be_late_only_where_a_node_paused)
{
    uint32_t a = did(STEP_PUSH, list, ANSWER_UNKNOWN, 0);
    uint32_t b = did(STEP_PUSH, list, ANSWER_FITS, 1);
    holds(list, b);
    holds(list, a);
    expect_only(RULE_ORDER, 1);
    trial.permission.may_delay = true;
    expect_clean();
}

Test(judge, a_refused_write_that_took_effect)
{
    uint32_t a = did(STEP_PUSH, list, ANSWER_DOWN, 0);
    holds(list, a);
    expect_only(RULE_GHOST, 1);
}

Test(judge, a_length_that_is_not_the_place)
{
    uint32_t a = did(STEP_PUSH, list, ANSWER_FITS, 2);
    holds(list, a);
    expect_only(RULE_NUMBER, 1);
}

Test(judge, a_lost_write_without_a_loss)
{
    did(STEP_PUSH, list, ANSWER_FITS, 1);
    expect_only(RULE_LOST, 1);
}

Test(judge, a_loss_takes_the_last_writes_and_later_ones_follow)
{
    uint32_t a = did(STEP_PUSH, list, ANSWER_FITS, 1);
    did(STEP_PUSH, list, ANSWER_FITS, 2);
    did(STEP_PUSH, list, ANSWER_FITS, 3);
    lose();
    uint32_t d = did(STEP_PUSH, list, ANSWER_FITS, 2);
    holds(list, a);
    holds(list, d);
    expect_clean_with_lost(2);
}

Test(judge, a_loss_takes_nothing_of_other_slots)
{
    did(STEP_PUSH, list, ANSWER_FITS, 1);
    lose();
    memset(loss.slots, 0, sizeof loss.slots);
    expect_only(RULE_LOST, 1);
}

Test(judge, a_loss_takes_nothing_from_the_middle)
{
    uint32_t a = did(STEP_PUSH, list, ANSWER_FITS, 1);
    did(STEP_PUSH, list, ANSWER_FITS, 2);
    uint32_t c = did(STEP_PUSH, list, ANSWER_FITS, 2);
    lose();
    holds(list, a);
    holds(list, c);
    expect_only(RULE_HOLE, 1);
}

Test(judge, a_loss_takes_nothing_that_was_acknowledged_long_before_or_after)
{
    did(STEP_PUSH, list, ANSWER_FITS, 1);
    clock_ms += LOSS_REACH_MS + 10;
    lose();
    did(STEP_PUSH, text, ANSWER_FITS, TOKEN_SIZE);
    expect_only(RULE_LOST, 2);
}

Test(judge, one_loss_makes_one_hole)
{
    did(STEP_PUSH, list, ANSWER_FITS, 1);
    lose();
    clock_ms -= 3500;
    uint32_t b = did(STEP_PUSH, list, ANSWER_FITS, 1);
    did(STEP_PUSH, list, ANSWER_FITS, 2);
    holds(list, b);
    expect_only(RULE_LOST, 1);
}

Test(judge, a_request_that_overtook_one_of_its_slot)
{
    uint32_t b = did(STEP_PUSH, ROLE_LIST_B, ANSWER_FITS, 1);
    cross(1, 0);
    holds(ROLE_LIST_B, b);
    holds(list, b + 1);
    expect_only(RULE_SLOT_ORDER, 1);
    trial.permission.may_overtake = true;
    expect_clean();
}

Test(judge, a_request_for_several_keys_that_was_overtaken)
{
    did(STEP_CROSS_PUSH, list, ANSWER_FITS, 2);
    history.steps[0].reply[1] = 0;
    history.steps[0].answered_ms += 10;
    uint32_t b = did(STEP_PUSH, list, ANSWER_FITS, 1);
    holds(list, b);
    holds(list, b - 1);
    expect_only(RULE_ORDER, 1);
    trial.permission.may_overtake = true;
    expect_clean();
    history.steps[0].kind = STEP_PUSH;
    expect_only(RULE_ORDER, 1);
}

Test(judge, a_request_that_saw_one_behind_it)
{
    cross(1, 1);
    uint32_t b = did(STEP_PUSH, ROLE_LIST_B, ANSWER_FITS, 1);
    holds(list, b - 1);
    holds(ROLE_LIST_B, b);
    expect_only(RULE_SLOT_ORDER, 1);
}

Test(judge, the_excerpt_of_a_key_shows_its_steps_only)
{
    struct bytes excerpt = {0};

    did(STEP_PUSH, list, ANSWER_FITS, 1);
    did(STEP_INCR, counter, ANSWER_FITS, 1);
    did(STEP_PUSH, list, ANSWER_FITS, 2);
    history_print(&history, list, 2, &excerpt);
    cr_expect_not_null(strstr(excerpt.at, "{3.1.0}list-a"));
    cr_expect_null(strstr(excerpt.at, "INCR"), "%s", excerpt.at);
    bytes_clear(&excerpt);
}
