/* MULTI to EXEC: kept by slotway, sent in one piece, and refused, redirected and lost as one.
 *
 * With two nodes, node 0 serves "k" (slot 7629), and node 1 serves "a".
 */
#include "tests/support/expect.h"
#include "tests/support/rig.h"
#include "tests/support/twin.h"

TestSuite(transaction, .timeout = 120, .fini = rig_clean_up);

#define BEGUN       WANT("MULTI"), SAY("+OK\r\n")
#define QUEUED(...) WANT(__VA_ARGS__), SAY("+QUEUED\r\n")
#define DONE(reply) WANT("EXEC"), SAY("%s", reply)
#define ABORTED     DONE("-EXECABORT Transaction discarded because of previous errors.\r\n")

static const char set_and_get[] = "MULTI|SET k 1|GET k|EXEC";
static const char both[] = "*2\r\n+OK\r\n$1\r\n1\r\n";

#define BOTH_DONE BEGUN, QUEUED("SET", "k", "1"), QUEUED("GET", "k"), WANT("EXEC"), SAY("%s", both)

/* What is answered before a node is asked, or without one; each row on a connection of its own. */
static const struct {
    const char *lines;
    const char *replies;
} unsent[] = {
    {"MULTI|EXEC", "+OK\r\n*0\r\n"},
    {"EXEC|DISCARD|UNWATCH", "-ERR EXEC without MULTI\r\n-ERR DISCARD without MULTI\r\n+OK\r\n"},
    {"MULTI|SET k 1|DISCARD|EXEC", "+OK\r\n+QUEUED\r\n+OK\r\n-ERR EXEC without MULTI\r\n"},
    {"MULTI|SET k 1|RESET|EXEC", "+OK\r\n+QUEUED\r\n+RESET\r\n-ERR EXEC without MULTI\r\n"},
    {"MULTI|SET k 1|QUIT|EXEC", "+OK\r\n+QUEUED\r\n+OK\r\n"},
    {"MULTI|MULTI|WATCH k|EXEC", "+OK\r\n-ERR MULTI calls can not be nested\r\n"
                                 "-ERR WATCH inside MULTI is not allowed\r\n*0\r\n"},
    {"MULTI|SET k 1|NOTHING|GET k|EXEC|EXEC",
     "+OK\r\n+QUEUED\r\n-ERR unknown command 'NOTHING', with args beginning with: \r\n+QUEUED\r\n"
     "-EXECABORT Transaction discarded because of previous errors.\r\n-ERR EXEC without MULTI\r\n"},
    {"MULTI|GET|EXEC", "+OK\r\n-ERR wrong number of arguments for 'get' command\r\n"
                       "-EXECABORT Transaction discarded because of previous errors.\r\n"},
    {"MULTI|MULTI 1|DISCARD 1|WATCH|EXEC",
     "+OK\r\n-ERR wrong number of arguments for 'multi' command\r\n"
     "-ERR wrong number of arguments for 'discard' command\r\n"
     "-ERR wrong number of arguments for 'watch' command\r\n"
     "-EXECABORT Transaction discarded because of previous errors.\r\n"},
    {"MULTI|MULTI 1|DISCARD|MULTI|EXEC",
     "+OK\r\n-ERR wrong number of arguments for 'multi' command\r\n+OK\r\n+OK\r\n*0\r\n"},
    {"MULTI|GET k|EXEC 1|EXEC",
     "+OK\r\n+QUEUED\r\n-EXECABORT Transaction discarded because of: wrong number of arguments for "
     "'exec' command\r\n-ERR EXEC without MULTI\r\n"},
    {"EXEC 1", "-EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' "
               "command\r\n"},
    {"MULTI|SAVE|SYNC|SHUTDOWN|EXEC",
     "+OK\r\n-ERR Command not allowed inside a transaction\r\n"
     "-ERR Command not allowed inside a transaction\r\n"
     "-ERR Command not allowed inside a transaction\r\n"
     "-EXECABORT Transaction discarded because of previous errors.\r\n"},
    {"MULTI|CLIENT NOTHING|EXEC",
     "+OK\r\n-ERR unknown subcommand 'NOTHING'. Try CLIENT HELP.\r\n"
     "-EXECABORT Transaction discarded because of previous errors.\r\n"},
    {"MULTI|MSET k 1 {k}2|DISCARD", "+OK\r\n+QUEUED\r\n+OK\r\n"},
    {"MULTI|EVAL x|DISCARD", "+OK\r\n-ERR wrong number of arguments for 'eval' command\r\n+OK\r\n"},
    {"MULTI|EVAL x y|BLPOP k 0|XREAD BLOCK 0 STREAMS k 0|UNWATCH|PUBLISH k v|SELECT 0|DISCARD",
     "+OK\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n+QUEUED\r\n+OK\r\n"},
    {"CLIENT REPLY SKIP|MULTI|GET k|DISCARD", "+QUEUED\r\n+OK\r\n"},
};

