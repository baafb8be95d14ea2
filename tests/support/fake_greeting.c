#include "tests/support/fake_greeting.h"

#include <strings.h>

static bool argument_is(const struct fake_received *received, size_t index, const char *text)
{
    return index < received->count && received->arguments[index].size == strlen(text) &&
           strncasecmp(received->arguments[index].at, text, strlen(text)) == 0;
}

static bool needs_password(const struct fake_greeter *greeter,
                           const struct fake_connection *connection)
{
    return greeter->password != NULL && !connection->authenticated;
}

bool fake_greeter_knows(const struct fake_greeter *greeter,
                        const struct fake_connection *connection,
                        const struct fake_received *received)
{
    static const char *const names[] = {"auth", "hello",     "client",  "cluster",
                                        "ping", "readwrite", "command", "readonly"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (argument_is(received, 0, names[i]) && !argument_is(received, 1, "getkeysinslot")) {
            return true;
        }
    }
    return needs_password(greeter, connection) ||
           (argument_is(received, 0, "info") && argument_is(received, 1, "server"));
}

static void answer_auth(const struct fake_greeter *greeter, struct fake_connection *connection,
                        const struct fake_received *received)
{
    bool is_stranger = greeter->stranger != NULL && argument_is(received, 1, greeter->stranger);

    if (greeter->password == NULL && received->count == 2) {
        bytes_print(&connection->output,
                    "-ERR AUTH <password> called without any password configured for the default "
                    "user. Are you sure your configuration is correct?\r\n");
    } else if (!is_stranger && (greeter->password == NULL ||
                                argument_is(received, received->count - 1, greeter->password))) {
        connection->authenticated = true;
        bytes_print(&connection->output, "+OK\r\n");
    } else {
        bytes_print(&connection->output,
                    "-WRONGPASS invalid username-password pair or user is disabled.\r\n");
    }
}

static void answer_cluster(const struct fake_greeter *greeter, const struct fake_received *received,
                           struct bytes *output)
{
    if (argument_is(received, 1, "slots") && greeter->slots != NULL) {
        bytes_add(output, greeter->slots, strlen(greeter->slots));
    } else if (argument_is(received, 1, "slots")) {
        fake_cluster_print_slots(greeter->cluster, output);
    } else if (argument_is(received, 1, "info")) {
        fake_cluster_print_info(greeter->cluster, output);
    } else if (argument_is(received, 1, "myid")) {
        bytes_print(output, "$40\r\n%s\r\n", fake_cluster_id(greeter->cluster, greeter->index));
    } else {
        bytes_print(output, "-ERR unknown subcommand. Try CLUSTER HELP.\r\n");
    }
}

void fake_greeter_answer(const struct fake_greeter *greeter, struct fake_connection *connection,
                         const struct fake_received *received)
{
    if (argument_is(received, 0, "auth")) {
        answer_auth(greeter, connection, received);
    } else if (argument_is(received, 0, "hello")) {
        bytes_print(&connection->output, "%%2\r\n$5\r\nproto\r\n:3\r\n$2\r\nid\r\n:%d\r\n",
                    connection->number);
    } else if (needs_password(greeter, connection)) {
        bytes_print(&connection->output, "-NOAUTH Authentication required.\r\n");
    } else if (argument_is(received, 0, "cluster")) {
        answer_cluster(greeter, received, &connection->output);
    } else if (argument_is(received, 0, "ping")) {
        bytes_print(&connection->output, "+PONG\r\n");
    } else if (argument_is(received, 0, "info")) {
        fake_cluster_print_server(greeter->cluster, &connection->output);
    } else if (argument_is(received, 0, "command") && argument_is(received, 1, "count")) {
        fake_cluster_print_command_count(greeter->cluster, &connection->output);
    } else if (argument_is(received, 0, "command")) {
        fake_cluster_print_commands(greeter->cluster, &connection->output);
    } else {
        bytes_print(&connection->output, "+OK\r\n");
    }
}
