#include "proxy/command/command_names.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "common/memory.h"
#include "proxy/command/command.h"

enum {
    BYTES = 256,
    SIZE_MOST = 70,
};

static const char *word_of_row(const struct command *command)
{
    const char *blank = strchr(command->name, ' ');
    return blank == NULL ? command->name : blank + 1;
}

static const struct command *container_of_row(const struct command *command)
{
    size_t size = strcspn(command->name, " ");
    return command->name[size] == '\0' ? NULL : command_by_name((struct span){command->name, size});
}

/* In memory of exactly that size, so that a look behind it is found out. */
static const struct command *named(struct span name, const struct command *container)
{
    char *exact = memory_raw(name.size > 0 ? name.size : 1);
    memcpy(exact, name.at, name.size);
    struct span copy = {exact, name.size};
    const struct command *found = command_named(copy, container);
    if (container == NULL && name.size <= 8) {
        cr_assert_eq(command_named_short(copy), found, "%.*s", (int)name.size, name.at);
    }
    free(exact);
    return found;
}

/* What is found is called so, and what is called so is found. */
static void assert_found_rightly(struct span name, const struct command *container,
                                 const struct command *row)
{
    const struct command *found = named(name, container);

    if (span_equal_nocase(name, span_of(word_of_row(row)))) {
        cr_assert_eq(found, row, "%.*s", (int)name.size, name.at);
    } else if (found != NULL) {
        cr_assert(span_equal_nocase(name, span_of(word_of_row(found))), "%.*s is no %s",
                  (int)name.size, name.at, found->name);
        cr_assert_eq(container_of_row(found), container, "%s", found->name);
    }
}

Test(command_names, are_those_bytes_and_no_others, .timeout = 60)
{
    for (enum command_id id = 0; id < COMMAND_COUNT; id++) {
        const struct command *row = command_by_id(id);
        const struct command *container = container_of_row(row);
        char name[COMMAND_WORD_MAX];
        size_t size = strlen(word_of_row(row));

        for (size_t place = 0; place < size; place++) {
            memcpy(name, word_of_row(row), size);
            for (int byte = 0; byte < BYTES; byte++) {
                name[place] = (char)byte;
                assert_found_rightly((struct span){name, size}, container, row);
            }
        }
    }
}

Test(command_names, have_their_size_and_no_other)
{
    for (enum command_id id = 0; id < COMMAND_COUNT; id++) {
        const struct command *row = command_by_id(id);
        char name[SIZE_MOST] = {0};
        size_t size = strlen(word_of_row(row));

        memcpy(name, word_of_row(row), size);
        for (size_t cut = 0; cut < SIZE_MOST; cut++) {
            assert_found_rightly((struct span){name, cut}, container_of_row(row), row);
        }
    }
}

/* Bytes that names have, and their neighbours and opposites. */
Test(command_names, are_never_found_in_random_words)
{
    static const char bytes[] = "sSeEtTgG-_|0`@{[\x7f\r";
    char name[SIZE_MOST];

    srandom(8);
    for (int round = 0; round < 200000; round++) {
        size_t size = (size_t)random() % (round % 4 == 0 ? SIZE_MOST : 9);
        for (size_t i = 0; i < size; i++) {
            name[i] = bytes[(size_t)random() % sizeof bytes];
        }
        assert_found_rightly((struct span){name, size}, NULL, command_by_id(COMMAND_ID_GET));
    }
}

Test(command_names, of_subcommands_belong_to_their_container)
{
    for (enum command_id id = 0; id < COMMAND_COUNT; id++) {
        const struct command *container = command_by_id(id);

        for (enum command_id other = 0; container->has_subcommands && other < COMMAND_COUNT;
             other++) {
            const struct command *row = command_by_id(other);
            const struct command *found = named(span_of(word_of_row(row)), container);

            if (container_of_row(row) == container) {
                cr_assert_eq(found, row, "%s", row->name);
            } else if (found != NULL) {
                cr_assert_eq(container_of_row(found), container, "%s", row->name);
            }
        }
    }
}

static bool is_found_at_once(const struct command *row)
{
    struct span name = span_of(row->name);
    return command_names[name_hash(word_load(name.at, name.size))].command == row;
}

Test(command_names, that_are_short_are_mostly_found_at_the_first_look)
{
    unsigned count = 0, at_once = 0;

    for (enum command_id id = 0; id < COMMAND_COUNT; id++) {
        const struct command *row = command_by_id(id);
        if (strlen(row->name) <= 8) {
            count++;
            at_once += is_found_at_once(row);
        }
    }
    cr_expect_gt(at_once, count * 3 / 4, "%u of %u", at_once, count);
    cr_expect(is_found_at_once(command_by_id(COMMAND_ID_GET)));
    cr_expect(is_found_at_once(command_by_id(COMMAND_ID_SET)));
}
