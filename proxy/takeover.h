/* takeover.h - the new one's side of an upgrade: asks for the sockets, and takes them over when it
 * can serve.
 *
 *      ask ─> sockets ─> opened, not accepted from ─> cluster known? ─> hooks.open ─> "ready" ─>
 * "done" │ not within upgrade.timeout, a no ──┴──> hooks.failed; the old one goes on
 *
 * An old one that is gone before we are ready cannot go on: then we serve at once, and requests
 * wait for the cluster. Control thread only.
 */
#ifndef PROXY_TAKEOVER_H
#define PROXY_TAKEOVER_H

#include "common/reactor.h"
#include "config/config.h"
#include "proxy/upgrade_text.h"

struct takeover;

enum takeover_result {
    TAKEOVER_NOBODY = 0, /* nobody runs: start as usual */
    TAKEOVER_BEGUN,
    TAKEOVER_FAILED, /* somebody runs, and gives nothing: said in the log */
};

struct takeover_hooks {
    void *context;
    bool (*is_ready)(void *context); /* is the cluster known? Asked often */
    bool (*open)(void *context);     /* accepts clients; false: cannot, as the log says */
    void (*served)(void *context);   /* the old one accepts nobody any more, or is gone */
    void (*failed)(void *context);   /* the old one goes on; also after `open`, if it says so */
};

/* Asks who runs at upgrade.socket, and hands what it gives to inherited.h. Waits for the answer,
 * for upgrade.timeout at most. */
enum takeover_result takeover_begin(const struct config *config,
                                    struct takeover **takeover) MUST_USE;

/* When all is opened: goes on with it on the reactor. Exactly one of `served` and `failed` is
 * called, unless it is freed before. */
void takeover_go_on(struct takeover *takeover, struct reactor *reactor,
                    const struct takeover_hooks *hooks);

/* Is it after `open`, and may the old one go on yet? */
bool takeover_is_undecided(const struct takeover *takeover);

/* What the old one has given. */
const struct upgrade_sockets *takeover_sockets(const struct takeover *takeover);

/* Takes the pointer; NULL inside is fine. */
void takeover_free(struct takeover **takeover);

#endif
