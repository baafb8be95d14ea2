#include "proxy/downstream/inquiry.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/memory.h"
#include "common/resp_write.h"
#include "proxy/downstream/newcomer.h"

enum inquiry_state {
    INQUIRY_UNASKED,
    INQUIRY_ASKED,
    INQUIRY_GRANTED,
    INQUIRY_REFUSED,
};

struct inquiry {
    struct client *client;
    enum inquiry_state state;
    enum clearance_need need;
    struct dispatcher *dispatcher; /* of `asked` */
    struct request *asked;         /* with a node; NULL */
    struct request *place;         /* on the client's pipeline meanwhile; NULL */
    struct block *question;        /* to be asked when it is known that the user is let in */
    struct proof turn;             /* to ask over a connection of its own */
    struct request *proof_request; /* to be asked when it is its turn; NULL */
    struct credentials proof;      /* what a node is asked about, or has taken */
    struct identity *identity;     /* over whose connection; NULL: over one of its own */
    struct lane house;             /* at the pool's dispatcher */
    struct lane lane;              /* at that of `identity` */
    enum error_symbol error;       /* REFUSED */
    char text[256];                /* likewise, without its code where the error has it */
};

static void inquiry_on_gathered(struct lane *house)
{
    struct client *client = container_of(house, struct inquiry, house)->client;

    reactor_flush_later(client->clients->reactor, &client->flush);
}

static struct inquiry *inquiry_of(struct client *client)
{
    struct extras *extras = session_extras(&client->session);

    if (extras->inquiry == NULL) {
        extras->inquiry = memory_new(1, sizeof *extras->inquiry);
        extras->inquiry->client = client;
        lane_init(&extras->inquiry->house, client->session.id);
        extras->inquiry->house.on_gathered = inquiry_on_gathered;
        lane_init(&extras->inquiry->lane, client->session.id);
    }
    return extras->inquiry;
}

static struct inquiry *inquiry_seen(const struct client *client)
{
    return client->session.extras == NULL ? NULL : client->session.extras->inquiry;
}

struct lane *inquiry_house_lane(struct client *client)
{
    return &inquiry_of(client)->house;
}

size_t inquiry_gathered(const struct client *client)
{
    const struct inquiry *inquiry = inquiry_seen(client);

    return inquiry == NULL ? 0 : inquiry->house.gathered_bytes;
}

/* Its place on the pipeline has no reply. */
static void on_place_done(struct request *request, struct block *block, struct span bytes)
{
    struct client *client = request->owner;

    reactor_flush_later(client->clients->reactor, &client->flush);
    pipeline_settle(&client->pipeline, &client->output, request, block, bytes);
}

static void take_place(struct inquiry *inquiry, const struct command *command)
{
    struct client *client = inquiry->client;
    struct request *place = request_new(command, NULL, (struct span){"", 0});

    place->done = on_place_done;
    place->owner = client;
    place->muted = true;
    inquiry->place = place;
    pipeline_push(&client->pipeline, place);
}

static void decide(struct inquiry *inquiry, enum inquiry_state state)
{
    struct request *place = inquiry->place;

    inquiry->state = state;
    inquiry->place = NULL;
    block_release(&inquiry->question);
    if (place != NULL) {
        request_settle(place, NULL, (struct span){"", 0});
    }
}

/* In a line: it may have words of the client's. */
static void refuse(struct inquiry *inquiry, enum error_symbol error, struct span text)
{
    size_t size = size_min(text.size, sizeof inquiry->text - 1);

    for (size_t i = 0; i < size; i++) {
        bool is_odd = text.at[i] == '\r' || text.at[i] == '\n' || text.at[i] == '\0';

        inquiry->text[i] = is_odd ? ' ' : text.at[i];
    }
    inquiry->text[size] = '\0';
    inquiry->error = error;
    decide(inquiry, INQUIRY_REFUSED);
}

/* "-NOAUTH …\r\n" without its ends. */
static struct span words_of(struct span error)
{
    return (struct span){error.at + 1, error.size - sizeof "-\r\n" + sizeof ""};
}

static void ask(struct inquiry *inquiry, struct dispatcher *dispatcher, struct request *request)
{
    uint64_t now = reactor_now(inquiry->client->clients->reactor);

    special_of(request)->is_harmless = true;
    request->owner = inquiry;
    request->target = TARGET_PRIMARY;
    request->arrived = now;
    request->deadline = now + inquiry->client->clients->config->timeout_request;
    inquiry->dispatcher = dispatcher;
    inquiry->asked = request;
    dispatcher_send(dispatcher, request);
}

/* It is answered, and nobody's any more. */
static struct inquiry *heard(struct request *request)
{
    struct inquiry *inquiry = request->owner;

    inquiry->asked = NULL;
    request_free(&request);
    return inquiry;
}

