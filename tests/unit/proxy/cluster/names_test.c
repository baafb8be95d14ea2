#include "proxy/cluster/names.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"

TestSuite(names, .timeout = 60);

/* Takes longer for all names together than one round has time. */
static enum address_result slow_lookup(const struct address *address, struct endpoint *endpoint)
{
    struct timespec pause = {.tv_nsec = 100 * 1000 * 1000};
    struct address answer;

    nanosleep(&pause, NULL);
    cr_assert_eq(address_set(&answer, SPAN("127.0.0.1"), address->port), ADDRESS_OK);
    return address_to_endpoint(&answer, endpoint) ? ADDRESS_OK : ADDRESS_NOT_FOUND;
}

static struct topology *named_nodes(uint16_t count)
{
    struct topology *topology = topology_new();

    for (uint16_t number = 0; number < count; number++) {
        struct address address;
        char host[32];
        char id[16];

        snprintf(host, sizeof host, "node-%u.example", number);
        snprintf(id, sizeof id, "n%u", number);
        cr_assert_eq(address_set(&address, span_of(host), (uint16_t)(7000 + number)), ADDRESS_OK);
        topology_add_node(topology, id, &address, NODE_PRIMARY, NODE_NONE);
    }
    return topology;
}

static uint16_t known(const struct topology *topology)
{
    uint16_t count = 0;

    for (uint16_t number = 0; number < topology->node_count; number++) {
        count = (uint16_t)(count + (topology->nodes[number].endpoint.size != 0));
    }
    return count;
}

Test(names, of_a_large_cluster_are_all_found_in_the_end_by_a_slow_resolver)
{
    enum { NODES = 80 };
    int stop_fd = eventfd(0, EFD_CLOEXEC);
    struct resolver *resolver = resolver_new(slow_lookup, stop_fd, US_PER_SECOND);
    struct topology *before = NULL;
    uint64_t deadline = clock_now() + 30 * US_PER_SECOND;

    log_set_descriptor(open("/dev/null", O_WRONLY | O_CLOEXEC));
    while ((before == NULL || known(before) < NODES) && clock_now() < deadline) {
        struct topology *topology = named_nodes(NODES);

        names_resolve(resolver, topology, before);
        topology_release(&before);
        before = topology;
    }
    cr_expect_eq(known(before), NODES);
    topology_release(&before);
    resolver_free(&resolver);
    close(stop_fd);
}
