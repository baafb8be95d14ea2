#include "config/draft_users.h"

#include <stdlib.h>

void draft_users_add(struct draft_field field, const char *place, struct span text)
{
    struct user_rules *rules = draft_value(field);
    char *problem = NULL;

    if (user_rules_append(rules, text, &problem)) {
        user_rules_place(rules, place);
        return;
    }
    draft_refuse(field, place, "bad user for '%s', %s", field.row->path, problem);
    free(problem);
}

void draft_users_add_lines(struct draft_field field, const char *place, const char *text)
{
    while (*text != '\0') {
        struct span line = {text, strcspn(text, "\n")};

        if (strspn(line.at, " \t\r") < line.size) {
            draft_users_add(field, place, line);
        }
        text += line.size + (text[line.size] == '\n' ? 1 : 0);
    }
}
