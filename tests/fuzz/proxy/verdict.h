/* verdict.h - may this be the reply to that request? */
#ifndef TESTS_FUZZ_PROXY_VERDICT_H
#define TESTS_FUZZ_PROXY_VERDICT_H

#include "tests/fuzz/proxy/talkers.h"

/* `reply` is whole. Ends the process if it may not. */
void verdict(const struct asked *asked, struct span reply, struct ledger *ledger);

#endif
