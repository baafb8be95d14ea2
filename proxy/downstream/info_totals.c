#include "proxy/downstream/info_totals.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/check.h"
#include "proxy/downstream/info_number.h"

enum how { SUM, MAX, MIN, DECIMAL, HUMAN, TEXT, WORST };

static const struct field {
    enum info_section section;
    const char *name;
    enum how how;
} fields[] = {
#define INFO_FIELD(section, name, how) {INFO_##section, #name, how},
#include "proxy/downstream/info_fields.def"
};

static int64_t multiply(int64_t a, int64_t b)
{
    int64_t product;

    return __builtin_mul_overflow(a, b, &product) ? INT64_MAX : product;
}

static void set_text(char to[INFO_TEXT_SIZE], struct span text)
{
    snprintf(to, INFO_TEXT_SIZE, "%.*s", (int)size_min(text.size, INFO_TEXT_SIZE), text.at);
}

static void totals_set_number(struct info_totals *totals, size_t field, int64_t number)
{
    totals->number[field] = number;
    totals->has[field] = true;
}

static void totals_add_number(struct info_totals *totals, size_t field, int64_t number)
{
    bool has = totals->has[field];
    int64_t old = totals->number[field];

    switch (fields[field].how) {
    case SUM:
    case DECIMAL: totals_set_number(totals, field, info_add(old, number)); return;
    case MAX: totals_set_number(totals, field, has && old > number ? old : number); return;
    case MIN: totals_set_number(totals, field, has && old < number ? old : number); return;
    case HUMAN:
    case TEXT:
    case WORST: CHECK(!"a field with a number");
    }
}

static void totals_add_field(struct info_totals *totals, size_t field, struct span value)
{
    int64_t number;

    switch (fields[field].how) {
    case SUM:
    case MAX:
    case MIN:
        if (span_to_int64(value, &number)) {
            totals_add_number(totals, field, number);
        }
        return;
    case DECIMAL:
        if (info_read_decimal(value, 2, &number)) {
            totals_add_number(totals, field, number);
        }
        return;
    case HUMAN: totals->has[field] = true; return;
    case TEXT:
    case WORST:
        if (!totals->has[field] || (fields[field].how == WORST && !span_equal(value, SPAN("ok")))) {
            set_text(totals->text[field], value);
            totals->has[field] = true;
        }
        return;
    }
}

/* The number behind `name` in "keys=5,expires=2,avg_ttl=77"; 0 when it is not there. */
static int64_t keyspace_number(struct span value, struct span name)
{
    while (value.size > 0) {
        const char *comma = memchr(value.at, ',', value.size);
        size_t size = comma == NULL ? value.size : (size_t)(comma - value.at);
        struct span pair = {value.at, size};
        size_t used = size_min(size + 1, value.size);
        int64_t number;

        value = (struct span){value.at + used, value.size - used};
        if (!span_starts_with(pair, name)) {
            continue;
        }
        pair = (struct span){pair.at + name.size, pair.size - name.size};
        return span_to_int64(pair, &number) && number > 0 ? number : 0;
    }
    return 0;
}

static void totals_add_keyspace(struct info_totals *totals, struct span value)
{
    int64_t expires = keyspace_number(value, SPAN("expires="));
    int64_t ttl = keyspace_number(value, SPAN("avg_ttl="));

    totals->keys = info_add(totals->keys, keyspace_number(value, SPAN("keys=")));
    totals->expires = info_add(totals->expires, expires);
    totals->ttl_weight = info_add(totals->ttl_weight, multiply(expires, ttl));
}

static void totals_add_blocked(struct info_totals *totals, struct span value)
{
    int64_t number;

    if (span_to_int64(value, &number)) {
        totals->blocked = info_add(totals->blocked, number);
        totals->blocked_nodes++;
    }
}