static void expect_unsent(uint16_t port)
{
    for (size_t i = 0; i < ARRAY_LEN(unsent); i++) {
        struct wire *wire = wire_open(port);
        cr_assert_not_null(wire);
        wire_send_lines(wire, unsent[i].lines);
        const char *heard = wire_bytes(wire, unsent[i].replies);
        cr_expect_str_eq(heard, wire_escaped(wire, unsent[i].replies), "%s: %s", unsent[i].lines,
                         heard);
        wire_close(&wire);
    }
}

Test(transaction, what_is_queued_is_checked_and_kept)
{
    struct rig *rig = rig_start(2);

    expect_unsent(rig_port(rig));
    cr_expect_str_eq(rig_log(rig, 0), "");
    cr_expect_str_eq(rig_log(rig, 1), "");
    rig_stop(&rig);
}

Test(transaction, what_is_queued_is_checked_as_redis_does)
{
    expect_unsent(twin_start());
    twin_stop();
}

Test(transaction, exec_sends_all_of_it_in_one_piece)
{
    struct rig *rig = rig_start(2);
    script(rig, 0, BOTH_DONE);

    wire_send_lines(rig_client(rig), set_and_get);
    wire_expect(rig_client(rig), "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n$1\r\n1\r\n");
    cr_expect_eq(metric(rig, "upstream_requests_total"), 1);
    rig_stop(&rig);
}

Test(transaction, keeps_its_place_among_other_commands)
{
    struct rig *rig = rig_start(2);
    script(rig, 0, WANT("SET", "k", "0"), SAY("+OK\r\n"), BOTH_DONE, WANT("INCR", "k"),
           SAY(":2\r\n"), BEGUN, QUEUED("PING"), QUEUED("GET", "k"),
           DONE("*2\r\n+PONG\r\n$1\r\n2\r\n"));

    wire_send_lines(rig_client(rig), "SET k 0|MULTI|SET k 1|GET k|EXEC|INCR k|"
                                     "MULTI|PING|GET k|EXEC|PING");
    wire_expect(rig_client(rig), "+OK\r\n+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n$1\r\n1\r\n"
                                 ":2\r\n+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+PONG\r\n$1\r\n2\r\n"
                                 "+PONG\r\n");
    rig_stop(&rig);
}

Test(transaction, without_keys_goes_to_any_node)
{
    struct rig *rig = rig_start(1);
    script(rig, 0, BEGUN, QUEUED("PING"), QUEUED("PUBLISH", "c", "m"),
           DONE("*2\r\n+PONG\r\n:0\r\n"));

    wire_send_lines(rig_client(rig), "MULTI|PING|PUBLISH c m|EXEC");
    wire_expect(rig_client(rig), "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+PONG\r\n:0\r\n");
    rig_stop(&rig);
}

Test(transaction, concerns_one_client)
{
    struct rig *rig = rig_start_store(1);
    struct wire *other = rig_connect(rig);
    script(rig, 0, BEGUN, QUEUED("GET", "k"), WANT("DISCARD"), SAY("+OK\r\n"));

    cr_expect_str_eq(ask(rig, "MULTI"), "OK");
    cr_expect_str_eq(wire_ask(other, "SET", "k", "1"), "OK");
    cr_expect_str_eq(ask(rig, "GET", "k"), "QUEUED");
    cr_expect_str_eq(ask(rig, "DISCARD"), "OK");
    cr_expect_str_eq(ask(rig, "GET", "k"), "1");
    rig_stop(&rig);
}

