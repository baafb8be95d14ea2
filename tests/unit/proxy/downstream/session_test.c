#include "proxy/downstream/session.h"

#include <criterion/criterion.h>

static struct session session;

static void open_session(void)
{
    session_init(&session, 7, 100, false);
}

static void clear_session(void)
{
    session_clear(&session);
}

TestSuite(session, .init = open_session, .fini = clear_session);

Test(session, starts_with_nothing_said)
{
    cr_expect_eq(session.id, 7);
    cr_expect_eq(session.created, 100);
    cr_expect_eq(session.last_request, 100);
    cr_expect_eq(session.reply_mode, REPLY_MODE_ON);
    cr_expect_not(session.is_authenticated);
    cr_expect_null(session.name);
    cr_expect_null(session.last_command);
}

Test(session, a_text_is_copied_replaced_and_removed)
{
    char text[] = "one more";

    session_set(&session.name, (struct span){text, 3});
    text[0] = 'x';
    cr_expect_str_eq(session.name, "one");
    session_set(&session.name, SPAN("two"));
    cr_expect_str_eq(session.name, "two");
    session_set(&session.name, SPAN(""));
    cr_expect_null(session.name);
}

Test(session, reset_forgets_all_but_the_library)
{
    session_set(&session.name, SPAN("name"));
    session_set(&session.library_name, SPAN("lib"));
    session_set(&session.library_version, SPAN("1"));
    session.reply_mode = REPLY_MODE_OFF;
    session.is_authenticated = true;
    session.no_evict = session.no_touch = true;

    session_reset(&session, false);
    cr_expect_null(session.name);
    cr_expect_str_eq(session.library_name, "lib");
    cr_expect_str_eq(session.library_version, "1");
    cr_expect_eq(session.reply_mode, REPLY_MODE_ON);
    cr_expect_not(session.is_authenticated);
    cr_expect_not(session.no_evict);
    cr_expect_not(session.no_touch);

    session_reset(&session, true);
    cr_expect(session.is_authenticated);
    cr_expect_eq(session.id, 7);
}
