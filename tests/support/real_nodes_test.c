/* Nodes die with the program that has started them, however that ends. */
#include "tests/support/real_nodes.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/expect.h"
#include "tests/support/inhabitants.h"
#include "tests/support/wait.h"

enum { NODES = 3 };

static pid_t program;
static char folder[128]; /* of the nodes */
static char first[160];  /* of the first of them */

/* A program that starts nodes, and never comes to use them. */
static void be_the_program(int told)
{
    char text[sizeof folder + 16];
    char port[16];

    setpgid(0, 0);
    struct real_nodes *nodes = real_nodes_new(NODES);
    int size = snprintf(text, sizeof text, "%u %s\n", real_nodes_base_port(nodes),
                        real_nodes_folder(nodes));

    if (write(told, text, (size_t)size) != size) {
        _exit(1);
    }
    snprintf(port, sizeof port, "%u", real_nodes_base_port(nodes));
    real_nodes_run(nodes, (const char *[]){"--base-port", port, "--nodes", "3", "create", NULL},
                   NULL);
    pause();
    _exit(0);
}

static void start_program(void)
{
    unsigned port;
    int ends[2];

    cr_assert_eq(pipe(ends), 0);
    program = fork();
    if (program == 0) {
        close(ends[0]);
        be_the_program(ends[1]);
    }
    close(ends[1]);
    FILE *told = fdopen(ends[0], "r");
    cr_assert_eq(fscanf(told, "%u %127s", &port, folder), 2);
    fclose(told);
    snprintf(first, sizeof first, "%s/%u", folder, port);
}

static void clean_up(void)
{
    if (folder[0] != '\0') {
        inhabitants_kill(folder);
    }
}

TestSuite(real_nodes, .timeout = 120, .fini = clean_up);

static pid_t parent_of(pid_t process)
{
    char path[64];
    int parent = 0;

    snprintf(path, sizeof path, "/proc/%d/stat", (int)process);
    FILE *file = fopen(path, "re");
    if (file != NULL) {
        if (fscanf(file, "%*d (%*[^)]) %*c %d", &parent) != 1) {
            parent = 0;
        }
        fclose(file);
    }
    return parent;
}

/* As ctest does it when a test's time is over: children as well, and theirs. */
static void kill_with_children(pid_t process)
{
    kill(process, SIGSTOP);
    DIR *all = opendir("/proc");
    struct dirent *entry;

    while ((entry = readdir(all)) != NULL) {
        pid_t other = (pid_t)strtol(entry->d_name, NULL, 10);

        if (other > 0 && parent_of(other) == process) {
            kill_with_children(other);
        }
    }
    closedir(all);
    kill(process, SIGKILL);
}

static void expect_all_die(void)
{
    kill_with_children(program);
    kill(-program, SIGKILL);
    waitpid(program, NULL, 0);
    cr_expect(WAIT_FOR(inhabitants_signal(folder, 0) == 0));
    cr_expect(WAIT_FOR(access(folder, F_OK) != 0));
}

Test(real_nodes, die_with_a_program_that_is_killed_with_its_group_and_its_children)
{
    char file[sizeof first + 16];

    start_program();
    snprintf(file, sizeof file, "%s/redis.pid", first);
    cr_expect(WAIT_FOR(access(file, F_OK) == 0), "no node has become a daemon");
    expect_all_die();
}

Test(real_nodes, die_with_a_program_that_is_killed_while_it_starts_them)
{
    start_program();
    cr_expect(WAIT_FOR(inhabitants_signal(first, 0) > 0), "no node was started");
    expect_all_die();
}
