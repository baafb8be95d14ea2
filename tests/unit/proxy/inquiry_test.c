/* One question to all workers. */
#include "proxy/inquiry.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "common/memory.h"

enum { WORKERS = 3 };

static struct reactor *reactor;
static struct mailbox *mailbox;
static struct worker *workers[WORKERS];
static bool is_started[WORKERS];
static struct inquiry_site site;
static _Atomic int dropped;
static int answers;
static char told[64];

static void *look(struct worker *worker, const struct inquiry_question *question)
{
    return memory_print("%zu:%d", worker->index, question->terms.page.which);
}

static void drop(void *finding)
{
    dropped++;
    free(finding);
}

static void answer(void *asker, const struct inquiry_question *question UNUSED,
                   const struct inquiry_findings *findings)
{
    char *at = told;

    cr_assert_eq(asker, &answers);
    answers++;
    for (size_t i = 0; i < findings->worker_count; i++) {
        const char *found = findings->by_worker[i];

        at += snprintf(at, (size_t)(told + sizeof told - at), "%s ", found == NULL ? "-" : found);
    }
    snprintf(at, (size_t)(told + sizeof told - at), "%zu", findings->answered);
    reactor_stop(reactor);
}

static const struct inquiry_kind kind = {look, drop, answer};
static const struct inquiry_question question = {.kind = &kind, .terms.page.which = 7};

static void start(size_t number)
{
    worker_start(workers[number]);
    is_started[number] = true;
}

static void set_up(void)
{
    reactor = reactor_new();
    mailbox = mailbox_new(reactor);
    for (size_t i = 0; i < WORKERS; i++) {
        workers[i] = worker_new(i, 0);
    }
    site = (struct inquiry_site){reactor, mailbox, workers, WORKERS};
}

static void end_worker(size_t number)
{
    if (is_started[number]) {
        worker_stop(workers[number]);
        worker_join(workers[number]);
        is_started[number] = false;
    }
}

static void tear_down(void)
{
    for (size_t i = 0; i < WORKERS; i++) {
        end_worker(i);
    }
    for (size_t i = 0; i < WORKERS; i++) {
        worker_free(&workers[i]);
    }
    mailbox_free(&mailbox);
    reactor_free(&reactor);
}

TestSuite(inquiry, .init = set_up, .fini = tear_down, .timeout = 60);

Test(inquiry, is_answered_when_all_have_answered)
{
    struct inquiry *inquiry;

    for (size_t i = 0; i < WORKERS; i++) {
        start(i);
    }
    inquiry = inquiry_start(&site, &question, &answers);
    cr_expect_neq(inquiry, NULL);
    reactor_run(reactor);
    cr_expect_str_eq(told, "0:7 1:7 2:7 3");
    cr_expect_eq(dropped, WORKERS);
}

/* Worker 1 takes no messages: its thread does not run. */
Test(inquiry, does_not_wait_for_one_that_is_stuck)
{
    struct inquiry *inquiry;

    start(0);
    start(2);
    inquiry = inquiry_start(&site, &question, &answers);
    cr_expect_neq(inquiry, NULL);
    reactor_run(reactor);
    cr_expect_str_eq(told, "0:7 - 2:7 2");
    cr_expect_eq(dropped, 2);
}

static void drop_message(struct message *message)
{
    free(message);
}

static void run_out(struct message *message)
{
    free(message);
    reactor_stop(reactor);
}

static void run_for_what_is_posted(void)
{
    struct message *message = memory_new(1, sizeof *message);

    message->deliver = run_out;
    message->drop = drop_message;
    mailbox_post(mailbox, message);
    reactor_run(reactor);
}

Test(inquiry, that_comes_too_late_is_dropped)
{
    struct inquiry *inquiry;

    start(0);
    start(2);
    inquiry = inquiry_start(&site, &question, &answers);
    cr_expect_neq(inquiry, NULL);
    reactor_run(reactor);
    cr_expect_eq(answers, 1);
    start(1);
    end_worker(1);
    run_for_what_is_posted();
    cr_expect_eq(answers, 1);
    cr_expect_eq(dropped, 3);
}

Test(inquiry, is_answered_without_workers_that_have_ended)
{
    struct inquiry *inquiry;

    for (size_t i = 0; i < WORKERS; i++) {
        start(i);
        if (i < 2) {
            end_worker(i);
        }
    }
    inquiry = inquiry_start(&site, &question, &answers);
    cr_expect_neq(inquiry, NULL);
    reactor_run(reactor);
    cr_expect_str_eq(told, "- - 2:7 1");
}

Test(inquiry, that_is_given_up_is_not_answered)
{
    struct inquiry *inquiry = inquiry_start(&site, &question, &answers);

    inquiry_give_up(&inquiry);
    cr_expect_eq(inquiry, NULL);
    for (size_t i = 0; i < WORKERS; i++) {
        start(i);
        end_worker(i);
    }
    run_for_what_is_posted();
    cr_expect_eq(answers, 0);
    cr_expect_eq(dropped, WORKERS);
}

/* What is still on its way is freed with the mailbox: a sanitizer would tell. */
Test(inquiry, may_be_open_when_everything_ends)
{
    struct inquiry *inquiry;

    start(0);
    inquiry = inquiry_start(&site, &question, &answers);
    cr_expect_neq(inquiry, NULL);
}
