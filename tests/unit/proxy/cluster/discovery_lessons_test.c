/* Discovery asks for commands beside the picture of the cluster, and never at its expense. */
#include "proxy/cluster/lessons.h"
#include "tests/unit/proxy/cluster/command_replies.h"
#include "tests/unit/proxy/cluster/discovery_stage.h"

static struct lessons *lessons;
static _Atomic uint32_t tables;
static _Atomic uint32_t pictures_before_tables;

static void on_commands(void *context UNUSED, struct command_table *table)
{
    if (atomic_fetch_add(&tables, 1) == 0) {
        pictures_before_tables = published_count();
    }
    command_table_release(&table);
}

static void set_up(void)
{
    stage_set_up();
    says_all_on(&nodes[0], 5, 0);
    nodes[0].locked.server = "$19\r\nredis_version:7.0\r\n\r\n";
    nodes[0].locked.command_count = ":1\r\n";
    nodes[0].locked.commands = "*1\r\n" ONE_KEY_COMMAND("foo.bar");
    lessons = lessons_new(&pool, on_commands, NULL);
}

static void tear_down(void)
{
    stage_tear_down();
    lessons_free(&lessons);
}

TestSuite(discovery_lessons, .init = set_up, .fini = tear_down, .timeout = 60);

static void start(void)
{
    stage_make();
    discovery_use_lessons(discovery, lessons);
    discovery_start(discovery);
}

static uint32_t times_asked(void)
{
    scripted_node_lock(&nodes[0]);
    uint32_t asked = nodes[0].locked.versions_asked;
    scripted_node_unlock(&nodes[0]);
    return asked;
}

Test(discovery_lessons, commands_are_known_before_the_first_picture)
{
    start();
    WAIT_FOR(published_count() == 1);
    cr_expect_eq(tables, 1);
    cr_expect_eq(pictures_before_tables, 0);
}

Test(discovery_lessons, nonsense_about_commands_does_not_keep_a_picture_away)
{
    nodes[0].locked.commands = "nonsense\r\n";
    start();
    WAIT_FOR(published_count() == 1);
    cr_expect_eq(served_by(0), nodes[0].port);
    cr_expect_eq(tables, 0);
}

Test(discovery_lessons, hints_bring_no_more_questions_about_commands)
{
    start();
    WAIT_FOR(published_count() == 1);
    for (uint32_t round = 1; round < 20; round++) {
        uint32_t before = scripted_node_questions(&nodes[0]);
        discovery_hint(discovery, HINT_MOVED);
        WAIT_FOR(scripted_node_questions(&nodes[0]) > before);
    }
    cr_expect_eq(times_asked(), 1);
    cr_expect_eq(tables, 1);
}
