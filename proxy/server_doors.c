#include "proxy/server_doors.h"

#include <stdlib.h>

#include "common/memory.h"
#include "proxy/server_parts.h"

bool server_doors_open(struct server *server)
{
    for (size_t i = 0; i < server->config->pool_count; i++) {
        if (!node_certificates_open(server->pools[i].node_certificates)) {
            return false;
        }
    }
    return true;
}

/* What is made is a list, with what was read for each pool but those that are gone, whose files may
 * be, too. */
bool server_doors_prepare(struct reload *reload, void **made)
{
    size_t count = reload->next->pool_count;
    struct node_files *list = memory_new(count, sizeof *list);
    bool is_done = true;

    *made = list;
    for (size_t i = 0; i < count; i++) {
        if (!config_has_gone(reload->next, i)) {
            is_done = node_certificates_read(&reload->next->pools[i], &list[i], reload->errors) &&
                      is_done;
        }
    }
    return is_done;
}

void server_doors_commit(struct reload *reload, void **made)
{
    struct node_files *list = *made;

    for (size_t i = 0; i < reload->next->pool_count; i++) {
        if (list[i].tls != NULL) {
            node_certificates_use(reload->server->pools[i].node_certificates, &list[i]);
        }
    }
    free(list);
    *made = NULL;
}

void server_doors_undo(struct reload *reload, void **made)
{
    struct node_files *list = *made;

    for (size_t i = 0; list != NULL && i < reload->next->pool_count; i++) {
        node_tls_free(&list[i].tls);
    }
    free(list);
    *made = NULL;
}
