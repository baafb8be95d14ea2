/* SLOWLOG, and COMMANDLOG for its type "slow": what was slow as slotway saw it. The other types of
 * COMMANDLOG are answered as by a server that keeps nothing of them. */
#include <stdlib.h>

#include "common/memory.h"
#include "common/resp_write.h"
#include "proxy/downstream/roundup.h"

enum { GET_DEFAULT = 10 };

static void get_tour(struct visit *visit, struct clients *clients)
{
    const struct slow_entry *entry = NULL;

    while ((entry = slowlog_next(clients, entry)) != NULL) {
        struct sendq text;

        sendq_init(&text);
        slow_entry_write(entry, &text);

        struct block *whole = sendq_flatten(&text);

        roundup_add_line(visit, entry->id, memory_copy(whole->bytes, whole->used), whole->used);
        block_release(&whole);
        sendq_clear(&text);
    }
}

/* The newest first. */
static void get_answer(const struct roundup *roundup, struct sendq *to)
{
    size_t count;
    struct roundup_line *lines = roundup_gather(roundup, &count);
    size_t shown = roundup->number < 0 ? count : size_min(count, (size_t)roundup->number);

    resp_write_array(to, shown);
    for (size_t i = 0; i < shown; i++) {
        const struct roundup_line *line = &lines[count - 1 - i];

        sendq_append(to, (struct span){line->text, line->size});
    }
    free(lines);
}

static void len_tour(struct visit *visit, struct clients *clients)
{
    const struct slow_entry *entry = NULL;

    while ((entry = slowlog_next(clients, entry)) != NULL) {
        visit->count++;
    }
}

static void len_answer(const struct roundup *roundup, struct sendq *to)
{
    resp_write_integer(to, (int64_t)roundup_count(roundup));
}

static void reset_tour(struct visit *visit UNUSED, struct clients *clients)
{
    slowlog_clear(&clients->slowlog);
}

static void reset_answer(const struct roundup *roundup UNUSED, struct sendq *to)
{
    resp_write_status(to, "OK");
}

/* Refuses the call and returns false when argument `index` is no number of entries. */
static bool call_parse_count(const struct local_call *call, uint32_t index, int64_t *count)
{
    if (!span_to_int64(call_word(call, index), count) || *count < -1) {
        call_error(call, "ERR count should be greater than or equal to -1");
        return false;
    }
    return true;
}

void local_slowlog_get(const struct local_call *call)
{
    int64_t count = GET_DEFAULT;

    if (call_count(call) > 3) {
        call_bad_subcommand(call);
        return;
    }
    if (call_count(call) == 3 && !call_parse_count(call, 2, &count)) {
        return;
    }
    roundup_start_tour(call, count, get_tour, get_answer);
}

void local_slowlog_len(const struct local_call *call)
{
    roundup_start_tour(call, 0, len_tour, len_answer);
}

void local_slowlog_reset(const struct local_call *call)
{
    roundup_start_tour(call, 0, reset_tour, reset_answer);
}

enum log_type { TYPE_SLOW, TYPE_LARGE, TYPE_UNKNOWN };

/* Refuses the call when it is unknown. */
static enum log_type call_parse_type(const struct local_call *call)
{
    struct span word = call_word(call, call_count(call) - 1);

    if (span_equal_nocase(word, SPAN("slow"))) {
        return TYPE_SLOW;
    }
    if (span_equal_nocase(word, SPAN("large-request")) ||
        span_equal_nocase(word, SPAN("large-reply"))) {
        return TYPE_LARGE;
    }
    call_error(call, "ERR type should be one of the following: slow, large-request, large-reply");
    return TYPE_UNKNOWN;
}

void local_commandlog_get(const struct local_call *call)
{
    int64_t count;

    if (call_count(call) > 4) {
        call_bad_subcommand(call);
        return;
    }
    if (!call_parse_count(call, 2, &count)) {
        return;
    }
    switch (call_parse_type(call)) {
    case TYPE_SLOW: roundup_start_tour(call, count, get_tour, get_answer); return;
    case TYPE_LARGE:
        resp_write_array(call_begin(call), 0);
        call_end(call);
        return;
    case TYPE_UNKNOWN: return;
    }
}

void local_commandlog_len(const struct local_call *call)
{
    switch (call_parse_type(call)) {
    case TYPE_SLOW: local_slowlog_len(call); return;
    case TYPE_LARGE: call_integer(call, 0); return;
    case TYPE_UNKNOWN: return;
    }
}

void local_commandlog_reset(const struct local_call *call)
{
    switch (call_parse_type(call)) {
    case TYPE_SLOW: local_slowlog_reset(call); return;
    case TYPE_LARGE: call_status(call, "OK"); return;
    case TYPE_UNKNOWN: return;
    }
}
