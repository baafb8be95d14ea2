/* fuzz.h - what every fuzz target has: the function that takes one input. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include "common/base.h"

/* Takes one input and returns 0; whatever is wrong with the code under it ends the process. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#endif
