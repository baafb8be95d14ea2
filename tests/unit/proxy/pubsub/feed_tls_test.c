/* A feed to a node that speaks TLS, and wants a certificate that it does not get. */
#include "proxy/pubsub/feed.h"

#include <criterion/criterion.h>
#include <signal.h>

#include "tests/support/pki.h"
#include "tests/unit/proxy/peer.h"

static struct pki *pki;
static struct reactor *reactor;
static struct intake intake;
static struct metrics metrics;
static struct pool_config config;
static struct feed_site site;
static struct peer peer;
static struct tls *node;
static struct feed *feed;

static void on_change(struct feed *changed UNUSED)
{
}

static const struct feed_events events = {.ready = on_change, .closed = on_change};

static struct node_door *open_door(void)
{
    struct node_door *door = node_door_new();
    struct tls_option_fault fault;
    struct node_tls *tls = node_tls_new(&config, &fault);

    cr_assert_not_null(tls, "%s", fault.text);
    node_door_use(door, tls);
    return door;
}

static void set_up(void)
{
    struct node there = {.address = {.kind = ADDRESS_TCP, .host = "127.0.0.1"}};

    signal(SIGPIPE, SIG_IGN);
    pki = pki_new();
    pki_make_usual(pki);
    reactor = reactor_new();
    config = (struct pool_config){
        .name = "main",
        .backend_tls = true,
        .backend_tls_verify = "none",
        .backend_tls_protocols = "TLSv1.3",
        .timeout_request = PEER_PATIENCE_US,
        .timeout_connect = PEER_PATIENCE_US,
    };
    site = (struct feed_site){.reactor = reactor,
                              .intake = &intake,
                              .config = &config,
                              .metrics = &metrics,
                              .events = &events,
                              .door = open_door()};
    peer_open(&peer, reactor);
    there.address.port = peer.port;
    cr_assert(address_to_endpoint(&there.address, &there.endpoint));
    feed = feed_new(&site, &there);
}

static void tear_down(void)
{
    feed_free(&feed);
    tls_free(&node);
    peer_clear(&peer);
    node_door_free(&site.door);
    intake_clear(&intake);
    reactor_free(&reactor);
    block_trim();
    pki_free(&pki);
}

TestSuite(feed_tls, .init = set_up, .fini = tear_down, .timeout = 60);

static struct tls *accept_with_demands(void)
{
    const struct tls_settings settings = {
        .kind = TLS_SERVER,
        .verify = TLS_VERIFY_REQUIRED,
        .ca_file = pki_path(pki, "ca.pem"),
        .certificate = pki_path(pki, "server.pem"),
        .key = pki_path(pki, "server.key"),
    };
    struct tls_fault fault;
    struct tls_context *context = tls_context_new(&settings, &fault);

    cr_assert_not_null(context, "%s", fault.text);
    peer_accepts_silently(&peer);

    struct tls *accepted = tls_accept(context, peer.fd);

    tls_context_release(&context);
    return accepted;
}

static bool is_greeted(void)
{
    bool is_done = feed->state == FEED_GREETING;

    cr_assert(is_done || tls_handshake(node) == SOCKET_AGAIN);
    return is_done;
}

/* Writes, and never reads, until the kernel knows that nobody is there any more. */
static void write_in_vain(void)
{
    uint64_t end = clock_now() + PEER_PATIENCE_US;

    while (feed->state != FEED_IDLE) {
        cr_assert_lt(clock_now(), end);
        sendq_append(&feed->output, SPAN("PING\r\n"));
        feed->flush.run(&feed->flush);
    }
}

Test(feed_tls, that_cannot_write_to_a_node_that_has_refused_it_says_so)
{
    feed_connect(feed);
    node = accept_with_demands();
    TURN_UNTIL(reactor, is_greeted());
    cr_assert_eq(tls_handshake(node), SOCKET_ERROR);
    peer_hangs_up(&peer);
    write_in_vain();
    cr_expect_eq(metrics.upstream_closed[CLOSE_TLS_FAILED], 1);
    cr_expect_eq(metrics.upstream_closed[CLOSE_WRITE_FAILED], 0);
    cr_expect_eq(metrics.upstream_tls_failed_total, 1);
}
