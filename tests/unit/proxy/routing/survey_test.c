#include "proxy/routing/survey.h"

#include "proxy/cluster/slot_probe.h"
#include "tests/unit/proxy/routing/stage.h"

static struct stage stage;
static struct survey survey;
static const struct address asked = {ADDRESS_TCP, "10.0.0.1", 6379};

/* Node 0 has the lower half, node 1 the upper half. */
static void open_stage(void)
{
    stage_open(&stage);
    stage_adopt(&stage, 0, 1);
}

static void close_stage(void)
{
    survey_clear(&survey);
    stage_close(&stage);
}

TestSuite(survey, .init = open_stage, .fini = close_stage, .timeout = 30);

static void look_at(uint16_t first, uint32_t count)
{
    survey_init(&survey, &stage.dispatcher->table, 0, first, count);
}

static bool hear(uint32_t group, uint32_t index, const char *reply)
{
    return survey_hear(&survey, &survey.groups[group], index, span_of(reply), &asked);
}

Test(survey, asks_each_owner_for_its_slots)
{
    look_at(8190, 4);
    cr_assert_eq(survey.group_count, 2);
    cr_expect_eq(survey.groups[0].count, 2);
    cr_expect_eq(survey.groups[1].count, 2);
    cr_expect_eq(survey_lead(&survey, &survey.groups[0]), 8190);
    cr_expect_eq(survey_lead(&survey, &survey.groups[1]), 8192);
}

Test(survey, asks_an_owner_of_scattered_slots_once)
{
    stage.dispatcher->table.slots[101].owner = stage.dispatcher->table.slots[9000].owner;
    stage.dispatcher->table.slots[103].owner = stage.dispatcher->table.slots[9000].owner;
    look_at(100, 5);
    cr_assert_eq(survey.group_count, 2);
    cr_expect_eq(survey.groups[0].count, 3);
    cr_expect_eq(survey.groups[1].count, 2);
    cr_expect_eq(survey_lead(&survey, &survey.groups[1]), 101);
    hear(1, 0, "*0\r\n");
    hear(1, 1, ":0\r\n");
    hear(1, 2, "*1\r\n$1\r\nk\r\n");
    hear(1, 3, ":0\r\n");
    cr_expect_eq(survey.sightings[1].sight, SIGHT_SERVED);
    cr_expect_eq(survey.sightings[3].count, 1);
    cr_expect_eq(survey.sightings[0].sight, SIGHT_REFUSED);
}

Test(survey, ends_before_a_slot_that_would_have_to_wait)
{
    stage.dispatcher->table.slots[7].owner = NODE_NONE;
    look_at(5, 10);
    cr_expect_eq(survey.count, 2);
    survey_clear(&survey);
    look_at(7, 1);
    cr_expect_eq(survey.count, 1);
}

Test(survey, asks_for_a_list_and_then_for_the_probe)
{
    char text[SLOT_PROBE_MAX];
    struct span probe = slot_probe(5, text);
    char expected[256];

    look_at(5, 1);

    struct block *block = survey_compose(&survey, &survey.groups[0], 100);
    int size = snprintf(expected, sizeof expected,
                        "*4\r\n$7\r\nCLUSTER\r\n$13\r\nGETKEYSINSLOT\r\n$1\r\n5\r\n$3\r\n100\r\n"
                        "*2\r\n$6\r\nEXISTS\r\n$%zu\r\n%.*s\r\n",
                        probe.size, (int)probe.size, probe.at);

    cr_expect_eq(survey_commands(&survey.groups[0]), 2);
    cr_expect(span_equal((struct span){block->bytes, block->used},
                         (struct span){expected, (size_t)size}));
    block_release(&block);
}

Test(survey, what_the_owner_lists_is_all)
{
    look_at(5, 2);
    cr_expect_not(hear(0, 0, "*2\r\n$1\r\na\r\n$1\r\nb\r\n"));
    cr_expect_not(hear(0, 1, ":0\r\n"));
    cr_expect_not(survey.groups[0].is_heard);
    cr_expect_not(hear(0, 2, "*0\r\n"));
    cr_expect_not(hear(0, 3, ":0\r\n"));
    cr_expect(survey.groups[0].is_heard);
    cr_expect_eq(survey.sightings[0].sight, SIGHT_SERVED);
    cr_expect_eq(survey.sightings[0].count, 2);
    cr_assert_not_null(survey.sightings[0].listing);
    cr_expect_eq(survey.sightings[1].sight, SIGHT_SERVED);
    cr_expect_null(survey.sightings[1].listing);
}

