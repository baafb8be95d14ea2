/* trial.h - all that the judge is given: who said what, what is there in the end, and what happened
 * to the cluster meanwhile.
 *
 * Redis Cluster replicates behind the back of its clients: a primary that is replaced without being
 * asked takes along what it acknowledged shortly before and had not yet handed on. Each such event
 * is a loss. It may take the last writes of its slots, never some from the middle.
 */
#ifndef TESTS_CHAOS_TRIAL_H
#define TESTS_CHAOS_TRIAL_H

#include "tests/chaos/contents.h"

enum {
    SLOT_COUNT = 16384,
    LOSS_REACH_MS = 2000, /* how much earlier than the event an acknowledgement may be lost */
    LOSS_NONE = -1,
};

struct loss {
    uint32_t from_ms;  /* the primary was killed or stopped */
    uint32_t until_ms; /* nobody takes the old primary for one any more */
    uint8_t slots[SLOT_COUNT / 8];
};

/* What the disturbance of the round may do to clients. */
struct permission {
    unsigned answers;     /* a bit for each answer that clients may see besides a reply */
    uint32_t patience_ms; /* CLUSTERDOWN and unanswered reads only after so long; 0: at any time */
    bool may_delay;       /* a write of unknown outcome may take effect late: its node was paused */
    bool may_overtake;    /* a request for several keys of a slot may be overtaken, while these keys
                             move, by later ones that were with a node already */
};

struct trial {
    const struct history *histories;
    size_t count;
    const struct contents *contents;
    const struct loss *losses; /* in the order they happened */
    size_t loss_count;
    struct permission permission;
};

#define ANSWER_BIT(answer) (1u << (answer))

/* May a write acknowledged between these times in `slot` be gone by `loss`? The client read the
 * reply at answered_ms; the node sent it some time since sent_ms. */
bool loss_explains(const struct loss *loss, uint16_t slot, const struct step *step);

/* The first loss from the one at `next` on that explains a write's being gone, or LOSS_NONE. */
int trial_loss_of(const struct trial *trial, int next, uint16_t slot, const struct step *step);

/* May `later`, of the same connection and slot, take effect before `earlier`? */
bool trial_may_overtake(const struct trial *trial, const struct step *later,
                        const struct step *earlier);

/* May `read` have an error although there was time to repeat it? When a connection to a node breaks
 * with a write behind it, of the same connection and slot, which may have been executed: repeated,
 * it would see that write. */
bool trial_may_refuse_read(const struct history *history, const struct step *read);

/* Has any loss touched the slot? */
bool trial_lost_any(const struct trial *trial, uint16_t slot);

#endif
