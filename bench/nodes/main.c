/* nodes - one cheap process that pretends to be a whole cluster, for measuring slotway before it.
 *
 *      stdin ─ "move 0 32 5" ─> picture ─> what nodes tell, and MOVED
 *      base-port, base-port + 1, …  ─> node 0, node 1, …
 *
 * Single-threaded. It ends when its stdin does.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/nodes/orders.h"
#include "common/memory.h"
#include "common/resp_scan.h"
#include "common/resp_write.h"

static const char usage[] =
    "usage: nodes [--nodes N] [--replicas R] [--base-port P] [--value-size B]\n"
    "\n"
    "Pretends to be a cluster of N nodes (3), R of them replicas of each primary (0), on ports P\n"
    "(21000) and up of 127.0.0.1. GET is answered with B bytes (64), SET with OK.\n"
    "Says \"ready\" when it listens. Each line on stdin is answered with one on stdout:\n"
    "\n"
    "  move FIRST LAST NODE   these slots are that primary's from now on\n"
    "  fail NODE              the node is gone; if it was a primary, its replica takes over\n"
    "  report                 connections at all nodes, least and most at a primary, made\n"
    "                         so far; and GETs and SETs so far\n";

struct program {
    struct site site;
    struct arguments arguments;
    struct node *nodes;
    struct orders orders;
};

struct settings {
    uint16_t nodes;
    uint16_t replicas;
    uint16_t base_port;
    uint32_t value_size;
};

_Noreturn static void die(const char *what, const char *why)
{
    fprintf(stderr, "nodes: %s: %s\n", what, why);
    exit(2);
}

static long option_number(const char *name, const char *text, long least, long most)
{
    long number;

    if (!order_number(text, most, &number) || number < least) {
        fprintf(stderr, "nodes: --%s wants a number from %ld to %ld\n", name, least, most);
        exit(2);
    }
    return number;
}

static struct settings read_settings(int argc, char **argv)
{
    static const struct option options[] = {{"nodes", required_argument, NULL, 'n'},
                                            {"replicas", required_argument, NULL, 'r'},
                                            {"base-port", required_argument, NULL, 'p'},
                                            {"value-size", required_argument, NULL, 'v'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    struct settings settings = {.nodes = 3, .base_port = 21000, .value_size = 64};
    int found;

    while ((found = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (found) {
        case 'n':
            settings.nodes = (uint16_t)option_number("nodes", optarg, 1, PICTURE_NODES_MAX);
            break;
        case 'r': settings.replicas = (uint16_t)option_number("replicas", optarg, 0, 5); break;
        case 'p':
            settings.base_port = (uint16_t)option_number("base-port", optarg, 1, 64000);
            break;
        case 'v':
            settings.value_size = (uint32_t)option_number("value-size", optarg, 0, 64 << 20);
            break;
        case 'h': fputs(usage, stdout); exit(0);
        default: fputs(usage, stderr); exit(2);
        }
    }
    if (optind < argc || settings.nodes % (settings.replicas + 1) != 0) {
        die("arguments", "nodes must be a multiple of 1 + replicas; see --help");
    }
    return settings;
}

static struct block *value_reply(uint32_t size)
{
    char *text = memory_raw(size + 1);
    struct sendq reply;

    memset(text, 'v', size);
    sendq_init(&reply);
    resp_write_bulk(&reply, (struct span){text, size});

    struct block *block = sendq_flatten(&reply);

    sendq_clear(&reply);
    free(text);
    return block;
}

static void program_init(struct program *program, const struct settings *settings)
{
    struct site *site = &program->site;

    site->reactor = reactor_new();
    site->arguments = &program->arguments;
    site->value = value_reply(settings->value_size);
    picture_init(&site->picture, settings->nodes, settings->replicas, settings->base_port);
    program->nodes = memory_new(settings->nodes, sizeof *program->nodes);
    for (uint16_t i = 0; i < settings->nodes; i++) {
        if (!node_open(&program->nodes[i], site, i)) {
            fprintf(stderr, "nodes: cannot listen on port %u: %s\n", settings->base_port + i,
                    strerror(errno));
            exit(1);
        }
    }
    orders_open(&program->orders, site, program->nodes);
}

static void program_clear(struct program *program)
{
    struct site *site = &program->site;

    orders_close(&program->orders);
    for (uint16_t i = 0; i < site->picture.node_count; i++) {
        node_close(&program->nodes[i]);
    }
    free(program->nodes);
    picture_clear(&site->picture);
    intake_clear(&site->intake);
    block_release(&site->value);
    arguments_clear(&program->arguments);
    reactor_free(&site->reactor);
    block_trim();
}

int main(int argc, char **argv)
{
    static struct program program;
    struct settings settings = read_settings(argc, argv);

    program_init(&program, &settings);
    puts("ready");
    fflush(stdout);
    reactor_run(program.site.reactor);
    program_clear(&program);
    return 0;
}
