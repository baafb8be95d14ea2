#include "proxy/upstream/sampled.h"

#include "common/clock.h"

void sampled_begin(struct upstream *upstream, struct request *request)
{
    struct sample *sample = request_sample(request);

    if (likely(sample == NULL)) {
        return;
    }
    sample->sent_at = 0;
    sample->end = upstream->stream_queued;
    list_append(&upstream->unsent, &sample->unsent);
}

static uint64_t time_between(uint64_t begin, uint64_t end)
{
    return end > begin ? end - begin : 0;
}

/* The turn's clock stood still while others were written to. */
void sampled_note_sent(struct upstream *upstream)
{
    struct pool *pool = upstream->pool;
    uint64_t now = clock_now();

    LIST_EACH_SAFE (link, &upstream->unsent) {
        struct sample *sample = container_of(link, struct sample, unsent);

        if (sample->end > upstream->stream_sent) {
            return;
        }

        uint64_t took = time_between(sample->since, now);

        list_remove(link);
        sample->sent_at = now;
        steps_record(&pool->site->metrics->kinds[sample->kind].queue_time, took, sample->weight);
        steps_record(&pool->counts->queue_time, took, sample->weight);
    }
}

/* How long a client is willing to block says nothing of its node. */
static bool may_block(const struct request *request)
{
    return request->special->may_block;
}

void sampled_answer(struct upstream *upstream, const struct request *request)
{
    struct sample *sample = request_sample(request);
    struct pool *pool = upstream->pool;

    if (likely(sample == NULL)) {
        return;
    }

    uint64_t now = reactor_now(pool->site->reactor);
    uint64_t took = time_between(sample->sent_at, now);

    if (sample->sent_at != 0) {
        steps_record(&pool->site->metrics->kinds[sample->kind].backend_time, took, sample->weight);
        if (!may_block(request)) {
            steps_record(&pool->counts->backend_time, took, sample->weight);
        }
    }
    sample->since = now;
}

void sampled_return(const struct pool *pool, const struct request *request)
{
    struct sample *sample = request_sample(request);

    if (unlikely(sample != NULL)) {
        sample->since = reactor_now(pool->site->reactor);
    }
}
