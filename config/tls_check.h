/* tls_check.h - does a draft's TLS hold together, and can its files be used? */
#ifndef CONFIG_TLS_CHECK_H
#define CONFIG_TLS_CHECK_H

#include "config/draft.h"

/* Adds an error for what is wrong with the options of TLS of that pool. */
void tls_check(struct draft *draft, size_t pool);

/* Likewise of the admin port. */
void tls_check_admin(struct draft *draft);

#endif
