#include "proxy/command/command_class.h"

/* COMMAND key key …, or COMMAND numkeys key key … with options behind: what split_compose makes. */
static bool is_splittable(const struct command *facts)
{
    const struct key_spec *spec = &facts->keys[0];
    bool is_list = spec->find == KEY_FIND_RANGE && spec->last < 0 && spec->limit <= 1;
    bool is_counted = spec->find == KEY_FIND_COUNT && spec->last == 0 && spec->limit == 1;

    return facts->key_spec_count == 1 && spec->begin == KEY_BEGIN_INDEX && spec->index == 1 &&
           spec->step == 1 && (is_list || is_counted) && facts->reply != REPLY_SPECIAL &&
           facts->reply != REPLY_ONE_SUCCEEDED && strchr(facts->name, ' ') == NULL;
}

static enum command_class class_by_keys(const struct command *facts)
{
    if (facts->only_key != 0) {
        return COMMAND_CLASS_ONE_KEY;
    }
    return facts->request == TO_MULTI_SHARD && is_splittable(facts) ? COMMAND_CLASS_SPLIT
                                                                    : COMMAND_CLASS_SAME_SLOT;
}

static enum command_class class_without_keys(const struct command *facts)
{
    switch (facts->request) {
    case TO_DEFAULT: return COMMAND_CLASS_ANY_NODE;
    case TO_ALL_SHARDS:
    case TO_ALL_NODES:
        return facts->reply == REPLY_SPECIAL ? COMMAND_CLASS_UNCLEAR : COMMAND_CLASS_BROADCAST;
    case TO_MULTI_SHARD:
    case TO_SPECIAL: return COMMAND_CLASS_UNCLEAR;
    }
    return COMMAND_CLASS_UNCLEAR;
}

static enum command_class class_of(const struct command *facts, enum keys_told told)
{
    if ((facts->flags & COMMAND_ADMIN) != 0) {
        return COMMAND_CLASS_ADMIN;
    }
    /* These change what a connection does next, and only a row of their own says how. */
    if ((facts->flags & (COMMAND_PUBSUB | COMMAND_BLOCKING)) != 0) {
        return COMMAND_CLASS_UNCLEAR;
    }
    if (facts->key_spec_count > 0) {
        return class_by_keys(facts);
    }
    return told == KEYS_TOLD ? class_without_keys(facts) : COMMAND_CLASS_UNCLEAR;
}

void command_classify(struct command *facts, enum keys_told told)
{
    facts->only_key = command_only_key(facts);
    if ((facts->flags & COMMAND_WRITE) != 0) {
        facts->flags &= ~(uint32_t)COMMAND_READONLY;
    }
    if (facts->class != COMMAND_CLASS_CONTAINER) {
        facts->class = class_of(facts, told);
    }
}

bool command_is_search(const struct command *command)
{
    struct span name = span_of(command->name);

    return span_starts_with(name, SPAN("ft.")) || span_starts_with(name, SPAN("_ft."));
}
