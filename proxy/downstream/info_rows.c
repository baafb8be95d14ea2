#include "proxy/downstream/info_rows.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/check.h"
#include "common/memory.h"
#include "proxy/downstream/info_number.h"

/* MEAN: usec per call, which the row's other numbers tell. */
enum how { SUM, MAX, MEAN, MAX_DECIMAL };

enum {
    PAIRS_MAX = 16,   /* of a row; Redis 7.0 has 5, and as many percentiles as it is told to show */
    ROWS_MAX = 16384, /* more than any server has */
    LATENCY_DIGITS = 3,
    LATENCY_UNIT = 1000,
};

struct pair {
    struct span name;
    int64_t number; /* MAX_DECIMAL: in thousandths */
};

struct row {
    struct table_link by_name;
    struct list_link in_all;
    struct span name;
    size_t pair_count;
    struct pair pairs[PAIRS_MAX];
};

static const struct {
    const char *prefix;
    bool is_latency;
} kinds[] = {
    [INFO_ROW_COMMAND] = {"cmdstat_", false},
    [INFO_ROW_ERROR] = {"errorstat_", false},
    [INFO_ROW_LATENCY] = {"latency_percentiles_usec_", true},
};

static enum info_row_kind kind_of(struct span name)
{
    for (uint32_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (span_starts_with(name, span_of(kinds[i].prefix))) {
            return (enum info_row_kind)i;
        }
    }
    return INFO_ROW_KINDS;
}

static bool ends_with(struct span text, struct span end)
{
    return text.size >= end.size && memcmp(text.at + text.size - end.size, end.at, end.size) == 0;
}

static enum how how_of(enum info_row_kind kind, struct span pair)
{
    if (kinds[kind].is_latency) {
        return MAX_DECIMAL;
    }
    if (span_equal(pair, SPAN("usec_per_call"))) {
        return MEAN;
    }
    return ends_with(pair, SPAN("_max")) ? MAX : SUM;
}

static struct row *row_find(const struct info_rows *rows, uint64_t hash, struct span name)
{
    struct table_link *link = table_first(&rows->by_name, hash);

    for (; link != NULL; link = table_next(link)) {
        struct row *row = container_of(link, struct row, by_name);

        if (span_equal(row->name, name)) {
            return row;
        }
    }
    return NULL;
}

/* NULL when there are too many. */
static struct row *row_need(struct info_rows *rows, enum info_row_kind kind, struct span name)
{
    uint64_t hash = table_hash_bytes(name);
    struct row *row = row_find(rows, hash, name);

    if (row == NULL && rows->by_name.count < ROWS_MAX) {
        row = memory_new(1, sizeof *row);
        row->name = name;
        table_add(&rows->by_name, &row->by_name, hash);
        if (rows->all[kind].anchor.next == NULL) {
            list_init(&rows->all[kind]);
        }
        list_append(&rows->all[kind], &row->in_all);
    }
    return row;
}

static struct pair *row_find_pair(struct row *row, struct span name)
{
    for (size_t i = 0; i < row->pair_count; i++) {
        if (span_equal(row->pairs[i].name, name)) {
            return &row->pairs[i];
        }
    }
    return NULL;
}

static void row_add_number(struct row *row, struct span name, enum how how, int64_t number)
{
    struct pair *pair = row == NULL ? NULL : row_find_pair(row, name);

    if (pair == NULL) {
        if (row != NULL && row->pair_count < PAIRS_MAX) {
            row->pairs[row->pair_count++] = (struct pair){name, number};
        }
        return;
    }
    switch (how) {
    case SUM: pair->number = info_add(pair->number, number); return;
    case MAX:
    case MAX_DECIMAL: pair->number = pair->number > number ? pair->number : number; return;
    case MEAN: return;
    }
}

static bool read_number(enum how how, struct span value, int64_t *number)
{
    switch (how) {
    case SUM:
    case MAX: return span_to_int64(value, number);
    case MEAN:
    case MAX_DECIMAL: return info_read_decimal(value, LATENCY_DIGITS, number);
    }
    return false;
}

/* Up to the next comma, which is taken away with it. */
static struct span cut_pair(struct span *text)
{
    const char *comma = memchr(text->at, ',', text->size);
    struct span pair = {text->at, comma == NULL ? text->size : (size_t)(comma - text->at)};
    size_t used = size_min(pair.size + 1, text->size);

    *text = (struct span){text->at + used, text->size - used};
    return pair;
}

bool info_rows_add(struct info_rows *rows, struct span name, struct span value)
{
    enum info_row_kind kind = kind_of(name);

    if (kind == INFO_ROW_KINDS) {
        return false;
    }
    while (value.size > 0) {
        struct span pair = cut_pair(&value);
        const char *equals = memchr(pair.at, '=', pair.size);
        struct span word = {pair.at, equals == NULL ? 0 : (size_t)(equals - pair.at)};
        enum how how = how_of(kind, word);
        int64_t number;

        if (word.size > 0 &&
            read_number(how, (struct span){equals + 1, pair.size - word.size - 1}, &number)) {
            row_add_number(row_need(rows, kind, name), word, how, number);
        }
    }
    return true;
}

static int64_t row_number(struct row *row, struct span name)
{
    struct pair *pair = row_find_pair(row, name);

    return pair == NULL ? 0 : pair->number;
}

static double row_mean(struct row *row)
{
    int64_t calls = row_number(row, SPAN("calls"));

    return calls == 0 ? 0 : (double)row_number(row, SPAN("usec")) / (double)calls;
}

static void pair_write(struct row *row, const struct pair *pair, enum how how, struct sendq *to)
{
    sendq_append(to, pair->name);
    switch (how) {
    case SUM:
    case MAX: sendq_print(to, "=%" PRId64, pair->number); return;
    case MEAN: sendq_print(to, "=%.2f", row_mean(row)); return;
    case MAX_DECIMAL:
        sendq_print(to, "=%" PRId64 ".%03d", pair->number / LATENCY_UNIT,
                    (int)(pair->number % LATENCY_UNIT));
        return;
    }
}

void info_rows_write(const struct info_rows *rows, enum info_row_kind kind, struct sendq *to)
{
    if (rows->all[kind].anchor.next == NULL) {
        return;
    }
    LIST_EACH (link, &rows->all[kind]) {
        struct row *row = container_of(link, struct row, in_all);

        sendq_append(to, row->name);
        for (size_t i = 0; i < row->pair_count; i++) {
            sendq_append(to, i == 0 ? SPAN(":") : SPAN(","));
            pair_write(row, &row->pairs[i], how_of(kind, row->pairs[i].name), to);
        }
        sendq_append(to, SPAN("\r\n"));
    }
}

void info_rows_clear(struct info_rows *rows)
{
    for (size_t kind = 0; kind < INFO_ROW_KINDS; kind++) {
        if (rows->all[kind].anchor.next == NULL) {
            continue;
        }
        LIST_EACH_SAFE (link, &rows->all[kind]) {
            free(container_of(link, struct row, in_all));
        }
    }
    table_clear(&rows->by_name);
    *rows = (struct info_rows){0};
}
