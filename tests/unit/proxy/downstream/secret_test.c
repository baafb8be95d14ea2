/* What is left in memory of the passwords that clients say. */
#include "proxy/downstream/secret.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <unistd.h>

#include "tests/unit/proxy/downstream/local_rig.h"

static struct local_rig *rig;
static int peer;

static void open_rig(void)
{
    rig = local_rig_open("the-password");
    peer = local_rig_connect(rig, 0);
}

static void close_rig(void)
{
    close(peer);
    local_rig_close(&rig);
}

TestSuite(secret, .init = open_rig, .fini = close_rig, .timeout = 30);

/* In the block that all clients are read to. */
static bool is_left(const char *text)
{
    const struct block *block = rig->intake.block;

    cr_assert_not_null(block);
    return memmem(block->bytes, block->capacity, text, strlen(text)) != NULL;
}

static void send_text(const char *text)
{
    cr_assert_eq(write(peer, text, strlen(text)), (ssize_t)strlen(text));
}

Test(secret, is_gone_when_the_request_was_served_whatever_became_of_it)
{
    static const char *const rows[][2] = {
        {"AUTH some-wrong-one", "-WRONGPASS"},
        {"AUTH too many some-wrong-one words", "-ERR syntax error"},
        {"HELLO 3 AUTH default some-wrong-one", "-WRONGPASS"},
        {"AUTH the-password", "+OK"},
        {"hello 2 setname me auth default the-password", "*14"},
        {"ACL SETUSER alice >the-password", "-ERR"},
        {"MULTI", "+OK"},
        {"AUTH the-password", "-ERR"},
        {"DISCARD", "+OK"},
        {"CLIENT GETNAME", "$2\r\nme"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *answer = local_rig_ask(rig, peer, rows[i][0]);

        cr_expect_eq(strncmp(answer, rows[i][1], strlen(rows[i][1])), 0, "%s: %s", rows[i][0],
                     answer);
        cr_expect_not(is_left("the-password"), "%s", rows[i][0]);
        cr_expect_not(is_left("some-wrong-one"), "%s", rows[i][0]);
    }
    cr_expect(is_left("GETNAME"), "what is no secret is left alone");
}

Test(secret, is_gone_from_a_line_of_text_as_well)
{
    send_text("AUTH the-password\r\n");
    cr_expect_str_eq(local_rig_hear(rig, peer), "+OK\r\n");
    cr_expect_not(is_left("the-password"));
    cr_expect_null(memmem(rig->workers[0].clients.arguments.unquoted,
                          rig->workers[0].clients.arguments.unquoted_capacity, "the-password",
                          strlen("the-password")));
}

Test(secret, takes_nothing_with_it_that_came_before_or_behind)
{
    int other = local_rig_connect(rig, 0);

    cr_assert_eq(write(other, "PING half", 9), 9);
    send_text("*2\r\n$4\r\nAUTH\r\n$12\r\nthe-password\r\n*1\r\n$4\r\nPING\r\n");
    cr_expect_str_eq(local_rig_hear(rig, peer), "+OK\r\n");
    cr_expect_str_eq(local_rig_hear(rig, peer), "+PONG\r\n");
    cr_assert_eq(write(other, "way\r\n", 5), 5);
    cr_expect_eq(strncmp(local_rig_hear(rig, other), "-NOAUTH", 7), 0);
    close(other);
}

static struct client *only_client(void)
{
    struct clients *clients = &rig->workers[0].clients;

    return container_of(list_first(&clients->open), struct client, in_clients);
}

Test(secret, is_not_left_where_it_was_when_clients_are_paused)
{
    cr_expect_str_eq(local_rig_ask(rig, peer, "AUTH the-password"), "+OK\r\n");
    cr_expect_str_eq(local_rig_ask(rig, peer, "CLIENT PAUSE 100000"), "+OK\r\n");
    local_rig_say(peer, "AUTH the-password");
    local_rig_turn(rig);
    cr_assert_eq(only_client()->state, CLIENT_HELD);
    cr_expect_not(is_left("the-password"));
}

/* Behind a request that is served alone. */
Test(secret, is_not_left_where_it_was_when_it_has_to_wait)
{
    struct client *client = only_client();

    client->is_alone = true;
    local_rig_say(peer, "AUTH the-password");
    local_rig_turn(rig);
    cr_assert_gt(client->inbound.size, 0);
    cr_expect_not(is_left("the-password"));
    client->is_alone = false;
    cr_expect_str_eq(local_rig_ask(rig, peer, "ECHO hello"), "+OK\r\n");
    cr_expect_str_eq(local_rig_hear(rig, peer), "$5\r\nhello\r\n");
}
