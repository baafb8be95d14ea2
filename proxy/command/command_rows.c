#include "proxy/command/command_rows.h"

#include <pthread.h>

#include "common/check.h"
#include "common/memory.h"

enum { CHAINS = 1024 };

struct kept_row {
    struct command command;
    struct kept_row *next;
};

static struct {
    pthread_mutex_t mutex;
    struct {
        struct kept_row *chains[CHAINS]; /* by name */
        size_t count;
    } locked;
} kept = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static bool text_equal(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool spec_equal(const struct key_spec *a, const struct key_spec *b)
{
    return a->begin == b->begin && text_equal(a->keyword, b->keyword) && a->index == b->index &&
           a->find == b->find && a->last == b->last && a->step == b->step && a->limit == b->limit &&
           a->flags == b->flags;
}

static bool facts_equal(const struct command *a, const struct command *b)
{
    if (strcmp(a->name, b->name) != 0 || strcmp(a->groups, b->groups) != 0 ||
        a->arity != b->arity || a->class != b->class || a->flags != b->flags ||
        a->request != b->request || a->reply != b->reply || a->only_key != b->only_key ||
        a->key_spec_count != b->key_spec_count) {
        return false;
    }
    for (size_t i = 0; i < a->key_spec_count; i++) {
        if (!spec_equal(&a->keys[i], &b->keys[i])) {
            return false;
        }
    }
    return true;
}

static struct kept_row **chain_of(const char *name)
{
    uint32_t hash = 2166136261u;

    for (; *name != '\0'; name++) {
        hash = (hash ^ (unsigned char)*name) * 16777619u;
    }
    return &kept.locked.chains[hash % CHAINS];
}

static char *text_copy(const char *text, size_t limit)
{
    size_t size = strlen(text);

    CHECK(size <= limit);
    return memory_copy(text, size);
}

static struct kept_row *row_copy(const struct command *facts)
{
    struct kept_row *row = memory_new(1, sizeof *row);
    struct command *command = &row->command;

    CHECK(facts->key_spec_count <= COMMAND_KEY_SPECS);
    *command = *facts;
    command->id = COMMAND_ID_LEARNED;
    command->has_subcommands = false;
    command->has_pairs = false; /* what its other arguments are is its node's business */
    command->since = "";
    command->name = text_copy(facts->name, COMMAND_NAME_MAX);
    command->groups = text_copy(facts->groups, COMMAND_GROUPS_MAX);
    for (size_t i = 0; i < command->key_spec_count; i++) {
        if (facts->keys[i].keyword != NULL) {
            command->keys[i].keyword = text_copy(facts->keys[i].keyword, COMMAND_KEYWORD_MAX);
        }
    }
    return row;
}

static const struct command *row_keep_locked(const struct command *facts)
{
    struct kept_row **chain = chain_of(facts->name);

    for (struct kept_row *row = *chain; row != NULL; row = row->next) {
        if (facts_equal(&row->command, facts)) {
            return &row->command;
        }
    }
    if (kept.locked.count == COMMAND_ROWS_MAX) {
        return NULL;
    }

    struct kept_row *row = row_copy(facts);

    row->next = *chain;
    *chain = row;
    kept.locked.count++;
    return &row->command;
}

const struct command *command_row_keep(const struct command *facts)
{
    pthread_mutex_lock(&kept.mutex);
    const struct command *row = row_keep_locked(facts);
    pthread_mutex_unlock(&kept.mutex);
    return row;
}
