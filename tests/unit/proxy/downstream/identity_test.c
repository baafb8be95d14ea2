/* Who clients are to the nodes. */
#include "proxy/downstream/identity.h"

#include <unistd.h>

#include <criterion/criterion.h>

#include "proxy/downstream/client_limits.h"
#include "proxy/downstream/inquiry.h"
#include "tests/unit/proxy/downstream/local_rig.h"

static struct local_rig *rig;
static struct identities *identities;

static void open_rig(void)
{
    rig = local_rig_open(NULL);
    identities = &rig->workers[0].clients.identities;
    identities->is_on = true;
}

static void close_rig(void)
{
    local_rig_close(&rig);
}

/* NULL: there is none with these that nobody is. */
static struct identity *identity_find_idle(const struct identities *all, const struct span *name,
                                           struct span password)
{
    LIST_EACH (link, &all->all) {
        struct identity *identity = container_of(link, struct identity, in_identities);

        if (identity->references == 0 && credentials_are(&identity->credentials, name, password)) {
            return identity;
        }
    }
    return NULL;
}

TestSuite(identity, .init = open_rig, .fini = close_rig, .timeout = 30);

static const struct span alice = {"alice", 5};
static const struct span bob = {"bob", 3};

Test(identity, is_one_for_all_who_say_the_same)
{
    struct identity *first = identity_of(identities, &alice, SPAN("pa"));
    struct identity *second = identity_of(identities, &alice, SPAN("pa"));
    struct identity *other = identity_of(identities, &alice, SPAN("pb"));
    struct identity *nameless = identity_of(identities, NULL, SPAN("pa"));

    cr_expect_eq(first, second);
    cr_expect_eq(first->references, 2);
    cr_expect_neq(first, other);
    cr_expect_neq(first->dispatcher, other->dispatcher);
    cr_expect_neq(first, nameless);
    cr_expect_str_eq(first->user.name, "alice");
    cr_expect_str_eq(nameless->user.name, "default");
    cr_expect_eq(first->dispatcher->site.credentials, &first->credentials);
    cr_expect_eq(identities->count, 3);
    identity_release(&first);
    identity_release(&second);
    identity_release(&other);
    identity_release(&nameless);
}

Test(identity, of_newcomers_is_nobody_who_has_a_password)
{
    struct identity *newcomer = identity_newcomer(identities);
    struct identity *empty = identity_of(identities, NULL, SPAN(""));

    cr_expect_neq(newcomer, empty);
    cr_expect_not(newcomer->credentials.is_given);
    identity_release(&newcomer);
    newcomer = identity_newcomer(identities);
    cr_expect_eq(identities->count, 2);
    identity_release(&newcomer);
    identity_release(&empty);
}

Test(identity, proves_nothing_by_being_there)
{
    struct identity *identity = identity_of(identities, &alice, SPAN("pa"));

    cr_expect_not(identity_is_let_in(identity));
    cr_expect_null(identity_proven(identities, &alice, SPAN("pa")));
    cr_expect_eq(identity->references, 1);
    identity_release(&identity);
}

Test(identity, that_nobody_is_any_more_makes_room)
{
    struct identity *first;
    struct identity *second;

    rig->config->pools[0].clients_auth_users = 1;
    first = identity_of(identities, &alice, SPAN("pa"));
    cr_expect_null(identity_of(identities, &bob, SPAN("pb")));
    second = identity_of(identities, &alice, SPAN("pa"));
    cr_expect_eq(first, second);
    identity_release(&first);
    cr_expect_null(identity_of(identities, &bob, SPAN("pb")));
    identity_release(&second);
    first = identity_of(identities, &bob, SPAN("pb"));
    cr_assert_not_null(first);
    cr_expect_str_eq(first->user.name, "bob");
    cr_expect_eq(identities->count, 1);
    identity_release(&first);
}

