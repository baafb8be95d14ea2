#include "tests/chaos/workload.h"

#include <pthread.h>
#include <stdlib.h>

#include "common/check.h"
#include "common/memory.h"
#include "tests/chaos/client.h"

enum wish { WISH_PAUSE = 0, WISH_TALK, WISH_END };

struct worker {
    struct workload *workload;
    struct client client;
    pthread_t thread;
};

struct workload {
    struct worker *workers;
    uint32_t count;
    struct history *histories; /* of all clients, borrowed from them */
    size_t history_count;
    _Atomic enum wish wish;
    struct {
        pthread_mutex_t mutex;
        pthread_cond_t changed;
        uint32_t talking; /* clients that have not paused yet */
        uint32_t round;
    } locked;
};

/* Waits for the next round; false when there is none. */
static bool next_round(struct workload *workload, uint32_t *round)
{
    pthread_mutex_lock(&workload->locked.mutex);
    while (atomic_load(&workload->wish) != WISH_END && workload->locked.round == *round) {
        pthread_cond_wait(&workload->locked.changed, &workload->locked.mutex);
    }
    *round = workload->locked.round;
    pthread_mutex_unlock(&workload->locked.mutex);
    return atomic_load(&workload->wish) != WISH_END;
}

static void tell_paused(struct workload *workload)
{
    pthread_mutex_lock(&workload->locked.mutex);
    workload->locked.talking--;
    pthread_cond_broadcast(&workload->locked.changed);
    pthread_mutex_unlock(&workload->locked.mutex);
}

static void *worker_run(void *argument)
{
    struct worker *worker = argument;
    struct client *client = &worker->client;
    uint32_t round = 0;

    while (next_round(worker->workload, &round)) {
        client_begin(client, round);
        while (atomic_load(&worker->workload->wish) == WISH_TALK && !client->is_stuck) {
            client_talk(client);
        }
        client_drain(client);
        tell_paused(worker->workload);
    }
    return NULL;
}

struct workload *workload_new(const struct settings *settings, uint16_t port)
{
    struct workload *workload = memory_new(1, sizeof *workload);

    workload->count = settings->clients;
    workload->workers = memory_new(workload->count, sizeof *workload->workers);
    pthread_mutex_init(&workload->locked.mutex, NULL);
    pthread_cond_init(&workload->locked.changed, NULL);
    for (uint32_t i = 0; i < workload->count; i++) {
        struct worker *worker = &workload->workers[i];
        worker->workload = workload;
        client_init(&worker->client, settings, port, i);
        int failed = pthread_create(&worker->thread, NULL, worker_run, worker);
        CHECK(failed == 0);
    }
    return workload;
}

void workload_begin(struct workload *workload, uint32_t round)
{
    pthread_mutex_lock(&workload->locked.mutex);
    CHECK(workload->locked.talking == 0 && workload->locked.round != round);
    atomic_store(&workload->wish, WISH_TALK);
    workload->locked.talking = workload->count;
    workload->locked.round = round;
    pthread_cond_broadcast(&workload->locked.changed);
    pthread_mutex_unlock(&workload->locked.mutex);
}

static void collect_histories(struct workload *workload)
{
    workload->history_count = 0;
    for (uint32_t i = 0; i < workload->count; i++) {
        const struct client *client = &workload->workers[i].client;
        workload->histories =
            memory_resize(workload->histories, workload->history_count + client->history_count,
                          sizeof *workload->histories);
        memcpy(workload->histories + workload->history_count, client->histories,
               client->history_count * sizeof *client->histories);
        workload->history_count += client->history_count;
    }
}

bool workload_pause(struct workload *workload)
{
    bool stuck = false;

    atomic_store(&workload->wish, WISH_PAUSE);
    pthread_mutex_lock(&workload->locked.mutex);
    while (workload->locked.talking > 0) {
        pthread_cond_wait(&workload->locked.changed, &workload->locked.mutex);
    }
    pthread_mutex_unlock(&workload->locked.mutex);
    collect_histories(workload);
    for (uint32_t i = 0; i < workload->count; i++) {
        stuck |= workload->workers[i].client.is_stuck;
    }
    return !stuck;
}

const struct history *workload_histories(const struct workload *workload, size_t *count)
{
    *count = workload->history_count;
    return workload->histories;
}

uint64_t workload_progress(const struct workload *workload)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < workload->count; i++) {
        sum += atomic_load_explicit(&workload->workers[i].client.progress, memory_order_relaxed);
    }
    return sum;
}

static void add_error(struct error_kind **sums, size_t *count, const struct error_kind *kind)
{
    size_t i = 0;

    while (i < *count && strcmp((*sums)[i].text, kind->text) != 0) {
        i++;
    }
    if (i == *count) {
        *sums = memory_resize(*sums, ++*count, sizeof **sums);
        (*sums)[i] = *kind;
    } else {
        (*sums)[i].count += kind->count;
    }
}

void workload_print_errors(const struct workload *workload, struct bytes *text)
{
    struct error_kind *sums = NULL;
    size_t count = 0;
    uint64_t closes = 0;

    for (uint32_t i = 0; i < workload->count; i++) {
        const struct client *client = &workload->workers[i].client;
        for (size_t kind = 0; kind < client->error_count; kind++) {
            add_error(&sums, &count, &client->errors[kind]);
        }
        closes += client->closes;
    }
    for (size_t i = 0; i < count; i++) {
        bytes_print(text, "    %8llu  %s\n", (unsigned long long)sums[i].count, sums[i].text);
    }
    bytes_print(text, "    %8llu  connections closed by slotway\n", (unsigned long long)closes);
    free(sums);
}

void workload_free(struct workload **workload)
{
    atomic_store(&(*workload)->wish, WISH_END);
    pthread_mutex_lock(&(*workload)->locked.mutex);
    pthread_cond_broadcast(&(*workload)->locked.changed);
    pthread_mutex_unlock(&(*workload)->locked.mutex);
    for (uint32_t i = 0; i < (*workload)->count; i++) {
        pthread_join((*workload)->workers[i].thread, NULL);
        client_clear(&(*workload)->workers[i].client);
    }
    free((*workload)->workers);
    free((*workload)->histories);
    pthread_mutex_destroy(&(*workload)->locked.mutex);
    pthread_cond_destroy(&(*workload)->locked.changed);
    free(*workload);
    *workload = NULL;
}
