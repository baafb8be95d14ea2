#include "proxy/routing/library_list.h"

#include "common/resp_scan.h"

/* Cuts one whole value off the front of *rest. */
static bool take_value(struct span *rest, struct span *value)
{
    struct reply_scan scan = {0};
    size_t used = 0;

    if (reply_scan_next(&scan, SIZE_MAX, *rest, &used) != SCAN_DONE) {
        return false;
    }
    *value = (struct span){rest->at, used};
    *rest = (struct span){rest->at + used, rest->size - used};
    return true;
}

/* The value of `name` in a map; false when there is none. */
static bool map_find(struct span map, struct span name, struct span *value)
{
    struct span rest;
    struct span key;
    struct span text;
    int64_t pairs;
    size_t first;

    if (!reply_map_open(map, &pairs, &first)) {
        return false;
    }
    rest = (struct span){map.at + first, map.size - first};
    while (pairs-- > 0 && take_value(&rest, &key) && take_value(&rest, value)) {
        if (reply_string(key, &text) && span_equal(text, name)) {
            return true;
        }
    }
    return false;
}

static bool map_string(struct span map, struct span name, struct span *text)
{
    struct span value;

    return map_find(map, name, &value) && reply_string(value, text);
}

bool library_list_open(struct library_list *list, struct span reply)
{
    size_t first;

    if (!reply_array_open(reply, &list->left, &first)) {
        return false;
    }
    list->rest = (struct span){reply.at + first, reply.size - first};
    return true;
}

bool library_list_next(struct library_list *list, struct library *library)
{
    struct span map;

    if (list->left == 0 || !take_value(&list->rest, &map)) {
        return false;
    }
    list->left--;
    return map_string(map, SPAN("library_name"), &library->name) &&
           map_string(map, SPAN("library_code"), &library->code) &&
           map_find(map, SPAN("functions"), &library->functions);
}

bool library_has(const struct library *library, struct span function)
{
    struct span rest;
    struct span map;
    struct span name;
    int64_t left;
    size_t first;

    if (!reply_array_open(library->functions, &left, &first)) {
        return false;
    }
    rest = (struct span){library->functions.at + first, library->functions.size - first};
    while (left-- > 0 && take_value(&rest, &map)) {
        if (map_string(map, SPAN("name"), &name) && span_equal_nocase(name, function)) {
            return true;
        }
    }
    return false;
}
