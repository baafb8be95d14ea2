#include "proxy/command/key_access.h"

#include "proxy/command/keys.h"
#include "tests/unit/proxy/command/words.h"

/* As COMMAND GETKEYSANDFLAGS of Redis 7.0.15 says it. */
static const struct row {
    const char *words;
    uint32_t access[3]; /* of its keys, in their order */
} rows[] = {
    {"get a", {KEY_RO | KEY_ACCESS}},
    {"set a 1", {KEY_OW | KEY_UPDATE}},
    {"set a 1 GET", {KEY_RW | KEY_ACCESS | KEY_UPDATE}},
    {"set get 1", {KEY_OW | KEY_UPDATE}},
    {"mset a 1 b 2", {KEY_OW | KEY_UPDATE, KEY_OW | KEY_UPDATE}},
    {"bitfield a get u8 0", {KEY_RO | KEY_ACCESS}},
    {"bitfield a overflow wrap get u8 0", {KEY_RO | KEY_ACCESS}},
    {"bitfield a get u8", {KEY_RW | KEY_ACCESS | KEY_UPDATE}},
    {"bitfield a x", {KEY_RW | KEY_ACCESS | KEY_UPDATE}},
    {"bitfield a get u8 0 set u8 0 1", {KEY_RW | KEY_ACCESS | KEY_UPDATE}},
    {"bitfield a incrby u8 0 1", {KEY_RW | KEY_ACCESS | KEY_UPDATE}},
    {"rename a b", {KEY_RW | KEY_ACCESS | KEY_DELETE, KEY_OW | KEY_UPDATE}},
    {"bitop and d a b", {KEY_OW | KEY_UPDATE, KEY_RO | KEY_ACCESS, KEY_RO | KEY_ACCESS}},
    {"zunionstore d 2 a b", {KEY_OW | KEY_UPDATE, KEY_RO | KEY_ACCESS, KEY_RO | KEY_ACCESS}},
    {"sort a by nosort store b", {KEY_RO | KEY_ACCESS, KEY_OW | KEY_UPDATE}},
    {"georadius a 1 1 1 m store b", {KEY_RO | KEY_ACCESS, KEY_OW | KEY_UPDATE}},
    {"georadius a 1 1 1 m STOREDIST b", {KEY_RO | KEY_ACCESS, KEY_OW | KEY_UPDATE}},
    {"xread streams a b 0 0", {KEY_RO | KEY_ACCESS, KEY_RO | KEY_ACCESS}},
};

Test(key_access, rows)
{
    struct keys keys = {0};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct command *command;
        struct words words;

        words_init(&words, rows[i].words);
        cr_assert_eq(command_find(&words.arguments, &command), COMMAND_FOUND);
        cr_assert_eq(keys_find(command, &words.arguments, &keys), KEYS_FOUND);
        for (uint32_t j = 0; j < keys.count; j++) {
            cr_expect_eq(key_access_of(command, &words.arguments, keys.index[j]), rows[i].access[j],
                         "%s: key %u", rows[i].words, j);
        }
    }
    keys_clear(&keys);
}
