#include "proxy/cluster/commands_reply.h"

#include <ctype.h>
#include <hiredis/hiredis.h>

#include "common/check.h"
#include "proxy/cluster/key_specs_reply.h"
#include "proxy/command/command_class.h"

/* The places in an element of the reply. */
enum field { NAME, ARITY, FLAGS, FIRST, LAST, STEP, GROUPS, TIPS, KEYS, SUBCOMMANDS };

/* Facts in the making, with room for their texts. */
struct draft {
    struct command facts;
    char name[COMMAND_NAME_MAX + 1];
    char groups[COMMAND_GROUPS_MAX + 1];
    struct key_words words;
};

struct hearing {
    command_told *told;
    void *context;
    struct commands_heard heard;
};

static struct span text_of(const redisReply *reply)
{
    bool is_text = reply->type == REDIS_REPLY_STRING || reply->type == REDIS_REPLY_STATUS;

    return is_text ? (struct span){reply->str, reply->len} : SPAN("");
}

static const redisReply *field_of(const redisReply *element, enum field field)
{
    return (size_t)field < element->elements ? element->element[field] : NULL;
}

static bool array_field(const redisReply *element, enum field field, const redisReply **array)
{
    *array = field_of(element, field);
    return *array != NULL && (*array)->type == REDIS_REPLY_ARRAY;
}

static bool number_field(const redisReply *element, enum field field, long long limit, int16_t *to)
{
    const redisReply *number = field_of(element, field);

    if (number == NULL || number->type != REDIS_REPLY_INTEGER || number->integer < -limit ||
        number->integer > limit) {
        return false;
    }
    *to = (int16_t)number->integer;
    return true;
}

/* The name of a command, and behind a bar that of a subcommand, in lower case. */
static bool put_word(struct draft *draft, size_t at, struct span word)
{
    if (word.size == 0 || word.size > COMMAND_WORD_MAX) {
        return false;
    }
    for (size_t i = 0; i < word.size; i++) {
        unsigned char byte = (unsigned char)word.at[i];
        if (!isgraph(byte) || byte == '|') {
            return false;
        }
        draft->name[at + i] = (char)tolower(byte);
    }
    draft->name[at + word.size] = '\0';
    return true;
}

/* "foo", and of the subcommand "foo|bar" of `container`, "foo bar". */
static bool read_name(const redisReply *element, const struct command *container,
                      struct draft *draft)
{
    const redisReply *name = field_of(element, NAME);
    struct span word = name == NULL ? SPAN("") : text_of(name);

    draft->facts.name = draft->name;
    if (container == NULL) {
        return put_word(draft, 0, word);
    }
    size_t size = strlen(container->name);
    bool is_below = word.size > size && word.at[size] == '|' &&
                    span_equal_nocase((struct span){word.at, size}, span_of(container->name));
    if (!is_below) {
        return false;
    }
    memcpy(draft->name, container->name, size);
    draft->name[size] = ' ';
    return put_word(draft, size + 1, (struct span){word.at + size + 1, word.size - size - 1});
}

static bool read_arity(const redisReply *element, struct draft *draft)
{
    return number_field(element, ARITY, COMMAND_ARITY_MAX, &draft->facts.arity) &&
           draft->facts.arity != 0;
}

static uint32_t flag_of(struct span word)
{
    static const struct {
        uint32_t bit;
        const char *text;
    } words[] = {
#define ROW(symbol, text) {COMMAND_##symbol, text},
        COMMAND_FLAGS(ROW)
#undef ROW
    };

    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (span_equal_nocase(word, span_of(words[i].text))) {
            return words[i].bit;
        }
    }
    return 0;
}

static bool read_flags(const redisReply *element, struct draft *draft)
{
    const redisReply *flags;

    if (!array_field(element, FLAGS, &flags)) {
        return false;
    }
    for (size_t i = 0; i < flags->elements; i++) {
        draft->facts.flags |= flag_of(text_of(flags->element[i]));
    }
    return true;
}

static bool is_category(struct span word)
{
    for (size_t i = 1; i < word.size; i++) {
        if (!isgraph((unsigned char)word.at[i]) || word.at[i] == ',') {
            return false;
        }
    }
    return word.size > 1 && word.at[0] == '@';
}

/* As many as there is room for. */
static void read_groups(const redisReply *element, struct draft *draft)
{
    const redisReply *groups;
    size_t used = 0;

    draft->facts.groups = draft->groups;
    if (!array_field(element, GROUPS, &groups)) {
        return;
    }
    for (size_t i = 0; i < groups->elements; i++) {
        struct span word = text_of(groups->element[i]);
        if (!is_category(word) || used + 1 + word.size > COMMAND_GROUPS_MAX) {
            continue;
        }
        if (used > 0) {
            draft->groups[used++] = ',';
        }
        memcpy(draft->groups + used, word.at, word.size);
        used += word.size;
    }
    draft->groups[used] = '\0';
}

/* A policy that we do not know is one that we cannot carry out. */
static enum request_policy request_policy_of(struct span word)
{
    static const char *const names[] = {
#define ROW(symbol, text) [TO_##symbol] = text,
        REQUEST_POLICIES(ROW)
#undef ROW
    };

