#include "proxy/reload.h"

#include <stdlib.h>

#include "common/check.h"
#include "common/clock.h"
#include "common/events.h"
#include "common/log.h"
#include "config/config_diff.h"
#include "proxy/reload_parts.h"
#include "proxy/server.h"
#include "proxy/server_parts.h"

/* Each in a place of its own, so that a long list is not cut as chatter would be. */
#define LOG_EACH(level, event, ...)                                                                \
    do {                                                                                           \
        struct log_site site_here = {0};                                                           \
        if ((int)(level) >= atomic_load_explicit(&log_threshold, memory_order_relaxed)) {          \
            log_line(&site_here, level, event, __VA_ARGS__);                                       \
        }                                                                                          \
    } while (0)

static enum reload_result refuse(struct server *server, const struct config_errors *errors,
                                 struct sendq *report)
{
    server->reloads.refused++;
    server->reloads.was_refused = true;
    log_error("configuration refused, nothing changes", "errors=%zu", errors->count);
    events_post(EVENT_REFUSED, NULL, NULL, "configuration refused: %s",
                errors->count == 0 ? "" : errors->lines[0]);
    sendq_append(report, SPAN("configuration refused, nothing changes\n"));
    for (size_t i = 0; i < errors->count; i++) {
        LOG_EACH(LOG_ERROR, "configuration refused", "error=%s", errors->lines[i]);
        sendq_print(report, "%s\n", errors->lines[i]);
    }
    return RELOAD_REFUSED;
}

static void tell_change(const struct config_change *change, struct sendq *report)
{
    bool is_now = change->reload == OPTION_LIVE;
    const char *option = change->row == NULL ? "pools" : change->row->path;
    const char *applies = is_now ? "now" : "restart";
    char *text = config_change_text(change);

    if (change->pool == NULL) {
        LOG_EACH(is_now ? LOG_INFO : LOG_WARN, "option changed",
                 "option=%s before=%s after=%s applies=%s", option, change->before, change->after,
                 applies);
    } else {
        LOG_EACH(is_now ? LOG_INFO : LOG_WARN, "option changed",
                 "pool=%s option=%s before=%s after=%s applies=%s", change->pool, option,
                 change->before, change->after, applies);
    }
    sendq_print(report, "%s\n", text);
    free(text);
}

static void tell_diff(const struct config_diff *diff, struct sendq *report)
{
    log_info("configuration read again", "changes=%zu need_restart=%zu", diff->count,
             diff->restart_count);
    events_post(EVENT_RELOAD, NULL, NULL,
                "configuration read again, %zu changes, %zu for a restart", diff->count,
                diff->restart_count);
    sendq_print(report, "configuration read again, changes: %zu, of them need a restart: %zu\n",
                diff->count, diff->restart_count);
    for (size_t i = 0; i < diff->count; i++) {
        tell_change(&diff->items[i], report);
    }
}

/* Whichever of the two levels says more. */
static void log_for_both(const struct config *now, const struct config *next)
{
    log_configure(now->log_level < next->log_level ? now->log_level : next->log_level,
                  next->log_format);
}

static void undo(struct reload *reload, void **made, size_t count)
{
    CHECK(reload->errors->count > 0);
    for (size_t i = count; i > 0; i--) {
        if (reload_parts[i - 1].undo != NULL) {
            reload_parts[i - 1].undo(reload, &made[i - 1]);
        }
    }
}

/* What others see comes last, so that nobody comes to what is undone because of something else. */
static bool prepare(struct reload *reload, void **made)
{
    CHECK(reload_part_count <= RELOAD_PARTS_MAX);
    for (size_t i = 0; i < reload_part_count; i++) {
        if (reload_parts[i].prepare != NULL && !reload_parts[i].prepare(reload, &made[i])) {
            undo(reload, made, i + 1);
            return false;
        }
    }
    for (size_t i = 0; i < reload_part_count; i++) {
        if (reload_parts[i].open != NULL && !reload_parts[i].open(reload, &made[i])) {
            undo(reload, made, reload_part_count);
            return false;
        }
    }
    return true;
}

static void commit(struct reload *reload, void **made)
{
    struct server *server = reload->server;
    struct config_share *before = server->share;

    server->share = config_share_take(reload->share);
    server->config = reload->next;
    for (size_t i = 0; i < reload_part_count; i++) {
        if (reload_parts[i].commit != NULL) {
            reload_parts[i].commit(reload, &made[i]);
        }
    }
    config_share_release(&before);
}

static void record(struct server *server, const struct config_diff *diff)
{
    server->reloads.done++;
    server->reloads.was_refused = false;
    server->reloads.at = clock_wall();
    server->reloads.waiting = diff->restart_count;
}

/* `share` is settled. */
static enum reload_result apply(struct server *server, struct config_share *share,
                                const struct config_diff *diff, struct sendq *report)
{
    struct config_errors errors = {0};
    struct reload reload = {.server = server,
                            .now = server->config,
                            .share = share,
                            .next = share->config,
                            .errors = &errors};
    void *made[RELOAD_PARTS_MAX] = {NULL};

    if (!prepare(&reload, made)) {
        enum reload_result result = refuse(server, &errors, report);

        config_errors_clear(&errors);
        return result;
    }
    log_for_both(reload.now, reload.next);
    tell_diff(diff, report);
    commit(&reload, made);
    record(server, diff);
    return RELOAD_DONE;
}

/* Why this is no time to read a configuration; NULL when it is one. */
static const char *obstacle_of(const struct server *server)
{
    const struct handover *handover = server->upgrade.handover;

    if (server->is_draining) {
        return "the process is ending";
    }
    if (!server->is_listening) {
        return "the process is starting";
    }
    /* It has the sockets of the pools that there are now. */
    if (handover != NULL && handover_is_given(handover)) {
        return "a successor is taking over, try again when it has or has given up";
    }
    return NULL;
}

static struct config *load(const struct server *server, struct config_errors *errors)
{
    const char *obstacle = obstacle_of(server);

    if (obstacle != NULL) {
        *errors = (struct config_errors){0};
        config_errors_add(errors, "slotway", "%s", obstacle);
        return NULL;
    }
    return config_load(server->source->path, server->source->overrides, errors);
}

static enum reload_result run(struct server *server, struct sendq *report)
{
    struct config_errors errors;
    struct config *next = load(server, &errors);

    if (next == NULL) {
        enum reload_result result = refuse(server, &errors, report);

        config_errors_clear(&errors);
        return result;
    }

    struct config_diff diff = config_diff_of(server->config, next);

    config_settle(server->config, next);
    struct config_share *share = config_share_new(&next);
    enum reload_result result = apply(server, share, &diff, report);
    config_share_release(&share);
    config_diff_clear(&diff);
    return result;
}

enum reload_result reload_run(struct server *server, struct sendq *report)
{
    service_reloading(&server->service);

    enum reload_result result = run(server, report);

    service_reloaded(&server->service);
    return result;
}
