#include "proxy/admin_halts.h"

#include <inttypes.h>

#include "common/clock.h"
#include "config/unit.h"
#include "proxy/downstream/halting.h"
#include "proxy/server_parts.h"

enum { STATUS_ACCEPTED = 202, STATUS_BAD_REQUEST = 400, STATUS_NOT_FOUND = 404 };

#define LONGEST_US (UINT64_C(3600) * US_PER_SECOND)

/* What a request says. */
struct order {
    struct house *house;
    const char *node; /* NULL: all */
    uint64_t us;      /* 0: it does not say */
};

static void refuse(struct admin_answer *answer, unsigned status, const char *why)
{
    answer->status = status;
    sendq_print(&answer->body, "%s\n", why);
}

/* The pool may be left out where there is one; NULL: there is none of that name. */
static struct house *find_house(const struct server *server, const char *name)
{
    if (name == NULL) {
        return config_has_one_pool(server->config)
                   ? &server->pools[config_first_pool(server->config)].house
                   : NULL;
    }
    for (size_t i = 0; i < server->config->pool_count; i++) {
        if (strcmp(server->config->pools[i].name, name) == 0) {
            return &server->pools[i].house;
        }
    }
    return NULL;
}

static bool read_timeout(const char *text, uint64_t *us)
{
    *us = 0;
    return text == NULL ||
           (unit_parse_duration(span_of(text), us) == UNIT_OK && *us > 0 && *us <= LONGEST_US);
}

/* Answers and returns false when it makes no sense. */
static bool read_order(const struct server *server, const struct admin_request *request,
                       struct order *order, struct admin_answer *answer)
{
    order->house = find_house(server, admin_request_argument(request, "pool"));
    order->node = admin_request_argument(request, "node");
    if (order->house == NULL) {
        refuse(answer, STATUS_NOT_FOUND, "no such pool; name one by ?pool=");
        return false;
    }
    if (order->node != NULL && (order->node[0] == '\0' || strlen(order->node) >= HALT_NODE_SIZE)) {
        refuse(answer, STATUS_BAD_REQUEST,
               "not a node: the id or the host:port of one is expected");
        return false;
    }
    if (!read_timeout(admin_request_argument(request, "timeout"), &order->us)) {
        refuse(answer, STATUS_BAD_REQUEST, "not a time: 1ms to 1h is expected, as in ?timeout=30s");
        return false;
    }
    return true;
}

static void begin(const struct order *order, enum halt_kind kind, uint64_t until,
                  struct admin_answer *answer)
{
    if (halts_begin(order->house->halts, kind, order->node == NULL ? "" : order->node, until) ==
        0) {
        refuse(answer, STATUS_BAD_REQUEST, "too many nodes are paused or drained already");
        return;
    }
    halting_tell(order->house);
    answer->status = STATUS_ACCEPTED;
    sendq_append(&answer->body, SPAN("begun; GET /pauses tells what is still in flight\n"));
}

void admin_serve_pause(void *context, const struct admin_request *request,
                       struct admin_answer *answer)
{
    struct order order;

    if (read_order(context, request, &order, answer)) {
        uint64_t us = order.us == 0 ? order.house->pool->pause_timeout : order.us;

        begin(&order, HALT_PAUSE, clock_now() + us, answer);
    }
}

void admin_serve_drain(void *context, const struct admin_request *request,
                       struct admin_answer *answer)
{
    struct order order;

    if (!read_order(context, request, &order, answer)) {
        return;
    }
    if (order.node == NULL) {
        refuse(answer, STATUS_BAD_REQUEST,
               "which node? ?node= takes the id or the host:port of one");
        return;
    }
    begin(&order, HALT_DRAIN, order.us == 0 ? UINT64_MAX : clock_now() + order.us, answer);
}

void admin_serve_resume(void *context, const struct admin_request *request,
                        struct admin_answer *answer)
{
    struct order order;

    if (read_order(context, request, &order, answer)) {
        size_t count = halts_end(order.house->halts, order.node);

        halting_tell(order.house);
        sendq_print(&answer->body, "ended %zu\n", count);
    }
}

static void write_halt(struct house *house, const struct halt *halt, uint64_t now, struct sendq *to)
{
    struct halt_tally sum;
    enum halt_progress progress = halts_sum(house->halts, halt->number, &sum);

    sendq_print(to, "pool=%s what=%s node=%s", house->pool->name,
                halt->kind == HALT_PAUSE ? "pause" : "drain",
                halt->node[0] == '\0' ? "all" : halt->node);
    if (halt->until != UINT64_MAX) {
        sendq_print(to, " milliseconds_left=%" PRIu64, (halt->until - now) / US_PER_MS);
    }
    sendq_print(to,
                " workers=%s nodes=%" PRIu64 " in_flight=%" PRIu64 " blocked=%" PRIu64
                " private=%" PRIu64 " slots=%" PRIu64 "\n",
                progress == HALT_HOLDS ? "all" : "some", sum.nodes, sum.in_flight, sum.blocked,
                sum.private, sum.slots);
}

void admin_serve_pauses(void *context, const struct admin_request *request UNUSED,
                        struct admin_answer *answer)
{
    const struct server *server = context;
    uint64_t now = clock_now();

    for (size_t i = 0; i < server->config->pool_count; i++) {
        struct house *house = &server->pools[i].house;
        struct halt halts[HALTS_MAX];
        size_t count = halts_list(house->halts, now, halts);

        for (size_t j = 0; j < count; j++) {
            write_halt(house, &halts[j], now, &answer->body);
        }
    }
}
