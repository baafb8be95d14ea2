#include "proxy/downstream/roll.h"

#include <pthread.h>
#include <stdlib.h>

#include "common/memory.h"
#include "proxy/downstream/client.h"

enum { ROOM_FIRST = 64 };

struct roll {
    pthread_mutex_t lock;
    struct {
        struct client **places; /* NULL: nobody is there */
        size_t room;            /* a power of two, a quarter of it free */
        size_t count;
    } locked;
};

static uint64_t id_of(const struct client *client)
{
    return client->session.id;
}

struct roll *roll_new(void)
{
    struct roll *roll = memory_new(1, sizeof *roll);

    pthread_mutex_init(&roll->lock, NULL);
    roll->locked.room = ROOM_FIRST;
    roll->locked.places = memory_new(ROOM_FIRST, sizeof *roll->locked.places);
    return roll;
}

void roll_free(struct roll **roll)
{
    struct roll *gone = *roll;

    *roll = NULL;
    if (gone != NULL) {
        CHECK(gone->locked.count == 0);
        free(gone->locked.places);
        pthread_mutex_destroy(&gone->lock);
        free(gone);
    }
}

/* Where `id` is, or would be put. */
static size_t place_locked(const struct roll *roll, uint64_t id)
{
    size_t at = id & (roll->locked.room - 1);

    while (roll->locked.places[at] != NULL && id_of(roll->locked.places[at]) != id) {
        at = (at + 1) & (roll->locked.room - 1);
    }
    return at;
}

static void grow_locked(struct roll *roll)
{
    struct client **before = roll->locked.places;
    size_t room = roll->locked.room;

    roll->locked.room = room * 2;
    roll->locked.places = memory_new(room * 2, sizeof *before);
    for (size_t at = 0; at < room; at++) {
        if (before[at] != NULL) {
            roll->locked.places[place_locked(roll, id_of(before[at]))] = before[at];
        }
    }
    free(before);
}

void roll_add(struct roll *roll, struct client *client)
{
    pthread_mutex_lock(&roll->lock);
    if (++roll->locked.count > roll->locked.room / 4 * 3) {
        grow_locked(roll);
    }
    roll->locked.places[place_locked(roll, id_of(client))] = client;
    pthread_mutex_unlock(&roll->lock);
}

/* Nobody behind the gap may be cut off from his place by it: who is moves into it. */
static void close_gap_locked(struct roll *roll, size_t gap)
{
    size_t mask = roll->locked.room - 1;

    for (size_t at = (gap + 1) & mask; roll->locked.places[at] != NULL; at = (at + 1) & mask) {
        size_t wanted = id_of(roll->locked.places[at]) & mask;

        if (((at - wanted) & mask) >= ((at - gap) & mask)) {
            roll->locked.places[gap] = roll->locked.places[at];
            gap = at;
        }
    }
    roll->locked.places[gap] = NULL;
}

void roll_remove(struct roll *roll, struct client *client)
{
    pthread_mutex_lock(&roll->lock);

    size_t at = place_locked(roll, id_of(client));

    CHECK(roll->locked.places[at] == client);
    roll->locked.count--;
    close_gap_locked(roll, at);
    pthread_mutex_unlock(&roll->lock);
}

bool roll_find(struct roll *roll, uint64_t id, size_t *worker)
{
    pthread_mutex_lock(&roll->lock);

    const struct client *client = roll->locked.places[place_locked(roll, id)];

    if (client != NULL) {
        *worker = client->clients->worker;
    }
    pthread_mutex_unlock(&roll->lock);
    return client != NULL;
}

struct client *roll_client(struct roll *roll, const struct clients *clients, uint64_t id)
{
    pthread_mutex_lock(&roll->lock);

    struct client *client = roll->locked.places[place_locked(roll, id)];

    if (client != NULL && client->clients != clients) {
        client = NULL;
    }
    pthread_mutex_unlock(&roll->lock);
    return client;
}
