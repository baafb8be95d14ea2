/* rig_config.h - the configuration file of a rig, written anew for each. */
#ifndef TESTS_SUPPORT_RIG_CONFIG_H
#define TESTS_SUPPORT_RIG_CONFIG_H

#include "tests/support/rig.h"

struct rig_ports {
    uint16_t listen;
    uint16_t other;
    uint16_t tls;
    uint16_t admin;
};

/* The YAML text; the caller clears it. */
struct bytes rig_config_text(const struct rig_options *options, const struct rig_ports *ports,
                             const struct fake_cluster *cluster, const struct fake_cluster *other);

/* A file with that text, without a name of its own: returns the path to open it by, which holds as
 * long as *fd is open. */
char *rig_config_file(struct bytes text, int *fd);

/* It has that text from now on. */
void rig_config_rewrite(int fd, struct bytes text);

#endif
