#include "proxy/acl/user_lines.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/log.h"
#include "common/memory.h"
#include "proxy/acl/acl_patterns.h"

/* One line, and where it stands. */
struct user_line {
    struct acl_complaints complaints;
    const struct user_lines *lines;
    const char *place;
    bool has_complained; /* of what may follow from an earlier mistake */
};

static int shown(struct span word)
{
    return (int)size_min(word.size, CONFIG_ERROR_VALUE_BYTES);
}

static void on_unmatched(struct acl_complaints *complaints, struct span bracket)
{
    struct user_line *line = container_of(complaints, struct user_line, complaints);

    config_errors_add(line->lines->errors, line->place,
                      "Unmatched parenthesis in acl selector starting at '%.*s'", shown(bracket),
                      bracket.at);
}

/* As Redis has it: what may be a password is not repeated. */
static void on_bad_rule(struct acl_complaints *complaints, struct span rule,
                        enum acl_problem problem)
{
    struct user_line *line = container_of(complaints, struct user_line, complaints);

    if (problem == ACL_PROBLEM_UNKNOWN_NAME) {
        config_errors_add(line->lines->errors, line->place,
                          "Error in applying operation '%.*s': %s", shown(rule), rule.at,
                          acl_problem_text(problem));
    } else if (!line->has_complained) {
        config_errors_add(line->lines->errors, line->place, "%s", acl_problem_text(problem));
        line->has_complained = true;
    }
}

static void read_user(const struct user_lines *lines, const char *place, struct span name,
                      struct span rules)
{
    struct user_line line = {
        .complaints = {.unmatched = on_unmatched, .bad_rule = on_bad_rule},
        .lines = lines,
        .place = place,
    };

    if (user_set_find(lines->set, name) != NULL) {
        config_errors_add(lines->errors, place, "Duplicate user '%.*s' found", shown(name),
                          name.at);
        return;
    }

    struct acl_user *user = acl_user_new(name);

    if (!acl_line_apply(user, rules, &lines->config->commands, &line.complaints)) {
        acl_user_free(&user);
        return;
    }
    if (!user->is_on) {
        log_info("a user is off", "pool=%s user=%s place=%s", lines->config->name, user->name,
                 place);
    }
    lines->add(lines->set, user);
}

void user_lines_read_config(const struct user_lines *lines)
{
    const struct user_rules *users = &lines->config->clients_users;

    for (size_t i = 0; i < users->count; i++) {
        struct span rules = span_of(users->items[i].text);
        struct span name;

        CHECK(acl_line_next(&rules, &name));
        read_user(lines, users->items[i].place, name, rules);
    }
}

static void read_line(const struct user_lines *lines, const char *place, struct span text)
{
    struct span word;
    struct span name;

    if (!acl_line_next(&text, &word)) {
        return;
    }
    if (!span_equal(word, SPAN("user")) || !acl_line_next(&text, &name)) {
        config_errors_add(lines->errors, place,
                          "should start with user keyword followed by the username");
    } else if (acl_has_blanks(name)) {
        config_errors_add(lines->errors, place, "username contains invalid characters");
    } else {
        read_user(lines, place, name, text);
    }
}

void user_lines_read_text(const struct user_lines *lines, const char *name, struct span text)
{
    for (size_t number = 1; text.size > 0; number++) {
        const char *end = memchr(text.at, '\n', text.size);
        size_t size = end == NULL ? text.size : (size_t)(end - text.at);
        size_t used = end == NULL ? size : size + 1;
        char *place = memory_print("%s:%zu", name, number);

        read_line(lines, place, (struct span){text.at, size});
        free(place);
        text = (struct span){text.at + used, text.size - used};
    }
}

/* False: errno says why. */
static bool read_file(const char *path, char *buffer, size_t room, size_t *size)
{
    FILE *file = fopen(path, "re");

    if (file == NULL) {
        return false;
    }
    *size = fread(buffer, 1, room, file);
    bool has_failed = ferror(file) != 0;
    int reason = errno;
    fclose(file);
    errno = reason;
    return !has_failed;
}

void user_lines_read_file(const struct user_lines *lines)
{
    const char *path = lines->config->clients_acl_file;
    size_t size = 0;

    if (path == NULL) {
        return;
    }
    char *buffer = memory_raw(ACL_FILE_BYTES_MAX + 1);
    if (!read_file(path, buffer, ACL_FILE_BYTES_MAX + 1, &size)) {
        config_errors_add(lines->errors, path, "Error loading ACLs, opening file: %s",
                          strerror(errno));
    } else if (size > ACL_FILE_BYTES_MAX) {
        config_errors_add(lines->errors, path, "Error loading ACLs: more than %d bytes",
                          ACL_FILE_BYTES_MAX);
    } else {
        user_lines_read_text(lines, path, (struct span){buffer, size});
    }
    explicit_bzero(buffer, size);
    free(buffer);
}
