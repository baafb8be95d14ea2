/* One slotway takes the place of another, and clients over TLS do not notice. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/expect.h"
#include "tests/support/tls_rig.h"
#include "tests/support/visitors.h"

enum { VISITORS = 8 };

static struct process next;
static char *global;

static void clean_up(void)
{
    process_clear(&next);
    tls_rig_clean_up();
    free(global);
}

TestSuite(tls_upgrade, .init = tls_rig_set_up, .fini = clean_up, .timeout = 120);

static bool has_taken_over(void)
{
    struct bytes output = process_output(&next);
    bool has = strstr(output.at, "took over") != NULL;

    bytes_clear(&output);
    return has;
}

Test(tls_upgrade, under_load_loses_nothing)
{
    cr_assert_geq(asprintf(&global,
                           "upgrade: {socket: %s, timeout: 20s}\n"
                           "drain: {timeout: 30s, spread: 100ms}\n",
                           pki_path(tls_rig_pki, "upgrade")),
                  0);

    struct rig *rig = tls_rig_start_with((struct rig_options){.nodes = 2,
                                                              .workers = 2,
                                                              .with_store = true,
                                                              .request_timeout = "20s",
                                                              .global = global},
                                         "");
    struct visitors *visitors =
        visitors_start_tls(rig_tls_port(rig), VISITORS, tls_rig_context(NULL));
    const char *const argv[] = {rig_binary(), "-c", rig_config_path(rig), NULL};

    cr_assert(WAIT_FOR(visitors_progress(visitors) > 10 * VISITORS));
    process_start(&next, argv, NULL);
    cr_expect(WAIT_FOR(has_taken_over() || process_has_ended(&next)));
    cr_expect(WAIT_FOR(process_has_ended(rig_process(rig))));
    cr_expect(WIFEXITED(rig_process(rig)->status) && WEXITSTATUS(rig_process(rig)->status) == 0);
    process_clear(rig_process(rig));
    *rig_process(rig) = next;
    next = (struct process){0};

    struct visitors_result result = visitors_stop(&visitors);

    cr_expect_gt(result.sent_away, 0);
    cr_expect_eq(result.refused, 0, "%llu refused", (unsigned long long)result.refused);
    cr_expect_eq(result.lost, 0, "%llu lost", (unsigned long long)result.lost);
    cr_expect_eq(result.wrong, 0, "%s", result.first_wrong);
    rig_stop(&rig);
}
