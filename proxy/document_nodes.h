/* document_nodes.h - the nodes of a pool, as /topology and /stats show them. Control thread. */
#ifndef PROXY_DOCUMENT_NODES_H
#define PROXY_DOCUMENT_NODES_H

#include "common/json.h"
#include "proxy/pace.h"

/* Adds "nodes" of pool `number` of the last standing, in the order in which document_add_slots
 * counts them. */
void document_add_nodes(struct json *json, const struct paces *paces, size_t number);

/* Adds what the picture says of the whole cluster: version, epoch, how many nodes and slots. */
void document_add_picture(struct json *json, const struct topology *topology);

/* Adds "slots": [first, last, number of the node] for each run; what nobody serves is left out. */
void document_add_slots(struct json *json, const struct topology *topology);

#endif