#define EXECABORT "-EXECABORT Transaction discarded because of previous errors."

static void expect_refused(struct rig *rig, const char *lines, const char *start, const char *part)
{
    struct wire *wire = rig_connect(rig);

    wire_send_lines(wire, rig_print(rig, "MULTI|GET k|%s|GET k|EXEC|ECHO on", lines));
    wire_expect(wire, "+OK\r\n+QUEUED\r\n");
    const char *refusal = wire_text(wire);
    EXPECT_STARTS(refusal, start);
    EXPECT_CONTAINS(refusal, part);
    wire_expect(wire, "+QUEUED\r\n" EXECABORT "\r\n$2\r\non\r\n");
    rig_disconnect(rig, &wire);
}

Test(transaction, what_no_single_node_can_execute_spoils_it)
{
    static const struct {
        const char *line;
        const char *start;
        const char *part;
    } rows[] = {
        {"SET a 1", "-CROSSSLOT Keys in request don't hash to the same slot (proxy: ", "'set'"},
        {"MGET k a", "-CROSSSLOT Keys in request don't hash to the same slot (proxy: ", "'mget'"},
        {"DBSIZE", "-ERR proxy: 'dbsize' cannot be part of a transaction: ", "all nodes"},
        {"SCRIPT LOAD x", "-ERR proxy: 'script load' cannot be part of a transaction: ", "all"},
        {"INFO", "-ERR proxy: 'info' cannot be part of a transaction: ", "all nodes"},
        {"CLIENT ID", "-ERR proxy: 'client id' cannot be part of a transaction: ", "itself"},
        {"HELLO 3", "-ERR proxy: 'hello' cannot be part of a transaction: ", "itself"},
        {"SELECT 1", "-ERR DB index is out of range", "DB"},
        {"SUBSCRIBE k", "-ERR proxy: 'subscribe' cannot be part of a transaction: ", "connection"},
        {"BGSAVE", "-ERR proxy: 'bgsave' is refused: ", "administration"},
    };
    struct rig *rig = rig_start(2);

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        expect_refused(rig, rows[i].line, rows[i].start, rows[i].part);
    }
    cr_expect_str_eq(rig_log(rig, 0), "");
    rig_stop(&rig);
}

Test(transaction, has_a_limit)
{
    struct rig *rig =
        rig_start_with((struct rig_options){.nodes = 1, .clients = "request_bytes: 1024"});

    wire_send_lines(rig_client(rig),
                    rig_print(rig, "MULTI|SET k %0600d|SET k %0600d|EXEC|ECHO on", 1, 2));
    wire_expect(rig_client(rig), "+OK\r\n+QUEUED\r\n");
    EXPECT_STARTS(wire_text(rig_client(rig)), "-ERR proxy: the transaction is too large");
    wire_expect(rig_client(rig), EXECABORT "\r\n$2\r\non\r\n");
    cr_expect_str_eq(rig_log(rig, 0), "");
    rig_stop(&rig);
}

Test(transaction, of_a_client_that_leaves_is_forgotten)
{
    struct rig *rig = rig_start(1);
    struct wire *leaver = rig_connect(rig);

    wire_send_lines(leaver, "MULTI|SET k 1|GET k");
    wire_expect(leaver, "+OK\r\n+QUEUED\r\n+QUEUED\r\n");
    rig_disconnect(rig, &leaver);
    cr_expect(WAIT_FOR(metric(rig, "downstream_connections_active") == 0));
    cr_expect_str_eq(rig_log(rig, 0), "");
    rig_stop(&rig);
}

