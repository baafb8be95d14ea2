#include "config/config_text.h"

#include <errno.h>
#include <stdio.h>

bool config_text_read(const char *path, char *buffer, size_t *size)
{
    FILE *file = fopen(path, "re");

    if (file == NULL) {
        return false;
    }
    *size = fread(buffer, 1, CONFIG_TEXT_BYTES - 1, file);
    buffer[*size] = '\0';
    bool failed = ferror(file) != 0;
    int reason = errno;
    fclose(file);
    errno = reason;
    return !failed;
}
