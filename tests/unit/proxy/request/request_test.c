#include "proxy/request/request.h"

#include <signal.h>

#include <criterion/criterion.h>

#include "common/budget.h"
#include "common/check.h"

static int done_count;
static struct request *done_request;

static void count_done(struct request *request, struct block *block UNUSED, struct span bytes)
{
    cr_assert_eq(request->state, REQUEST_SETTLED);
    cr_assert(span_equal(bytes, SPAN("+OK\r\n")));
    done_count++;
    done_request = request;
}

static size_t blocks_before;

static void note_blocks(void)
{
    blocks_before = block_bytes_in_use();
}

static void all_is_given_back(void)
{
    request_trim();
    CHECK(block_bytes_in_use() == blocks_before);
}

TestSuite(request, .init = note_blocks, .fini = all_is_given_back);

static struct request *request_of(const char *name)
{
    return request_new(command_by_name(span_of(name)), NULL, SPAN("bytes"));
}

/* The budget hears of many by itself, and of all when it is told. */
Test(request, that_are_in_use_count_as_memory)
{
    enum { MANY = 20 * 1000 }; /* more than a thread keeps */

    static struct request *all[MANY];
    const uint64_t size = MANY * sizeof(struct request);
    uint64_t before = budget_used(&budget_of_process);

    for (int i = 0; i < MANY; i++) {
        all[i] = request_of("get");
    }
    cr_expect_eq(request_bytes_in_use(), size);
    cr_expect_gt(budget_used(&budget_of_process) - before, size - size / 10);
    request_publish();
    cr_expect_eq(budget_used(&budget_of_process) - before, size);
    for (int i = 0; i < MANY; i++) {
        request_free(&all[i]);
    }
    cr_expect_eq(request_bytes_in_use(), 0);
    request_tidy();
    cr_expect_eq(budget_used(&budget_of_process), before);
}

Test(request, starts_with_nobody)
{
    struct request *request = request_of("get");

    cr_expect_eq(request->state, REQUEST_WAITING);
    cr_expect_eq(request->slot, SLOT_NONE);
    cr_expect_null(request->done);
    cr_expect_null(request->gate);
    cr_expect(sendq_is_empty(&request->reply));
    cr_expect_not(request->asking || request->muted || request->expired);
    request_free(&request);
    cr_expect_null(request);
}

/* Each of them alone. */
Test(request, is_plain_unless_there_is_something_odd_about_it)
{
    struct special special = {.commands = 1};
    const struct request odd[] = {
        {.special = &special},
        {.gate = (struct gate *)&special},
        {.script = UINT64_C(1) << 63},
        {.awaits_functions = 1},
        {.target = TARGET_NODE},
        {.target = TARGET_PRIMARY},
        {.asking = true},
        {.is_tracked = true},
        {.is_uncached = true},
    };
    struct request *request = request_of("get");

    request->target = TARGET_SLOT;
    request->slot = 1;
    request->node = 1;
    request->muted = request->is_queued = request->is_one_key = true;
    cr_expect(request_is_plain(request));
    request_free(&request);
    for (size_t i = 0; i < ARRAY_LEN(odd); i++) {
        cr_expect_not(request_is_plain(&odd[i]), "row %zu", i);
    }
}

/* What one request was must not show in the next, which has its memory. */
Test(request, memory_that_is_used_again_is_as_new)
{
    struct request *request = request_of("get");

    request->asking = request->muted = request->expired = true;
    request->hops = 5;
    request->refusal = REFUSAL_ASK;
    sendq_append(&request->reply, SPAN("rest"));
    request_free(&request);
    request = request_of("set");
    cr_expect_not(request->asking || request->muted || request->expired);
    cr_expect_eq(request->hops, 0);
    cr_expect_eq(request->refusal, REFUSAL_NONE);
    cr_expect(sendq_is_empty(&request->reply));
    request_free(&request);
}

Test(request, keeps_its_bytes_until_it_goes)
{
    struct block *block = block_copy(SPAN("bytes"));
    struct request *request =
        request_new(command_by_name(SPAN("get")), block, (struct span){block->bytes, block->used});

    cr_expect_eq(block->references, 2);
    request_free(&request);
    cr_expect_eq(block->references, 1);
    block_release(&block);
}

static bool has_password(const struct block *block)
{
    return memmem(block->bytes, block->capacity, "password", strlen("password")) != NULL;
}

