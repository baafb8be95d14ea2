/* Transactions while slots move and replicas take over: none is executed in part, lost or twice,
 * and of two who watch the same counter only one has it.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/expect.h"
#include "tests/support/real_cluster.h"
#include "tests/support/real_nodes.h"
#include "tests/support/resp.h"

TestSuite(transaction, .timeout = 240, .fini = rig_clean_up);

/* The slots that move: the first ones of node 0. */
enum { SLOTS = 16, CLIENTS = 4, TEXT = 64 };

#define SLOTS_TEXT "16"

struct customer {
    pthread_t thread;
    struct wire *wire;
    int number;
    char tag[TEXT]; /* of its own keys, which are in one of these slots */
    uint64_t done;
    uint64_t taken;   /* of the counter that all share */
    uint64_t refused; /* nil: another one was first, or the slot went */
    char trouble[512];
};

static char shared_tag[TEXT];
static atomic_bool is_over;
static _Atomic uint64_t progress;

/* The `number`th tag of those slots. */
static void name_tag(int number, char tag[TEXT])
{
    for (int candidate = 0; number >= 0; candidate++) {
        snprintf(tag, TEXT, "{%d}", candidate);
        number -= resp_slot(span_of(tag)) < SLOTS;
    }
}

static void complain(struct customer *customer, const char *what, const char *reply)
{
    if (customer->trouble[0] == '\0') {
        snprintf(customer->trouble, sizeof customer->trouble, "%s: %.200s", what, reply);
    }
}

static const char *say(struct customer *customer, const char *format, ...) PRINTF(2, 3);

/* Sends the lines, and returns the reply to the last of `count`. */
static const char *say(struct customer *customer, const char *format, ...)
{
    char lines[512];
    va_list values;

    va_start(values, format);
    vsnprintf(lines, sizeof lines, format, values);
    va_end(values);
    wire_send_lines(customer->wire, lines);
    for (const char *at = lines; (at = strchr(at, '|')) != NULL; at++) {
        wire_text(customer->wire);
    }
    return wire_text(customer->wire);
}

static void say_slowly(struct customer *customer, const char *command, const char *name)
{
    char key[TEXT + 8];

    snprintf(key, sizeof key, "%s%s", name, customer->tag);

    const char *reply = wire_ask(customer->wire, command, key);

    if (strcmp(reply, "QUEUED") != 0) {
        complain(customer, command, reply);
    }
}

/* Both counters go on together, by one, and no step is left out. */
static void count_own(struct customer *customer)
{
    char wanted[TEXT];
    const char *reply = say(customer, "MULTI|INCR a%s|INCR b%s|EXEC", customer->tag, customer->tag);

    customer->done++;
    snprintf(wanted, sizeof wanted, "[%llu %llu]", (unsigned long long)customer->done,
             (unsigned long long)customer->done);
    if (strcmp(reply, wanted) != 0) {
        complain(customer, wanted, reply);
    }
}

/* The same by who waits for each answer. */
static void count_own_slowly(struct customer *customer)
{
    char wanted[TEXT];

    say(customer, "MULTI");
    say_slowly(customer, "INCR", "a");
    say_slowly(customer, "INCR", "b");
    const char *reply = wire_ask(customer->wire, "EXEC");

    customer->done++;
    snprintf(wanted, sizeof wanted, "[%llu %llu]", (unsigned long long)customer->done,
             (unsigned long long)customer->done);
    if (strcmp(reply, wanted) != 0) {
        complain(customer, wanted, reply);
    }
}

/* Reads, and writes one more, if nobody did meanwhile. */
static void count_shared(struct customer *customer)
{
    long long seen = atoll(say(customer, "WATCH c%s|GET c%s", shared_tag, shared_tag));
    const char *reply =
        say(customer, "MULTI|SET c%s %lld|INCR d%s|EXEC", shared_tag, seen + 1, shared_tag);

    if (strcmp(reply, "(nil)") == 0) {
        customer->refused++;
    } else if (strncmp(reply, "[OK ", 4) == 0) {
        customer->taken++;
    } else {
        complain(customer, "EXEC", reply);
    }
}

