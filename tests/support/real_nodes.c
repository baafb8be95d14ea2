#include "tests/support/real_nodes.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/check.h"
#include "common/memory.h"
#include "tests/support/inhabitants.h"
#include "tests/support/lifeline.h"
#include "tests/support/ports.h"
#include "tests/support/process.h"

#define CLUSTER_SCRIPT SOURCE_FOLDER "/script/cluster"

enum { ARGUMENTS_MAX = 40 };

struct real_nodes {
    char folder[64];
    char nodes_folder[80];
    uint16_t base_port;
    struct lifeline lifeline;
};

/* All of them are in the folder, the script that starts them as well. */
static void destroy(const void *context)
{
    const struct real_nodes *nodes = context;

    inhabitants_kill(nodes->folder);
    execlp("rm", "rm", "-rf", nodes->folder, (char *)NULL);
    _exit(127);
}

struct real_nodes *real_nodes_new(uint16_t ports)
{
    struct real_nodes *nodes = memory_new(1, sizeof *nodes);

    snprintf(nodes->folder, sizeof nodes->folder, "/tmp/slotway-cluster-XXXXXX");
    char *made = mkdtemp(nodes->folder);
    CHECK(made != NULL);
    snprintf(nodes->nodes_folder, sizeof nodes->nodes_folder, "%s/nodes", nodes->folder);
    nodes->base_port = port_find_row(ports);
    nodes->lifeline = lifeline_new(destroy, nodes);
    return nodes;
}

void real_nodes_free(struct real_nodes **nodes)
{
    lifeline_cut(&(*nodes)->lifeline);
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
    const char *argv[ARGUMENTS_MAX] = {
        "sh",           "-c",    "cd \"$0\" && exec \"$@\"", nodes->folder,
        CLUSTER_SCRIPT, "--dir", nodes->nodes_folder};
    int count = 0;

    while (argv[count] != NULL) {
        count++;
    }
    for (int i = 0; arguments[i] != NULL; i++) {
        CHECK(count + 1 < ARGUMENTS_MAX);
        argv[count++] = arguments[i];
    }
    return process_run(argv, output);
}
