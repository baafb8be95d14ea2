#include "proxy/pubsub/spread.h"

#include <criterion/criterion.h>

/* A supply with three taps that stand; the first is its home. */
struct scene {
    struct supply *supply;
    struct tap *taps[3];
};

static void set_up(struct scene *scene, enum topic_kind kind, const char *name)
{
    static const char *const nodes[] = {"1", "2", "3"};
    struct topic topic = topic_of(kind, span_of(name));

    scene->supply = supply_new(&topic, 1);
    for (size_t i = 0; i < ARRAY_LEN(nodes); i++) {
        scene->taps[i] = tap_new(scene->supply, nodes[i]);
        tap_become(scene->taps[i], TAP_ASKED);
        tap_become(scene->taps[i], TAP_STANDING);
    }
    scene->supply->home = scene->taps[0];
}

static void tear_down(struct scene *scene)
{
    scene->supply->home = NULL;
    for (size_t i = 0; i < ARRAY_LEN(scene->taps); i++) {
        tap_free(&scene->taps[i]);
    }
    supply_free(&scene->supply);
}

static void expect_heard(const struct scene *scene, const char *channel, const char *expected)
{
    for (size_t i = 0; i < ARRAY_LEN(scene->taps); i++) {
        cr_expect_eq(spread_hears(scene->taps[i], span_of(channel)), expected[i] == '1',
                     "%s by tap %zu", channel, i);
    }
}

Test(spread, events_are_taken_from_every_node_and_other_messages_from_one)
{
    struct scene scene;

    set_up(&scene, TOPIC_PATTERN, "*");
    expect_heard(&scene, "__keyspace@0__:k", "111");
    expect_heard(&scene, "__keyevent@0__:set", "111");
    expect_heard(&scene, "__keyevent@", "100");
    expect_heard(&scene, "news", "100");
    tear_down(&scene);
}

Test(spread, without_a_home_only_events_are_heard)
{
    struct scene scene;

    set_up(&scene, TOPIC_PATTERN, "*");
    scene.supply->home = NULL;
    expect_heard(&scene, "news", "000");
    expect_heard(&scene, "__keyevent@0__:set", "111");
    tear_down(&scene);
}

/* A replica tells of what its primary does once more. */
Test(spread, a_home_that_is_no_primary_any_more_is_not_asked_for_events)
{
    struct scene scene;

    set_up(&scene, TOPIC_PATTERN, "*");
    scene.taps[0]->is_due = false;
    expect_heard(&scene, "news", "100");
    expect_heard(&scene, "__keyevent@0__:set", "011");
    tear_down(&scene);
}

Test(spread, what_does_not_stand_is_not_heard)
{
    struct scene scene;

    set_up(&scene, TOPIC_CHANNEL, "__keyevent@0__:set");
    tap_become(scene.taps[1], TAP_ENDING);
    tap_become(scene.taps[2], TAP_WANTING);
    expect_heard(&scene, "__keyevent@0__:set", "100");
    tear_down(&scene);
}
