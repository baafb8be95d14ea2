/* config.h - what the operator wants: defaults, load, validate, print.
 *
 * Types of options.def and the C type and unit of their fields:
 *
 *      SWITCH      bool              "true" or "false"
 *      WORKERS     uint32_t          1..256; "auto" is stored as the number of CPUs
 *      COUNT       uint64_t
 *      BYTES       uint64_t          "64mb", "16kb", "1gb", "512" (kb = 1024 bytes)
 *      MEMORY      uint64_t          like BYTES; "auto" is stored as half of what we may use
 *      MODE        uint32_t          permissions of a file in octal, "660"; "umask" is stored as 0
 *      DURATION    uint64_t          microseconds; "250us", "50ms", "5s", "1m", "1h"
 *      TEXT        char *            min and max bound the length
 *      SECRET      char *            like TEXT; printed as "***"
 *      FILENAME    char *            a file that must be readable; see *_password below
 *      ADDRESSES   struct addresses  one or a list; min and max bound the number
 *      ADDRESS_MAP struct address_map  "FROM=TO", one or a list; likewise
 *      COMMAND_RULES struct command_rules  a mapping of NAME: RULE, or "NAME=RULE", one or a list
 *      USERS       struct user_rules  a mapping of NAME: RULES, or "NAME RULES", one or a list; in
 * a variable one a line LOG_LEVEL, LOG_FORMAT         the enums of log.h
 *
 * "${NAME}" inside any scalar of the file is replaced by the environment variable; "$${" is a
 * literal "${". A config is immutable once loaded: any thread may read it. Threads that go over to
 * the next one see it through config_share.h.
 */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include <stdio.h>

#include "common/address_map.h"
#include "common/log.h"
#include "config/command_rules.h"
#include "config/user_rules.h"

struct addresses {
    struct address *items;
    size_t count;
};

#define CONFIG_TYPE_SWITCH        bool
#define CONFIG_TYPE_WORKERS       uint32_t
#define CONFIG_TYPE_COUNT         uint64_t
#define CONFIG_TYPE_BYTES         uint64_t
#define CONFIG_TYPE_MEMORY        uint64_t
#define CONFIG_TYPE_MODE          uint32_t
#define CONFIG_TYPE_DURATION      uint64_t
#define CONFIG_TYPE_TEXT          char *
#define CONFIG_TYPE_SECRET        char *
#define CONFIG_TYPE_FILENAME      char *
#define CONFIG_TYPE_ADDRESSES     struct addresses
#define CONFIG_TYPE_ADDRESS_MAP   struct address_map
#define CONFIG_TYPE_COMMAND_RULES struct command_rules
#define CONFIG_TYPE_USERS         struct user_rules
#define CONFIG_TYPE_LOG_LEVEL     enum log_level
#define CONFIG_TYPE_LOG_FORMAT    enum log_format

/* One entry of `pools:`. After loading, clients_password and backend_password hold the secret even
 * when it came from a file; NULL is "none". */
struct pool_config {
#define OPTION(scope, field, path, type, fallback, min, max, reload, help)                         \
    CONFIG_POOL_FIELD_##scope(type, field)
#define CONFIG_POOL_FIELD_GLOBAL(type, field)
#define CONFIG_POOL_FIELD_POOL(type, field) CONFIG_TYPE_##type field;
#include "config/options.def"
};

struct config {
#define OPTION(scope, field, path, type, fallback, min, max, reload, help)                         \
    CONFIG_GLOBAL_FIELD_##scope(type, field)
#define CONFIG_GLOBAL_FIELD_GLOBAL(type, field) CONFIG_TYPE_##type field;
#define CONFIG_GLOBAL_FIELD_POOL(type, field)
#include "config/options.def"
    struct pool_config *pools;
    size_t pool_count;
    bool *gone; /* as many: this one is not in the file any more, but was; NULL: no such pool */
};

/* How many pools a process can come to have while it runs; at its start it may have more. */
enum { CONFIG_POOLS_LIVE = 64 };

static inline bool config_has_gone(const struct config *config, size_t pool)
{
    return config->gone != NULL && config->gone[pool];
}

/* Which pool is meant where none is named: the first one that has not gone. */
size_t config_first_pool(const struct config *config) MUST_USE;

/* Is there but one that has not gone? */
bool config_has_one_pool(const struct config *config) MUST_USE;

/* What a command line says on top of, or instead of, a file; NULL and zero are "not said". */
struct config_overrides {
    const char **listen;
    size_t listen_count;
    const char **seeds;
    size_t seed_count;
    const char *password_file;
    const char *admin_listen;
    const char *workers;
    const char *log_level;
    bool seeds_are_elsewhere; /* on another command line: a pool without them is none's mistake */
};

/* Everything that is wrong, one line each: "FILE:LINE:COLUMN: what, with what, what was expected",
 * where "SLOTWAY_X" or "--option" may stand for the place. */
struct config_errors {
    char **lines;
    size_t count;
};

/* Reads `path` (NULL: no file), then environment variables SLOTWAY_*, then `overrides`; the later
 * one wins. Returns a config that the caller owns, or NULL with all errors in *errors. */
struct config *config_load(const char *path, const struct config_overrides *overrides,
                           struct config_errors *errors) MUST_USE;

void config_free(struct config **config);
void config_errors_clear(struct config_errors *errors);

/* The name of the next SLOTWAY_* variable behind *at, which starts at 0, that no option has; NULL
 * when there is none. The caller frees it. Those that Kubernetes sets for a service named slotway,
 * and those of the scripts beside the proxy, are not counted. One thread. */
char *config_unknown_variable(size_t *at) MUST_USE;

/* The effective configuration as YAML that config_load takes (secrets as "***"). */
void config_print(const struct config *config, FILE *to);

/* The table of options: --help-options as aligned text, as the Markdown of docs/options.md, or as
 * the page slotway.yaml(5). */
void config_print_options(FILE *to);
void config_print_options_markdown(FILE *to);
void config_print_options_manual(FILE *to);

#endif
