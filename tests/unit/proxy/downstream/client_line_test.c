/* The figures of bytes in CLIENT LIST and CLIENT INFO. */
#include "proxy/downstream/client_line.h"

#include <stdlib.h>
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

TestSuite(client_line, .init = open_rig, .fini = close_rig, .timeout = 60);

/* The line of the client with that name in a list. */
static const char *line_of(const char *list, const char *name)
{
    static char line[1024];
    const char *at = strstr(list, name);

    cr_assert_not_null(at, "%s", list);
    memcpy(line, at, strcspn(at, "\n"));
    line[strcspn(at, "\n")] = '\0';
    return line;
}

static void say_bytes(int fd, struct span bytes)
{
    cr_assert_eq(write(fd, bytes.at, bytes.size), (ssize_t)bytes.size);
    local_rig_turn(rig);
}

Test(client_line, who_asks_is_shown_with_what_he_asks)
{
    static const char *const requests[] = {"CLIENT LIST", "CLIENT INFO"};

    for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
        const char *line = line_of(local_rig_ask(rig, here, requests[i]), " name=here ");

        cr_expect_not_null(strstr(line, " multi=-1 qbuf=26 qbuf-free=0 argv-mem=10 multi-mem=0 "
                                        "rbs=0 rbp=0 obl=0 oll=0 omem=0 tot-mem="),
                           "%s", line);
    }
}

Test(client_line, who_is_idle_has_nothing)
{
    const char *line = line_of(local_rig_ask(rig, here, "CLIENT LIST"), " name=there ");

    cr_expect_not_null(strstr(line, " multi=-1 qbuf=0 qbuf-free=0 argv-mem=0 multi-mem=0 "
                                    "rbs=0 rbp=0 obl=0 oll=0 omem=0 tot-mem="),
                       "%s", line);
}

Test(client_line, the_beginning_of_a_request_is_in_the_buffer)
{
    say_bytes(there, SPAN("*2\r\n$3\r\nGET"));

    const char *line = line_of(local_rig_ask(rig, here, "CLIENT LIST"), " name=there ");

    cr_expect_not_null(strstr(line, " qbuf=11 qbuf-free="), "%s", line);
    cr_expect_null(strstr(line, " qbuf-free=0 "), "its own block has room: %s", line);
    cr_expect_not_null(strstr(line, " argv-mem=0 "), "%s", line);
}

Test(client_line, queued_commands_take_what_they_are)
{
    local_rig_ask(rig, there, "MULTI");
    const char *line = line_of(local_rig_ask(rig, here, "CLIENT LIST"), " name=there ");
    cr_expect_not_null(strstr(line, " multi=0 qbuf=0 "), "%s", line);
    cr_expect_not_null(strstr(line, " multi-mem=0 "), "%s", line);

    local_rig_ask(rig, there, "GET k");
    line = line_of(local_rig_ask(rig, here, "CLIENT LIST"), " name=there ");
    cr_expect_not_null(strstr(line, " multi=1 qbuf=0 "), "%s", line);
    cr_expect_not_null(strstr(line, " multi-mem=20 "), "%s", line);
}

Test(client_line, what_is_not_taken_yet_is_in_a_list)
{
    struct client *client =
        container_of(list_first(&rig->workers[1].clients.open), struct client, in_clients);
    static char large[SENDQ_COPY_MAX];
    struct block *block = block_copy((struct span){large, sizeof large});

    sendq_append(&client->output, SPAN("+OK\r\n"));
    sendq_lend(&client->output, block, (struct span){block->bytes, block->used});

    char *line = client_line_print(client, NULL);

    cr_expect_not_null(strstr(line, " obl=0 oll=2 omem=16389 "), "%s", line);
    cr_expect_not_null(strstr(line, " events=rw "), "%s", line);
    sendq_clear(&client->output);
    block_release(&block);
    free(line);
}
