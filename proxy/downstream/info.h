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

/* Are they to be asked for `client`? Also while clients block: for how many do so by now. */
bool info_asks_nodes(const struct client *client, uint32_t sections);

/* The whole reply to `client`; `totals` is empty where the nodes were not asked. */
void info_write(const struct client *client, uint32_t sections, const struct info_totals *totals,
                struct sendq *to);

#endif