/* A bulk says why not, as in "User bob has no permissions to run the 'scan' command". */
static void on_right(struct request *request, struct block *block UNUSED, struct span reply)
{
    struct span text;

    if (span_starts_with(reply, SPAN("+OK"))) {
        decide(heard(request), INQUIRY_GRANTED);
    } else if (reply_string(reply, &text)) {
        refuse(heard(request), ERROR_NO_PERMISSION, text);
    } else {
        char words[sizeof((struct inquiry *)0)->text];
        int size = snprintf(words, sizeof words,
                            "slotway cannot ask the nodes about it by ACL DRYRUN: %.*s",
                            (int)size_min(words_of(reply).size, 160), words_of(reply).at);

        refuse(heard(request), ERROR_NO_PERMISSION, (struct span){words, (size_t)size});
    }
}

static void ask_right(struct inquiry *inquiry)
{
    struct client *client = inquiry->client;
    struct block *question = inquiry->question;
    struct request *request = request_new(command_by_id(COMMAND_ID_ACL_DRYRUN), question,
                                          (struct span){question->bytes, question->used});

    request->done = on_right;
    request->lane = &inquiry->house;
    ask(inquiry, client->clients->dispatcher, request);
}

static void go_on_let_in(struct inquiry *inquiry)
{
    if (inquiry->need == NEED_RIGHT) {
        ask_right(inquiry);
    } else {
        decide(inquiry, INQUIRY_GRANTED);
    }
}

/* Others came before it, and a node may have let one of those in who say as little. */
static bool is_let_in_meanwhile(const struct inquiry *inquiry)
{
    struct client *client = inquiry->client;

    return inquiry->need != NEED_PROOF && !client_identity(client)->is_retired &&
           !newcomer_is_stranger(client);
}

void inquiry_on_turn(struct proof *turn)
{
    struct inquiry *inquiry = container_of(turn, struct inquiry, turn);
    struct clients *clients = inquiry->client->clients;
    struct request *request = inquiry->proof_request;

    inquiry->proof_request = NULL;
    block_bill(clients->intake->account);
    if (is_let_in_meanwhile(inquiry)) {
        request_free(&request);
        proof_end(&clients->identities.proofs, turn);
        go_on_let_in(inquiry);
        return;
    }
    special_of(request)->is_private = true;
    ask(inquiry, inquiry->dispatcher, request);
}

void inquiry_on_late(struct proof *turn)
{
    struct inquiry *inquiry = container_of(turn, struct inquiry, turn);

    block_bill(inquiry->client->clients->intake->account);
    request_free(&inquiry->proof_request);
    refuse(inquiry, ERROR_OVERLOADED, SPAN("a node to judge them"));
}

static void want_proof(struct inquiry *inquiry, struct request *request)
{
    struct clients *clients = inquiry->client->clients;

    inquiry->proof_request = request;
    proofs_want(&clients->identities.proofs, &inquiry->turn,
                reactor_now(clients->reactor) + clients->config->timeout_request);
}

/* Over a connection that ends with it. */
static void end_turn(struct inquiry *inquiry)
{
    proof_end(&inquiry->client->clients->identities.proofs, &inquiry->turn);
}

/* Who may not PING is let in. */
static void on_login(struct request *request, struct block *block UNUSED, struct span reply)
{
    struct inquiry *inquiry = request->owner;

    end_turn(inquiry);
    newcomer_note(inquiry->client, reply);
    if (reply.at[0] == '-' && !span_starts_with(reply, SPAN("-NOPERM"))) {
        refuse(heard(request), ERROR_COMMAND, words_of(reply));
    } else {
        go_on_let_in(heard(request));
    }
}

static void ask_login(struct inquiry *inquiry)
{
    static const struct span ping = {"*1\r\n$4\r\nPING\r\n", 14};
    struct client *client = inquiry->client;

    if (!newcomer_is_stranger(client) && identity_is_let_in(client_identity(client))) {
        go_on_let_in(inquiry);
        return;
    }

    struct request *request = request_new(command_by_id(COMMAND_ID_PING), NULL, ping);

    request->done = on_login;
    request->lane = &client->lane;
    inquiry->dispatcher = client_dispatcher(client);
    if (newcomer_needs_fresh(client)) {
        special_of(request)->is_fresh = true;
        want_proof(inquiry, request);
    } else {
        ask(inquiry, inquiry->dispatcher, request);
    }
}

static void on_proof(struct request *request, struct block *block UNUSED, struct span reply)
{
    end_turn(request->owner);
    if (reply.at[0] == '-') {
        refuse(heard(request), ERROR_COMMAND, words_of(reply));
    } else {
        decide(heard(request), INQUIRY_GRANTED);
    }
}

static struct block *compose(const struct span *words, uint32_t count)
{
    struct sendq composed;

    sendq_init(&composed);
    sendq_keep_secret(&composed);
    resp_write_request(&composed, words, count);

