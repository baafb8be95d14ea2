/* Passwords that a client has said, and that slotway has no more use for: its memory is looked
 * through for them.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base.h"
#include "tests/support/expect.h"
#include "tests/support/rig.h"

TestSuite(secrets, .timeout = 60, .fini = rig_clean_up);

#define RIGHT "#27042f4e6eca7d0b2a7ee4026df2ecfa51d3339e6d122aa099118ecd8563bad9" /* right */

enum { PART = 1024 * 1024 };

#define MAPPING_MAX ((unsigned long)256 * 1024 * 1024) /* larger ones are a sanitizer's */

static size_t count_in(const char *bytes, size_t size, const char *text)
{
    const char *end = bytes + size;
    const char *found = bytes;
    size_t count = 0;

    while ((found = memmem(found, (size_t)(end - found), text, strlen(text))) != NULL) {
        count++;
        found++;
    }
    return count;
}

/* What cannot be read, as nobody has written to it, has none. */
static size_t count_between(int memory, unsigned long from, unsigned long to, const char *text)
{
    static char part[PART];
    size_t overlap = strlen(text) - 1;
    size_t count = 0;

    while (from + overlap < to) {
        size_t wanted = to - from < PART ? to - from : PART;
        ssize_t size = pread(memory, part, wanted, (off_t)from);

        if (size > 0) {
            count += count_in(part, (size_t)size, text);
        }
        from += wanted > overlap ? wanted - overlap : wanted;
    }
    return count;
}

/* How often `text` stands in what the process may write to. */
static size_t count_in_memory(pid_t process, const char *text)
{
    char path[64];
    char line[512];
    size_t count = 0;

    snprintf(path, sizeof path, "/proc/%d/maps", (int)process);
    FILE *maps = fopen(path, "re");
    snprintf(path, sizeof path, "/proc/%d/mem", (int)process);
    int memory = open(path, O_RDONLY | O_CLOEXEC);
    cr_assert_not_null(maps);
    cr_assert_geq(memory, 0);
    while (fgets(line, sizeof line, maps) != NULL) {
        unsigned long from;
        unsigned long to;
        char rights[8];

        if (sscanf(line, "%lx-%lx %7s", &from, &to, rights) == 3 && strncmp(rights, "rw", 2) == 0 &&
            to - from <= MAPPING_MAX) {
            count += count_between(memory, from, to, text);
        }
    }
    fclose(maps);
    close(memory);
    return count;
}

/* Whatever became of them: these are all wrong. */
static void expect_guesses_are_forgotten(struct rig *rig)
{
    pid_t process = rig_process(rig)->pid;
    /* Long, so that its end is not overwritten by what comes next to the same memory. */
    const char *guess = rig_print(rig, "%0400d-a-wrong-password", 0);

    /* So it would be found. */
    cr_expect_str_eq(ask(rig, "AUTH", "alice", "right"), "OK");
    cr_expect_str_eq(ask(rig, "CLIENT", "SETNAME", "a-name-to-keep"), "OK");
    cr_expect_gt(count_in_memory(process, "a-name-to-keep"), 0);
    EXPECT_CONTAINS(ask(rig, "AUTH", "alice", guess), "-WRONGPASS");
    EXPECT_CONTAINS(ask(rig, "HELLO", "3", "AUTH", "alice", guess), "-WRONGPASS");
    EXPECT_CONTAINS(ask(rig, "AUTH", guess), "-WRONGPASS");
    cr_expect_eq(count_in_memory(process, "a-wrong-password"), 0);
}

Test(secrets, are_forgotten_when_slotway_has_judged_them)
{
    struct rig *rig = rig_start_with((struct rig_options){
        .nodes = 1,
        .with_store = true,
        .clients = "users: {default: 'on " RIGHT " ~* +@all', alice: 'on " RIGHT " ~* +@all'}"});

    expect_guesses_are_forgotten(rig);
    rig_stop(&rig);
}

Test(secrets, are_forgotten_when_a_node_has_judged_them)
{
    struct rig *rig = rig_start_with((struct rig_options){.nodes = 1,
                                                          .with_store = true,
                                                          .node_password = "right",
                                                          .clients = "auth: nodes",
                                                          .backend = "password: right"});

    expect_guesses_are_forgotten(rig);
    rig_stop(&rig);
}
