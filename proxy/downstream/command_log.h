/* command_log.h - requests of one worker's clients that were slow or large, or had a large reply:
 * three logs, for SLOWLOG GET and COMMANDLOG GET.
 *
 *      worker 0:  #7  #5  #2          ids are the pool's: of all workers together the newest
 *      worker 1:  #6  #4  #3  #1      so many as the configuration says, whoever has them
 *
 * Time counts from the turn in which a request was read to that in which its answer was there;
 * bytes are those on the client's wire. What is noted is a copy. Where all is noted, a thousand a
 * second are copied, and the rest is only counted. Worker's thread only.
 */
#ifndef PROXY_DOWNSTREAM_COMMAND_LOG_H
#define PROXY_DOWNSTREAM_COMMAND_LOG_H

#include "common/list.h"
#include "common/sendq.h"

struct client;
struct clients;
struct request;

/* Which log, by the name that COMMANDLOG has for it. */
#define COMMAND_LOGS(ROW)                                                                          \
    ROW(SLOW, "slow")                                                                              \
    ROW(LARGE_REQUEST, "large-request")                                                            \
    ROW(LARGE_REPLY, "large-reply")

enum command_log_kind {
#define ROW(symbol, name) LOG_##symbol,
    COMMAND_LOGS(ROW)
#undef ROW
        LOG_COUNT,
};

struct command_log {
    struct list entries; /* the oldest first */
    uint64_t count;
    uint64_t second_began; /* no more than so many are noted within a second */
    uint32_t noted_in_second;
};

struct log_entry {
    struct list_link link;
    uint64_t id;
    uint64_t at;     /* seconds, wall time */
    uint64_t amount; /* microseconds, or bytes */
    char *arguments; /* as they are shown: an array */
    size_t arguments_size;
    char *peer;
    char *name; /* the client's; NULL: none */
};

void command_log_init(struct command_log *log);

/* Forgets all. */
void command_log_clear(struct command_log *log);

/* `request`, whose client has its answer now, took so many microseconds, was so many bytes, or its
 * reply was: as much as the log is for. */
void command_log_note(struct client *client, enum command_log_kind kind,
                      const struct request *request, uint64_t amount);

/* Likewise for its size, and that of its reply, where these are what the logs are for. */
void command_log_note_sizes(struct client *client, const struct request *request,
                            size_t reply_size);

/* The first entry, or the next one behind `entry`, that still counts; NULL at the end. */
const struct log_entry *command_log_next(const struct clients *clients, enum command_log_kind kind,
                                         const struct log_entry *entry);

/* The first of the last `most` entries that still count, all of them when that is < 0; NULL when
 * there is none. Looks at no others. */
const struct log_entry *command_log_recent(const struct clients *clients,
                                           enum command_log_kind kind, int64_t most);

/* One element of the reply to SLOWLOG GET. */
void log_entry_write(const struct log_entry *entry, struct sendq *to);

#endif
