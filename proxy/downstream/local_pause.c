/* CLIENT PAUSE and CLIENT UNPAUSE. */
#include "common/resp_write.h"
#include "proxy/downstream/pause.h"
#include "proxy/downstream/roundup.h"

enum { PAUSE_LONGEST_MS = INT32_MAX };

static void pause_tour(struct visit *visit UNUSED, struct clients *clients)
{
    pause_refresh(clients);
}

static void pause_answer(const struct roundup *roundup UNUSED, struct sendq *to)
{
    resp_write_status(to, "OK");
}

/* The client's own worker at once, for what this client has sent behind; it has its answer when the
 * others know, too. */
static void call_tell_workers(const struct local_call *call)
{
    pause_refresh(call->client->clients);
    roundup_start_tour(call, (struct roundup_terms){0}, pause_tour, pause_answer);
}

/* Refuses the call and returns false when it makes no sense. */
static bool pause_parse_mode(const struct local_call *call, enum pause_mode *mode)
{
    struct span word;

    *mode = PAUSE_ALL;
    if (call_count(call) == 3) {
        return true;
    }
    if (call_count(call) > 4) {
        call_bad_subcommand(call);
        return false;
    }
    word = call_word(call, 3);
    if (span_equal_nocase(word, SPAN("write"))) {
        *mode = PAUSE_WRITE;
        return true;
    }
    if (!span_equal_nocase(word, SPAN("all"))) {
        call_error(call, "ERR CLIENT PAUSE mode must be WRITE or ALL");
        return false;
    }
    return true;
}

/* Likewise. */
static bool pause_parse_time(const struct local_call *call, uint64_t *us)
{
    int64_t ms;

    if (!span_to_int64(call_word(call, 2), &ms)) {
        call_error(call, "ERR timeout is not an integer or out of range");
        return false;
    }
    if (ms < 0) {
        call_error(call, "ERR timeout is negative");
        return false;
    }
    *us = (uint64_t)(ms > PAUSE_LONGEST_MS ? PAUSE_LONGEST_MS : ms) * US_PER_MS;
    return true;
}

void local_client_pause(const struct local_call *call)
{
    struct clients *clients = call->client->clients;
    uint64_t now = reactor_now(clients->reactor);
    enum pause_mode mode;
    uint64_t us;

    if (pause_parse_mode(call, &mode) && pause_parse_time(call, &us)) {
        pause_extend(clients->house, mode, now + us, now);
        call_tell_workers(call);
    }
}

void local_client_unpause(const struct local_call *call)
{
    pause_end(call->client->clients->house);
    call_tell_workers(call);
}
