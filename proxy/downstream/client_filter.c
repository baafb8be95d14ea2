#include "proxy/downstream/client_filter.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/memory.h"

enum { SHOWN_BYTES = 128 }; /* of a word of the client's in an error */

/* Returns false, for the parser's own return. */
static bool filter_refuse(struct client_filter *filter, const char *format, ...) PRINTF(2, 3);

static bool filter_refuse(struct client_filter *filter, const char *format, ...)
{
    va_list values;

    va_start(values, format);
    vsnprintf(filter->error, sizeof filter->error, format, values);
    va_end(values);
    return false;
}

static bool filter_refuse_syntax(struct client_filter *filter)
{
    return filter_refuse(filter, "ERR syntax error");
}

static bool filter_parse_type(struct client_filter *filter, struct span type)
{
    if (span_equal_nocase(type, SPAN("normal"))) {
        filter->type = CLIENT_TYPE_NORMAL;
        return true;
    }
    if (span_equal_nocase(type, SPAN("pubsub"))) {
        filter->type = CLIENT_TYPE_PUBSUB;
        return true;
    }
    if (span_equal_nocase(type, SPAN("master")) || span_equal_nocase(type, SPAN("slave")) ||
        span_equal_nocase(type, SPAN("replica"))) {
        filter->type = CLIENT_TYPE_NODE;
        return true;
    }
    return filter_refuse(filter, "ERR Unknown client type '%.*s'",
                         (int)size_min(type.size, SHOWN_BYTES), type.at);
}

static int id_compare(const void *a, const void *b)
{
    uint64_t one = *(const uint64_t *)a;
    uint64_t other = *(const uint64_t *)b;

    return (one > other) - (one < other);
}

static bool filter_parse_ids(struct client_filter *filter, const struct arguments *arguments,
                             uint32_t from)
{
    filter->has_ids = true;
    filter->ids = memory_new(arguments->count - from, sizeof *filter->ids);
    filter->said = memory_new(arguments->count - from, sizeof *filter->said);
    for (uint32_t i = from; i < arguments->count; i++) {
        int64_t id;

        if (!span_to_int64(arguments->items[i], &id)) {
            return filter_refuse(filter, "ERR Invalid client ID");
        }
        filter->said[filter->id_count++] = id < 0 ? 0 : (uint64_t)id;
    }
    memcpy(filter->ids, filter->said, filter->id_count * sizeof *filter->ids);
    qsort(filter->ids, filter->id_count, sizeof *filter->ids, id_compare);
    return true;
}

bool client_filter_parse_list(struct client_filter *filter, const struct arguments *arguments)
{
    *filter = (struct client_filter){.is_plain = false};
    if (arguments->count == 2) {
        return true;
    }
    if (arguments->count == 4 && span_equal_nocase(arguments->items[2], SPAN("type"))) {
        return filter_parse_type(filter, arguments->items[3]);
    }
    if (arguments->count > 3 && span_equal_nocase(arguments->items[2], SPAN("id"))) {
        return filter_parse_ids(filter, arguments, 3);
    }
    return filter_refuse_syntax(filter);
}

static void filter_set(char **text, struct span value)
{
    free(*text);
    *text = memory_copy(value.at, value.size);
}

static void filter_set_id(struct client_filter *filter, uint64_t id)
{
    filter->has_ids = true;
    filter->ids = memory_resize(filter->ids, 1, sizeof *filter->ids);
    filter->ids[0] = id;
    filter->id_count = 1;
}

static bool filter_parse_id(struct client_filter *filter, struct span value)
{
    int64_t id;

    if (!span_to_int64(value, &id) || id < 1) {
        return filter_refuse(filter, "ERR client-id should be greater than 0");
    }
    filter_set_id(filter, (uint64_t)id);
    return true;
}

static bool filter_parse_age(struct client_filter *filter, struct span value)
{
    int64_t age;

    if (!span_to_int64(value, &age)) {
        return filter_refuse(filter, "ERR maxage is not an integer or out of range");
    }
    if (age < 1) {
        return filter_refuse(filter, "ERR maxage should be greater than 0");
    }
    filter->min_age_s = (uint64_t)age;
    return true;
}

static bool filter_parse_user(struct client_filter *filter, struct span value,
                              const struct user_set *users)
{
    if (users != NULL && user_set_find(users, value) == NULL) {
        return filter_refuse(filter, "ERR No such user '%.*s'",
                             (int)size_min(value.size, SHOWN_BYTES), value.at);
    }
    filter_set(&filter->user, value);
    return true;
}

