#include "proxy/cluster/slot.h"

#include "common/crc16.h"

/* What of the key is hashed: the first "{tag}" decides, and an empty one counts as no tag. */
static struct span hashed_part(struct span key)
{
    const char *open = key.size == 0 ? NULL : memchr(key.at, '{', key.size);
    if (likely(open == NULL)) {
        return key;
    }

    const char *tag = open + 1;
    const char *close = memchr(tag, '}', (size_t)(key.at + key.size - tag));
    if (close == NULL || close == tag) {
        return key;
    }
    return (struct span){tag, (size_t)(close - tag)};
}

uint16_t slot_of(struct span key)
{
    return crc16(hashed_part(key)) & (SLOT_COUNT - 1);
}

/* How much of `pattern` stands for itself. */
static size_t plain_size(struct span pattern)
{
    size_t size = 0;

    while (size < pattern.size && memchr("*?[\\", pattern.at[size], 4) == NULL) {
        size++;
    }
    return size;
}

bool slot_of_pattern(struct span pattern, uint16_t *slot)
{
    struct span plain = {pattern.at, plain_size(pattern)};

    if (plain.size < pattern.size && hashed_part(plain).size == plain.size) {
        return false;
    }
    *slot = slot_of(plain);
    return true;
}
