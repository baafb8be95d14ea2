/* info_rows.h - the sections of INFO that have a row for each command or each kind of error, as
 * several nodes' rows become one.
 *
 *      cmdstat_get:calls=3,usec=5,usec_per_call=1.67,...           added up, the mean computed anew
 *      errorstat_WRONGTYPE:count=4                                 added up
 *      latency_percentiles_usec_get:p50=1.003,p99=2.007,...        the greatest of each
 *
 * Numbers of other names are added up likewise, those that end in _max are the greatest. Numbers
 * that are not understood are left out. Rows are in the order in which they were first seen. Pure;
 * any thread.
 */
#ifndef PROXY_DOWNSTREAM_INFO_ROWS_H
#define PROXY_DOWNSTREAM_INFO_ROWS_H

#include "common/list.h"
#include "common/sendq.h"
#include "common/table.h"

enum info_row_kind {
    INFO_ROW_COMMAND,
    INFO_ROW_ERROR,
    INFO_ROW_LATENCY,
    INFO_ROW_KINDS,
};

/* Zero-initialise. */
struct info_rows {
    struct table by_name;
    struct list all[INFO_ROW_KINDS];
};

/* Takes a line apart at its colon into `name` and `value`, and adds it. Returns false when its name
 * is of no kind. Borrows both until info_rows_clear. */
bool info_rows_add(struct info_rows *rows, struct span name, struct span value);

/* Appends the rows of a kind, each with CR LF. */
void info_rows_write(const struct info_rows *rows, enum info_row_kind kind, struct sendq *to);

void info_rows_clear(struct info_rows *rows);

#endif
