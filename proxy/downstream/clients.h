/* clients.h - a worker's clients of one pool, and what they share.
 *
 * Worker's thread only, but for `load`, which the listener reads to find the emptiest worker, and
 * the atomics of `monitor`.
 */
#ifndef PROXY_DOWNSTREAM_CLIENTS_H
#define PROXY_DOWNSTREAM_CLIENTS_H

#include "common/budget.h"
#include "common/intake.h"
#include "common/mailbox.h"
#include "common/table.h"
#include "proxy/command/command_table.h"
#include "proxy/downstream/command_log.h"
#include "proxy/downstream/command_times.h"
#include "proxy/downstream/identity.h"
#include "proxy/downstream/monitor.h"
#include "proxy/downstream/sampling.h"
#include "proxy/downstream/trace.h"
#include "proxy/metrics/metrics_fields.h"
#include "proxy/routing/dispatcher.h"
#include "proxy/routing/fanout.h"

struct acl_log;
struct client;
struct config_errors;
struct exchange;
struct halts;
struct hub;
struct tracker;
struct roll;
struct user_set;

/* What waits before slotway looks at it; the stricter is the greater. */
enum pause_mode {
    PAUSE_OFF,
    PAUSE_CROWD, /* PROXY PAUSE, where much waits: clients that have unanswered requests already */
    PAUSE_WRITE, /* CLIENT PAUSE */
    PAUSE_ALL,   /* likewise */
};

/* What all workers of the process know of each other and of the process, per pool; immutable but
 * for the atomics. */
struct house {
    uint64_t started;               /* clock_now() */
    const struct pool_config *pool; /* as the control thread sees it, and for that one only */
    struct discovery *discovery;
    struct clients **clients;   /* of this pool, by worker */
    struct mailbox **mailboxes; /* by worker */
    size_t worker_count;
    struct metrics_source counted; /* by the workers */
    struct node_door *door;    /* what new connections to nodes go through; NULL: they are plain */
    struct exchange *exchange; /* subscriptions */
    struct heat **heats; /* by worker; here, as others read it when that one has ended already */
    struct mending_board *mendings;          /* of nodes that lack functions; NULL in tests */
    struct halts *halts;                     /* nodes that an operator has paused */
    struct line_file *trace;                 /* trace.file; NULL: there is none */
    struct roll *roll;                       /* clients by their ids */
    struct acl_log *acl_log;                 /* what clients were refused; NULL: none is kept */
    struct user_set *users;                  /* at the start; NULL: those of `pool` alone */
    struct mailbox *control;                 /* the control thread's; NULL in tests */
    struct script_memory *scripts;           /* of the pool's clients; NULL: none are kept */
    struct budget budget;                    /* of the pool, in blocks of all workers */
    _Atomic uint64_t next_client_id;         /* of the pool */
    _Atomic uint64_t next_log_id[LOG_COUNT]; /* of the pool's logs */
    _Atomic uint32_t client_count;           /* accepted and not closed yet, of the pool */
    _Atomic uint64_t rejected_count; /* turned away because there were too many, of the pool */
    _Atomic uint64_t accept_pauses;  /* times accepting had to pause, of the pool */
    _Atomic uint64_t pause;          /* pause.h: of the pool */
    char run_id[41];                 /* 40 hex digits, new with each start */
    /* Control thread: makes the users anew and gives them to all workers. False: *errors says why
     * they are as before. */
    bool (*load_users)(struct house *house, struct config_errors *errors);
};

/* How far it is with letting all of them go: drain.h. */
struct drain {
    bool is_on;
    uint64_t began;
    uint64_t spread;
    uint64_t patience;
    uint32_t count;            /* clients there were then */
    uint32_t told;             /* so many have been told to go */
    uint32_t allowed;          /* to go now, of those who work */
    struct reactor_timer step; /* for the next ones */
};

struct clients {
    struct house *house;
    size_t worker; /* which one this is, an index into house->clients */
    struct reactor *reactor;
    struct intake *intake;         /* where requests are read to */
    struct dispatcher *dispatcher; /* as slotway's own user: client_dispatcher() for clients' */
    struct identities identities;  /* who clients are to the nodes, where those know the users */
    struct hub *hub;               /* of this worker, in the house's exchange */
    struct tracker *tracker;
    const struct pool_config *config;
    struct metrics *metrics;
    struct command_table *commands; /* of the pool's cluster; NULL: slotway's own */
    struct user_set *users;         /* who clients may be; login.h */
    struct list open;               /* of struct client */
    struct list_link *paged;        /* one of them, or NULL: client_pages.h */
    struct list arriving;           /* arrival.h */
    struct list vigils;             /* halting.h: those who wait for a pause to hold */
    uint32_t count;
    size_t reply_size; /* of the last replies, for clients that had none yet */
    struct drain drain;
    bool is_hurried;                          /* the next look comes soon, as memory is short */
    void (*drained)(struct clients *clients); /* the last one left while draining */
    void *owner;                              /* the worker */
    struct arguments arguments;               /* scratch of the request in hand */
    struct keys keys;                         /* likewise */
    struct request *answering; /* between client_reply_begin and _end; NULL: into its output */
    struct command_log logs[LOG_COUNT];
    struct command_times times;
    struct sampling sampling;
    struct trace trace;
    struct monitor monitor;
    enum pause_mode pause;          /* what must wait now: the house's, or the dispatcher's */
    struct reactor_timer pause_end; /* when that is over */
    uint64_t aftermath_until;       /* of a pause of nodes that is over, at the latest; 0: none */
    struct reactor_timer look;      /* for idle and stuck clients; runs while there are clients */
    _Atomic uint32_t *load;         /* the worker's: its clients of all pools, and those coming */
};

void clients_init(struct clients *clients);
void clients_clear(struct clients *clients);

/* Closes those that are left. */
void clients_close_all(struct clients *clients, enum close_reason reason);

/* Closes one that holds too much, as client_close does, with a line in the log that says how much.
 */
void client_close_holder(struct client *client, enum close_reason reason);

/* How short memory is for these clients: of the process or of their pool, whichever is worse. */
static inline enum budget_level clients_memory(const struct clients *clients)
{
    enum budget_level process = budget_level(&budget_of_process);
    enum budget_level pool = budget_level(&clients->house->budget);

    return process > pool ? process : pool;
}

/* How much more these clients may have kept for them. */
static inline uint64_t clients_memory_left(const struct clients *clients)
{
    uint64_t process = budget_left(&budget_of_process);
    uint64_t pool = budget_left(&clients->house->budget);

    return process < pool ? process : pool;
}

/* Memory is used up: looks soon who holds most. */
void clients_hurry(struct clients *clients);

/* A client came, a newcomer among users, or went: keeps counts and metrics. */
void clients_on_open(struct clients *clients, struct list_link *link);
void clients_on_close(struct clients *clients, struct list_link *link);

/* One on its way here has not become a client. */
void clients_on_turned_away(struct clients *clients);

#endif
