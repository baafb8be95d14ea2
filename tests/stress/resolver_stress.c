/* resolver_stress - a resolver that is asked, is slow, and goes away while lookups run.
 *
 *      this thread ──prepare, find──> resolver ──> lookups, a thread each: quick, slow, or stuck
 * until ──free──────────> while some of them still run
 *
 * Every answer is the one of its name. Data races, and what is used after it was freed, are for the
 * sanitizers to find.
 */
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "common/check.h"
#include "common/clock.h"
#include "common/log.h"
#include "proxy/cluster/resolver.h"

enum {
    ROUNDS = 200,
    NAMES = 24,
};

static _Atomic uint32_t running;
static _Atomic uint32_t is_over; /* rounds whose stuck lookups may end */

static void pause_us(long us)
{
    nanosleep(&(struct timespec){.tv_nsec = us * 1000}, NULL);
}

static struct endpoint answer_of(const struct address *address)
{
    struct address numeric = {.kind = ADDRESS_TCP, .port = address->port};
    struct endpoint endpoint;

    snprintf(numeric.host, sizeof numeric.host, "127.0.0.%d", atoi(address->host + 1) + 1);
    CHECK(address_to_endpoint(&numeric, &endpoint));
    return endpoint;
}

/* The port is the number of the round. */
static enum address_result lookup(const struct address *address, struct endpoint *endpoint)
{
    int number = atoi(address->host + 1);

    running++;
    if (number % 3 == 1) {
        pause_us(50 * number);
    }
    while (number % 12 == 11 && is_over < address->port) {
        pause_us(100);
    }
    *endpoint = answer_of(address);
    running--;
    return number % 5 == 4 ? ADDRESS_NOT_FOUND : ADDRESS_OK;
}

static struct address name_of(uint16_t round, int number)
{
    struct address address = {.kind = ADDRESS_TCP, .port = round};

    snprintf(address.host, sizeof address.host, "n%d.example", number);
    return address;
}

static void ask_for_all(struct resolver *resolver, uint16_t round, uint32_t *found)
{
    for (int number = 0; number < NAMES; number++) {
        struct address address = name_of(round, number);

        resolver_prepare(resolver, &address);
    }
    for (int number = 0; number < NAMES; number++) {
        struct address address = name_of(round, number);
        struct endpoint right = answer_of(&address);
        struct endpoint endpoint;

        if (resolver_find(resolver, &address, &endpoint)) {
            CHECK(memcmp(&endpoint.storage, &right.storage, right.size) == 0);
            (*found)++;
        }
    }
}

int main(void)
{
    int stop_fd = eventfd(0, EFD_CLOEXEC);
    uint32_t found = 0;

    log_set_descriptor(open("/dev/null", O_WRONLY | O_CLOEXEC));
    for (uint16_t round = 1; round <= ROUNDS; round++) {
        struct resolver *resolver = resolver_new(lookup, stop_fd, 2 * US_PER_MS);

        ask_for_all(resolver, round, &found);
        ask_for_all(resolver, round, &found);
        resolver_free(&resolver);
        is_over = round;
    }
    while (running > 0) {
        pause_us(100);
    }
    CHECK(found > ROUNDS);
    close(stop_fd);
    printf("%u answers\n", found);
    return 0;
}
