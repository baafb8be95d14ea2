#include "proxy/cluster/slot.h"

#include "common/crc16.h"
#include "common/crc16_multiply.h"

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

static NOINLINE uint16_t slot_by_tables(struct span key)
{
    return crc16(hashed_part(key)) & (SLOT_COUNT - 1);
}

#ifdef CRC16_MULTIPLIES

/* The longest key that is hashed by multiplying; none is where the processor cannot do it. */
static size_t multiplied_most;

__attribute__((constructor)) static void slot_prepare(void)
{
    multiplied_most = crc16_can_multiply() ? SIZE_MAX / 2 : 0;
}

CRC16_MULTIPLIES static inline bool word_has_brace(uint64_t word)
{
    __m128i bytes = _mm_cvtsi64_si128((int64_t)word);

    return _mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('{'))) != 0;
}

/* A key is hashed as it is looked for a tag. The first word has what is over when the others have
 * eight bytes each. */
CRC16_MULTIPLIES static uint16_t slot_by_multiplying(struct span key)
{
    size_t first = (key.size - 1) % 8 + 1;
    const char *at = key.at + first;
    const char *end = key.at + key.size;
    uint64_t word = key.size < 8 ? word_load(key.at, key.size) : word_load8(key.at);
    uint64_t crc = 0;

    word = word_turned(word) >> (8 - first) * 8;
    for (;; at += 8) {
        if (unlikely(word_has_brace(word))) {
            return slot_by_tables(key);
        }
        crc = crc16_add(crc, word);
        if (at == end) {
            return crc & (SLOT_COUNT - 1);
        }
        word = word_turned(word_load8(at));
    }
}

uint16_t slot_of(struct span key)
{
    bool is_multiplied = key.size - 1 < multiplied_most && key.at[0] != '{';

    return likely(is_multiplied) ? slot_by_multiplying(key) : slot_by_tables(key);
}

#else

uint16_t slot_of(struct span key)
{
    return slot_by_tables(key);
}

#endif

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
