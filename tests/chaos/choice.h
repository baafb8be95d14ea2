/* choice.h - what a client says next, by chance. */
#ifndef TESTS_CHAOS_CHOICE_H
#define TESTS_CHAOS_CHOICE_H

#include "tests/chaos/history.h"
#include "tests/support/dice.h"

/* Appends a step to the history, which is not sent yet. */
struct step *choice_add(struct dice *dice, struct history *history);

#endif
