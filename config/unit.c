#include "config/unit.h"

struct unit {
    const char *name;
    uint64_t size;
};

/* Both from small to large. */
static const struct unit byte_units[] = {
    {"", 1},
    {"kb", UINT64_C(1) << 10},
    {"mb", UINT64_C(1) << 20},
    {"gb", UINT64_C(1) << 30},
};
static const struct unit duration_units[] = {
    {"us", 1},
    {"ms", US_PER_MS},
    {"s", US_PER_SECOND},
    {"m", UINT64_C(60) * US_PER_SECOND},
    {"h", UINT64_C(3600) * US_PER_SECOND},
};

static size_t leading_digits(struct span text)
{
    size_t digits = 0;

    while (digits < text.size && text.at[digits] >= '0' && text.at[digits] <= '9') {
        digits++;
    }
    return digits;
}

enum unit_result unit_parse_count(struct span text, uint64_t *count)
{
    int64_t parsed = 0;

    if (!span_to_int64(text, &parsed)) {
        /* A number after all, but one that no int64 can hold? */
        bool is_number = text.size > 0 && leading_digits(text) == text.size && text.at[0] != '0';
        return is_number ? UNIT_TOO_LARGE : UNIT_BAD_FORM;
    }
    if (parsed < 0) {
        return UNIT_TOO_LARGE;
    }
    *count = (uint64_t)parsed;
    return UNIT_OK;
}

static const struct unit *unit_find(const struct unit *units, size_t count, struct span name)
{
    for (size_t i = 0; i < count; i++) {
        if (span_equal_nocase(span_of(units[i].name), name)) {
            return &units[i];
        }
    }
    return NULL;
}

static enum unit_result unit_parse(struct span text, const struct unit *units, size_t count,
                                   uint64_t *number)
{
    size_t digits = leading_digits(text);
    struct span name = {text.at + digits, text.size - digits};
    const struct unit *unit = unit_find(units, count, name);
    uint64_t in_units = 0;

    if (unit == NULL) {
        return UNIT_BAD_FORM;
    }
    enum unit_result result = unit_parse_count((struct span){text.at, digits}, &in_units);
    if (result != UNIT_OK) {
        return result;
    }
    return __builtin_mul_overflow(in_units, unit->size, number) ? UNIT_TOO_LARGE : UNIT_OK;
}

enum unit_result unit_parse_bytes(struct span text, uint64_t *bytes)
{
    return unit_parse(text, byte_units, ARRAY_LEN(byte_units), bytes);
}

enum unit_result unit_parse_duration(struct span text, uint64_t *duration_us)
{
    if (span_equal(text, SPAN("0"))) {
        *duration_us = 0;
        return UNIT_OK;
    }
    return unit_parse(text, duration_units, ARRAY_LEN(duration_units), duration_us);
}

static void unit_print(uint64_t number, const struct unit *units, size_t count, FILE *to)
{
    size_t largest = count - 1;

    while (largest > 0 && number % units[largest].size != 0) {
        largest--;
    }
    fprintf(to, "%llu%s", (unsigned long long)(number / units[largest].size), units[largest].name);
}

void unit_print_bytes(uint64_t bytes, FILE *to)
{
    unit_print(bytes, byte_units, bytes == 0 ? 1 : ARRAY_LEN(byte_units), to);
}

void unit_print_duration(uint64_t duration_us, FILE *to)
{
    if (duration_us == 0) {
        fputs("0s", to);
        return;
    }
    unit_print(duration_us, duration_units, ARRAY_LEN(duration_units), to);
}

enum unit_result unit_parse_mode(struct span text, uint32_t *mode)
{
    size_t first = text.size == 4 && text.at[0] == '0' ? 1 : 0;
    bool is_umask = span_equal_nocase(text, SPAN("umask"));
    uint32_t number = 0;

    for (size_t i = first; i < text.size && !is_umask; i++) {
        if (text.size != first + 3 || text.at[i] < '0' || text.at[i] > '7') {
            return UNIT_BAD_FORM;
        }
        number = number * 8 + (uint32_t)(text.at[i] - '0');
    }
    if (number == 0 && !is_umask) {
        return UNIT_BAD_FORM;
    }
    *mode = number;
    return UNIT_OK;
}

void unit_print_mode(uint32_t mode, FILE *to)
{
    fprintf(to, mode == 0 ? "umask" : "%03o", mode);
}
