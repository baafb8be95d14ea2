/* Which errors are refusals of the request, and which are answers for the client. */
#include <criterion/criterion.h>

#include "common/base.h"
#include "proxy/routing/follow.h"

static const struct {
    const char *what;
    enum command_id command;
    enum request_target target;
    const char *reply;
    bool concerns;
} rows[] = {
    {"a slot's request follows MOVED", COMMAND_ID_SET, TARGET_SLOT, "-MOVED 5 127.0.0.1:1\r\n",
     true},
    {"and waits for LOADING", COMMAND_ID_SET, TARGET_SLOT, "-LOADING Redis is loading\r\n", true},
    {"another error is an answer", COMMAND_ID_SET, TARGET_SLOT, "-OOM command not allowed\r\n",
     false},
    {"any primary's request follows MOVED", COMMAND_ID_SET, TARGET_PRIMARY,
     "-MOVED 7 127.0.0.1:1\r\n", true},
    {"one node's request cannot go to another", COMMAND_ID_DBSIZE, TARGET_NODE,
     "-MOVED 5 127.0.0.1:1\r\n", false},
    {"nor does READONLY pass for it", COMMAND_ID_FLUSHALL, TARGET_NODE, "-READONLY You can't\r\n",
     false},
    {"but LOADING does", COMMAND_ID_DBSIZE, TARGET_NODE, "-LOADING Redis is loading\r\n", true},
    {"a script's request follows its slot", COMMAND_ID_EVAL, TARGET_SLOT,
     "-MOVED 5 127.0.0.1:1\r\n", true},
    {"a slot that is not the script's was made up", COMMAND_ID_EVAL, TARGET_SLOT,
     "-MOVED 6 127.0.0.1:1\r\n", false},
    {"an error inside of a script is its answer", COMMAND_ID_EVALSHA, TARGET_SLOT,
     "-READONLY You can't write script: 0123, on @user_script:1.\r\n", false},
    {"and so is one that it returned", COMMAND_ID_EVAL, TARGET_SLOT, "-TRYAGAIN later\r\n", false},
    {"a script that did not run waits", COMMAND_ID_FCALL, TARGET_SLOT,
     "-CLUSTERDOWN The cluster is down\r\n", true},
};

Test(follow, knows_a_refusal_from_an_answer)
{
    const struct address asked = {.kind = ADDRESS_TCP, .host = "127.0.0.1", .port = 7000};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct request request = {
            .command = command_by_id(rows[i].command),
            .target = (uint8_t)rows[i].target,
            .slot = rows[i].target == TARGET_SLOT ? 5 : SLOT_NONE,
        };
        struct span reply = span_of(rows[i].reply);
        struct redirect redirect = redirect_of(reply, &asked);

        cr_expect_eq(follow_concerns(&request, &redirect, reply), rows[i].concerns, "%s",
                     rows[i].what);
    }
}
