#include "tests/support/tls_peer.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "common/check.h"
#include "common/memory.h"

struct tls_peer {
    int fd;
    SSL_CTX *context;
    SSL *openssl;
    BIO *said; /* belongs to `openssl` */
};

static SSL_CTX *context_of(enum tls_kind kind, struct pki *pki)
{
    SSL_CTX *context = SSL_CTX_new(kind == TLS_SERVER ? TLS_server_method() : TLS_client_method());

    CHECK(context != NULL);
    if (kind == TLS_SERVER) {
        const char *chain = pki_path(pki, "server.pem");
        const char *key = pki_path(pki, "server.key");

        CHECK(SSL_CTX_use_certificate_chain_file(context, chain) == 1);
        CHECK(SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) == 1);
    }
    return context;
}

struct tls_peer *tls_peer_new(enum tls_kind kind, int fd, struct pki *pki)
{
    struct tls_peer *peer = memory_new(1, sizeof *peer);
    BIO *heard = BIO_new_socket(fd, BIO_NOCLOSE);

    peer->fd = fd;
    peer->context = context_of(kind, pki);
    peer->openssl = SSL_new(peer->context);
    peer->said = BIO_new(BIO_s_mem());
    CHECK(peer->openssl != NULL && peer->said != NULL && heard != NULL);
    SSL_set_bio(peer->openssl, heard, peer->said);
    if (kind == TLS_SERVER) {
        SSL_set_accept_state(peer->openssl);
    } else {
        SSL_set_connect_state(peer->openssl);
    }
    return peer;
}

void tls_peer_free(struct tls_peer **peer)
{
    struct tls_peer *gone = *peer;

    *peer = NULL;
    if (gone != NULL) {
        SSL_free(gone->openssl);
        SSL_CTX_free(gone->context);
        free(gone);
    }
}

bool tls_peer_shake_hands(struct tls_peer *peer)
{
    int code = SSL_do_handshake(peer->openssl);

    CHECK(code == 1 || SSL_get_error(peer->openssl, code) == SSL_ERROR_WANT_READ);
    ERR_clear_error();
    (void)tls_peer_send(peer);
    return code == 1;
}

void tls_peer_say(struct tls_peer *peer, struct span bytes)
{
    size_t sealed = 0;

    CHECK(SSL_write_ex(peer->openssl, bytes.at, bytes.size, &sealed) == 1);
    CHECK(sealed == bytes.size);
}

void tls_peer_change_keys(struct tls_peer *peer, size_t times, enum tls_peer_wish wish)
{
    int type =
        wish == TLS_PEER_WANTS_THE_SAME ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED;

    for (size_t i = 0; i < times; i++) {
        CHECK(SSL_key_update(peer->openssl, type) == 1);
        CHECK(SSL_do_handshake(peer->openssl) == 1);
    }
}

void tls_peer_give_tickets(struct tls_peer *peer, size_t times)
{
    for (size_t i = 0; i < times; i++) {
        CHECK(SSL_new_session_ticket(peer->openssl) == 1);
        CHECK(SSL_do_handshake(peer->openssl) == 1);
    }
}

size_t tls_peer_take(struct tls_peer *peer, char *to, size_t room)
{
    size_t size = 0;

    (void)BIO_read_ex(peer->said, to, room, &size);
    return size;
}

bool tls_peer_hear(struct tls_peer *peer, char *to, size_t room, size_t *size)
{
    int code = SSL_read_ex(peer->openssl, to, room, size);
    bool is_there = code == 1 || SSL_get_error(peer->openssl, code) == SSL_ERROR_WANT_READ;

    *size = code == 1 ? *size : 0;
    ERR_clear_error();
    return is_there;
}

static void drop(BIO *bytes, size_t size)
{
    char scratch[4096];

    while (size > 0) {
        size_t dropped = 0;

        CHECK(BIO_read_ex(bytes, scratch, size_min(size, sizeof scratch), &dropped) == 1);
        size -= dropped;
    }
}

bool tls_peer_send(struct tls_peer *peer)
{
    char *bytes = NULL;
    long size;

    while ((size = BIO_get_mem_data(peer->said, &bytes)) > 0) {
        ssize_t sent = send(peer->fd, bytes, (size_t)size, MSG_NOSIGNAL);

        if (sent <= 0) {
            return false;
        }
        drop(peer->said, (size_t)sent);
    }
    return true;
}
