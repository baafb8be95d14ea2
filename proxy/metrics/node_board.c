#include "proxy/metrics/node_board.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/check.h"
#include "common/memory.h"

enum { NAMESAKES = 2 };

struct node_board {
    pthread_mutex_t lock;
    struct {
        struct list nodes; /* of struct node_counts */
        size_t count;
    } locked;
};

struct node_board *node_board_new(void)
{
    struct node_board *board = memory_new(1, sizeof *board);

    pthread_mutex_init(&board->lock, NULL);
    list_init(&board->locked.nodes);
    return board;
}

void node_board_free(struct node_board **board)
{
    struct node_board *gone = *board;

    *board = NULL;
    if (gone == NULL) {
        return;
    }
    CHECK(list_is_empty(&gone->locked.nodes));
    pthread_mutex_destroy(&gone->lock);
    free(gone);
}

void node_board_add(struct node_board *board, struct node_counts *counts)
{
    if (board == NULL) {
        return;
    }
    pthread_mutex_lock(&board->lock);
    list_append(&board->locked.nodes, &counts->in_board);
    board->locked.count++;
    pthread_mutex_unlock(&board->lock);
}

void node_board_remove(struct node_board *board, struct node_counts *counts)
{
    if (board == NULL) {
        return;
    }
    pthread_mutex_lock(&board->lock);
    CHECK(list_link_is_on(&counts->in_board));
    list_remove(&counts->in_board);
    board->locked.count--;
    pthread_mutex_unlock(&board->lock);
}

/* Nobody else changes the list. */
static struct node_counts *board_find(struct node_board *board, const char *name)
{
    LIST_EACH (link, &board->locked.nodes) {
        struct node_counts *counts = container_of(link, struct node_counts, in_board);

        if (strcmp(counts->name, name) == 0) {
            return counts;
        }
    }
    return NULL;
}

struct node_counts *node_board_take(struct node_board *board, const char *name)
{
    struct node_counts *counts = board == NULL ? NULL : board_find(board, name);

    if (counts == NULL) {
        counts = memory_new(1, sizeof *counts);
        counts->name = memory_copy(name, strlen(name));
        node_board_add(board, counts);
    }
    counts->users++;
    return counts;
}

void node_board_give_back(struct node_board *board, struct node_counts **counts)
{
    struct node_counts *gone = *counts;

    *counts = NULL;
    CHECK(gone->users > 0);
    if (--gone->users == 0) {
        CHECK(gone->private_busy == 0 && gone->missed_by == 0);
        node_board_remove(board, gone);
        free((char *)gone->name);
        free(gone);
    }
}

/* Names are copied: the node may be gone when they are read. */
static void figures_read(struct node_figures *figures, const struct node_counts *counts)
{
    *figures = (struct node_figures){.name = memory_copy(counts->name, strlen(counts->name))};
#define NODE_COUNTER(name, help) figures->name = metric_read(&counts->name);
#define NODE_GAUGE(name, help)   figures->name = metric_read(&counts->name);
#include "proxy/metrics/node_metrics.def"
    steps_add_to(&counts->queue_time, &figures->queue_time);
    steps_add_to(&counts->backend_time, &figures->backend_time);
}

static size_t board_count(struct node_board *board)
{
    size_t count;

    pthread_mutex_lock(&board->lock);
    count = board->locked.count;
    pthread_mutex_unlock(&board->lock);
    return count;
}

static void gather_locked(struct nodes_gathered *gathered, const struct node_board *board)
{
    size_t room = gathered->count + board->locked.count;

    if (board->locked.count == 0) {
        return;
    }
    gathered->nodes = memory_resize(gathered->nodes, room, sizeof *gathered->nodes);
    LIST_EACH (link, &board->locked.nodes) {
        CHECK(gathered->count < room);
        figures_read(&gathered->nodes[gathered->count++],
                     container_of(link, struct node_counts, in_board));
    }
}

static int figures_compare(const void *a, const void *b)
{
    const struct node_figures *one = a;
    const struct node_figures *other = b;

    return strcmp(one->name, other->name);
}

static void total_add(struct steps_total *to, const struct steps_total *from)
{
    for (size_t i = 0; i < STEPS; i++) {
        to->counts[i] += from->counts[i];
    }
    to->sum += from->sum;
}

static void figures_add(struct node_figures *to, const struct node_figures *from)
{
#define NODE_COUNTER(name, help) to->name += from->name;
#define NODE_GAUGE(name, help)   to->name += from->name;
#include "proxy/metrics/node_metrics.def"
    total_add(&to->queue_time, &from->queue_time);
    total_add(&to->backend_time, &from->backend_time);
}

/* Those of one name become one. */
static void gathered_merge(struct nodes_gathered *gathered)
{
    size_t kept = 0;

    if (gathered->count == 0) {
        return;
    }
    qsort(gathered->nodes, gathered->count, sizeof *gathered->nodes, figures_compare);
    for (size_t i = 1; i < gathered->count; i++) {
        if (figures_compare(&gathered->nodes[kept], &gathered->nodes[i]) == 0) {
            figures_add(&gathered->nodes[kept], &gathered->nodes[i]);
            free((char *)gathered->nodes[i].name);
        } else {
            gathered->nodes[++kept] = gathered->nodes[i];
        }
    }
    gathered->count = kept + 1;
}

void nodes_clear(struct nodes_gathered *gathered)
{
    for (size_t i = 0; i < gathered->count; i++) {
        free((char *)gathered->nodes[i].name);
    }
    free(gathered->nodes);
    *gathered = (struct nodes_gathered){NULL, 0};
}

/* Of one name there may be a node that leaves and one that has come again. */
static bool has_too_many(struct node_board *board, size_t most)
{
    return board != NULL && most < SIZE_MAX / NAMESAKES && board_count(board) > most * NAMESAKES;
}

struct nodes_gathered nodes_gather(struct node_board *const *boards, size_t count, size_t most)
{
    struct nodes_gathered gathered = {NULL, 0};

    for (size_t i = 0; i < count; i++) {
        if (has_too_many(boards[i], most)) {
            return gathered;
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (boards[i] != NULL) {
            pthread_mutex_lock(&boards[i]->lock);
            gather_locked(&gathered, boards[i]);
            pthread_mutex_unlock(&boards[i]->lock);
        }
    }
    gathered_merge(&gathered);
    if (gathered.count > most) {
        nodes_clear(&gathered);
    }
    return gathered;
}
