#include "proxy/cluster/state_file.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"

static char folder[64];
static char path[128];
static struct state_file file;

static void set_up(void)
{
    log_set_descriptor(open("/dev/null", O_WRONLY | O_CLOEXEC));
    strcpy(folder, "/tmp/slotway-state-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/main.nodes", folder);
    state_file_init(&file, path, "main", NULL);
}

static void tear_down(void)
{
    state_file_clear(&file);
    unlink(path);
    rmdir(path);
    cr_expect_eq(rmdir(folder), 0, "something was left in the folder");
}

TestSuite(state_file, .init = set_up, .fini = tear_down, .timeout = 30);

static struct topology *nodes(uint16_t count, uint64_t epoch)
{
    struct topology *topology = topology_new();

    for (uint16_t number = 0; number < count; number++) {
        struct address address;
        char id[8];

        snprintf(id, sizeof id, "n%u", number);
        cr_assert_eq(address_set(&address, SPAN("127.0.0.1"), (uint16_t)(7000 + number)),
                     ADDRESS_OK);
        topology_add_node(topology, id, &address, NODE_PRIMARY, NODE_NONE);
    }
    topology->epoch = epoch;
    return topology;
}

static void note(uint16_t count, uint64_t epoch)
{
    struct topology *topology = nodes(count, epoch);

    state_file_note(&file, topology);
    topology_release(&topology);
}

/* How many nodes a new start finds in it; 0: nothing of use. */
static uint16_t remembered(void)
{
    struct state_file other;

    state_file_init(&other, path, "main", NULL);
    struct topology *topology = state_file_load(&other);
    uint16_t count = topology == NULL ? 0 : topology->node_count;
    topology_release(&topology);
    state_file_clear(&other);
    return count;
}

static void put(const char *text, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    cr_assert_eq(write(fd, text, size), (ssize_t)size);
    close(fd);
}

Test(state_file, remembers_from_one_start_to_the_next)
{
    struct stat facts;

    cr_expect_null(state_file_load(&file));
    note(3, 5);
    cr_expect_eq(state_file_save(&file, STATE_SAVE_SOON), STATE_SAVED);
    cr_expect_eq(remembered(), 3);
    cr_assert_eq(stat(path, &facts), 0);
    cr_expect_eq(facts.st_mode & 0777, 0600);
}

Test(state_file, is_not_written_when_it_says_so_already)
{
    struct topology *topology;

    note(3, 5);
    cr_expect_eq(state_file_save(&file, STATE_SAVE_NOW), STATE_SAVED);
    cr_expect_eq(state_file_save(&file, STATE_SAVE_NOW), STATE_NOT_DUE);
    note(3, 5);
    cr_expect_eq(state_file_save(&file, STATE_SAVE_NOW), STATE_NOT_DUE);
    state_file_clear(&file);
    state_file_init(&file, path, "main", NULL);
    topology = state_file_load(&file);
    note(3, 5);
    cr_expect_eq(state_file_save(&file, STATE_SAVE_NOW), STATE_NOT_DUE);
    note(4, 5);
    cr_expect_eq(state_file_save(&file, STATE_SAVE_NOW), STATE_SAVED);
    cr_expect_eq(remembered(), 4);
    topology_release(&topology);
}

Test(state_file, is_written_seldom_and_at_the_end)
{
    note(3, 5);
    cr_expect_eq(state_file_save(&file, STATE_SAVE_SOON), STATE_SAVED);
    note(4, 6);
    /* As if the last time had been an hour from now: no slow machine makes it long ago. */
    file.tried_at = clock_now();
    file.tried_at += 3600ull * US_PER_SECOND;
    cr_expect_eq(state_file_save(&file, STATE_SAVE_SOON), STATE_NOT_DUE);
    cr_expect_eq(remembered(), 3);
    cr_expect_eq(state_file_save(&file, STATE_SAVE_NOW), STATE_SAVED);
    cr_expect_eq(remembered(), 4);
    note(5, 7);
    file.tried_at = clock_now() - 3600ull * US_PER_SECOND;
    cr_expect_eq(state_file_save(&file, STATE_SAVE_SOON), STATE_SAVED);
}

Test(state_file, that_cannot_be_written_is_tried_again_and_leaves_nothing_behind)
{
    cr_assert_eq(mkdir(path, 0700), 0);
    note(3, 5);
    cr_expect_eq(state_file_save(&file, STATE_SAVE_NOW), STATE_NOT_SAVED);
    cr_assert_eq(rmdir(path), 0);
    cr_expect_eq(state_file_save(&file, STATE_SAVE_NOW), STATE_SAVED);
    cr_expect_eq(remembered(), 3);
}

