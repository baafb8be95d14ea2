#include "proxy/routing/server_words.h"

static const struct {
    enum refusal refusal;
    struct span text; /* between '-' and the line's end */
} words[] = {
    {REFUSAL_TRYAGAIN, SPAN("TRYAGAIN Multiple keys request during rehashing of slot")},
    {REFUSAL_CLUSTERDOWN, SPAN("CLUSTERDOWN Hash slot not served")},
    {REFUSAL_CLUSTERDOWN, SPAN("CLUSTERDOWN The cluster is down")},
    {REFUSAL_CLUSTERDOWN, SPAN("CLUSTERDOWN The cluster is down and only accepts read commands")},
    {REFUSAL_LOADING, SPAN("LOADING Redis is loading the dataset in memory")},
    {REFUSAL_LOADING, SPAN("LOADING Valkey is loading the dataset in memory")},
    {REFUSAL_MASTERDOWN,
     SPAN("MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.")},
    {REFUSAL_MASTERDOWN,
     SPAN("MASTERDOWN Link with MASTER is down and slave-serve-stale-data is set to 'no'.")},
    {REFUSAL_MASTERDOWN,
     SPAN("MASTERDOWN Link with MASTER is down, replica-serve-stale-data is set to 'no' and "
          "'allow-stale' flag is not set on the script.")},
    {REFUSAL_READONLY, SPAN("READONLY You can't write against a read only replica.")},
    {REFUSAL_READONLY, SPAN("READONLY You can't write against a read only slave.")},
    {REFUSAL_READONLY, SPAN("READONLY Can not run script with write flag on readonly replica")},
};

static bool is_line(struct span reply, struct span text)
{
    static const struct span end = {"\r\n", 2};

    return reply.size == 1 + text.size + end.size &&
           memcmp(reply.at + 1, text.at, text.size) == 0 &&
           memcmp(reply.at + 1 + text.size, end.at, end.size) == 0;
}

bool server_says(struct span reply, enum refusal refusal)
{
    static const struct span raised = {" script: ", 9};

    if (refusal == REFUSAL_MOVED || refusal == REFUSAL_ASK) {
        return memmem(reply.at, reply.size, raised.at, raised.size) == NULL;
    }
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (words[i].refusal == refusal && is_line(reply, words[i].text)) {
            return true;
        }
    }
    return false;
}
