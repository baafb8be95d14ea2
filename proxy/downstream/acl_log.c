#include "proxy/downstream/acl_log.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/memory.h"
#include "common/resp_write.h"
#include "proxy/downstream/client_line.h"

/* Redis's: so far back, in entries and in time, an entry is looked for that is alike. */
enum { LOOKED_AT = 10, ALIKE_US = 60 * US_PER_SECOND };

enum { PAIRS = 10 };

struct acl_entry {
    uint64_t id;
    uint64_t count;
    enum acl_verdict verdict;
    bool is_in_multi;
    char *object;
    size_t object_size;
    char *user;
    size_t user_size;
    char *client;
    uint64_t created; /* clock_wall(); likewise the next */
    uint64_t updated;
};

/* The newest first. */
struct acl_log {
    pthread_mutex_t mutex;
    struct {
        struct acl_entry entries[ACL_LOG_MAX];
        size_t count;
        uint64_t next_id;
    } locked;
};

struct acl_log *acl_log_new(void)
{
    struct acl_log *log = memory_new(1, sizeof *log);

    CHECK(pthread_mutex_init(&log->mutex, NULL) == 0);
    return log;
}

static void entry_clear(struct acl_entry *entry)
{
    free(entry->object);
    free(entry->user);
    free(entry->client);
}

static void reset_locked(struct acl_log *log)
{
    while (log->locked.count > 0) {
        entry_clear(&log->locked.entries[--log->locked.count]);
    }
}

void acl_log_free(struct acl_log **log)
{
    struct acl_log *gone = *log;

    *log = NULL;
    if (gone == NULL) {
        return;
    }
    reset_locked(gone);
    pthread_mutex_destroy(&gone->mutex);
    free(gone);
}

void acl_log_reset(struct acl_log *log)
{
    pthread_mutex_lock(&log->mutex);
    reset_locked(log);
    pthread_mutex_unlock(&log->mutex);
}

static bool is_alike(const struct acl_entry *one, const struct acl_entry *other)
{
    uint64_t between = other->updated > one->updated ? other->updated - one->updated
                                                     : one->updated - other->updated;

    return one->verdict == other->verdict && one->is_in_multi == other->is_in_multi &&
           between <= ALIKE_US &&
           span_equal((struct span){one->object, one->object_size},
                      (struct span){other->object, other->object_size}) &&
           span_equal((struct span){one->user, one->user_size},
                      (struct span){other->user, other->user_size});
}

/* To the front; what was there moves one back, over place `from`. */
static void put_first(struct acl_log *log, size_t from, struct acl_entry *entry)
{
    memmove(&log->locked.entries[1], &log->locked.entries[0], from * sizeof log->locked.entries[0]);
    log->locked.entries[0] = *entry;
}

/* Takes what is in `added`. */
static void add_locked(struct acl_log *log, struct acl_entry *added)
{
    for (size_t i = 0; i < size_min(log->locked.count, LOOKED_AT); i++) {
        struct acl_entry alike = log->locked.entries[i];

        if (is_alike(&alike, added)) {
            free(alike.client);
            alike.client = added->client;
            alike.updated = added->updated;
            alike.count++;
            added->client = NULL;
            entry_clear(added);
            put_first(log, i, &alike);
            return;
        }
    }
    if (log->locked.count == ACL_LOG_MAX) {
        entry_clear(&log->locked.entries[--log->locked.count]);
    }
    added->id = log->locked.next_id++;
    put_first(log, log->locked.count, added);
    log->locked.count++;
}

/* Without the end of the line that it has in CLIENT LIST; names in it may be of any length. */
static char *client_text(struct client *client)
{
    char *text = client_line_print(client, &client->clients->arguments);

    text[size_min(strcspn(text, "\n"), ACL_LOG_OBJECT_MAX)] = '\0';
    return memory_resize(text, strlen(text) + 1, 1);
}

static char *cut_copy(struct span text, size_t *size)
{
    *size = size_min(text.size, ACL_LOG_OBJECT_MAX);
    return memory_copy(text.at, *size);
}

void acl_log_note(struct client *client, enum acl_verdict verdict, struct span object,
                  struct span user)
{
    struct acl_log *log = client->clients->house->acl_log;
    uint64_t now = clock_wall();
    struct acl_entry entry = {
        .count = 1,
        .verdict = verdict,
        .is_in_multi = client->session.is_in_multi,
        .created = now,
        .updated = now,
    };

    if (log == NULL) {
        return;
    }
    entry.object = cut_copy(object, &entry.object_size);
    entry.user = cut_copy(user, &entry.user_size);
    entry.client = client_text(client);
    pthread_mutex_lock(&log->mutex);
    add_locked(log, &entry);
    pthread_mutex_unlock(&log->mutex);
}

static const char *const reasons[] = {
#define ROW(symbol, text) [ACL_##symbol] = text,
    ACL_VERDICTS(ROW)
#undef ROW
};

static void write_number(struct sendq *to, const char *name, uint64_t number)
{
    resp_write_text(to, name);
    resp_write_integer(to, (int64_t)number);
}

static void write_bytes(struct sendq *to, const char *name, struct span bytes)
{
    resp_write_text(to, name);
    resp_write_bulk(to, bytes);
}

static void write_entry(const struct acl_entry *entry, uint64_t now, struct sendq *to)
{
    uint64_t age_ms = (now > entry->updated ? now - entry->updated : 0) / US_PER_MS;

    resp_write_map(to, PAIRS);
    write_number(to, "count", entry->count);
    write_bytes(to, "reason", span_of(reasons[entry->verdict]));
    write_bytes(to, "context", entry->is_in_multi ? SPAN("multi") : SPAN("toplevel"));
    write_bytes(to, "object", (struct span){entry->object, entry->object_size});
    write_bytes(to, "username", (struct span){entry->user, entry->user_size});
    resp_write_text(to, "age-seconds");
    resp_write_double(to, (double)age_ms / 1000);
    write_bytes(to, "client-info", span_of(entry->client));
    write_number(to, "entry-id", entry->id);
    write_number(to, "timestamp-created", entry->created / US_PER_MS);
    write_number(to, "timestamp-last-updated", entry->updated / US_PER_MS);
}

void acl_log_write(struct acl_log *log, size_t most, struct sendq *to)
{
    uint64_t now = clock_wall();

    pthread_mutex_lock(&log->mutex);
    most = size_min(most, log->locked.count);
    resp_write_array(to, most);
    for (size_t i = 0; i < most; i++) {
        write_entry(&log->locked.entries[i], now, to);
    }
    pthread_mutex_unlock(&log->mutex);
}
