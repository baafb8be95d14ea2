/* moved_file.h - a file that is being written, in a folder of its own, and the name that it is
 * moved to meanwhile. For tests of both kinds. */
#ifndef TESTS_SUPPORT_MOVED_FILE_H
#define TESTS_SUPPORT_MOVED_FILE_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct moved_file {
    char folder[32];
    char path[64]; /* neither is there at first */
    char moved[64];
};

static inline void moved_file_init(struct moved_file *file)
{
    snprintf(file->folder, sizeof file->folder, "/tmp/slotway-file-XXXXXX");
    cr_assert_not_null(mkdtemp(file->folder));
    snprintf(file->path, sizeof file->path, "%s/file", file->folder);
    snprintf(file->moved, sizeof file->moved, "%s/moved", file->folder);
}

static inline void moved_file_clear(struct moved_file *file)
{
    unlink(file->path);
    unlink(file->moved);
    rmdir(file->folder);
}

/* What is there under that name by now, "" when nothing is; good until the next call. */
static inline const char *moved_file_read(const char *name)
{
    static char bytes[1 << 16];
    FILE *file = fopen(name, "r");
    size_t size = file == NULL ? 0 : fread(bytes, 1, sizeof bytes - 1, file);

    bytes[size] = '\0';
    if (file != NULL) {
        fclose(file);
    }
    return bytes;
}

#endif
