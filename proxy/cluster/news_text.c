#include "proxy/cluster/news_text.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/check.h"
#include "proxy/cluster/adoption.h"
#include "proxy/cluster/news.h"

enum {
    TOLD_MAX = 4,    /* moves, and nodes, that are told one by one */
    MOVES_MAX = 256, /* that are told apart */
};

/* Slots that went from one node to another; each is a number in its own picture. */
struct move {
    uint16_t from;
    uint16_t to;
    unsigned slots;
};

struct moves {
    struct move items[MOVES_MAX];
    size_t count;
};

enum change {
    CHANGE_NONE,
    CHANGE_NEW,
    CHANGE_GONE,
    CHANGE_ADDRESS,
    CHANGE_FOLLOWS,
    CHANGE_ENDPOINT,
};

static const char *const change_words[] = {
    [CHANGE_NONE] = "",
    [CHANGE_NEW] = " is new",
    [CHANGE_GONE] = " is gone",
    [CHANGE_ADDRESS] = " was ",
    [CHANGE_FOLLOWS] = " follows ",
    [CHANGE_ENDPOINT] = " resolves to another address",
};

/* What became of a node. The pointers are NULL where a picture does not have it. */
struct fate {
    const struct node *before;
    const struct node *after;
};

struct telling {
    const struct topology *before;
    const struct topology *after;
    FILE *to;
    unsigned nodes; /* with news */
};

static void moves_add(struct moves *moves, uint16_t from, uint16_t to)
{
    for (size_t at = 0; at < moves->count; at++) {
        struct move *move = &moves->items[at];

        if (move->from == from && move->to == to) {
            move->slots++;
            return;
        }
    }
    if (moves->count < MOVES_MAX) {
        moves->items[moves->count++] = (struct move){from, to, 1};
    }
}

/* Most slots first. */
static int compare_moves(const void *a, const void *b)
{
    const struct move *left = a;
    const struct move *right = b;

    if (left->slots != right->slots) {
        return left->slots > right->slots ? -1 : 1;
    }
    return left->from != right->from ? left->from - right->from : left->to - right->to;
}

static void print_address(const struct node *node, FILE *to)
{
    char text[sizeof(struct address) + 16];

    fputs(address_print(&node->address, text, sizeof text), to);
}

static void print_move(const struct topology *before, const struct topology *after,
                       const struct move *move, FILE *to)
{
    if (move->to == NODE_NONE) {
        fprintf(to, "nobody serves %u slots of ", move->slots);
        print_address(&before->nodes[move->from], to);
        return;
    }
    print_address(&after->nodes[move->to], to);
    fprintf(to, " took %u slots ", move->slots);
    if (move->from == NODE_NONE) {
        fputs("that nobody served", to);
    } else {
        fputs("from ", to);
        print_address(&before->nodes[move->from], to);
    }
}

static void print_moves(struct telling *telling)
{
    const struct topology *before = telling->before;
    const struct topology *after = telling->after;
    struct moves moves = {.count = 0};
    unsigned untold = 0;

    for (uint32_t slot = 0; slot < SLOT_COUNT; slot++) {
        if (slot_has_moved(before, after, slot)) {
            moves_add(&moves, before->primary_of_slot[slot], after->primary_of_slot[slot]);
            untold++;
        }
    }
    qsort(moves.items, moves.count, sizeof moves.items[0], compare_moves);
    for (size_t at = 0; at < moves.count && at < TOLD_MAX; at++) {
        fputs(at == 0 ? "" : "; ", telling->to);
        print_move(before, after, &moves.items[at], telling->to);
        untold -= moves.items[at].slots;
    }
    if (untold > 0) {
        fprintf(telling->to, "; %u more slots moved", untold);
    }
}

static const struct node *node_with_id(const struct topology *topology, const char *id)
{
    uint16_t number = topology_find_id(topology, id);

    return number == NODE_NONE ? NULL : &topology->nodes[number];
}

/* NULL: a primary, which follows nobody, or one whose primary is not told. */
static const struct node *followed(const struct topology *topology, const struct node *node)
{
    CHECK(node != NULL);
    return node->role == NODE_PRIMARY || node->primary == NODE_NONE
               ? NULL
               : &topology->nodes[node->primary];
}

/* Does a replica follow another node than before, or a primary that was? */
static bool follows_another(const struct topology *before, const struct topology *after,
                            const struct fate *fate)
{
    const struct node *was = followed(before, fate->before);
    const struct node *is = followed(after, fate->after);

    return is != NULL && (was == NULL || strcmp(was->id, is->id) != 0);
}

static enum change change_of(const struct topology *before, const struct topology *after,
                             const struct fate *fate)
{
    if (fate->before == NULL) {
        return CHANGE_NEW;
    }
    if (fate->after == NULL) {
        return CHANGE_GONE;
    }
    if (!address_equal(&fate->before->address, &fate->after->address)) {
        return CHANGE_ADDRESS;
    }
    if (follows_another(before, after, fate)) {
        return CHANGE_FOLLOWS;
    }
    return endpoint_equal(&fate->before->endpoint, &fate->after->endpoint) ? CHANGE_NONE
                                                                           : CHANGE_ENDPOINT;
}

static void print_change(const struct topology *after, const struct fate *fate, enum change change,
                         FILE *to)
{
    print_address(fate->after == NULL ? fate->before : fate->after, to);
    fputs(change_words[change], to);
    if (change == CHANGE_ADDRESS) {
        print_address(fate->before, to);
    } else if (change == CHANGE_FOLLOWS) {
        print_address(followed(after, fate->after), to);
    }
}

static void telling_add(struct telling *telling, const struct fate *fate)
{
    enum change change = change_of(telling->before, telling->after, fate);

    if (change == CHANGE_NONE) {
        return;
    }
    if (telling->nodes++ < TOLD_MAX) {
        fputs(ftell(telling->to) == 0 ? "" : "; ", telling->to);
        print_change(telling->after, fate, change, telling->to);
    }
}

static void print_nodes(struct telling *telling)
{
    const struct topology *before = telling->before;
    const struct topology *after = telling->after;

    for (uint16_t number = 0; number < after->node_count; number++) {
        const struct node *node = &after->nodes[number];

        telling_add(telling, &(struct fate){node_with_id(before, node->id), node});
    }
    for (uint16_t number = 0; number < before->node_count; number++) {
        const struct node *node = &before->nodes[number];

        if (node_with_id(after, node->id) == NULL) {
            telling_add(telling, &(struct fate){node, NULL});
        }
    }
    if (telling->nodes > TOLD_MAX) {
        fprintf(telling->to, "; %u more nodes changed", telling->nodes - TOLD_MAX);
    }
}

char *news_text(const struct topology *before, const struct topology *after)
{
    char *text = NULL;
    size_t size = 0;
    struct telling telling = {before, after, open_memstream(&text, &size), 0};

    CHECK(telling.to != NULL);
    print_moves(&telling);
    print_nodes(&telling);
    CHECK(fclose(telling.to) == 0);
    return text;
}
