#include "proxy/acl/acl_line.h"

#include "proxy/acl/acl_databases.h"

static bool is_blank(char byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

bool acl_line_next(struct span *rest, struct span *word)
{
    size_t from = 0;
    size_t to;

    while (from < rest->size && is_blank(rest->at[from])) {
        from++;
    }
    for (to = from; to < rest->size && !is_blank(rest->at[to]); to++) {
    }
    *word = (struct span){rest->at + from, to - from};
    *rest = (struct span){rest->at + to, rest->size - to};
    return word->size > 0;
}

enum acl_line_result acl_line_next_rule(struct span *rest, struct span *rule)
{
    struct span word;

    if (!acl_line_next(rest, rule)) {
        return ACL_LINE_END;
    }
    if (rule->at[0] != '(' || rule->at[rule->size - 1] == ')') {
        return ACL_LINE_RULE;
    }

    struct span opening = *rule;

    while (acl_line_next(rest, &word)) {
        rule->size = (size_t)(word.at + word.size - rule->at);
        if (word.at[word.size - 1] == ')') {
            return ACL_LINE_RULE;
        }
    }
    *rule = opening;
    return ACL_LINE_UNMATCHED;
}

bool acl_line_apply(struct acl_user *user, struct span rules, const struct command_rules *known,
                    struct acl_complaints *complaints)
{
    struct span rule;
    enum acl_line_result result;
    bool is_good = true;

    while ((result = acl_line_next_rule(&rules, &rule)) == ACL_LINE_RULE) {
        enum acl_problem problem = acl_user_apply(user, rule, known);

        if (problem != ACL_PROBLEM_NONE) {
            complaints->bad_rule(complaints, rule, problem);
            is_good = false;
        }
    }
    if (result == ACL_LINE_UNMATCHED) {
        complaints->unmatched(complaints, rule);
        return false;
    }
    return is_good;
}

static void write_word(struct sendq *to, const char *before, const char *word)
{
    sendq_append(to, span_of(before));
    sendq_append(to, span_of(word));
}

static void write_denied(struct sendq *to, const struct command_rules *denied)
{
    for (size_t i = 0; denied != NULL && i < denied->count; i++) {
        if (denied->items[i].kind != COMMAND_RULE_DENY) {
            continue;
        }
        sendq_append(to, SPAN(" -"));
        for (const char *at = denied->items[i].name; *at != '\0'; at++) {
            sendq_append(to, *at == ' ' ? SPAN("|") : (struct span){at, 1});
        }
    }
}

void acl_line_write_commands(struct sendq *to, const struct acl_selector *selector,
                             const struct command_rules *denied)
{
    sendq_append(to, selector->allows_unknown ? SPAN("+@all") : SPAN("-@all"));
    for (size_t i = 0; i < selector->rule_count; i++) {
        write_word(to, selector->rules[i].allows ? " +" : " -", selector->rules[i].name);
    }
    if (selector->allows_unknown) {
        write_denied(to, denied);
    }
}

/* "~*" would be read as allkeys, behind which no other pattern may stand. */
static const char *key_prefix(const struct acl_pattern *pattern)
{
    switch (pattern->access) {
    case ACL_READ: return "%R~";
    case ACL_WRITE: return "%W~";
    default: return strcmp(pattern->glob, "*") == 0 ? "%RW~" : "~";
    }
}

void acl_line_write_keys(struct sendq *to, const struct acl_selector *selector)
{
    if (selector->all_keys) {
        sendq_append(to, SPAN("~*"));
    }
    for (size_t i = 0; i < selector->keys.count; i++) {
        sendq_append(to, i == 0 ? SPAN("") : SPAN(" "));
        write_word(to, key_prefix(&selector->keys.items[i]), selector->keys.items[i].glob);
    }
}

void acl_line_write_channels(struct sendq *to, const struct acl_selector *selector)
{
    if (selector->all_channels) {
        sendq_append(to, SPAN("&*"));
    }
    for (size_t i = 0; i < selector->channels.count; i++) {
        write_word(to, i == 0 ? "&" : " &", selector->channels.items[i].glob);
    }
}

/* Who is not limited says nothing of them, so that servers can read it that know of none. */
static void write_databases(struct sendq *to, const struct acl_databases *databases)
{
    if (databases->are_limited) {
        sendq_append(to, databases->count == 0 ? SPAN("resetdbs") : SPAN(""));
        acl_databases_write(to, databases);
        sendq_append(to, SPAN(" "));
    }
}

static void write_selector(struct sendq *to, const struct acl_selector *selector,
                           const struct command_rules *denied)
{
    size_t before = to->size;

    acl_line_write_keys(to, selector);
    sendq_append(to, to->size > before ? SPAN(" ") : SPAN(""));
    if (!selector->all_channels) {
        sendq_append(to, SPAN("resetchannels "));
    }
    before = to->size;
    acl_line_write_channels(to, selector);
    sendq_append(to, to->size > before ? SPAN(" ") : SPAN(""));
    write_databases(to, &selector->databases);
    acl_line_write_commands(to, selector, denied);
}

static void write_flags(struct sendq *to, const struct acl_user *user)
{
    sendq_append(to, user->is_on ? SPAN("on ") : SPAN("off "));
    if (user->needs_no_password) {
        sendq_append(to, SPAN("nopass "));
    }
    if (user->skips_sanitizing) {
        sendq_append(to, SPAN("skip-sanitize-payload "));
    }
    if (user->sanitizes) {
        sendq_append(to, SPAN("sanitize-payload "));
    }
}

void acl_line_write(struct sendq *to, const struct acl_user *user,
                    const struct command_rules *denied)
{
    write_flags(to, user);
    for (size_t i = 0; i < user->password_count; i++) {
        write_word(to, "#", user->passwords[i].digest);
        sendq_append(to, SPAN(" "));
    }
    write_selector(to, &user->selectors[0], denied);
    for (size_t i = 1; i < user->selector_count; i++) {
        sendq_append(to, SPAN(" ("));
        write_selector(to, &user->selectors[i], denied);
        sendq_append(to, SPAN(")"));
    }
}
