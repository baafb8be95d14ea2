#include "proxy/downstream/config_get.h"

#include "common/resp_write.h"
#include "tests/unit/proxy/command/words.h"

static const struct config_pair pairs[] = {
    {SPAN("databases"), SPAN("1")},
    {SPAN("port"), SPAN("6380")},
};

static struct block *flatten(struct sendq *queue)
{
    struct block *block = sendq_flatten(queue);

    sendq_clear(queue);
    return block;
}

static struct span bytes_of(const struct block *block)
{
    return (struct span){block->bytes, block->used};
}

/* Replies in short: every word a bulk string. */
static struct block *reply_of(const char *text)
{
    struct words words;
    struct sendq queue;

    words_init(&words, text);
    sendq_init(&queue);
    resp_write_request(&queue, words.items, words.arguments.count);
    return flatten(&queue);
}

static const struct row {
    const char *name;
    const char *words;
    const char *reply;
    const char *expected;
} rows[] = {
    {"a node's value passes", "config get maxmemory", "maxmemory 5", "maxmemory 5"},
    {"ours replaces a node's", "config get port", "port 7000", "port 6380"},
    {"in the form it was asked", "config get PORT", "PORT 7000", "PORT 6380"},
    {"ours is there without the node's", "config get data*", "", "databases 1"},
    {"and is found in any case", "config get DATABASES", "", "databases 1"},
    {"and once only", "config get port p*", "port 7000", "port 6380"},
    {"what was not asked is not added", "config get maxmemory", "maxmemory 5", "maxmemory 5"},
    {"secrets are left out", "config get *",
     "requirepass a masterauth b masteruser c tls-key-file-pass d tls-client-key-file-pass e "
     "aclfile f timeout 9",
     "timeout 9 databases 1 port 6380"},
    {"in any case", "config get REQUIREPASS MasterAuth", "REQUIREPASS a MasterAuth b", ""},
    {"an empty value", "config get save", "save ''", "save ''"},
    {"a name without a value", "config get a b", "a 1 b", "a 1"},
};

static struct block *answer(const char *text, struct span reply)
{
    const struct config_own own = {pairs, ARRAY_LEN(pairs)};
    struct words words;
    struct sendq queue;

    words_init(&words, text);
    sendq_init(&queue);
    config_get_write(&queue, &words.arguments, reply, &own);
    return flatten(&queue);
}

Test(config_get, rows)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct block *reply = reply_of(rows[i].reply);
        struct block *expected = reply_of(rows[i].expected);
        struct block *got = answer(rows[i].words, bytes_of(reply));

        cr_expect(span_equal(bytes_of(got), bytes_of(expected)), "%s: got %.*s", rows[i].name,
                  (int)got->used, got->bytes);
        block_release(&reply);
        block_release(&expected);
        block_release(&got);
    }
}

Test(config_get, a_reply_that_is_no_array_of_strings_adds_nothing)
{
    static const char *const replies[] = {
        "",
        "-ERR no\r\n",
        "*-1\r\n",
        "*2\r\n:1\r\n:2\r\n",
        "*2\r\n$-1\r\n$-1\r\n",
        "*2\r\n*0\r\n*0\r\n",
        "$3\r\nfoo\r\n",
    };

    for (size_t i = 0; i < ARRAY_LEN(replies); i++) {
        struct block *got = answer("config get maxmemory", span_of(replies[i]));

        cr_expect(span_equal(bytes_of(got), SPAN("*0\r\n")), "%s", replies[i]);
        block_release(&got);
    }
}
