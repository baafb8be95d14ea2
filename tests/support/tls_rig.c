#include "tests/support/tls_rig.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"

struct pki *tls_rig_pki;
static struct tls_context *context;

void tls_rig_set_up(void)
{
    signal(SIGPIPE, SIG_IGN);
    tls_rig_pki = pki_new();
    pki_make_usual(tls_rig_pki);
}

void tls_rig_clean_up(void)
{
    rig_clean_up();
    tls_context_release(&context);
    pki_free(&tls_rig_pki);
}

/* NULL for the file of nothing. */
static const char *path_of(const char *name, const char *ending)
{
    if (name == NULL) {
        return NULL;
    }

    char *file = memory_print("%s.%s", name, ending);
    const char *path = pki_path(tls_rig_pki, file);

    free(file);
    return path;
}

struct tls_context *tls_rig_context_with(const char *identity, const char *authority,
                                         unsigned protocols)
{
    const struct tls_settings settings = {
        .kind = TLS_CLIENT,
        .verify = TLS_VERIFY_REQUIRED,
        .protocols = protocols,
        .ca_file = path_of(authority, "pem"),
        .certificate = path_of(identity, "pem"),
        .key = path_of(identity, "key"),
    };
    struct tls_fault fault;

    tls_context_release(&context);
    context = tls_context_new(&settings, &fault);
    cr_assert_not_null(context, "%s", fault.text);
    return context;
}

struct tls_context *tls_rig_context(const char *identity)
{
    return tls_rig_context_with(identity, "ca", TLS_PROTOCOLS_ALL);
}

struct rig *tls_rig_start_with(struct rig_options options, const char *more)
{
    const char *watch = strstr(more, "watch:") == NULL ? ", watch: 50ms" : "";
    char *text = memory_print("certificate: \"%s\", key: \"%s\", ca_file: \"%s\"%s%s%s",
                              path_of("server", "pem"), path_of("server", "key"),
                              path_of("ca", "pem"), watch, *more == '\0' ? "" : ", ", more);

    options.tls = text;

    struct rig *rig = rig_start_with(options);

    free(text);
    return rig;
}

struct rig *tls_rig_start(const char *more)
{
    return tls_rig_start_with((struct rig_options){.nodes = 2, .with_store = true}, more);
}
