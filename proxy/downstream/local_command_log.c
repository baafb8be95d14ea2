/* SLOWLOG and COMMANDLOG: what was slow or large as slotway saw it. */
#include <stdlib.h>

#include "common/memory.h"
#include "common/resp_write.h"
#include "proxy/downstream/roundup.h"

enum { GET_DEFAULT = 10 };

static enum command_log_kind kind_of(const struct visit *visit)
{
    return (enum command_log_kind)visit->roundup->terms.which;
}

static void get_tour(struct visit *visit, struct clients *clients)
{
    enum command_log_kind kind = kind_of(visit);
    const struct log_entry *entry = command_log_recent(clients, kind, visit->roundup->terms.most);

    for (; entry != NULL; entry = command_log_next(clients, kind, entry)) {
        struct sendq text;

        sendq_init(&text);
        log_entry_write(entry, &text);

        struct block *whole = sendq_flatten(&text);

        roundup_add_line(visit, entry->id, memory_copy(whole->bytes, whole->used), whole->used);
        block_release(&whole);
        sendq_clear(&text);
    }
}

/* The newest first. */
static void get_answer(const struct roundup *roundup, struct sendq *to)
{
    int64_t most = roundup->terms.most;
    size_t count;
    struct roundup_line *lines = roundup_gather(roundup, &count);
    size_t shown = most < 0 ? count : size_min(count, (size_t)most);

    resp_write_array(to, shown);
    for (size_t i = 0; i < shown; i++) {
        const struct roundup_line *line = &lines[count - 1 - i];

        sendq_append(to, (struct span){line->text, line->size});
    }
    free(lines);
}

static void len_tour(struct visit *visit, struct clients *clients)
{
    const struct log_entry *entry = NULL;

    while ((entry = command_log_next(clients, kind_of(visit), entry)) != NULL) {
        visit->count++;
    }
}

static void len_answer(const struct roundup *roundup, struct sendq *to)
{
    resp_write_integer(to, (int64_t)roundup_count(roundup));
}

static void reset_tour(struct visit *visit, struct clients *clients)
{
    command_log_clear(&clients->logs[kind_of(visit)]);
}

static void reset_answer(const struct roundup *roundup UNUSED, struct sendq *to)
{
    resp_write_status(to, "OK");
}

static void call_get(const struct local_call *call, enum command_log_kind kind, int64_t most)
{
    roundup_start_tour(call, (struct roundup_terms){most, (int)kind}, get_tour, get_answer);
}

static void call_len(const struct local_call *call, enum command_log_kind kind)
{
    roundup_start_tour(call, (struct roundup_terms){0, (int)kind}, len_tour, len_answer);
}

static void call_reset(const struct local_call *call, enum command_log_kind kind)
{
    roundup_start_tour(call, (struct roundup_terms){0, (int)kind}, reset_tour, reset_answer);
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
    if (call_count(call) < 3 || call_parse_count(call, 2, &count)) {
        call_get(call, LOG_SLOW, count);
    }
}

void local_slowlog_len(const struct local_call *call)
{
    call_len(call, LOG_SLOW);
}

void local_slowlog_reset(const struct local_call *call)
{
    call_reset(call, LOG_SLOW);
}

/* Refuses the call and returns false when its last word names no log. */
static bool call_parse_kind(const struct local_call *call, enum command_log_kind *kind)
{
    static const char *const names[LOG_COUNT] = {
#define ROW(symbol, name) name,
        COMMAND_LOGS(ROW)
#undef ROW
    };
    struct span word = call_word(call, call_count(call) - 1);

    for (size_t i = 0; i < LOG_COUNT; i++) {
        if (span_equal_nocase(word, span_of(names[i]))) {
            *kind = (enum command_log_kind)i;
            return true;
        }
    }
    call_error(call, "ERR type should be one of the following: slow, large-request, large-reply");
    return false;
}

void local_commandlog_get(const struct local_call *call)
{
    enum command_log_kind kind;
    int64_t count;

    if (call_count(call) > 4) {
        call_bad_subcommand(call);
        return;
    }
    if (call_parse_count(call, 2, &count) && call_parse_kind(call, &kind)) {
        call_get(call, kind, count);
    }
}

void local_commandlog_len(const struct local_call *call)
{
    enum command_log_kind kind;

    if (call_parse_kind(call, &kind)) {
        call_len(call, kind);
    }
}

void local_commandlog_reset(const struct local_call *call)
{
    enum command_log_kind kind;

    if (call_parse_kind(call, &kind)) {
        call_reset(call, kind);
    }
}
