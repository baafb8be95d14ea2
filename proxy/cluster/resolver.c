#include "proxy/cluster/resolver.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/check.h"
#include "common/clock.h"
#include "common/list.h"
#include "common/log.h"
#include "common/memory.h"

enum {
    FRESH_US = US_PER_SECOND, /* an answer, or that there is none */
    UNUSED_US = 600 * US_PER_SECOND,
    LOOKUPS_MAX = 8,
    BUCKETS = 256,
};

/* What is known of one name and port. */
struct entry {
    struct list_link link; /* in its bucket */
    struct address address;
    struct endpoint endpoint; /* the last good answer; size 0: none so far */
    uint64_t asked_at;
    uint64_t answered_at;
    uint64_t used_at;
    bool is_asking;
    bool was_waited_for; /* since it was asked last */
    bool has_failed;     /* the last answer was none */
    bool is_told;        /* the log says that it has failed */
};

/* Outlives the resolver as long as a lookup runs. */
struct resolver {
    resolver_lookup *lookup;
    int stop_fd;
    int done_fd; /* wakes the thread that waits for an answer */
    uint64_t patience;
    pthread_mutex_t mutex;
    struct {
        struct list buckets[BUCKETS];
        uint32_t lookups; /* that run */
        bool is_closed;   /* nobody waits for answers any more */
        uint64_t swept_at;
    } locked;
};

struct lookup {
    struct resolver *resolver;
    struct address address;
};

struct resolver *resolver_new(resolver_lookup *lookup, int stop_fd, uint64_t patience)
{
    struct resolver *resolver = memory_new(1, sizeof *resolver);

    resolver->lookup = lookup;
    resolver->stop_fd = stop_fd;
    resolver->patience = patience;
    resolver->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    CHECK(resolver->done_fd >= 0);
    pthread_mutex_init(&resolver->mutex, NULL);
    for (size_t at = 0; at < BUCKETS; at++) {
        list_init(&resolver->locked.buckets[at]);
    }
    return resolver;
}

static void resolver_destroy(struct resolver *resolver)
{
    for (size_t at = 0; at < BUCKETS; at++) {
        LIST_EACH_SAFE (link, &resolver->locked.buckets[at]) {
            free(container_of(link, struct entry, link));
        }
    }
    pthread_mutex_destroy(&resolver->mutex);
    close(resolver->done_fd);
    free(resolver);
}

void resolver_free(struct resolver **resolver)
{
    struct resolver *gone = *resolver;

    *resolver = NULL;
    if (gone == NULL) {
        return;
    }
    pthread_mutex_lock(&gone->mutex);
    gone->locked.is_closed = true;
    bool is_last = gone->locked.lookups == 0;
    pthread_mutex_unlock(&gone->mutex);
    if (is_last) {
        resolver_destroy(gone);
    }
}

static struct list *bucket_locked(struct resolver *resolver, const struct address *address)
{
    return &resolver->locked.buckets[address_hash(address) % BUCKETS];
}

static struct entry *entry_find_locked(struct resolver *resolver, const struct address *address)
{
    LIST_EACH (link, bucket_locked(resolver, address)) {
        struct entry *entry = container_of(link, struct entry, link);

        if (address_equal(&entry->address, address)) {
            return entry;
        }
    }
    return NULL;
}

/* Names that no picture has used for long. */
static void sweep_locked(struct resolver *resolver, uint64_t now)
{
    if (now - resolver->locked.swept_at < UNUSED_US) {
        return;
    }
    resolver->locked.swept_at = now;
    for (size_t at = 0; at < BUCKETS; at++) {
        LIST_EACH_SAFE (link, &resolver->locked.buckets[at]) {
            struct entry *entry = container_of(link, struct entry, link);

            if (!entry->is_asking && now - entry->used_at >= UNUSED_US) {
                list_remove(&entry->link);
                free(entry);
            }
        }
    }
}

static struct entry *entry_take_locked(struct resolver *resolver, const struct address *address,
                                       uint64_t now)
{
    struct entry *entry = entry_find_locked(resolver, address);

    if (entry == NULL) {
        sweep_locked(resolver, now);
        entry = memory_new(1, sizeof *entry);
        entry->address = *address;
        list_append(bucket_locked(resolver, address), &entry->link);
    }
    entry->used_at = now;
    return entry;
}

/* What came out of a lookup; the last one that ends after resolver_free cleans up. */
static void resolver_note(struct lookup *lookup, enum address_result result,
                          const struct endpoint *endpoint)
{
    struct resolver *resolver = lookup->resolver;
    uint64_t one = 1;

    pthread_mutex_lock(&resolver->mutex);
    struct entry *entry = entry_find_locked(resolver, &lookup->address);
    CHECK(entry != NULL && entry->is_asking);
    entry->is_asking = false;
    entry->answered_at = clock_now();
    entry->has_failed = result != ADDRESS_OK;
    if (result == ADDRESS_OK) {
        entry->endpoint = *endpoint;
    }
    bool is_last = --resolver->locked.lookups == 0 && resolver->locked.is_closed;
    ssize_t written = write(resolver->done_fd, &one, sizeof one);
    CHECK(written == (ssize_t)sizeof one || errno == EAGAIN);
    pthread_mutex_unlock(&resolver->mutex);
    if (is_last) {
        resolver_destroy(resolver);
    }
}

