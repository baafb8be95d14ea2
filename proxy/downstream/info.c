#include "proxy/downstream/info.h"

#include <inttypes.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/resp_write.h"
#include "proxy/downstream/facade.h"
#include "proxy/downstream/pause.h"

enum {
    SECONDS_PER_DAY = 24 * 60 * 60,
    ALL_SECTIONS = (1 << INFO_SECTION_COUNT) - 1,
    ROW_SECTIONS = 1 << INFO_COMMANDSTATS | 1 << INFO_ERRORSTATS | 1 << INFO_LATENCYSTATS,
    /* Nothing is said in these without the nodes. */
    THEIR_SECTIONS = 1 << INFO_MEMORY | ROW_SECTIONS | 1 << INFO_KEYSPACE,
    NODE_SECTIONS = THEIR_SECTIONS | 1 << INFO_SERVER | 1 << INFO_PERSISTENCE | 1 << INFO_STATS |
                    1 << INFO_SLOTWAY,
    DEFAULT_SECTIONS = ALL_SECTIONS & ~(1 << INFO_COMMANDSTATS | 1 << INFO_LATENCYSTATS),
};

static const char *const titles[] = {
#define ROW(symbol, title) title,
    INFO_SECTIONS(ROW)
#undef ROW
};

static uint32_t section_bits(struct span word)
{
    if (span_equal_nocase(word, SPAN("default"))) {
        return DEFAULT_SECTIONS;
    }
    if (span_equal_nocase(word, SPAN("all")) || span_equal_nocase(word, SPAN("everything"))) {
        return ALL_SECTIONS;
    }
    for (uint32_t i = 0; i < INFO_SECTION_COUNT; i++) {
        if (span_equal_nocase(word, span_of(titles[i]))) {
            return 1u << i;
        }
    }
    return 0;
}

uint32_t info_sections_of(const struct arguments *arguments)
{
    uint32_t sections = arguments->count == 1 ? DEFAULT_SECTIONS : 0;

    for (uint32_t i = 1; i < arguments->count; i++) {
        sections |= section_bits(arguments->items[i]);
    }
    return sections;
}

bool info_sections_need_nodes(uint32_t sections)
{
    return (sections & NODE_SECTIONS) != 0;
}

/* The sum of a row of metrics.def over the workers. */
#define HOUSE_METRIC(client, name)                                                                 \
    metrics_sum(&(client)->clients->house->counted, offsetof(struct metrics, name))

uint64_t info_blocked(const struct client *client)
{
    return HOUSE_METRIC(client, downstream_blocked);
}

bool info_asks_nodes(uint32_t sections, uint64_t blocked)
{
    return info_sections_need_nodes(sections) ||
           ((sections & 1 << INFO_CLIENTS) != 0 && blocked > 0);
}

static uint64_t house_uptime(const struct client *client)
{
    return (clock_now() - client->clients->house->started) / US_PER_SECOND;
}

static void write_machine(struct sendq *to)
{
    char path[512];
    struct utsname name = {.sysname = ""};
    ssize_t size = readlink("/proc/self/exe", path, sizeof path - 1);

    path[size < 0 ? 0 : size] = '\0';
    uname(&name);
    sendq_print(to,
                "os:%s %s %s\r\n"
                "arch_bits:%zu\r\n"
                "monotonic_clock:POSIX clock_gettime\r\n"
                "multiplexing_api:epoll\r\n"
                "gcc_version:%d.%d.%d\r\n"
                "process_id:%d\r\n"
                "process_supervised:no\r\n"
                "executable:%s\r\n"
                "config_file:\r\n",
                name.sysname, name.release, name.machine, sizeof(void *) * 8, __GNUC__,
                __GNUC_MINOR__, __GNUC_PATCHLEVEL__, (int)getpid(), path);
}

static void write_server(const struct client *client, const struct info_totals *totals,
                         struct sendq *to)
{
    struct facade_address address;
    uint64_t uptime = house_uptime(client);

    facade_address_of(client, &address);
    sendq_print(to,
                "redis_version:%s\r\n"
                "redis_git_sha1:00000000\r\n"
                "redis_git_dirty:0\r\n"
                "redis_build_id:0000000000000000\r\n"
                "redis_mode:%s\r\n"
                "slotway_version:" SLOTWAY_VERSION "\r\n",
                totals->version[0] == '\0' ? FACADE_VERSION : totals->version, facade_mode(client));
    write_machine(to);
    sendq_print(to,
                "run_id:%s\r\n"
                "tcp_port:%u\r\n"
                "server_time_usec:%" PRIu64 "\r\n"
                "uptime_in_seconds:%" PRIu64 "\r\n"
                "uptime_in_days:%" PRIu64 "\r\n"
                "io_threads_active:0\r\n",
                client->clients->house->run_id, address.port, clock_wall(), uptime,
                uptime / SECONDS_PER_DAY);
}

