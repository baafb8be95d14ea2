#include "tests/chaos/settings.h"

#include <time.h>

#include "tests/chaos/nemesis.h"
#include "tests/support/options.h"

static int kind_of(struct span name)
{
    enum disturbance_kind kind = disturbance_by_name(name);

    return kind == DISTURBANCE_COUNT ? -1 : (int)kind;
}

bool settings_read(struct settings *settings, int argc, char **argv)
{
    bool is_quick = false;
    const struct option_row rows[] = {
        {"--seed", OPTION_SEED, .seed = &settings->seed},
        {"--minutes", OPTION_NUMBER, .number = &settings->minutes, .least = 1},
        {"--rounds", OPTION_NUMBER, .number = &settings->rounds, .least = 1},
        {"--clients", OPTION_NUMBER, .number = &settings->clients, .least = 1},
        {"--depth", OPTION_NUMBER, .number = &settings->depth, .least = 1},
        {"--rate", OPTION_NUMBER, .number = &settings->rate, .least = 1},
        {"--workers", OPTION_NUMBER, .number = &settings->workers, .least = 1},
        {"--timeout", OPTION_NUMBER, .number = &settings->timeout_ms, .least = 100},
        {"--only", OPTION_NAMES, .bits = &settings->kinds, .bit_of = kind_of},
        {"--quick", OPTION_FLAG, .flag = &is_quick},
        {"--keep-going", OPTION_FLAG, .flag = &settings->keeps_going},
        {"--verbose", OPTION_FLAG, .flag = &settings->is_verbose},
    };

    *settings = (struct settings){.seed = (uint64_t)time(NULL),
                                  .rounds = DISTURBANCE_COUNT,
                                  .clients = 16,
                                  .depth = 32,
                                  .rate = 10000,
                                  .workers = 2,
                                  .timeout_ms = 8000,
                                  .kinds = (1u << DISTURBANCE_COUNT) - 1};
    if (!options_read("chaos", rows, ARRAY_LEN(rows), argc, argv)) {
        return false;
    }
    if (is_quick) {
        settings->kinds = disturbance_quick_ones();
    }
    return true;
}
