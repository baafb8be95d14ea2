#include "tests/support/inhabitants.h"

#include <dirent.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/check.h"
#include "tests/support/wait.h"

/* What has ended works nowhere, though it may still have a number. */
static bool lives_in(const char *number, const char *folder)
{
    size_t size = strlen(folder);
    char link[64];
    char at[PATH_MAX];

    snprintf(link, sizeof link, "/proc/%s/cwd", number);

    ssize_t got = readlink(link, at, sizeof at - 1);

    if (got < 0) {
        return false;
    }
    at[got] = '\0';
    /* " (deleted)" */
    return strncmp(at, folder, size) == 0 && strchr("/ ", at[size]) != NULL;
}

size_t inhabitants_signal(const char *folder, int signal)
{
    DIR *all = opendir("/proc");
    struct dirent *entry;
    size_t count = 0;

    CHECK(all != NULL);
    while ((entry = readdir(all)) != NULL) {
        long number = strtol(entry->d_name, NULL, 10);

        if (number > 0 && lives_in(entry->d_name, folder) && kill((pid_t)number, signal) == 0) {
            count++;
        }
    }
    closedir(all);
    return count;
}

/* Twice: one that was looked at may have become another that comes before it. */
void inhabitants_kill(const char *folder)
{
    while (inhabitants_signal(folder, SIGKILL) + inhabitants_signal(folder, SIGKILL) > 0) {
        wait_a_moment();
    }
}
