#include "tests/support/rig.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/check.h"
#include "common/memory.h"
#include "tests/support/failures.h"
#include "tests/support/http.h"
#include "tests/support/ports.h"
#include "tests/support/resp.h"
#include "tests/support/rig_config.h"

enum { STOP_TIMEOUT_MS = 20000, DONE_TIMEOUT_MS = 500 };

struct rig {
    struct process process;
    int config;
    char *config_path;
    struct bytes config_text;
    struct port listen;
    struct port other_listen;
    struct port tls_listen;
    struct port admin;
    struct fake_cluster *cluster;
    struct fake_cluster *other;
    struct relay *relays[FAKE_NODES_MAX]; /* NULL where there is none */
    struct fake_store *store;
    struct wire *client;
    struct wire **wires;
    size_t wire_count;
    char **texts;
    size_t text_count;
};

static struct rig *running;

static const char *rig_keep(struct rig *rig, char *text)
{
    rig->texts = memory_resize(rig->texts, rig->text_count + 1, sizeof *rig->texts);
    rig->texts[rig->text_count++] = text;
    return text;
}

const char *rig_binary(void)
{
    const char *binary = getenv("SLOTWAY_BINARY");

    return binary == NULL ? SLOTWAY_BINARY_BUILT : binary;
}

bool rig_binary_is_sanitized(void)
{
    FILE *file = fopen(rig_binary(), "r");
    bool found = false;
    char *text = NULL;
    size_t room = 0;
    ssize_t size;

    cr_assert_not_null(file);
    /* A binary, in pieces that end with a zero byte. */
    while (!found && (size = getdelim(&text, &room, '\0', file)) > 0) {
        found = strcmp(text, "__tsan_init") == 0 || strcmp(text, "__asan_init") == 0;
    }
    free(text);
    fclose(file);
    return found;
}

static void rig_launch(struct rig *rig)
{
    const char *const argv[] = {rig_binary(), "-c", rig->config_path, NULL};

    process_start(&rig->process, argv, NULL);
}

static bool rig_listens(struct rig *rig)
{
    struct wire *wire = wire_open(rig->listen.number);
    bool listens = wire != NULL;

    wire_close(&wire);
    return listens || process_has_ended(&rig->process);
}

static bool rig_is_ready(struct rig *rig)
{
    return http_get(rig->admin.number, "/readyz", NULL) == 200 || process_has_ended(&rig->process);
}

static void rig_put_relays(struct rig *rig)
{
    for (int i = 0; i < fake_cluster_size(rig->cluster); i++) {
        rig->relays[i] = relay_new(fake_node_port(rig_node(rig, i)));
        fake_cluster_announce_port(rig->cluster, i, relay_port(rig->relays[i]));
    }
}

static struct bytes rig_text(const struct rig *rig, const struct rig_options *options)
{
    struct rig_ports ports = {rig->listen.number, rig->other_listen.number, rig->tls_listen.number,
                              rig->admin.number};

    return rig_config_text(options, &ports, rig->cluster, rig->other);
}

struct rig *rig_start_with(struct rig_options options)
{
    struct rig *rig = memory_new(1, sizeof *rig);

    running = rig;
    rig->listen = port_reserve();
    rig->other_listen = port_reserve();
    rig->tls_listen = port_reserve();
    rig->admin = port_reserve();
    rig->cluster = fake_cluster_new(options.nodes);
    rig->other = fake_cluster_new(options.other_nodes);
    rig->store = fake_store_new();
    if (options.with_relays) {
        rig_put_relays(rig);
    }
    if (options.with_store) {
        fake_store_serve(rig->store, rig->cluster);
    }
    for (int i = 0; i < options.nodes; i++) {
        fake_node_set_password(rig_node(rig, i), options.node_password);
        if (options.node_tls != NULL) {
            fake_node_use_tls(rig_node(rig, i), tls_context_take(options.node_tls));
        }
        if (options.start_dead) {
            fake_node_die(rig_node(rig, i));
        }
    }
    rig->config_text = rig_text(rig, &options);
    rig->config_path = rig_config_file(rig->config_text, &rig->config);
    rig_launch(rig);
    bool up = options.start_dead || options.do_not_wait ? WAIT_FOR(rig_listens(rig))
                                                        : WAIT_FOR(rig_is_ready(rig));
    cr_assert(up && rig->process.pid != 0, "slotway did not come up");
    return rig;
}

