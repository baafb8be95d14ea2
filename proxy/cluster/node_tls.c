#include "proxy/cluster/node_tls.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/check.h"
#include "common/memory.h"

struct node_tls {
    struct tls_context *context; /* NULL: plain */
    enum backend_verify verify;
    char *server_name; /* instead of the host that a node is known by; NULL: that */
};

struct node_door {
    pthread_mutex_t mutex;
    struct {
        struct node_tls *tls; /* NULL: plain */
    } locked;
};

struct node_tls *node_tls_new(const struct pool_config *config, struct tls_option_fault *fault)
{
    struct node_tls *tls = memory_new(1, sizeof *tls);

    if (!config->backend_tls) {
        return tls;
    }

    tls->context = backend_tls_context(config, fault);
    if (tls->context == NULL) {
        free(tls);
        return NULL;
    }
    tls->verify = backend_tls_verify(config);
    if (config->backend_tls_server_name != NULL) {
        tls->server_name = memory_print("%s", config->backend_tls_server_name);
    }
    return tls;
}

void node_tls_free(struct node_tls **tls)
{
    struct node_tls *gone = *tls;

    *tls = NULL;
    if (gone == NULL) {
        return;
    }
    tls_context_release(&gone->context);
    free(gone->server_name);
    free(gone);
}

int64_t node_tls_expires(const struct node_tls *tls)
{
    return tls->context == NULL ? 0 : tls_context_expires(tls->context);
}

struct node_door *node_door_new(void)
{
    struct node_door *door = memory_new(1, sizeof *door);

    pthread_mutex_init(&door->mutex, NULL);
    return door;
}

void node_door_free(struct node_door **door)
{
    struct node_door *gone = *door;

    *door = NULL;
    if (gone == NULL) {
        return;
    }
    node_tls_free(&gone->locked.tls);
    pthread_mutex_destroy(&gone->mutex);
    free(gone);
}

void node_door_use(struct node_door *door, struct node_tls *tls)
{
    pthread_mutex_lock(&door->mutex);
    struct node_tls *old = door->locked.tls;
    door->locked.tls = tls;
    pthread_mutex_unlock(&door->mutex);
    node_tls_free(&old);
}

static struct tls *connect_as(const struct node_tls *tls, int fd, const char *host,
                              struct tls_memory *memory)
{
    const char *name = tls->server_name != NULL ? tls->server_name : host;
    struct tls_server server = {
        .name = name,
        .expected = tls->verify == BACKEND_VERIFY_FULL ? name : NULL,
        .memory = memory,
    };

    return tls_connect(tls->context, fd, &server);
}

struct tls *node_door_open(struct node_door *door, int fd, const char *host,
                           struct tls_memory *memory)
{
    struct tls *made = NULL;

    if (door == NULL) {
        return NULL;
    }
    pthread_mutex_lock(&door->mutex);
    if (door->locked.tls != NULL && door->locked.tls->context != NULL) {
        made = connect_as(door->locked.tls, fd, host, memory);
    }
    pthread_mutex_unlock(&door->mutex);
    return made;
}
