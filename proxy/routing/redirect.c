#include "proxy/routing/redirect.h"

static const struct {
    struct span prefix;
    enum refusal refusal;
} words[] = {
    {{"MOVED ", 6}, REFUSAL_MOVED},      {{"ASK ", 4}, REFUSAL_ASK},
    {{"TRYAGAIN", 8}, REFUSAL_TRYAGAIN}, {{"CLUSTERDOWN", 11}, REFUSAL_CLUSTERDOWN},
    {{"LOADING", 7}, REFUSAL_LOADING},   {{"MASTERDOWN", 10}, REFUSAL_MASTERDOWN},
    {{"READONLY", 8}, REFUSAL_READONLY}, {{"UNBLOCKED force", 15}, REFUSAL_READONLY},
};

/* Cuts the text up to the next `end` off the front of *rest. */
static struct span cut(struct span *rest, char end)
{
    const char *at = memchr(rest->at, end, rest->size);
    size_t size = at == NULL ? rest->size : (size_t)(at - rest->at);
    struct span front = {rest->at, size};
    size_t skip = size_min(size + 1, rest->size);

    *rest = (struct span){rest->at + skip, rest->size - skip};
    return front;
}

/* "host:port": the last colon parts them, since an IPv6 host stands there without brackets. */
static bool read_address(struct span text, const struct address *asked, struct address *address)
{
    const char *colon = memrchr(text.at, ':', text.size);
    int64_t port;

    if (colon == NULL) {
        return false;
    }

    struct span host = {text.at, (size_t)(colon - text.at)};
    struct span digits = {colon + 1, text.size - host.size - 1};

    if (!span_to_int64(digits, &port) || port < 1 || port > UINT16_MAX) {
        return false;
    }
    if (host.size == 0) {
        host = span_of(asked->host);
    }
    if (span_equal(host, SPAN("?"))) {
        return false;
    }
    return address_set(address, host, (uint16_t)port) == ADDRESS_OK;
}

/* "3999 127.0.0.1:6381" */
static struct redirect read_target(enum refusal refusal, struct span rest,
                                   const struct address *asked)
{
    struct redirect redirect = {.refusal = refusal};
    int64_t slot;

    if (!span_to_int64(cut(&rest, ' '), &slot) || slot < 0 || slot >= SLOT_COUNT) {
        return (struct redirect){.refusal = REFUSAL_NONE};
    }
    redirect.slot = (uint16_t)slot;
    redirect.has_address = read_address(cut(&rest, '\r'), asked, &redirect.address);
    return redirect;
}

/* What EXEC is refused for stands behind words of its own. */
static struct span cut_prefix(struct span reply)
{
    static const struct span abort = {"-EXECABORT Transaction discarded because of: ", 45};
    size_t skip = span_starts_with(reply, abort) ? abort.size : 1;

    return (struct span){reply.at + skip, reply.size - skip};
}

struct redirect redirect_of(struct span reply, const struct address *asked)
{
    struct span text = cut_prefix(reply);

    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        enum refusal refusal = words[i].refusal;
        size_t skip = words[i].prefix.size;

        if (!span_starts_with(text, words[i].prefix)) {
            continue;
        }
        if (refusal == REFUSAL_MOVED || refusal == REFUSAL_ASK) {
            return read_target(refusal, (struct span){text.at + skip, text.size - skip}, asked);
        }
        return (struct redirect){.refusal = refusal};
    }
    return (struct redirect){.refusal = REFUSAL_NONE};
}
