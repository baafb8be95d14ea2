/* inquiry.h - one question of the control thread to all workers, one answer, and nobody waits.
 *
 *      control ──> look in worker 0 ──┐
 *             ├──> look in worker 1 ──┼──> home, one by one ──> the last one, or the deadline:
 *             └──> look in worker 2 ──┘                         answer(findings)
 *
 * Each worker looks in its own thread and returns what it has found, memory of the allocator's,
 * which then belongs to the control thread. A worker that is stuck, or has ended, is missing in the
 * answer; what it finds later is dropped. All but `look` runs on the control thread.
 */
#ifndef PROXY_INQUIRY_H
#define PROXY_INQUIRY_H

#include "common/reactor.h"
#include "proxy/worker.h"

struct inquiry;

/* What a worker may be asked. */
struct inquiry_question {
    const struct inquiry_kind *kind;
    union {
        void *pointer; /* whatever `look` must know, which outlives the workers; or else */
        struct {
            size_t pool;
            uint64_t after;
            size_t most;
            int which;
            bool shows_keys;
        } page; /* a part of a list of that pool's */
    } terms;
};

/* By worker; NULL for one that has not answered in time. Lent. */
struct inquiry_findings {
    void *const *by_worker;
    size_t worker_count;
    size_t answered; /* how many of them */
};

struct inquiry_kind {
    void *(*look)(struct worker *worker, const struct inquiry_question *question); /* its thread */
    void (*drop)(void *finding); /* frees it; any thread */
    /* Once, unless the inquiry is given up first. */
    void (*answer)(void *asker, const struct inquiry_question *question,
                   const struct inquiry_findings *findings);
};

/* Whom to ask, and where the findings come home to. Borrowed. */
struct inquiry_site {
    struct reactor *reactor; /* the control thread's, and its mailbox */
    struct mailbox *mailbox;
    struct worker **workers;
    size_t worker_count;
};

/* Asks; `answer` is never called before this returns. */
struct inquiry *inquiry_start(const struct inquiry_site *site,
                              const struct inquiry_question *question, void *asker) MUST_USE;

/* The asker is gone, or has its answer: nobody may give up an inquiry that was answered. */
void inquiry_give_up(struct inquiry **inquiry);

#endif
