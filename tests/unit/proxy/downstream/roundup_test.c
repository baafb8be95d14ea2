/* CLIENT LIST and CLIENT KILL over two workers. */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "tests/unit/proxy/downstream/local_rig.h"

static struct local_rig *rig;
static int here;  /* on worker 0 */
static int there; /* on worker 1 */

static void open_rig(void)
{
    rig = local_rig_open(NULL);
    here = local_rig_connect(rig, 0);
    there = local_rig_connect(rig, 1);
    local_rig_ask(rig, here, "CLIENT SETNAME here");
    local_rig_ask(rig, there, "CLIENT SETNAME there");
}

static void close_rig(void)
{
    close(here);
    close(there);
    local_rig_close(&rig);
}

TestSuite(roundup, .init = open_rig, .fini = close_rig, .timeout = 60);

static const char *ask_about(int fd, const char *format, uint64_t id)
{
    char line[128];

    snprintf(line, sizeof line, format, id);
    return local_rig_ask(rig, fd, line);
}

Test(roundup, list_shows_the_clients_of_all_workers_in_the_order_they_came)
{
    int last = local_rig_connect(rig, 0);
    const int askers[] = {here, there, last};

    local_rig_ask(rig, last, "CLIENT SETNAME last");
    for (size_t i = 0; i < ARRAY_LEN(askers); i++) {
        const char *text = local_rig_ask(rig, askers[i], "CLIENT LIST");
        const char *first = strstr(text, " name=here ");
        const char *second = strstr(text, " name=there ");
        const char *third = strstr(text, " name=last ");

        cr_assert(first != NULL && second != NULL && third != NULL);
        cr_expect(first < second && second < third);
    }
    close(last);
}

Test(roundup, list_by_id_shows_those_only)
{
    const char *text = ask_about(here, "CLIENT LIST ID %" PRIu64, local_rig_id(rig, there));

    cr_expect_not_null(strstr(text, " name=there "));
    cr_expect_null(strstr(text, " name=here "));
}

Test(roundup, list_by_ids_shows_each_once_in_their_order)
{
    char line[128];
    uint64_t one = local_rig_id(rig, there);
    uint64_t other = local_rig_id(rig, here);

    cr_assert_gt(one, other);
    snprintf(line, sizeof line, "CLIENT LIST ID %" PRIu64 " 99 %" PRIu64 " %" PRIu64, one, other,
             one);

    const char *text = local_rig_ask(rig, here, line);
    const char *first = strstr(text, " name=there ");
    const char *second = strstr(text, " name=here ");

    cr_assert(first != NULL && second != NULL);
    cr_expect_lt(first, second);
    cr_expect_null(strstr(second, " name=there "));
}

Test(roundup, replies_keep_their_order_around_it)
{
    local_rig_say(here, "PING 1");
    local_rig_say(here, "CLIENT LIST ID 99");
    local_rig_say(here, "PING 2");
    local_rig_say(here, "CLIENT KILL ID 99");
    local_rig_say(here, "PING 3");
    cr_expect_str_eq(local_rig_hear(rig, here), "$1\r\n1\r\n");
    cr_expect_str_eq(local_rig_hear(rig, here), "$0\r\n\r\n");
    cr_expect_str_eq(local_rig_hear(rig, here), "$1\r\n2\r\n");
    cr_expect_str_eq(local_rig_hear(rig, here), ":0\r\n");
    cr_expect_str_eq(local_rig_hear(rig, here), "$1\r\n3\r\n");
}

Test(roundup, kill_reaches_a_client_of_another_worker)
{
    uint64_t id = local_rig_id(rig, there);

    cr_expect_str_eq(ask_about(here, "CLIENT KILL ID %" PRIu64, id), ":1\r\n");
    cr_expect_str_eq(local_rig_hear(rig, there), "");
    cr_expect_str_eq(ask_about(here, "CLIENT KILL ID %" PRIu64, id), ":0\r\n");
    cr_expect_eq(metric_read(&rig->workers[1].metrics.downstream_closed[CLOSE_KILLED]), 1);
}

Test(roundup, kill_by_address)
{
    struct sockaddr_in name;
    socklen_t size = sizeof name;

    getsockname(there, (struct sockaddr *)&name, &size);
    cr_expect_str_eq(ask_about(here, "CLIENT KILL 127.0.0.1:%" PRIu64, ntohs(name.sin_port)),
                     "+OK\r\n");
    cr_expect_str_eq(local_rig_hear(rig, there), "");
}

Test(roundup, kill_by_type_spares_who_asks)
{
    int third = local_rig_connect(rig, 0);

    cr_expect_str_eq(local_rig_ask(rig, here, "CLIENT KILL TYPE normal"), ":2\r\n");
    cr_expect_str_eq(local_rig_hear(rig, there), "");
    cr_expect_str_eq(local_rig_hear(rig, third), "");
    cr_expect_str_eq(local_rig_ask(rig, here, "PING"), "+PONG\r\n");
    close(third);
}

Test(roundup, who_kills_itself_gets_its_reply_first)
{
    uint64_t id = local_rig_id(rig, here);
    char line[64];

    snprintf(line, sizeof line, "CLIENT KILL ID %" PRIu64 " SKIPME no", id);
    local_rig_say(here, "PING 1");
    local_rig_say(here, line);
    local_rig_say(here, "PING 2");
    cr_expect_str_eq(local_rig_hear(rig, here), "$1\r\n1\r\n");
    cr_expect_str_eq(local_rig_hear(rig, here), ":1\r\n");
    cr_expect_str_eq(local_rig_hear(rig, here), "");
    cr_expect_str_eq(local_rig_ask(rig, there, "PING"), "+PONG\r\n");
}

/* The client behind `here`, the first on its worker. */
static struct client *client_here(void)
{
    return container_of(list_first(&rig->workers[0].clients.open), struct client, in_clients);
}

/* Runs turns until the client has asked and waits. */
static void wait_until_asked(void)
{
    struct client *client = client_here();

    while (pipeline_is_empty(&client->pipeline)) {
        ev_run(rig->reactor->loop, EVRUN_NOWAIT);
    }
}

static void run_handler(const char *line)
{
    struct client *client = client_here();

    local_rig_say(here, line);
    ev_invoke(rig->reactor->loop, &client->watcher, EV_READ);
}

Test(roundup, a_client_that_is_gone_when_the_answer_comes_is_not_touched)
{
    run_handler("CLIENT LIST");
    wait_until_asked();
    client_close(client_here(), CLOSE_READ_FAILED);
    local_rig_turn(rig);
    cr_expect_str_eq(local_rig_hear(rig, here), "");
    cr_expect_not_null(strstr(local_rig_ask(rig, there, "CLIENT LIST"), " name=there "));
}

Test(roundup, a_worker_that_has_stopped_contributes_nothing)
{
    mailbox_close(rig->workers[1].mailbox);

    const char *text = local_rig_ask(rig, here, "CLIENT LIST");

    cr_expect_not_null(strstr(text, " name=here "));
    cr_expect_null(strstr(text, " name=there "));
}

Test(roundup, a_roundup_whose_own_worker_stops_ends_without_an_answer)
{
    run_handler("CLIENT LIST");
    wait_until_asked();
    for (size_t i = 0; i < RIG_WORKERS; i++) {
        mailbox_close(rig->workers[i].mailbox);
    }
    local_rig_turn(rig);
    cr_expect_eq(client_here()->pipeline.count, 1);
}
