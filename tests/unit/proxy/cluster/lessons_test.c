#include "proxy/cluster/lessons.h"

#include <criterion/criterion.h>
#include <fcntl.h>

#include "common/clock.h"
#include "common/log.h"
#include "tests/unit/proxy/cluster/command_replies.h"
#include "tests/unit/proxy/cluster/scripted_node.h"

#define SERVER(version)     "$19\r\nredis_version:" version "\r\n\r\n"
#define COMMANDS1(name)     "*2\r\n" ONE_KEY_COMMAND("get") ONE_KEY_COMMAND(name)
#define COMMANDS2(one, two) "*2\r\n" ONE_KEY_COMMAND(one) ONE_KEY_COMMAND(two)

static const uint64_t minute = 60ull * US_PER_SECOND;

static struct scripted_node node;
static struct pool_config pool;
static struct node_link link;
static struct lessons *lessons;
static struct command_table *published;
static uint32_t publications;
static uint64_t now;

static void on_published(void *context, struct command_table *table)
{
    cr_assert_eq(context, &publications);
    command_table_release(&published);
    published = table;
    publications++;
}

static void set_up(void)
{
    log_set_descriptor(open("/dev/null", O_WRONLY | O_CLOEXEC));
    scripted_node_start(&node);
    scripted_node_says(&node, 1, &(struct piece){0, 16383, node.port, NULL}, 1);
    pool = (struct pool_config){
        .name = "main",
        .backend_username = "default",
        .refresh = 5 * US_PER_SECOND,
        .timeout_connect = 10 * US_PER_SECOND,
    };
    node_link_init(&link, &pool, -1);
    lessons = lessons_new(&pool, on_published, &publications);
    now = clock_now();
}

static void tear_down(void)
{
    lessons_free(&lessons);
    node_link_clear(&link);
    scripted_node_stop(&node);
    command_table_release(&published);
    command_rules_clear(&pool.commands);
}

TestSuite(lessons, .init = set_up, .fini = tear_down, .timeout = 60);

static void node_teaches(const char *server, const char *count, const char *commands)
{
    scripted_node_lock(&node);
    node.locked.server = server;
    node.locked.command_count = count;
    node.locked.commands = commands;
    scripted_node_unlock(&node);
}

static uint32_t times_asked(void)
{
    scripted_node_lock(&node);
    uint32_t asked = node.locked.commands_asked;
    scripted_node_unlock(&node);
    return asked;
}

static void open_link(void)
{
    struct address address = local_address(node.port);
    struct endpoint endpoint;

    cr_assert_eq(address_resolve(&address, &endpoint), ADDRESS_OK);
    cr_assert_eq(node_link_open(&link, &endpoint, "127.0.0.1"), NODE_LINK_OK);
}

/* A visit `us` after the last one. */
static void attend_after(uint64_t us)
{
    if (!node_link_is_open(&link)) {
        open_link();
    }
    now += us;
    lessons_attend(lessons, &link, now);
}

static bool knows(const char *name)
{
    return command_table_by_name(published, span_of(name)) != NULL;
}

Test(lessons, begin_with_what_the_configuration_says)
{
    cr_assert(command_rules_append(&pool.commands, SPAN("keys=deny")));
    lessons_begin(lessons);
    cr_expect_eq(publications, 1);
    cr_expect(knows("get"));
    cr_expect_not(knows("keys"));
}

Test(lessons, are_what_the_built_in_table_lacks)
{
    node_teaches(SERVER("7.0"), ":2\r\n", COMMANDS1("foo.bar"));
    attend_after(0);
    cr_expect_eq(publications, 1);
    cr_expect(knows("foo.bar"));
    cr_expect_eq(command_table_learned(published), 1);
    cr_expect(node_link_is_open(&link));
}

Test(lessons, are_read_once_for_a_version)
{
    node_teaches(SERVER("7.0"), ":2\r\n", COMMANDS1("foo.bar"));
    for (int i = 0; i < 20; i++) {
        attend_after(pool.refresh);
    }
    cr_expect_eq(times_asked(), 1);
    cr_expect_eq(publications, 1);
}

Test(lessons, are_read_again_for_another_version_or_number_of_commands)
{
    node_teaches(SERVER("7.0"), ":2\r\n", COMMANDS1("foo.bar"));
    attend_after(0);
    node_teaches(SERVER("7.1"), ":2\r\n", COMMANDS1("foo.baz"));
    attend_after(pool.refresh - 1);
    cr_expect_not(knows("foo.baz"), "it was too early to ask again");
    attend_after(1);
    cr_expect(knows("foo.baz"));
    node_teaches(SERVER("7.1"), ":3\r\n", COMMANDS1("foo.qux"));
    attend_after(pool.refresh);
    cr_expect(knows("foo.qux"));
    cr_expect_eq(times_asked(), 3);
}

