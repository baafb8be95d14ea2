#include "proxy/pace.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/memory.h"

enum { MANY = 300 };

static struct paces paces;
static uint64_t now;

static void set_up(void)
{
    now = 100 * US_PER_SECOND;
}

static void tear_down(void)
{
    paces_clear(&paces);
}

TestSuite(pace, .init = set_up, .fini = tear_down);

static struct standing *found_by_a_worker(size_t count)
{
    struct standing *standing = memory_new(1, sizeof *standing + sizeof standing->pools[0]);

    standing->pool_count = 1;
    standing->pools[0].nodes = memory_new(count, sizeof *standing->pools[0].nodes);
    standing->pools[0].count = count;
    return standing;
}

/* Somebody looks at `at`, and so many requests have been sent to the only node until then. */
static void look(uint64_t at, uint64_t sent)
{
    struct standing *found = found_by_a_worker(1);
    void *by_worker[] = {found};

    snprintf(found->pools[0].nodes[0].name, sizeof found->pools[0].nodes[0].name, "node:1");
    found->pools[0].nodes[0].sent_total = sent;
    struct standing *merged =
        standing_merge(&(struct inquiry_findings){by_worker, ARRAY_LEN(by_worker), 1}, 1);
    merged->at = at;
    paces_keep(&paces, merged);
    standing_free(&found);
}

/* A thousand requests a second from then on, and a look each `step` until `seconds` have passed. */
static void expect_pace_at_each_look(uint64_t step, uint64_t seconds)
{
    for (uint64_t at = step; at <= seconds * US_PER_SECOND; at += step) {
        look(now + at, at / US_PER_MS);
        struct node_pace pace = paces_of(&paces, 0, 0);

        cr_assert(pace.is_known, "after %llu ms", (unsigned long long)(at / US_PER_MS));
        cr_expect_float_eq(pace.requests, 1000, 0.001);
        if (at > 3 * PACE_LEAST_US) {
            uint64_t span = paces.last->at - paces.before->at;

            cr_expect_geq(span, PACE_LEAST_US);
            cr_expect_leq(span, size_max(2 * PACE_LEAST_US, step) + step);
        }
    }
}

Test(pace, is_known_at_each_look_however_many_look)
{
    static const uint64_t steps_ms[] = {50, 100, 450, 500, 899, 900, 1000, 5000};

    for (size_t i = 0; i < ARRAY_LEN(steps_ms); i++) {
        paces_clear(&paces);
        look(now, 0);
        cr_expect_not(paces_of(&paces, 0, 0).is_known);
        expect_pace_at_each_look(steps_ms[i] * US_PER_MS, 20);
    }
}

Test(pace, of_long_ago_is_not_told)
{
    look(now, 0);
    look(now + PACE_MOST_US + 1, 1000);
    cr_expect_not(paces_of(&paces, 0, 0).is_known);
    look(now + PACE_MOST_US + 1 + US_PER_SECOND, 2000);
    cr_expect(paces_of(&paces, 0, 0).is_known);
}

Test(pace, is_not_told_when_a_worker_has_not_answered)
{
    look(now, 100);
    look(now + US_PER_SECOND, 50);
    cr_expect_not(paces_of(&paces, 0, 0).is_known);
}

Test(standing, nodes_of_several_workers_are_put_together_in_whatever_order_they_have_them)
{
    struct standing *found[] = {found_by_a_worker(MANY), found_by_a_worker(MANY)};
    void *by_worker[] = {found[0], found[1]};

    for (size_t i = 0; i < MANY; i++) {
        struct node_standing *here = &found[0]->pools[0].nodes[i];
        struct node_standing *there = &found[1]->pools[0].nodes[MANY - 1 - i];

        snprintf(here->name, sizeof here->name, "node:%zu", i);
        snprintf(i % 2 == 0 ? here->id : here->name, sizeof here->id, "id-%zu", i);
        *there = *here;
        here->sent_total = i;
        there->sent_total = 1;
    }
    struct standing *merged = standing_merge(&(struct inquiry_findings){by_worker, 2, 2}, 1);

    cr_assert_eq(merged->pools[0].count, MANY);
    for (size_t i = 0; i < MANY; i++) {
        cr_expect_eq(merged->pools[0].nodes[i].sent_total, i + 1);
        cr_expect_eq(standing_find(&merged->pools[0], &found[0]->pools[0].nodes[i]),
                     &merged->pools[0].nodes[i]);
    }
    cr_expect_null(standing_find(&merged->pools[0], &(struct node_standing){.name = "other:1"}));
    standing_free(&merged);
    standing_free(&found[0]);
    standing_free(&found[1]);
}
