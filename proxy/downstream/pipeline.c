#include "proxy/downstream/pipeline.h"

void pipeline_init(struct pipeline *pipeline)
{
    *pipeline = (struct pipeline){.count = 0};
    list_init(&pipeline->requests);
}

void pipeline_push(struct pipeline *pipeline, struct request *request)
{
    list_append(&pipeline->requests, &request->in_pipeline);
    pipeline->count++;
    request->counted_bytes = request->bytes.size;
    pipeline->bytes += request->counted_bytes;
}

void pipeline_add_bytes(struct pipeline *pipeline, struct request *request, size_t bytes)
{
    CHECK(list_link_is_on(&request->in_pipeline));
    request->counted_bytes += bytes;
    pipeline->bytes += bytes;
}

static void pipeline_remove(struct pipeline *pipeline, struct request *request)
{
    list_remove(&request->in_pipeline);
    pipeline->count--;
    pipeline->bytes -= request->counted_bytes;
}

/* The head leaves: its reply goes to the output unless the client asked for silence. */
static void pipeline_emit(struct pipeline *pipeline, struct sendq *output, struct request *request,
                          struct block *block, struct span bytes)
{
    if (likely(!request->muted)) {
        if (unlikely(!sendq_is_empty(&request->reply))) {
            sendq_move(output, &request->reply);
        }
        sendq_lend(output, block, bytes);
    }
    pipeline_remove(pipeline, request);
    request_free(&request);
}

static size_t kept_bytes(const struct request *request)
{
    return request->reply.size + request->kept_size;
}

/* Not its turn: short replies are kept in the request, longer ones copied into blocks of their
 * size, large ones referred to. Of those that nobody will get nothing is. */
static NOINLINE void pipeline_keep(struct pipeline *pipeline, struct request *request,
                                   struct block *block, struct span bytes)
{
    if (unlikely(request->muted)) {
        sendq_clear(&request->reply);
        return;
    }
    if (likely(bytes.size <= REQUEST_KEPT_MAX)) {
        memcpy(request->kept, bytes.at, bytes.size);
        request->kept_size = (uint8_t)bytes.size;
    } else {
        sendq_keep(&request->reply, block, bytes);
    }
    pipeline->bytes += kept_bytes(request);
    pipeline->reply_bytes += kept_bytes(request);
}

/* Its turn has come, and the reply was there before. */
static void pipeline_emit_kept(struct pipeline *pipeline, struct sendq *output,
                               struct request *request)
{
    if (likely(!request->muted)) {
        pipeline->bytes -= kept_bytes(request);
        pipeline->reply_bytes -= kept_bytes(request);
    }
    pipeline_emit(pipeline, output, request, NULL,
                  (struct span){request->kept, request->kept_size});
}

/* It is the head. */
static NOINLINE void pipeline_advance(struct pipeline *pipeline, struct sendq *output,
                                      struct request *request, struct block *block,
                                      struct span bytes)
{
    struct list_link *head;

    pipeline_emit(pipeline, output, request, block, bytes);
    while ((head = list_first(&pipeline->requests)) != NULL) {
        request = container_of(head, struct request, in_pipeline);
        if (request->state != REQUEST_SETTLED) {
            break;
        }
        pipeline_emit_kept(pipeline, output, request);
    }
}

void pipeline_settle(struct pipeline *pipeline, struct sendq *output, struct request *request,
                     struct block *block, struct span bytes)
{
    CHECK(request->state == REQUEST_SETTLED && list_link_is_on(&request->in_pipeline));
    if (&request->in_pipeline == pipeline->requests.anchor.next) {
        pipeline_advance(pipeline, output, request, block, bytes);
    } else {
        pipeline_keep(pipeline, request, block, bytes);
    }
}

struct request *pipeline_take(struct pipeline *pipeline)
{
    struct list_link *head = list_first(&pipeline->requests);

    if (head == NULL) {
        return NULL;
    }

    struct request *request = container_of(head, struct request, in_pipeline);

    pipeline_remove(pipeline, request);
    return request;
}
