#include "proxy/downstream/queued.h"

#include "proxy/cluster/slot.h"

/* What a node is sent in one piece it keeps in one piece, with a note for each command. */
enum { COMMANDS_MAX = 1024 * 1024 };

static const struct span multi = {"*1\r\n$5\r\nMULTI\r\n", 15};
static const struct span exec = {"*1\r\n$4\r\nEXEC\r\n", 14};

void queued_init(struct queued *queued)
{
    *queued = (struct queued){.slot = SLOT_NONE, .only_reads = true};
    sendq_init(&queued->bytes);
}

void queued_open(struct queued *queued)
{
    CHECK(!queued->is_open && queued->count == 0);
    queued->is_open = true;
    sendq_append(&queued->bytes, multi);
}

void queued_close(struct queued *queued)
{
    sendq_clear(&queued->bytes);
    queued_init(queued);
}

bool queued_add(struct queued *queued, const struct queued_command *added, size_t limit_bytes)
{
    CHECK(queued->is_open);
    if (queued->count >= COMMANDS_MAX || queued->bytes.size + added->bytes.size > limit_bytes) {
        return false;
    }
    sendq_lend(&queued->bytes, added->block, added->bytes);
    queued->count++;
    if (added->slot != SLOT_NONE) {
        queued->slot = added->slot;
    }
    queued->only_reads = queued->only_reads && (added->command->flags & COMMAND_READONLY) != 0;
    return true;
}

size_t queued_bytes(const struct queued *queued)
{
    return queued->is_open ? queued->bytes.size - multi.size : 0;
}

static struct block *copy_last(const struct queued *queued, size_t size, struct span behind)
{
    struct block *block = block_new(size + behind.size);

    sendq_copy_last(&queued->bytes, size, block->bytes);
    memcpy(block->bytes + size, behind.at, behind.size);
    block->used = size + behind.size;
    return block;
}

struct block *queued_burst(const struct queued *queued)
{
    CHECK(queued->is_open);
    return copy_last(queued, queued->bytes.size, exec);
}

struct block *queued_rest(const struct queued *queued)
{
    return copy_last(queued, queued->bytes.size - queued->sent_bytes, (struct span){"", 0});
}

struct block *queued_rest_with_exec(const struct queued *queued)
{
    return copy_last(queued, queued->bytes.size - queued->sent_bytes, exec);
}

struct span queued_multi(void)
{
    return multi;
}

bool queued_is_begun(const struct queued *queued)
{
    return queued->sent_bytes == multi.size;
}

void queued_begin(struct queued *queued)
{
    CHECK(queued->is_open && queued->sent_bytes == 0);
    queued->sent_bytes = multi.size;
}

void queued_accept(struct queued *queued)
{
    queued->sent_bytes = queued->bytes.size;
    queued->sent_count = queued->count;
}

void queued_refuse(struct queued *queued)
{
    CHECK(queued->count > queued->sent_count);
    queued->count--;
    queued->is_spoiled = true;
    queued->is_refused = true;
    queued_accept(queued);
}
