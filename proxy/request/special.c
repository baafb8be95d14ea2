#include "proxy/request/special.h"

#include <stdlib.h>

#include "common/memory.h"
#include "proxy/request/request.h"

struct special *special_of(struct request *request)
{
    if (request->special == NULL) {
        request->special = memory_new(1, sizeof *request->special);
        request->special->commands = 1;
    }
    return request->special;
}

void special_free(struct special **special)
{
    struct special *gone = *special;

    *special = NULL;
    if (gone != NULL) {
        list_remove(&gone->sample.unsent);
        block_release(&gone->objection);
        block_release(&gone->preface);
        free(gone);
    }
}

void special_copy(struct request *part, const struct request *whole)
{
    struct special *special = special_of(part);

    CHECK(whole->special->upstream == NULL && whole->special->objection == NULL);
    *special = *whole->special;
    special->sample = sample_of_part(&whole->special->sample);
    if (special->preface != NULL) {
        block_take(special->preface);
    }
}

void special_begin(struct special *special)
{
    block_release(&special->objection);
    special->answers_left = special->commands;
}

/* Nobody hears what an orphan is told. */
static bool is_objection(struct request *request, uint32_t index, struct span reply)
{
    const struct special *special = request->special;

    if (special->hear != NULL) {
        return request->done != NULL && special->hear(request, index, reply);
    }
    return reply.at[0] == '-' && index + 1 < special->commands;
}

bool special_hear(struct request *request, struct span reply)
{
    struct special *special = request->special;

    CHECK(special->answers_left > 0);
    if (is_objection(request, special->commands - special->answers_left, reply) &&
        special->objection == NULL) {
        special->objection = block_copy(reply);
    }
    special->answers_left--;
    return special->answers_left > 0;
}

struct span special_decisive(const struct special *special, struct span reply)
{
    if (special->objection != NULL && (special->hear != NULL || reply.at[0] == '-')) {
        return (struct span){special->objection->bytes, special->objection->used};
    }
    return special->hear == NULL ? reply : SPAN("+");
}

void special_leave(struct request *request)
{
    if (unlikely(request->special != NULL)) {
        request->special->upstream = NULL;
        list_remove(&request->special->sample.unsent);
    }
}

void special_inherit(struct request *orphan, const struct request *request)
{
    if (unlikely(request->special != NULL)) {
        special_of(orphan)->commands = request->special->commands;
        orphan->special->answers_left = request->special->answers_left;
    }
}
