/* Bytes that claim to be a configuration file. What is accepted must print as a file that is
 * accepted as well, and prints the same again: what an operator reads in --print-config is what he
 * may run.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/check.h"
#include "common/memory.h"
#include "config/config.h"
#include "tests/fuzz/fuzz.h"

/* A file without a name: inputs never touch a disk. */
static void load_text(const void *bytes, size_t size, struct config **config,
                      struct config_errors *errors)
{
    char path[sizeof "/proc/self/fd/" + 20];
    int fd = memfd_create("fuzz.yaml", MFD_CLOEXEC);

    CHECK(fd >= 0 && write(fd, bytes, size) == (ssize_t)size);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    *config = config_load(path, NULL, errors);
    close(fd);
}

/* Printing hides secrets, and what it shows in their place is refused as one. */
static void make_secrets_up(char *text)
{
    for (char *at = strstr(text, "***"); at != NULL; at = strstr(at, "***")) {
        memcpy(at, "abc", 3);
    }
}

static char *printed(const struct config *config)
{
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);

    CHECK(to != NULL);
    config_print(config, to);
    fclose(to);
    make_secrets_up(text);
    return text;
}

/* A password file may have changed between two reads, so such files are not compared. */
static void check_again(const struct config *config)
{
    char *first = printed(config);
    struct config *again = NULL;
    struct config_errors errors;

    load_text(first, strlen(first), &again, &errors);
    if (strstr(first, "password_file: \"") == NULL) {
        CHECK(again != NULL && errors.count == 0);
        char *second = printed(again);
        CHECK(strcmp(first, second) == 0);
        free(second);
    }
    config_errors_clear(&errors);
    config_free(&again);
    free(first);
}

static void check_lines(const struct config_errors *errors)
{
    CHECK(errors->count > 0);
    for (size_t i = 0; i < errors->count; i++) {
        CHECK(strchr(errors->lines[i], '\n') == NULL && strstr(errors->lines[i], ": ") != NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct config *config = NULL;
    struct config_errors errors;

    load_text(bytes, size, &config, &errors);
    if (config != NULL) {
        CHECK(errors.count == 0 && config->pool_count > 0);
        check_again(config);
    } else {
        check_lines(&errors);
    }
    config_errors_clear(&errors);
    config_free(&config);
    return 0;
}
