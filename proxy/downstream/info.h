/* info.h - INFO: slotway's own sections, and the nodes' added up. Worker's thread. */
#ifndef PROXY_DOWNSTREAM_INFO_H
#define PROXY_DOWNSTREAM_INFO_H

#include "proxy/downstream/client.h"
#include "proxy/downstream/info_totals.h"

/* The sections that an INFO asks for, as bits 1 << enum info_section: the default ones without a
 * word, as in Redis; words that are no section add nothing. */
uint32_t info_sections_of(const struct arguments *arguments);

/* Do some of them say something of the nodes? */
bool info_sections_need_nodes(uint32_t sections);

/* How many clients of the pool have begun to block by now, whether or not their nodes know. */
uint64_t info_blocked(const struct client *client);

/* Are the nodes to be asked? Also while so many clients block: for how many do so there. */
bool info_asks_nodes(uint32_t sections, uint64_t blocked);

/* The whole reply to `client`; of `totals` only `begun` is set where the nodes were not asked. */
void info_write(const struct client *client, uint32_t sections, const struct info_totals *totals,
                struct sendq *to);

#endif
