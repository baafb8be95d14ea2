#include "common/file_looks.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];
static char first[96];
static char second[96];

static void put(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    cr_assert_not_null(file);
    fputs(text, file);
    fclose(file);
}

static void set_up(void)
{
    strcpy(folder, "/tmp/slotway-looks-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    snprintf(first, sizeof first, "%s/first", folder);
    snprintf(second, sizeof second, "%s/second", folder);
    put(first, "one");
}

static void tear_down(void)
{
    unlink(first);
    unlink(second);
    rmdir(folder);
}

TestSuite(file_looks, .init = set_up, .fini = tear_down);

static uint64_t looks(const char *a, const char *b)
{
    return file_looks((const char *const[]){a, b}, 2);
}

Test(file_looks, stay_the_same_while_nothing_happens)
{
    cr_expect_eq(looks(first, NULL), looks(first, NULL));
    cr_expect_eq(looks(NULL, NULL), looks(NULL, NULL));
    cr_expect_eq(looks("/nonexistent", first), looks("/nonexistent", first));
}

Test(file_looks, change_when_a_file_is_written_replaced_made_or_removed)
{
    uint64_t before = looks(first, second);

    put(first, "another");
    uint64_t written = looks(first, second);
    cr_expect_neq(written, before);
    put(second, "another");
    uint64_t made = looks(first, second);
    cr_expect_neq(made, written);
    cr_assert_eq(rename(second, first), 0);
    uint64_t replaced = looks(first, second);
    cr_expect_neq(replaced, written);
    unlink(first);
    cr_expect_neq(looks(first, second), replaced);
}

Test(file_looks, tell_which_file_it_is)
{
    put(second, "one");
    cr_expect_neq(looks(first, second), looks(second, first));
    cr_expect_neq(looks(first, NULL), looks(NULL, first));
}
