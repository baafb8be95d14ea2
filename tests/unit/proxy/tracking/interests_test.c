#include "proxy/tracking/interests.h"

#include <criterion/criterion.h>

#include <stdlib.h>

#include "common/memory.h"
#include "proxy/tracking/tracker.h"
#include "tests/unit/proxy/longest_chain.h"

enum { CLIENTS = 3, A = 7, B = 7 + 1024 };

static struct interests interests;
static struct tracked clients[CLIENTS];

static void set_up(void)
{
    interests = (struct interests){.keys = {0}};
    for (int i = 0; i < CLIENTS; i++) {
        clients[i] = (struct tracked){.interest_count = 0};
        list_init(&clients[i].interests);
    }
}

static void end(int client, uint64_t hash)
{
    struct interest *interest = interests_find(&interests, &clients[client], hash);

    cr_assert_not_null(interest);
    interests_end(&interests, &interest);
    cr_expect_null(interest);
}

static void tear_down(void)
{
    for (int i = 0; i < CLIENTS; i++) {
        struct list_link *link;

        while ((link = list_first(&clients[i].interests)) != NULL) {
            struct interest *interest = container_of(link, struct interest, in_tracked);

            interests_end(&interests, &interest);
        }
        cr_expect_eq(clients[i].interest_count, 0);
    }
    interests_clear(&interests);
}

TestSuite(interests, .init = set_up, .fini = tear_down);

Test(interests, are_found_by_key_and_client)
{
    interests_add(&interests, &clients[0], A);
    interests_add(&interests, &clients[1], A);
    interests_add(&interests, &clients[1], B);
    for (int i = 0; i < CLIENTS; i++) {
        struct interest *a = interests_find(&interests, &clients[i], A);
        struct interest *b = interests_find(&interests, &clients[i], B);

        cr_expect_eq(a != NULL, i < 2);
        cr_expect_eq(b != NULL, i == 1);
        cr_expect(a == NULL || a->tracked == &clients[i]);
        cr_expect(b == NULL || (b->tracked == &clients[i] && b != a));
    }
    cr_expect_eq(clients[0].interest_count, 1);
    cr_expect_eq(clients[1].interest_count, 2);
}

/* From the middle, the end and the beginning of those of its key. */
Test(interests, end_one_by_one_in_any_order)
{
    for (int i = 0; i < CLIENTS; i++) {
        interests_add(&interests, &clients[i], A);
    }
    interests_add(&interests, &clients[1], B);
    end(1, A);
    cr_expect_null(interests_find(&interests, &clients[1], A));
    cr_expect_not_null(interests_find(&interests, &clients[1], B));
    cr_expect_eq(interests_first(&interests, A)->tracked, &clients[0]);
    end(0, A);
    cr_expect_eq(interests_first(&interests, A)->tracked, &clients[2]);
    end(2, A);
    cr_expect_null(interests_first(&interests, A));
    cr_expect_eq(interests.keys.count, 1, "nothing is left of a key that nobody caches");
    interests_add(&interests, &clients[2], A);
    cr_expect_eq(interests_first(&interests, A)->tracked, &clients[2]);
}

/* One of them is found without a look at the others. */
Test(interests, of_thousands_in_one_key_lie_apart)
{
    enum { MANY = 4096, FEW = 16 };
    struct tracked *many[MANY];

    for (int i = 0; i < MANY; i++) {
        many[i] = memory_new(1, sizeof *many[i]);
        list_init(&many[i]->interests);
        interests_add(&interests, many[i], A);
    }
    cr_expect_eq(interests.keys.count, 1);
    cr_expect_lt(longest_chain(&interests.pairs), FEW);
    for (int i = 0; i < MANY; i++) {
        struct interest *interest = interests_find(&interests, many[i], A);

        cr_assert_not_null(interest);
        interests_end(&interests, &interest);
        free(many[i]);
    }
}
