#include "proxy/downstream/hearing.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/log.h"
#include "common/memory.h"
#include "common/resp_write.h"
#include "proxy/downstream/inquiry.h"

enum { REVIEW_SECONDS = 3 };

struct hearing {
    struct client *client;
    struct request *asked; /* with a node; NULL: none is under way */
    enum topic_kind kind;  /* what that is about */
    uint64_t next;         /* no review before this */
};

static const struct span verbs[TOPIC_KINDS] = {
    [TOPIC_CHANNEL] = {"SUBSCRIBE", 9},
    [TOPIC_PATTERN] = {"PSUBSCRIBE", 10},
    [TOPIC_SHARD] = {"SSUBSCRIBE", 10},
};

/* ACL DRYRUN alice SUBSCRIBE a b: also what it has only asked for yet. NULL: nothing of the kind.
 */
static struct block *compose(const struct client *client, const struct list *members,
                             struct span verb)
{
    struct sendq composed;
    struct block *block;
    size_t count = 0;

    LIST_EACH (link, members) {
        count++;
    }
    if (count == 0) {
        return NULL;
    }
    sendq_init(&composed);
    sendq_print(&composed, "*%zu\r\n", count + 4);
    resp_write_bulk(&composed, SPAN("ACL"));
    resp_write_bulk(&composed, SPAN("DRYRUN"));
    resp_write_bulk(&composed, span_of(client->session.user->name));
    resp_write_bulk(&composed, verb);
    LIST_EACH (link, members) {
        resp_write_bulk(&composed,
                        container_of(link, struct member, in_subscriber)->demand->topic.name);
    }
    block = sendq_flatten(&composed);
    sendq_clear(&composed);
    return block;
}

static void on_heard(struct request *request, struct block *block, struct span reply);

static void ask(struct hearing *hearing, struct block *block)
{
    struct client *client = hearing->client;
    struct request *request = request_new(command_by_id(COMMAND_ID_ACL_DRYRUN), block,
                                          (struct span){block->bytes, block->used});
    uint64_t now = reactor_now(client->clients->reactor);

    special_of(request)->is_harmless = true;
    request->owner = hearing;
    request->done = on_heard;
    request->lane = inquiry_house_lane(client);
    request->target = TARGET_PRIMARY;
    request->arrived = now;
    request->deadline = now + client->clients->config->timeout_request;
    hearing->asked = request;
    dispatcher_send(client->clients->dispatcher, request);
}

/* Goes on with the next kind of which there are any, from hearing->kind on. */
static void review(struct hearing *hearing)
{
    const struct subscriptions *subscriptions = client_subscriptions(hearing->client);

    for (; hearing->kind < TOPIC_KINDS; hearing->kind++) {
        struct block *block =
            compose(hearing->client, &subscriptions->subscriber.members[hearing->kind],
                    verbs[hearing->kind]);

        if (block != NULL) {
            ask(hearing, block);
            block_release(&block);
            return;
        }
    }
}

/* A bulk has what he may not; he is gone; or slotway itself may not ask any more. That a node
 * cannot be asked just now says nothing. */
static bool is_no(struct span reply)
{
    return reply.at[0] == '$' || span_starts_with(reply, SPAN("-NOPERM")) ||
           span_starts_with(reply, SPAN("-ERR User")) ||
           span_starts_with(reply, SPAN("-ERR unknown")) ||
           span_starts_with(reply, SPAN("-ERR Unknown")); /* Redis before 7.0 */
}

static void on_heard(struct request *request, struct block *block UNUSED, struct span reply)
{
    struct hearing *hearing = request->owner;
    struct client *client = hearing->client;

    hearing->asked = NULL;
    if (is_no(reply)) {
        log_info("a client is closed, for its user's sake", "client=%" PRIu64 " user=%s reason=%s",
                 client->session.id, client->session.user->name,
                 "it may not hear its channels any more");
        client_finish(client, CLOSE_USER_CHANGED);
    } else if (span_starts_with(reply, SPAN("+OK")) && client_is_open(client)) {
        hearing->kind++;
        review(hearing);
    }
    request_free(&request);
}

/* Numbers of one worker's clients are that of all workers apart. */
uint64_t hearing_first(uint64_t number, uint64_t now)
{
    static const uint64_t golden = 0x9e3779b97f4a7c15u;

    return now + ((number * golden) >> 32) % REVIEW_SECONDS * US_PER_SECOND;
}

void hearing_look(struct client *client)
{
    struct extras *extras = client->session.extras;
    uint64_t now = reactor_now(client->clients->reactor);

    if (client_subscriptions(client) == NULL || !client_is_open(client)) {
        return;
    }
    if (extras->hearing == NULL) {
        extras->hearing = memory_new(1, sizeof *extras->hearing);
        extras->hearing->client = client;
        extras->hearing->next = hearing_first(client->session.id, now);
    }
    if (extras->hearing->asked == NULL && now >= extras->hearing->next) {
        extras->hearing->next = now + (uint64_t)REVIEW_SECONDS * US_PER_SECOND;
        extras->hearing->kind = 0;
        review(extras->hearing);
    }
}

void hearing_forget(struct client *client)
{
    struct hearing *hearing =
        client->session.extras == NULL ? NULL : client->session.extras->hearing;

    if (hearing != NULL && hearing->asked != NULL) {
        dispatcher_abandon(client->clients->dispatcher, &hearing->asked);
        hearing->next = reactor_now(client->clients->reactor);
    }
}

void hearing_drop(struct client *client)
{
    hearing_forget(client);
    if (client->session.extras != NULL) {
        free(client->session.extras->hearing);
        client->session.extras->hearing = NULL;
    }
}
