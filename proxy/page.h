/* page.h - the admin page, as the browser gets it: the files of proxy/page, in the binary.
 *
 *      GET /                  index.html ── /page/page.css, /page/main.js ── /page/nodes.js …
 *
 * Nothing comes from anywhere else. What it shows it asks for itself, of documents.h. Control
 * thread.
 */
#ifndef PROXY_PAGE_H
#define PROXY_PAGE_H

#include "proxy/admin.h"

struct page_file {
    const char *path; /* "/page/main.js"; NULL behind the last one */
    const unsigned char *bytes;
    size_t size;
};

extern const struct page_file page_files[];

/* The route of "/" and of each file. */
admin_serve page_serve;

#endif
