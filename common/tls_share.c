#include "common/tls_parts.h"

enum {
    BYTES_MAX = 64 * 1024, /* as much as others can wait for */
    KEY_CHANGES_MAX = 32,  /* each costs more than a record, and nobody needs as many at a time */
};

bool tls_share_has_flood(const struct tls_share *share)
{
    return share->key_changes > KEY_CHANGES_MAX;
}

static bool is_taken(const struct tls_share *share)
{
    return share->taken >= BYTES_MAX || tls_share_has_flood(share);
}

/* lint: the parameters are OpenSSL's */
static long on_socket(BIO *socket, int operation, const char *bytes UNUSED, size_t size UNUSED,
                      int command UNUSED, long argument UNUSED, int result, size_t *count)
{
    struct tls_share *share = (struct tls_share *)(void *)BIO_get_callback_arg(socket);

    if (operation == BIO_CB_READ && is_taken(share)) {
        BIO_clear_retry_flags(socket);
        BIO_set_retry_read(socket);
        return -1;
    }
    if (operation == (BIO_CB_READ | BIO_CB_RETURN) && result > 0) {
        share->taken += *count;
    }
    return result;
}

/* lint: the parameters are OpenSSL's */
static void on_message(int is_sent, int version UNUSED, int type, const void *bytes, size_t size,
                       SSL *openssl UNUSED, void *share)
{
    const unsigned char *kind = bytes;

    if (is_sent == 0 && type == SSL3_RT_HANDSHAKE && size > 0 && *kind == SSL3_MT_KEY_UPDATE) {
        ((struct tls_share *)share)->key_changes++;
    }
}

void tls_share_watch(struct tls_share *share, SSL *openssl)
{
    BIO *socket = SSL_get_rbio(openssl);

    BIO_set_callback_ex(socket, on_socket);
    BIO_set_callback_arg(socket, (char *)share);
    SSL_set_msg_callback(openssl, on_message);
    SSL_set_msg_callback_arg(openssl, share);
}
