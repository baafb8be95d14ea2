#include "tests/differential/run.h"

#include <stdio.h>

#include "tests/differential/judge.h"
#include "tests/differential/probe.h"
#include "tests/differential/raw.h"
#include "tests/differential/round.h"

static void report_groups(const struct settings *settings, unsigned groups)
{
    for (enum group_id group = 0; group < GROUP_COUNT; group++) {
        if ((settings->groups & ~groups) >> group & 1) {
            printf("left out, as slotway cannot do it: %s\n", group_of(group)->name);
        }
    }
    fflush(stdout);
}

static void report_tally(const struct tally *tally, enum protocol protocol)
{
    struct bytes text = {0};
    uint64_t sum = 0;

    for (enum group_id group = 0; group < GROUP_COUNT; group++) {
        sum += tally->calls[group];
        if (tally->calls[group] > 0) {
            bytes_print(&text, "  %8llu  %s\n", (unsigned long long)tally->calls[group],
                        group_of(group)->name);
        }
    }
    printf("\nRESP%u: %llu commands, %llu of them answered with errors, %llu differences\n%s"
           "equal but for\n",
           (unsigned)protocol, (unsigned long long)sum, (unsigned long long)tally->errors,
           (unsigned long long)tally->findings, text.at == NULL ? "" : text.at);
    bytes_clear(&text);
    for (int i = 0; i < judge_exceptions(); i++) {
        if (tally->excused[i] > 0) {
            bytes_print(&text, "  %8llu  ", (unsigned long long)tally->excused[i]);
            judge_print_exception(i, &text);
            bytes_print(&text, "\n");
        }
    }
    printf("%s", text.at == NULL ? "" : text.at);
    fflush(stdout);
    bytes_clear(&text);
}

/* All rounds of one protocol; false when one of them differed. */
static bool run_protocol(const struct sides *sides, const struct settings *settings,
                         enum protocol protocol, unsigned groups)
{
    struct round round = {sides, settings, protocol, settings->round, groups};
    uint32_t rounds = settings->count / settings->length + (settings->count % settings->length > 0);
    uint32_t end = settings->round + (settings->is_one_round ? 1 : rounds);
    struct tally tally = {0};
    bool goes_on = true;

    for (; round.number < end && goes_on; round.number++) {
        goes_on = round_run(&round, &tally) || settings->keeps_going;
    }
    report_tally(&tally, protocol);
    return tally.findings == 0;
}

static bool run_all(const struct sides *sides, const struct settings *settings)
{
    unsigned groups = probe_groups(sides, settings->groups);
    bool has_resp3 = probe_resp3(sides);
    bool same = true;

    report_groups(settings, groups);
    if ((groups >> GROUP_STRANGE & 1) != 0 && !settings->is_one_round) {
        same = raw_compare(sides) == 0;
    }
    if (groups == 0) {
        return same;
    }
    if (settings->protocol != PROTOCOL_RESP3) {
        same = run_protocol(sides, settings, PROTOCOL_RESP2, groups) && same;
    }
    if (settings->protocol == PROTOCOL_RESP3 || has_resp3) {
        same = (settings->protocol == PROTOCOL_RESP2 ||
                run_protocol(sides, settings, PROTOCOL_RESP3, groups)) &&
               same;
    } else {
        printf("left out, as slotway does not speak it: RESP3\n");
    }
    return same;
}

enum run_result run(const struct settings *settings)
{
    struct sides *sides = sides_start(settings);

    if (sides == NULL) {
        return RUN_BROKEN;
    }
    bool same = run_all(sides, settings);
    bool ended = sides_stop(&sides);
    return same && ended ? RUN_SAME : RUN_DIFFERENT;
}
