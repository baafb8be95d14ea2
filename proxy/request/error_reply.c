#include "proxy/request/error_reply.h"

#include <string.h>

static const char *const texts[] = {
#define ERROR_REPLY(symbol, name, text) text,
#include "proxy/request/error_replies.def"
};

static const char *const names[] = {
#define ERROR_REPLY(symbol, name, text) name,
#include "proxy/request/error_replies.def"
};

_Static_assert((int)ERROR_SYMBOL_COUNT <= (int)METRICS_ERROR_KINDS, "every error needs a counter");

/* Appends as much of `text` as leaves room for CR LF. */
static size_t line_add(char *line, size_t used, const char *text, size_t size)
{
    size_t fits = size_min(size, ERROR_REPLY_MAX - 2 - used);

    memcpy(line + used, text, fits);
    return used + fits;
}

struct span error_reply(enum error_symbol symbol, const char *detail, struct metrics *metrics,
                        char *line)
{
    const char *text = texts[symbol];
    const char *gap = strstr(text, "%s");
    size_t used = line_add(line, 0, "-", 1);

    if (metrics != NULL) {
        metric_add(&metrics->error_replies[symbol], 1);
    }
    if (gap == NULL) {
        used = line_add(line, used, text, strlen(text));
    } else {
        CHECK(detail != NULL);
        used = line_add(line, used, text, (size_t)(gap - text));
        used = line_add(line, used, detail, strlen(detail));
        used = line_add(line, used, gap + 2, strlen(gap + 2));
    }
    memcpy(line + used, "\r\n", 2);
    return (struct span){line, used + 2};
}

void error_settle(struct request *request, enum error_symbol symbol, const char *detail,
                  struct metrics *metrics)
{
    char line[ERROR_REPLY_MAX];

    request_settle(request, NULL, error_reply(symbol, detail, metrics, line));
}

const char *const *error_reply_names(void)
{
    return names;
}
