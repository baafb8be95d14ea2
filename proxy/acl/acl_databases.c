#include "proxy/acl/acl_databases.h"

#include <stdlib.h>

#include "common/memory.h"

void acl_databases_set_all(struct acl_databases *databases, bool all)
{
    free(databases->numbers);
    *databases = (struct acl_databases){.are_limited = !all};
}

/* Each once, in their order. */
static void insert(struct acl_databases *databases, int32_t number)
{
    size_t at = 0;

    while (at < databases->count && databases->numbers[at] < number) {
        at++;
    }
    if (at < databases->count && databases->numbers[at] == number) {
        return;
    }
    databases->numbers =
        memory_resize(databases->numbers, databases->count + 1, sizeof *databases->numbers);
    memmove(&databases->numbers[at + 1], &databases->numbers[at],
            (databases->count - at) * sizeof *databases->numbers);
    databases->numbers[at] = number;
    databases->count++;
}

static enum acl_problem read_number(struct span text, int64_t *number)
{
    if (!span_to_int64(text, number)) {
        return ACL_PROBLEM_SYNTAX;
    }
    return *number < 0 || *number > INT32_MAX ? ACL_PROBLEM_NO_SUCH_DATABASE : ACL_PROBLEM_NONE;
}

/* Takes the part up to the next comma, or the end, off *list. */
static struct span take_part(struct span *list, bool *is_last)
{
    const char *comma = memchr(list->at, ',', list->size);
    struct span part = {list->at, comma == NULL ? list->size : (size_t)(comma - list->at)};
    size_t taken = part.size + (comma != NULL);

    *list = (struct span){list->at + taken, list->size - taken};
    *is_last = comma == NULL;
    return part;
}

enum acl_problem acl_databases_set(struct acl_databases *databases, struct span list)
{
    struct acl_databases read = {.are_limited = true};
    bool is_last = false;

    while (!is_last) {
        int64_t number = 0;
        enum acl_problem problem = read_number(take_part(&list, &is_last), &number);

        if (problem != ACL_PROBLEM_NONE) {
            free(read.numbers);
            return problem;
        }
        insert(&read, (int32_t)number);
    }
    free(databases->numbers);
    *databases = read;
    return ACL_PROBLEM_NONE;
}

static bool names_one(const struct acl_databases *databases, struct span text)
{
    int64_t number;

    if (!span_to_int64(text, &number)) {
        return false;
    }
    for (size_t i = 0; i < databases->count; i++) {
        if (databases->numbers[i] == number) {
            return true;
        }
    }
    return false;
}

static bool copies_within(const struct acl_databases *databases, const struct arguments *arguments)
{
    for (uint32_t i = 3; i + 1 < arguments->count; i++) {
        if (span_equal_nocase(arguments->items[i], SPAN("db")) &&
            !names_one(databases, arguments->items[++i])) {
            return false;
        }
    }
    return true;
}

bool acl_databases_allow(const struct acl_databases *databases, const struct command *command,
                         const struct arguments *arguments)
{
    if (!databases->are_limited) {
        return true;
    }
    switch (command->id) {
    case COMMAND_ID_FLUSHALL:
    case COMMAND_ID_MIGRATE:
    case COMMAND_ID_CLUSTER_MIGRATESLOTS:
    case COMMAND_ID_CLUSTER_CANCELSLOTMIGRATIONS: return false;
    case COMMAND_ID_SELECT: return names_one(databases, arguments->items[1]);
    case COMMAND_ID_MOVE: return names_one(databases, arguments->items[2]);
    case COMMAND_ID_SWAPDB:
        return names_one(databases, arguments->items[1]) &&
               names_one(databases, arguments->items[2]);
    case COMMAND_ID_COPY: return copies_within(databases, arguments);
    default: return true;
    }
}

bool acl_databases_equal(const struct acl_databases *a, const struct acl_databases *b)
{
    return a->are_limited == b->are_limited && a->count == b->count &&
           (a->count == 0 || memcmp(a->numbers, b->numbers, a->count * sizeof *a->numbers) == 0);
}

void acl_databases_write(struct sendq *to, const struct acl_databases *databases)
{
    for (size_t i = 0; i < databases->count; i++) {
        sendq_print(to, "%s%d", i == 0 ? "db=" : ",", databases->numbers[i]);
    }
}
