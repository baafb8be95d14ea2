#include "config/user_rules.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/check.h"
#include "common/memory.h"
#include "common/sha256.h"
#include "config/expand.h"
#include "config/password_file.h"
#include "config/quote.h"

enum { PASSWORD_BYTES_MAX = 512 };

#define FILE_RULE "password_file="

static bool is_blank(char byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

/* The next word of *rest; "${…}" is never cut. False at the end. */
static bool next_word(struct span *rest, struct span *word)
{
    size_t from = 0;
    size_t to;
    bool is_in_braces = false;

    while (from < rest->size && is_blank(rest->at[from])) {
        from++;
    }
    for (to = from; to < rest->size && (is_in_braces || !is_blank(rest->at[to])); to++) {
        bool opens = rest->at[to] == '{' && to > from && rest->at[to - 1] == '$';

        is_in_braces = opens || (is_in_braces && rest->at[to] != '}');
    }
    *word = (struct span){rest->at + from, to - from};
    *rest = (struct span){rest->at + to, rest->size - to};
    return word->size > 0;
}

static bool is_password(struct span word)
{
    return word.size > 0 && (word.at[0] == '>' || word.at[0] == '<');
}

/* ">secret" as "#9f86…", "<secret" as "!9f86…". */
static void print_digest(FILE *to, struct span word)
{
    char digest[SHA256_DIGITS + 1];

    sha256_print((struct span){word.at + 1, word.size - 1}, digest);
    fprintf(to, "%c%s", word.at[0] == '>' ? '#' : '!', digest);
}

static FILE *text_open(char **text, size_t *size)
{
    FILE *to = open_memstream(text, size);

    CHECK(to != NULL);
    return to;
}

static bool read_password(struct span path, FILE *to, char **problem)
{
    char *name = memory_copy(path.at, path.size);
    char *reason = NULL;
    char *password = password_file_read(name, PASSWORD_BYTES_MAX, &reason);

    if (password == NULL) {
        *problem = memory_print("no password in '%s': %s, expected a readable file with the "
                                "password in its first line",
                                name, reason);
        free(reason);
        free(name);
        return false;
    }

    char *word = memory_print(">%s", password);

    print_digest(to, span_of(word));
    explicit_bzero(word, strlen(word));
    explicit_bzero(password, strlen(password));
    free(word);
    free(password);
    free(name);
    return true;
}

/* A rule as it is kept, and as it is shown. */
static bool print_word(struct span word, FILE *text, FILE *shown, char **problem)
{
    if (is_password(word) && word.size == 1) {
        *problem = memory_print("a password is empty, expected at least one letter");
        return false;
    }
    if (is_password(word)) {
        print_digest(text, word);
        fprintf(shown, "%c***", word.at[0] == '>' ? '#' : '!');
        return true;
    }
    if (word.at[0] == '#' || word.at[0] == '!') {
        fwrite(word.at, 1, word.size, text);
        fprintf(shown, "%c***", word.at[0]);
        return true;
    }
    fwrite(word.at, 1, word.size, shown);
    if (span_starts_with(word, SPAN(FILE_RULE))) {
        size_t head = strlen(FILE_RULE);

        return read_password((struct span){word.at + head, word.size - head}, text, problem);
    }
    fwrite(word.at, 1, word.size, text);
    return true;
}

static bool print_words(struct span rest, struct user_rule *rule, char **problem)
{
    size_t text_size = 0;
    size_t shown_size = 0;
    FILE *text = text_open(&rule->text, &text_size);
    FILE *shown = text_open(&rule->shown, &shown_size);
    struct span word;
    bool is_good = true;

    for (size_t i = 0; is_good && next_word(&rest, &word); i++) {
        if (i > 0) {
            fputc(' ', text);
            fputc(' ', shown);
        }
        is_good = print_word(word, text, shown, problem);
    }
    CHECK(fclose(text) == 0);
    CHECK(fclose(shown) == 0);
    return is_good;
}

static void rule_clear(struct user_rule *rule)
{
    free(rule->text);
    free(rule->shown);
    free(rule->place);
}

static char *text_copy(const char *text)
{
    return text == NULL ? NULL : memory_copy(text, strlen(text));
}

static void add_rule(struct user_rules *rules, const struct user_rule *rule)
{
    rules->items = memory_resize(rules->items, rules->count + 1, sizeof *rules->items);
    rules->items[rules->count++] = *rule;
}

bool user_rules_append(struct user_rules *rules, struct span text, char **problem)
{
    struct user_rule rule = {0};
    struct span rest = text;
    struct span name;
    char *reason = NULL;

    if (next_word(&rest, &name) && span_equal_nocase(name, SPAN("user"))) {
        text = rest;
        name = (struct span){"", 0};
        (void)next_word(&rest, &name);
    }

    bool has_name = name.size > 0 && memchr(text.at, '\0', text.size) == NULL;

    if (!has_name || !print_words(text, &rule, &reason)) {
        rule_clear(&rule);
        if (problem != NULL) {
            *problem = reason != NULL ? reason : memory_print("expected NAME and ACL rules");
        } else {
            free(reason);
        }
        return false;
    }
    add_rule(rules, &rule);
    return true;
}

void user_rules_place(struct user_rules *rules, const char *place)
{
    CHECK(rules->count > 0);

    struct user_rule *last = &rules->items[rules->count - 1];

    free(last->place);
    last->place = memory_copy(place, strlen(place));
}

bool user_rules_equal(const struct user_rules *a, const struct user_rules *b)
{
    if (a->count != b->count) {
        return false;
    }
    for (size_t i = 0; i < a->count; i++) {
        if (strcmp(a->items[i].text, b->items[i].text) != 0) {
            return false;
        }
    }
    return true;
}

void user_rules_copy(const struct user_rules *from, struct user_rules *to)
{
    for (size_t i = 0; i < from->count; i++) {
        const struct user_rule *item = &from->items[i];

        add_rule(to, &(struct user_rule){.text = text_copy(item->text),
                                         .shown = text_copy(item->shown),
                                         .place = text_copy(item->place)});
    }
}

void user_rules_print(const struct user_rules *rules, FILE *to)
{
    fputc('[', to);
    for (size_t i = 0; i < rules->count; i++) {
        fputs(i == 0 ? "" : ", ", to);
        quote_print(rules->items[i].shown, to);
    }
    fputc(']', to);
}

void user_rules_clear(struct user_rules *rules)
{
    for (size_t i = 0; i < rules->count; i++) {
        rule_clear(&rules->items[i]);
    }
    free(rules->items);
    *rules = (struct user_rules){0};
}

static char *expand_word(struct span word, char **problem)
{
    char *raw = memory_copy(word.at, word.size);
    char *expanded = NULL;
    enum expand_result result = expand(raw, &expanded);

    free(raw);
    switch (result) {
    case EXPAND_OK: return expanded;
    case EXPAND_UNSET: *problem = memory_print("variable is not set, '%.64s'", expanded); break;
    case EXPAND_BAD_FORM: *problem = memory_print("bad variable, expected \"${NAME}\""); break;
    case EXPAND_TOO_LONG: *problem = memory_print("variable is too long, '%.64s'", expanded); break;
    }
    free(expanded);
    return NULL;
}

/* A password may have blanks: as a digest it has none. */
static bool expand_rule(struct span word, FILE *to, char **problem)
{
    bool is_from_environment = word.size > 2 && word.at[1] == '$' && word.at[2] == '{';

    if (is_password(word) && !is_from_environment) {
        *problem = memory_print("a password in the open, expected #SHA256, >${VARIABLE} or "
                                "password_file=PATH");
        return false;
    }

    char *expanded = expand_word(word, problem);

    if (expanded == NULL) {
        return false;
    }
    if (is_password(word) && strlen(expanded) == 1) {
        *problem = memory_print("a password is empty, expected at least one letter");
        free(expanded);
        return false;
    }
    if (is_password(word)) {
        print_digest(to, span_of(expanded));
    } else {
        fputs(expanded, to);
    }
    explicit_bzero(expanded, strlen(expanded));
    free(expanded);
    return true;
}

static bool expand_line(struct span rest, FILE *to, char **problem)
{
    struct span word;

    for (size_t i = 0; next_word(&rest, &word); i++) {
        if (i > 0) {
            fputc(' ', to);
        }
        if (!expand_rule(word, to, problem)) {
            return false;
        }
    }
    return true;
}

char *user_rules_expand(const char *text, char **problem)
{
    char *expanded = NULL;
    size_t size = 0;
    FILE *to = text_open(&expanded, &size);
    bool is_good = true;

    while (is_good && *text != '\0') {
        struct span line = {text, strcspn(text, "\n")};

        is_good = expand_line(line, to, problem);
        text += line.size;
        if (*text == '\n') {
            fputc('\n', to);
            text++;
        }
    }
    CHECK(fclose(to) == 0);
    if (!is_good) {
        free(expanded);
        return NULL;
    }
    return expanded;
}
