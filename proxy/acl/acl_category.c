#include "proxy/acl/acl_category.h"

static const char *const names[] = {
#define ROW(name) name,
    ACL_CATEGORIES(ROW) ACL_CATEGORIES_OF_OTHERS(ROW)
#undef ROW
};

const char *acl_category_name(size_t index)
{
    CHECK(index < ACL_CATEGORY_COUNT);
    return names[index];
}

uint64_t acl_category_find(struct span name)
{
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (span_equal_nocase(name, span_of(names[i]))) {
            return UINT64_C(1) << i;
        }
    }
    return 0;
}

uint64_t acl_category_of(const struct command *command)
{
    const char *at = command->groups;
    uint64_t bits = 0;

    while (*at == '@') {
        size_t size = strcspn(++at, ",");

        bits |= acl_category_find((struct span){at, size});
        at += size + (at[size] == ',' ? 1 : 0);
    }
    return bits;
}