Test(transaction, client_list_shows_it)
{
    struct rig *rig = rig_start(1);
    struct wire *other = rig_connect(rig);

    wire_send_lines(rig_client(rig), "CLIENT SETNAME me|MULTI|GET k|GET k");
    wire_expect(rig_client(rig), "+OK\r\n+OK\r\n+QUEUED\r\n+QUEUED\r\n");
    const char *list = wire_ask(other, "CLIENT", "LIST");
    const char *line = strstr(list, " name=me ");
    cr_assert_not_null(line);
    EXPECT_CONTAINS(line, " flags=x ");
    EXPECT_CONTAINS(line, " multi=2 ");
    rig_stop(&rig);
}

/* A node that refuses one of the commands has executed none of them. */
Test(transaction, moved_takes_all_of_it_along)
{
    struct rig *rig = rig_start(2);
    script(rig, 0, BEGUN, QUEUED("SET", "k", "1"), WANT("GET", "k"),
           SAY("-MOVED 7629 %s\r\n", rig_address(rig, 1)), ABORTED, WANT("GET", "k"),
           SAY("-MOVED 7629 %s\r\n", rig_address(rig, 1)));
    script(rig, 1, BOTH_DONE, WANT("GET", "k"), SAY("$1\r\n1\r\n"));

    wire_send_lines(rig_client(rig), "MULTI|SET k 1|GET k|EXEC|GET k");
    wire_expect(rig_client(rig),
                "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n$1\r\n1\r\n$1\r\n1\r\n");
    rig_stop(&rig);
}

Test(transaction, moved_as_the_answer_to_exec)
{
    struct rig *rig = rig_start(2);
    script(rig, 0, BEGUN, QUEUED("SET", "k", "1"), QUEUED("GET", "k"), WANT("EXEC"),
           SAY("-MOVED 7629 %s\r\n", rig_address(rig, 1)));
    script(rig, 1, BOTH_DONE);

    wire_send_lines(rig_client(rig), set_and_get);
    wire_expect(rig_client(rig), "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n$1\r\n1\r\n");
    rig_stop(&rig);
}

/* Redis Cluster: a node keeps the mark of ASKING from MULTI to EXEC. */
Test(transaction, ask_takes_all_of_it_along_behind_one_asking)
{
    struct rig *rig = rig_start(2);
    script(rig, 0, BEGUN, WANT("SET", "k", "1"), SAY("-ASK 7629 %s\r\n", rig_address(rig, 1)),
           WANT("GET", "k"), SAY("-ASK 7629 %s\r\n", rig_address(rig, 1)), ABORTED);
    script(rig, 1, WANT("ASKING"), SAY("+OK\r\n"), BOTH_DONE);

    wire_send_lines(rig_client(rig), set_and_get);
    wire_expect(rig_client(rig), "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n$1\r\n1\r\n");
    cr_expect_eq(metric(rig, "redirect_ask_total"), 1);
    rig_stop(&rig);
}

/* Keys on both nodes of a moving slot: it goes to and fro until they are on one. */
Test(transaction, tryagain_at_exec_is_tried_again)
{
    struct rig *rig = rig_start(2);
    script(rig, 0, BEGUN, WANT("SET", "k", "1"), SAY("-ASK 7629 %s\r\n", rig_address(rig, 1)),
           QUEUED("GET", "k"), ABORTED, BOTH_DONE);
    script(rig, 1, WANT("ASKING"), SAY("+OK\r\n"), BEGUN, QUEUED("SET", "k", "1"),
           QUEUED("GET", "k"),
           DONE("-TRYAGAIN Multiple keys request during rehashing of slot\r\n"));

    wire_send_lines(rig_client(rig), set_and_get);
    wire_expect(rig_client(rig), "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n$1\r\n1\r\n");
    cr_expect_eq(metric(rig, "redirect_tryagain_total"), 1);
    rig_stop(&rig);
}

