#include "tests/support/fake_store.h"

#include <pthread.h>
#include <stdlib.h>

#include "common/memory.h"
#include "tests/support/resp.h"

enum { BUCKETS = 65536, SLOTS = 16384 };

struct entry {
    struct entry *next;
    int slot;
    char *key;
    size_t key_size;
    struct bytes value;
};

struct fake_store {
    pthread_mutex_t lock;
    struct {
        struct entry *buckets[BUCKETS];
        int importers[SLOTS]; /* node and 1, 0 is nobody */
    } locked;
};

/* What one command works on. */
struct job {
    struct fake_store *store;
    const struct fake_command *command;
    struct bytes *answer;
};

static size_t bucket_of(struct span key)
{
    size_t hash = 5381;

    for (size_t i = 0; i < key.size; i++) {
        hash = hash * 33 + (unsigned char)key.at[i];
    }
    return hash % BUCKETS;
}

static struct entry **find_locked(struct fake_store *store, struct span key)
{
    struct entry **at = &store->locked.buckets[bucket_of(key)];

    while (*at != NULL && !span_equal((struct span){(*at)->key, (*at)->key_size}, key)) {
        at = &(*at)->next;
    }
    return at;
}

static struct entry *find_or_add_locked(struct fake_store *store, struct span key)
{
    struct entry **at = find_locked(store, key);

    if (*at == NULL) {
        *at = memory_new(1, sizeof **at);
        (*at)->slot = resp_slot(key);
        (*at)->key = memory_copy(key.at, key.size);
        (*at)->key_size = key.size;
    }
    return *at;
}

static bool remove_locked(struct fake_store *store, struct span key)
{
    struct entry **at = find_locked(store, key);
    struct entry *entry = *at;

    if (entry == NULL) {
        return false;
    }
    *at = entry->next;
    free(entry->key);
    bytes_clear(&entry->value);
    free(entry);
    return true;
}

static void answer_value(struct bytes *answer, const struct entry *entry)
{
    if (entry == NULL) {
        bytes_print(answer, "$-1\r\n");
        return;
    }
    bytes_print(answer, "$%zu\r\n", entry->value.size);
    bytes_add(answer, entry->value.at, entry->value.size);
    bytes_add(answer, "\r\n", 2);
}

static void job_get(struct job *job)
{
    answer_value(job->answer, *find_locked(job->store, job->command->arguments[1]));
}

static void job_mget(struct job *job)
{
    bytes_print(job->answer, "*%zu\r\n", job->command->count - 1);
    for (size_t i = 1; i < job->command->count; i++) {
        answer_value(job->answer, *find_locked(job->store, job->command->arguments[i]));
    }
}

static void job_set(struct job *job)
{
    for (size_t i = 1; i + 1 < job->command->count; i += 2) {
        struct entry *entry = find_or_add_locked(job->store, job->command->arguments[i]);
        struct span value = job->command->arguments[i + 1];
        entry->value.size = 0;
        bytes_add(&entry->value, value.at, value.size);
    }
    bytes_print(job->answer, "+OK\r\n");
}

static void job_append(struct job *job)
{
    struct entry *entry = find_or_add_locked(job->store, job->command->arguments[1]);
    struct span value = job->command->arguments[2];

    bytes_add(&entry->value, value.at, value.size);
    bytes_print(job->answer, ":%zu\r\n", entry->value.size);
}

static void job_incr(struct job *job)
{
    struct entry *entry = find_or_add_locked(job->store, job->command->arguments[1]);
    long long number = entry->value.size == 0 ? 0 : strtoll(entry->value.at, NULL, 10);

    entry->value.size = 0;
    bytes_print(&entry->value, "%lld", number + 1);
    bytes_print(job->answer, ":%lld\r\n", number + 1);
}

static void job_delete(struct job *job)
{
    int removed = 0;

    for (size_t i = 1; i < job->command->count; i++) {
        removed += remove_locked(job->store, job->command->arguments[i]);
    }
    bytes_print(job->answer, ":%d\r\n", removed);
}

static void job_exists(struct job *job)
{
    int found = 0;

    for (size_t i = 1; i < job->command->count; i++) {
        found += *find_locked(job->store, job->command->arguments[i]) != NULL;
    }
    bytes_print(job->answer, ":%d\r\n", found);
}

