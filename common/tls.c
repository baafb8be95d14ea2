#include "common/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "common/check.h"
#include "common/memory.h"
#include "common/tls_parts.h"

struct tls {
    SSL *openssl;
    struct tls_context *context;
    struct tls_memory *memory;
    char *problem; /* NULL: none yet */
    enum tls_awaited read_awaits;
    enum tls_awaited write_awaits;
    bool is_ready;
    bool is_broken; /* OpenSSL is not to be called again */
    bool is_cut;    /* nothing can be sent any more; what has come can be read */
    int error;      /* errno of what broke or cut it */
    bool has_more;
    size_t unfinished;      /* bytes that tls_write was SOCKET_AGAIN for; 0: none */
    struct tls_share share; /* of the call that is under way */
};

static struct tls *tls_new(struct tls_context *context, int fd)
{
    struct tls *tls = memory_new(1, sizeof *tls);

    tls->context = tls_context_take(context);
    tls->openssl = SSL_new(context->openssl);
    CHECK(tls->openssl != NULL);
    CHECK(SSL_set_fd(tls->openssl, fd) == 1);
    CHECK(SSL_set_app_data(tls->openssl, tls) == 1);
    tls_share_watch(&tls->share, tls->openssl);
    return tls;
}

struct tls *tls_accept(struct tls_context *context, int fd)
{
    CHECK(context->kind == TLS_SERVER);

    struct tls *tls = tls_new(context, fd);

    SSL_set_accept_state(tls->openssl);
    return tls;
}

static bool is_ip_address(const char *name)
{
    unsigned char bytes[sizeof(struct in6_addr)];

    return inet_pton(AF_INET, name, bytes) == 1 || inet_pton(AF_INET6, name, bytes) == 1;
}

