#include "tests/chaos/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tests/chaos/nemesis.h"

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
        fprintf(stderr, "chaos: '%s' is no number for %s\n", text, name);
        return false;
    }
    fprintf(stderr, "chaos: unknown option '%s'\n", name);
    return false;
}

static bool read_kinds(unsigned *kinds, const char *text)
{
    *kinds = 0;
    while (*text != '\0') {
        struct span name = {text, (size_t)(strchrnul(text, ',') - text)};
        enum disturbance_kind kind = disturbance_by_name(name);
        if (kind == DISTURBANCE_COUNT) {
            fprintf(stderr, "chaos: there is no disturbance '%.*s'\n", (int)name.size, name.at);
            return false;
        }
        *kinds |= 1u << kind;
        text += name.size + (text[name.size] == ',');
    }
    return *kinds != 0;
}

static bool read_seed(uint64_t *seed, const char *text)
{
    char *end;

    *seed = strtoull(text, &end, 10);
    if (*text == '\0' || *end != '\0') {
        fprintf(stderr, "chaos: '%s' is no seed\n", text);
        return false;
    }
    return true;
}

/* Options without a value. */
static bool read_flag(struct settings *settings, const char *name)
{
    if (strcmp(name, "--keep-going") == 0) {
        settings->keeps_going = true;
    } else if (strcmp(name, "--verbose") == 0) {
        settings->is_verbose = true;
    } else if (strcmp(name, "--quick") == 0) {
        settings->kinds = disturbance_quick_ones();
    } else {
        return false;
    }
    return true;
}

bool settings_read(struct settings *settings, int argc, char **argv)
{
    *settings = (struct settings){.seed = (uint64_t)time(NULL),
                                  .rounds = DISTURBANCE_COUNT,
                                  .clients = 16,
                                  .depth = 32,
                                  .rate = 10000,
                                  .workers = 2,
                                  .timeout_ms = 8000,
                                  .kinds = (1u << DISTURBANCE_COUNT) - 1};
    const struct number_option numbers[] = {
        {"--minutes", &settings->minutes, 1},
        {"--rounds", &settings->rounds, 1},
        {"--clients", &settings->clients, 1},
        {"--depth", &settings->depth, 1},
        {"--rate", &settings->rate, 1},
        {"--workers", &settings->workers, 1},
        {"--timeout", &settings->timeout_ms, 100},
    };

    for (int i = 1; i < argc; i++) {
        bool well = read_flag(settings, argv[i]);
        if (well) {
            continue;
        }
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (strcmp(argv[i], "--seed") == 0) {
            well = read_seed(&settings->seed, value);
        } else if (strcmp(argv[i], "--only") == 0) {
            well = read_kinds(&settings->kinds, value);
        } else {
            well = read_number(numbers, ARRAY_LEN(numbers), argv[i], value);
        }
        if (!well) {
            return false;
        }
        i++;
    }
    return true;
}
