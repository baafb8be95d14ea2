#include "proxy/downstream/secret.h"

bool secret_may_be_in(const struct arguments *arguments)
{
    static const struct span names[] = {{"auth", 4}, {"hello", 5}};
    struct span name = arguments->items[0];

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (span_equal_nocase(name, names[i])) {
            return true;
        }
    }
    return arguments->count > 1 && span_equal_nocase(name, SPAN("acl")) &&
           span_equal_nocase(arguments->items[1], SPAN("setuser"));
}
