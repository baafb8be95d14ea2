#include "proxy/cluster/lessons.h"

#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/check.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/resp_write.h"
#include "proxy/cluster/commands_reply.h"
#include "proxy/cluster/info_lines.h"
#include "proxy/command/command_rows.h"

enum {
    EDITIONS_MAX = 8,
    VERSION_REPLY_MAX = 256 * 1024,
    COMMANDS_REPLY_MAX = 4 * 1024 * 1024, /* Redis 8 with all its modules: 0.4 MB */
    VERSION_SIZE = 128,
    PAUSE_LAST_US = 60 * US_PER_SECOND,
};

/* A module may be exchanged for another one with as many commands. */
static const uint64_t read_again_us = 600ull * US_PER_SECOND;
static const uint64_t forget_us = 3600ull * US_PER_SECOND;

/* What tells one build of a server from another; -1 and "" when it does not say. */
struct version {
    char text[VERSION_SIZE];
    int64_t commands;
};

struct edition {
    struct version version;
    uint64_t read_at;
    uint64_t seen_at;
    const struct command **rows;
    size_t row_count;
};

struct lessons {
    const struct pool_config *pool;
    commands_publish *publish;
    void *context;
    struct edition editions[EDITIONS_MAX]; /* the one read last is the last */
    size_t edition_count;
    struct command_table *current; /* published last */
    uint64_t attended_at;          /* 0: never */
    uint64_t pause;                /* until the next time; grows while nothing can be learned */
};

struct lessons *lessons_new(const struct pool_config *pool, commands_publish *publish,
                            void *context)
{
    struct lessons *lessons = memory_new(1, sizeof *lessons);

    lessons->pool = pool;
    lessons->publish = publish;
    lessons->context = context;
    lessons->pause = pool->refresh;
    return lessons;
}

void lessons_use_config(struct lessons *lessons, const struct pool_config *pool)
{
    lessons->pool = pool;
    lessons->pause = pool->refresh;
}

static void edition_clear(struct edition *edition)
{
    free(edition->rows);
    *edition = (struct edition){0};
}

static void lessons_drop(struct lessons *lessons, size_t at)
{
    edition_clear(&lessons->editions[at]);
    lessons->edition_count--;
    memmove(&lessons->editions[at], &lessons->editions[at + 1],
            (lessons->edition_count - at) * sizeof lessons->editions[0]);
}

/* Makes the table anew. Returns whether it says something else than before. */
static bool lessons_teach(struct lessons *lessons)
{
    const struct command **rows = NULL;
    size_t count = 0;

    for (size_t i = 0; i < lessons->edition_count; i++) {
        const struct edition *edition = &lessons->editions[i];
        rows = memory_resize(rows, count + edition->row_count + 1, sizeof(struct command *));
        for (size_t j = 0; j < edition->row_count; j++) {
            rows[count++] = edition->rows[j];
        }
    }
    struct command_table *table = command_table_new(rows, count, &lessons->pool->commands);
    free(rows);
    if (command_table_equal(lessons->current, table)) {
        command_table_release(&table);
        return false;
    }
    command_table_release(&lessons->current);
    lessons->current = table;
    lessons->publish(lessons->context, command_table_take(table));
    return true;
}

static void log_idle_rules(const struct pool_config *pool)
{
    const struct command_rule *rule;

    for (size_t at = 0; (rule = command_table_idle_rule(&pool->commands, &at)) != NULL;) {
        log_warn("rule ignored: slotway knows where the keys of this command are",
                 "pool=%s rule=%s", pool->name, rule->text);
    }
}

void lessons_begin(struct lessons *lessons)
{
    log_idle_rules(lessons->pool);
    (void)lessons_teach(lessons);
}

/* The values of `lines` that tell one build from another, as far as there is room. */
static void print_version(struct span lines, char *text, size_t size)
{
    static const struct span names[] = {
        {"redis_version", 13}, {"valkey_version", 14}, {"redis_build_id", 14}};
    size_t used = 0;

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct span value = info_value(lines, names[i]);
        if (value.size > 0 && used + value.size + 1 < size) {
            used += (size_t)snprintf(text + used, size - used, "%s%.*s", used == 0 ? "" : " ",
                                     (int)value.size, value.at);
        }
    }
}

static struct version read_version(const struct node_replies *replies)
{
    const redisReply *info = replies->items[0];
    const redisReply *count = replies->items[1];
    struct version version = {.commands = -1};

    if (info->type == REDIS_REPLY_STRING) {
        print_version((struct span){info->str, info->len}, version.text, sizeof version.text);
    }
    if (count->type == REDIS_REPLY_INTEGER) {
        version.commands = count->integer;
    }
    return version;
}

static enum node_link_result ask_version(struct node_link *link, struct version *version)
{
    static const struct span info[] = {{"INFO", 4}, {"server", 6}};
    static const struct span count[] = {{"COMMAND", 7}, {"COUNT", 5}};
    struct node_replies replies = {.bytes_max = VERSION_REPLY_MAX, .wanted = 2};
    struct sendq question;

    sendq_init(&question);
    resp_write_request(&question, info, ARRAY_LEN(info));
    resp_write_request(&question, count, ARRAY_LEN(count));
    enum node_link_result result = node_link_ask_else(link, &question, &replies);
    sendq_clear(&question);
    if (result == NODE_LINK_OK) {
        *version = read_version(&replies);
        node_replies_clear(&replies);
    }
    return result;
}

static bool version_equal(const struct version *a, const struct version *b)
{
    return a->commands == b->commands && strcmp(a->text, b->text) == 0;
}

