#include "proxy/certificates.h"

#include <stdlib.h>

#include "common/events.h"
#include "common/file_looks.h"
#include "common/log.h"
#include "common/memory.h"
#include "proxy/renewal.h"

struct certificates {
    const struct pool_config *pool;
    struct listener *listener; /* NULL: nobody yet */
    struct tls_context *context;
    struct tls_context *next; /* prepared */
    uint64_t next_looks;
    struct reactor_timer look;
    struct renewal renewal;
};

/* Changes when one of the files does, or another one takes its place. */
static uint64_t look_at(const struct pool_config *pool)
{
    const char *const paths[] = {pool->tls_certificate, pool->tls_key, pool->tls_key_password_file,
                                 pool->tls_ca_file, pool->tls_ca_folder};

    return file_looks(paths, ARRAY_LEN(paths));
}

static void log_fault(const struct pool_config *pool, const struct tls_option_fault *fault)
{
    log_error("TLS files cannot be used", "pool=%s option=%s error=%s expected=%s", pool->name,
              option_rows[fault->option].path, fault->text, fault->expected);
    events_post(EVENT_REFUSED, pool->name, NULL, "TLS files cannot be used: %s, %s",
                option_rows[fault->option].path, fault->text);
}

static void use(struct certificates *certificates, struct tls_context *context, uint64_t looks)
{
    tls_context_release(&certificates->context);
    certificates->context = context;
    renewal_use(&certificates->renewal, looks);
    if (certificates->listener != NULL) {
        listener_use_tls(certificates->listener, context);
    }
}

static void watch(struct certificates *certificates)
{
    uint64_t interval = certificates->pool->tls_watch;

    if (interval > 0) {
        reactor_timer_start(&certificates->look, interval);
    } else {
        reactor_timer_stop(&certificates->look);
    }
}

static void certificates_try(struct certificates *certificates, uint64_t looks)
{
    struct tls_option_fault fault;
    struct tls_context *context = tls_options_context(certificates->pool, &fault);

    if (context != NULL) {
        use(certificates, context, looks);
        log_info("new TLS files are in use", "pool=%s", certificates->pool->name);
        events_post(EVENT_CERTIFICATE, certificates->pool->name, NULL,
                    "new TLS files are in use for clients");
    } else if (renewal_is_news(&certificates->renewal, looks, &fault)) {
        log_fault(certificates->pool, &fault);
    }
}

static void certificates_on_look(struct reactor_timer *timer)
{
    struct certificates *certificates = container_of(timer, struct certificates, look);
    uint64_t looks = look_at(certificates->pool);

    if (renewal_is_due(&certificates->renewal, looks)) {
        certificates_try(certificates, looks);
    }
    watch(certificates);
}

bool certificates_prepare(struct certificates *certificates, const struct pool_config *next,
                          struct config_errors *errors)
{
    struct tls_option_fault fault;

    certificates_undo(certificates);
    certificates->next_looks = look_at(next);
    if (next->tls_listen.count == 0) {
        return true;
    }
    certificates->next = tls_options_context(next, &fault);
    if (certificates->next == NULL) {
        log_fault(next, &fault);
        config_errors_add(errors, option_rows[fault.option].path, "of pool '%s' %s, expected %s",
                          next->name, fault.text, fault.expected);
    }
    return certificates->next != NULL;
}

void certificates_commit(struct certificates *certificates)
{
    struct tls_context *next = certificates->next;

    certificates->next = NULL;
    if (next != NULL) {
        use(certificates, next, certificates->next_looks);
        watch(certificates);
    } else {
        tls_context_release(&certificates->context);
        reactor_timer_stop(&certificates->look);
    }
}

void certificates_undo(struct certificates *certificates)
{
    tls_context_release(&certificates->next);
}

struct certificates *certificates_new(struct reactor *reactor, const struct pool_config *pool)
{
    struct certificates *certificates = memory_new(1, sizeof *certificates);
    struct config_errors errors = {0};

    certificates->pool = pool;
    reactor_timer_init(&certificates->look, reactor, certificates_on_look);
    if (certificates_prepare(certificates, pool, &errors)) {
        certificates_commit(certificates);
    } else {
        certificates_free(&certificates);
    }
    config_errors_clear(&errors);
    return certificates;
}

void certificates_free(struct certificates **certificates)
{
    struct certificates *gone = *certificates;

    *certificates = NULL;
    if (gone != NULL) {
        reactor_timer_stop(&gone->look);
        certificates_undo(gone);
        tls_context_release(&gone->context);
        free(gone);
    }
}

struct tls_context *certificates_context(const struct certificates *certificates)
{
    return certificates->context;
}

void certificates_serve(struct certificates *certificates, struct listener *listener)
{
    certificates->listener = listener;
}