static void totals_add_line(struct info_totals *totals, struct span line)
{
    const char *colon = memchr(line.at, ':', line.size);

    if (colon == NULL) {
        return;
    }

    struct span name = {line.at, (size_t)(colon - line.at)};
    struct span value = {colon + 1, line.size - name.size - 1};

    if (info_rows_add(&totals->rows, name, value)) {
        return;
    }
    if (span_equal(name, SPAN("db0"))) {
        totals_add_keyspace(totals, value);
        return;
    }
    if (span_equal(name, SPAN("blocked_clients"))) {
        totals_add_blocked(totals, value);
        return;
    }
    if (span_equal(name, SPAN("redis_version")) && totals->version[0] == '\0') {
        set_text(totals->version, value);
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        if (span_equal(name, span_of(fields[i].name))) {
            totals_add_field(totals, i, value);
            return;
        }
    }
}

void info_totals_add(struct info_totals *totals, struct span text)
{
    totals->nodes++;
    while (text.size > 0) {
        const char *end = memchr(text.at, '\n', text.size);
        size_t size = end == NULL ? text.size : (size_t)(end - text.at);
        size_t used = size_min(size + 1, text.size);
        size_t shown = size > 0 && text.at[size - 1] == '\r' ? size - 1 : size;

        totals_add_line(totals, (struct span){text.at, shown});
        text = (struct span){text.at + used, text.size - used};
    }
}

static void totals_write_field(const struct info_totals *totals, size_t field, struct sendq *to)
{
    const char *name = fields[field].name;
    int64_t number = totals->number[field];
    char human[32];

    switch (fields[field].how) {
    case SUM:
    case MAX:
    case MIN: sendq_print(to, "%s:%" PRId64 "\r\n", name, number); return;
    case DECIMAL:
        sendq_print(to, "%s:%" PRId64 ".%02d\r\n", name, number / 100, (int)(number % 100));
        return;
    case HUMAN:
        number = totals->number[field - 1];
        sendq_print(to, "%s:%s\r\n", name, info_human(number, human, sizeof human));
        return;
    case TEXT:
    case WORST: sendq_print(to, "%s:%s\r\n", name, totals->text[field]); return;
    }
}

static void totals_write_fragmentation(const struct info_totals *totals, struct sendq *to)
{
    int64_t used = totals->number[INFO_FIELD_used_memory];

    if (used > 0) {
        double ratio = (double)totals->number[INFO_FIELD_used_memory_rss] / (double)used;

        sendq_print(to, "mem_fragmentation_ratio:%.2f\r\n", ratio);
    }
}

static void totals_write_keyspace(const struct info_totals *totals, struct sendq *to)
{
    int64_t ttl = totals->expires == 0 ? 0 : totals->ttl_weight / totals->expires;

    if (totals->keys > 0) {
        sendq_print(to, "db0:keys=%" PRId64 ",expires=%" PRId64 ",avg_ttl=%" PRId64 "\r\n",
                    totals->keys, totals->expires, ttl);
    }
}

static void totals_write_rows(const struct info_totals *totals, enum info_section section,
                              struct sendq *to)
{
    switch (section) {
    case INFO_COMMANDSTATS: info_rows_write(&totals->rows, INFO_ROW_COMMAND, to); return;
    case INFO_ERRORSTATS: info_rows_write(&totals->rows, INFO_ROW_ERROR, to); return;
    case INFO_LATENCYSTATS: info_rows_write(&totals->rows, INFO_ROW_LATENCY, to); return;
    case INFO_SERVER:
    case INFO_CLIENTS:
    case INFO_MEMORY:
    case INFO_PERSISTENCE:
    case INFO_STATS:
    case INFO_REPLICATION:
    case INFO_CPU:
    case INFO_CLUSTER:
    case INFO_KEYSPACE:
    case INFO_SLOTWAY:
    case INFO_SECTION_COUNT: return;
    }
}

void info_totals_write(const struct info_totals *totals, enum info_section section,
                       struct sendq *to)
{
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        if (fields[i].section == section && totals->has[i]) {
            totals_write_field(totals, i, to);
        }
    }
    if (section == INFO_MEMORY) {
        totals_write_fragmentation(totals, to);
    }
    if (section == INFO_KEYSPACE) {
        totals_write_keyspace(totals, to);
    }
    totals_write_rows(totals, section, to);
}

void info_totals_clear(struct info_totals *totals)
{
    info_rows_clear(&totals->rows);
}
