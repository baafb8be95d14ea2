#include "tests/chaos/nodes.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/check.h"
#include "common/memory.h"
#include "tests/chaos/chronicle.h"
#include "tests/support/real_nodes.h"

enum { TALK_SECONDS = 5, FOLDER_SIZE = 128 };

struct nodes {
    struct real_nodes *real;
};

bool nodes_run_list(struct nodes *nodes, const char *const *arguments)
{
    struct bytes output = {0};
    int code = real_nodes_run(nodes->real, arguments, &output);

    if (code != 0) {
        chronicle_note("script/cluster %s failed: %s", arguments[0], output.at);
    }
    bytes_clear(&output);
    return code == 0;
}

bool nodes_do(struct nodes *nodes, const char *verb, uint16_t port)
{
    char number[8];

    snprintf(number, sizeof number, "%u", port);
    return nodes_run(nodes, verb, number);
}

struct nodes *nodes_start(void)
{
    struct nodes *nodes = memory_new(1, sizeof *nodes);
    char port[8];

    nodes->real = real_nodes_new(NODES_PORTS);
    snprintf(port, sizeof port, "%u", nodes_base_port(nodes));
    /* What was acknowledged is in the append-only file, so only a promotion can lose it. */
    if (!nodes_run(nodes, "--base-port", port, "--password", REAL_NODES_PASSWORD, "--set",
                   "cluster-node-timeout 2000", "--set", "cluster-require-full-coverage no",
                   "--set", "cluster-allow-replica-migration no", "--set",
                   "repl-diskless-sync-delay 0", "--set", "save \"\"", "--set", "appendonly yes",
                   "--set", "appendfsync no", "create")) {
        nodes_stop(&nodes);
    }
    return nodes;
}

void nodes_stop(struct nodes **nodes)
{
    real_nodes_free(&(*nodes)->real);
    free(*nodes);
    *nodes = NULL;
}

uint16_t nodes_base_port(const struct nodes *nodes)
{
    return real_nodes_base_port(nodes->real);
}

redisContext *nodes_connect(uint16_t port)
{
    struct timeval timeout = {.tv_sec = TALK_SECONDS};
    redisContext *context = redisConnectWithTimeout("127.0.0.1", port, timeout);

    CHECK(context != NULL);
    if (context->err == 0) {
        redisSetTimeout(context, timeout);
        redisReply *reply = redisCommand(context, "AUTH %s", REAL_NODES_PASSWORD);
        bool well = reply != NULL && reply->type == REDIS_REPLY_STATUS;
        freeReplyObject(reply);
        if (well) {
            return context;
        }
    }
    redisFree(context);
    return NULL;
}

redisReply *nodes_ask(uint16_t port, const char *format, ...)
{
    redisContext *context = nodes_connect(port);
    redisReply *reply = NULL;
    va_list list;

    if (context != NULL) {
        va_start(list, format);
        reply = redisvCommand(context, format, list);
        va_end(list);
        redisFree(context);
    }
    return reply;
}

bool nodes_answers(uint16_t port, const char *wanted, const char *command)
{
    redisReply *reply = nodes_ask(port, command, NULL);
    bool same = reply != NULL && reply->str != NULL && strstr(reply->str, wanted) != NULL;

    freeReplyObject(reply);
    return same;
}

/* What one node sees. */
static bool view_of(uint16_t port, struct view *view)
{
    redisReply *reply = nodes_ask(port, "CLUSTER NODES");
    bool understood =
        reply != NULL && reply->type == REDIS_REPLY_STRING && view_parse(view, reply->str);

    freeReplyObject(reply);
    return understood;
}

bool nodes_view(const struct nodes *nodes, struct view *view)
{
    for (uint16_t i = 0; i < NODES_PORTS; i++) {
        if (view_of((uint16_t)(nodes_base_port(nodes) + i), view)) {
            return true;
        }
    }
    return false;
}

bool nodes_is_primary(uint16_t port)
{
    return nodes_answers(port, "role:master", "INFO replication");
}

bool nodes_agree_on_primary(const struct nodes *nodes, uint16_t port)
{
    struct view view;
    struct view other;

    if (!nodes_view(nodes, &view)) {
        return false;
    }
    for (int i = 0; i < view.count; i++) {
        const struct view_node *node =
            view_of(view.nodes[i].port, &other) ? view_at(&other, port) : NULL;
        if (node == NULL || node->slot_count == 0) {
            return false;
        }
    }
    return true;
}

bool nodes_is_in_step(uint16_t port)
{
    return nodes_answers(port, "master_link_status:up", "INFO replication");
}

static int count_in_log(const char *path)
{
    char line[512];
    int count = 0;
    FILE *file = fopen(path, "r");

    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        count += strstr(line, "Failover election won") != NULL;
    }
    if (file != NULL) {
        fclose(file);
    }
    return count;
}

int nodes_promotions(const struct nodes *nodes)
{
    char path[FOLDER_SIZE + 300];
    int count = 0;
    DIR *folder = opendir(real_nodes_folder(nodes->real));

    CHECK(folder != NULL);
    for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        snprintf(path, sizeof path, "%s/%s/redis.log", real_nodes_folder(nodes->real),
                 entry->d_name);
        count += count_in_log(path);
    }
    closedir(folder);
    return count;
}

static bool port_is_used(const struct nodes *nodes, uint16_t port)
{
    char path[FOLDER_SIZE];

    snprintf(path, sizeof path, "%s/%u", real_nodes_folder(nodes->real), port);
    return access(path, F_OK) == 0;
}

uint16_t nodes_free_port(const struct nodes *nodes)
{
    uint16_t port = nodes_base_port(nodes);

    while (port_is_used(nodes, port)) {
        port++;
    }
    CHECK(port < nodes_base_port(nodes) + NODES_PORTS);
    return port;
}
