#include "proxy/admin_answer.h"

#include "common/check.h"
#include "common/log.h"
#include "proxy/admin_guard.h"

static const char *request_value(const struct admin_request *request, enum MHD_ValueKind kind,
                                 const char *name)
{
    return MHD_lookup_connection_value(request->connection, kind, name);
}

const char *admin_request_path(const struct admin_request *request)
{
    return request->path;
}

const char *admin_request_header(const struct admin_request *request, const char *name)
{
    return request_value(request, MHD_HEADER_KIND, name);
}

/* One without a value is a NULL of libmicrohttpd's, as one that is not there. */
static enum MHD_Result note_argument(void *context, enum MHD_ValueKind kind UNUSED, const char *key,
                                     const char *value UNUSED)
{
    struct span *wanted = context;

    if (span_equal(span_of(key), *wanted)) {
        wanted->at = NULL;
        return MHD_NO;
    }
    return MHD_YES;
}

const char *admin_request_argument(const struct admin_request *request, const char *name)
{
    const char *value = request_value(request, MHD_GET_ARGUMENT_KIND, name);
    struct span wanted = span_of(name);

    if (value != NULL) {
        return value;
    }
    MHD_get_connection_values(request->connection, MHD_GET_ARGUMENT_KIND, note_argument, &wanted);
    return wanted.at == NULL ? "" : NULL;
}

void admin_answer_whether(struct admin_answer *answer, bool is_yes, struct span yes)
{
    if (is_yes) {
        sendq_clear(&answer->body);
        sendq_append(&answer->body, yes);
        return;
    }
    answer->status = MHD_HTTP_SERVICE_UNAVAILABLE;
}

static const char *const method_names[] = {[ADMIN_GET] = "GET", [ADMIN_POST] = "POST"};
static const char *const method_lists[] = {[1 << ADMIN_GET] = "GET, HEAD",
                                           [1 << ADMIN_POST] = "POST",
                                           [1 << ADMIN_GET | 1 << ADMIN_POST] = "GET, HEAD, POST"};

static void serve_list(const struct admin_site *site, struct admin_answer *answer)
{
    sendq_append(&answer->body, SPAN("slotway " SLOTWAY_VERSION "\n\n"));
    for (size_t at = 0; at < site->route_count; at++) {
        const struct admin_route *route = &site->routes[at];

        if (route->help != NULL) {
            sendq_print(&answer->body, "%-4s %-12s %s\n", method_names[route->method], route->path,
                        route->help);
        }
    }
}

static bool is_list(const char *path)
{
    return strcmp(path, "/") == 0 || strcmp(path, "/help") == 0;
}

/* The methods that the path has, as bits. */
static unsigned methods_of(const struct admin_site *site, const char *path)
{
    unsigned methods = is_list(path) ? 1 << ADMIN_GET : 0;

    for (size_t at = 0; at < site->route_count; at++) {
        if (strcmp(path, site->routes[at].path) == 0) {
            methods |= 1u << site->routes[at].method;
        }
    }
    return methods;
}

static const struct admin_route *find_route(const struct admin_site *site,
                                            const struct admin_request *request)
{
    for (size_t at = 0; request->is_known && at < site->route_count; at++) {
        const struct admin_route *route = &site->routes[at];

        if (route->method == request->method && strcmp(request->path, route->path) == 0) {
            return route;
        }
    }
    return NULL;
}

/* A probe asks by any name, and who knows the token is nobody's page. */
static const char *objection_to_host(const struct admin_request *request)
{
    if (request->wants_token || request->is_open) {
        return NULL;
    }
    return admin_guard_host_objection(admin_request_header(request, MHD_HTTP_HEADER_HOST),
                                      request->rules.hosts);
}