Test(state_file, in_a_folder_that_is_not_there_is_no_harm)
{
    state_file_clear(&file);
    state_file_init(&file, "/no/such/folder/main.nodes", "main", NULL);
    cr_expect_null(state_file_load(&file));
    note(3, 5);
    cr_expect_eq(state_file_save(&file, STATE_SAVE_NOW), STATE_NOT_SAVED);
}

Test(state_file, that_is_empty_or_damaged_is_ignored_and_then_replaced)
{
    static const char *const texts[] = {"", "slotway-state 1\npool main\n", "slotway-state 9\n"};

    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        put(texts[i], strlen(texts[i]));
        cr_expect_null(state_file_load(&file));
        note((uint16_t)(i + 1), 1);
        cr_expect_eq(state_file_save(&file, STATE_SAVE_NOW), STATE_SAVED);
        cr_expect_eq(remembered(), i + 1);
    }
}

static bool says_still(const char *text, size_t size)
{
    char *found = malloc(size + 1);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t count = read(fd, found, size + 1);
    bool is_same = count == (ssize_t)size && memcmp(found, text, size) == 0;

    close(fd);
    free(found);
    return is_same;
}

/* The path was mistyped: it leads to a file that somebody needs. */
Test(state_file, that_is_something_else_is_left_alone_until_it_is_gone)
{
    char *huge = malloc(STATE_TEXT_MAX + 1);
    const struct span texts[] = {
        SPAN("pools:\n"), SPAN("slotway"), SPAN("\0\0"), {huge, STATE_TEXT_MAX + 1}};

    memset(huge, 'x', STATE_TEXT_MAX + 1);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        put(texts[i].at, texts[i].size);
        cr_expect_null(state_file_load(&file));
        note(2, 1);
        cr_expect_eq(state_file_save(&file, STATE_SAVE_NOW), STATE_NOT_SAVED);
        cr_expect(says_still(texts[i].at, texts[i].size), "text %zu is gone", i);
    }
    cr_assert_eq(unlink(path), 0);
    cr_expect_eq(state_file_save(&file, STATE_SAVE_NOW), STATE_SAVED);
    cr_expect_eq(remembered(), 2);
    free(huge);
}

Test(state_file, that_is_no_file_is_ignored_and_holds_nobody_up)
{
    cr_assert_eq(mkfifo(path, 0600), 0);
    cr_expect_null(state_file_load(&file));
    note(3, 5);
    cr_expect_eq(state_file_save(&file, STATE_SAVE_NOW), STATE_NOT_SAVED);
    cr_assert_eq(unlink(path), 0, "it was replaced");
    cr_assert_eq(mkdir(path, 0700), 0);
    cr_expect_null(state_file_load(&file));
}

Test(state_file, need_not_be)
{
    state_file_clear(&file);
    state_file_init(&file, NULL, "main", NULL);
    cr_expect_null(state_file_load(&file));
    note(3, 5);
    cr_expect_eq(state_file_save(&file, STATE_SAVE_NOW), STATE_NOT_DUE);
}

static bool is_link(const char *name)
{
    struct stat facts;

    return lstat(name, &facts) == 0 && S_ISLNK(facts.st_mode);
}

/* The name is on one disk, what it stands for on another. */
Test(state_file, behind_a_link_is_replaced_and_the_link_stays)
{
    char absolute[160];
    char shelf[160];
    char far[192];

    snprintf(absolute, sizeof absolute, "%s/link", folder);
    snprintf(shelf, sizeof shelf, "%s/shelf", folder);
    snprintf(far, sizeof far, "%s/far", shelf);
    cr_assert_eq(mkdir(shelf, 0700), 0);
    cr_assert_eq(symlink(absolute, path), 0);
    cr_assert_eq(symlink("shelf/far", absolute), 0);
    for (uint16_t count = 1; count <= 3; count++) { /* first nothing is there, then a file */
        note(count, count);
        cr_expect_eq(state_file_save(&file, STATE_SAVE_NOW), STATE_SAVED);
        cr_expect(is_link(path) && is_link(absolute) && !is_link(far));
        cr_expect_eq(remembered(), count);
    }
    unlink(far);
    cr_expect_eq(rmdir(shelf), 0, "something was left there");
    unlink(absolute);
}

Test(state_file, behind_a_link_in_circles_is_no_harm)
{
    cr_assert_eq(symlink(path, path), 0);
    cr_expect_null(state_file_load(&file));
    note(3, 5);
    cr_expect_eq(state_file_save(&file, STATE_SAVE_NOW), STATE_NOT_SAVED);
    cr_expect(is_link(path));
}
