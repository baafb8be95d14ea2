#include "config/config.h"

#include <stdlib.h>

#include "config/config_environment.h"
#include "config/config_file.h"
#include "config/option_field.h"

struct config *config_load(const char *path, const struct config_overrides *overrides,
                           struct config_errors *errors)
{
    struct draft draft;

    *errors = (struct config_errors){0};
    draft_init(&draft, errors);
    if (path != NULL) {
        config_file_load(&draft, path);
    }
    if (draft.config->pool_count == 0 && !draft.pools_are_unknown) {
        draft_add_pool(&draft, path != NULL ? path : "--seed");
    }
    config_environment_load(&draft);
    config_overrides_load(&draft, overrides);
    return draft_finish(&draft);
}

void config_free(struct config **config)
{
    struct config *taken = *config;

    *config = NULL;
    if (taken == NULL) {
        return;
    }
    for (size_t i = 0; i < taken->pool_count; i++) {
        option_clear_all(OPTION_POOL, &taken->pools[i]);
    }
    free(taken->pools);
    free(taken->gone);
    option_clear_all(OPTION_GLOBAL, taken);
    free(taken);
}

size_t config_first_pool(const struct config *config)
{
    for (size_t i = 0; i < config->pool_count; i++) {
        if (!config_has_gone(config, i)) {
            return i;
        }
    }
    return 0;
}

bool config_has_one_pool(const struct config *config)
{
    size_t count = 0;

    for (size_t i = 0; i < config->pool_count; i++) {
        count += !config_has_gone(config, i);
    }
    return count == 1;
}
