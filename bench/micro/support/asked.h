/* asked.h - a request as it comes from a client, read and looked up. */
#ifndef BENCH_MICRO_SUPPORT_ASKED_H
#define BENCH_MICRO_SUPPORT_ASKED_H

#include "common/block.h"
#include "proxy/command/keys.h"

struct asked {
    struct block *block; /* its bytes */
    struct arguments arguments;
    const struct command *command;
    struct keys keys;
};

/* "GET key", words parted by single blanks, of a command that is known. */
void asked_init(struct asked *asked, const char *text);

void asked_clear(struct asked *asked);

static inline struct span asked_bytes(const struct asked *asked)
{
    return (struct span){asked->block->bytes, asked->block->used};
}

#endif