Test(survey, an_owner_that_gives_a_slot_away_names_the_target)
{
    look_at(5, 1);
    cr_expect_not(hear(0, 0, "*1\r\n$1\r\na\r\n"));
    cr_expect_not(hear(0, 1, "-ASK 5 10.0.0.7:7000\r\n"));
    cr_expect(survey.groups[0].is_heard);
    cr_expect_eq(survey.sightings[0].sight, SIGHT_LEAVING);
    cr_assert_not_null(survey.sightings[0].target);
    cr_expect_str_eq(survey.sightings[0].target->host, "10.0.0.7");
    cr_expect_eq(survey.sightings[0].target->port, 7000);
}

/* The first slot is the one that the request is for. */
Test(survey, what_concerns_the_first_slot_concerns_all)
{
    static const char *const refusals[] = {"-MOVED 5 10.0.0.7:7000\r\n", "-CLUSTERDOWN no\r\n",
                                           "-NOPERM no\r\n"};

    for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
        look_at(5, 2);
        cr_expect_not(hear(0, 0, "*0\r\n"));
        cr_expect(hear(0, 1, refusals[i]), "row %zu", i);
        cr_expect_not(hear(0, 2, "*0\r\n"));
        cr_expect_not(hear(0, 3, ":0\r\n"));
        cr_expect_not(survey.groups[0].is_heard);
        survey_clear(&survey);
    }
}

Test(survey, a_list_that_the_first_slot_does_not_get_concerns_all)
{
    look_at(5, 1);
    cr_expect(hear(0, 0, "-NOPERM no\r\n"));
    cr_expect(hear(0, 1, ":0\r\n"));
    cr_expect_not(survey.groups[0].is_heard);
}

Test(survey, what_concerns_another_slot_concerns_nobody_else)
{
    look_at(5, 3);
    cr_expect_not(hear(0, 0, "*0\r\n"));
    cr_expect_not(hear(0, 1, ":0\r\n"));
    cr_expect_not(hear(0, 2, "*0\r\n"));
    cr_expect_not(hear(0, 3, "-MOVED 6 10.0.0.7:7000\r\n"));
    cr_expect_not(hear(0, 4, "-ERR no\r\n"));
    cr_expect_not(hear(0, 5, ":0\r\n"));
    cr_expect(survey.groups[0].is_heard);
    cr_expect_eq(survey.sightings[0].sight, SIGHT_SERVED);
    cr_expect_eq(survey.sightings[1].sight, SIGHT_REFUSED);
    cr_expect_eq(survey.sightings[2].sight, SIGHT_REFUSED);
}

/* It is sent again, perhaps to somebody else. */
Test(survey, what_was_heard_before_it_was_sent_again_is_forgotten)
{
    look_at(5, 2);
    cr_expect_not(hear(0, 0, "*1\r\n$1\r\na\r\n"));
    cr_expect_not(hear(0, 1, ":0\r\n"));
    cr_expect_not(hear(0, 2, "*1\r\n$1\r\nb\r\n"));
    cr_expect_not(hear(0, 0, "*0\r\n"));
    cr_expect_null(survey.sightings[0].listing);
    cr_expect_null(survey.sightings[1].listing);
    cr_expect_not(hear(0, 1, ":0\r\n"));
    cr_expect_not(hear(0, 2, "*0\r\n"));
    cr_expect_not(hear(0, 3, ":0\r\n"));
    cr_expect(survey.groups[0].is_heard);
    cr_expect_eq(survey.sightings[1].count, 0);
}

Test(survey, a_target_that_knows_of_the_slot_has_the_rest)
{
    struct sighting sighting = {0};

    survey_hear_import(&sighting, 0, SPAN("*1\r\n$1\r\na\r\n"));
    survey_hear_import(&sighting, 1, SPAN("+OK\r\n"));
    cr_expect_eq(sighting.sight, SIGHT_REFUSED);
    survey_hear_import(&sighting, 2, SPAN(":0\r\n"));
    cr_expect_eq(sighting.sight, SIGHT_SERVED);
    cr_expect_eq(sighting.count, 1);
    survey_hear_import(&sighting, 0, SPAN("*0\r\n"));
    survey_hear_import(&sighting, 1, SPAN("+OK\r\n"));
    survey_hear_import(&sighting, 2, SPAN("-MOVED 5 10.0.0.1:6379\r\n"));
    cr_expect_eq(sighting.sight, SIGHT_REFUSED);
    cr_expect(sighting.is_listed);
    sighting_clear(&sighting);
}
