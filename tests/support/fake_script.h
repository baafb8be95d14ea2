/* fake_script.h - the steps that a fake node goes through.
 *
 * The fake node's own; under its lock.
 */
#ifndef TESTS_SUPPORT_FAKE_SCRIPT_H
#define TESTS_SUPPORT_FAKE_SCRIPT_H

#include "tests/support/fake_connection.h"
#include "tests/support/fake_node.h"

struct fake_script {
    struct step *steps;
    size_t count;
    size_t at;
    bool stalled;
    int connection;         /* of the last WANT */
    struct bytes complaint; /* the first thing that went wrong */
};

/* The step to do next, or NULL at the end. */
const struct step *fake_script_next(const struct fake_script *script);

/* Is the next step a WANT that `received` fulfils? */
bool fake_script_wants(const struct fake_script *script, const struct fake_received *received);

/* Notes that `received` came by `connection` and nobody wanted it. */
void fake_script_complain(struct fake_script *script, const struct fake_received *received,
                          int connection);

/* "GET k", of a WANT. */
void fake_script_print_want(const struct step *step, struct bytes *text);

/* Takes what the steps hold. */
void fake_script_add(struct fake_script *script, const struct step *steps, size_t count);
void fake_script_clear(struct fake_script *script);

#endif
