/* orders.h - what the pretended cluster is told on stdin; main.c says what there is.
 *
 * Each line is answered with one on stdout: "ok", "error: …", or what was asked for.
 */
#ifndef BENCH_NODES_ORDERS_H
#define BENCH_NODES_ORDERS_H

#include "bench/nodes/node.h"

enum { ORDER_MAX = 256 };

struct orders {
    struct site *site;
    struct node *nodes; /* all of the site's picture */
    ev_io readable;
    char line[ORDER_MAX];
    size_t line_size;
};

/* Obeys what comes on stdin, and stops the site's reactor at its end. Borrows both. */
void orders_open(struct orders *orders, struct site *site, struct node *nodes);
void orders_close(struct orders *orders);

/* A number from 0 to `most`, and nothing else; NULL is none. */
bool order_number(const char *text, long most, long *number) MUST_USE;

#endif
