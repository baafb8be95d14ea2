#include "proxy/routing/scan_page.h"

#include <stdlib.h>

#include "common/memory.h"
#include "common/resp_scan.h"

enum { PAGES = 16 }; /* of a large slot, each of which costs a list of all its keys */

static void page_append(struct scan_page *page, struct span name)
{
    if (page->count == page->capacity) {
        page->capacity = page->capacity == 0 ? 64 : 2 * page->capacity;
        page->keys = memory_resize(page->keys, page->capacity, sizeof *page->keys);
    }
    page->keys[page->count++] = (struct scan_key){scan_position(name), name};
}

bool scan_page_add(struct scan_page *page, struct span listing)
{
    int64_t count;
    size_t at;

    if (!reply_array_open(listing, &count, &at)) {
        return false;
    }
    for (int64_t i = 0; i < count; i++) {
        struct reply_scan scan = {0};
        struct span rest = {listing.at + at, listing.size - at};
        struct span name;
        size_t used = 0;

        if (reply_scan_next(&scan, SIZE_MAX, rest, &used) != SCAN_DONE ||
            !reply_string((struct span){rest.at, used}, &name)) {
            return false;
        }
        page_append(page, name);
        at += used;
    }
    return true;
}

static int compare_names(struct span a, struct span b)
{
    int order = memcmp(a.at, b.at, size_min(a.size, b.size));

    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

static int compare_keys(const void *left, const void *right)
{
    const struct scan_key *a = left;
    const struct scan_key *b = right;

    if (a->position != b->position) {
        return a->position < b->position ? -1 : 1;
    }
    return compare_names(a->name, b->name);
}

/* In order, each once: a key on its way between two nodes may be listed by both. */
static void page_sort(struct scan_page *page)
{
    size_t kept = 0;

    if (page->count > 1) {
        qsort(page->keys, page->count, sizeof *page->keys, compare_keys);
    }
    for (size_t i = 0; i < page->count; i++) {
        if (kept == 0 || compare_keys(&page->keys[kept - 1], &page->keys[i]) != 0) {
            page->keys[kept++] = page->keys[i];
        }
    }
    page->count = kept;
}

static void page_keep(struct scan_page *page, uint64_t first, uint64_t last)
{
    size_t kept = 0;

    for (size_t i = 0; i < page->count; i++) {
        uint64_t position = page->keys[i].position;

        if (position >= first && position <= last) {
            page->keys[kept++] = page->keys[i];
        }
    }
    page->count = kept;
}

/* A position up to which there are `least` keys, and not many times as many: by halving the range
 * of positions. Hashes are spread evenly, so that a few rounds do, and none of them moves a key. */
static uint64_t page_end(const struct scan_page *page, size_t least)
{
    uint64_t low = 0;
    uint64_t high = SCAN_POSITIONS - 1;

    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        size_t reached = 0;

        for (size_t i = 0; i < page->count; i++) {
            reached += page->keys[i].position <= middle;
        }
        if (reached < least) {
            low = middle + 1;
        } else {
            high = middle;
            if (reached <= 2 * least) {
                break;
            }
        }
    }
    return high;
}

uint64_t scan_page_cut(struct scan_page *page, uint64_t from, size_t whole, size_t least)
{
    size_t most = size_max(least, page->count / PAGES);
    uint64_t last = SCAN_POSITIONS - 1;
    bool is_small = page->count <= whole;

    page_keep(page, from, last);
    if (!is_small && page->count > most) {
        last = page_end(page, most);
        page_keep(page, from, last);
    }
    page_sort(page);
    return last + 1;
}

void scan_page_clear(struct scan_page *page)
{
    free(page->keys);
    *page = (struct scan_page){0};
}
