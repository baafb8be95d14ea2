/* user_lines.h - users as lines of text: of the configuration, and of an ACL file as Redis writes
 * it. Control thread.
 *
 *      user alice on #9f86d0… ~app:* +@read
 */
#ifndef PROXY_ACL_USER_LINES_H
#define PROXY_ACL_USER_LINES_H

#include "proxy/acl/acl_line.h"
#include "proxy/acl/user_set.h"

enum { ACL_FILE_BYTES_MAX = 16 * 1024 * 1024 };

struct user_lines {
    struct user_set *set;
    void (*add)(struct user_set *set, struct acl_user *user); /* takes the user */
    const struct pool_config *config;
    struct config_errors *errors; /* all that is wrong, each with its place, and no secrets */
};

/* Adds the users of clients.users. */
void user_lines_read_config(const struct user_lines *lines);

/* Adds those of clients.acl_file, if there is one. */
void user_lines_read_file(const struct user_lines *lines);

/* The same for a file whose text is known; `name` stands in the messages. */
void user_lines_read_text(const struct user_lines *lines, const char *name, struct span text);

#endif
