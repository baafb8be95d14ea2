/* list.h - an intrusive doubly linked list: a ring through the links, the list itself its anchor.
 *
 *      list <-> first <-> ... <-> last <-> (list)
 *
 * A link that is on no list points to itself or is zero; an object is on one list per link.
 */
#ifndef COMMON_LIST_H
#define COMMON_LIST_H

#include "common/base.h"

struct list_link {
    struct list_link *next;
    struct list_link *previous;
};

struct list {
    struct list_link anchor;
};

#define LIST_EACH(link, list)                                                                      \
    for (struct list_link *link = (list)->anchor.next; link != &(list)->anchor; link = link->next)

/* The body may remove `link`, and nothing else. */
#define LIST_EACH_SAFE(link, list)                                                                 \
    for (struct list_link *link = (list)->anchor.next, *link##_next = link->next;                  \
         link != &(list)->anchor; link = link##_next, link##_next = link->next)

static inline void list_init(struct list *list)
{
    list->anchor.next = list->anchor.previous = &list->anchor;
}

static inline bool list_is_empty(const struct list *list)
{
    return list->anchor.next == &list->anchor;
}

static inline bool list_link_is_on(const struct list_link *link)
{
    return link->next != NULL && link->next != link;
}

static inline void list_insert_before(struct list_link *at, struct list_link *link)
{
    link->next = at;
    link->previous = at->previous;
    at->previous->next = link;
    at->previous = link;
}

static inline void list_append(struct list *list, struct list_link *link)
{
    list_insert_before(&list->anchor, link);
}

static inline void list_prepend(struct list *list, struct list_link *link)
{
    list_insert_before(list->anchor.next, link);
}

/* Does nothing for a link that is on no list. */
static inline void list_remove(struct list_link *link)
{
    if (link->next != NULL) {
        link->next->previous = link->previous;
        link->previous->next = link->next;
    }
    link->next = link->previous = NULL;
}

static inline void list_move(struct list *list, struct list_link *link)
{
    list_remove(link);
    list_append(list, link);
}

/* The first link, or NULL. */
static inline struct list_link *list_first(const struct list *list)
{
    return list_is_empty(list) ? NULL : list->anchor.next;
}

/* Removes and returns the first link, or NULL. */
static inline struct list_link *list_take_first(struct list *list)
{
    struct list_link *link = list_first(list);

    if (link != NULL) {
        list_remove(link);
    }
    return link;
}

/* Removes and returns the first link of a list that is not empty. */
static inline struct list_link *list_pop(struct list *list)
{
    struct list_link *link = list->anchor.next;

    list->anchor.next = link->next;
    link->next->previous = &list->anchor;
    link->next = link->previous = NULL;
    return link;
}

/* Moves all of `from` behind what `to` holds. */
static inline void list_splice(struct list *to, struct list *from)
{
    if (list_is_empty(from)) {
        return;
    }
    from->anchor.next->previous = to->anchor.previous;
    to->anchor.previous->next = from->anchor.next;
    from->anchor.previous->next = &to->anchor;
    to->anchor.previous = from->anchor.previous;
    list_init(from);
}

#endif