Test(transaction, waits_for_a_node_that_cannot_yet)
{
    static const struct {
        const char *early; /* to SET */
        const char *late;  /* to EXEC */
    } rows[] = {
        {"-CLUSTERDOWN The cluster is down", EXECABORT},
        {"-LOADING Redis is loading the dataset in memory", EXECABORT},
        {"-READONLY You can't write against a read only replica.", EXECABORT},
        {"+QUEUED", "-CLUSTERDOWN Hash slot not served"},
        {"+QUEUED", "-EXECABORT Transaction discarded because of: MASTERDOWN Link with MASTER is "
                    "down and replica-serve-stale-data is set to 'no'."},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct rig *rig = rig_start(1);
        script(rig, 0, BEGUN, WANT("SET", "k", "1"), SAY("%s\r\n", rows[i].early),
               QUEUED("GET", "k"), WANT("EXEC"), SAY("%s\r\n", rows[i].late), BOTH_DONE);
        wire_send_lines(rig_client(rig), set_and_get);
        wire_expect(rig_client(rig), "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n$1\r\n1\r\n");
        rig_stop(&rig);
    }
}

Test(transaction, what_the_node_refused_it_for_is_said_at_exec)
{
    struct rig *rig = rig_start(1);
    script(rig, 0, BEGUN, WANT("SET", "k", "1"),
           SAY("-OOM command not allowed when used memory > 'maxmemory'.\r\n"), QUEUED("GET", "k"),
           ABORTED);

    wire_send_lines(rig_client(rig), set_and_get);
    wire_expect(rig_client(rig), "+OK\r\n+QUEUED\r\n+QUEUED\r\n"
                                 "-EXECABORT Transaction discarded because of: OOM command not "
                                 "allowed when used memory > 'maxmemory'.\r\n");
    rig_stop(&rig);
}

Test(transaction, that_a_node_takes_for_single_commands_is_not_called_one)
{
    struct rig *rig = rig_start(1);
    script(rig, 0, WANT("MULTI"), SAY("-NOPERM no\r\n"), WANT("SET", "k", "1"), SAY("+OK\r\n"),
           WANT("GET", "k"), SAY("$1\r\n1\r\n"), DONE("-ERR EXEC without MULTI\r\n"));

    wire_send_lines(rig_client(rig), set_and_get);
    wire_expect(rig_client(rig), "+OK\r\n+QUEUED\r\n+QUEUED\r\n");
    const char *reply = wire_text(rig_client(rig));
    EXPECT_STARTS(reply, "-ERR proxy: the node refuses MULTI, ");
    EXPECT_CONTAINS(reply, "outcome unknown: NOPERM no");
    rig_stop(&rig);
}

enum { BIG_SIZE = 32 * 1024 * 1024 };

/* Its client's reply is still to come. */
static void lose_half_written(struct rig *rig)
{
    struct fake_node *node = rig_node(rig, 0);
    long long before;
    char *value = malloc(BIG_SIZE + 1);

    memset(value, 'x', BIG_SIZE);
    value[BIG_SIZE] = '\0';
    fake_node_pause(node);
    before = metric(rig, "upstream_sent_bytes_total");
    wire_send(rig_client(rig),
              "*1\r\n$5\r\nMULTI\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\n1\r\n"
              "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$%d\r\n%s\r\n*1\r\n$4\r\nEXEC\r\n",
              BIG_SIZE, value);
    free(value);
    cr_expect(WAIT_FOR(metric(rig, "upstream_sent_bytes_total") > before + 1000));
    fake_node_drop_connections(node);
    fake_node_resume(node);
    wire_expect(rig_client(rig), "+OK\r\n+QUEUED\r\n+QUEUED\r\n");
}

static struct rig *start_for_half_written(void)
{
    return rig_start_with((struct rig_options){
        .nodes = 1, .request_timeout = "20s", .clients = "pending_bytes: 128mb"});
}

/* The node may have refused MULTI, and executed what came whole. */
Test(transaction, that_is_half_written_to_a_node_that_has_taken_none_has_an_unknown_outcome)
{
    struct rig *rig = start_for_half_written();
    script(rig, 0, WANT("GET", "k"), SAY("$-1\r\n"));

    cr_expect_str_eq(ask(rig, "GET", "k"), "(nil)");
    lose_half_written(rig);
    EXPECT_CONTAINS(wire_text(rig_client(rig)), "outcome unknown");
    rig_stop(&rig);
}

