/* The judge on histories that keep the contract, and on each way to break it. */
#include <criterion/criterion.h>

#include "common/memory.h"
#include "tests/chaos/judge.h"

enum { CLIENT = 3, FIRST = 100 };

static struct history history;
static struct contents contents;
static struct loss loss;
static struct trial trial;
static uint32_t clock_ms;

static const uint16_t list = ROLE_LIST_A;
static const uint16_t text = ROLE_TEXT;
static const uint16_t counter = ROLE_COUNTER;
static const uint16_t x = ROLE_REGISTER_X;

static void set_up(void)
{
    history = (struct history){.client = CLIENT, .first = FIRST, .round = 1, .life = 1};
    contents_init(&contents, 1);
    clock_ms = 10000;
    trial = (struct trial){.histories = &history,
                           .count = 1,
                           .contents = &contents,
                           .losses = &loss,
                           .permission = {.answers = ~0u}};
}

static void tear_down(void)
{
    history_clear(&history);
    contents_clear(&contents);
}

TestSuite(judge, .init = set_up, .fini = tear_down);

/* A step that took a millisecond; returns its number. */
static uint32_t did(enum step_kind kind, uint16_t key, enum answer answer, uint32_t reply)
{
    struct step *step = history_add(&history, kind, key);

    step->answer = (uint8_t)answer;
    step->reply[0] = reply;
    step->reply[1] = CLIENT;
    step->sent_ms = clock_ms;
    step->answered_ms = ++clock_ms;
    return history_number(&history, history.count - 1);
}

static uint32_t wide(enum step_kind kind, enum answer answer, uint32_t reply)
{
    uint32_t number = did(kind, x, answer, reply);
    history.steps[history.count - 1].reach = REACH_SLOT;
    return number;
}

static void cross(uint32_t reply, uint32_t others)
{
    did(STEP_CROSS_PUSH, list, ANSWER_FITS, reply);
    history.steps[history.count - 1].reply[1] = others;
}

/* What is there in the end. */
static void holds(uint16_t key, uint32_t number)
{
    char element[TOKEN_SIZE + 1];

    token_print((struct token){CLIENT, number, key}, element);
    content_add(contents_of(&contents, 0, key), span_of(element));
}

static void counts(uint16_t key, uint32_t number)
{
    contents_of(&contents, 0, key)->number = number;
}

/* All slots lose what was acknowledged shortly before now. */
static void lose(void)
{
    loss = (struct loss){.from_ms = clock_ms + 1, .until_ms = clock_ms + 3000};
    memset(loss.slots, 0xff, sizeof loss.slots);
    trial.loss_count = 1;
    clock_ms += 4000;
}

static void expect_only(enum rule rule, size_t times)
{
    struct verdict verdict = judge(&trial);

    cr_expect_eq(verdict.count, times, "%zu findings, first: %s: %s", verdict.count,
                 verdict.count == 0 ? "" : rule_text(verdict.findings[0].rule),
                 verdict.count == 0 ? "" : verdict.findings[0].text);
    cr_expect_eq(verdict.by_rule[rule], times, "%zu times: %s", verdict.by_rule[rule],
                 rule_text(rule));
    verdict_clear(&verdict);
}

static void expect_clean(void)
{
    expect_only(RULE_MISFIT, 0);
}

static void expect_clean_with_lost(uint64_t lost)
{
    struct verdict verdict = judge(&trial);

    cr_expect_eq(verdict.count, 0, "%s",
                 verdict.count == 0 ? "" : rule_text(verdict.findings[0].rule));
    cr_expect_eq(verdict.lost, lost, "%llu lost", (unsigned long long)verdict.lost);
    verdict_clear(&verdict);
}

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

