/* client.h - one connection and its talk: sends by chance, reads what comes, writes both down.
 *
 *      sent ──────────────┐ read ──────────┐
 *      steps  0 1 2 3 4 5 6 7 8 9          │
 *                   ^ next reply   ^ next request; between them at most `depth`
 *
 * Its thread's, but for what workload.h says.
 */
#ifndef TESTS_CHAOS_CLIENT_H
#define TESTS_CHAOS_CLIENT_H

#include <stdatomic.h>

#include "tests/chaos/history.h"
#include "tests/chaos/settings.h"
#include "tests/support/dice.h"

/* How often each kind of error was seen. */
struct error_kind {
    char text[120];
    uint64_t count;
};

struct client {
    const struct settings *settings;
    uint16_t port;
    uint32_t number;
    struct dice dice;
    int fd; /* -1: not connected */
    struct bytes input;
    struct bytes output;
    struct history *histories; /* of this round; the last one goes on */
    size_t history_count;
    uint32_t next_number; /* of a step */
    uint32_t lives;
    uint32_t round;
    size_t answered; /* steps of the history that goes on */
    struct error_kind *errors;
    size_t error_count;
    uint64_t closes; /* connections that slotway closed */
    _Atomic uint64_t progress;
    bool is_stuck; /* no reply came for longer than a request may take */
};

void client_init(struct client *client, const struct settings *settings, uint16_t port,
                 uint32_t number);

/* Begins a round: forgets the histories and starts a new one on the same connection. */
void client_begin(struct client *client, uint32_t round);

/* Sends a burst, reads some of the replies, and sleeps what the rate demands. */
void client_talk(struct client *client);

/* Reads all replies that are still to come. */
void client_drain(struct client *client);

void client_clear(struct client *client);

#endif
