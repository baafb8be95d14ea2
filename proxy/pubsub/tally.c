#include "proxy/pubsub/tally.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/check.h"
#include "common/list.h"
#include "common/memory.h"

struct entry {
    struct table_link in_table;
    struct list_link in_kind;
    struct topic topic;
    uint64_t clients;
    char (*nodes)[NODE_ID_SIZE + 1]; /* where slotway is subscribed */
    size_t node_count;
};

struct tally {
    _Atomic size_t count; /* entries, for who only asks whether there are any */
    pthread_mutex_t lock;
    struct {
        struct table table;
        struct list kinds[TOPIC_KINDS];
    } locked;
};

struct tally *tally_new(void)
{
    struct tally *tally = memory_new(1, sizeof *tally);

    CHECK(pthread_mutex_init(&tally->lock, NULL) == 0);
    for (int i = 0; i < TOPIC_KINDS; i++) {
        list_init(&tally->locked.kinds[i]);
    }
    return tally;
}

static struct entry *find_locked(struct tally *tally, const struct topic *topic)
{
    struct table_link *link = table_first(&tally->locked.table, topic->hash);

    while (link != NULL &&
           !topic_equal(&container_of(link, struct entry, in_table)->topic, topic)) {
        link = table_next(link);
    }
    return link == NULL ? NULL : container_of(link, struct entry, in_table);
}

static struct entry *find_or_add_locked(struct tally *tally, const struct topic *topic)
{
    struct entry *entry = find_locked(tally, topic);

    if (entry == NULL) {
        entry = memory_new(1, sizeof *entry);
        entry->topic = topic_keep(topic);
        table_add(&tally->locked.table, &entry->in_table, topic->hash);
        list_append(&tally->locked.kinds[topic->kind], &entry->in_kind);
        atomic_fetch_add_explicit(&tally->count, 1, memory_order_relaxed);
    }
    return entry;
}

static void remove_locked(struct tally *tally, struct entry *entry)
{
    table_remove(&tally->locked.table, &entry->in_table);
    list_remove(&entry->in_kind);
    atomic_fetch_sub_explicit(&tally->count, 1, memory_order_relaxed);
    free((char *)entry->topic.name.at);
    free(entry->nodes);
    free(entry);
}

static void remove_if_empty_locked(struct tally *tally, struct entry *entry)
{
    if (entry->clients == 0 && entry->node_count == 0) {
        remove_locked(tally, entry);
    }
}

void tally_free(struct tally **tally)
{
    struct tally *gone = *tally;

    *tally = NULL;
    for (int i = 0; i < TOPIC_KINDS; i++) {
        struct list_link *link;

        while ((link = list_first(&gone->locked.kinds[i])) != NULL) {
            remove_locked(gone, container_of(link, struct entry, in_kind));
        }
    }
    table_clear(&gone->locked.table);
    pthread_mutex_destroy(&gone->lock);
    free(gone);
}

void tally_enter(struct tally *tally, const struct topic *topic)
{
    pthread_mutex_lock(&tally->lock);
    find_or_add_locked(tally, topic)->clients++;
    pthread_mutex_unlock(&tally->lock);
}

void tally_leave(struct tally *tally, const struct topic *topic)
{
    pthread_mutex_lock(&tally->lock);

    struct entry *entry = find_locked(tally, topic);

    CHECK(entry != NULL && entry->clients > 0);
    entry->clients--;
    remove_if_empty_locked(tally, entry);
    pthread_mutex_unlock(&tally->lock);
}

/* Its place among the nodes of `entry`; their number: it is not there. */
static size_t find_node(const struct entry *entry, const char *node)
{
    size_t at = 0;

    while (at < entry->node_count && strcmp(entry->nodes[at], node) != 0) {
        at++;
    }
    return at;
}

void tally_stand(struct tally *tally, const struct topic *topic, const char *node)
{
    pthread_mutex_lock(&tally->lock);

    struct entry *entry = find_or_add_locked(tally, topic);
    size_t at = entry->node_count;

    CHECK(find_node(entry, node) == at);
    entry->nodes = memory_resize(entry->nodes, ++entry->node_count, sizeof entry->nodes[0]);
    snprintf(entry->nodes[at], sizeof entry->nodes[at], "%s", node);
    pthread_mutex_unlock(&tally->lock);
}

void tally_fall(struct tally *tally, const struct topic *topic, const char *node)
{
    pthread_mutex_lock(&tally->lock);

    struct entry *entry = find_locked(tally, topic);

    CHECK(entry != NULL && find_node(entry, node) < entry->node_count);
    entry->node_count--;
    memmove(entry->nodes[find_node(entry, node)], entry->nodes[entry->node_count],
            sizeof entry->nodes[0]);
    remove_if_empty_locked(tally, entry);
    pthread_mutex_unlock(&tally->lock);
}

struct tally_count tally_of(struct tally *tally, const struct topic *topic)
{
    struct tally_count count = {0};

    if (tally_is_empty(tally)) {
        return count;
    }
    pthread_mutex_lock(&tally->lock);

    const struct entry *entry = find_locked(tally, topic);

    if (entry != NULL) {
        count.clients = entry->clients;
        count.upstream = entry->node_count;
    }
    pthread_mutex_unlock(&tally->lock);
    return count;
}

static void count_entry(struct tally_count *count, const struct entry *entry, const char *node)
{
    count->clients += entry->clients;
    count->upstream += find_node(entry, node) < entry->node_count;
}

struct tally_count tally_receivers(struct tally *tally, const struct topic *channel,
                                   const char *node)
{
    struct tally_count count = {0};

    if (tally_is_empty(tally)) {
        return count;
    }
    pthread_mutex_lock(&tally->lock);

    const struct entry *exact = find_locked(tally, channel);

    if (exact != NULL) {
        count_entry(&count, exact, node);
    }
    if (channel->kind == TOPIC_CHANNEL) {
        LIST_EACH (link, &tally->locked.kinds[TOPIC_PATTERN]) {
            const struct entry *pattern = container_of(link, struct entry, in_kind);

            if (span_glob(pattern->topic.name, channel->name)) {
                count_entry(&count, pattern, node);
            }
        }
    }
    pthread_mutex_unlock(&tally->lock);
    return count;
}

struct tally_count tally_topics(struct tally *tally, enum topic_kind kind)
{
    struct tally_count count = {0};

    pthread_mutex_lock(&tally->lock);
    LIST_EACH (link, &tally->locked.kinds[kind]) {
        const struct entry *entry = container_of(link, struct entry, in_kind);

        count.clients += entry->clients > 0;
        count.upstream += entry->node_count;
    }
    pthread_mutex_unlock(&tally->lock);
    return count;
}

void tally_list(struct tally *tally, enum topic_kind kind, tally_each *each, void *context)
{
    pthread_mutex_lock(&tally->lock);
    LIST_EACH (link, &tally->locked.kinds[kind]) {
        const struct entry *entry = container_of(link, struct entry, in_kind);

        if (entry->clients > 0) {
            each(context, entry->topic.name);
        }
    }
    pthread_mutex_unlock(&tally->lock);
}

bool tally_is_empty(const struct tally *tally)
{
    return atomic_load_explicit(&tally->count, memory_order_relaxed) == 0;
}
