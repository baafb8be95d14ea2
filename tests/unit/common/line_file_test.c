#include "common/line_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "common/clock.h"
#include "tests/support/moved_file.h"

/* Waits until the condition holds; false when it does not for long. */
#define WAIT_FOR(condition)                                                                        \
    ({                                                                                             \
        uint64_t until = clock_now() + 30 * (uint64_t)US_PER_SECOND;                               \
        while (!(condition) && clock_now() < until) {                                              \
            usleep(1000);                                                                          \
        }                                                                                          \
        (condition);                                                                               \
    })

static struct moved_file place;

static void set_up(void)
{
    moved_file_init(&place);
}

static void clean_up(void)
{
    moved_file_clear(&place);
}

TestSuite(line_file, .init = set_up, .fini = clean_up, .timeout = 40);

Test(line_file, has_all_lines_in_their_order)
{
    struct line_file *file = line_file_open(place.path, 1000, "lines");

    cr_expect(line_file_put(file, SPAN("one\n")));
    cr_expect(WAIT_FOR(strcmp(moved_file_read(place.path), "one\n") == 0),
              "nobody has to close it for that");
    cr_expect(line_file_put(file, SPAN("two\n")));
    cr_expect(line_file_put(file, SPAN("three\n")));
    line_file_close(&file);
    cr_expect_str_eq(moved_file_read(place.path), "one\ntwo\nthree\n");
    file = line_file_open(place.path, 1000, "lines");
    cr_expect(line_file_put(file, SPAN("four\n")));
    line_file_close(&file);
    cr_expect_str_eq(moved_file_read(place.path), "one\ntwo\nthree\nfour\n",
                     "what was there stays");
}

Test(line_file, goes_on_in_a_new_file_when_the_old_one_was_moved_away)
{
    struct line_file *file = line_file_open(place.path, 1000, "lines");

    cr_expect(line_file_put(file, SPAN("one\n")));
    cr_expect(WAIT_FOR(strcmp(moved_file_read(place.path), "one\n") == 0));
    cr_assert_eq(rename(place.path, place.moved), 0);
    cr_expect(line_file_put(file, SPAN("two\n")));
    cr_expect(WAIT_FOR(strcmp(moved_file_read(place.moved), "one\ntwo\n") == 0));
    line_file_reopen(file);
    cr_expect(WAIT_FOR(access(place.path, F_OK) == 0));
    cr_expect(line_file_put(file, SPAN("three\n")));
    line_file_close(&file);
    cr_expect_str_eq(moved_file_read(place.moved), "one\ntwo\n");
    cr_expect_str_eq(moved_file_read(place.path), "three\n");
}

/* Nobody takes anything out of a pipe that nobody reads. */
Test(line_file, loses_and_counts_what_has_no_room_and_keeps_nobody_waiting)
{
    static char line[1000];

    memset(line, 'x', sizeof line - 1);
    line[sizeof line - 1] = '\n';
    cr_assert_eq(mkfifo(place.path, 0600), 0);
    struct line_file *file = line_file_open(place.path, 3500, "lines");
    uint64_t kept = 0;

    for (int i = 0; i < 10; i++) {
        kept += line_file_put(file, (struct span){line, sizeof line});
    }
    cr_expect_eq(kept, 3);
    cr_expect_eq(line_file_lost(file), 7);

    FILE *reader = fopen(place.path, "r");
    cr_assert_not_null(reader);
    for (uint64_t i = 0; i < kept * sizeof line; i++) {
        cr_assert_neq(fgetc(reader), EOF);
    }
    fclose(reader);
    line_file_close(&file);
}

Test(line_file, loses_and_counts_what_cannot_be_written)
{
    struct line_file *file = line_file_open("/nowhere/at/all", 1000, "lines");

    cr_expect(line_file_put(file, SPAN("one\n")));
    cr_expect(line_file_put(file, SPAN("two\n")));
    cr_expect(WAIT_FOR(line_file_lost(file) == 2));
    line_file_close(&file);
}