/* Where the edition of that version is; edition_count when there is none. */
static size_t lessons_find(const struct lessons *lessons, const struct version *version)
{
    size_t at = 0;

    while (at < lessons->edition_count && !version_equal(&lessons->editions[at].version, version)) {
        at++;
    }
    return at;
}

/* What no node has had for long. Returns whether there was any. */
static bool lessons_forget(struct lessons *lessons, uint64_t now)
{
    size_t before = lessons->edition_count;

    for (size_t i = before; i > 0; i--) {
        if (now - lessons->editions[i - 1].seen_at >= forget_us) {
            lessons_drop(lessons, i - 1);
        }
    }
    return lessons->edition_count < before;
}

/* A place for the edition of that version, behind all others. */
static struct edition *lessons_add(struct lessons *lessons, const struct version *version)
{
    size_t old = lessons_find(lessons, version);
    size_t oldest = 0;

    if (old == lessons->edition_count && old == EDITIONS_MAX) {
        for (size_t i = 1; i < lessons->edition_count; i++) {
            oldest = lessons->editions[i].seen_at < lessons->editions[oldest].seen_at ? i : oldest;
        }
        old = oldest;
    }
    if (old < lessons->edition_count) {
        lessons_drop(lessons, old);
    }
    struct edition *edition = &lessons->editions[lessons->edition_count++];
    *edition = (struct edition){.version = *version};
    return edition;
}

struct learning {
    struct edition *edition;
    size_t too_many;
};

static void on_told(void *context, const struct command *facts)
{
    struct learning *learning = context;
    struct edition *edition = learning->edition;

    if (command_by_name(span_of(facts->name)) != NULL) {
        return;
    }
    const struct command *row =
        edition->row_count < COMMAND_ROWS_MAX ? command_row_keep(facts) : NULL;
    if (row == NULL) {
        learning->too_many++;
        return;
    }
    edition->rows = memory_resize(edition->rows, edition->row_count + 1, sizeof(struct command *));
    edition->rows[edition->row_count++] = row;
}

/* A node that does not tell its commands, perhaps because it must not, has an empty edition. */
static void edition_read(struct edition *edition, const struct lessons *lessons,
                         const redisReply *reply)
{
    struct learning learning = {.edition = edition};
    struct commands_heard heard = commands_from_reply(reply, on_told, &learning);

    if (reply->type != REDIS_REPLY_ARRAY) {
        log_info("a node does not tell its commands", "pool=%s error=%.120s", lessons->pool->name,
                 reply->type == REDIS_REPLY_ERROR ? reply->str : "no array");
    }
    if (learning.too_many > 0 || heard.senseless > 0) {
        log_warn("not all commands of a node can be learned",
                 "pool=%s version=%s learned=%zu senseless=%zu too_many=%zu", lessons->pool->name,
                 edition->version.text, edition->row_count, heard.senseless, learning.too_many);
    }
}

static enum node_link_result lessons_read(struct lessons *lessons, struct node_link *link,
                                          const struct version *version, uint64_t now)
{
    static const struct span all[] = {{"COMMAND", 7}};
    struct node_replies replies = {.bytes_max = COMMANDS_REPLY_MAX, .wanted = 1};
    struct sendq question;

    sendq_init(&question);
    resp_write_request(&question, all, ARRAY_LEN(all));
    enum node_link_result result = node_link_ask_else(link, &question, &replies);
    sendq_clear(&question);
    if (result != NODE_LINK_OK) {
        return result;
    }
    struct edition *edition = lessons_add(lessons, version);
    edition->read_at = now;
    edition->seen_at = now;
    edition_read(edition, lessons, replies.items[0]);
    node_replies_clear(&replies);
    return NODE_LINK_OK;
}

static enum node_link_result lessons_ask(struct lessons *lessons, struct node_link *link,
                                         uint64_t now)
{
    struct version version;
    enum node_link_result result = ask_version(link, &version);

    if (result != NODE_LINK_OK) {
        return result;
    }
    bool has_changed = lessons_forget(lessons, now);
    size_t at = lessons_find(lessons, &version);
    bool is_known = at < lessons->edition_count;
    if (is_known) {
        lessons->editions[at].seen_at = now;
    }
    if (!is_known || now - lessons->editions[at].read_at >= read_again_us) {
        result = lessons_read(lessons, link, &version, now);
        has_changed = has_changed || result == NODE_LINK_OK;
    }
    if (has_changed && lessons_teach(lessons)) {
        log_info("commands learned", "pool=%s version=%s commands=%zu", lessons->pool->name,
                 version.text, command_table_learned(lessons->current));
    }
    return result;
}

void lessons_attend(struct lessons *lessons, struct node_link *link, uint64_t now)
{
    if (!node_link_is_open(link) ||
        (lessons->attended_at != 0 && now - lessons->attended_at < lessons->pause)) {
        return;
    }
    lessons->attended_at = now;
    switch (lessons_ask(lessons, link, now)) {
    case NODE_LINK_OK: lessons->pause = lessons->pool->refresh; return;
    case NODE_LINK_STOPPED: return;
    case NODE_LINK_FAILED:
    case NODE_LINK_TIMEOUT: break;
    }
    lessons->pause = lessons->pause * 2 < PAUSE_LAST_US ? lessons->pause * 2 : PAUSE_LAST_US;
    log_info("commands cannot be learned now", "pool=%s error=%s", lessons->pool->name,
             link->error);
}

void lessons_free(struct lessons **lessons)
{
    struct lessons *gone = *lessons;

    *lessons = NULL;
    if (gone == NULL) {
        return;
    }
    while (gone->edition_count > 0) {
        lessons_drop(gone, gone->edition_count - 1);
    }
    command_table_release(&gone->current);
    free(gone);
}
