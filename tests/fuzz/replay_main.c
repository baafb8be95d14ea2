/* replay_main.c - runs a fuzz target over every file of the folders it is given. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/memory.h"
#include "tests/fuzz/fuzz.h"

/* The input is in memory of exactly its size, so that a look behind its end is found out. */
static bool file_replay(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        return false;
    }

    char *text = NULL;
    size_t size = 0;
    FILE *copy = open_memstream(&text, &size);
    for (int byte = getc(file); byte != EOF; byte = getc(file)) {
        putc(byte, copy);
    }
    fclose(copy);
    fclose(file);

    char *bytes = memory_raw(size > 0 ? size : 1);
    for (size_t i = 0; i < size; i++) {
        bytes[i] = text[i];
    }
    LLVMFuzzerTestOneInput((const uint8_t *)bytes, size);
    free(bytes);
    free(text);
    return true;
}

/* The number of files replayed, or -1. */
static int folder_replay(const char *folder)
{
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, NULL, alphasort);
    int replayed = 0;
    if (count < 0) {
        perror(folder);
        return -1;
    }

    for (int i = 0; i < count; i++) {
        char *path = memory_print("%s/%s", folder, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.' && replayed >= 0) {
            replayed = file_replay(path) ? replayed + 1 : -1;
        }
        free(path);
        free(entries[i]);
    }
    free(entries);
    return replayed;
}

int main(int argc, char **argv)
{
    int total = 0;
    for (int i = 1; i < argc; i++) {
        int replayed = folder_replay(argv[i]);
        if (replayed < 0) {
            return 1;
        }
        total += replayed;
    }
    printf("%d inputs replayed\n", total);
    return total > 0 ? 0 : 1;
}
