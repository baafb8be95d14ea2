#include "proxy/downstream/clearance.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/memory.h"
#include "common/resp_write.h"
#include "proxy/downstream/clearance_need.h"
#include "proxy/downstream/local.h"
#include "proxy/downstream/login.h"
#include "proxy/downstream/newcomer.h"

/* Of a worker: who has said AUTH is nobody yet, and each takes a connection. */
enum { PROOFS_MAX = 64 };

enum clearance_state {
    CLEARANCE_UNASKED,
    CLEARANCE_ASKED,
    CLEARANCE_GRANTED,
    CLEARANCE_REFUSED,
};

struct clearance {
    struct client *client;
    enum clearance_state state;
    enum clearance_need need;
    struct dispatcher *dispatcher; /* of `asked` */
    struct request *asked;         /* with a node; NULL */
    struct request *place;         /* on the client's pipeline meanwhile; NULL */
    struct block *question;        /* to be asked when it is known that the user is let in */
    struct request *proof_request; /* to be asked when it is its turn; NULL */
    struct list_link in_proofs;    /* of the identities, until then */
    bool is_proving;               /* it is its turn */
    struct credentials proof;      /* what a node is asked about, or has taken */
    struct identity *identity;     /* over whose connection; NULL: over one of its own */
    struct lane house;             /* at the pool's dispatcher */
    struct lane lane;              /* at that of `identity` */
    enum error_symbol error;       /* REFUSED */
    char text[256];                /* likewise, without its code where the error has it */
};

static void clearance_on_gathered(struct lane *house)
{
    struct client *client = container_of(house, struct clearance, house)->client;

    reactor_flush_later(client->clients->reactor, &client->flush);
}

static struct clearance *clearance_of(struct client *client)
{
    struct extras *extras = session_extras(&client->session);

    if (extras->clearance == NULL) {
        extras->clearance = memory_new(1, sizeof *extras->clearance);
        extras->clearance->client = client;
        lane_init(&extras->clearance->house, client->session.id);
        extras->clearance->house.on_gathered = clearance_on_gathered;
        lane_init(&extras->clearance->lane, client->session.id);
    }
    return extras->clearance;
}

static struct clearance *clearance_seen(const struct client *client)
{
    return client->session.extras == NULL ? NULL : client->session.extras->clearance;
}

struct lane *clearance_house_lane(struct client *client)
{
    return &clearance_of(client)->house;
}

size_t clearance_gathered(const struct client *client)
{
    const struct clearance *clearance = clearance_seen(client);

    return clearance == NULL ? 0 : clearance->house.gathered_bytes;
}

/* Its place on the pipeline has no reply. */
static void on_place_done(struct request *request, struct block *block, struct span bytes)
{
    struct client *client = request->owner;

    reactor_flush_later(client->clients->reactor, &client->flush);
    pipeline_settle(&client->pipeline, &client->output, request, block, bytes);
}

static void take_place(struct clearance *clearance, const struct command *command)
{
    struct client *client = clearance->client;
    struct request *place = request_new(command, NULL, (struct span){"", 0});

    place->done = on_place_done;
    place->owner = client;
    place->muted = true;
    clearance->place = place;
    pipeline_push(&client->pipeline, place);
}

static void decide(struct clearance *clearance, enum clearance_state state)
{
    struct request *place = clearance->place;

    clearance->state = state;
    clearance->place = NULL;
    block_release(&clearance->question);
    if (place != NULL) {
        request_settle(place, NULL, (struct span){"", 0});
    }
}

/* In a line: it may have words of the client's. */
static void refuse(struct clearance *clearance, enum error_symbol error, struct span text)
{
    size_t size = size_min(text.size, sizeof clearance->text - 1);

    for (size_t i = 0; i < size; i++) {
        bool is_odd = text.at[i] == '\r' || text.at[i] == '\n' || text.at[i] == '\0';

        clearance->text[i] = is_odd ? ' ' : text.at[i];
    }
    clearance->text[size] = '\0';
    clearance->error = error;
    decide(clearance, CLEARANCE_REFUSED);
}

/* "-NOAUTH …\r\n" without its ends. */
static struct span words_of(struct span error)
{
    return (struct span){error.at + 1, error.size - sizeof "-\r\n" + sizeof ""};
}

static void clearance_ask(struct clearance *clearance, struct dispatcher *dispatcher,
                          struct request *request)
{
    uint64_t now = reactor_now(clearance->client->clients->reactor);

    special_of(request)->is_harmless = true;
    request->owner = clearance;
    request->target = TARGET_PRIMARY;
    request->arrived = now;
    request->deadline = now + clearance->client->clients->config->timeout_request;
    clearance->dispatcher = dispatcher;
    clearance->asked = request;
    dispatcher_send(dispatcher, request);
}

/* It is answered, and nobody's any more. */
static struct clearance *clearance_heard(struct request *request)
{
    struct clearance *clearance = request->owner;

    clearance->asked = NULL;
    request_free(&request);
    return clearance;
}

