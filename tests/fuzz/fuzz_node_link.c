/* fuzz_node_link.c - what a node says when it is asked for the cluster: CLUSTER SLOTS and CLUSTER
 * INFO in one stream, whatever it is, and then silence.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/check.h"
#include "proxy/cluster/node_link.h"
#include "tests/fuzz/fuzz.h"

enum { INPUT_MAX = 64 * 1024 };

static void check_answer(struct node_link *link)
{
    struct node_answer answer;
    enum node_link_result result = node_link_ask(link, &answer);

    CHECK((result == NODE_LINK_OK) == (answer.topology != NULL));
    CHECK((result == NODE_LINK_OK) == node_link_is_open(link));
    CHECK(result == NODE_LINK_OK || link->error[0] != '\0');
    CHECK(memchr(link->error, '\0', sizeof link->error) != NULL);
    if (answer.topology != NULL) {
        CHECK(answer.topology->slots_served > 0 && answer.topology->node_count > 0);
        topology_release(&answer.topology);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct pool_config pool = {.name = "fuzz", .timeout_connect = US_PER_SECOND};
    struct address asked;
    struct node_link link;
    int ends[2];
    int stop[2];

    CHECK(address_parse(SPAN("127.0.0.1:7000"), &asked) == ADDRESS_OK);
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0 && pipe(stop) == 0);
    size = size_min(size, INPUT_MAX);
    CHECK(send(ends[0], bytes, size, 0) == (ssize_t)size && shutdown(ends[0], SHUT_WR) == 0);

    node_link_init(&link, &pool, stop[0]);
    link.fd = ends[1];
    CHECK(address_to_endpoint(&asked, &link.endpoint));
    check_answer(&link);
    node_link_clear(&link);
    close(ends[0]);
    close(stop[0]);
    close(stop[1]);
    return 0;
}
