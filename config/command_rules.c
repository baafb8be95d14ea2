#include "config/command_rules.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"

enum { NAME_WORD_MAX = 64 };

static struct span trim(struct span text)
{
    while (text.size > 0 && text.at[0] == ' ') {
        text = (struct span){text.at + 1, text.size - 1};
    }
    while (text.size > 0 && text.at[text.size - 1] == ' ') {
        text.size--;
    }
    return text;
}

/* Takes what is in front of the first `mark` off *text; all of it when there is none. */
static struct span take_until(struct span *text, char mark)
{
    const char *found = text->size == 0 ? NULL : memchr(text->at, mark, text->size);
    struct span head = {text->at, found == NULL ? text->size : (size_t)(found - text->at)};
    size_t used = found == NULL ? text->size : head.size + 1;

    *text = (struct span){text->at + used, text->size - used};
    return trim(head);
}

static bool is_word(struct span word)
{
    for (size_t i = 0; i < word.size; i++) {
        if (!isgraph((unsigned char)word.at[i]) || word.at[i] == '=') {
            return false;
        }
    }
    return word.size > 0 && word.size <= NAME_WORD_MAX;
}

/* "Config|Set" as "config set"; NULL when it is no name. */
static char *parse_name(struct span text)
{
    bool has_bar = text.size > 0 && memchr(text.at, '|', text.size) != NULL;
    struct span second = text;
    struct span first = take_until(&second, has_bar ? '|' : ' ');

    second = trim(second);
    bool is_pair = first.size < text.size;
    if (!is_word(first) || (is_pair && (!is_word(second) || memchr(second.at, '|', second.size)))) {
        return NULL;
    }
    char *name = memory_print("%.*s%s%.*s", (int)first.size, first.at, is_pair ? " " : "",
                              (int)second.size, second.at);
    for (char *at = name; *at != '\0'; at++) {
        *at = (char)tolower((unsigned char)*at);
    }
    return name;
}

static bool parse_number(struct span text, int16_t *number)
{
    int64_t value = 0;

    if (!span_to_int64(text, &value) || value < -COMMAND_RULE_KEY_MAX ||
        value > COMMAND_RULE_KEY_MAX) {
        return false;
    }
    *number = (int16_t)value;
    return true;
}

/* FIRST:LAST:STEP. A last key in front of the first one is a mistake. */
static bool parse_range(struct span text, struct command_rule *rule)
{
    struct span first = take_until(&text, ':');
    struct span last = take_until(&text, ':');

    return parse_number(first, &rule->first) && parse_number(last, &rule->last) &&
           parse_number(trim(text), &rule->step) && rule->first > 0 && rule->step > 0 &&
           (rule->last < 0 || rule->last >= rule->first);
}

static bool parse_keys(struct span text, struct command_rule *rule)
{
    static const struct {
        struct span word;
        int16_t first, last, step;
    } words[] = {{{"none", 4}, 0, 0, 0}, {{"first", 5}, 1, 1, 1}, {{"all", 3}, 1, -1, 1}};

    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (span_equal_nocase(text, words[i].word)) {
            rule->first = words[i].first;
            rule->last = words[i].last;
            rule->step = words[i].step;
            return true;
        }
    }
    return parse_range(text, rule);
}

static bool parse_what(struct span text, struct command_rule *rule)
{
    struct span keys = text;
    struct span access = take_until(&keys, ' ');

    keys = trim(keys);
    if (span_equal_nocase(access, SPAN("deny"))) {
        rule->kind = COMMAND_RULE_DENY;
        return keys.size == 0;
    }
    if (span_equal_nocase(access, SPAN("read"))) {
        rule->kind = COMMAND_RULE_READ;
    } else if (span_equal_nocase(access, SPAN("write"))) {
        rule->kind = COMMAND_RULE_WRITE;
    } else {
        return false;
    }
    return parse_keys(keys, rule);
}

static bool has_name(const struct command_rules *rules, const char *name)
{
    for (size_t i = 0; i < rules->count; i++) {
        if (strcmp(rules->items[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

bool command_rules_append(struct command_rules *rules, struct span text)
{
    struct command_rule rule = {0};
    struct span what = text;
    struct span name = take_until(&what, '=');

    if (!parse_what(trim(what), &rule)) {
        return false;
    }
    rule.name = parse_name(name);
    if (rule.name == NULL || has_name(rules, rule.name)) {
        free(rule.name);
        return false;
    }
    rule.text = memory_copy(text.at, text.size);
    rules->items = memory_resize(rules->items, rules->count + 1, sizeof *rules->items);
    rules->items[rules->count++] = rule;
    return true;
}

void command_rules_clear(struct command_rules *rules)
{
    for (size_t i = 0; i < rules->count; i++) {
        free(rules->items[i].text);
        free(rules->items[i].name);
    }
    free(rules->items);
    *rules = (struct command_rules){0};
}
