#include "proxy/downstream/farewell.h"

#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "common/socket.h"
#include "proxy/downstream/encrypted.h"

enum {
    PATIENCE_US = US_PER_SECOND, /* for the peer to hear that this is the end */
    IGNORED_BYTES = 16 * 1024,
    READS_PER_TURN = 16, /* a peer that never stops sending must not keep the others waiting */
};

/* Bytes that the peer's kernel has not acknowledged. */
static int bytes_untaken(int fd)
{
    int count = 0;

    return ioctl(fd, SIOCOUTQ, &count) == 0 ? count : 0;
}

void farewell_prepare(const struct client *client)
{
    socket_cork(client_fd(client));
}

bool farewell_is_easy(const struct client *client)
{
    return bytes_untaken(client_fd(client)) == 0 && socket_unread(client_fd(client)) == 0;
}

static void on_ignored(struct ev_loop *loop UNUSED, ev_io *watcher, int events UNUSED)
{
    struct client *client = container_of(watcher, struct client, watcher);
    char ignored[IGNORED_BYTES];
    size_t count = 0;

    for (int i = 0; i < READS_PER_TURN; i++) {
        switch (socket_read(client_fd(client), ignored, sizeof ignored, &count)) {
        case SOCKET_OK: break;
        case SOCKET_AGAIN: return;
        case SOCKET_EOF:
        case SOCKET_ERROR: client_close(client, client->close_reason); return;
        }
    }
}

void farewell_begin(struct client *client)
{
    inbound_clear(&client->inbound);
    if (client->session.is_encrypted) {
        encrypted_say_goodbye(client);
    }
    shutdown(client_fd(client), SHUT_WR);
    ev_set_cb(&client->watcher, on_ignored);
    ev_io_set(&client->watcher, client_fd(client), EV_READ);
    ev_io_start(client->clients->reactor->loop, &client->watcher);
}

bool farewell_is_over(const struct client *client, uint64_t now)
{
    return bytes_untaken(client_fd(client)) == 0 &&
           client->session.extras->draining_since + PATIENCE_US < now;
}
