/* config_environment.h - SLOTWAY_* variables and the command line, into a draft. */
#ifndef CONFIG_CONFIG_ENVIRONMENT_H
#define CONFIG_CONFIG_ENVIRONMENT_H

#include "config/draft.h"

/* Every row has a variable, "SLOTWAY_" and its path; see options.def. An empty variable counts as
 * not set. */
void config_environment_load(struct draft *draft);

/* `overrides` may be NULL. */
void config_overrides_load(struct draft *draft, const struct config_overrides *overrides);

/* "SLOTWAY_LOG_LEVEL" for log.level; the caller frees it. */
char *config_variable_name(const struct option_row *row);

/* The short name that a row's variable has besides, or NULL. */
const char *config_variable_alias(const struct option_row *row);

#endif
