#include "proxy/reload_parts.h"

#include <stdlib.h>

#include "common/budget.h"
#include "common/check.h"
#include "common/log.h"
#include "common/memory.h"
#include "proxy/acl/user_set.h"
#include "proxy/console.h"
#include "proxy/descriptors.h"
#include "proxy/server_admin.h"
#include "proxy/server_doors.h"
#include "proxy/server_parts.h"
#include "proxy/server_pool.h"
#include "proxy/server_watch.h"
#include "proxy/users.h"

static void commit_log(struct reload *reload, void **made UNUSED)
{
    log_configure(reload->next->log_level, reload->next->log_format);
}

/* The control thread's own views: what comes after this reads them. */
static void commit_views(struct reload *reload, void **made UNUSED)
{
    struct server *server = reload->server;

    for (size_t i = 0; i < reload->next->pool_count; i++) {
        config_view_show(&server->pools[i].view, reload->share, i);
    }
}

/* Also of files that are the same by name: they may have changed. */
static bool prepare_certificates(struct reload *reload, void **made UNUSED)
{
    bool is_done = true;

    for (size_t i = 0; i < reload->next->pool_count; i++) {
        is_done = certificates_prepare(reload->server->pools[i].certificates,
                                       &reload->next->pools[i], reload->errors) &&
                  is_done;
    }
    return is_done;
}

static void commit_certificates(struct reload *reload, void **made UNUSED)
{
    for (size_t i = 0; i < reload->next->pool_count; i++) {
        certificates_commit(reload->server->pools[i].certificates);
    }
}

static void undo_certificates(struct reload *reload, void **made UNUSED)
{
    for (size_t i = 0; i < reload->next->pool_count; i++) {
        certificates_undo(reload->server->pools[i].certificates);
    }
}

/* All make room before the first one looks for it: addresses may move from pool to pool. */
static void plan_listeners(struct reload *reload)
{
    for (size_t i = 0; i < reload->now->pool_count; i++) {
        listener_plan(reload->server->pools[i].listener, &reload->next->pools[i]);
    }
}

static void undo_listeners(struct reload *reload, void **made UNUSED)
{
    for (size_t i = 0; i < reload->now->pool_count; i++) {
        listener_undo(reload->server->pools[i].listener);
    }
}

/* Those that come are made whole, and workers do not know of them yet. */
static bool prepare_pools(struct reload *reload, void **made UNUSED)
{
    struct server *server = reload->server;

    for (size_t i = reload->now->pool_count; i < reload->next->pool_count; i++) {
        server_pool_make(server, i, reload->share);
        if (!server_pool_certify(&server->pools[i])) {
            config_errors_add(reload->errors, "pools",
                              "pool '%s' cannot use its TLS files, see the log",
                              server->pools[i].name);
            return false;
        }
    }
    return true;
}

static bool bind_pools(struct reload *reload, void **made UNUSED)
{
    struct server *server = reload->server;

    plan_listeners(reload);
    for (size_t i = reload->now->pool_count; i < reload->next->pool_count; i++) {
        if (!server_pool_bind(&server->pools[i])) {
            config_errors_add(reload->errors, "pools", "pool '%s' cannot listen, see the log",
                              server->pools[i].name);
            return false;
        }
    }
    return true;
}

static void undo_pools(struct reload *reload, void **made)
{
    for (size_t i = reload->now->pool_count; i < reload->next->pool_count; i++) {
        server_pool_drop(&reload->server->pools[i]);
    }
    undo_listeners(reload, made);
}

/* What workers are told of a pool reaches them before its first client does. */
static void commit_pools(struct reload *reload, void **made UNUSED)
{
    struct server *server = reload->server;

    for (size_t i = 0; i < server->worker_count; i++) {
        worker_use_pools(server->workers[i], reload->next->pool_count);
    }
    for (size_t i = reload->now->pool_count; i < reload->next->pool_count; i++) {
        server->pools[i].is_late = true;
        console_add_pool(server->console, server, i);
        server_watch_pool(server, &server->pools[i]);
    }
}

/* Behind all others: who comes goes by all of its options then. */
static void commit_comings(struct reload *reload, void **made UNUSED)
{
    struct server *server = reload->server;

    for (size_t i = 0; i < reload->now->pool_count; i++) {
        if (config_has_gone(reload->now, i) && !config_has_gone(reload->next, i)) {
            server_pool_return(&server->pools[i]);
        }
    }
    for (size_t i = reload->now->pool_count; i < reload->next->pool_count; i++) {
        server_pool_begin(&server->pools[i]);
    }
    for (size_t i = 0; i < reload->now->pool_count; i++) {
        if (config_has_gone(reload->next, i) && !config_has_gone(reload->now, i)) {
            server_pool_leave(&server->pools[i]);
        }
    }
}

