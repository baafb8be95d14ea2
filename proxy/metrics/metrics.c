#include "proxy/metrics/metrics.h"

#include "common/check.h"

static const struct {
    const char *name;
    const char *text;
} reasons[] = {
#define CLOSE_REASON(symbol, name, is_error, text) [CLOSE_##symbol] = {name, text},
#include "proxy/metrics/close_reasons.def"
};

static const struct span error_codes[] = {
#define NODE_ERROR(symbol, code, help) {code, sizeof code - 1},
#include "proxy/metrics/node_errors.def"
};

enum node_error node_error_of(struct span reply)
{
    for (size_t i = 0; i < NODE_ERROR_OTHER; i++) {
        struct span code = error_codes[i];
        char end = reply.size > code.size + 1 ? reply.at[code.size + 1] : ' ';

        if (span_starts_with((struct span){reply.at + 1, reply.size - 1}, code) &&
            (end == ' ' || end == '\r')) {
            return (enum node_error)i;
        }
    }
    return NODE_ERROR_OTHER;
}

const char *close_reason_text(enum close_reason reason)
{
    CHECK((size_t)reason < ARRAY_LEN(reasons));
    return reasons[reason].text;
}

const char *close_reason_name(enum close_reason reason)
{
    CHECK((size_t)reason < ARRAY_LEN(reasons));
    return reasons[reason].name;
}