Test(lessons, of_several_versions_are_all_in_use)
{
    for (int i = 0; i < 4; i++) {
        node_teaches(SERVER("7.0"), ":2\r\n", COMMANDS1("foo.bar"));
        attend_after(pool.refresh);
        node_teaches(SERVER("7.1"), ":2\r\n", COMMANDS1("foo.baz"));
        attend_after(pool.refresh);
    }
    cr_expect(knows("foo.bar"));
    cr_expect(knows("foo.baz"));
    cr_expect_eq(times_asked(), 2);
    cr_expect_eq(publications, 2);
}

Test(lessons, of_a_version_that_no_node_has_any_more_are_forgotten)
{
    node_teaches(SERVER("7.0"), ":2\r\n", COMMANDS1("foo.bar"));
    attend_after(0);
    node_teaches(SERVER("7.1"), ":2\r\n", COMMANDS1("foo.baz"));
    attend_after(minute);
    cr_expect(knows("foo.bar"));
    attend_after(58 * minute);
    cr_expect(knows("foo.bar"));
    attend_after(minute);
    cr_expect_not(knows("foo.bar"));
    cr_expect(knows("foo.baz"));
}

Test(lessons, are_read_again_now_and_then)
{
    node_teaches(SERVER("7.0"), ":2\r\n", COMMANDS1("foo.bar"));
    attend_after(0);
    node_teaches(SERVER("7.0"), ":2\r\n", COMMANDS1("foo.baz"));
    attend_after(9 * minute);
    cr_expect(knows("foo.bar"));
    attend_after(minute);
    cr_expect_not(knows("foo.bar"));
    cr_expect(knows("foo.baz"));
}

Test(lessons, of_more_versions_than_can_be_kept_are_the_latest)
{
    static char counts[12][16];

    node_teaches(SERVER("7.0"), ":1\r\n", COMMANDS1("foo.bar"));
    attend_after(pool.refresh);
    for (int i = 0; i < 12; i++) {
        snprintf(counts[i], sizeof counts[i], ":%d\r\n", 100 + i);
        node_teaches(SERVER("7.1"), counts[i], COMMANDS1("foo.baz"));
        attend_after(pool.refresh);
    }
    cr_expect_not(knows("foo.bar"));
    cr_expect(knows("foo.baz"));
}

Test(lessons, obey_the_rules)
{
    cr_assert(command_rules_append(&pool.commands, SPAN("foo.bar=deny")));
    cr_assert(command_rules_append(&pool.commands, SPAN("foo.baz=write none")));
    node_teaches(SERVER("7.0"), ":2\r\n", COMMANDS2("foo.bar", "foo.baz"));
    attend_after(0);
    cr_expect_not(knows("foo.bar"));
    cr_expect_eq(command_table_by_name(published, SPAN("foo.baz"))->class, COMMAND_CLASS_ANY_NODE);
}

Test(lessons, are_none_from_a_node_that_may_not_tell)
{
    node_teaches(NULL, NULL, NULL);
    for (int i = 0; i < 5; i++) {
        attend_after(pool.refresh);
    }
    cr_expect_eq(times_asked(), 1);
    cr_expect_eq(command_table_learned(published), 0);
    cr_expect(node_link_is_open(&link));
}

Test(lessons, are_tried_again_later_when_the_node_talks_nonsense)
{
    node_teaches(SERVER("7.0"), ":2\r\n", "nonsense\r\n");
    attend_after(pool.refresh);
    cr_expect_not(node_link_is_open(&link));
    cr_expect_eq(publications, 0);
    node_teaches(SERVER("7.0"), ":2\r\n", COMMANDS1("foo.bar"));
    attend_after(pool.refresh);
    cr_expect_eq(publications, 0, "it was too early to ask again");
    attend_after(pool.refresh);
    cr_expect(knows("foo.bar"));
    attend_after(pool.refresh);
    cr_expect_eq(times_asked(), 2);
}

Test(lessons, are_not_asked_for_over_a_closed_link)
{
    lessons_attend(lessons, &link, now);
    cr_expect_eq(times_asked(), 0);
    cr_expect_eq(publications, 0);
}
