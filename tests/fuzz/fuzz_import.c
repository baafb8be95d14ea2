/* Bytes that claim to be the configuration of another proxy. What is printed for them is a file
 * that slotway reads; where it misses something, as seeds, that is an error and no crash.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/check.h"
#include "config/import/import.h"
#include "tests/fuzz/fuzz.h"

static int memory_file(const void *bytes, size_t size, char *path, size_t room)
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC);

    CHECK(fd >= 0 && write(fd, bytes, size) == (ssize_t)size);
    snprintf(path, room, "/proc/self/fd/%d", fd);
    return fd;
}

/* "file:3: unknown key, 'x'": what follows the place, before any word of the file's own. */
static bool complains_of(const char *line, const char *path, const char *what)
{
    const char *at = line + strlen(path);

    CHECK(strncmp(line, path, strlen(path)) == 0);
    at += strspn(at, ":0123456789");
    return *at == ' ' && strncmp(at + 1, what, strlen(what)) == 0;
}

/* Values have passed slotway's own parsers: all that may be missing are whole options. */
static void check_printed(const char *text, size_t size)
{
    char path[64];
    int fd = memory_file(text, size, path, sizeof path);
    struct config_errors errors;
    struct config *config = config_load(path, NULL, &errors);

    for (size_t i = 0; i < errors.count; i++) {
        CHECK(!complains_of(errors.lines[i], path, "not YAML"));
        CHECK(!complains_of(errors.lines[i], path, "unknown key"));
    }
    config_errors_clear(&errors);
    config_free(&config);
    close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char path[64];
    char *text = NULL;
    size_t printed = 0;
    size_t notes = 0;
    struct config_errors errors;

    /* Another file could be any of this machine. */
    if (memmem(bytes, size, "Include", 7) != NULL) {
        return 0;
    }
    int fd = memory_file(bytes, size, path, sizeof path);
    FILE *to = open_memstream(&text, &printed);
    CHECK(to != NULL);
    bool is_done = config_import(path, to, &notes, &errors);
    fclose(to);
    CHECK(is_done == (errors.count == 0) && (is_done || printed == 0));
    if (is_done) {
        check_printed(text, printed);
    }
    config_errors_clear(&errors);
    free(text);
    close(fd);
    return 0;
}
