/* draft_check.h - what must hold between the values of a finished draft. */
#ifndef CONFIG_DRAFT_CHECK_H
#define CONFIG_DRAFT_CHECK_H

#include "config/draft.h"

/* Reads the password files into the passwords, then adds an error for everything that does not hold
 * together: seeds, numbers of addresses, names and addresses that two pools claim. */
void draft_check(struct draft *draft);

#endif
