#include "tests/support/rig_config.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/check.h"
#include "common/memory.h"

static const char *or_else(const char *text, const char *otherwise)
{
    return text == NULL ? otherwise : text;
}

static void add_seeds(struct bytes *text, const struct fake_cluster *cluster)
{
    for (int i = 0; i < fake_cluster_size(cluster); i++) {
        bytes_print(text, "%s\"%s\"", i == 0 ? "" : ", ", fake_cluster_address(cluster, i));
    }
}

/* More entries of a flow mapping that already has some. */
static const char *comma(const char *more)
{
    return more == NULL ? "" : ", ";
}

static void add_tls(struct bytes *text, const struct rig_options *options, uint16_t port)
{
    if (options->tls != NULL) {
        bytes_print(text, "    tls: {listen: [\"127.0.0.1:%u\"], %s}\n", port, options->tls);
    }
}

static void add_pool(struct bytes *text, const struct rig_options *options, uint16_t port,
                     const char *name, const struct fake_cluster *cluster)
{
    const char *listen = strcmp(name, "main") == 0 ? options->listen : options->other_listen;

    bytes_print(text, "  - name: %s\n    listen: [", name);
    if (listen != NULL) {
        bytes_print(text, "%s]\n", listen);
    } else {
        bytes_print(text, "\"127.0.0.1:%u\"]\n", port);
    }
    bytes_print(text, "    %s\n", or_else(options->pool, ""));
    bytes_print(text, "    commands: {%s}\n", or_else(options->commands, ""));
    bytes_print(text, "    scripts: {%s}\n", or_else(options->scripts, ""));
    bytes_print(text, "    clients: {%s}\n", or_else(options->clients, "max: 10000"));
    bytes_print(text, "    backend: {refresh: %s, seeds: [", or_else(options->refresh, "1s"));
    if (options->seeds != NULL) {
        bytes_print(text, "%s", options->seeds);
    } else {
        add_seeds(text, cluster);
    }
    bytes_print(text, "]%s%s}\n", comma(options->backend), or_else(options->backend, ""));
    bytes_print(text, "    timeouts: {handshake: %s, connect: %s, request: %s}\n",
                or_else(options->handshake_time, "10s"), or_else(options->connect_timeout, "300ms"),
                or_else(options->request_timeout, "2s"));
}

struct bytes rig_config_text(const struct rig_options *options, const struct rig_ports *ports,
                             const struct fake_cluster *cluster, const struct fake_cluster *other)
{
    struct bytes text = {0};

    bytes_print(&text, "workers: %d\n", options->workers == 0 ? 1 : options->workers);
    bytes_print(&text, "admin: {listen: \"127.0.0.1:%u\"%s%s}\n", ports->admin,
                comma(options->admin), or_else(options->admin, ""));
    bytes_print(&text, "%s", or_else(options->global, ""));
    bytes_print(&text, "pools:\n");
    if (!options->hides_main) {
        add_pool(&text, options, options->swaps_ports ? ports->other : ports->listen, "main",
                 cluster);
        add_tls(&text, options, ports->tls);
    }
    if (options->other_nodes > 0 && !options->hides_other) {
        add_pool(&text, options, options->swaps_ports ? ports->listen : ports->other, "other",
                 other);
    }
    return text;
}

void rig_config_rewrite(int fd, struct bytes text)
{
    CHECK(ftruncate(fd, 0) == 0);
    CHECK(pwrite(fd, text.at, text.size, 0) == (ssize_t)text.size);
}

char *rig_config_file(struct bytes text, int *fd)
{
    *fd = memfd_create("slotway.yaml", MFD_CLOEXEC);
    CHECK(*fd >= 0);
    rig_config_rewrite(*fd, text);
    return memory_print("/proc/%d/fd/%d", getpid(), *fd);
}