Test(judge, a_refused_write_that_is_read)
{
    uint32_t a = did(STEP_SET, x, ANSWER_OVERLOADED, 0);
    did(STEP_GET, x, ANSWER_FITS, a);
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

Test(judge, a_write_of_several_keys_that_was_overtaken)
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

Test(judge, a_repeated_read_may_see_a_write_of_unknown_outcome_behind_it_and_no_other)
{
    did(STEP_GET, x, ANSWER_FITS, FIRST + 2);
    wide(STEP_EXISTS, ANSWER_FITS, 1);
    uint32_t b = did(STEP_SET, x, ANSWER_UNKNOWN, 0);
    history.steps[0].answered_ms = history.steps[1].answered_ms = clock_ms;
    holds(x, b);
    expect_clean();
    history.steps[2].answer = ANSWER_FITS;
    struct verdict verdict = judge(&trial);
    cr_expect_eq(verdict.by_rule[RULE_SLOT_ORDER], 1);
    cr_expect_eq(verdict.by_rule[RULE_NUMBER], 1);
    verdict_clear(&verdict);
}

Test(judge, a_request_that_saw_one_behind_it)
{
    cross(1, 1);
    uint32_t b = did(STEP_PUSH, ROLE_LIST_B, ANSWER_FITS, 1);
    holds(list, b - 1);
    holds(ROLE_LIST_B, b);
    expect_only(RULE_SLOT_ORDER, 1);
}

Test(judge, a_counter_that_repeats)
{
    did(STEP_INCR, counter, ANSWER_FITS, 1);
    did(STEP_INCR, counter, ANSWER_FITS, 1);
    counts(counter, 1);
    expect_only(RULE_NUMBER, 1);
}

Test(judge, a_counter_that_jumps)
{
    did(STEP_INCR, counter, ANSWER_FITS, 1);
    did(STEP_INCR, counter, ANSWER_UNKNOWN, 0);
    did(STEP_INCR, counter, ANSWER_FITS, 3);
    counts(counter, 3);
    expect_clean();
    history.steps[1].answer = ANSWER_DOWN;
    expect_only(RULE_NUMBER, 1);
}

Test(judge, a_counter_that_ends_too_low_or_too_high)
{
    did(STEP_INCR, counter, ANSWER_FITS, 1);
    expect_only(RULE_LOST, 1);
    counts(counter, 2);
    expect_only(RULE_TWICE, 1);
}

Test(judge, a_counter_falls_back_by_no_more_than_a_loss_took)
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

Test(judge, a_shared_counter_that_tells_two_the_same)
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

Test(judge, a_read_that_missed_a_write)
{
    uint32_t a = did(STEP_SET, x, ANSWER_FITS, 0);
    uint32_t b = did(STEP_SET, x, ANSWER_FITS, 0);
    did(STEP_GET, x, ANSWER_FITS, a);
    holds(x, b);
    expect_only(RULE_STALE, 1);
}

Test(judge, a_read_that_missed_a_delete)
{
    uint32_t a = did(STEP_SET, x, ANSWER_FITS, 0);
    did(STEP_DEL, x, ANSWER_FITS, 1);
    did(STEP_GET, x, ANSWER_FITS, a);
    expect_only(RULE_STALE, 1);
}

Test(judge, a_read_that_saw_a_write_behind_it)
{
    did(STEP_GET, x, ANSWER_FITS, FIRST + 1);
    uint32_t b = did(STEP_SET, x, ANSWER_FITS, 0);
    holds(x, b);
    expect_only(RULE_SLOT_ORDER, 1);
}

Test(judge, a_read_after_a_write_of_unknown_outcome_settles_it)
{
    uint32_t a = did(STEP_SET, x, ANSWER_FITS, 0);
    uint32_t b = did(STEP_SET, x, ANSWER_UNKNOWN, 0);
    did(STEP_GET, x, ANSWER_FITS, b);
    holds(x, b);
    expect_clean();
    did(STEP_GET, x, ANSWER_FITS, a);
    expect_only(RULE_STALE, 1);
}

Test(judge, a_read_of_one_key_of_several_that_missed_a_write)
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

Test(judge, a_register_falls_back_by_a_loss)
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

Test(judge, keys_that_are_counted_wrongly)
{
    did(STEP_SET, x, ANSWER_FITS, 0);
    wide(STEP_EXISTS, ANSWER_FITS, 2);
    wide(STEP_DEL, ANSWER_FITS, 0);
    expect_only(RULE_NUMBER, 2);
}

Test(judge, a_shared_register_that_tells_what_nobody_wrote)
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
