#include "proxy/cluster/silence.h"

#include <stdio.h>

#include "common/clock.h"
#include "common/events.h"
#include "common/log.h"

enum { LOG_US = 10 * US_PER_SECOND };

static unsigned long long seconds_since(uint64_t moment)
{
    return (clock_now() - moment) / US_PER_SECOND;
}

void silence_note_seed(struct silence *silence, const char *pool, const struct endpoint *seed,
                       const char *cause)
{
    uint64_t now = clock_now();
    char text[sizeof(struct address)];

    if (silence->seed_logged_at == 0 || now - silence->seed_logged_at >= LOG_US) {
        silence->seed_logged_at = now;
        log_info("seed gives no picture", "pool=%s seed=%s error=%s", pool,
                 endpoint_print(seed, text, sizeof text), cause);
    }
}

void silence_note(struct silence *silence, const char *pool, const struct candidates *candidates,
                  const char *cause)
{
    uint64_t now = clock_now();
    char text[sizeof(struct address)];

    if (silence->since == 0) {
        silence->since = now;
        events_post(EVENT_SILENCE, pool, NULL, "no node of the cluster answers: %s", cause);
    } else if (now - silence->logged_at < LOG_US && strcmp(silence->cause, cause) == 0) {
        return;
    }
    snprintf(silence->cause, sizeof silence->cause, "%s", cause);
    silence->logged_at = now;
    const char *last =
        candidates->asked_count == 0
            ? "none"
            : endpoint_print(&candidates->asked[candidates->asked_count - 1], text, sizeof text);
    log_warn("no node of the cluster answers", "pool=%s asked=%zu last=%s error=%s seconds=%llu",
             pool, candidates->asked_count, last, cause, seconds_since(silence->since));
}

void silence_end(struct silence *silence, const char *pool)
{
    if (silence->since != 0) {
        log_info("the cluster answers again", "pool=%s seconds=%llu", pool,
                 seconds_since(silence->since));
        events_post(EVENT_ANSWER, pool, NULL, "the cluster answers again after %llu s",
                    seconds_since(silence->since));
    }
    silence->since = 0;
}
