/* LATENCY but HISTOGRAM, as by a server whose latency monitor has seen nothing: slotway keeps no
 * such events. */
#include "common/resp_write.h"
#include "proxy/downstream/local_call.h"

/* LATEST, and HISTORY of any event. */
void local_latency_none(const struct local_call *call)
{
    resp_write_array(call_begin(call), 0);
    call_end(call);
}

void local_latency_graph(const struct local_call *call)
{
    struct span event = call_word(call, 2);

    call_error(call, "ERR No samples available for event '%.*s'", call_shown(event), event.at);
}

void local_latency_doctor(const struct local_call *call)
{
    call_text(call, "slotway keeps no latency events. SLOWLOG GET tells which requests took long, "
                    "and how much of that they waited in slotway or were with a node; the "
                    "distribution of times is in /metrics, and its percentiles in PROXY STATS. "
                    "PROXY NODE <address> LATENCY DOCTOR asks a node.\n");
}

/* How many events were forgotten. */
void local_latency_reset(const struct local_call *call)
{
    call_integer(call, 0);
}
