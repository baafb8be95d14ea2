#include "common/check.h"

#include <stdio.h>
#include <stdlib.h>

void check_failed(const char *file, int line, const char *function, const char *condition)
{
    fprintf(stderr, "slotway: internal check failed: %s in %s at %s:%d\n", condition, function,
            file, line);
    abort();
}
