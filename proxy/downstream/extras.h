/* extras.h - what few clients have: made with the first of it, gone with the client.
 *
 * Thousands of clients are idle, and have said nothing of what is in here. What is seldom even
 * among those who have some has an allocation of its own. One client's; its worker's thread.
 */
#ifndef PROXY_DOWNSTREAM_EXTRAS_H
#define PROXY_DOWNSTREAM_EXTRAS_H

#include "proxy/downstream/fieldsets.h"
#include "proxy/downstream/queued.h"

struct inquiry;
struct client;
struct encrypted;
struct hearing;
struct subscriptions;
struct tracking;

enum extra_text {
    TEXT_NAME, /* CLIENT SETNAME */
    TEXT_LIBRARY_NAME,
    TEXT_LIBRARY_VERSION,
    TEXT_SHOWN_AS, /* its address as monitors see it */
    TEXT_PEER,     /* "ip:port" of the client behind a load balancer, and of what it connected to */
    TEXT_LOCAL,    /* there: arrival.h */
    TEXT_COUNT,
};

struct extras {
    char *texts[TEXT_COUNT];             /* NULL: none */
    struct queued *queued;               /* MULTI; NULL: there was none */
    struct fieldsets *fieldsets;         /* HIMPORT; NULL: there was none */
    struct list_link in_monitors;        /* on it: the client is shown what others do */
    struct client *monitor;              /* whose that is */
    struct tracking *tracking;           /* CLIENT TRACKING; NULL: off */
    struct subscriptions *subscriptions; /* NULL: it never had any */
    struct hearing *hearing;             /* NULL: no node was asked what it may still hear */
    struct inquiry *inquiry;             /* NULL: no node was asked what it may do */
    struct encrypted *encrypted;         /* TLS; NULL: without */
    uint64_t over_soft_since; /* since when its replies are over the soft limit; 0: they are not */
    uint64_t draining_since;  /* or since it last took a byte of what it is to get */
};

#endif
