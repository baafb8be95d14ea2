/* failures.h - has an assertion of the running test failed? Criterion knows, and does not tell. */
#ifndef TESTS_SUPPORT_FAILURES_H
#define TESTS_SUPPORT_FAILURES_H

#include "common/base.h"

/* Main thread of a test. */
bool test_has_failed(void);

#endif