static struct request *secret_of(struct block *block)
{
    struct request *request =
        request_new(command_by_name(SPAN("auth")), block, (struct span){block->bytes, block->used});

    special_of(request)->is_secret = true;
    return request;
}

Test(request, that_is_secret_leaves_nothing_where_it_was)
{
    struct block *block = block_copy(SPAN("AUTH password"));
    size_t capacity = block->capacity;
    struct request *request = secret_of(block);

    block_release(&block);
    request_free(&request);
    block = block_new(capacity);
    cr_expect_not(has_password(block), "the next one has its memory");
    block_release(&block);
}

Test(request, that_is_secret_leaves_others_what_they_look_at)
{
    struct block *block = block_copy(SPAN("AUTH password"));
    struct request *request = secret_of(block);

    request_free(&request);
    cr_expect(has_password(block));
    block_release(&block);
}

Test(request, is_settled_once)
{
    struct request *request = request_of("get");

    done_count = 0;
    request->done = count_done;
    request_settle(request, NULL, SPAN("+OK\r\n"));
    cr_expect_eq(done_count, 1);
    cr_expect_eq(done_request, request);
    cr_expect_null(request->done);
    request_free(&request);
}

Test(request, an_orphan_is_freed_when_it_is_settled)
{
    struct block *block = block_copy(SPAN("bytes"));
    struct request *orphan =
        request_new(command_by_name(SPAN("get")), block, (struct span){block->bytes, block->used});

    request_become(orphan, REQUEST_SENT);
    request_settle(orphan, NULL, SPAN("+OK\r\n"));
    cr_expect_eq(block->references, 1);
    block_release(&block);
}

/* w(aiting), s(ent), in p(arts), e(nded) */
Test(request, may_take_these_ways)
{
    static const char *const ways[] = {"e", "se", "swse", "swswse", "pe", "swe", "swpe"};
    static const enum request_state states[] = {
        ['w'] = REQUEST_WAITING,
        ['s'] = REQUEST_SENT,
        ['p'] = REQUEST_SPLIT,
        ['e'] = REQUEST_SETTLED,
    };

    for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
        struct request *request = request_of("get");

        for (const char *step = ways[i]; *step != '\0'; step++) {
            request_become(request, states[(int)*step]);
            cr_expect_eq(request->state, states[(int)*step]);
        }
        request_free(&request);
    }
}

Test(request, a_second_answer_is_a_bug, .signal = SIGABRT)
{
    struct request *request = request_of("get");

    request_become(request, REQUEST_SETTLED);
    request_become(request, REQUEST_SETTLED);
}

Test(request, a_split_request_cannot_be_sent_itself, .signal = SIGABRT)
{
    struct request *request = request_of("mget");

    request_become(request, REQUEST_SPLIT);
    request_become(request, REQUEST_SENT);
}

Test(request, only_reads_may_be_sent_again)
{
    static const struct {
        const char *name;
        bool is_repeatable;
    } rows[] = {
        {"get", true},   {"mget", true},   {"xread", true},     {"eval_ro", true},
        {"set", false},  {"incr", false},  {"del", false},      {"xreadgroup", false},
        {"eval", false}, {"fcall", false}, {"getdel", false},   {"sort", false},
        {"spop", false}, {"getex", false}, {"flushall", false}, {"script load", false},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct request *request = request_of(rows[i].name);

        cr_expect_eq(request_is_repeatable(request), rows[i].is_repeatable, "%s", rows[i].name);
        request_free(&request);
    }
}

#if !IS_SANITIZED
Test(request, memory_of_a_burst_goes_back_when_nobody_needs_it)
{
    enum { MANY = 64 };
    struct request *requests[MANY];

    for (int i = 0; i < MANY; i++) {
        requests[i] = request_of("get");
    }
    for (int i = 0; i < MANY; i++) {
        request_free(&requests[i]);
    }
    cr_expect_eq(request_count_kept(), MANY);
    request_tidy();
    cr_expect_eq(request_count_kept(), MANY, "all were in use since the last time");
    for (int i = 0; i < 3; i++) {
        requests[i] = request_of("get");
    }
    for (int i = 0; i < 3; i++) {
        request_free(&requests[i]);
    }
    request_tidy();
    cr_expect_eq(request_count_kept(), MANY - (MANY - 3 + 1) / 2);
    for (int i = 0; i < 10; i++) {
        request_tidy();
    }
    cr_expect_eq(request_count_kept(), 0);
}
#endif
