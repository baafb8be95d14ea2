#include "proxy/downstream/blocked.h"

#include "proxy/downstream/audit.h"
#include "proxy/downstream/permission.h"
#include "proxy/routing/blocking.h"

#define UNBLOCKED "-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n"

void blocked_begin(struct client *client, struct request *request)
{
    struct timeout timeout;
    enum timeout_result found =
        timeout_find(request->command, &client->clients->arguments, &timeout);

    if (found == TIMEOUT_NONE) {
        return;
    }
    CHECK(!client->is_blocked);
    client->is_blocked = true;
    metric_add(&client->clients->metrics->downstream_blocked, 1);
    blocking_begin(request, found, &timeout);
}

void blocked_end(struct client *client)
{
    client->is_blocked = false;
    metric_subtract(&client->clients->metrics->downstream_blocked, 1);
}

static struct request *request_of(const struct client *client)
{
    CHECK(client->is_blocked);
    return container_of(list_first(&client->pipeline.requests), struct request, in_pipeline);
}

void blocked_wake(struct client *client, enum private_wake how)
{
    struct request *request = request_of(client);

    blocking_wake(client_dispatcher(client), request,
                  how == WAKE_WITH_ERROR ? UNBLOCKED : blocking_nothing(request));
}

/* WAIT has something else before it. */
static void scan_last(struct span bytes, struct arguments *arguments)
{
    static const struct scan_limits no_limits = {INT64_MAX, INT64_MAX, SIZE_MAX, true};
    struct request_scan scan = {0};
    size_t used;

    while (bytes.size > 0 &&
           request_scan_next(&scan, &no_limits, bytes, arguments, &used) == SCAN_DONE) {
        bytes = (struct span){bytes.at + used, bytes.size - used};
        request_scan_reset(&scan);
    }
    CHECK(bytes.size == 0);
}

void blocked_judge(struct client *client)
{
    static const char no_key[] = "-NOPERM No permissions to access a key\r\n";
    static const char no_command[] = "-NOPERM No permissions to run the command any more\r\n";
    struct clients *clients = client->clients;
    struct request *request = request_of(client);
    const struct acl_request asked = permission_request(client, request->command);
    struct acl_ruling ruling;

    scan_last(request->bytes, &clients->arguments);
    ruling = acl_check(client->session.user, &asked);
    if (ruling.verdict == ACL_ALLOWED) {
        return;
    }
    permission_note(client, &asked, ruling);
    audit_refusal(client, request->command, ERROR_NO_PERMISSION);
    blocking_wake(client_dispatcher(client), request,
                  ruling.verdict == ACL_NO_KEY ? no_key : no_command);
}

struct span blocked_answer(const struct request *request, struct span answer)
{
    const struct special *special = request->special;
    bool is_woken = special != NULL && special->is_woken && special->farewell != NULL;

    return is_woken && span_equal(answer, SPAN(UNBLOCKED)) ? span_of(special->farewell) : answer;
}
