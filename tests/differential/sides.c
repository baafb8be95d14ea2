#include "tests/differential/sides.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/memory.h"
#include "tests/support/real_nodes.h"
#include "tests/support/subject.h"
#include "tests/support/twin.h"

enum { NODES = 3, REQUEST_MS = 10000 };

struct sides {
    struct real_nodes *nodes;
    struct subject *subject;
    uint16_t twin;
};

static bool create_cluster(struct sides *sides)
{
    struct bytes output = {0};
    char port[8];
    const char *const arguments[] = {
        "--base-port",       port,    "--nodes",   "3",      "--password",
        REAL_NODES_PASSWORD, "--set", "save \"\"", "create", NULL};

    snprintf(port, sizeof port, "%u", real_nodes_base_port(sides->nodes));
    bool well = real_nodes_run(sides->nodes, arguments, &output) == 0;
    if (!well) {
        fprintf(stderr, "differential: there is no cluster\n%s", output.at);
    }
    bytes_clear(&output);
    return well;
}

struct sides *sides_start(const struct settings *settings)
{
    struct sides *sides = memory_new(1, sizeof *sides);

    sides->twin = twin_start();
    sides->nodes = real_nodes_new(NODES);
    if (create_cluster(sides)) {
        uint16_t seed = real_nodes_base_port(sides->nodes);
        sides->subject =
            subject_start(&(struct subject_options){.workers = settings->workers,
                                                    .timeout_ms = REQUEST_MS,
                                                    .seeds = {seed, (uint16_t)(seed + 1)}});
    }
    if (sides->subject == NULL) {
        sides_stop(&sides);
    }
    return sides;
}

bool sides_stop(struct sides **sides)
{
    bool well = (*sides)->subject != NULL && subject_stop(&(*sides)->subject);

    real_nodes_free(&(*sides)->nodes);
    twin_stop();
    free(*sides);
    *sides = NULL;
    return well;
}

uint16_t sides_port(const struct sides *sides, enum side side)
{
    return side == SIDE_TWIN ? sides->twin : subject_port(sides->subject);
}