/* A bulk says why not, as in "User bob has no permissions to run the 'scan' command". */
static void on_right(struct request *request, struct block *block UNUSED, struct span reply)
{
    struct span text;

    if (span_starts_with(reply, SPAN("+OK"))) {
        decide(clearance_heard(request), CLEARANCE_GRANTED);
    } else if (reply_string(reply, &text)) {
        refuse(clearance_heard(request), ERROR_NO_PERMISSION, text);
    } else {
        char words[sizeof((struct clearance *)0)->text];
        int size = snprintf(words, sizeof words,
                            "slotway cannot ask the nodes about it by ACL DRYRUN: %.*s",
                            (int)size_min(words_of(reply).size, 160), words_of(reply).at);

        refuse(clearance_heard(request), ERROR_NO_PERMISSION, (struct span){words, (size_t)size});
    }
}

static void ask_right(struct clearance *clearance)
{
    struct client *client = clearance->client;
    struct block *question = clearance->question;
    struct request *request = request_new(command_by_id(COMMAND_ID_ACL_DRYRUN), question,
                                          (struct span){question->bytes, question->used});

    request->done = on_right;
    request->lane = &clearance->house;
    clearance_ask(clearance, client->clients->dispatcher, request);
}

static void go_on_let_in(struct clearance *clearance)
{
    if (clearance->need == NEED_RIGHT) {
        ask_right(clearance);
    } else {
        decide(clearance, CLEARANCE_GRANTED);
    }
}

/* Over a connection of its own, which is what there are not to be many of. */
static void send_proof(struct clearance *clearance)
{
    struct clients *clients = clearance->client->clients;
    struct request *request = clearance->proof_request;

    clearance->proof_request = NULL;
    clearance->is_proving = true;
    clients->identities.proofs++;
    special_of(request)->is_private = true;
    clearance_ask(clearance, clearance->dispatcher, request);
}

/* Those who wait have their turn in the next turn of the loop: thousands may. */
static void end_proof(struct clearance *clearance)
{
    struct identities *identities = &clearance->client->clients->identities;

    if (clearance->is_proving) {
        clearance->is_proving = false;
        identities->proofs--;
        if (!list_is_empty(&identities->waiting)) {
            reactor_timer_start(&identities->next_proofs, 0);
        }
    }
}

void clearance_on_next_proofs(struct reactor_timer *timer)
{
    struct identities *identities = container_of(timer, struct identities, next_proofs);

    block_bill(identities->clients->intake->account);
    while (identities->proofs < PROOFS_MAX && !list_is_empty(&identities->waiting)) {
        send_proof(container_of(list_pop(&identities->waiting), struct clearance, in_proofs));
    }
}

/* When it is its turn. */
static void want_proof(struct clearance *clearance, struct request *request)
{
    struct identities *identities = &clearance->client->clients->identities;

    clearance->proof_request = request;
    if (identities->proofs < PROOFS_MAX) {
        send_proof(clearance);
    } else {
        list_append(&identities->waiting, &clearance->in_proofs);
    }
}

/* Who may not PING is let in. */
static void on_login(struct request *request, struct block *block UNUSED, struct span reply)
{
    struct clearance *clearance = request->owner;

    end_proof(clearance);
    newcomer_note(clearance->client, reply);
    if (reply.at[0] == '-' && !span_starts_with(reply, SPAN("-NOPERM"))) {
        refuse(clearance_heard(request), ERROR_COMMAND, words_of(reply));
    } else {
        go_on_let_in(clearance_heard(request));
    }
}

static void ask_login(struct clearance *clearance)
{
    static const struct span ping = {"*1\r\n$4\r\nPING\r\n", 14};
    struct client *client = clearance->client;

    if (!newcomer_is_stranger(client) && identity_is_let_in(client_identity(client))) {
        go_on_let_in(clearance);
        return;
    }

    struct request *request = request_new(command_by_id(COMMAND_ID_PING), NULL, ping);

    request->done = on_login;
    request->lane = &client->lane;
    clearance->dispatcher = client_dispatcher(client);
    if (newcomer_needs_fresh(client)) {
        special_of(request)->is_fresh = true;
        want_proof(clearance, request);
    } else {
        clearance_ask(clearance, clearance->dispatcher, request);
    }
}

static void on_proof(struct request *request, struct block *block UNUSED, struct span reply)
{
    end_proof(request->owner);
    if (reply.at[0] == '-') {
        refuse(clearance_heard(request), ERROR_COMMAND, words_of(reply));
    } else {
        decide(clearance_heard(request), CLEARANCE_GRANTED);
    }
}

static struct block *compose(const struct span *words, uint32_t count)
{
    struct sendq composed;

    sendq_init(&composed);
    resp_write_request(&composed, words, count);

    struct block *block = sendq_flatten(&composed);

    sendq_clear(&composed);
    return block;
}

/* Over a connection that ends with it, or as one that has the same user already: a node says every
 * time what it thinks of them. */
