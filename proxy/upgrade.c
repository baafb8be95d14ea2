#include "proxy/upgrade.h"

#include <errno.h>
#include <stdio.h>

#include "common/events.h"
#include "common/log.h"
#include "common/notify.h"
#include "proxy/downstream/listening.h"
#include "proxy/server_parts.h"
#include "proxy/status.h"

enum {
    LINGER_LOOK_US = 10 * US_PER_MS,
    LINGER_LOOKS = 100, /* somebody may have connected who never asks */
    TELL_AGAIN_US = 50 * US_PER_MS,
    TELLS_MAX = 200,
};

static const char admin_owner[] = "admin";

static void list_socket(struct upgrade_sockets *sockets, const char *owner,
                        const struct listener_socket *from)
{
    if (sockets->count == PACKET_DESCRIPTORS_MAX) {
        log_warn("too many sockets for a successor", "owner=%s most=%d", owner,
                 PACKET_DESCRIPTORS_MAX);
        return;
    }

    struct upgrade_socket *to = &sockets->items[sockets->count++];

    to->fd = from->fd;
    to->is_lent = from->is_lent;
    to->address = *from->address;
    snprintf(to->owner, sizeof to->owner, "%s", owner);
}

static void list_pool(struct upgrade_sockets *sockets, const struct server_pool *pool)
{
    struct listener_socket from;
    char owner[UPGRADE_OWNER_MAX];

    listening_owner(pool->name, owner, sizeof owner);
    for (size_t i = 0; listener_socket_at(pool->listener, i, &from); i++) {
        list_socket(sockets, owner, &from);
    }
}

static void upgrade_list(void *context, struct upgrade_sockets *sockets)
{
    struct server *server = context;

    for (size_t i = 0; i < server->config->pool_count; i++) {
        list_pool(sockets, &server->pools[i]);
    }
    if (server->admin != NULL) {
        list_socket(sockets, admin_owner,
                    &(struct listener_socket){
                        .fd = admin_descriptor(server->admin),
                        .address = &server->config->admin_listen.items[0],
                    });
    }
}

static void upgrade_spare(struct server *server, const struct address *address)
{
    for (size_t i = 0; i < server->config->pool_count; i++) {
        listener_spare_file(server->pools[i].listener, address);
    }
}

static void upgrade_spare_all(struct server *server)
{
    for (size_t i = 0; i < server->config->pool_count; i++) {
        struct listener_socket one;

        for (size_t j = 0; listener_socket_at(server->pools[i].listener, j, &one); j++) {
            listener_spare_file(server->pools[i].listener, one.address);
        }
    }
}

static void upgrade_tell(struct upgrade *upgrade)
{
    if (notify_main_process(upgrade->untold)) {
        upgrade->untold = 0;
        return;
    }
    if (!notify_may_pass(errno) || ++upgrade->told == TELLS_MAX) {
        log_error("the service manager does not know of the successor", "pid=%d error=%s",
                  (int)upgrade->untold, strerror(errno));
        upgrade->untold = 0;
        return;
    }
    if (upgrade->told == 1) {
        log_warn("cannot tell the service manager of the successor yet", "pid=%d error=%s",
                 (int)upgrade->untold, strerror(errno));
    }
    reactor_timer_start(&upgrade->tell, TELL_AGAIN_US);
}

static void upgrade_on_tell(struct reactor_timer *timer)
{
    upgrade_tell(container_of(timer, struct upgrade, tell));
}

static void upgrade_on_replaced(void *context, pid_t successor,
                                const struct upgrade_sockets *sockets, const char *taken)
{
    struct server *server = context;

    log_info("a successor has taken over", "pid=%d", (int)successor);
    events_post(EVENT_UPGRADE, NULL, NULL, "process %d has taken over", (int)successor);
    server->upgrade.untold = successor;
    upgrade_tell(&server->upgrade);
    for (size_t i = 0; i < sockets->count; i++) {
        const struct upgrade_socket *one = &sockets->items[i];

        if (taken[i] == '1' && strcmp(one->owner, admin_owner) == 0) {
            server->upgrade.is_admin_taken = true;
            admin_stop_accepting(server->admin);
        } else if (taken[i] == '1') {
            upgrade_spare(server, &one->address);
        }
    }
    server_be_replaced(server);
}

static bool upgrade_is_ready(void *context)
{
    struct sendq nowhere;

    sendq_init(&nowhere);
    bool is_ready = status_knows_clusters(context, &nowhere);
    sendq_clear(&nowhere);
    return is_ready;
}

