/* draft_users.h - users in a draft: each is remembered with the place where it was said. One
 * thread, while loading.
 */
#ifndef CONFIG_DRAFT_USERS_H
#define CONFIG_DRAFT_USERS_H

#include "config/draft.h"

/* Adds one user to the field, or an error that holds no secret. */
void draft_users_add(struct draft_field field, const char *place, struct span text);

/* The same for each line of `text` that is not empty. */
void draft_users_add_lines(struct draft_field field, const char *place, const char *text);

#endif
