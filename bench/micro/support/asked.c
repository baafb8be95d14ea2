#include "bench/micro/support/asked.h"

#include "common/sendq.h"

static struct block *wire_of(const char *text)
{
    struct sendq wire;
    size_t words = 1;

    for (const char *at = text; (at = strchr(at, ' ')) != NULL; at++) {
        words++;
    }
    sendq_init(&wire);
    sendq_print(&wire, "*%zu\r\n", words);
    for (; words > 0; words--) {
        size_t size = strcspn(text, " ");

        sendq_print(&wire, "$%zu\r\n%.*s\r\n", size, (int)size, text);
        text += size + 1;
    }

    struct block *block = sendq_flatten(&wire);

    sendq_clear(&wire);
    return block;
}

void asked_init(struct asked *asked, const char *text)
{
    static const struct scan_limits no_limits = {INT64_MAX, INT64_MAX, SIZE_MAX, true};
    struct request_scan scan = {0};
    size_t used = 0;

    *asked = (struct asked){.block = wire_of(text)};
    CHECK(request_scan_next(&scan, &no_limits, asked_bytes(asked), &asked->arguments, &used) ==
          SCAN_DONE);
    CHECK(used == asked->block->used);
    CHECK(command_find(&asked->arguments, &asked->command) == COMMAND_FOUND);
}

void asked_clear(struct asked *asked)
{
    keys_clear(&asked->keys);
    arguments_clear(&asked->arguments);
    block_release(&asked->block);
}
