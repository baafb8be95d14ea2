/* A load balancer says whose a connection is before the client's TLS begins. */
#include <unistd.h>

#include "tests/support/expect.h"
#include "tests/support/tls_rig.h"

TestSuite(proxy_protocol_tls, .init = tls_rig_set_up, .fini = tls_rig_clean_up, .timeout = 60);

#define HEADER "PROXY TCP4 198.51.100.22 203.0.113.7 35646 6379\r\n"

/* The answer to CLIENT INFO over TLS behind `header`; "" when there is none. */
static const char *ask_behind(struct rig *rig, const char *header, char *text, size_t room)
{
    static const char question[] = "CLIENT INFO\r\n";
    int fd = wire_connect(rig_tls_port(rig));
    size_t size = 0;
    size_t sent = 0;

    cr_assert_geq(fd, 0);
    cr_assert_eq(write(fd, header, strlen(header)), (ssize_t)strlen(header));
    struct tls *tls = tls_connect(tls_rig_context(NULL), fd, &(struct tls_server){.name = NULL});

    if (tls_handshake(tls) == SOCKET_OK &&
        tls_write(tls, question, sizeof question - 1, &sent) == SOCKET_OK) {
        cr_expect_eq(tls_read(tls, text, room - 1, &size), SOCKET_OK);
    }
    text[size] = '\0';
    tls_free(&tls);
    close(fd);
    return text;
}

Test(proxy_protocol_tls, is_in_clear_and_comes_first)
{
    struct rig *rig = tls_rig_start_with(
        (struct rig_options){
            .nodes = 1, .with_store = true, .clients = "proxy_protocol_from: 127.0.0.1"},
        "");
    char text[2048];

    EXPECT_CONTAINS(ask_behind(rig, HEADER, text, sizeof text),
                    " addr=198.51.100.22:35646 laddr=203.0.113.7:6379 ");
    cr_expect_str_eq(ask_behind(rig, "", text, sizeof text), "", "it wants its header");
    cr_expect_eq(metric(rig, "proxy_headers_total"), 1);
    cr_expect_eq(metric(rig, "proxy_headers_refused_total"), 1);
    rig_stop(&rig);
}
