#include "proxy/downstream/client_pages.h"

#include <criterion/criterion.h>
#include <unistd.h>

#include "tests/unit/proxy/downstream/local_rig.h"

enum { CLIENTS = 6 };

static struct local_rig *rig;
static struct clients *clients;
static int fds[CLIENTS];

/* Their ids are 1 to CLIENTS. */
static void open_rig(void)
{
    rig = local_rig_open(NULL);
    clients = &rig->workers[0].clients;
    for (size_t i = 0; i < CLIENTS; i++) {
        fds[i] = local_rig_connect(rig, 0);
    }
}

static void leave(size_t at)
{
    close(fds[at]);
    fds[at] = -1;
    local_rig_turn(rig);
}

static void close_rig(void)
{
    for (size_t i = 0; i < CLIENTS; i++) {
        if (fds[i] >= 0) {
            close(fds[i]);
        }
    }
    local_rig_close(&rig);
}

TestSuite(client_pages, .init = open_rig, .fini = close_rig, .timeout = 60);

/* The id of the client that the page begins with, 0 for none. */
static uint64_t begin(uint64_t after)
{
    struct list_link *link = client_pages_begin(clients, after);

    return link == &clients->open.anchor
               ? 0
               : container_of(link, struct client, in_clients)->session.id;
}

Test(client_pages, begin_behind_any_id_in_any_order)
{
    static const uint64_t afters[] = {0, 2, 4, 5, 6, 7, 3, 3, 1, UINT64_MAX, 0};

    for (size_t i = 0; i < ARRAY_LEN(afters); i++) {
        cr_expect_eq(begin(afters[i]), afters[i] >= CLIENTS ? 0 : afters[i] + 1, "row %zu", i);
    }
}

Test(client_pages, go_on_when_those_leave_where_they_began)
{
    begin(3);
    leave(2);
    cr_expect_eq(begin(3), 4);
    leave(1);
    leave(0);
    cr_expect_eq(begin(3), 4);
    cr_expect_eq(begin(0), 4);
    begin(6);
    for (size_t i = 3; i < CLIENTS; i++) {
        leave(i);
    }
    cr_expect_eq(begin(0), 0);
    cr_expect_eq(begin(3), 0);
}

/* A client that says it is behind everything would be taken for the beginning if it was seen. */
Test(client_pages, do_not_look_again_at_clients_of_earlier_pages)
{
    struct client *first = container_of(list_first(&clients->open), struct client, in_clients);

    begin(3);
    first->session.id = UINT64_MAX;
    cr_expect_eq(begin(3), 4);
    cr_expect_eq(begin(5), 6);
    first->session.id = 1;
}