static unsigned count_primaries(const struct client *client)
{
    const struct topology *topology = dispatcher_topology(client_dispatcher(client));
    unsigned count = 0;

    for (uint16_t i = 0; topology != NULL && i < topology->node_count; i++) {
        count += topology->nodes[i].role == NODE_PRIMARY ? 1 : 0;
    }
    return count;
}

/* A command that blocks is on its way for a moment. Who waits for others to be blocked, as tests
 * do, has to rely on it that their nodes have them then. A node that does not say may have them
 * all. */
static uint64_t count_blocked(const struct client *client, const struct info_totals *totals)
{
    uint64_t with_nodes = totals->blocked < 0 ? 0 : (uint64_t)totals->blocked;
    bool is_told = totals->blocked_nodes > 0 && totals->blocked_nodes == count_primaries(client);

    return is_told && with_nodes < totals->begun ? with_nodes : totals->begun;
}

/* Redis 7.4's fields, for PROXY PAUSE as well. */
static void write_pause(const struct client *client, struct sendq *to)
{
    const struct clients *clients = client->clients;
    uint64_t now = reactor_now(clients->reactor);
    uint64_t halted_until = clients->dispatcher->halted_until;
    uint64_t paused_until = pause_until_of(clients->house);
    uint64_t until = paused_until;
    const char *reason = "none";
    const char *actions = "none";

    if (halted_until > now) {
        reason = "proxy_pause";
        actions = "all";
        until = halted_until;
    } else if (paused_until > now) {
        reason = "client_pause";
        actions = pause_mode_of(clients->house) == PAUSE_WRITE ? "write" : "all";
    }
    sendq_print(to,
                "paused_reason:%s\r\n"
                "paused_actions:%s\r\n"
                "paused_timeout_milliseconds:%" PRIu64 "\r\n",
                reason, actions, until > now ? (until - now) / US_PER_MS : 0);
}

static void write_clients(const struct client *client, const struct info_totals *totals,
                          struct sendq *to)
{
    sendq_print(to,
                "connected_clients:%" PRIu64 "\r\n"
                "cluster_connections:0\r\n"
                "maxclients:%" PRIu64 "\r\n"
                "blocked_clients:%" PRIu64 "\r\n"
                "tracking_clients:0\r\n"
                "clients_in_timeout_table:0\r\n",
                HOUSE_METRIC(client, downstream_connections_active),
                client->clients->config->clients_max, count_blocked(client, totals));
    write_pause(client, to);
}

/* A node that loads its data makes requests wait; slotway itself is never loading. */
static void write_persistence(struct sendq *to)
{
    sendq_append(to, SPAN("loading:0\r\nasync_loading:0\r\n"));
}

static void write_stats(const struct client *client, struct sendq *to)
{
    struct tally *tally = client->clients->house->exchange->tally;

    sendq_print(to,
                "total_connections_received:%" PRIu64 "\r\n"
                "rejected_connections:%" PRIu64 "\r\n"
                "pubsub_channels:%" PRIu64 "\r\n"
                "pubsub_patterns:%" PRIu64 "\r\n"
                "pubsubshard_channels:%" PRIu64 "\r\n",
                HOUSE_METRIC(client, downstream_connections_total),
                atomic_load(&client->clients->house->rejected_count),
                tally_topics(tally, TOPIC_CHANNEL).clients,
                tally_topics(tally, TOPIC_PATTERN).clients,
                tally_topics(tally, TOPIC_SHARD).clients);
    sendq_print(
        to,
        "acl_access_denied_auth:%" PRIu64 "\r\n"
        "acl_access_denied_cmd:%" PRIu64 "\r\n"
        "acl_access_denied_key:%" PRIu64 "\r\n"
        "acl_access_denied_channel:%" PRIu64 "\r\n",
        HOUSE_METRIC(client, denied_logins_total), HOUSE_METRIC(client, denied_commands_total),
        HOUSE_METRIC(client, denied_keys_total), HOUSE_METRIC(client, denied_channels_total));
}

