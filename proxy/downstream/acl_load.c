#include "proxy/downstream/acl_load.h"

#include <stdlib.h>

#include "common/memory.h"
#include "common/resp_write.h"
#include "proxy/downstream/roll.h"

enum { SHOWN_BYTES = 2048 };

struct acl_load {
    struct message message; /* to the control thread, and home */
    struct house *house;
    size_t worker;           /* the one that asked */
    uint64_t asker;          /* the client's id */
    struct request *request; /* alive as long as that client is open */
    char *error;             /* NULL: all is well */
};

static void load_drop(struct message *message)
{
    struct acl_load *load = container_of(message, struct acl_load, message);

    free(load->error);
    free(load);
}

static void load_come_home(struct message *message)
{
    struct acl_load *load = container_of(message, struct acl_load, message);
    struct clients *clients = load->house->clients[load->worker];

    block_bill(clients->intake->account);
    if (roll_client(load->house->roll, clients, load->asker) != NULL) {
        struct sendq *to = &load->request->reply;

        if (load->error == NULL) {
            resp_write_status(to, "OK");
        } else {
            resp_write_error(to, load->error);
        }
        request_settle(load->request, NULL, (struct span){"", 0});
    }
    load_drop(message);
}

/* Redis: all of it in one line, and what it means. */
static char *print_errors(const struct config_errors *errors)
{
    char *text = memory_print("ERR ");

    for (size_t i = 0; i < errors->count && strlen(text) < SHOWN_BYTES; i++) {
        char *longer = memory_print("%s%s. ", text, errors->lines[i]);

        free(text);
        text = longer;
    }

    char *whole = memory_print("%sWARNING: ACL errors detected, no change to the previously active "
                               "ACL rules was performed",
                               text);

    free(text);
    return whole;
}

static void load_run(struct message *message)
{
    struct acl_load *load = container_of(message, struct acl_load, message);
    struct config_errors errors = {0};

    if (!load->house->load_users(load->house, &errors)) {
        load->error = print_errors(&errors);
    }
    config_errors_clear(&errors);
    load->message.deliver = load_come_home;
    mailbox_post(load->house->mailboxes[load->worker], &load->message);
}

void acl_load_start(const struct local_call *call)
{
    struct client *client = call->client;
    struct house *house = client->clients->house;
    struct acl_load *load = memory_new(1, sizeof *load);

    load->message = (struct message){.deliver = load_run, .drop = load_drop};
    load->house = house;
    load->worker = client->clients->worker;
    load->asker = client->session.id;
    load->request = client_request_begin(client, call->command, call->block, call->bytes);
    metric_add(&client->clients->metrics->downstream_local_total, 1);
    mailbox_post(house->control, &load->message);
}
