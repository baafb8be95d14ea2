#include "proxy/inquiry.h"

#include <stdlib.h>

#include "common/check.h"
#include "common/memory.h"

/* One that is busy with something large gets on within a fraction of that. */
enum { DEADLINE_US = US_PER_SECOND };

/* To one worker and back: the same message, twice on its way. */
struct trip {
    struct message message;
    struct inquiry *inquiry; /* only the control thread looks at what changes in it */
    struct worker *worker;
    void *finding;
};

struct inquiry {
    struct inquiry_question question;
    struct mailbox *mailbox;
    struct reactor_timer deadline;
    void *asker;
    bool is_over; /* answered, or given up: kept for those that are still on their way */
    size_t worker_count;
    size_t home_count;
    void **findings;
    struct trip trips[];
};

static void inquiry_end(struct inquiry *inquiry)
{
    inquiry->is_over = true;
    reactor_timer_stop(&inquiry->deadline);
    for (size_t i = 0; i < inquiry->worker_count; i++) {
        if (inquiry->findings[i] != NULL) {
            inquiry->question.kind->drop(inquiry->findings[i]);
            inquiry->findings[i] = NULL;
        }
    }
}

static void inquiry_free_if_done(struct inquiry *inquiry)
{
    if (inquiry->is_over && inquiry->home_count == inquiry->worker_count) {
        free(inquiry->findings);
        free(inquiry);
    }
}

static void inquiry_answer(struct inquiry *inquiry)
{
    struct inquiry_findings findings = {inquiry->findings, inquiry->worker_count, 0};

    for (size_t i = 0; i < inquiry->worker_count; i++) {
        findings.answered += inquiry->findings[i] != NULL;
    }
    inquiry->question.kind->answer(inquiry->asker, &inquiry->question, &findings);
    inquiry_end(inquiry);
}

static void trip_come_home(struct message *message)
{
    struct trip *trip = container_of(message, struct trip, message);
    struct inquiry *inquiry = trip->inquiry;

    inquiry->home_count++;
    if (!inquiry->is_over) {
        inquiry->findings[trip - inquiry->trips] = trip->finding;
        if (inquiry->home_count == inquiry->worker_count) {
            inquiry_answer(inquiry);
        }
    } else if (trip->finding != NULL) {
        inquiry->question.kind->drop(trip->finding);
    }
    inquiry_free_if_done(inquiry);
}

/* The control thread ends: nobody is asked for an answer any more. */
static void trip_is_lost(struct message *message)
{
    struct trip *trip = container_of(message, struct trip, message);
    struct inquiry *inquiry = trip->inquiry;

    inquiry->home_count++;
    if (trip->finding != NULL) {
        inquiry->question.kind->drop(trip->finding);
    }
    if (!inquiry->is_over) {
        inquiry_end(inquiry);
    }
    inquiry_free_if_done(inquiry);
}

static void trip_go_home(struct trip *trip)
{
    trip->message = (struct message){.deliver = trip_come_home, .drop = trip_is_lost};
    mailbox_post(trip->inquiry->mailbox, &trip->message);
}

/* The worker's thread. */
static void trip_arrive(struct message *message)
{
    struct trip *trip = container_of(message, struct trip, message);
    const struct inquiry_question *question = &trip->inquiry->question;

    trip->finding = question->kind->look(trip->worker, question);
    trip_go_home(trip);
}

static void trip_in_vain(struct message *message)
{
    trip_go_home(container_of(message, struct trip, message));
}

static void inquiry_on_deadline(struct reactor_timer *timer)
{
    struct inquiry *inquiry = container_of(timer, struct inquiry, deadline);

    inquiry_answer(inquiry);
    inquiry_free_if_done(inquiry);
}

struct inquiry *inquiry_start(const struct inquiry_site *site,
                              const struct inquiry_question *question, void *asker)
{
    size_t count = site->worker_count;
    struct inquiry *inquiry = memory_new(1, sizeof *inquiry + count * sizeof inquiry->trips[0]);

    CHECK(count > 0);
    inquiry->question = *question;
    inquiry->mailbox = site->mailbox;
    inquiry->asker = asker;
    inquiry->worker_count = count;
    inquiry->findings = memory_new(count, sizeof(void *));
    reactor_timer_init(&inquiry->deadline, site->reactor, inquiry_on_deadline);
    reactor_timer_start(&inquiry->deadline, DEADLINE_US);
    for (size_t i = 0; i < count; i++) {
        struct trip *trip = &inquiry->trips[i];

        trip->message = (struct message){.deliver = trip_arrive, .drop = trip_in_vain};
        trip->inquiry = inquiry;
        trip->worker = site->workers[i];
        mailbox_post(site->workers[i]->mailbox, &trip->message);
    }
    return inquiry;
}

void inquiry_give_up(struct inquiry **inquiry)
{
    struct inquiry *given_up = *inquiry;

    *inquiry = NULL;
    if (given_up != NULL) {
        CHECK(!given_up->is_over);
        inquiry_end(given_up);
        inquiry_free_if_done(given_up);
    }
}
