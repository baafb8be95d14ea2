#include "tests/chaos/client.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/check.h"
#include "common/memory.h"
#include "tests/chaos/choice.h"
#include "tests/chaos/chronicle.h"
#include "tests/chaos/speech.h"
#include "tests/support/resp.h"
#include "tests/support/wire.h"

enum {
    ERROR_KINDS_MAX = 64,
    STUCK_AFTER_MS = 30000, /* on top of what slotway's own deadline allows a request */
    READ_SIZE = 65536,
};

void client_init(struct client *client, const struct settings *settings, uint16_t port,
                 uint32_t number)
{
    *client = (struct client){.settings = settings,
                              .port = port,
                              .number = number,
                              .dice = dice_of(settings->seed, number + 1000),
                              .fd = -1,
                              .next_number = 1};
}

static struct history *current(struct client *client)
{
    return &client->histories[client->history_count - 1];
}

/* What follows is written down in a history of its own, about keys of its own. */
static void start_history(struct client *client)
{
    client->histories =
        memory_resize(client->histories, client->history_count + 1, sizeof *client->histories);
    client->histories[client->history_count++] = (struct history){.client = client->number,
                                                                  .round = client->round,
                                                                  .life = ++client->lives,
                                                                  .first = client->next_number};
    client->answered = 0;
}

static void forget_histories(struct client *client)
{
    for (size_t i = 0; i < client->history_count; i++) {
        history_clear(&client->histories[i]);
    }
    free(client->histories);
    client->histories = NULL;
    client->history_count = 0;
}

void client_begin(struct client *client, uint32_t round)
{
    forget_histories(client);
    client->round = round;
    start_history(client);
}

static void count_error(struct client *client, struct span text)
{
    char kind[sizeof client->errors->text];
    size_t i = 0;

    speech_error_kind(text, kind, sizeof kind);
    while (i < client->error_count && strcmp(client->errors[i].text, kind) != 0) {
        i++;
    }
    if (i == ERROR_KINDS_MAX) {
        i--;
    } else if (i == client->error_count) {
        client->errors =
            memory_resize(client->errors, ++client->error_count, sizeof *client->errors);
        client->errors[i] = (struct error_kind){0};
        memcpy(client->errors[i].text, kind, sizeof kind);
    }
    client->errors[i].count++;
}

/* slotway is there all the time: not to be let in at once is a failure. */
static bool client_connect(struct client *client)
{
    if (client->fd < 0) {
        client->fd = wire_connect(client->port);
        client->is_stuck = client->fd < 0;
    }
    return !client->is_stuck;
}

/* The connection is gone: what was not answered never will be. */
static void client_lose(struct client *client)
{
    struct history *history = current(client);

    for (size_t i = client->answered; i < history->count; i++) {
        history->steps[i].answer = ANSWER_CLOSED;
        history->steps[i].answered_ms = chronicle_now_ms();
    }
    client->closes++;
    close(client->fd);
    client->fd = -1;
    bytes_clear(&client->input);
    start_history(client);
}

static void take_reply(struct client *client, struct span reply, uint32_t now_ms)
{
    struct history *history = current(client);
    struct step *step = &history->steps[client->answered];

    step->answered_ms = now_ms;
    speech_understand(history, client->answered, reply);
    if (reply.at[0] == '-') {
        count_error(client, (struct span){reply.at + 1, reply.size - 3});
    }
    client->answered++;
    atomic_fetch_add_explicit(&client->progress, 1, memory_order_relaxed);
}

/* All whole replies that have come. More replies than requests: the first too many is noted as the
 * misfit of the last step. */
static void take_replies(struct client *client)
{
    uint32_t now_ms = chronicle_now_ms();
    struct history *history = current(client);
    size_t at = 0;
    size_t size;

    do {
        struct span rest = {client->input.at + at, client->input.size - at};
        size = rest.size == 0 ? 0 : resp_reply_size(rest);
        if (size > 0 && client->answered == history->count) {
            CHECK(history->count > 0);
            history->steps[history->count - 1].answer = ANSWER_MISFIT;
            history_note(history, history->count - 1, rest);
            size = rest.size;
        } else if (size > 0) {
            take_reply(client, (struct span){rest.at, size}, now_ms);
        }
        at += size;
    } while (size > 0);
    bytes_drop(&client->input, at);
}

/* Reads once; false when the connection is gone or nothing has come for far too long. */
static bool client_read(struct client *client)
{
    struct pollfd ready = {.fd = client->fd, .events = POLLIN};
    int patience_ms = (int)client->settings->timeout_ms + STUCK_AFTER_MS;

    if (poll(&ready, 1, patience_ms) == 0) {
        client->is_stuck = true;
        return false;
    }
    char *room = bytes_room(&client->input, READ_SIZE);
    ssize_t count = recv(client->fd, room, READ_SIZE, 0);
    if (count <= 0) {
        client_lose(client);
        return false;
    }
    bytes_added(&client->input, (size_t)count);
    take_replies(client);
    return true;
}

static bool client_write(struct client *client)
{
    size_t sent = 0;

    while (sent < client->output.size) {
        ssize_t count =
            send(client->fd, client->output.at + sent, client->output.size - sent, MSG_NOSIGNAL);
        if (count < 0) {
            client_lose(client);
            break;
        }
        sent += (size_t)count;
    }
    bool all = sent == client->output.size;
    bytes_drop(&client->output, client->output.size);
    return all;
}

static size_t unanswered(struct client *client)
{
    return current(client)->count - client->answered;
}

/* Returns how many requests were sent. */
static uint32_t send_burst(struct client *client)
{
    struct history *history = current(client);
    uint32_t room = client->settings->depth - (uint32_t)unanswered(client);
    uint32_t burst = room == 0 ? 0 : dice_between(&client->dice, 1, room);
    uint32_t now_ms = chronicle_now_ms();

    for (uint32_t i = 0; i < burst; i++) {
        choice_add(&client->dice, history)->sent_ms = now_ms;
        client->next_number++;
        speech_request(history, history->count - 1, &client->output);
    }
    return client_write(client) ? burst : 0;
}

static void client_sleep(const struct client *client, uint32_t requests)
{
    uint64_t ns = 1000000000ull * requests * client->settings->clients / client->settings->rate;
    struct timespec pause = {.tv_sec = (time_t)(ns / 1000000000u),
                             .tv_nsec = (long)(ns % 1000000000u)};

    nanosleep(&pause, NULL);
}

void client_talk(struct client *client)
{
    if (!client_connect(client)) {
        return;
    }
    uint32_t sent = send_burst(client);
    size_t left = dice_roll(&client->dice, client->settings->depth);
    while (client->fd >= 0 && unanswered(client) > left && client_read(client)) {
    }
    client_sleep(client, sent);
}

void client_drain(struct client *client)
{
    while (client->fd >= 0 && unanswered(client) > 0 && client_read(client)) {
    }
}

void client_clear(struct client *client)
{
    if (client->fd >= 0) {
        close(client->fd);
    }
    forget_histories(client);
    bytes_clear(&client->input);
    bytes_clear(&client->output);
    free(client->errors);
    *client = (struct client){.fd = -1};
}
