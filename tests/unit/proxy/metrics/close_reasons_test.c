#include <criterion/criterion.h>

#include "proxy/metrics/metrics.h"

Test(close_reasons, names_are_labels_and_unique)
{
    for (int reason = 0; reason < CLOSE_REASON_COUNT; reason++) {
        const char *name = close_reason_name((enum close_reason)reason);
        cr_expect_gt(strlen(name), 0);
        cr_expect_eq(strspn(name, "abcdefghijklmnopqrstuvwxyz_"), strlen(name), "%s", name);
        for (int other = 0; other < reason; other++) {
            cr_expect_str_neq(name, close_reason_name((enum close_reason)other));
        }
    }
}

Test(close_reasons, texts_end_a_sentence_in_a_log_line)
{
    for (int reason = 0; reason < CLOSE_REASON_COUNT; reason++) {
        const char *text = close_reason_text((enum close_reason)reason);
        cr_expect_gt(strlen(text), 0);
        cr_expect_neq(text[strlen(text) - 1], '.', "%s", text);
    }
    cr_expect_str_eq(close_reason_text(CLOSE_QUIT), "the client said QUIT");
    cr_expect_str_eq(close_reason_name(CLOSE_PEER_CLOSED), "peer_closed");
}
