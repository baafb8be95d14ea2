#include "tests/differential/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tests/differential/shape.h"

/* An option that takes a number. */
struct number_option {
    const char *name;
    uint32_t *value;
    uint32_t least;
};

static bool read_number(const struct number_option *options, size_t count, const char *name,
                        const char *text)
{
    int64_t number = 0;

    for (size_t i = 0; i < count; i++) {
        if (strcmp(options[i].name, name) != 0) {
            continue;
        }
        if (span_to_int64(span_of(text), &number) && number >= options[i].least &&
            number <= UINT32_MAX) {
            *options[i].value = (uint32_t)number;
            return true;
        }
        fprintf(stderr, "differential: '%s' is no number for %s\n", text, name);
        return false;
    }
    fprintf(stderr, "differential: unknown option '%s'\n", name);
    return false;
}

static bool read_groups(unsigned *groups, const char *text)
{
    *groups = 0;
    while (*text != '\0') {
        struct span name = {text, (size_t)(strchrnul(text, ',') - text)};
        enum group_id group = group_by_name(name);
        if (group == GROUP_COUNT) {
            fprintf(stderr, "differential: there is no group '%.*s'\n", (int)name.size, name.at);
            return false;
        }
        *groups |= 1u << group;
        text += name.size + (text[name.size] == ',');
    }
    return *groups != 0;
}

static bool read_seed(uint64_t *seed, const char *text)
{
    char *end;

    *seed = strtoull(text, &end, 10);
    if (*text == '\0' || *end != '\0') {
        fprintf(stderr, "differential: '%s' is no seed\n", text);
        return false;
    }
    return true;
}

static bool read_value(struct settings *settings, const char *name, const char *value)
{
    const struct number_option numbers[] = {
        {"--count", &settings->count, 1},     {"--round", &settings->round, 0},
        {"--length", &settings->length, 1},   {"--protocol", &settings->protocol, PROTOCOL_RESP2},
        {"--workers", &settings->workers, 1},
    };

    if (strcmp(name, "--seed") == 0) {
        return read_seed(&settings->seed, value);
    }
    if (strcmp(name, "--only") == 0) {
        return read_groups(&settings->groups, value);
    }
    settings->is_one_round = settings->is_one_round || strcmp(name, "--round") == 0;
    return read_number(numbers, ARRAY_LEN(numbers), name, value) &&
           settings->protocol <= PROTOCOL_RESP3;
}

bool settings_read(struct settings *settings, int argc, char **argv)
{
    *settings = (struct settings){.seed = (uint64_t)time(NULL),
                                  .count = 20000,
                                  .length = 2000,
                                  .protocol = PROTOCOL_BOTH,
                                  .workers = 2,
                                  .groups = GROUPS_ALL};

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--keep-going") == 0) {
            settings->keeps_going = true;
        } else if (read_value(settings, argv[i], i + 1 < argc ? argv[i + 1] : "")) {
            i++;
        } else {
            return false;
        }
    }
    return true;
}