static bool is_of_node(const struct job *job, const struct entry *entry)
{
    return fake_cluster_owner(job->command->cluster, entry->slot) == job->command->index;
}

static void job_dbsize(struct job *job)
{
    int count = 0;

    for (size_t i = 0; i < BUCKETS; i++) {
        for (const struct entry *at = job->store->locked.buckets[i]; at != NULL; at = at->next) {
            count += is_of_node(job, at);
        }
    }
    bytes_print(job->answer, ":%d\r\n", count);
}

static void job_flush(struct job *job)
{
    for (size_t i = 0; i < BUCKETS; i++) {
        struct entry **at = &job->store->locked.buckets[i];
        while (*at != NULL) {
            if (is_of_node(job, *at)) {
                remove_locked(job->store, (struct span){(*at)->key, (*at)->key_size});
            } else {
                at = &(*at)->next;
            }
        }
    }
    bytes_print(job->answer, "+OK\r\n");
}

static void job_ask(struct job *job)
{
    bytes_print(job->answer, "+OK\r\n");
}

static const struct {
    const char *name;
    bool keyed;
    void (*run)(struct job *job);
} jobs[] = {
    {"get", true, job_get},       {"set", true, job_set},        {"append", true, job_append},
    {"incr", true, job_incr},     {"del", true, job_delete},     {"unlink", true, job_delete},
    {"exists", true, job_exists}, {"touch", true, job_exists},   {"mget", true, job_mget},
    {"mset", true, job_set},      {"dbsize", false, job_dbsize}, {"flushall", false, job_flush},
    {"asking", false, job_ask},
};

/* Answers MOVED when the key's slot is served elsewhere. */
static bool job_is_elsewhere(struct job *job)
{
    const struct fake_command *command = job->command;
    int slot = resp_slot(command->arguments[1]);
    int owner = fake_cluster_owner(command->cluster, slot);
    bool imports = command->asking && job->store->locked.importers[slot] == command->index + 1;

    if (owner == command->index || imports) {
        return false;
    }
    if (owner == FAKE_NOBODY) {
        bytes_print(job->answer, "-CLUSTERDOWN Hash slot not served\r\n");
    } else {
        bytes_print(job->answer, "-MOVED %d %s\r\n", slot,
                    fake_cluster_address(command->cluster, owner));
    }
    return true;
}

void fake_store_answer(void *context, const struct fake_command *command, struct bytes *answer)
{
    struct job job = {context, command, answer};

    pthread_mutex_lock(&job.store->lock);
    for (size_t i = 0; i < ARRAY_LEN(jobs); i++) {
        if (span_equal_nocase(command->arguments[0], span_of(jobs[i].name))) {
            if (!jobs[i].keyed || !job_is_elsewhere(&job)) {
                jobs[i].run(&job);
            }
            pthread_mutex_unlock(&job.store->lock);
            return;
        }
    }
    pthread_mutex_unlock(&job.store->lock);
    bytes_print(answer, "-ERR unknown command\r\n");
}

struct fake_store *fake_store_new(void)
{
    struct fake_store *store = memory_new(1, sizeof *store);

    pthread_mutex_init(&store->lock, NULL);
    return store;
}

void fake_store_free(struct fake_store **store)
{
    if (*store == NULL) {
        return;
    }
    for (size_t i = 0; i < BUCKETS; i++) {
        struct entry *entry = NULL;
        while ((entry = (*store)->locked.buckets[i]) != NULL) {
            remove_locked(*store, (struct span){entry->key, entry->key_size});
        }
    }
    pthread_mutex_destroy(&(*store)->lock);
    free(*store);
    *store = NULL;
}

void fake_store_serve(struct fake_store *store, struct fake_cluster *cluster)
{
    for (int i = 0; i < fake_cluster_size(cluster); i++) {
        fake_node_handle(fake_cluster_node(cluster, i), fake_store_answer, store);
    }
}

void fake_store_import(struct fake_store *store, int slot, int node)
{
    pthread_mutex_lock(&store->lock);
    store->locked.importers[slot] = node + 1;
    pthread_mutex_unlock(&store->lock);
}

char *fake_store_get(struct fake_store *store, const char *key)
{
    pthread_mutex_lock(&store->lock);
    const struct entry *entry = *find_locked(store, span_of(key));
    char *value = entry == NULL ? NULL : memory_copy(entry->value.at, entry->value.size);
    pthread_mutex_unlock(&store->lock);
    return value;
}
