#include "config/host_names.h"

static bool is_name(struct span text)
{
    for (size_t i = 0; i < text.size; i++) {
        char byte = text.at[i];
        bool is_letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
        bool is_digit = byte >= '0' && byte <= '9';

        if (!is_letter && !is_digit && byte != '-' && byte != '_' && byte != '.') {
            return false;
        }
    }
    return text.size > 0;
}

bool host_names_check(struct span list, struct span *wrong)
{
    size_t count = 0;

    for (*wrong = span_take_item(&list); wrong->size > 0; *wrong = span_take_item(&list)) {
        if (!is_name(*wrong)) {
            return false;
        }
        count++;
    }
    return count > 0;
}

bool host_names_hold(struct span list, struct span name)
{
    struct span item;

    while ((item = span_take_item(&list)).size > 0) {
        if (span_equal_nocase(item, name)) {
            return true;
        }
    }
    return false;
}