static void *customer_run(void *argument)
{
    struct customer *customer = argument;

    while (!atomic_load(&is_over) && customer->trouble[0] == '\0') {
        count_own(customer);
        count_own_slowly(customer);
        count_shared(customer);
        atomic_fetch_add(&progress, 1);
    }
    return NULL;
}

static void customers_start(struct customer *customers, struct rig *rig)
{
    name_tag(CLIENTS, shared_tag);
    for (int i = 0; i < CLIENTS; i++) {
        customers[i] = (struct customer){.number = i, .wire = rig_connect(rig)};
        name_tag(i, customers[i].tag);
        cr_assert_eq(pthread_create(&customers[i].thread, NULL, customer_run, &customers[i]), 0);
    }
}

static void expect_counter(struct rig *rig, const char *name, const char *tag, uint64_t wanted)
{
    const char *key = rig_print(rig, "%s%s", name, tag);

    cr_expect_str_eq(ask(rig, "GET", key), rig_print(rig, "%llu", (unsigned long long)wanted), "%s",
                     key);
}

static void customers_stop(struct customer *customers, struct rig *rig)
{
    uint64_t taken = 0;

    atomic_store(&is_over, true);
    for (int i = 0; i < CLIENTS; i++) {
        pthread_join(customers[i].thread, NULL);
        cr_expect_str_eq(customers[i].trouble, "", "customer %d: %s", i, customers[i].trouble);
        expect_counter(rig, "a", customers[i].tag, customers[i].done);
        expect_counter(rig, "b", customers[i].tag, customers[i].done);
        taken += customers[i].taken;
    }
    cr_expect_gt(taken, 0);
    expect_counter(rig, "c", shared_tag, taken);
    expect_counter(rig, "d", shared_tag, taken);
}

static void wait_for_progress(void)
{
    uint64_t before = atomic_load(&progress);

    cr_expect(WAIT_FOR(atomic_load(&progress) > before + 100));
}

Test(transaction, is_done_once_whatever_moves)
{
    struct real_cluster *cluster = real_cluster_start();
    struct rig *rig = real_cluster_rig(cluster, 2, "10s");
    struct customer customers[CLIENTS];
    int primaries[] = {0, 1};

    customers_start(customers, rig);
    for (int round = 0; round < 4; round++) {
        int *from = &primaries[round % 2];
        int *to = &primaries[1 - round % 2];
        wait_for_progress();
        real_cluster_run(cluster, "reshard", "--from", rig_print(rig, "%d", *from), "--to",
                         rig_print(rig, "%d", *to), "--slots", SLOTS_TEXT);
        wait_for_progress();
        *to = real_cluster_replica_of(cluster, *to);
        real_cluster_do(cluster, "failover", *to);
    }
    wait_for_progress();
    customers_stop(customers, rig);
    rig_stop(&rig);
    real_cluster_stop(&cluster);
}

static const char oom[] = "-OOM command not allowed when used memory > 'maxmemory'.";
static const char aborted[] = "-EXECABORT Transaction discarded because of previous errors.";

static void limit_memory(struct wire *operator, const char * bytes)
{
    cr_assert_str_eq(wire_ask(operator, "CONFIG", "SET", "maxmemory", bytes), "OK");
}

