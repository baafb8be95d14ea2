/* documents.h - JSON on the admin port, for scripts and for the page.
 *
 *      /topology   pools, their nodes and how they stand, which slots are whose
 *      /stats      what the page needs each second: totals, per worker, per node
 *      /history    the last ten minutes, second by second
 *      /clients    ?pool= &after=ID &limit=   what CLIENT LIST has, by id
 *      /slowlog    ?pool= &kind= &limit=      what SLOWLOG GET and COMMANDLOG GET have
 *      /config     the configuration in use, without secrets
 *      /events     ?after=CHANGE &limit=      what has happened lately
 *      /hotkeys    the keys that were most asked for lately, and the largest
 *      /heat       requests by slot
 *
 * What only workers know is asked of them by message; a worker that does not answer within a second
 * is missing, and the document says so. Control thread.
 */
#ifndef PROXY_DOCUMENTS_H
#define PROXY_DOCUMENTS_H

#include "proxy/admin.h"

/* Routes, each for the path of its name; the context is the struct server. */
admin_serve document_topology;
admin_serve document_stats;
admin_serve document_history;
admin_serve document_clients;
admin_serve document_slowlog;
admin_serve document_config;
admin_serve document_events;
admin_serve document_hotkeys;
admin_serve document_heat;

#endif
