#include "proxy/routing/function_stats.h"

#include "common/resp_scan.h"
#include "common/resp_write.h"

enum { DEPTH = 3 }; /* the statistics of an engine, in the engines, in the whole */

static void write_value(struct sendq *to, struct span value, int depth);

/* The words of a running script are the one list in it. */
static void write_pairs(struct sendq *to, struct span rest, int depth)
{
    struct span name;
    struct span value;
    struct span text;

    while (reply_take(&rest, &name) && reply_take(&rest, &value)) {
        bool is_list = reply_string(name, &text) && span_equal(text, SPAN("command"));

        sendq_append(to, name);
        write_value(to, value, is_list ? 0 : depth);
    }
}

static void write_value(struct sendq *to, struct span value, int depth)
{
    int64_t count;
    size_t first;

    if (span_equal(value, SPAN("$-1\r\n")) || span_equal(value, SPAN("*-1\r\n"))) {
        resp_write_null(to);
    } else if (depth > 0 && value.at[0] == '*' && reply_array_open(value, &count, &first) &&
               count % 2 == 0) {
        resp_write_map(to, (size_t)count / 2);
        write_pairs(to, (struct span){value.at + first, value.size - first}, depth - 1);
    } else {
        sendq_append(to, value);
    }
}

void function_stats_write(struct sendq *to, struct span reply)
{
    write_value(to, reply, DEPTH);
}
