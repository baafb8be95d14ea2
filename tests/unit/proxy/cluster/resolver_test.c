#include "proxy/cluster/resolver.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"

/* What the fake resolver does with each name but those that start with "hang". */
static struct {
    pthread_mutex_t mutex;
    pthread_cond_t released;
    bool is_released; /* the names that hang are answered */
    bool has_no_answers;
    uint8_t last_byte; /* of the address that is answered: 127.0.0.x */
    uint32_t asked;
    uint32_t running;
    uint32_t most_running;
} fake = {.mutex = PTHREAD_MUTEX_INITIALIZER, .released = PTHREAD_COND_INITIALIZER};

static int stop_fd;
static struct resolver *resolver;

static enum address_result fake_lookup(const struct address *address, struct endpoint *endpoint)
{
    struct address answer;
    char text[32];

    pthread_mutex_lock(&fake.mutex);
    fake.asked++;
    fake.running++;
    fake.most_running = fake.running > fake.most_running ? fake.running : fake.most_running;
    while (strncmp(address->host, "hang", 4) == 0 && !fake.is_released) {
        pthread_cond_wait(&fake.released, &fake.mutex);
    }
    snprintf(text, sizeof text, "127.0.0.%u", fake.last_byte);
    bool has_answer = !fake.has_no_answers;
    fake.running--;
    pthread_mutex_unlock(&fake.mutex);
    cr_assert_eq(address_set(&answer, span_of(text), address->port), ADDRESS_OK);
    return has_answer && address_to_endpoint(&answer, endpoint) ? ADDRESS_OK : ADDRESS_NOT_FOUND;
}

static void set_up(void)
{
    log_set_descriptor(open("/dev/null", O_WRONLY | O_CLOEXEC));
    fake.last_byte = 1;
    stop_fd = eventfd(0, EFD_CLOEXEC);
    resolver = resolver_new(fake_lookup, stop_fd, 10 * US_PER_SECOND);
}

static void tear_down(void)
{
    resolver_free(&resolver);
    close(stop_fd);
}

TestSuite(resolver, .init = set_up, .fini = tear_down, .timeout = 60);

static struct address name(const char *host)
{
    struct address address;

    cr_assert_eq(address_set(&address, span_of(host), 7000), ADDRESS_OK);
    return address;
}

static const char *find(const char *host)
{
    static char text[64];
    struct address address = name(host);
    struct endpoint endpoint;

    return resolver_find(resolver, &address, &endpoint)
               ? endpoint_print(&endpoint, text, sizeof text)
               : "none";
}

static uint32_t asked(void)
{
    pthread_mutex_lock(&fake.mutex);
    uint32_t count = fake.asked;
    pthread_mutex_unlock(&fake.mutex);
    return count;
}

static void answer_with(uint8_t last_byte, bool has_no_answers)
{
    pthread_mutex_lock(&fake.mutex);
    fake.last_byte = last_byte;
    fake.has_no_answers = has_no_answers;
    pthread_mutex_unlock(&fake.mutex);
}

static void release(void)
{
    pthread_mutex_lock(&fake.mutex);
    fake.is_released = true;
    pthread_cond_broadcast(&fake.released);
    pthread_mutex_unlock(&fake.mutex);
}

static void pause_a_little(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

/* Until find() says that; answers are asked for again after a second. */
static void find_until(const char *host, const char *expected)
{
    uint64_t until = clock_now() + 30 * US_PER_SECOND;

    while (strcmp(find(host), expected) != 0 && clock_now() < until) {
        pause_a_little();
    }
    cr_expect_str_eq(find(host), expected);
}

Test(resolver, asks_nobody_for_numbers)
{
    cr_expect_str_eq(find("10.0.0.1"), "10.0.0.1:7000");
    cr_expect_str_eq(find("::1"), "[::1]:7000");
    cr_expect_eq(asked(), 0);
}

Test(resolver, waits_for_the_first_answer_and_keeps_it_for_a_while)
{
    cr_expect_str_eq(find("a.example"), "127.0.0.1:7000");
    cr_expect_str_eq(find("A.example"), "127.0.0.1:7000");
    cr_expect_str_eq(find("b.example"), "127.0.0.1:7000");
    cr_expect_geq(asked(), 2);
}

Test(resolver, notices_that_a_name_means_another_place)
{
    cr_expect_str_eq(find("a.example"), "127.0.0.1:7000");
    answer_with(2, false);
    find_until("a.example", "127.0.0.2:7000");
}

Test(resolver, keeps_the_last_good_answer_when_there_is_none_any_more)
{
    cr_expect_str_eq(find("a.example"), "127.0.0.1:7000");
    answer_with(1, true);
    while (asked() < 3) {
        cr_expect_str_eq(find("a.example"), "127.0.0.1:7000");
        pause_a_little();
    }
    cr_expect_str_eq(find("b.example"), "none");
}

Test(resolver, waits_once_for_one_that_hangs)
{
    resolver_free(&resolver);
    resolver = resolver_new(fake_lookup, stop_fd, 20 * US_PER_MS);
    for (int at = 0; at < 1000; at++) {
        cr_expect_str_eq(find("hang.example"), "none");
    }
    cr_expect_eq(asked(), 1);
    find_until("a.example", "127.0.0.1:7000");
    release();
    find_until("hang.example", "127.0.0.1:7000");
}

Test(resolver, leaves_only_a_few_threads_with_a_resolver_that_hangs)
{
    char host[32];

    resolver_free(&resolver);
    resolver = resolver_new(fake_lookup, stop_fd, 1 * US_PER_MS);
    for (int at = 0; at < 100; at++) {
        snprintf(host, sizeof host, "hang-%d.example", at);
        cr_expect_str_eq(find(host), "none");
    }
    cr_expect_leq(asked(), 8);
    release();
    find_until("hang-99.example", "127.0.0.1:7000");
}

Test(resolver, asks_side_by_side_for_what_was_prepared)
{
    struct address names[] = {name("hang-1"), name("hang-2"), name("hang-3")};

    for (size_t at = 0; at < ARRAY_LEN(names); at++) {
        resolver_prepare(resolver, &names[at]);
        resolver_prepare(resolver, &names[at]);
    }
    while (asked() < 3) {
        pause_a_little();
    }
    release();
    cr_expect_str_eq(find("hang-3"), "127.0.0.1:7000");
    cr_expect_eq(fake.most_running, 3);
}

Test(resolver, waits_no_longer_than_the_thread_that_asks_may_run)
{
    uint64_t one = 1;

    resolver_free(&resolver);
    resolver = resolver_new(fake_lookup, stop_fd, 3600ull * US_PER_SECOND);
    cr_assert_eq(write(stop_fd, &one, sizeof one), (ssize_t)sizeof one);
    cr_expect_str_eq(find("hang.example"), "none");
}

Test(resolver, can_be_freed_while_lookups_hang_that_end_later)
{
    struct address address = name("hang.example");

    resolver_prepare(resolver, &address);
    while (asked() == 0) {
        pause_a_little();
    }
    resolver_free(&resolver);
    release();
    pthread_mutex_lock(&fake.mutex);
    while (fake.running > 0) {
        pthread_mutex_unlock(&fake.mutex);
        pause_a_little();
        pthread_mutex_lock(&fake.mutex);
    }
    pthread_mutex_unlock(&fake.mutex);
}
