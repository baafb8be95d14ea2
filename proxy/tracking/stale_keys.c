#include "proxy/tracking/stale_keys.h"

#include <stdlib.h>

#include "common/memory.h"
#include "common/resp_scan.h"

/* The next value in `push`, which is cut off. */
static struct span take_value(struct span *push)
{
    struct reply_scan scan = {0};
    size_t used = 0;

    if (reply_scan_next(&scan, SIZE_MAX, *push, &used) != SCAN_DONE) {
        used = push->size;
    }

    struct span value = {push->at, used};

    push->at += used;
    push->size -= used;
    return value;
}

/* The strings among the `count` values in `array`. */
static enum stale stale_keys_take(struct stale_keys *keys, struct span array, size_t count)
{
    if (count == 0) {
        return STALE_NOTHING;
    }
    *keys = (struct stale_keys){.all = memory_new(count, sizeof *keys->all),
                                .picked = memory_new(count, sizeof *keys->picked)};
    for (size_t i = 0; i < count; i++) {
        keys->count += reply_string(take_value(&array), &keys->all[keys->count]);
    }
    return STALE_KEYS;
}

enum stale stale_keys_read(struct stale_keys *keys, struct span push)
{
    struct span word;
    int64_t count;
    size_t first;

    if (!reply_array_open(push, &count, &first) || count != 2) {
        return STALE_NOTHING;
    }
    push.at += first;
    push.size -= first;
    if (!reply_string(take_value(&push), &word) || !span_equal(word, SPAN("invalidate"))) {
        return STALE_NOTHING;
    }
    if (!reply_array_open(push, &count, &first)) {
        return STALE_ALL;
    }
    return stale_keys_take(keys, (struct span){push.at + first, push.size - first}, (size_t)count);
}

void stale_keys_clear(struct stale_keys *keys)
{
    free(keys->all);
    free(keys->picked);
}

size_t stale_keys_pick(const struct stale_keys *keys, struct span prefix)
{
    size_t count = 0;

    for (size_t i = 0; i < keys->count; i++) {
        if (span_starts_with(keys->all[i], prefix)) {
            keys->picked[count++] = keys->all[i];
        }
    }
    return count;
}
