#include "proxy/downstream/encrypted.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/log.h"
#include "common/memory.h"
#include "config/tls_options.h"
#include "proxy/downstream/client_line.h"
#include "proxy/downstream/client_watch.h"
#include "proxy/downstream/login.h"

static struct encrypted *encrypted_of(const struct client *client)
{
    CHECK(client->session.is_encrypted);
    return client->session.extras->encrypted;
}

/* What stands in the certificate was verified, so it is as good as a password. */
static void log_in_by_name(struct client *client, const char *name)
{
    if (!session_login_as(client, span_of(name))) {
        log_debug("a certificate is for no user", "client=%" PRIu64 " name=%s", client->session.id,
                  name);
    }
}

static void note_ready(struct client *client, const struct tls *tls)
{
    struct metrics *metrics = client->clients->metrics;

    client->session.last_active = reactor_now(client->clients->reactor);
    metric_add(&metrics->downstream_tls_handshakes_total, 1);
    metric_add(&metrics->downstream_tls_resumed_total, tls_is_resumed(tls) ? 1 : 0);
    log_debug("TLS", "client=%" PRIu64 " version=%s cipher=%s resumed=%d", client->session.id,
              tls_version(tls), tls_cipher(tls), tls_is_resumed(tls));
    if (tls_options_log_in(client->clients->config)) {
        char *name = tls_peer_name(tls);

        if (name != NULL) {
            log_in_by_name(client, name);
        }
        free(name);
    }
}

static void note_failed(const struct client *client, const char *reason)
{
    const struct clients *clients = client->clients;
    struct client_ends ends;

    client_ends_of(client, &ends);
    metric_add(&clients->metrics->downstream_tls_handshake_failures_total, 1);
    log_warn("TLS handshake with a client failed", "pool=%s address=%s reason=%s",
             clients->config->name, ends.peer, reason);
}

/* It is told why by an alert, which must not be lost by closing on what it has sent meanwhile.
 * Those who look whether somebody listens here, and close without a word, are no failures. */
static void end_failed(struct client *client, const struct tls *tls)
{
    if (!tls_has_heard(tls)) {
        client_finish(client, CLOSE_PEER_CLOSED);
        return;
    }
    note_failed(client, tls_problem(tls));
    client_finish(client, CLOSE_TLS_FAILED);
}

static void encrypted_read(struct client *client)
{
    struct encrypted *encrypted = encrypted_of(client);
    struct tls *tls = encrypted->tls;
    bool was_ready = tls_is_ready(tls);
    size_t received = 0;
    enum socket_result result = intake_read_tls(client->clients->intake, &client->inbound, tls,
                                                client->scan.need, &received);

    if (unlikely(!was_ready && tls_is_ready(tls))) {
        note_ready(client, tls);
    }
    if (unlikely(result == SOCKET_ERROR && !tls_is_ready(tls))) {
        end_failed(client, tls);
        return;
    }
    client_take(client, result, received);
    if (client->state != CLIENT_CLOSED) {
        encrypted_read_on(client);
    }
}

static bool waits_for_room(const struct client *client)
{
    return client->state == CLIENT_READING && encrypted_of(client)->reads_on_room;
}

static bool is_read(const struct client *client)
{
    return waits_for_room(client) ||
           (client->state == CLIENT_READING && (client_watched(client) & EV_READ) != 0);
}

/* Watched for nothing else until then: what the client sends meanwhile would keep the thread busy.
 */
static void read_when_there_is_room(struct client *client)
{
    encrypted_of(client)->reads_on_room = true;
    client_watch(client, EV_WRITE);
}

static void on_turn(struct turn_task *task)
{
    struct client *client = container_of(task, struct encrypted, read_on)->client;

    if (is_read(client)) {
        encrypted_read(client);
    }
}

void encrypted_read_on(struct client *client)
{
    struct encrypted *encrypted = encrypted_of(client);

    if (!is_read(client)) {
        return;
    }
    if (tls_read_awaits(encrypted->tls) == TLS_AWAITS_WRITABLE) {
        read_when_there_is_room(client);
    } else if (tls_has_more(encrypted->tls)) {
        reactor_next_turn(client->clients->reactor, &encrypted->read_on);
    }
}

static void on_ready(struct ev_loop *loop UNUSED, ev_io *watcher, int events)
{
    struct client *client = container_of(watcher, struct client, watcher);
    struct encrypted *encrypted = encrypted_of(client);
    bool writes_on =
        (events & EV_WRITE) != 0 || tls_write_awaits(encrypted->tls) == TLS_AWAITS_READABLE;
    bool reads_on = (events & EV_READ) != 0 || encrypted->reads_on_room;

    if (writes_on) {
        reactor_flush_later(client->clients->reactor, &client->flush);
    }
    if (reads_on && is_read(client)) {
        encrypted->reads_on_room = false;
        client_watch_for(client, EV_READ);
        encrypted_read(client);
    }
}

enum sendq_result encrypted_write(struct client *client, size_t *sent)
{
    struct tls *tls = encrypted_of(client)->tls;
    enum sendq_result result = sendq_write_tls(&client->output, tls, sent);

    switch (result) {
    case SENDQ_OK: return waits_for_room(client) ? SENDQ_PARTLY : SENDQ_OK;
    case SENDQ_PARTLY:
        return tls_write_awaits(tls) == TLS_AWAITS_WRITABLE ? SENDQ_PARTLY : SENDQ_OK;
    case SENDQ_ERROR: return SENDQ_ERROR;
    }
    return SENDQ_ERROR;
}

void encrypted_open(struct client *client, struct tls_context *context)
{
    struct encrypted *encrypted = memory_new(1, sizeof *encrypted);

    encrypted->client = client;
    encrypted->tls = tls_accept(context, client_fd(client));
    encrypted->read_on.run = on_turn;
    session_extras(&client->session)->encrypted = encrypted;
    client->session.is_encrypted = true;
    ev_set_cb(&client->watcher, on_ready);
}

void encrypted_close(struct client *client)
{
    struct encrypted *encrypted = encrypted_of(client);

    client->session.is_encrypted = false;
    client->session.extras->encrypted = NULL;
    reactor_forget(&encrypted->read_on);
    tls_free(&encrypted->tls);
    free(encrypted);
}

void encrypted_say_goodbye(struct client *client)
{
    tls_say_goodbye(encrypted_of(client)->tls);
}

static bool encrypted_has_unread(const struct client *client)
{
    const struct tls *tls = encrypted_of(client)->tls;

    return !tls_is_ready(tls) || tls_has_unread(tls);
}

bool client_has_unread(const struct client *client)
{
    return (client->session.is_encrypted && encrypted_has_unread(client)) ||
           socket_unread(client_fd(client)) > 0;
}

/* When it came is known to the second. */
bool encrypted_is_late(const struct client *client, uint64_t now)
{
    uint64_t created = (client->session.created_s + 1ULL) * US_PER_SECOND;

    return !tls_is_ready(encrypted_of(client)->tls) &&
           created + client->clients->config->timeout_handshake < now;
}

void encrypted_close_late(struct client *client)
{
    note_failed(client, "it took too long");
    client_close(client, CLOSE_TLS_SLOW);
}
