#include "proxy/command/command_reply.h"

#include <criterion/criterion.h>
#include <hiredis/hiredis.h>

#include "common/sendq.h"

/* The queue's bytes as hiredis reads them; the queue is empty then. */
static redisReply *reply_of(struct sendq *queue)
{
    redisReader *reader = redisReaderCreate();
    struct block *bytes = sendq_flatten(queue);
    void *reply = NULL;

    redisReaderFeed(reader, bytes->bytes, bytes->used);
    cr_assert_eq(redisReaderGetReply(reader, &reply), REDIS_OK);
    cr_assert_not_null(reply, "the reply is not whole");
    redisReaderFree(reader);
    block_release(&bytes);
    sendq_clear(queue);
    return reply;
}

static redisReply *list_of(enum command_filter filter, const char *word)
{
    struct sendq queue;

    sendq_init(&queue);
    command_reply_list(&queue, NULL, filter, span_of(word));
    return reply_of(&queue);
}

static bool has_name(const redisReply *list, const char *name)
{
    for (size_t i = 0; i < list->elements; i++) {
        if (strcmp(list->element[i]->str, name) == 0) {
            return true;
        }
    }
    return false;
}

Test(command_reply, info_of_a_command_has_the_bytes_of_redis)
{
    static const char get[] =
        "*10\r\n$3\r\nget\r\n:2\r\n*2\r\n+readonly\r\n+fast\r\n:1\r\n:1\r\n:1\r\n"
        "*3\r\n+@read\r\n+@string\r\n+@fast\r\n*0\r\n"
        "*1\r\n*6\r\n$5\r\nflags\r\n*2\r\n+RO\r\n+access\r\n"
        "$12\r\nbegin_search\r\n*4\r\n$4\r\ntype\r\n$5\r\nindex\r\n"
        "$4\r\nspec\r\n*2\r\n$5\r\nindex\r\n:1\r\n"
        "$9\r\nfind_keys\r\n*4\r\n$4\r\ntype\r\n$5\r\nrange\r\n"
        "$4\r\nspec\r\n*6\r\n$7\r\nlastkey\r\n:0\r\n$7\r\nkeystep\r\n:1\r\n$5\r\nlimit\r\n:0\r\n"
        "*0\r\n";
    struct sendq queue;

    sendq_init(&queue);
    command_reply_info(&queue, NULL, command_by_id(COMMAND_ID_GET));
    struct block *bytes = sendq_flatten(&queue);
    cr_expect_eq(bytes->used, sizeof get - 1);
    cr_expect(span_equal((struct span){bytes->bytes, bytes->used}, SPAN(get)));
    block_release(&bytes);
    sendq_clear(&queue);
}

Test(command_reply, info_of_no_command_is_null)
{
    struct sendq queue;

    sendq_init(&queue);
    command_reply_info(&queue, NULL, NULL);
    redisReply *reply = reply_of(&queue);
    cr_expect_eq(reply->type, REDIS_REPLY_NIL);
    freeReplyObject(reply);
}

Test(command_reply, info_of_a_container_has_all_its_subcommands)
{
    struct sendq queue;

    sendq_init(&queue);
    command_reply_info(&queue, NULL, command_by_id(COMMAND_ID_CONFIG));
    redisReply *reply = reply_of(&queue);
    const redisReply *below = reply->element[9];
    bool has_rewrite = false;
    bool has_get = false;

    for (size_t i = 0; i < below->elements; i++) {
        cr_assert_eq(below->element[i]->elements, 10);
        has_rewrite |= strcmp(below->element[i]->element[0]->str, "config|rewrite") == 0;
        has_get |= strcmp(below->element[i]->element[0]->str, "config|get") == 0;
    }
    cr_expect(has_get);
    cr_expect(has_rewrite, "also those that are refused");
    freeReplyObject(reply);
}

Test(command_reply, count_is_the_number_of_elements_that_command_lists)
{
    struct sendq queue;

    sendq_init(&queue);
    command_reply_all(&queue, NULL);
    redisReply *all = reply_of(&queue);
    command_reply_count(&queue, NULL);
    redisReply *count = reply_of(&queue);

    cr_expect_eq(count->integer, (long long)all->elements);
    cr_expect_gt(all->elements, 200);
    for (size_t i = 0; i < all->elements; i++) {
        cr_assert_eq(all->element[i]->elements, 10);
        cr_expect_null(strchr(all->element[i]->element[0]->str, '|'));
    }
    freeReplyObject(all);
    freeReplyObject(count);
}

Test(command_reply, list_has_all_commands_whatever_is_done_with_them)
{
    redisReply *list = list_of(COMMAND_FILTER_NONE, "");

    cr_expect_eq(list->elements, COMMAND_COUNT);
    for (enum command_id id = 0; id < COMMAND_COUNT; id++) {
        char name[COMMAND_NAME_MAX + 1];

        cr_expect(has_name(list, command_wire_name(command_by_id(id), name)), "%s", name);
    }
    freeReplyObject(list);
}

static const struct {
    enum command_filter filter;
    const char *word;
    const char *in; /* NULL: the list is empty */
    const char *out;
} filters[] = {
    {COMMAND_FILTER_PATTERN, "config|*", "config|get", "config"},
    {COMMAND_FILTER_PATTERN, "config*", "config|rewrite", "get"},
    {COMMAND_FILTER_PATTERN, "HG?T", "hget", "hset"},
    {COMMAND_FILTER_PATTERN, "nosuch*", NULL, "get"},
    {COMMAND_FILTER_CATEGORY, "string", "get", "hget"},
    {COMMAND_FILTER_CATEGORY, "Hash", "hget", "get"},
    {COMMAND_FILTER_CATEGORY, "@hash", NULL, "get"},
    {COMMAND_FILTER_CATEGORY, "strin", NULL, "get"},
    {COMMAND_FILTER_CATEGORY, "", NULL, "get"},
    {COMMAND_FILTER_MODULE, "json", NULL, "get"},
};

Test(command_reply, list_can_be_filtered)
{
    for (size_t i = 0; i < ARRAY_LEN(filters); i++) {
        redisReply *list = list_of(filters[i].filter, filters[i].word);
        if (filters[i].in == NULL) {
            cr_expect_eq(list->elements, 0, "%s", filters[i].word);
        } else {
            cr_expect(has_name(list, filters[i].in), "%s", filters[i].word);
        }
        cr_expect_not(has_name(list, filters[i].out), "%s", filters[i].word);
        freeReplyObject(list);
    }
}
