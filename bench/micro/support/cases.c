#include "bench/micro/support/cases.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"

enum {
    ROUNDS = 15,
    ROUND_US = 10 * US_PER_MS,
    WARM_UP_SHARE = 10, /* so that what is done once, or now and then, is behind us */
};

enum exit_code { EXIT_FINE = 0, EXIT_BAD_USAGE = 2 };

/* Its name is what callgrind knows it by; a call of it must be a call. */
static void __attribute__((noinline, used))
micro_counted(const struct bench_case *row, uint64_t calls)
{
    for (uint64_t call = 0; call < calls; call++) {
        row->work(row->argument);
    }
}

static void repeat(const struct bench_case *row, uint64_t calls)
{
    for (uint64_t call = 0; call < calls; call++) {
        row->work(row->argument);
    }
}

static uint64_t time_of(const struct bench_case *row, uint64_t calls)
{
    uint64_t start = clock_now();

    repeat(row, calls);
    return clock_now() - start;
}

/* The fastest of several rounds: what the code costs when nobody else has the core. */
static void case_time(const struct bench_case *row)
{
    uint64_t calls = 1;
    uint64_t best = time_of(row, calls);

    while (best < ROUND_US) {
        calls *= 2;
        best = time_of(row, calls);
    }
    for (int round = 1; round < ROUNDS; round++) {
        uint64_t took = time_of(row, calls);
        best = took < best ? took : best;
    }
    printf("%-60s %12.1f ns\n", row->name, (double)best * 1000 / (double)calls);
}

static void case_count(const struct bench_case *row, uint64_t calls)
{
    repeat(row, calls / WARM_UP_SHARE + 1);
    micro_counted(row, calls);
}

static const struct bench_case *case_called(const struct bench_case *cases, size_t count,
                                            const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(cases[i].name, name) == 0) {
            return &cases[i];
        }
    }
    return NULL;
}

static int count_one(const struct bench_case *row, const char *calls)
{
    char *end;
    uint64_t number = strtoull(calls, &end, 10);

    if (row == NULL || number == 0 || *end != '\0') {
        fprintf(stderr, "--count wants a number above 0 and a case that --list names\n");
        return EXIT_BAD_USAGE;
    }
    micro_counted(row, number);
    return EXIT_FINE;
}

int cases_main(int argc, char **argv, const struct bench_case *cases, size_t count)
{
    const char *option = argc > 1 ? argv[1] : "";

    if (argc == 4 && strcmp(option, "--count") == 0) {
        return count_one(case_called(cases, count, argv[3]), argv[2]);
    }
    for (size_t i = 0; i < count; i++) {
        if (argc == 1) {
            case_time(&cases[i]);
        } else if (argc == 2 && strcmp(option, "--list") == 0) {
            printf("%s\n", cases[i].name);
        } else if (argc == 2 && strcmp(option, "--count") == 0) {
            printf("%u %s\n", cases[i].calls, cases[i].name);
            case_count(&cases[i], cases[i].calls);
        } else {
            fprintf(stderr, "usage: %s [--list | --count | --count N CASE]\n", argv[0]);
            return EXIT_BAD_USAGE;
        }
    }
    return EXIT_FINE;
}