static void ask_proof(struct clearance *clearance, const struct span *name, struct span password)
{
    struct clients *clients = clearance->client->clients;
    const struct span words[] = {SPAN("AUTH"), name == NULL ? password : *name, password};
    struct block *block = compose(words, name == NULL ? 2 : 3);
    struct request *request = request_new(command_by_id(COMMAND_ID_AUTH), block,
                                          (struct span){block->bytes, block->used});

    block_release(&block);
    credentials_init(&clearance->proof, name, password);
    request->done = on_proof;
    clearance->identity = identity_proven(&clients->identities, name, password);
    if (clearance->identity != NULL) {
        request->lane = &clearance->lane;
        clearance_ask(clearance, clearance->identity->dispatcher, request);
        return;
    }
    request->lane = &clearance->house;
    clearance->dispatcher = clients->dispatcher;
    want_proof(clearance, request);
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

static void begin(struct clearance *clearance, const struct command *command)
{
    struct client *client = clearance->client;
    const struct span *name = NULL;
    struct span word;
    struct span password = {"", 0};

    clearance->state = CLEARANCE_ASKED;
    switch (clearance->need) {
    case NEED_PROOF:
        CHECK(clearance_credentials(command, &client->clients->arguments, &word, &name, &password));
        ask_proof(clearance, name, password);
        return;
    case NEED_RIGHT: clearance->question = compose_question(client); break;
    case NEED_NOTHING:
    case NEED_NODE:
    case NEED_ANOTHER_MODE:
    case NEED_LOGIN: break;
    }
    ask_login(clearance);
}

static enum clearance_need need_of(const struct client *client, const struct command *command)
{
    return client->session.is_in_multi
               ? NEED_NOTHING
               : clearance_need_of(command, &client->clients->arguments, local_has(command));
}

/* Of a stranger anything but what makes it one that is known. */
static bool is_to_ask(struct client *client, const struct command *command,
                      enum clearance_need need)
{
    switch (need) {
    case NEED_PROOF:
    case NEED_RIGHT:
    case NEED_LOGIN: return true;
    case NEED_NOTHING:
    case NEED_NODE:
    case NEED_ANOTHER_MODE: break;
    }
    return (command->flags & COMMAND_NO_AUTH) == 0 && newcomer_is_stranger(client);
}

bool clearance_is_known(struct client *client, const struct command *command)
{
    struct clearance *clearance = clearance_seen(client);
    enum clearance_need need = need_of(client, command);

    if ((clearance != NULL && clearance->state > CLEARANCE_ASKED) ||
        !is_to_ask(client, command, need)) {
        return true;
    }
    client->is_alone = true;
    if (!pipeline_is_empty(&client->pipeline)) {
        return false;
    }
    clearance = clearance_of(client);
    clearance->need = need;
    begin(clearance, command);
    if (clearance->state == CLEARANCE_ASKED) {
        take_place(clearance, command);
        return false;
    }
    client->is_alone = false;
    return true;
}

bool clearance_forbids(struct client *client, const struct command *command)
{
    struct clearance *clearance = clearance_seen(client);

    if (need_of(client, command) == NEED_ANOTHER_MODE) {
        char text[128];

        snprintf(text, sizeof text,
                 "ERR '%s' is not available where clients.auth is nodes, see docs/users.md",
                 command->name);
        client_refuse(client, command, ERROR_COMMAND, text);
        return true;
    }
    if (clearance == NULL || clearance->state != CLEARANCE_REFUSED) {
        return false;
    }
    login_note_refusal(client, command, clearance->text);
    client_refuse(client, command, clearance->error, clearance->text);
    return true;
}

bool clearance_sends(const struct client *client, const struct command *command)
{
    return need_of(client, command) == NEED_NODE;
}

/* Not inside of a callback of a dispatcher. */
static void leave(struct clearance *clearance)
{
    if (clearance->identity != NULL) {
        dispatcher_clear_lane(clearance->identity->dispatcher, &clearance->lane);
        identity_release(&clearance->identity);
    }
    credentials_clear(&clearance->proof);
    clearance->state = CLEARANCE_UNASKED;
}

bool clearance_has_proof(const struct client *client, const struct span *name, struct span password)
{
    const struct clearance *clearance = clearance_seen(client);

    return clearance != NULL && clearance->state == CLEARANCE_GRANTED &&
           credentials_are(&clearance->proof, name, password);
}

void clearance_end(struct client *client)
{
    struct clearance *clearance = clearance_seen(client);

    if (clearance != NULL && clearance->state != CLEARANCE_ASKED) {
        leave(clearance);
    }
}

void clearance_drop(struct client *client)
{
    struct clearance *clearance = clearance_seen(client);

    if (clearance == NULL) {
        return;
    }
    client->session.extras->clearance = NULL;
    if (clearance->asked != NULL) {
        dispatcher_abandon(clearance->dispatcher, &clearance->asked);
    }
    if (clearance->proof_request != NULL) {
        list_remove(&clearance->in_proofs);
        request_free(&clearance->proof_request);
    }
    end_proof(clearance);
    block_release(&clearance->question);
    leave(clearance);
    dispatcher_clear_lane(client->clients->dispatcher, &clearance->house);
    free(clearance);
}