    struct block *block = sendq_flatten(&composed);

    sendq_clear(&composed);
    return block;
}

/* Over a connection that ends with it, or as one that has the same user already: a node says every
 * time what it thinks of them. */
static void ask_proof(struct inquiry *inquiry, const struct span *name, struct span password)
{
    struct clients *clients = inquiry->client->clients;
    const struct span words[] = {SPAN("AUTH"), name == NULL ? password : *name, password};
    struct block *block = compose(words, name == NULL ? 2 : 3);
    struct request *request = request_new(command_by_id(COMMAND_ID_AUTH), block,
                                          (struct span){block->bytes, block->used});

    block_release(&block);
    special_of(request)->is_secret = true;
    credentials_init(&inquiry->proof, name, password);
    request->done = on_proof;
    inquiry->identity = identity_proven(&clients->identities, name, password);
    if (inquiry->identity != NULL) {
        request->lane = &inquiry->lane;
        ask(inquiry, inquiry->identity->dispatcher, request);
        return;
    }
    request->lane = &inquiry->house;
    inquiry->dispatcher = clients->dispatcher;
    want_proof(inquiry, request);
}

/* ACL DRYRUN alice SCAN 0 */
static struct block *compose_question(const struct client *client)
{
    const struct arguments *arguments = &client->clients->arguments;
    struct span *words = memory_new(arguments->count + 3, sizeof *words);

    words[0] = SPAN("ACL");
    words[1] = SPAN("DRYRUN");
    words[2] = span_of(client->session.user->name);
    memcpy(words + 3, arguments->items, arguments->count * sizeof *words);

    struct block *block = compose(words, arguments->count + 3);

    free(words);
    return block;
}

static void begin(struct inquiry *inquiry, const struct command *command)
{
    struct client *client = inquiry->client;
    const struct span *name = NULL;
    struct span word;
    struct span password = {"", 0};

    inquiry->state = INQUIRY_ASKED;
    switch (inquiry->need) {
    case NEED_PROOF:
        CHECK(clearance_credentials(command, &client->clients->arguments, &word, &name, &password));
        ask_proof(inquiry, name, password);
        return;
    case NEED_RIGHT: inquiry->question = compose_question(client); break;
    case NEED_NOTHING:
    case NEED_NODE:
    case NEED_ANOTHER_MODE:
    case NEED_LOGIN: break;
    }
    ask_login(inquiry);
}

/* Not inside of a callback of a dispatcher. */
static void leave(struct inquiry *inquiry)
{
    if (inquiry->identity != NULL) {
        dispatcher_clear_lane(inquiry->identity->dispatcher, &inquiry->lane);
        identity_release(&inquiry->identity);
    }
    credentials_clear(&inquiry->proof);
    inquiry->state = INQUIRY_UNASKED;
}

bool inquiry_has_proof(const struct client *client, const struct span *name, struct span password)
{
    const struct inquiry *inquiry = inquiry_seen(client);

    return inquiry != NULL && inquiry->state == INQUIRY_GRANTED &&
           credentials_are(&inquiry->proof, name, password);
}

void inquiry_end(struct client *client)
{
    struct inquiry *inquiry = inquiry_seen(client);

    if (inquiry != NULL && inquiry->state != INQUIRY_ASKED) {
        leave(inquiry);
    }
}

void inquiry_drop(struct client *client)
{
    struct inquiry *inquiry = inquiry_seen(client);

    if (inquiry == NULL) {
        return;
    }
    client->session.extras->inquiry = NULL;
    if (inquiry->asked != NULL) {
        dispatcher_abandon(inquiry->dispatcher, &inquiry->asked);
    }
    if (inquiry->proof_request != NULL) {
        request_free(&inquiry->proof_request);
    }
    end_turn(inquiry);
    block_release(&inquiry->question);
    leave(inquiry);
    dispatcher_clear_lane(client->clients->dispatcher, &inquiry->house);
    free(inquiry);
}

bool inquiry_begin(struct client *client, const struct command *command, enum clearance_need need)
{
    struct inquiry *inquiry = inquiry_of(client);

    inquiry->need = need;
    begin(inquiry, command);
    if (inquiry->state == INQUIRY_ASKED) {
        take_place(inquiry, command);
        return false;
    }
    return true;
}

bool inquiry_is_over(const struct client *client)
{
    const struct inquiry *inquiry = inquiry_seen(client);

    return inquiry != NULL && inquiry->state > INQUIRY_ASKED;
}

bool inquiry_found_objection(const struct client *client, enum error_symbol *error,
                             const char **words)
{
    const struct inquiry *inquiry = inquiry_seen(client);

    if (inquiry == NULL || inquiry->state != INQUIRY_REFUSED) {
        return false;
    }
    *error = inquiry->error;
    *words = inquiry->text;
    return true;
}