static bool upgrade_on_open(void *context)
{
    return server_open(context);
}

static void upgrade_on_over(struct turn_task *task)
{
    takeover_free(&container_of(task, struct upgrade, over)->takeover);
}

static void upgrade_on_served(void *context)
{
    struct server *server = context;

    reactor_bury(server->reactor, &server->upgrade.over);
    service_begin(&server->service);
}

/* What the old one has given has its files, if it goes on. */
static void upgrade_spare_given(struct server *server)
{
    const struct upgrade_sockets *sockets = takeover_sockets(server->upgrade.takeover);

    handover_spare_file(server->upgrade.handover);
    for (size_t i = 0; i < sockets->count; i++) {
        upgrade_spare(server, &sockets->items[i].address);
    }
}

/* We have accepted already, and the old one goes on: it has its files, and the admin address. */
static void upgrade_give_back(struct server *server)
{
    upgrade_spare_given(server);
    if (server->admin != NULL) {
        server->upgrade.is_admin_taken = true;
        admin_stop_accepting(server->admin);
    }
}

static void upgrade_on_failed(void *context)
{
    struct server *server = context;

    if (server->is_listening) {
        upgrade_give_back(server);
    }
    server_give_up(server);
}

static void upgrade_on_linger(struct reactor_timer *timer)
{
    upgrade_end(container_of(timer, struct upgrade, linger));
}

void upgrade_end(struct upgrade *upgrade)
{
    struct server *server = upgrade->server;
    bool is_asked = upgrade->is_admin_taken && admin_is_answering(server->admin) &&
                    upgrade->lingered++ < LINGER_LOOKS;

    if (is_asked || upgrade->untold != 0) {
        reactor_timer_start(&upgrade->linger, LINGER_LOOK_US);
        return;
    }
    reactor_stop(server->reactor);
}

void upgrade_init(struct upgrade *upgrade, struct server *server)
{
    upgrade->server = server;
    upgrade->over.run = upgrade_on_over;
    successor_init(&upgrade->successor, server->reactor);
    reactor_timer_init(&upgrade->linger, server->reactor, upgrade_on_linger);
    reactor_timer_init(&upgrade->tell, server->reactor, upgrade_on_tell);
}

bool upgrade_begin(struct upgrade *upgrade)
{
    struct server *server = upgrade->server;
    const struct handover_hooks hooks = {server, upgrade_list, upgrade_on_replaced};

    if (server->config->upgrade_socket == NULL) {
        return true;
    }
    if (takeover_begin(server->config, &upgrade->takeover) == TAKEOVER_FAILED) {
        return false;
    }
    upgrade->handover = handover_new(server->reactor, server->config, &hooks);
    return upgrade->handover != NULL;
}

bool upgrade_is_taking_over(const struct upgrade *upgrade)
{
    return upgrade->takeover != NULL;
}

void upgrade_go_on(struct upgrade *upgrade)
{
    const struct takeover_hooks hooks = {upgrade->server, upgrade_is_ready, upgrade_on_open,
                                         upgrade_on_served, upgrade_on_failed};

    if (upgrade->takeover != NULL) {
        takeover_go_on(upgrade->takeover, upgrade->server->reactor, &hooks);
    }
}

void upgrade_open(struct upgrade *upgrade)
{
    if (upgrade->handover != NULL) {
        handover_start(upgrade->handover);
    }
}

void upgrade_start_successor(struct upgrade *upgrade)
{
    if (upgrade->handover == NULL) {
        log_warn("no successor could take over: upgrade.socket is not set, or we are going", "");
        return;
    }
    successor_start(&upgrade->successor);
}

void upgrade_stop(struct upgrade *upgrade)
{
    if (upgrade->handover == NULL) {
        return;
    }
    if (handover_is_given(upgrade->handover)) {
        upgrade_spare_all(upgrade->server);
    }
    if (upgrade->takeover != NULL && takeover_is_undecided(upgrade->takeover)) {
        upgrade_spare_given(upgrade->server);
    }
    handover_free(&upgrade->handover);
}

void upgrade_clear(struct upgrade *upgrade)
{
    upgrade_stop(upgrade);
    reactor_forget(&upgrade->over);
    takeover_free(&upgrade->takeover);
    reactor_timer_stop(&upgrade->linger);
    reactor_timer_stop(&upgrade->tell);
    successor_clear(&upgrade->successor);
}
