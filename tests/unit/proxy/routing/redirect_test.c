#include "proxy/routing/redirect.h"

#include <criterion/criterion.h>

static const struct address asked = {.kind = ADDRESS_TCP, .host = "10.0.0.9", .port = 7000};

Test(redirect, replies_that_ask_something_of_us)
{
    static const struct {
        const char *reply;
        enum refusal refusal;
    } rows[] = {
        {"-MOVED 3999 127.0.0.1:6381\r\n", REFUSAL_MOVED},
        {"-ASK 3999 127.0.0.1:6381\r\n", REFUSAL_ASK},
        {"-TRYAGAIN Multiple keys request during rehashing of slot\r\n", REFUSAL_TRYAGAIN},
        {"-CLUSTERDOWN The cluster is down\r\n", REFUSAL_CLUSTERDOWN},
        {"-CLUSTERDOWN Hash slot not served\r\n", REFUSAL_CLUSTERDOWN},
        {"-LOADING Redis is loading the dataset in memory\r\n", REFUSAL_LOADING},
        {"-MASTERDOWN Link with MASTER is down\r\n", REFUSAL_MASTERDOWN},
        {"-READONLY You can't write against a read only replica.\r\n", REFUSAL_READONLY},
        {"-EXECABORT Transaction discarded because of: LOADING Redis is loading\r\n",
         REFUSAL_LOADING},
        {"-EXECABORT Transaction discarded because of: MOVED 1 127.0.0.1:1\r\n", REFUSAL_MOVED},
        {"-EXECABORT Transaction discarded because of previous errors.\r\n", REFUSAL_NONE},
        {"-EXECABORT Transaction discarded because of: \r\n", REFUSAL_NONE},
        {"-EXECABORT Transaction discarded because of: OOM command not allowed\r\n", REFUSAL_NONE},
        {"-ERR unknown command\r\n", REFUSAL_NONE},
        {"-WRONGTYPE Operation against a key\r\n", REFUSAL_NONE},
        {"-OOM command not allowed\r\n", REFUSAL_NONE},
        {"-BUSY Redis is busy\r\n", REFUSAL_NONE},
        {"-ERR MOVED 1 127.0.0.1:1\r\n", REFUSAL_NONE},
        {"-MOVEDX 1 127.0.0.1:1\r\n", REFUSAL_NONE},
        {"-moved 1 127.0.0.1:1\r\n", REFUSAL_NONE},
        {"-\r\n", REFUSAL_NONE},
        {"-ASK\r\n", REFUSAL_NONE},
        {"-MOVED\r\n", REFUSAL_NONE},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct redirect redirect = redirect_of(span_of(rows[i].reply), &asked);

        cr_expect_eq(redirect.refusal, rows[i].refusal, "%s", rows[i].reply);
    }
}

Test(redirect, where_to_is_read_from_the_reply)
{
    static const struct {
        const char *reply;
        uint16_t slot;
        const char *host; /* NULL: the node does not know */
        uint16_t port;
    } rows[] = {
        {"-MOVED 3999 127.0.0.1:6381\r\n", 3999, "127.0.0.1", 6381},
        {"-MOVED 0 127.0.0.1:1\r\n", 0, "127.0.0.1", 1},
        {"-MOVED 16383 127.0.0.1:65535\r\n", 16383, "127.0.0.1", 65535},
        {"-ASK 5 redis-5.example:6379\r\n", 5, "redis-5.example", 6379},
        {"-MOVED 5 2001:db8::1:6379\r\n", 5, "2001:db8::1", 6379},
        {"-MOVED 5 ::1:6379\r\n", 5, "::1", 6379},
        {"-MOVED 5 :6379\r\n", 5, "10.0.0.9", 6379},
        {"-MOVED 5 ?:6379\r\n", 5, NULL, 0},
        {"-MOVED 5 127.0.0.1\r\n", 5, NULL, 0},
        {"-MOVED 5 127.0.0.1:\r\n", 5, NULL, 0},
        {"-MOVED 5 127.0.0.1:0\r\n", 5, NULL, 0},
        {"-MOVED 5 127.0.0.1:65536\r\n", 5, NULL, 0},
        {"-MOVED 5 127.0.0.1:+80\r\n", 5, NULL, 0},
        {"-MOVED 5 127.0.0.1:99999999999999999999\r\n", 5, NULL, 0},
        {"-MOVED 5 \r\n", 5, NULL, 0},
        {"-MOVED 5\r\n", UINT16_MAX, NULL, 0},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct redirect redirect = redirect_of(span_of(rows[i].reply), &asked);

        if (rows[i].slot == UINT16_MAX) {
            cr_expect_eq(redirect.refusal, REFUSAL_NONE, "%s", rows[i].reply);
            continue;
        }
        cr_expect_neq(redirect.refusal, REFUSAL_NONE, "%s", rows[i].reply);
        cr_expect_eq(redirect.slot, rows[i].slot, "%s", rows[i].reply);
        cr_expect_eq(redirect.has_address, rows[i].host != NULL, "%s", rows[i].reply);
        if (rows[i].host != NULL) {
            cr_expect_str_eq(redirect.address.host, rows[i].host);
            cr_expect_eq(redirect.address.port, rows[i].port, "%s", rows[i].reply);
        }
    }
}

Test(redirect, a_redirection_without_a_slot_is_an_answer_like_any_other)
{
    static const char *const replies[] = {
        "-MOVED x 127.0.0.1:6381\r\n",     "-MOVED -1 127.0.0.1:6381\r\n",
        "-MOVED 16384 127.0.0.1:6381\r\n", "-ASK 1e3 127.0.0.1:6381\r\n",
        "-ASK  127.0.0.1:6381\r\n",        "-MOVED 99999999999999999999 127.0.0.1:1\r\n",
    };

    for (size_t i = 0; i < ARRAY_LEN(replies); i++) {
        cr_expect_eq(redirect_of(span_of(replies[i]), &asked).refusal, REFUSAL_NONE, "%s",
                     replies[i]);
    }
}

/* Every cut of a redirection is answered without looking behind its end. */
Test(redirect, never_reads_behind_the_reply)
{
    static const char whole[] = "-MOVED 3999 127.0.0.1:6381\r\n";

    for (size_t size = 1; size < sizeof whole; size++) {
        char *cut = malloc(size);

        memcpy(cut, whole, size);

        struct redirect redirect = redirect_of((struct span){cut, size}, &asked);

        cr_expect(redirect.refusal == REFUSAL_NONE || redirect.refusal == REFUSAL_MOVED);
        free(cut);
    }
}
