/* longest_chain.h - do the members of a table lie apart? */
#ifndef TESTS_UNIT_PROXY_LONGEST_CHAIN_H
#define TESTS_UNIT_PROXY_LONGEST_CHAIN_H

#include "common/table.h"

/* How many members one look-up has to pass at most. */
static inline size_t longest_chain(const struct table *table)
{
    size_t longest = 0;

    for (size_t i = 0; i < table->room; i++) {
        size_t length = 0;

        for (struct table_link *link = table->heads[i]; link != NULL; link = link->next) {
            length++;
        }
        longest = size_max(longest, length);
    }
    return longest;
}

#endif
