#include "bench/load/run.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bench/load/traffic.h"
#include "common/clock.h"
#include "common/memory.h"

enum {
    SILENCE_MAX_US = 60 * US_PER_SECOND, /* nothing at all came for so long: nothing will */
    OWN_FILES = 32,
};

static uint64_t cpu_us(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * US_PER_SECOND +
           (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

/* So that thousands of connections are not one too many. */
static bool allow_files(struct traffic *traffic)
{
    const struct options *options = traffic->options;
    rlim_t wanted = OWN_FILES + options->idle + options->clients * traffic->nodes.count;
    struct rlimit limit;

    getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur >= wanted) {
        return true;
    }
    limit.rlim_cur = wanted;
    limit.rlim_max = limit.rlim_max < wanted ? wanted : limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
        traffic_fail(traffic, "cannot open that many connections", "the limit of open files");
        return false;
    }
    return true;
}

static void wait_once(struct traffic *traffic)
{
    traffic_send(traffic);
    connections_flush(&traffic->connections);
    connections_wait(&traffic->connections, traffic_pause_us(traffic));
    if (traffic->connections.now - traffic->last > SILENCE_MAX_US) {
        traffic_fail(traffic, "gave up", "nothing has been answered for a minute");
    }
}

static void open_all(struct traffic *traffic)
{
    traffic->last = traffic->connections.now;
    traffic_open(traffic);
    while (!traffic->has_failed && !traffic_is_open(traffic)) {
        wait_once(traffic);
    }
}

/* What nobody answered is an error each. */
static void count_unanswered(struct traffic *traffic)
{
    traffic->tally->requests += traffic->in_flight;
    traffic->tally->errors += traffic->in_flight;
}

static void work(struct traffic *traffic)
{
    struct tally *tally = traffic->tally;
    uint64_t cpu_before = cpu_us();

    traffic->connections.bytes_in = traffic->connections.bytes_out = 0;
    traffic->connections.now = clock_now();
    traffic_start(traffic);

    uint64_t start = traffic->connections.now;

    while (!traffic->has_failed && !traffic_is_done(traffic)) {
        wait_once(traffic);
    }
    count_unanswered(traffic);
    tally->us = traffic->last - start;
    tally->cpu_us = cpu_us() - cpu_before;
    tally->bytes_in = traffic->connections.bytes_in;
    tally->bytes_out = traffic->connections.bytes_out;
    tally->reconnects = traffic->fleet.lost;
}

static bool stdin_has_ended(void)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    char bytes[256];

    return poll(&input, 1, 0) > 0 && read(STDIN_FILENO, bytes, sizeof bytes) <= 0;
}

static void hold(struct traffic *traffic)
{
    traffic->is_working = true;
    puts("ready");
    fflush(stdout);
    while (!traffic->has_failed && !stdin_has_ended()) {
        traffic->last = traffic->connections.now;
        wait_once(traffic);
    }
}

bool run(const struct options *options, struct tally *tally)
{
    struct traffic *traffic = memory_new(1, sizeof *traffic);

    signal(SIGPIPE, SIG_IGN); /* OpenSSL writes as if nobody ever closed */
    /* A request that is due in ten microseconds is not to wait for fifty. */
    prctl(PR_SET_TIMERSLACK, 1);
    if (traffic_init(traffic, options, tally) && allow_files(traffic)) {
        open_all(traffic);
    }
    if (!traffic->has_failed && options->hold) {
        hold(traffic);
    } else if (!traffic->has_failed) {
        work(traffic);
    }

    bool ended_well = !traffic->has_failed;

    traffic_clear(traffic);
    free(traffic);
    return ended_well;
}
