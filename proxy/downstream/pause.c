#include "proxy/downstream/pause.h"

#include "proxy/downstream/permission.h"
#include "proxy/routing/companion.h"
#include "proxy/routing/obey.h"

/* The word: microseconds in the upper bits, the mode in the lowest two. Zero: no pause. */
enum { MODE_BITS = 2, MODE_MASK = (1 << MODE_BITS) - 1 };

enum { AFTERMATH_LOOK_US = 5 * US_PER_MS, AFTERMATH_US = US_PER_SECOND };

static uint64_t word_of(enum pause_mode mode, uint64_t until)
{
    return until << MODE_BITS | (uint64_t)mode;
}

static enum pause_mode word_mode(uint64_t word)
{
    return (enum pause_mode)(word & MODE_MASK);
}

static uint64_t word_until(uint64_t word)
{
    return word >> MODE_BITS;
}

/* Redis: the longer of two pauses, and the stricter; each may come from another client. */
static uint64_t word_extend(uint64_t word, enum pause_mode mode, uint64_t until, uint64_t now)
{
    if (word_until(word) <= now) {
        return word_of(mode, until);
    }
    return word_of(word_mode(word) > mode ? word_mode(word) : mode,
                   word_until(word) > until ? word_until(word) : until);
}

void pause_extend(struct house *house, enum pause_mode mode, uint64_t until, uint64_t now)
{
    uint64_t word = atomic_load(&house->pause);

    while (
        !atomic_compare_exchange_weak(&house->pause, &word, word_extend(word, mode, until, now))) {
    }
}

void pause_end(struct house *house)
{
    atomic_store(&house->pause, 0);
}

enum pause_mode pause_mode_of(const struct house *house)
{
    return word_mode(atomic_load(&house->pause));
}

uint64_t pause_until_of(const struct house *house)
{
    return word_until(atomic_load(&house->pause));
}

/* They look themselves at the end of the turn: this may run amid the request of one of them. */
static void let_go(struct clients *clients)
{
    LIST_EACH (link, &clients->open) {
        struct client *client = container_of(link, struct client, in_clients);

        if (client->state == CLIENT_HELD) {
            reactor_flush_later(clients->reactor, &client->flush);
        }
    }
}

/* Behind a pause of nodes what waits leaves first, and gates close: else all that clients have
 * would come at once, and wait behind what is under way. Gates may also stay for as long as a
 * client blocks, so they are not waited for without an end. */
static bool is_aftermath(struct clients *clients, uint64_t now)
{
    const struct dispatcher *dispatcher = clients->dispatcher;

    if (clients->aftermath_until == 0) {
        clients->aftermath_until = now + AFTERMATH_US;
    }
    return dispatcher->waiting_count > 0 ||
           (now < clients->aftermath_until && companions_have_gates(dispatcher));
}

/* When what holds now is to be looked at again; 0: nothing holds. */
static uint64_t pause_next(struct clients *clients, enum pause_mode before, uint64_t now)
{
    const struct dispatcher *dispatcher = clients->dispatcher;

    if (dispatcher->halted_until > now) {
        clients->aftermath_until = 0;
        return dispatcher->halted_until;
    }
    if (before != PAUSE_OFF && is_aftermath(clients, now)) {
        return now + AFTERMATH_LOOK_US;
    }
    clients->aftermath_until = 0;
    return 0;
}

void pause_refresh(struct clients *clients)
{
    uint64_t word = atomic_load(&clients->house->pause);
    uint64_t now = reactor_now(clients->reactor);
    uint64_t until = word_until(word);
    enum pause_mode before = clients->pause;

    clients->pause = word_mode(word);
    if (until > now) {
        clients->aftermath_until = 0;
    } else {
        until = pause_next(clients, before, now);
        clients->pause = until == 0 ? PAUSE_OFF : PAUSE_CROWD;
    }
    atomic_store_explicit(&clients->metrics->workers_resuming, clients->aftermath_until != 0,
                          memory_order_relaxed);
    if (until == 0) {
        reactor_timer_stop(&clients->pause_end);
    } else {
        reactor_timer_start(&clients->pause_end, until - now);
    }
    if (clients->pause < before) {
        let_go(clients);
    }
}

bool pause_is_write(const struct command *command)
{
    bool may_write =
        command->class == COMMAND_CLASS_SCRIPT && (command->flags & COMMAND_READONLY) == 0;

    return (command->flags & COMMAND_WRITE) != 0 || may_write ||
           command->id == COMMAND_ID_PUBLISH || command->id == COMMAND_ID_SPUBLISH ||
           command->id == COMMAND_ID_PFCOUNT;
}

/* As many wait at gates as may, or nearly, and this one has its part in that, or is about to. Also
 * when the pause is over, and they have not left yet. */
static bool is_in_crowd(const struct client *client)
{
    const struct dispatcher *dispatcher = client_dispatcher(client);
    bool is_time = dispatcher->halted_until != 0 || client->clients->pause == PAUSE_CROWD;

    return is_time && !pipeline_is_empty(&client->pipeline) && obey_is_crowded(dispatcher);
}

static bool mode_holds(const struct client *client, const struct command *command)
{
    switch (client->clients->pause) {
    case PAUSE_OFF:
    case PAUSE_CROWD: return false;
    case PAUSE_WRITE:
        return pause_is_write(command) ||
               (command->id == COMMAND_ID_EXEC && session_queued(&client->session)->writes);
    case PAUSE_ALL: return command->id != COMMAND_ID_CLIENT_UNPAUSE;
    }
    return false;
}

/* A request that will be refused is refused at once, and one of a client that monitors concerns no
 * keys; and a pause of everything would have no other end than its time. */
enum pause_mode pause_holds(const struct client *client)
{
    const struct clients *clients = client->clients;
    const struct command *command;

    if (clients->arguments.count == 0 || client->is_monitor ||
        command_table_find(clients->commands, &clients->arguments, &command) != COMMAND_FOUND ||
        (!client->session.is_authenticated && (command->flags & COMMAND_NO_AUTH) == 0 &&
         !clients->identities.is_on) ||
        (client->session.is_limited && permission_is_lacking(client, command))) {
        return PAUSE_OFF;
    }
    if (mode_holds(client, command)) {
        return clients->pause;
    }
    return is_in_crowd(client) ? PAUSE_CROWD : PAUSE_OFF;
}

bool pause_is_over_for(const struct client *client)
{
    return client->clients->pause < client->held_by ||
           (client->held_by == PAUSE_CROWD && !is_in_crowd(client));
}
