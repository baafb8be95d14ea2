#include "bench/nodes/node.h"
#include "common/resp_scan.h"
#include "common/resp_write.h"

typedef void answerer(struct node *node, struct sendq *to);

static struct span word(const struct node *node, size_t at)
{
    const struct arguments *arguments = node->site->arguments;

    return at < arguments->count ? arguments->items[at] : SPAN("");
}

static bool word_is(const struct node *node, size_t at, const char *text)
{
    return span_equal_nocase(word(node, at), span_of(text));
}

/* True: the key in word 1 is another node's, and the answer says so. */
static bool is_moved(struct node *node, struct sendq *to)
{
    const struct picture *picture = &node->site->picture;
    uint16_t slot = slot_of(word(node, 1));
    uint16_t owner = picture->owner_of_slot[slot];

    node->site->requests++;
    if (owner == node->number) {
        return false;
    }
    if (owner == PICTURE_NOBODY) {
        sendq_print(to, "-CLUSTERDOWN Hash slot not served\r\n");
    } else {
        sendq_print(to, "-MOVED %u 127.0.0.1:%u\r\n", slot, picture->base_port + owner);
    }
    return true;
}

static void answer_get(struct node *node, struct sendq *to)
{
    struct block *value = node->site->value;

    if (!is_moved(node, to)) {
        sendq_lend(to, value, (struct span){value->bytes, value->used});
    }
}

static void answer_set(struct node *node, struct sendq *to)
{
    if (!is_moved(node, to)) {
        resp_write_status(to, "OK");
    }
}

static void answer_ok(struct node *node, struct sendq *to)
{
    (void)node;
    resp_write_status(to, "OK");
}

static void answer_ping(struct node *node, struct sendq *to)
{
    (void)node;
    resp_write_status(to, "PONG");
}

static void answer_cluster(struct node *node, struct sendq *to)
{
    struct picture *picture = &node->site->picture;

    if (word_is(node, 1, "slots")) {
        picture_tell_slots(picture, to);
    } else if (word_is(node, 1, "info")) {
        picture_tell_info(picture, to);
    } else if (word_is(node, 1, "myid")) {
        picture_tell_id(picture, node->number, to);
    } else {
        resp_write_error(to, "ERR unknown subcommand");
    }
}

/* The commands of a pretended server are those that slotway knows: it teaches none. */
static void answer_command(struct node *node, struct sendq *to)
{
    if (word_is(node, 1, "count")) {
        resp_write_integer(to, 0);
    } else {
        resp_write_array(to, 0);
    }
}

static void answer_info(struct node *node, struct sendq *to)
{
    (void)node;
    resp_write_text(to, "# Server\r\nredis_version:7.0.15\r\nredis_mode:cluster\r\n");
}

static void answer_hello(struct node *node, struct sendq *to)
{
    to->protocol = word_is(node, 1, "3") ? 3 : 2;
    resp_write_map(to, 3);
    resp_write_text(to, "server");
    resp_write_text(to, "redis");
    resp_write_text(to, "proto");
    resp_write_integer(to, to->protocol);
    resp_write_text(to, "id");
    resp_write_integer(to, (int64_t)node->site->connections_made);
}

void node_answer(struct node *node, struct sendq *to)
{
    static const struct {
        const char *name;
        answerer *answer;
    } answers[] = {
        {"get", answer_get},         {"set", answer_set},   {"ping", answer_ping},
        {"cluster", answer_cluster}, {"client", answer_ok}, {"hello", answer_hello},
        {"command", answer_command}, {"info", answer_info}, {"auth", answer_ok},
        {"readonly", answer_ok},     {"asking", answer_ok},
    };

    for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
        if (word_is(node, 0, answers[i].name)) {
            answers[i].answer(node, to);
            return;
        }
    }
    resp_write_error(to, "ERR a pretended node knows no such command");
}
