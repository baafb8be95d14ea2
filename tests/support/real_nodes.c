#include "tests/support/real_nodes.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/check.h"
#include "common/memory.h"
#include "tests/support/ports.h"
#include "tests/support/process.h"

#define CLUSTER_SCRIPT SOURCE_FOLDER "/script/cluster"

enum { ARGUMENTS_MAX = 40 };

struct real_nodes {
    char folder[64];
    char nodes_folder[80];
    uint16_t base_port;
    int lifeline; /* the guardian acts when this end is closed */
    pid_t guardian;
};

/* In the guardian: waits until nobody holds the other end, then cleans up. */
static void guard(const char *folder, int lifeline)
{
    int nothing = open("/dev/null", O_RDWR);
    char byte;

    setsid();
    dup2(nothing, STDIN_FILENO);
    dup2(nothing, STDOUT_FILENO);
    dup2(nothing, STDERR_FILENO);
    while (read(lifeline, &byte, 1) > 0) {
    }
    execl("/bin/sh", "sh", "-c", "\"$0\" --dir \"$1/nodes\" destroy; rm -rf \"$1\"", CLUSTER_SCRIPT,
          folder, (char *)NULL);
    _exit(127);
}

static void start_guardian(struct real_nodes *nodes)
{
    int ends[2];
    int failed = pipe2(ends, O_CLOEXEC);

    CHECK(failed == 0);
    nodes->guardian = fork();
    CHECK(nodes->guardian >= 0);
    if (nodes->guardian == 0) {
        close(ends[1]);
        guard(nodes->folder, ends[0]);
    }
    close(ends[0]);
    nodes->lifeline = ends[1];
}

struct real_nodes *real_nodes_new(uint16_t ports)
{
    struct real_nodes *nodes = memory_new(1, sizeof *nodes);

    snprintf(nodes->folder, sizeof nodes->folder, "/tmp/slotway-cluster-XXXXXX");
    char *made = mkdtemp(nodes->folder);
    CHECK(made != NULL);
    snprintf(nodes->nodes_folder, sizeof nodes->nodes_folder, "%s/nodes", nodes->folder);
    nodes->base_port = port_find_row(ports);
    start_guardian(nodes);
    return nodes;
}

void real_nodes_free(struct real_nodes **nodes)
{
    close((*nodes)->lifeline);
    waitpid((*nodes)->guardian, NULL, 0);
    free(*nodes);
    *nodes = NULL;
}

uint16_t real_nodes_base_port(const struct real_nodes *nodes)
{
    return nodes->base_port;
}

const char *real_nodes_folder(const struct real_nodes *nodes)
{
    return nodes->nodes_folder;
}

int real_nodes_run(struct real_nodes *nodes, const char *const *arguments, struct bytes *output)
{
    const char *argv[ARGUMENTS_MAX] = {CLUSTER_SCRIPT, "--dir", nodes->nodes_folder};

    for (int i = 0; arguments[i] != NULL; i++) {
        CHECK(i + 4 < ARGUMENTS_MAX);
        argv[i + 3] = arguments[i];
    }
    return process_run(argv, output);
}
