/* HIMPORT: hashes of the same fields, which are named once. The sets of fields are slotway's. */
#include "proxy/downstream/local_call.h"
#include "proxy/downstream/requests.h"

static struct fieldsets *fieldsets_of(const struct local_call *call)
{
    return session_fieldsets(&call->client->session);
}

/* The first of its commands is what the client has said. */
static void keep_prepared(struct client *client, const struct request *request)
{
    static const struct scan_limits no_limits = {INT64_MAX, INT64_MAX, SIZE_MAX, true};
    struct arguments arguments = {0};
    struct request_scan scan = {0};
    size_t used = 0;
    enum scan_result scanned =
        request_scan_next(&scan, &no_limits, request->bytes, &arguments, &used);

    CHECK(scanned == SCAN_DONE && arguments.count > 3);
    fieldsets_keep(session_fieldsets(&client->session), arguments.items[2],
                   (struct span){request->bytes.at, used});
    arguments_clear(&arguments);
}

static void prepare_on_done(struct request *request, struct block *block, struct span bytes)
{
    const struct block *objection = request->special->objection;

    if (objection != NULL) {
        client_on_done(request, NULL, (struct span){objection->bytes, objection->used});
    } else if (bytes.size == 0 || bytes.at[0] == '-') {
        client_on_done(request, block, bytes);
    } else {
        keep_prepared(request->owner, request);
        client_on_done(request, NULL, SPAN("+OK\r\n"));
    }
}

/* Some node is asked whether these fields are well, and left as it was. */
void local_himport_prepare(const struct local_call *call)
{
    struct client *client = call->client;
    struct sendq commands;

    if (fieldsets_of(call)->bytes + call->bytes.size > FIELDSETS_BYTES_MAX) {
        call_error(call, "ERR proxy: all fieldsets of a connection may take %d bytes",
                   (int)FIELDSETS_BYTES_MAX);
        return;
    }
    if (requests_shed(client, call->command)) {
        return;
    }
    sendq_init(&commands);
    sendq_append(&commands, call->bytes);
    sendq_append(&commands, SPAN("*2\r\n$7\r\nHIMPORT\r\n$10\r\nDISCARDALL\r\n"));

    struct block *block = sendq_flatten(&commands);
    struct request *request = client_request_begin(client, call->command, block,
                                                   (struct span){block->bytes, block->used});

    sendq_clear(&commands);
    block_release(&block);
    request->done = prepare_on_done;
    request->target = TARGET_PRIMARY;
    special_of(request)->commands = 2;
    request->special->is_harmless = true;
    dispatcher_send(client_dispatcher(client), request);
}

void local_himport_set(const struct local_call *call)
{
    struct client *client = call->client;
    struct block *preface = fieldsets_preface(fieldsets_of(call), call_word(call, 3));

    if (preface == NULL) {
        call_error(call, "ERR no such fieldset");
        return;
    }
    if (requests_shed(client, call->command)) {
        return;
    }

    struct request *request = client_request_begin(client, call->command, call->block, call->bytes);

    request->slot = slot_of(call_word(call, 2));
    request->target = TARGET_SLOT;
    special_of(request)->preface = block_take(preface);
    request->special->preface_commands = FIELDSET_PREFACE_COMMANDS;
    pipeline_add_bytes(&client->pipeline, request, preface->used);
    dispatcher_send(client_dispatcher(client), request);
}

void local_himport_discard(const struct local_call *call)
{
    call_integer(call, fieldsets_drop(fieldsets_of(call), call_word(call, 2)));
}

void local_himport_discardall(const struct local_call *call)
{
    call_integer(call, (int64_t)fieldsets_clear(fieldsets_of(call)));
}
