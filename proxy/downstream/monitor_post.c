#include "proxy/downstream/monitor_post.h"

#include <stdlib.h>

#include "common/log.h"
#include "common/memory.h"
#include "proxy/downstream/clients.h"

/* A worker's lines on their way to one other. */
struct copy {
    struct message message;
    struct bulletin *bulletin;
    struct clients *to;
    size_t size; /* 0: there was too much in transit, and it only tells */
};

/* The lines themselves, which nobody changes any more. */
struct bulletin {
    struct monitor_lines lines;
    _Atomic size_t copies_left;
    struct copy copies[]; /* one per worker at most */
};

/* Any thread. */
static void bulletin_release(struct bulletin *bulletin)
{
    if (atomic_fetch_sub(&bulletin->copies_left, 1) == 1) {
        monitor_lines_clear(&bulletin->lines);
        free(bulletin);
    }
}

static void copy_drop(struct message *message)
{
    struct copy *copy = container_of(message, struct copy, message);

    atomic_fetch_sub(&copy->to->monitor.in_transit, copy->size);
    bulletin_release(copy->bulletin);
}

static void copy_deliver(struct message *message)
{
    struct copy *copy = container_of(message, struct copy, message);
    struct clients *to = copy->to;

    if (atomic_exchange(&to->monitor.is_overrun, false)) {
        log_warn("monitors do not keep up", "worker=%zu in_transit=%zu", to->worker,
                 atomic_load(&to->monitor.in_transit));
        monitor_close_all(to);
    }
    monitor_show(to, (struct span){copy->bulletin->lines.bytes, copy->size});
    copy_drop(message);
}

/* Reserves the way to `to`. When there is no room that is told to `to`, once; returns false when it
 * has been. */
static bool make_way(struct clients *to, size_t *size)
{
    size_t before = atomic_fetch_add(&to->monitor.in_transit, *size);

    if (before + *size <= MONITOR_TRANSIT_MAX) {
        return true;
    }
    atomic_fetch_sub(&to->monitor.in_transit, *size);
    *size = 0;
    return !atomic_exchange(&to->monitor.is_overrun, true);
}

static size_t address(struct bulletin *bulletin, const struct clients *from)
{
    const struct house *house = from->house;
    size_t count = 0;

    for (size_t i = 0; i < house->worker_count; i++) {
        struct clients *to = house->clients[i];
        size_t size = bulletin->lines.size;

        if (to == from || atomic_load(&to->monitor.count) == 0 || !make_way(to, &size)) {
            continue;
        }
        bulletin->copies[count++] = (struct copy){
            .message = {.deliver = copy_deliver, .drop = copy_drop},
            .bulletin = bulletin,
            .to = to,
            .size = size,
        };
    }
    return count;
}

/* The last copy may be opened while this still runs: the number of them is this one's own, and the
 * bulletin is not touched once all are posted. */
void monitor_post(struct clients *clients)
{
    struct house *house = clients->house;
    struct bulletin *bulletin =
        memory_new(1, sizeof *bulletin + house->worker_count * sizeof bulletin->copies[0]);

    bulletin->lines = clients->monitor.lines;
    clients->monitor.lines = (struct monitor_lines){.size = 0};

    size_t count = address(bulletin, clients);

    atomic_init(&bulletin->copies_left, count + 1);
    for (size_t i = 0; i < count; i++) {
        struct copy *copy = &bulletin->copies[i];

        mailbox_post(house->mailboxes[copy->to->worker], &copy->message);
    }
    bulletin_release(bulletin);
}
