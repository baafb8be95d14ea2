/* differential - the same commands to slotway in front of a cluster and to one real server, and a
 * comparison of what they say. script/differential --help tells how.
 */
#include <stdio.h>

#include "tests/differential/run.h"

int main(int argc, char **argv)
{
    struct settings settings;

    if (!settings_read(&settings, argc, argv)) {
        return RUN_BROKEN;
    }
    printf("seed %llu\n", (unsigned long long)settings.seed);
    fflush(stdout);
    return (int)run(&settings);
}
