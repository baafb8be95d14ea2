/* admin_halts.h - POST /pause, /resume and /drain, and GET /pauses: PROXY PAUSE and its like for
 * those who come by HTTP.
 *
 *      POST /pause?pool=main&node=10.0.0.5:7000&timeout=30s      all but the path may be left out
 *
 * None of them waits: GET /pauses tells when nothing is in flight any more. Control thread.
 */
#ifndef PROXY_ADMIN_HALTS_H
#define PROXY_ADMIN_HALTS_H

#include "proxy/admin.h"

/* Their context is the server. */
admin_serve admin_serve_pause;
admin_serve admin_serve_resume;
admin_serve admin_serve_drain;
admin_serve admin_serve_pauses;

#endif
