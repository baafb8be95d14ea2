/* A crowd at the door that never ends, in which everybody is turned away. */
#include "proxy/downstream/listener.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/inherited.h"
#include "common/log.h"

enum { BACKLOG = 16, CROWD = 5000 };

static struct address address;
static struct pool_config here;
static struct pool_config nowhere;
static struct house house;
static struct reactor *reactor;
static struct listener *listener;
static int lent = -1;
static uint64_t come; /* of the crowd */

/* In the place of the library's: somebody more is always there. */
int accept4(int fd, struct sockaddr *peer, socklen_t *size, int flags)
{
    int domain = AF_UNIX;
    socklen_t domain_size = sizeof domain;

    (void)getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &domain_size);
    if (domain != AF_INET) { /* the test framework's */
        return (int)syscall(SYS_accept4, fd, peer, size, flags);
    }
    if (come == CROWD) {
        errno = EAGAIN;
        return -1;
    }
    come++;
    if (size != NULL) {
        *size = 0;
    }
    return socket(AF_UNIX, SOCK_STREAM | flags, 0);
}

static void set_up(void)
{
    log_set_descriptor(open("/dev/null", O_WRONLY | O_CLOEXEC));
    cr_assert_eq(address_parse(SPAN("127.0.0.1:0"), &address), ADDRESS_OK);
    lent = socket_listen(&address, BACKLOG);
    cr_assert_geq(lent, 0);
    address.port = socket_port(lent);
    here = (struct pool_config){.name = "main", .backlog = BACKLOG, .listen = {&address, 1}};
    nowhere = (struct pool_config){.name = "main", .backlog = BACKLOG};
    house.pool = &here;
    reactor = reactor_new();
}

static void tear_down(void)
{
    listener_close(&listener);
    reactor_free(&reactor);
    inherited_close_rest();
    close(lent);
}

TestSuite(listener, .init = set_up, .fini = tear_down, .timeout = 20);

Test(listener, gives_back_what_is_lent_though_clients_do_not_stop_coming)
{
    struct config_errors errors = {0};

    inherited_add_activated(dup(lent), "main");
    listener = listener_open(reactor, &house, NULL);
    cr_assert_not_null(listener);
    cr_assert(listener_listen(listener, &here, &errors));
    listener_start(listener);
    listener_plan(listener, &nowhere);
    cr_assert(listener_bind(listener, &nowhere, &errors));
    house.pool = &nowhere;
    listener_commit(listener);
    /* As many as can have waited are served. */
    cr_expect_gt(come, BACKLOG);
    cr_expect_lt(come, CROWD);
    cr_expect_eq(atomic_load(&house.rejected_count), come);
}