static bool filter_parse_spare(struct client_filter *filter, struct span value, uint64_t asker)
{
    if (span_equal_nocase(value, SPAN("yes"))) {
        filter->spared = asker;
        return true;
    }
    if (span_equal_nocase(value, SPAN("no"))) {
        filter->spared = 0;
        return true;
    }
    return filter_refuse_syntax(filter);
}

static bool filter_parse_option(struct client_filter *filter, const struct span words[2],
                                uint64_t asker, const struct user_set *users)
{
    struct span value = words[1];

    if (span_equal_nocase(words[0], SPAN("id"))) {
        return filter_parse_id(filter, value);
    }
    if (span_equal_nocase(words[0], SPAN("type"))) {
        return filter_parse_type(filter, value);
    }
    if (span_equal_nocase(words[0], SPAN("addr"))) {
        filter_set(&filter->peer, value);
        return true;
    }
    if (span_equal_nocase(words[0], SPAN("laddr"))) {
        filter_set(&filter->local, value);
        return true;
    }
    if (span_equal_nocase(words[0], SPAN("user"))) {
        return filter_parse_user(filter, value, users);
    }
    if (span_equal_nocase(words[0], SPAN("skipme"))) {
        return filter_parse_spare(filter, value, asker);
    }
    if (span_equal_nocase(words[0], SPAN("maxage"))) {
        return filter_parse_age(filter, value);
    }
    return filter_refuse_syntax(filter);
}

bool client_filter_parse_kill(struct client_filter *filter, const struct arguments *arguments,
                              uint64_t asker, const struct user_set *users)
{
    *filter = (struct client_filter){.spared = asker};
    if (arguments->count == 3) {
        filter->spared = 0;
        filter->is_plain = true;
        filter_set(&filter->peer, arguments->items[2]);
        return true;
    }
    for (uint32_t i = 2; i < arguments->count; i += 2) {
        if (i + 1 == arguments->count) {
            return filter_refuse_syntax(filter);
        }
        if (!filter_parse_option(filter, arguments->items + i, asker, users)) {
            return false;
        }
    }
    return true;
}

void client_filter_one(struct client_filter *filter, uint64_t id)
{
    *filter = (struct client_filter){.id_count = 0};
    filter_set_id(filter, id);
}

void client_filter_clear(struct client_filter *filter)
{
    free(filter->ids);
    free(filter->said);
    free(filter->peer);
    free(filter->local);
    free(filter->user);
    *filter = (struct client_filter){.id_count = 0};
}

static bool filter_has_id(const struct client_filter *filter, uint64_t id)
{
    return bsearch(&id, filter->ids, filter->id_count, sizeof id, id_compare) != NULL;
}

bool client_filter_admits(const struct client_filter *filter, uint64_t id, uint64_t age_s)
{
    if (id == filter->spared || age_s < filter->min_age_s) {
        return false;
    }
    return !filter->has_ids || filter_has_id(filter, id);
}

bool client_filter_admits_type(const struct client_filter *filter, bool is_subscribed)
{
    switch (filter->type) {
    case CLIENT_TYPE_ANY: return true;
    case CLIENT_TYPE_NORMAL: return !is_subscribed;
    case CLIENT_TYPE_PUBSUB: return is_subscribed;
    case CLIENT_TYPE_NODE: return false;
    }
    return false;
}

bool client_filter_admits_ends(const struct client_filter *filter, const struct client_ends *ends)
{
    return (filter->peer == NULL || strcmp(filter->peer, ends->peer) == 0) &&
           (filter->local == NULL || strcmp(filter->local, ends->local) == 0);
}

bool client_filter_admits_user(const struct client_filter *filter, const char *user)
{
    return filter->user == NULL || strcmp(filter->user, user) == 0;
}

bool client_filter_matches(const struct client_filter *filter, const struct client *client)
{
    const struct session *session = &client->session;
    uint64_t now = reactor_now(client->clients->reactor);
    uint64_t age_s = now / US_PER_SECOND - session->created_s;

    if (!client_filter_admits(filter, session->id, age_s) ||
        !client_filter_admits_type(filter, client_is_subscribed(client)) ||
        !client_filter_admits_user(filter, session->user->name)) {
        return false;
    }
    if (filter->peer == NULL && filter->local == NULL) {
        return true;
    }

    struct client_ends ends;

    client_ends_of(client, &ends);
    return client_filter_admits_ends(filter, &ends);
}
