#include "proxy/renewal.h"

#include <string.h>

void renewal_use(struct renewal *renewal, uint64_t looks)
{
    *renewal = (struct renewal){.used = looks, .refused = looks};
}

bool renewal_is_due(struct renewal *renewal, uint64_t looks)
{
    if (looks == renewal->used) {
        renewal_use(renewal, looks);
        return false;
    }
    return true;
}

static bool is_told(const struct renewal *renewal, const struct tls_option_fault *fault)
{
    return renewal->is_told && renewal->told.option == fault->option &&
           strcmp(renewal->told.text, fault->text) == 0;
}

bool renewal_is_news(struct renewal *renewal, uint64_t looks, const struct tls_option_fault *fault)
{
    if (looks != renewal->refused) {
        renewal->refused = looks;
        renewal->is_told = false;
        return false;
    }
    if (is_told(renewal, fault)) {
        return false;
    }
    renewal->is_told = true;
    renewal->told = *fault;
    return true;
}