/* As one server says it, when the client waits for what it says. */
static void memory_is_used_up(struct rig *rig, struct wire *operator)
{
    cr_expect_str_eq(ask(rig, "SET", "k", "v"), "OK");
    cr_expect_str_eq(ask(rig, "MULTI"), "OK");
    limit_memory(operator, "1");
    cr_expect_str_eq(ask(rig, "SET", "k", "1"), oom);
    cr_expect_str_eq(ask(rig, "DISCARD"), "OK");
    cr_expect_str_eq(ask(rig, "GET", "k"), "v");
    limit_memory(operator, "0");

    cr_expect_str_eq(ask(rig, "MULTI"), "OK");
    cr_expect_str_eq(ask(rig, "SET", "k", "1"), "QUEUED");
    limit_memory(operator, "1");
    cr_expect_str_eq(ask(rig, "SET", "k", "2"), oom);
    limit_memory(operator, "0");
    cr_expect_str_eq(ask(rig, "EXEC"), aborted);

    cr_expect_str_eq(ask(rig, "MULTI"), "OK");
    cr_expect_str_eq(ask(rig, "GET", "k"), "QUEUED");
    limit_memory(operator, "1");
    cr_expect_str_eq(ask(rig, "EXEC"), "[v]");
    limit_memory(operator, "0");

    cr_expect_str_eq(ask(rig, "MULTI"), "OK");
    cr_expect_str_eq(ask(rig, "SET", "k", "1"), "QUEUED");
    limit_memory(operator, "1");
    EXPECT_STARTS(ask(rig, "EXEC"), "-EXECABORT ");
    cr_expect_str_eq(ask(rig, "GET", "k"), "v");
    limit_memory(operator, "0");
}

static void begin_a_script(struct wire *runner, struct wire *node)
{
    wire_request(runner, "EVAL", "while true do end", "1", "k");
    cr_assert(WAIT_FOR(strncmp(wire_ask(node, "PING"), "-BUSY ", 6) == 0));
}

static void end_the_script(struct wire *runner, struct wire *operator)
{
    cr_expect_str_eq(wire_ask(operator, "SCRIPT", "KILL"), "OK");
    EXPECT_STARTS(wire_text(runner), "-ERR ");
}

/* Whether its connection to the node is there already, or is made while the script runs. */
static void a_script_runs(struct rig *rig, struct wire *operator, struct wire * node)
{
    struct wire *runner = rig_connect(rig);

    cr_expect_str_eq(wire_ask(runner, "SET", "k", "v"), "OK");
    begin_a_script(runner, node);
    cr_expect_str_eq(ask(rig, "MULTI"), "OK");
    EXPECT_STARTS(ask(rig, "INCR", "k"), "-BUSY ");
    end_the_script(runner, operator);
    cr_expect_str_eq(ask(rig, "INCR", "k"), "QUEUED");
    cr_expect_str_eq(ask(rig, "EXEC"), aborted);

    cr_expect_str_eq(ask(rig, "MULTI"), "OK");
    cr_expect_str_eq(ask(rig, "INCR", "k"), "QUEUED");
    begin_a_script(runner, node);
    EXPECT_STARTS(ask(rig, "INCR", "k"), "-BUSY ");
    EXPECT_STARTS(ask(rig, "EXEC"), "-EXECABORT Transaction discarded because of: BUSY ");
    end_the_script(runner, operator);

    cr_expect_str_eq(ask(rig, "MULTI"), "OK");
    cr_expect_str_eq(ask(rig, "INCR", "k"), "QUEUED");
    begin_a_script(runner, node);
    EXPECT_STARTS(ask(rig, "EXEC"), "-EXECABORT Transaction discarded because of: BUSY ");
    end_the_script(runner, operator);
    cr_expect_str_eq(ask(rig, "GET", "k"), "v");
}

/* "k" is in the slots of node 1. */
Test(transaction, of_who_waits_for_each_answer_is_told_what_one_server_would_say)
{
    struct real_cluster *cluster = real_cluster_start();
    struct rig *rig = real_cluster_rig(cluster, 1, "10s");
    struct wire *operator= rig_connect(rig);
    struct wire *node = wire_open(real_cluster_port(cluster, 1));

    cr_assert_str_eq(wire_ask(operator, "CONFIG", "SET", "lua-time-limit", "10"), "OK");
    cr_assert_str_eq(wire_ask(node, "AUTH", REAL_NODES_PASSWORD), "OK");
    a_script_runs(rig, operator, node);
    memory_is_used_up(rig, operator);
    wire_close(&node);
    rig_stop(&rig);
    real_cluster_stop(&cluster);
}