/* Whom nodes take with any password. */
Test(identity, leaves_room_for_others_whatever_the_number_of_passwords)
{
    static const struct span name = {"default", 7};
    static const struct span passwords[] = {{"1", 1}, {"2", 1}, {"3", 1}, {"4", 1}};
    struct identity *taken[ARRAY_LEN(passwords)];
    struct identity *newcomer = identity_newcomer(identities);
    struct identity *other;

    for (size_t i = 0; i < ARRAY_LEN(taken); i++) {
        taken[i] = identity_of(identities, i % 2 == 0 ? &name : NULL, passwords[i]);
        cr_assert_not_null(taken[i]);
    }
    cr_expect_null(identity_of(identities, &name, SPAN("5")));
    cr_expect_null(identity_of(identities, NULL, SPAN("5")));
    other = identity_of(identities, &alice, SPAN("5"));
    cr_assert_not_null(other);
    identity_release(&other);
    identity_release(&taken[2]);
    local_rig_turn(rig);
    identity_release(&taken[1]);
    taken[1] = identity_of(identities, &name, SPAN("5"));
    cr_assert_not_null(taken[1], "in place of one that nobody is any more");
    cr_expect_null(identity_find_idle(identities, &name, SPAN("3")), "the one idle for longer");
    cr_expect_not_null(identity_find_idle(identities, NULL, SPAN("2")));
    cr_expect_eq(identities->count, 6);
    identity_release(&newcomer);
    for (size_t i = 0; i < ARRAY_LEN(taken); i++) {
        if (taken[i] != NULL) {
            identity_release(&taken[i]);
        }
    }
}

Test(identity, stays_for_its_clients_until_the_last_one_has_gone)
{
    int one = local_rig_connect(rig, 0);
    int other = local_rig_connect(rig, 0);
    struct identity *newcomer = identity_newcomer(identities);

    cr_expect_eq(newcomer->references, 3);
    close(one);
    local_rig_turn(rig);
    cr_expect_eq(newcomer->references, 2);
    close(other);
    local_rig_turn(rig);
    cr_expect_eq(newcomer->references, 1);
    identity_release(&newcomer);
}

/* As a SCAN of its does, for which slotway asks as its own user. */
Test(identity, has_its_clients_bounded_in_what_slotway_gathers_for_them)
{
    enum { MANY = 1024 * 1024 };
    const metric *closed = &rig->workers[0].metrics.downstream_closed[CLOSE_OUTPUT_LIMIT];
    int fd = local_rig_connect(rig, 0);
    struct client *client =
        container_of(list_first(&rig->workers[0].clients.open), struct client, in_clients);
    struct lane *house = inquiry_house_lane(client);

    lane_gather(house, MANY);
    cr_expect_eq(client_gathered(client), MANY);
    cr_expect_geq(client_held(client), MANY);
    local_rig_turn(rig);
    cr_expect_eq(metric_read(closed), 0);
    rig->config->pools[0].clients_output_bytes = MANY;
    rig->config->pools[0].clients_pending_bytes = MANY;
    lane_gather(house, 1);
    local_rig_turn(rig);
    cr_expect_eq(metric_read(closed), 1);
    close(fd);
}

/* As a client whose first request is a large one finds them. */
Test(identity, of_newcomers_is_thought_ill_of_for_a_while_only)
{
    int fd = local_rig_connect(rig, 0);
    struct client *client =
        container_of(list_first(&rig->workers[0].clients.open), struct client, in_clients);

    client->session.is_authenticated = false;
    identities->newcomers_denied_until = UINT64_MAX;
    cr_expect_eq(client_scan_limits(client).arguments, 10);
    identities->newcomers_denied_until = reactor_now(client->clients->reactor);
    cr_expect_gt(client_scan_limits(client).arguments, 10);
    cr_expect_eq(client_scan_limits(client).request_bytes, 1024 * 1024);
    client->session.is_authenticated = true;
    cr_expect_gt(client_scan_limits(client).request_bytes, 1024 * 1024);
    close(fd);
}
