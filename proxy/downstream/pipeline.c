#include "proxy/downstream/pipeline.h"

void pipeline_init(struct pipeline *pipeline, struct sendq *output)
{
    *pipeline = (struct pipeline){.output = output};
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
static void pipeline_emit(struct pipeline *pipeline, struct request *request, struct block *block,
                          struct span bytes)
{
    if (likely(!request->muted)) {
        if (!sendq_is_empty(&request->reply)) {
            sendq_move(pipeline->output, &request->reply);
        }
        sendq_lend(pipeline->output, block, bytes);
    }
    pipeline_remove(pipeline, request);
    request_free(&request);
}

static void pipeline_count_reply(struct pipeline *pipeline, const struct request *request)
{
    pipeline->bytes += request->reply.size;
    pipeline->reply_bytes += request->reply.size;
}

static void pipeline_discount_reply(struct pipeline *pipeline, const struct request *request)
{
    pipeline->bytes -= request->reply.size;
    pipeline->reply_bytes -= request->reply.size;
}

/* Not its turn: small replies are copied into blocks of their size, large ones referred to. */
static void pipeline_keep(struct pipeline *pipeline, struct request *request, struct block *block,
                          struct span bytes)
{
    if (!request->muted) {
        sendq_keep(&request->reply, block, bytes);
        pipeline_count_reply(pipeline, request);
    }
}

void pipeline_settle(struct pipeline *pipeline, struct request *request, struct block *block,
                     struct span bytes)
{
    const struct span nothing = {"", 0};
    struct list_link *head = list_first(&pipeline->requests);

    CHECK(request->state == REQUEST_SETTLED && head != NULL);
    if (head != &request->in_pipeline) {
        pipeline_keep(pipeline, request, block, bytes);
        return;
    }
    pipeline_emit(pipeline, request, block, bytes);
    while ((head = list_first(&pipeline->requests)) != NULL) {
        request = container_of(head, struct request, in_pipeline);
        if (request->state != REQUEST_SETTLED) {
            break;
        }
        if (!request->muted) {
            pipeline_discount_reply(pipeline, request);
        }
        pipeline_emit(pipeline, request, NULL, nothing);
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