static void rig_use_text(struct rig *rig, struct bytes text)
{
    bytes_clear(&rig->config_text);
    rig->config_text = text;
    rig_config_rewrite(rig->config, text);
}

void rig_rewrite(struct rig *rig, struct rig_options options)
{
    rig_use_text(rig, rig_text(rig, &options));
}

void rig_rewrite_text(struct rig *rig, const char *text)
{
    struct bytes bytes = {0};

    bytes_print(&bytes, "%s", text);
    rig_use_text(rig, bytes);
}

int rig_reload(struct rig *rig, const char **said)
{
    struct bytes body = {0};
    int status = http_post(rig->admin.number, "/reload", &body);
    const char *text = rig_keep(rig, memory_copy(body.size == 0 ? "" : body.at, body.size));

    bytes_clear(&body);
    if (said != NULL) {
        *said = text;
    }
    return status;
}

struct rig *rig_start(int nodes)
{
    return rig_start_with((struct rig_options){.nodes = nodes});
}

struct rig *rig_start_store(int nodes)
{
    return rig_start_with((struct rig_options){.nodes = nodes, .with_store = true});
}

static void rig_show(const struct rig *rig)
{
    struct bytes output = process_output(&rig->process);
    size_t skipped = output.size > 20000 ? output.size - 20000 : 0;

    fprintf(stderr, "---- slotway was started with\n%s---- and wrote (%zu bytes skipped)\n%s----\n",
            rig->config_text.at, skipped, output.at + skipped);
    bytes_clear(&output);
}

static void rig_close_clients(struct rig *rig)
{
    for (size_t i = 0; i < rig->wire_count; i++) {
        wire_close(&rig->wires[i]);
    }
    free(rig->wires);
    rig->wires = NULL;
    rig->wire_count = 0;
    rig->client = NULL;
}

static void rig_free(struct rig *rig)
{
    rig_close_clients(rig);
    process_clear(&rig->process);
    for (int i = 0; i < FAKE_NODES_MAX; i++) {
        relay_free(&rig->relays[i]);
    }
    fake_cluster_free(&rig->cluster);
    fake_cluster_free(&rig->other);
    fake_store_free(&rig->store);
    port_release(&rig->listen);
    port_release(&rig->other_listen);
    port_release(&rig->tls_listen);
    port_release(&rig->admin);
    bytes_clear(&rig->config_text);
    free(rig->config_path);
    close(rig->config);
    for (size_t i = 0; i < rig->text_count; i++) {
        free(rig->texts[i]);
    }
    free(rig->texts);
    free(rig);
}

static void rig_expect_no_complaint(const struct fake_cluster *cluster)
{
    for (int i = 0; i < fake_cluster_size(cluster); i++) {
        struct fake_node *node = fake_cluster_node(cluster, i);
        char *complaint = fake_node_complaint(node);
        if (complaint != NULL) {
            /* What a node says last is often heard by nobody, and then nobody waits for it. */
            free(complaint);
            fake_node_is_done(node, DONE_TIMEOUT_MS);
            complaint = fake_node_complaint(node);
        }
        cr_expect_null(complaint, "%s", complaint);
        free(complaint);
    }
}

static void rig_expect_clean_output(struct rig *rig)
{
    static const char *const bad[] = {"check failed", "Sanitizer", "runtime error:", "panic"};

    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        cr_expect_not(rig_has_written(rig, bad[i]), "slotway wrote '%s'", bad[i]);
    }
}

void rig_stop(struct rig **rig)
{
    rig_expect_no_complaint((*rig)->cluster);
    rig_expect_no_complaint((*rig)->other);
    rig_close_clients(*rig);
    int status = process_stop(&(*rig)->process, SIGTERM, STOP_TIMEOUT_MS);
    cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "slotway ended with status %#x",
              (unsigned)status);
    rig_expect_clean_output(*rig);
    if (test_has_failed()) {
        rig_show(*rig);
    }
    rig_free(*rig);
    *rig = running = NULL;
}

void rig_clean_up(void)
{
    if (running != NULL) {
        rig_show(running);
        rig_free(running);
        running = NULL;
    }
}

const char *rig_config_path(const struct rig *rig)
{
    return rig->config_path;
}

struct fake_cluster *rig_cluster(const struct rig *rig)
{
    return rig->cluster;
}

struct fake_cluster *rig_other_cluster(const struct rig *rig)
{
    return rig->other;
}

struct fake_node *rig_node(const struct rig *rig, int index)
{
    return fake_cluster_node(rig->cluster, index);
}

