#include "proxy/downstream/roll.h"

#include <pthread.h>
#include <stdlib.h>

#include "common/check.h"
#include "common/memory.h"

struct roll {
    pthread_mutex_t lock;
    struct {
        struct table entries;
    } locked;
};

struct entry {
    struct table_link in_roll; /* its hash is the id */
    size_t worker;
};

struct roll *roll_new(void)
{
    struct roll *roll = memory_new(1, sizeof *roll);

    pthread_mutex_init(&roll->lock, NULL);
    return roll;
}

void roll_free(struct roll **roll)
{
    struct roll *gone = *roll;

    *roll = NULL;
    if (gone != NULL) {
        CHECK(gone->locked.entries.count == 0);
        table_clear(&gone->locked.entries);
        pthread_mutex_destroy(&gone->lock);
        free(gone);
    }
}

void roll_add(struct roll *roll, uint64_t id, size_t worker)
{
    struct entry *entry = memory_new(1, sizeof *entry);

    entry->worker = worker;
    pthread_mutex_lock(&roll->lock);
    table_add(&roll->locked.entries, &entry->in_roll, id);
    pthread_mutex_unlock(&roll->lock);
}

void roll_remove(struct roll *roll, uint64_t id)
{
    pthread_mutex_lock(&roll->lock);

    struct entry *entry =
        container_of(table_first(&roll->locked.entries, id), struct entry, in_roll);

    table_remove(&roll->locked.entries, &entry->in_roll);
    pthread_mutex_unlock(&roll->lock);
    free(entry);
}

bool roll_find(struct roll *roll, uint64_t id, size_t *worker)
{
    pthread_mutex_lock(&roll->lock);

    const struct table_link *link = table_first(&roll->locked.entries, id);

    if (link != NULL) {
        *worker = container_of(link, struct entry, in_roll)->worker;
    }
    pthread_mutex_unlock(&roll->lock);
    return link != NULL;
}
