#include "tests/differential/settings.h"

#include <stdio.h>
#include <time.h>

#include "tests/differential/shape.h"
#include "tests/support/options.h"

static int bit_of_group(struct span name)
{
    enum group_id group = group_by_name(name);

    return group == GROUP_COUNT ? -1 : (int)group;
}

bool settings_read(struct settings *settings, int argc, char **argv)
{
    const struct option_row rows[] = {
        {"--seed", OPTION_SEED, .seed = &settings->seed},
        {"--count", OPTION_NUMBER, .number = &settings->count, .least = 1},
        {"--round", OPTION_NUMBER, .number = &settings->round, .is_given = &settings->is_one_round},
        {"--length", OPTION_NUMBER, .number = &settings->length, .least = 1},
        {"--protocol", OPTION_NUMBER, .number = &settings->protocol, .least = PROTOCOL_RESP2},
        {"--workers", OPTION_NUMBER, .number = &settings->workers, .least = 1},
        {"--only", OPTION_NAMES, .bits = &settings->groups, .bit_of = bit_of_group},
        {"--keep-going", OPTION_FLAG, .flag = &settings->keeps_going},
    };

    *settings = (struct settings){.seed = (uint64_t)time(NULL),
                                  .count = 20000,
                                  .length = 2000,
                                  .protocol = PROTOCOL_BOTH,
                                  .workers = 2,
                                  .groups = GROUPS_ALL};
    if (!options_read("differential", rows, ARRAY_LEN(rows), argc, argv)) {
        return false;
    }
    if (settings->protocol > PROTOCOL_RESP3) {
        fprintf(stderr, "differential: --protocol is 2 or 3\n");
        return false;
    }
    return true;
}
