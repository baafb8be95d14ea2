#include "tests/unit/common/tls_pair.h"

#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <criterion/criterion.h>

struct tls_pair pair;
struct pki *pki;
struct tls_context *server_context;
struct tls_context *client_context;

struct tls_context *context_of(struct tls_settings settings)
{
    struct tls_fault fault;
    struct tls_context *context = tls_context_new(&settings, &fault);

    cr_assert_not_null(context, "%s", fault.text);
    return context;
}

struct tls_settings server_settings(void)
{
    return (struct tls_settings){.kind = TLS_SERVER,
                                 .certificate = pki_path(pki, "server.pem"),
                                 .key = pki_path(pki, "server.key")};
}

struct tls_settings client_settings(void)
{
    return (struct tls_settings){
        .kind = TLS_CLIENT, .verify = TLS_VERIFY_REQUIRED, .ca_file = pki_path(pki, "ca.pem")};
}

void tls_pair_set_up(void)
{
    signal(SIGPIPE, SIG_IGN);
    pki = pki_new();
    pki_make_usual(pki);
    pair = (struct tls_pair){.fds = {-1, -1}};
}

void hang_up(void)
{
    tls_free(&pair.client);
    tls_free(&pair.server);
    close(pair.fds[0]);
    close(pair.fds[1]);
}

void tls_pair_clean_up(void)
{
    hang_up();
    tls_context_release(&server_context);
    tls_context_release(&client_context);
    pki_free(&pki);
}

void use(struct tls_settings server, struct tls_settings client)
{
    tls_context_release(&server_context);
    tls_context_release(&client_context);
    server_context = context_of(server);
    client_context = context_of(client);
}

void open_pair(struct tls_server server)
{
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair.fds), 0);
    pair.client = tls_connect(client_context, pair.fds[0], &server);
    pair.server = tls_accept(server_context, pair.fds[1]);
}

void shake_hands(enum socket_result *client, enum socket_result *server)
{
    *client = *server = SOCKET_AGAIN;
    for (int i = 0; i < TURNS_MAX && (*client == SOCKET_AGAIN || *server == SOCKET_AGAIN); i++) {
        *client = *client == SOCKET_AGAIN ? tls_handshake(pair.client) : *client;
        *server = *server == SOCKET_AGAIN ? tls_handshake(pair.server) : *server;
    }
}

void connect_pair(struct tls_server server)
{
    enum socket_result client_result;
    enum socket_result server_result;

    open_pair(server);
    shake_hands(&client_result, &server_result);
    cr_assert_eq(client_result, SOCKET_OK, "%s", tls_problem(pair.client));
    cr_assert_eq(server_result, SOCKET_OK, "%s", tls_problem(pair.server));
}

void connect_usual(void)
{
    use(server_settings(), client_settings());
    connect_pair((struct tls_server){.name = "localhost", .expected = "localhost"});
}
