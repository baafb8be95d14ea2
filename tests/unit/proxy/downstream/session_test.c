#include "proxy/downstream/session.h"

#include <criterion/criterion.h>

#include "proxy/cluster/slot.h"
#include "proxy/downstream/client.h"
#include "proxy/downstream/tracking.h"

static struct session session;

static void open_session(void)
{
    session_init(&session, 7, 100 * US_PER_SECOND, false);
}

static void clear_session(void)
{
    session_clear(&session);
}

TestSuite(session, .init = open_session, .fini = clear_session);

Test(session, starts_with_nothing_said)
{
    cr_expect_eq(session.id, 7);
    cr_expect_eq(session.created_s, 100);
    cr_expect_eq(session.last_active, 100 * US_PER_SECOND);
    cr_expect_eq(session.reply_mode, REPLY_MODE_ON);
    cr_expect_not(session.is_authenticated);
    cr_expect_null(session_text(&session, TEXT_NAME));
    cr_expect_null(session.last_command);
    cr_expect_null(session.extras);
}

Test(session, a_text_is_copied_replaced_and_removed)
{
    char text[] = "one more";

    session_set(&session, TEXT_NAME, (struct span){text, 3});
    text[0] = 'x';
    cr_expect_str_eq(session_text(&session, TEXT_NAME), "one");
    session_set(&session, TEXT_NAME, SPAN("two"));
    cr_expect_str_eq(session_text(&session, TEXT_NAME), "two");
    session_set(&session, TEXT_NAME, SPAN(""));
    cr_expect_null(session_text(&session, TEXT_NAME));
}

Test(session, taking_back_what_was_never_said_costs_nothing)
{
    session_set(&session, TEXT_NAME, SPAN(""));
    session_end_multi(&session);
    session_spoil(&session);
    session_reset(&session, true);
    cr_expect_null(session.extras);
    cr_expect_eq(session_kept_bytes(&session), 0);
}

Test(session, a_transaction_is_kept_from_multi_to_its_end)
{
    struct queued_command get = {command_by_id(COMMAND_ID_GET), 7, NULL, SPAN("GET a")};

    cr_expect_eq(session_queued(&session)->slot, SLOT_NONE);
    session_begin_multi(&session);
    cr_expect(session.is_in_multi);
    cr_expect(queued_add(session_open_queued(&session), &get, 1000));
    session_spoil(&session);
    cr_expect_eq(session_queued(&session)->slot, 7);
    cr_expect_eq(session_queued(&session)->count, 1);
    cr_expect(session_queued(&session)->is_spoiled);
    cr_expect_gt(session_kept_bytes(&session), 0);

    session_end_multi(&session);
    cr_expect_not(session.is_in_multi);
    cr_expect_eq(session_queued(&session)->count, 0);
    cr_expect_eq(session_kept_bytes(&session), 0);

    session_begin_multi(&session);
    cr_expect_eq(session_queued(&session)->slot, SLOT_NONE);
    cr_expect_not(session_queued(&session)->is_spoiled);
}

Test(session, fieldsets_count_with_what_it_keeps)
{
    fieldsets_keep(session_fieldsets(&session), SPAN("a"), SPAN("one"));
    cr_expect_gt(session_kept_bytes(&session), 0);
    session_reset(&session, true);
    cr_expect_eq(session_kept_bytes(&session), 0);
}

Test(session, what_a_client_says_of_itself_counts_with_what_it_keeps)
{
    session_set(&session, TEXT_NAME, SPAN("one"));
    cr_expect_eq(session_kept_bytes(&session), sizeof "one");
    session_set(&session, TEXT_LIBRARY_NAME, SPAN("library"));
    session_set(&session, TEXT_LIBRARY_VERSION, SPAN("1.0"));
    cr_expect_eq(session_kept_bytes(&session), sizeof "one" + sizeof "library" + sizeof "1.0");
    session_set(&session, TEXT_NAME, SPAN(""));
    cr_expect_eq(session_kept_bytes(&session), sizeof "library" + sizeof "1.0");
    fieldsets_keep(session_fieldsets(&session), SPAN("a"), SPAN("fields"));
    cr_expect_gt(session_kept_bytes(&session), sizeof "library" + sizeof "1.0" + sizeof "fields");
}

Test(session, prefixes_count_with_what_it_keeps)
{
    struct tracking tracking = {.prefix_bytes = 1000};

    session_extras(&session)->tracking = &tracking;
    cr_expect_eq(session_kept_bytes(&session), 1000);
}

Test(session, what_the_client_caches_counts_with_what_it_keeps)
{
    struct tracked tracked = {.interest_count = 100};
    struct tracking tracking = {.prefix_bytes = 1000, .tracked = &tracked};

    session_extras(&session)->tracking = &tracking;
    cr_expect_eq(session_kept_bytes(&session), 1000 + 100 * INTEREST_BYTES);
}

Test(session, subscriptions_count_with_what_it_keeps)
{
    struct subscriptions subscriptions = {.subscriber.bytes = 1000};

    session_extras(&session)->subscriptions = &subscriptions;
    cr_expect_eq(session_kept_bytes(&session), 1000);
}

Test(session, reset_forgets_all_but_the_library)
{
    session_set(&session, TEXT_NAME, SPAN("name"));
    session_set(&session, TEXT_LIBRARY_NAME, SPAN("lib"));
    session_set(&session, TEXT_LIBRARY_VERSION, SPAN("1"));
    session.reply_mode = REPLY_MODE_OFF;
    session.is_authenticated = true;
    session.no_evict = session.no_touch = true;

    session_reset(&session, false);
    cr_expect_null(session_text(&session, TEXT_NAME));
    cr_expect_str_eq(session_text(&session, TEXT_LIBRARY_NAME), "lib");
    cr_expect_str_eq(session_text(&session, TEXT_LIBRARY_VERSION), "1");
    cr_expect_eq(session.reply_mode, REPLY_MODE_ON);
    cr_expect_not(session.is_authenticated);
    cr_expect_not(session.no_evict);
    cr_expect_not(session.no_touch);

    session_reset(&session, true);
    cr_expect(session.is_authenticated);
    cr_expect_eq(session.id, 7);
}
