/* slowlog.h - the slow requests of one worker's clients, for SLOWLOG GET.
 *
 *      worker 0:  #7  #5  #2          ids are the pool's: of all workers together the newest
 *      worker 1:  #6  #4  #3  #1      slowlog.max_len count, whoever has them
 *
 * Time counts from the turn in which a request was read to that in which its answer was there. What
 * is noted is a copy. Where everything is slow, a thousand a second are copied, and the rest is
 * only counted. Worker's thread only.
 */
#ifndef PROXY_DOWNSTREAM_SLOWLOG_H
#define PROXY_DOWNSTREAM_SLOWLOG_H

#include "common/list.h"
#include "common/sendq.h"

struct client;
struct clients;
struct request;

struct slowlog {
    struct list entries; /* the oldest first */
    uint64_t count;
    uint64_t second_began; /* no more than so many are noted within a second */
    uint32_t noted_in_second;
};

struct slow_entry {
    struct list_link link;
    uint64_t id;
    uint64_t at;     /* seconds, wall time */
    uint64_t took;   /* microseconds */
    char *arguments; /* as they are shown: an array */
    size_t arguments_size;
    char *peer;
    char *name; /* the client's; NULL: none */
};

void slowlog_init(struct slowlog *slowlog);

/* Forgets all. */
void slowlog_clear(struct slowlog *slowlog);

/* `request`, whose client has its answer now, took so many microseconds. */
void slowlog_note(struct client *client, const struct request *request, uint64_t took);

/* The first entry, or the next one behind `entry`, that still counts; NULL at the end. */
const struct slow_entry *slowlog_next(const struct clients *clients,
                                      const struct slow_entry *entry);

/* One element of the reply to SLOWLOG GET. */
void slow_entry_write(const struct slow_entry *entry, struct sendq *to);

#endif