static void *lookup_thread(void *context)
{
    struct lookup *lookup = context;
    struct endpoint endpoint = {0};
    enum address_result result = lookup->resolver->lookup(&lookup->address, &endpoint);

    resolver_note(lookup, result, &endpoint);
    free(lookup);
    return NULL;
}

static void ask_locked(struct resolver *resolver, struct entry *entry, uint64_t now)
{
    struct lookup *lookup;
    pthread_t thread;

    if (entry->is_asking || resolver->locked.lookups == LOOKUPS_MAX ||
        (entry->answered_at != 0 && now - entry->answered_at < FRESH_US)) {
        return;
    }
    lookup = memory_new(1, sizeof *lookup);
    *lookup = (struct lookup){resolver, entry->address};
    if (pthread_create(&thread, NULL, lookup_thread, lookup) != 0) {
        free(lookup);
        return;
    }
    pthread_setname_np(thread, "resolver");
    pthread_detach(thread);
    entry->is_asking = true;
    entry->was_waited_for = false;
    entry->asked_at = now;
    resolver->locked.lookups++;
}

void resolver_prepare(struct resolver *resolver, const struct address *address)
{
    struct endpoint ignored;
    uint64_t now = clock_now();

    if (address_to_endpoint(address, &ignored)) {
        return;
    }
    pthread_mutex_lock(&resolver->mutex);
    ask_locked(resolver, entry_take_locked(resolver, address, now), now);
    pthread_mutex_unlock(&resolver->mutex);
}

/* False: we shall stop. */
static bool resolver_wait(const struct resolver *resolver, uint64_t us)
{
    struct pollfd watched[] = {{.fd = resolver->stop_fd, .events = POLLIN},
                               {.fd = resolver->done_fd, .events = POLLIN}};
    struct timespec timeout = {.tv_sec = (time_t)(us / US_PER_SECOND),
                               .tv_nsec = (long)(us % US_PER_SECOND) * 1000};
    uint64_t ignored;

    if (ppoll(watched, ARRAY_LEN(watched), &timeout, NULL) > 0 && watched[1].revents != 0) {
        ssize_t size = read(resolver->done_fd, &ignored, sizeof ignored);
        CHECK(size == (ssize_t)sizeof ignored || errno == EAGAIN || errno == EINTR);
    }
    return watched[0].revents == 0;
}

/* How long to wait for it now. Each lookup is waited for once, and shortly where an older answer
 * would do. */
static uint64_t patience_locked(const struct resolver *resolver, struct entry *entry, uint64_t now)
{
    bool is_known = entry->endpoint.size != 0;
    uint64_t deadline = entry->asked_at + resolver->patience / (is_known ? 4 : 1);

    if (!entry->is_asking || entry->was_waited_for) {
        return 0;
    }
    if (now >= deadline) {
        entry->was_waited_for = true;
        return 0;
    }
    return deadline - now;
}

static void entry_tell(struct entry *entry)
{
    char text[sizeof entry->address];
    bool has_failed = entry->has_failed || (entry->is_asking && entry->was_waited_for);

    if (has_failed == entry->is_told) {
        return;
    }
    address_print(&entry->address, text, sizeof text);
    if (has_failed) {
        log_warn("name cannot be resolved", "name=%s error=%s last_known=%s", text,
                 entry->is_asking ? "the resolver does not answer" : "no such name",
                 entry->endpoint.size == 0 ? "no" : "yes");
    } else {
        log_info("name can be resolved again", "name=%s", text);
    }
    entry->is_told = has_failed;
}

bool resolver_find(struct resolver *resolver, const struct address *address,
                   struct endpoint *endpoint)
{
    struct entry *entry;
    uint64_t wait;
    bool goes_on = true;

    if (address_to_endpoint(address, endpoint)) {
        return true;
    }
    resolver_prepare(resolver, address);
    pthread_mutex_lock(&resolver->mutex);
    entry = entry_find_locked(resolver, address);
    while (goes_on && (wait = patience_locked(resolver, entry, clock_now())) > 0) {
        pthread_mutex_unlock(&resolver->mutex);
        goes_on = resolver_wait(resolver, wait);
        pthread_mutex_lock(&resolver->mutex);
    }
    entry_tell(entry);
    *endpoint = entry->endpoint;
    pthread_mutex_unlock(&resolver->mutex);
    return endpoint->size != 0;
}