static const char *objection_to_order(const struct admin_request *request)
{
    const struct admin_sender sender = {
        .mark = admin_request_header(request, ADMIN_GUARD_HEADER),
        .fetch_site = admin_request_header(request, "Sec-Fetch-Site"),
        .origin = admin_request_header(request, MHD_HTTP_HEADER_ORIGIN),
        .host = admin_request_header(request, MHD_HTTP_HEADER_HOST),
    };

    return request->method == ADMIN_POST ? admin_guard_order_objection(&sender) : NULL;
}

static void refuse(const struct admin_request *request, const char *objection,
                   struct admin_answer *answer)
{
    answer->status = MHD_HTTP_FORBIDDEN;
    sendq_print(&answer->body, "refused: %s\n", objection);
    log_info("order by HTTP refused", "kind=audit path=%s reason=%s", request->path, objection);
}

static void serve_route(const struct admin_site *site, const struct admin_route *route,
                        const struct admin_request *request, struct admin_answer *answer)
{
    const char *objection = objection_to_order(request);

    if (objection != NULL) {
        refuse(request, objection, answer);
        return;
    }
    route->serve(site->context, request, answer);
    if (route->method == ADMIN_POST) {
        log_info("order by HTTP", "kind=audit path=%s status=%u", route->path, answer->status);
    }
}

static void serve(const struct admin_site *site, struct admin_request *request,
                  struct admin_answer *answer)
{
    const struct admin_route *route = find_route(site, request);
    unsigned methods = methods_of(site, request->path);
    bool is_get = request->is_known && request->method == ADMIN_GET;

    if (route != NULL) {
        serve_route(site, route, request, answer);
    } else if (is_get && is_list(request->path)) {
        serve_list(site, answer);
    } else if (methods == 0) {
        answer->status = MHD_HTTP_NOT_FOUND;
        sendq_append(&answer->body, SPAN("no such page\n"));
    } else {
        answer->status = MHD_HTTP_METHOD_NOT_ALLOWED;
        request->allowed = method_lists[methods];
        sendq_print(&answer->body, "only %s\n", request->allowed);
    }
}

void admin_answer_request(const struct admin_site *site, struct admin_request *request,
                          struct admin_answer *answer)
{
    const char *objection = objection_to_host(request);

    if (objection != NULL) {
        refuse(request, objection, answer);
        return;
    }
    serve(site, request, answer);
}

/* What a header or a response refuses is memory that it lacks. */
static void response_add(struct MHD_Response *response, const char *name, const char *value)
{
    CHECK(MHD_add_response_header(response, name, value) == MHD_YES);
}

/* The page is ours alone: nothing from elsewhere runs in it, nobody shows it as a part of theirs,
 * and no other site reads what is here. */
static void response_add_policy(struct MHD_Response *response)
{
    response_add(response, "Content-Security-Policy",
                 "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
                 "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
    response_add(response, "X-Frame-Options", "DENY");
    response_add(response, "X-Content-Type-Options", "nosniff");
    response_add(response, "Referrer-Policy", "no-referrer");
    response_add(response, "Cross-Origin-Resource-Policy", "same-origin");
}

enum MHD_Result admin_answer_send(const struct admin_answer *answer,
                                  const struct admin_request *request)
{
    struct block *body = sendq_flatten(&answer->body);
    struct MHD_Response *response =
        MHD_create_response_from_buffer(body->used, body->bytes, MHD_RESPMEM_MUST_COPY);

    block_release(&body);
    if (response == NULL) {
        return MHD_NO;
    }
    response_add(response, MHD_HTTP_HEADER_CONTENT_TYPE, answer->type);
    response_add(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    response_add(response, MHD_HTTP_HEADER_CONNECTION, "close");
    response_add_policy(response);
    if (request->allowed != NULL) {
        response_add(response, MHD_HTTP_HEADER_ALLOW, request->allowed);
    }
    enum MHD_Result result = MHD_queue_response(request->connection, answer->status, response);
    MHD_destroy_response(response);
    return result;
}

void admin_answer_init(struct admin_answer *answer)
{
    *answer = (struct admin_answer){.status = MHD_HTTP_OK, .type = ADMIN_TEXT};
    sendq_init(&answer->body);
}