    for (enum request_policy policy = TO_DEFAULT + 1; policy < ARRAY_LEN(names); policy++) {
        if (span_equal(word, span_of(names[policy]))) {
            return policy;
        }
    }
    return TO_SPECIAL;
}

static enum reply_policy reply_policy_of(struct span word)
{
    static const char *const names[] = {
#define ROW(symbol, text) [REPLY_##symbol] = text,
        REPLY_POLICIES(ROW)
#undef ROW
    };

    for (enum reply_policy policy = REPLY_DEFAULT + 1; policy < ARRAY_LEN(names); policy++) {
        if (span_equal(word, span_of(names[policy]))) {
            return policy;
        }
    }
    return REPLY_SPECIAL;
}

static bool cut_front(struct span *word, struct span front)
{
    if (!span_starts_with(*word, front)) {
        return false;
    }
    *word = (struct span){word->at + front.size, word->size - front.size};
    return true;
}

static void read_tip(struct span tip, struct command *facts)
{
    if (cut_front(&tip, SPAN("request_policy:"))) {
        facts->request = request_policy_of(tip);
    } else if (cut_front(&tip, SPAN("response_policy:"))) {
        facts->reply = reply_policy_of(tip);
    }
#define ROW(symbol, bit, text)                                                                     \
    facts->flags |= span_equal(tip, SPAN(text)) ? (uint32_t)COMMAND_##symbol : 0;
    COMMAND_TIPS(ROW)
#undef ROW
}

static void read_tips(const redisReply *element, struct draft *draft)
{
    const redisReply *tips;

    if (array_field(element, TIPS, &tips)) {
        for (size_t i = 0; i < tips->elements; i++) {
            read_tip(text_of(tips->element[i]), &draft->facts);
        }
    }
}

/* The keys as servers without key specs tell them: also what a spec may leave open. */
static void read_triple(const redisReply *element, struct command *facts)
{
    int16_t first, last, step;

    if (!number_field(element, FIRST, COMMAND_ARITY_MAX, &first) ||
        !number_field(element, LAST, COMMAND_ARITY_MAX, &last) ||
        !number_field(element, STEP, COMMAND_ARITY_MAX, &step) || first < 1 || step < 1 ||
        (last >= 0 && last < first)) {
        return;
    }
    facts->key_spec_count = 1;
    facts->keys[0] = (struct key_spec){
        .begin = KEY_BEGIN_INDEX,
        .index = first,
        .find = KEY_FIND_RANGE,
        .last = (int16_t)(last < 0 ? last : last - first),
        .step = step,
        .flags = (facts->flags & COMMAND_READONLY) != 0 ? KEY_RO : KEY_RW,
    };
}

static enum keys_told read_keys(const redisReply *element, struct draft *draft)
{
    struct command *facts = &draft->facts;
    const redisReply *specs;
    enum keys_told told = array_field(element, KEYS, &specs)
                              ? key_specs_from_reply(specs, facts, &draft->words)
                              : KEYS_TOLD;

    if (facts->key_spec_count == 0) {
        read_triple(element, facts);
    }
    if ((told == KEYS_NOT_TOLD || command_is_search(facts)) && facts->key_spec_count > 0) {
        facts->keys[0].flags |= KEY_INCOMPLETE;
    }
    return (facts->flags & COMMAND_MOVABLEKEYS) != 0 ? KEYS_NOT_TOLD : told;
}

static bool has_subcommands(const redisReply *element, const redisReply **below)
{
    return array_field(element, SUBCOMMANDS, below) && (*below)->elements > 0;
}

/* False, and nothing told, when it makes no sense. */
static bool hear(struct hearing *hearing, const redisReply *element,
                 const struct command *container, struct draft *draft)
{
    const redisReply *below;

    *draft = (struct draft){.facts.since = ""};
    if (element->type != REDIS_REPLY_ARRAY || !read_name(element, container, draft) ||
        !read_arity(element, draft) || !read_flags(element, draft)) {
        hearing->heard.senseless++;
        return false;
    }
    read_groups(element, draft);
    read_tips(element, draft);
    enum keys_told keys_told = read_keys(element, draft);
    if (container == NULL && has_subcommands(element, &below)) {
        draft->facts.class = COMMAND_CLASS_CONTAINER;
    }
    command_classify(&draft->facts, keys_told);
    hearing->heard.told++;
    hearing->told(hearing->context, &draft->facts);
    return true;
}

static void hear_with_subcommands(struct hearing *hearing, const redisReply *element)
{
    struct draft draft, below;
    const redisReply *subcommands;

    if (!hear(hearing, element, NULL, &draft) || !has_subcommands(element, &subcommands)) {
        return;
    }
    for (size_t i = 0; i < subcommands->elements; i++) {
        (void)hear(hearing, subcommands->element[i], &draft.facts, &below);
    }
}

struct commands_heard commands_from_reply(const redisReply *reply, command_told *told,
                                          void *context)
{
    struct hearing hearing = {told, context, {0}};

    if (reply->type == REDIS_REPLY_ARRAY) {
        for (size_t i = 0; i < reply->elements; i++) {
            hear_with_subcommands(&hearing, reply->element[i]);
        }
    }
    return hearing.heard;
}
