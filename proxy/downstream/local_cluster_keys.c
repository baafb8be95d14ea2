/* CLUSTER COUNTKEYSINSLOT and GETKEYSINSLOT: the slot's node is asked, as it is for a key. */
#include "proxy/cluster/slot.h"
#include "proxy/downstream/local_call.h"

static void call_ask_owner(const struct local_call *call, uint16_t slot)
{
    struct request *request =
        client_request_begin(call->client, call->command, call->block, call->bytes);

    request->slot = slot;
    request->target = TARGET_SLOT;
    dispatcher_send(client_dispatcher(call->client), request);
}

/* Refuses the call and returns false when argument `index` is no number. */
static bool call_number(const struct local_call *call, uint32_t index, int64_t *number)
{
    if (span_to_int64(call_word(call, index), number)) {
        return true;
    }
    call_error(call, "ERR value is not an integer or out of range");
    return false;
}

static bool is_slot(int64_t number)
{
    return number >= 0 && number < SLOT_COUNT;
}

void local_cluster_countkeysinslot(const struct local_call *call)
{
    int64_t slot;

    if (!call_number(call, 2, &slot)) {
        return;
    }
    if (!is_slot(slot)) {
        call_error(call, "ERR Invalid slot");
        return;
    }
    call_ask_owner(call, (uint16_t)slot);
}

void local_cluster_getkeysinslot(const struct local_call *call)
{
    int64_t slot;
    int64_t count;

    if (!call_number(call, 2, &slot) || !call_number(call, 3, &count)) {
        return;
    }
    if (!is_slot(slot) || count < 0) {
        call_error(call, "ERR Invalid slot or number of keys");
        return;
    }
    call_ask_owner(call, (uint16_t)slot);
}
