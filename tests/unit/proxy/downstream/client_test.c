/* A client's end, where sockets are not what they should be. */
#include "proxy/downstream/client.h"

#include <criterion/criterion.h>
#include <unistd.h>

#include "tests/unit/proxy/downstream/local_rig.h"

static struct local_rig *rig;
static int peer;

static void open_rig(void)
{
    rig = local_rig_open(NULL);
    peer = local_rig_connect(rig, 0);
}

static void close_rig(void)
{
    close(peer);
    local_rig_close(&rig);
}

TestSuite(client, .init = open_rig, .fini = close_rig, .timeout = 30);

/* libev stops the watcher of a socket that the kernel does not let it watch, and says so later. */
Test(client, that_is_closed_hears_no_more_of_its_socket)
{
    cr_assert_str_eq(local_rig_ask(rig, peer, "PING"), "+PONG\r\n");

    struct clients *clients = &rig->workers[0].clients;
    struct client *client = container_of(list_first(&clients->open), struct client, in_clients);

    ev_io_stop(rig->reactor->loop, &client->watcher);
    ev_feed_event(rig->reactor->loop, &client->watcher, EV_ERROR | EV_READ | EV_WRITE);
    client_close(client, CLOSE_READ_FAILED);
    local_rig_turn(rig);
    cr_expect_str_eq(local_rig_hear(rig, peer), "");
    cr_expect_eq(clients->count, 0);
}
