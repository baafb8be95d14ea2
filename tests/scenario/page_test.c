/* The admin page: served whole, and, where there is a Chromium, looked at. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/expect.h"
#include "tests/support/http.h"
#include "tests/support/rig.h"

TestSuite(page, .timeout = 120, .fini = rig_clean_up);

static void expect_there(struct rig *rig, const char *path, const char *part)
{
    struct bytes body = {0};

    cr_assert_eq(http_get(rig_admin_port(rig), path, &body), 200, "%s", path);
    EXPECT_CONTAINS(body.at, part);
    bytes_clear(&body);
}

/* All that `text` asks for behind `before`, up to a quote. */
static void expect_all_there(struct rig *rig, const char *text, const char *before,
                             const char *folder)
{
    int count = 0;

    for (const char *at = text; (at = strstr(at, before)) != NULL; count++) {
        at += strlen(before);
        expect_there(rig, rig_print(rig, "%s%.*s", folder, (int)strcspn(at, "\""), at), "");
    }
    cr_expect_gt(count, 0, "%s", before);
}

Test(page, has_all_files_that_it_asks_for)
{
    struct rig *rig = rig_start(1);
    struct bytes body = {0};

    cr_assert_eq(http_get(rig_admin_port(rig), "/", &body), 200);
    expect_all_there(rig, body.at, "href=\"/page/", "/page/");
    expect_all_there(rig, body.at, "src=\"/page/", "/page/");
    EXPECT_LACKS(body.at, "https://");
    EXPECT_LACKS(body.at, "style=");
    EXPECT_LACKS(body.at, "onclick");
    bytes_clear(&body);
    cr_assert_eq(http_get(rig_admin_port(rig), "/page/main.js", &body), 200);
    expect_all_there(rig, body.at, "from \"./", "/page/");
    bytes_clear(&body);
    expect_there(rig, "/help", "/topology");
    rig_stop(&rig);
}

enum { LOOK_ARGUMENTS = 16 };

/* What no test has to say again. */
#define WELL      "document.getElementById('headline').textContent === 'All is well'"
#define NO_SCROLL "document.documentElement.scrollWidth <= innerWidth"

static void skip_without_browser(void)
{
    const char *const argv[] = {"sh", "-c", "command -v chromium || command -v chromium-browser",
                                NULL};

    if (process_run(argv, NULL) != 0) {
        cr_skip_test("there is no chromium to look at the page with");
    }
}

/* Opens the page, and expects that the browser has nothing to complain about. */
static void look_list(struct rig *rig, const char *const *arguments)
{
    const char *argv[LOOK_ARGUMENTS] = {
        "python3", SOURCE_FOLDER "/tests/scenario/page_look.py",
        rig_print(rig, "http://127.0.0.1:%u/", rig_admin_port(rig))};
    struct bytes said = {0};
    size_t count = 3;

    for (size_t i = 0; arguments[i] != NULL; i++) {
        cr_assert_lt(count, LOOK_ARGUMENTS - 1);
        argv[count++] = arguments[i];
    }
    cr_expect_eq(process_run(argv, &said), 0, "%s", said.at);
    bytes_clear(&said);
}
#define look(rig, ...) look_list((rig), (const char *const[]){__VA_ARGS__, NULL})

static struct rig *start_with_hostile_client(void)
{
    setenv("SLOTWAY_SLOWLOG_SLOWER_THAN", "0", 1);
    setenv("SLOTWAY_ADMIN_SHOW_KEYS", "true", 1);

    struct rig *rig =
        rig_start_with((struct rig_options){.nodes = 3, .workers = 2, .with_store = true});

    cr_expect_str_eq(ask(rig, "SET", "b", "v"), "OK"); /* slot 3300, of node 0 */
    cr_expect_str_eq(ask(rig, "SET", "<img src=x onerror=alert(1)>", "v"), "OK");
    return rig;
}

Test(page, shows_nodes_slots_events_and_what_was_slow_and_no_error)
{
    skip_without_browser();
    struct rig *rig = start_with_hostile_client();

    look(rig, "--until", WELL, "--until", NO_SCROLL, "--until",
         "document.querySelectorAll('#nodes tbody tr').length === 3 && "
         "document.querySelectorAll('#workers tbody tr').length === 2 && "
         "document.querySelectorAll('#events li').length >= 2 && "
         "document.querySelectorAll('#owners li').length === 3 && "
         "document.querySelectorAll('figure svg .line').length >= 7",
         "--until",
         "document.getElementById('slow').textContent.includes('<img src=x onerror=alert(1)>') && "
         "document.images.length === 0");
    rig_stop(&rig);
}

Test(page, fits_a_narrow_window_and_is_dark_for_who_wants_it_dark)
{
    skip_without_browser();
    struct rig *rig = start_with_hostile_client();

    look(rig, "--width", "360", "--height", "800", "--dark", "--until", WELL, "--until", NO_SCROLL,
         "--until",
         "document.querySelectorAll('#nodes tbody tr').length === 3 && "
         "getComputedStyle(document.body).backgroundColor === 'rgb(14, 19, 25)'");
    rig_stop(&rig);
}

Test(page, says_at_once_that_a_primary_is_gone)
{
    skip_without_browser();
    struct rig *rig = start_with_hostile_client();

    fake_node_die(rig_node(rig, 0));
    look(rig, "--until",
         rig_print(rig,
                   "document.getElementById('headline').textContent.startsWith("
                   "'Primary %s has been unreachable for ')",
                   rig_address(rig, 0)),
         "--until",
         "document.getElementById('verdict').dataset.mood === 'bad' && "
         "document.querySelectorAll('#nodes tr[data-mood=bad]').length === 1 && "
         "document.title.includes('unreachable')");
    rig_stop(&rig);
}

/* In which no second has been counted yet; and none is missed from there on. */
Test(page, opened_in_the_first_second_shows_what_there_is)
{
    static const char counted_from_0[] =
        "const real = fetch; let count = 0;"
        "window.fetch = async (...asked) => {"
        "  const answer = await real(...asked);"
        "  const path = new URL(asked[0]).pathname;"
        "  if (path !== '/stats' && path !== '/history') { return answer; }"
        "  const said = await answer.json();"
        "  said.second = path === '/stats' ? count++ : count - 1;"
        "  return new Response(JSON.stringify(said));"
        "};";

    skip_without_browser();
    struct rig *rig = start_with_hostile_client();

    look(rig, "--before", counted_from_0, "--until", WELL);
    rig_stop(&rig);
}
