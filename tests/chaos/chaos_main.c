/* chaos - real clients on a real slotway in front of a real cluster, while a nemesis disturbs it;
 * and a judge of what the clients saw. script/chaos --help tells how.
 */
#include <stdio.h>

#include "tests/chaos/run.h"

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
