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
        block_release(&gone->objection);
        free(gone);
    }
}

void special_begin(struct special *special)
{
    block_release(&special->objection);
    special->answers_left = special->commands;
}

bool special_hear(struct special *special, struct span reply)
{
    CHECK(special->answers_left > 0);
    special->answers_left--;
    if (special->answers_left == 0) {
        return false;
    }
    if (reply.at[0] == '-' && special->objection == NULL) {
        special->objection = block_copy(reply);
    }
    return true;
}

void special_leave(struct request *request)
{
    if (unlikely(request->special != NULL)) {
        request->special->upstream = NULL;
    }
}

void special_inherit(struct request *orphan, const struct request *request)
{
    if (unlikely(request->special != NULL)) {
        special_of(orphan)->answers_left = request->special->answers_left;
    }
}