const char *rig_address(const struct rig *rig, int index)
{
    return fake_cluster_address(rig->cluster, index);
}

struct relay *rig_relay(const struct rig *rig, int index)
{
    CHECK(rig->relays[index] != NULL);
    return rig->relays[index];
}

struct fake_store *rig_store(const struct rig *rig)
{
    return rig->store;
}

struct process *rig_process(struct rig *rig)
{
    return &rig->process;
}

uint16_t rig_port(const struct rig *rig)
{
    return rig->listen.number;
}

uint16_t rig_tls_port(const struct rig *rig)
{
    return rig->tls_listen.number;
}

uint16_t rig_other_port(const struct rig *rig)
{
    return rig->other_listen.number;
}

uint16_t rig_admin_port(const struct rig *rig)
{
    return rig->admin.number;
}

static struct wire *rig_add_wire(struct rig *rig, struct wire *wire)
{
    cr_assert_not_null(wire, "slotway does not accept clients");
    rig->wires = memory_resize(rig->wires, rig->wire_count + 1, sizeof(struct wire *));
    rig->wires[rig->wire_count++] = wire;
    return wire;
}

struct wire *rig_connect(struct rig *rig)
{
    return rig_add_wire(rig, wire_open(rig->listen.number));
}

struct wire *rig_connect_tls(struct rig *rig, struct tls_context *context)
{
    return rig_add_wire(rig, wire_open_tls(rig->tls_listen.number, context, "localhost"));
}

void rig_disconnect(struct rig *rig, struct wire **wire)
{
    for (size_t i = 0; i < rig->wire_count; i++) {
        if (rig->wires[i] == *wire) {
            rig->wires[i] = NULL;
        }
    }
    wire_close(wire);
}

uint16_t rig_bus_slot(struct rig *rig)
{
    static const char name[] = "run_id:";
    struct wire *wire = rig_connect(rig);
    const char *at = strstr(wire_ask(wire, "INFO", "server"), name);
    uint16_t slot;

    cr_assert_not_null(at);
    slot = resp_slot((struct span){at + strlen(name), 40});
    rig_disconnect(rig, &wire);
    cr_assert(WAIT_FOR(metric(rig, "downstream_connections_active") == 0));
    return slot;
}

struct wire *rig_client(struct rig *rig)
{
    if (rig->client == NULL) {
        rig->client = rig_connect(rig);
    }
    return rig->client;
}

const char *rig_log(struct rig *rig, int index)
{
    return rig_keep(rig, fake_node_log(rig_node(rig, index), 0));
}

/* The value of one line of /metrics if it is of `name` and `label`; false otherwise. */
static bool line_value(const char *line, const char *name, const char *label, long long *value)
{
    const char *end = strchrnul(line, '\n');
    size_t size = strlen(name);

    if (strncmp(line, "slotway_", 8) != 0 || strncmp(line + 8, name, size) != 0 ||
        (line[8 + size] != ' ' && line[8 + size] != '{')) {
        return false;
    }
    if (label != NULL && memmem(line, (size_t)(end - line), label, strlen(label)) == NULL) {
        return false;
    }
    const char *blank = memrchr(line, ' ', (size_t)(end - line));
    *value = (long long)strtod(blank, NULL);
    return true;
}

long long rig_metric(struct rig *rig, const char *name, const char *label)
{
    struct bytes body = {0};
    long long sum = -1;
    long long value = 0;

    bytes_room(&body, 0);
    http_get(rig->admin.number, "/metrics", &body);
    for (const char *line = body.at; *line != '\0'; line = strchrnul(line, '\n')) {
        line += *line == '\n';
        if (line_value(line, name, label, &value)) {
            sum = (sum < 0 ? 0 : sum) + value;
        }
    }
    bytes_clear(&body);
    return sum;
}

bool rig_has_written(struct rig *rig, const char *text)
{
    struct bytes output = process_output(&rig->process);
    bool has = strstr(output.at, text) != NULL;

    bytes_clear(&output);
    return has;
}

bool rig_topology_passes(struct rig *rig, long long version)
{
    return WAIT_FOR(metric(rig, "topology_version") > version);
}

const char *rig_print(struct rig *rig, const char *format, ...)
{
    struct bytes text = {0};
    va_list list;

    va_start(list, format);
    bytes_print_list(&text, format, list);
    va_end(list);
    return rig_keep(rig, text.at);
}
