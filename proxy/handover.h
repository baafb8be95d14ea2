/* handover.h - the old one's side of an upgrade: waits for a successor and gives it the sockets.
 *
 *      IDLE ─ a successor connects ─> ASKED ─ "take" ─> GIVEN ─ "ready" ─> hooks.replaced, "done"
 * ─> OVER ^                              │ 2 s             │ upgrade.timeout, and a little └──────
 * nonsense, gone, late ──┴─────────────────┘ nothing has happened
 *
 * One successor at a time; the next one waits in the kernel's queue. Until it is ready, it has only
 * duplicates of sockets that it does not accept from, so it may fail at any moment and nobody
 * notices. Who may ask is who may read our memory anyway: our user, and root. Control thread only.
 */
#ifndef PROXY_HANDOVER_H
#define PROXY_HANDOVER_H

#include "common/reactor.h"
#include "config/config.h"
#include "proxy/upgrade_text.h"

struct handover;

struct handover_hooks {
    void *context;
    /* Appends the sockets that are listened at. */
    void (*list)(void *context, struct upgrade_sockets *sockets);
    /* The successor serves. `taken` has '1' for each of `sockets` that it listens at. */
    void (*replaced)(void *context, pid_t successor, const struct upgrade_sockets *sockets,
                     const char *taken);
};

/* Listens at upgrade.socket, on an inherited socket if there is one. NULL, with the reason logged,
 * when that cannot be. Nobody is answered before handover_start. */
struct handover *handover_new(struct reactor *reactor, const struct config *config,
                              const struct handover_hooks *hooks) MUST_USE;
void handover_start(struct handover *handover);

/* Has a successor got the sockets, and not said yet that it serves? */
bool handover_is_given(const struct handover *handover);

/* The file stays when it listens no more: somebody else does. */
void handover_spare_file(struct handover *handover);

/* Listens no more; the file goes unless a successor has it. Takes the pointer. */
void handover_free(struct handover **handover);

#endif
