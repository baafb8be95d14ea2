#include "tests/support/guard.h"

#include <signal.h>

static void kill_group(const void *context)
{
    const pid_t *group = context;

    kill(-*group, SIGKILL);
}

struct guard guard_set(pid_t group)
{
    return (struct guard){lifeline_new(kill_group, &group)};
}

void guard_end(struct guard *guard)
{
    lifeline_cut(&guard->lifeline);
}
