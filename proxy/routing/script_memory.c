#include "proxy/routing/script_memory.h"

#include <pthread.h>
#include <stdlib.h>

#include "common/memory.h"

enum { BUCKETS = 1024 };

struct script_memory {
    size_t most;
    size_t most_bytes;
    _Atomic uint64_t changes;
    pthread_mutex_t lock;
    struct { /* all of it behind the lock */
        struct list buckets[BUCKETS];
        struct list order; /* the one that is considered for going next is the first */
        size_t count;
        size_t bytes;
        uint64_t last_number;
    } locked;
};

struct script_memory *script_memory_new(size_t most, size_t most_bytes)
{
    struct script_memory *memory = memory_new(1, sizeof *memory);

    memory->most = most;
    memory->most_bytes = most_bytes;
    pthread_mutex_init(&memory->lock, NULL);
    list_init(&memory->locked.order);
    for (size_t i = 0; i < BUCKETS; i++) {
        list_init(&memory->locked.buckets[i]);
    }
    return memory;
}

static struct script *script_new(const struct sha1 *sha1, struct span body, uint64_t number)
{
    struct script *script = memory_raw(sizeof *script + body.size);

    *script = (struct script){.sha1 = *sha1, .number = number, .size = body.size};
    atomic_init(&script->references, 1);
    atomic_init(&script->is_kept, true);
    atomic_init(&script->is_used, false);
    memcpy(script->body, body.at, body.size);
    return script;
}

static struct script *script_take(struct script *script)
{
    atomic_fetch_add(&script->references, 1);
    return script;
}

void script_release(struct script **script)
{
    struct script *gone = *script;

    *script = NULL;
    if (gone != NULL && atomic_fetch_sub(&gone->references, 1) == 1) {
        free(gone);
    }
}

static struct list *bucket_of_locked(struct script_memory *memory, const struct sha1 *sha1)
{
    return &memory->locked.buckets[sha1_hash(sha1) % BUCKETS];
}

static struct script *find_locked(struct script_memory *memory, const struct sha1 *sha1)
{
    LIST_EACH (link, bucket_of_locked(memory, sha1)) {
        struct script *script = container_of(link, struct script, in_bucket);

        if (sha1_equal(&script->sha1, sha1)) {
            return script;
        }
    }
    return NULL;
}

static void drop_locked(struct script_memory *memory, struct script *script)
{
    list_remove(&script->in_bucket);
    list_remove(&script->in_order);
    memory->locked.count--;
    memory->locked.bytes -= script->size;
    atomic_store(&script->is_kept, false);
    script_release(&script);
}

/* Whoever was used since the last time is spared once more. */
static void make_room_locked(struct script_memory *memory, size_t size)
{
    while (memory->locked.count + 1 > memory->most ||
           memory->locked.bytes + size > memory->most_bytes) {
        struct script *script =
            container_of(list_first(&memory->locked.order), struct script, in_order);

        if (atomic_exchange(&script->is_used, false)) {
            list_move(&memory->locked.order, &script->in_order);
        } else {
            drop_locked(memory, script);
        }
    }
}

static struct script *add_locked(struct script_memory *memory, const struct sha1 *sha1,
                                 struct span body)
{
    struct script *script;

    make_room_locked(memory, body.size);
    script = script_new(sha1, body, ++memory->locked.last_number);
    list_append(bucket_of_locked(memory, sha1), &script->in_bucket);
    list_append(&memory->locked.order, &script->in_order);
    memory->locked.count++;
    memory->locked.bytes += body.size;
    atomic_fetch_add(&memory->changes, 1);
    return script;
}

struct script *script_memory_keep(struct script_memory *memory, const struct sha1 *sha1,
                                  struct span body)
{
    struct script *script;

    if (body.size > SCRIPT_BODY_MAX || body.size > memory->most_bytes) {
        return NULL;
    }
    pthread_mutex_lock(&memory->lock);
    script = find_locked(memory, sha1);
    if (script == NULL) {
        script = add_locked(memory, sha1, body);
    } else {
        script_use(script);
    }
    script_take(script);
    pthread_mutex_unlock(&memory->lock);
    return script;
}

struct script *script_memory_take(struct script_memory *memory, const struct sha1 *sha1)
{
    struct script *script;

    pthread_mutex_lock(&memory->lock);
    script = find_locked(memory, sha1);
    if (script != NULL) {
        script_take(script);
        script_use(script);
    }
    pthread_mutex_unlock(&memory->lock);
    return script;
}

void script_memory_forget(struct script_memory *memory, const struct sha1 *sha1)
{
    struct script *script;

    pthread_mutex_lock(&memory->lock);
    script = find_locked(memory, sha1);
    if (script != NULL) {
        drop_locked(memory, script);
    }
    pthread_mutex_unlock(&memory->lock);
}

void script_memory_flush(struct script_memory *memory)
{
    pthread_mutex_lock(&memory->lock);
    LIST_EACH_SAFE (link, &memory->locked.order) {
        drop_locked(memory, container_of(link, struct script, in_order));
    }
    pthread_mutex_unlock(&memory->lock);
}

uint64_t script_memory_changes(struct script_memory *memory)
{
    return atomic_load_explicit(&memory->changes, memory_order_acquire);
}

void script_memory_free(struct script_memory **memory)
{
    struct script_memory *gone = *memory;

    *memory = NULL;
    if (gone != NULL) {
        script_memory_flush(gone);
        pthread_mutex_destroy(&gone->lock);
        free(gone);
    }
}