static void write_replication(const struct client *client, struct sendq *to)
{
    sendq_print(to,
                "role:master\r\n"
                "connected_slaves:0\r\n"
                "master_failover_state:no-failover\r\n"
                "master_replid:%s\r\n"
                "master_replid2:0000000000000000000000000000000000000000\r\n"
                "master_repl_offset:0\r\n"
                "second_repl_offset:-1\r\n"
                "repl_backlog_active:0\r\n"
                "repl_backlog_size:0\r\n"
                "repl_backlog_first_byte_offset:0\r\n"
                "repl_backlog_histlen:0\r\n",
                client->clients->house->run_id);
}

static void write_time(struct sendq *to, const char *name, struct timeval time)
{
    sendq_print(to, "%s:%ld.%06ld\r\n", name, (long)time.tv_sec, (long)time.tv_usec);
}

static void write_cpu(struct sendq *to)
{
    struct rusage self = {0};
    struct rusage children = {0};

    getrusage(RUSAGE_SELF, &self);
    getrusage(RUSAGE_CHILDREN, &children);
    write_time(to, "used_cpu_sys", self.ru_stime);
    write_time(to, "used_cpu_user", self.ru_utime);
    write_time(to, "used_cpu_sys_children", children.ru_stime);
    write_time(to, "used_cpu_user_children", children.ru_utime);
}

static void write_slotway(const struct client *client, const struct info_totals *totals,
                          struct sendq *to)
{
    const struct clients *clients = client->clients;
    const struct topology *topology = dispatcher_topology(clients->dispatcher);

    sendq_print(to,
                "slotway_version:" SLOTWAY_VERSION "\r\n"
                "pool:%s\r\n"
                "workers:%zu\r\n"
                "uptime_in_seconds:%" PRIu64 "\r\n"
                "cluster_nodes:%u\r\n"
                "cluster_primaries:%u\r\n"
                "cluster_primaries_answered:%u\r\n"
                "cluster_slots_served:%u\r\n"
                "topology_version:%" PRIu64 "\r\n",
                clients->config->name, clients->house->worker_count, house_uptime(client),
                topology == NULL ? 0u : topology->node_count, count_primaries(client),
                totals->nodes, topology == NULL ? 0u : topology->slots_served,
                topology == NULL ? (uint64_t)0 : topology->version);
    sendq_print(
        to,
        "requests_received:%" PRIu64 "\r\n"
        "requests_waiting:%" PRIu64 "\r\n"
        "node_connections:%" PRIu64 "\r\n"
        "redirects_followed:%" PRIu64 "\r\n",
        HOUSE_METRIC(client, downstream_requests_total), HOUSE_METRIC(client, waiting_requests),
        HOUSE_METRIC(client, upstream_connections_active),
        HOUSE_METRIC(client, redirect_moved_total) + HOUSE_METRIC(client, redirect_ask_total));
}

static void write_section(const struct client *client, enum info_section section,
                          const struct info_totals *totals, struct sendq *to)
{
    switch (section) {
    case INFO_SERVER: write_server(client, totals, to); break;
    case INFO_CLIENTS: write_clients(client, totals, to); break;
    case INFO_PERSISTENCE: write_persistence(to); break;
    case INFO_STATS: write_stats(client, to); break;
    case INFO_REPLICATION: write_replication(client, to); break;
    case INFO_CPU: write_cpu(to); break;
    case INFO_CLUSTER: sendq_print(to, "cluster_enabled:%d\r\n", facade_is_cluster(client)); break;
    case INFO_SLOTWAY: write_slotway(client, totals, to); break;
    case INFO_MEMORY:
    case INFO_COMMANDSTATS:
    case INFO_ERRORSTATS:
    case INFO_LATENCYSTATS:
    case INFO_KEYSPACE:
    case INFO_SECTION_COUNT: break;
    }
    info_totals_write(totals, section, to);
}

static bool section_is_shown(uint32_t section, const struct info_totals *totals)
{
    return totals->nodes > 0 || (THEIR_SECTIONS & 1u << section) == 0;
}

void info_write(const struct client *client, uint32_t sections, const struct info_totals *totals,
                struct sendq *to)
{
    struct sendq text;

    sendq_init(&text);
    for (uint32_t i = 0; i < INFO_SECTION_COUNT; i++) {
        if ((sections & 1u << i) == 0 || !section_is_shown(i, totals)) {
            continue;
        }
        sendq_print(&text, "%s# %s\r\n", sendq_is_empty(&text) ? "" : "\r\n", titles[i]);
        write_section(client, (enum info_section)i, totals, &text);
    }
    resp_write_verbatim_queue(to, &text);
}
