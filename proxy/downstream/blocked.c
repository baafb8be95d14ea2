#include "proxy/downstream/blocked.h"

#include "proxy/routing/blocking.h"

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

void blocked_wake(struct client *client, enum private_wake how)
{
    static const char error[] = "-UNBLOCKED client unblocked via CLIENT UNBLOCK\r\n";
    struct request *request =
        container_of(list_first(&client->pipeline.requests), struct request, in_pipeline);

    CHECK(client->is_blocked);
    blocking_wake(client->clients->dispatcher, request,
                  how == WAKE_WITH_ERROR ? error : blocking_nothing(request));
}
