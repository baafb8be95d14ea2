#include "proxy/acl/acl_problem.h"

static const char *const texts[] = {
#define ROW(symbol, text) text,
    ACL_PROBLEMS(ROW)
#undef ROW
};

const char *acl_problem_text(enum acl_problem problem)
{
    return texts[problem];
}