static void expect_name(SSL *openssl, const char *expected)
{
    X509_VERIFY_PARAM *rules = SSL_get0_param(openssl);

    X509_VERIFY_PARAM_set_hostflags(rules, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    CHECK(is_ip_address(expected) ? X509_VERIFY_PARAM_set1_ip_asc(rules, expected) == 1
                                  : X509_VERIFY_PARAM_set1_host(rules, expected, 0) == 1);
}

/* A session of another context could be gone on with although its peer is not trusted any more. */
static void recall(struct tls *tls, struct tls_memory *memory)
{
    if (memory->context_id != tls->context->id) {
        tls_memory_clear(memory);
        memory->context_id = tls->context->id;
    }
    if (memory->session != NULL) {
        (void)SSL_set_session(tls->openssl, memory->session);
    }
    tls->memory = memory;
}

struct tls *tls_connect(struct tls_context *context, int fd, const struct tls_server *server)
{
    CHECK(context->kind == TLS_CLIENT);

    struct tls *tls = tls_new(context, fd);

    if (server->name != NULL && !is_ip_address(server->name)) {
        (void)SSL_set_tlsext_host_name(tls->openssl, server->name);
    }
    if (server->expected != NULL && context->verify != TLS_VERIFY_NONE) {
        expect_name(tls->openssl, server->expected);
    }
    if (server->memory != NULL) {
        recall(tls, server->memory);
    }
    SSL_set_connect_state(tls->openssl);
    return tls;
}

int tls_on_new_session(SSL *openssl, SSL_SESSION *session)
{
    const struct tls *tls = SSL_get_app_data(openssl);

    /* The memory may be a newer context's by now. */
    if (tls->memory == NULL || tls->memory->context_id != tls->context->id) {
        return 0;
    }
    SSL_SESSION_free(tls->memory->session);
    tls->memory->session = session;
    return 1;
}

void tls_memory_clear(struct tls_memory *memory)
{
    SSL_SESSION_free(memory->session);
    *memory = (struct tls_memory){.session = NULL};
}

static bool is_alert_of_peer(unsigned long error)
{
    return ERR_GET_LIB(error) == ERR_LIB_SSL && ERR_GET_REASON(error) > SSL_AD_REASON_OFFSET;
}

static char *words_of_ssl_error(const struct tls *tls, int reason)
{
    switch (reason) {
    case SSL_R_HTTP_REQUEST:
    case SSL_R_HTTPS_PROXY_REQUEST: return memory_print("the peer speaks HTTP without TLS");
    case SSL_R_WRONG_VERSION_NUMBER:
        return memory_print(tls->is_ready ? "a record is damaged" : "the peer speaks no TLS");
    case SSL_R_UNSUPPORTED_PROTOCOL:
        return memory_print("the peer speaks no version of TLS that is allowed here");
    case SSL_R_NO_SHARED_CIPHER:
        return memory_print("the peer knows no cipher that is allowed here");
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
        return memory_print("the peer has shown no certificate");
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
        return memory_print("the peer's certificate is not accepted: %s",
                            X509_verify_cert_error_string(SSL_get_verify_result(tls->openssl)));
    default: return memory_print("%s", tls_openssl_words());
    }
}

static char *words_of_error(const struct tls *tls)
{
    unsigned long error = ERR_peek_error();

    if (is_alert_of_peer(error)) {
        return memory_print("the peer refuses: %s", tls_openssl_words());
    }
    return ERR_GET_LIB(error) == ERR_LIB_SSL ? words_of_ssl_error(tls, ERR_GET_REASON(error))
                                             : memory_print("%s", tls_openssl_words());
}

/* Takes `words`, which tell why. */
static enum socket_result tls_break(struct tls *tls, char *words, int error)
{
    tls->is_broken = true;
    tls->error = error;
    free(tls->problem);
    tls->problem = words;
    ERR_clear_error();
    errno = error;
    return SOCKET_ERROR;
}

static enum socket_result tls_break_by_socket(struct tls *tls, int error)
{
    const char *where = tls->is_ready ? "" : " during the handshake";

    return tls_break(tls, memory_print("%s%s", strerror(error), where), error);
}

static enum socket_result tls_end(struct tls *tls)
{
    if (tls->is_ready) {
        tls->has_more = true;
        return SOCKET_EOF;
    }
    return tls_break(tls, memory_print("the peer closed during the handshake"), EPROTO);
}

/* What OpenSSL's `code`, which is no success, means; `error` is errno as it left it. */
static enum socket_result tls_result(struct tls *tls, int code, int error, enum tls_awaited *awaits)
{
    switch (SSL_get_error(tls->openssl, code)) {
    case SSL_ERROR_WANT_READ: *awaits = TLS_AWAITS_READABLE; return SOCKET_AGAIN;
    case SSL_ERROR_WANT_WRITE: *awaits = TLS_AWAITS_WRITABLE; return SOCKET_AGAIN;
    case SSL_ERROR_ZERO_RETURN: return tls_end(tls);
    case SSL_ERROR_SYSCALL: return error == 0 ? tls_end(tls) : tls_break_by_socket(tls, error);
    default: return tls_break(tls, words_of_error(tls), EPROTO);
    }
}

/* A KeyUpdate is a handshake again for a moment: who was ready stays so. */
static void tls_look_whether_ready(struct tls *tls)
{
    tls->is_ready = tls->is_ready || SSL_is_init_finished(tls->openssl) == 1;
}

static enum socket_result tls_still_broken(const struct tls *tls)
{
    errno = tls->error;
    return SOCKET_ERROR;
}

/* What the next call leaves of errors is its own. */
static void forget_errors(void)
{
    ERR_clear_error();
    errno = 0;
}

static void tls_begin(struct tls *tls)
{
    tls->share = (struct tls_share){.taken = 0};
    forget_errors();
}

enum socket_result tls_handshake(struct tls *tls)
{
    tls->read_awaits = TLS_AWAITS_NOTHING;
    tls->write_awaits = TLS_AWAITS_NOTHING;
    if (tls->is_broken) {
        return tls_still_broken(tls);
    }
    tls_begin(tls);

    int code = SSL_do_handshake(tls->openssl);

    if (code == 1) {
        tls->is_ready = true;
        return SOCKET_OK;
    }

    enum socket_result result = tls_result(tls, code, errno, &tls->read_awaits);

    tls->write_awaits = tls->read_awaits;
    return result;
}

/* Reads what one record has, or the rest of it. */
static enum socket_result tls_read_once(struct tls *tls, char *to, size_t room, size_t *count)
{
    forget_errors();

    int code = SSL_read_ex(tls->openssl, to, room, count);
    int error = errno;

    tls_look_whether_ready(tls);
    if (unlikely(tls_share_has_flood(&tls->share))) {
        return tls_break(tls, memory_print("the peer changes its keys all the time"), EPROTO);
    }
    if (unlikely(code != 1)) {
        return tls_result(tls, code, error, &tls->read_awaits);
    }
    tls->is_ready = true;
    return SOCKET_OK;
}

/* What was read before the end comes first; an end, or a failure, comes again. */
static enum socket_result tls_read_end(struct tls *tls, enum socket_result result, size_t size)
{
    if (size == 0) {
        return result;
    }
    tls->has_more = result != SOCKET_AGAIN;
    return SOCKET_OK;
}

enum socket_result tls_read(struct tls *tls, char *to, size_t room, size_t *size)
{
    CHECK(room > 0);
    *size = 0;
    tls->read_awaits = TLS_AWAITS_NOTHING;
    if (unlikely(tls->is_broken)) {
        return tls_still_broken(tls);
    }
    tls->has_more = false;
    tls_begin(tls);
    do {
        size_t count = 0;
        enum socket_result result = tls_read_once(tls, to + *size, room - *size, &count);

        if (result != SOCKET_OK) {
            return tls_read_end(tls, result, *size);
        }
        *size += count;
    } while (*size < room && SSL_has_pending(tls->openssl) == 1);

    tls->has_more = SSL_has_pending(tls->openssl) == 1;
    return SOCKET_OK;
}

/* A peer that has gone leaves behind what it said before. */
static enum socket_result tls_cut(struct tls *tls)
{
    if (tls->is_ready && tls->error != EPROTO) {
        tls->is_broken = false;
        tls->is_cut = true;
    }
    return tls_still_broken(tls);
}

static enum socket_result tls_write_end(struct tls *tls, int code, int error, size_t offered)
{
    enum socket_result result = tls_result(tls, code, error, &tls->write_awaits);

    if (result == SOCKET_EOF) {
        result = tls_break_by_socket(tls, EPIPE);
    }
    if (result == SOCKET_AGAIN) {
        tls->unfinished = offered;
    }
    return result == SOCKET_ERROR ? tls_cut(tls) : result;
}

/* Behind a record that waited OpenSSL would seal what else it is offered, and tell of neither when
 * that one has to wait: so it is offered nothing else. */
enum socket_result tls_write(struct tls *tls, const char *from, size_t size, size_t *sent)
{
    size_t offered = tls->unfinished != 0 ? tls->unfinished : size_min(size, TLS_RECORD_MAX);

    CHECK(size > 0);
    *sent = 0;
    tls->write_awaits = TLS_AWAITS_NOTHING;
    if (unlikely(tls->is_broken || tls->is_cut)) {
        return tls_still_broken(tls);
    }
    CHECK(size >= offered);
    tls->unfinished = 0;
    tls_begin(tls);

    int code = SSL_write_ex(tls->openssl, from, offered, sent);
    int error = errno;

    tls_look_whether_ready(tls);
    if (likely(code == 1)) {
        return SOCKET_OK;
    }
    *sent = 0;
    return tls_write_end(tls, code, error, offered);
}

/* Not behind a record that is cut: nobody could read it. */
void tls_say_goodbye(struct tls *tls)
{
    bool is_said = (SSL_get_shutdown(tls->openssl) & SSL_SENT_SHUTDOWN) != 0;

    if (tls->is_ready && !tls->is_broken && !tls->is_cut && !is_said &&
        tls->write_awaits == TLS_AWAITS_NOTHING) {
        (void)SSL_shutdown(tls->openssl);
        ERR_clear_error();
    }
}

void tls_free(struct tls **tls)
{
    struct tls *gone = *tls;

    *tls = NULL;
    if (gone == NULL) {
        return;
    }
    tls_say_goodbye(gone);
    SSL_free(gone->openssl);
    tls_context_release(&gone->context);
    free(gone->problem);
    free(gone);
}

bool tls_is_ready(const struct tls *tls)
{
    return tls->is_ready;
}

bool tls_has_heard(const struct tls *tls)
{
    return BIO_number_read(SSL_get_rbio(tls->openssl)) > 0;
}

bool tls_has_more(const struct tls *tls)
{
    return tls->has_more;
}

/* The head of a record, and nothing behind it, is not among what OpenSSL says is pending: only its
 * state tells that it reads the body next. */
bool tls_has_unread(const struct tls *tls)
{
    return tls->has_more || SSL_has_pending(tls->openssl) == 1 ||
           strcmp(SSL_rstate_string(tls->openssl), "RB") == 0;
}

enum tls_awaited tls_read_awaits(const struct tls *tls)
{
    return tls->read_awaits;
}

enum tls_awaited tls_write_awaits(const struct tls *tls)
{
    return tls->write_awaits;
}

const char *tls_problem(const struct tls *tls)
{
    return tls->problem == NULL ? "" : tls->problem;
}

const char *tls_version(const struct tls *tls)
{
    return SSL_get_version(tls->openssl);
}

const char *tls_cipher(const struct tls *tls)
{
    return SSL_get_cipher_name(tls->openssl);
}

bool tls_is_resumed(const struct tls *tls)
{
    return SSL_session_reused(tls->openssl) == 1;
}

/* NULL when there is none, or more than one: then nobody can tell which is meant. */
static const ASN1_STRING *common_name(const X509 *certificate)
{
    const X509_NAME *subject = X509_get_subject_name(certificate);
    int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);

    if (at < 0 || X509_NAME_get_index_by_NID(subject, NID_commonName, at) >= 0) {
        return NULL;
    }
    return X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at));
}

char *tls_peer_name(const struct tls *tls)
{
    const X509 *certificate = SSL_get0_peer_certificate(tls->openssl);
    unsigned char *bytes = NULL;
    char *name = NULL;

    if (certificate == NULL || tls->context->verify == TLS_VERIFY_NONE ||
        SSL_get_verify_result(tls->openssl) != X509_V_OK) {
        return NULL;
    }

    const ASN1_STRING *found = common_name(certificate);
    int size = found == NULL ? -1 : ASN1_STRING_to_UTF8(&bytes, found);

    if (size > 0 && memchr(bytes, '\0', (size_t)size) == NULL) {
        name = memory_copy(bytes, (size_t)size);
    }
    OPENSSL_free(bytes);
    ERR_clear_error();
    return name;
}
