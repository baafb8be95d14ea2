#include "proxy/acl/acl_patterns.h"

#include <ctype.h>
#include <stdlib.h>

#include "common/memory.h"

bool acl_has_blanks(struct span text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (isspace((unsigned char)text.at[i]) || text.at[i] == '\0') {
            return true;
        }
    }
    return false;
}

static struct span glob_of(const struct acl_pattern *pattern)
{
    return (struct span){pattern->glob, pattern->size};
}

enum acl_problem acl_patterns_add(struct acl_patterns *patterns, struct span glob, unsigned access)
{
    if (acl_has_blanks(glob)) {
        return ACL_PROBLEM_SYNTAX;
    }
    for (size_t i = 0; i < patterns->count; i++) {
        if (span_equal(glob_of(&patterns->items[i]), glob)) {
            patterns->items[i].access |= access;
            return ACL_PROBLEM_NONE;
        }
    }
    patterns->items = memory_resize(patterns->items, patterns->count + 1, sizeof *patterns->items);
    patterns->items[patterns->count++] =
        (struct acl_pattern){memory_copy(glob.at, glob.size), glob.size, access};
    return ACL_PROBLEM_NONE;
}

void acl_patterns_clear(struct acl_patterns *patterns)
{
    for (size_t i = 0; i < patterns->count; i++) {
        free(patterns->items[i].glob);
    }
    free(patterns->items);
    *patterns = (struct acl_patterns){0};
}

bool acl_patterns_match(const struct acl_patterns *patterns, struct span text, unsigned access)
{
    for (size_t i = 0; i < patterns->count; i++) {
        const struct acl_pattern *pattern = &patterns->items[i];

        if ((pattern->access & access) == access && span_glob(glob_of(pattern), text)) {
            return true;
        }
    }
    return false;
}

bool acl_patterns_have(const struct acl_patterns *patterns, struct span glob, unsigned access)
{
    for (size_t i = 0; i < patterns->count; i++) {
        const struct acl_pattern *pattern = &patterns->items[i];

        if ((pattern->access & access) == access && span_equal(glob_of(pattern), glob)) {
            return true;
        }
    }
    return false;
}
