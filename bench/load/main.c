/* load - puts load on a Redis server, proxy or cluster, and checks every reply. */
#include <stdlib.h>

#include "bench/load/run.h"
#include "common/memory.h"

enum exit_code { EXIT_FINE = 0, EXIT_NOT_RIGHT = 1, EXIT_BAD_USAGE = 2 };

static int run_and_print(const struct options *options)
{
    struct tally *tally = memory_new(1, sizeof *tally);
    bool is_right = run(options, tally) && tally->errors == 0 && tally->wrong == 0;

    if (!options->hold) {
        (options->json ? tally_print_json : tally_print_table)(tally, stdout);
    }
    free(tally);
    return is_right ? EXIT_FINE : EXIT_NOT_RIGHT;
}

int main(int argc, char **argv)
{
    struct options options;

    if (!options_parse(&options, argc, argv, stderr)) {
        return EXIT_BAD_USAGE;
    }
    if (options.help) {
        options_print_help(stdout);
        return EXIT_FINE;
    }
    return run_and_print(&options);
}
