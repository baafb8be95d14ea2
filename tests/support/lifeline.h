/* lifeline.h - something that is done when this process ends, however that comes, also when it is
 * killed with its group and with all of its children, as a test is that takes too long.
 *
 *      this process ══ lifeline ══> guardian: nobody's child, in a session of its own
 *              ends, or cuts it ──> acts, and ends
 */
#ifndef TESTS_SUPPORT_LIFELINE_H
#define TESTS_SUPPORT_LIFELINE_H

struct lifeline {
    int held;  /* while it is open the guardian waits */
    int ended; /* at its end the guardian has acted */
};

/* In the guardian, which has no other descriptors than the standard ones. */
typedef void lifeline_act(const void *context);

/* `context` is for it what it is now, whatever becomes of it here. */
struct lifeline lifeline_new(lifeline_act *act, const void *context);

/* The guardian acts now; returns when that is done. Nothing, where there is none. */
void lifeline_cut(struct lifeline *lifeline);

#endif
