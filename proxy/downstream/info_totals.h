/* info_totals.h - what the INFO of several nodes comes to. Pure; any thread.
 *
 * A node's INFO is text from outside: lines that are not understood are left out.
 */
#ifndef PROXY_DOWNSTREAM_INFO_TOTALS_H
#define PROXY_DOWNSTREAM_INFO_TOTALS_H

#include "common/sendq.h"
#include "proxy/downstream/info_rows.h"

/* The sections of INFO in the order they are shown. */
#define INFO_SECTIONS(ROW)                                                                         \
    ROW(SERVER, "Server")                                                                          \
    ROW(CLIENTS, "Clients")                                                                        \
    ROW(MEMORY, "Memory")                                                                          \
    ROW(PERSISTENCE, "Persistence")                                                                \
    ROW(STATS, "Stats")                                                                            \
    ROW(REPLICATION, "Replication")                                                                \
    ROW(CPU, "CPU")                                                                                \
    ROW(COMMANDSTATS, "Commandstats")                                                              \
    ROW(ERRORSTATS, "Errorstats")                                                                  \
    ROW(LATENCYSTATS, "Latencystats")                                                              \
    ROW(CLUSTER, "Cluster")                                                                        \
    ROW(KEYSPACE, "Keyspace")                                                                      \
    ROW(SLOTWAY, "Slotway")

enum info_section {
#define ROW(symbol, title) INFO_##symbol,
    INFO_SECTIONS(ROW)
#undef ROW
        INFO_SECTION_COUNT,
};

enum info_field {
#define INFO_FIELD(section, name, how) INFO_FIELD_##name,
#include "proxy/downstream/info_fields.def"
    INFO_FIELD_COUNT,
};

enum { INFO_TEXT_SIZE = 48 };

/* Sums stay within int64: what would not fit stays at the end of the range. Zero-initialise. */
struct info_totals {
    uint32_t nodes; /* that have been added */
    bool has[INFO_FIELD_COUNT];
    int64_t number[INFO_FIELD_COUNT];            /* DECIMAL: in hundredths */
    char text[INFO_FIELD_COUNT][INFO_TEXT_SIZE]; /* TEXT, WORST */
    char version[INFO_TEXT_SIZE];                /* redis_version of the first node; "" */
    int64_t keys;
    int64_t expires;
    int64_t ttl_weight;     /* of the keys that expire, times their mean */
    uint64_t begun;         /* to block: clients of slotway's, when nodes were asked or not */
    int64_t blocked;        /* clients, of all kinds */
    uint32_t blocked_nodes; /* that have said how many */
    struct info_rows rows;
};

/* Adds what one node says: the content of its bulk, borrowed until info_totals_clear. */
void info_totals_add(struct info_totals *totals, struct span text);

/* Appends the lines of `section` that come from the nodes, each with CR LF. */
void info_totals_write(const struct info_totals *totals, enum info_section section,
                       struct sendq *to);

void info_totals_clear(struct info_totals *totals);

#endif
