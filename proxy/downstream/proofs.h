/* proofs.h - questions to nodes about who a client is that take a connection of their own.
 *
 *      wanted ──> free place ──────────────> on_turn ──> proof_end
 *         │                                     ^
 *         └─────> in line ── its turn ──────────┘
 *                    └────── too late ──> on_late
 *
 * Who has said AUTH is nobody yet, and each takes a connection: so there is an end to how many are
 * under way at once, and the others wait for their turn as long as they may. Worker's thread only.
 */
#ifndef PROXY_DOWNSTREAM_PROOFS_H
#define PROXY_DOWNSTREAM_PROOFS_H

#include "common/list.h"
#include "common/reactor.h"

enum { PROOFS_MAX = 64 }; /* of a worker */

struct proofs;

enum proof_state { PROOF_NONE, PROOF_IN_LINE, PROOF_ASKED };

/* Zeroed is none. */
struct proof {
    enum proof_state state;
    struct list_link in_line;
    uint64_t latest; /* in line: no turn after this */
};

struct proofs {
    /* It may be asked. May end it, when there is nothing to ask by now. */
    void (*on_turn)(struct proof *proof);
    /* It may not, and is none any more: nobody had time for it. */
    void (*on_late)(struct proof *proof);
    uint32_t asked;
    struct list line; /* struct proof, who came first first */
    struct reactor *reactor;
    struct reactor_timer turn;
};

void proofs_init(struct proofs *proofs, struct reactor *reactor, void (*on_turn)(struct proof *),
                 void (*on_late)(struct proof *));

/* There are none any more. */
void proofs_clear(struct proofs *proofs);

/* Calls on_turn before it returns if there is a place; otherwise on_turn or on_late from the loop.
 * `latest` in us of the reactor's clock. */
void proofs_want(struct proofs *proofs, struct proof *proof, uint64_t latest);

/* Whatever its state is. Somebody else may have the place, in the next turn of the loop: thousands
 * may be in line. */
void proof_end(struct proofs *proofs, struct proof *proof);

#endif
