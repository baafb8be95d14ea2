#include "proxy/metrics/metrics.h"

#include "common/check.h"

static const struct {
    const char *name;
    const char *text;
} reasons[] = {
#define CLOSE_REASON(symbol, name, is_error, text) [CLOSE_##symbol] = {name, text},
#include "proxy/metrics/close_reasons.def"
};

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