Test(transaction, that_is_half_written_to_a_node_that_has_taken_one_is_sent_again)
{
    struct rig *rig = start_for_half_written();
    script(rig, 0, BEGUN, QUEUED("SET", "k", "1"), QUEUED("GET", "k"),
           DONE("*2\r\n+OK\r\n$1\r\n1\r\n"));

    wire_send_lines(rig_client(rig), set_and_get);
    wire_expect(rig_client(rig), "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n$1\r\n1\r\n");
    fake_node_handle(rig_node(rig, 0), fake_always, (void *)(uintptr_t) "+QUEUED");
    lose_half_written(rig);
    cr_expect_str_eq(wire_text(rig_client(rig)), "QUEUED");
    rig_stop(&rig);
}

/* Errors of the commands are elements of the answer, whatever they look like. */
Test(transaction, that_was_executed_is_never_sent_again)
{
    struct rig *rig = rig_start(2);
    script(rig, 0, BEGUN, QUEUED("SET", "k", "1"), QUEUED("GET", "k"), WANT("EXEC"),
           SAY("*2\r\n-MOVED 7629 %s\r\n-TRYAGAIN no\r\n", rig_address(rig, 1)));

    wire_send_lines(rig_client(rig), set_and_get);
    wire_expect(rig_client(rig), rig_print(rig,
                                           "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n"
                                           "-MOVED 7629 %s\r\n-TRYAGAIN no\r\n",
                                           rig_address(rig, 1)));
    cr_expect_str_eq(rig_log(rig, 1), "");
    rig_stop(&rig);
}

Test(transaction, lost_with_the_node_may_have_been_executed)
{
    struct rig *rig = rig_start(1);
    script(rig, 0, BEGUN, QUEUED("SET", "k", "1"), QUEUED("GET", "k"), WANT("EXEC"), CLOSE);

    wire_send_lines(rig_client(rig), set_and_get);
    wire_expect(rig_client(rig), "+OK\r\n+QUEUED\r\n+QUEUED\r\n");
    const char *reply = wire_text(rig_client(rig));
    EXPECT_STARTS(reply, "-ERR proxy: connection to ");
    EXPECT_CONTAINS(reply, "outcome unknown");
    cr_expect_eq(fake_node_count(rig_node(rig, 0), "EXEC"), 1);
    rig_stop(&rig);
}

Test(transaction, of_reads_that_is_lost_is_sent_again)
{
    struct rig *rig = rig_start(1);
    script(rig, 0, BEGUN, QUEUED("GET", "k"), WANT("STRLEN", "k"), CLOSE, BEGUN, QUEUED("GET", "k"),
           QUEUED("STRLEN", "k"), DONE("*2\r\n$1\r\n1\r\n:1\r\n"));

    wire_send_lines(rig_client(rig), "MULTI|GET k|STRLEN k|EXEC");
    wire_expect(rig_client(rig), "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n$1\r\n1\r\n:1\r\n");
    rig_stop(&rig);
}

/* Before EXEC nothing of it is with the node, so it outlasts the node's death. */
Test(transaction, begun_before_a_node_died_is_sent_when_it_is_back)
{
    struct rig *rig = rig_start_with((struct rig_options){.nodes = 1, .request_timeout = "20s"});
    struct fake_node *node = rig_node(rig, 0);
    script(rig, 0, WANT("GET", "k"), SAY("$-1\r\n"));

    cr_expect_str_eq(ask(rig, "GET", "k"), "(nil)");
    wire_send_lines(rig_client(rig), "MULTI|SET k 1|GET k");
    wire_expect(rig_client(rig), "+OK\r\n+QUEUED\r\n+QUEUED\r\n");
    fake_node_die(node);
    wire_send_lines(rig_client(rig), "EXEC");
    cr_expect(WAIT_FOR(metric(rig, "upstream_connect_failed_total") > 0));
    script(rig, 0, BOTH_DONE);
    fake_node_return(node);
    wire_expect(rig_client(rig), both);
    cr_expect_eq(fake_node_count(node, "EXEC"), 1);
    rig_stop(&rig);
}