static bool bind_listeners(struct reload *reload)
{
    bool is_done = true;

    for (size_t i = 0; i < reload->now->pool_count; i++) {
        is_done = listener_bind(reload->server->pools[i].listener, &reload->next->pools[i],
                                reload->errors) &&
                  is_done;
    }
    return is_done;
}

/* Also of the pools that come, when nobody's address can be refused any more. */
static bool open_listeners(struct reload *reload, void **made UNUSED)
{
    if (!bind_listeners(reload)) {
        return false;
    }
    for (size_t i = 0; i < reload->next->pool_count; i++) {
        if (!listener_listen(reload->server->pools[i].listener, &reload->next->pools[i],
                             reload->errors)) {
            return false;
        }
    }
    return true;
}

static void commit_listeners(struct reload *reload, void **made UNUSED)
{
    descriptors_raise(reload->next);
    for (size_t i = 0; i < reload->next->pool_count; i++) {
        listener_commit(reload->server->pools[i].listener);
    }
}

static void commit_memory(struct reload *reload, void **made UNUSED)
{
    budget_set_limit(&budget_of_process, reload->next->memory_limit);
    for (size_t i = 0; i < reload->next->pool_count; i++) {
        budget_set_limit(&reload->server->pools[i].house.budget,
                         reload->next->pools[i].clients_memory_limit);
    }
}

static void commit_watchdog(struct reload *reload, void **made UNUSED)
{
    server_watch_anew(reload->server);
}

static void commit_discovery(struct reload *reload, void **made UNUSED)
{
    for (size_t i = 0; i < reload->next->pool_count; i++) {
        discovery_use_config(reload->server->pools[i].discovery, reload->share, i);
    }
}

static void commit_workers(struct reload *reload, void **made UNUSED)
{
    struct server *server = reload->server;

    for (size_t i = 0; i < server->worker_count; i++) {
        for (size_t j = 0; j < reload->next->pool_count; j++) {
            worker_use_config(server->workers[i], j, reload->share);
        }
    }
}

/* Also when nothing has changed: that is how it is asked for by who has moved a file away. Nobody
 * looks for that of a pool that is gone. */
static void commit_traces(struct reload *reload, void **made UNUSED)
{
    for (size_t i = 0; i < reload->next->pool_count; i++) {
        if (reload->server->pools[i].house.trace != NULL && !config_has_gone(reload->next, i)) {
            line_file_reopen(reload->server->pools[i].house.trace);
        }
    }
}

/* Of all pools, also where nothing is said of users: what their files say may have changed. One
 * that is gone has no files any more, so it keeps the users it has: made anew, without a file,
 * everybody would be one who may do everything. */
static bool prepare_users(struct reload *reload, void **made)
{
    size_t count = reload->next->pool_count;
    struct user_set **sets = memory_new(count, sizeof(struct user_set *));
    bool is_done = true;

    *made = sets;
    for (size_t i = 0; i < count; i++) {
        if (!config_has_gone(reload->next, i)) {
            sets[i] = user_set_new(&reload->next->pools[i], reload->errors);
            is_done = is_done && sets[i] != NULL;
        }
    }
    return is_done;
}

static void commit_users(struct reload *reload, void **made)
{
    struct user_set **sets = *made;

    for (size_t i = 0; i < reload->next->pool_count; i++) {
        if (sets[i] != NULL) {
            users_give(&reload->server->pools[i], sets[i]);
        }
    }
    free(sets);
}

static void undo_users(struct reload *reload, void **made)
{
    struct user_set **sets = *made;

    for (size_t i = 0; sets != NULL && i < reload->next->pool_count; i++) {
        user_set_release(&sets[i]);
    }
    free(sets);
}

const struct reload_part reload_parts[] = {
    {"log", NULL, NULL, commit_log, NULL},
    {"control thread", NULL, NULL, commit_views, NULL},
    {"pools", prepare_pools, bind_pools, commit_pools, undo_pools},
    {"certificates", prepare_certificates, NULL, commit_certificates, undo_certificates},
    {"listeners", NULL, open_listeners, commit_listeners, undo_listeners},
    {"TLS to the nodes", server_doors_prepare, NULL, server_doors_commit, server_doors_undo},
    {"the admin port", server_admin_prepare, NULL, server_admin_commit, server_admin_undo},
    {"memory limits", NULL, NULL, commit_memory, NULL},
    {"watchdog", NULL, NULL, commit_watchdog, NULL},
    {"discovery", NULL, NULL, commit_discovery, NULL},
    {"workers", NULL, NULL, commit_workers, NULL},
    {"traces", NULL, NULL, commit_traces, NULL},
    {"users", prepare_users, NULL, commit_users, undo_users},
    {"pools that begin or end", NULL, NULL, commit_comings, NULL},
};

const size_t reload_part_count = ARRAY_LEN(reload_parts);
