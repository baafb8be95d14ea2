#include "proxy/upgrade_text.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

TestSuite(upgrade_text, .timeout = 20);

static struct upgrade_sockets sockets;
static struct upgrade_sockets found;
static char text[PACKET_TEXT_MAX + 1];

Test(upgrade_text, words_are_told_apart)
{
    static const struct {
        const char *text;
        enum upgrade_word word;
        const char *rest;
    } rows[] = {
        {"slotway-upgrade 1 take\n", UPGRADE_TAKE, ""},
        {"slotway-upgrade 1 take", UPGRADE_TAKE, ""},
        {"slotway-upgrade 1 sockets 3\nown\t", UPGRADE_SOCKETS, "3"},
        {"slotway-upgrade 1 ready 101\n", UPGRADE_READY, "101"},
        {"slotway-upgrade 1 done\n", UPGRADE_DONE, ""},
        {"slotway-upgrade 1 no it is busy\n", UPGRADE_NO, "it is busy"},
        {"slotway-upgrade 2 take\n", UPGRADE_OTHER_VERSION, ""},
        {"slotway-upgrade 10 take\n", UPGRADE_OTHER_VERSION, ""},
        {"slotway-upgrade 1", UPGRADE_OTHER_VERSION, ""},
        {"slotway-upgrade 1 ", UPGRADE_NONSENSE, ""},
        {"slotway-upgrade 1 taken\n", UPGRADE_NONSENSE, ""},
        {"slotway-upgrad", UPGRADE_NONSENSE, ""},
        {"GET / HTTP/1.1\r\n", UPGRADE_NONSENSE, ""},
        {"", UPGRADE_NONSENSE, ""},
        {"\n", UPGRADE_NONSENSE, ""},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct span rest;

        cr_expect_eq(upgrade_text_word(span_of(rows[i].text), &rest), rows[i].word, "%s",
                     rows[i].text);
        cr_expect(span_equal(rest, span_of(rows[i].rest)), "%s: '%.*s'", rows[i].text,
                  (int)rest.size, rest.at);
    }
}

Test(upgrade_text, what_is_printed_is_read_as_such)
{
    for (int word = UPGRADE_TAKE; word <= UPGRADE_NO; word++) {
        struct span rest;
        char line[64];
        size_t size = upgrade_text_print((enum upgrade_word)word, "rest", line, sizeof line);

        cr_expect_eq(size, strlen(line));
        cr_expect_eq((int)upgrade_text_word((struct span){line, size}, &rest), word);
        cr_expect(span_equal(rest, SPAN("rest")));
    }
}

static void add(const char *address, const char *owner, bool is_lent)
{
    struct upgrade_socket *one = &sockets.items[sockets.count++];

    *one = (struct upgrade_socket){.is_lent = is_lent};
    cr_assert_eq(address_parse(span_of(address), &one->address), ADDRESS_OK);
    snprintf(one->owner, sizeof one->owner, "%s", owner);
}

Test(upgrade_text, sockets_survive_the_way)
{
    add("0.0.0.0:6380", "pool main", false);
    add("[::1]:6380", "pool with blanks", false);
    add("unix:/tmp/a file", "pool main", true);
    add("127.0.0.1:9180", "admin", false);

    size_t size = upgrade_text_print_sockets(&sockets, text);

    cr_assert(upgrade_text_read_sockets((struct span){text, size}, &found));
    cr_assert_eq(found.count, sockets.count);
    for (size_t i = 0; i < found.count; i++) {
        cr_expect(address_equal(&found.items[i].address, &sockets.items[i].address));
        cr_expect_str_eq(found.items[i].owner, sockets.items[i].owner);
        cr_expect_eq(found.items[i].is_lent, sockets.items[i].is_lent);
        cr_expect_eq(found.items[i].fd, -1);
    }
}

Test(upgrade_text, a_name_cannot_end_its_line)
{
    add("127.0.0.1:1", "pool a\nown\t127.0.0.1:2\tadmin", false);

    size_t size = upgrade_text_print_sockets(&sockets, text);

    cr_assert(upgrade_text_read_sockets((struct span){text, size}, &found));
    cr_expect_eq(found.count, 1);
}

Test(upgrade_text, as_many_as_there_can_be_fit)
{
    char path[300];

    memset(path, 'p', sizeof path);
    memcpy(path, "unix:/", 6);
    path[5 + 107] = '\0';
    for (int i = 0; i < PACKET_DESCRIPTORS_MAX; i++) {
        add(path, "pool 0123456789012345678901234567890123456789012345678901234567890123", false);
    }
    cr_expect_gt(upgrade_text_print_sockets(&sockets, text), 0);
    cr_expect(upgrade_text_read_sockets(span_of(text), &found));
    cr_expect_eq(found.count, PACKET_DESCRIPTORS_MAX);
}

Test(upgrade_text, nonsense_about_sockets_is_refused)
{
    static const char *const rows[] = {
        "",
        "slotway-upgrade 1 take\n",
        "slotway-upgrade 1 sockets\n",
        "slotway-upgrade 1 sockets x\n",
        "slotway-upgrade 1 sockets -1\n",
        "slotway-upgrade 1 sockets 251\n",
        "slotway-upgrade 1 sockets 1\n",
        "slotway-upgrade 1 sockets 0\nown\t127.0.0.1:1\tadmin\n",
        "slotway-upgrade 1 sockets 2\nown\t127.0.0.1:1\tadmin\n",
        "slotway-upgrade 1 sockets 1\nmine\t127.0.0.1:1\tadmin\n",
        "slotway-upgrade 1 sockets 1\nown\t127.0.0.1\tadmin\n",
        "slotway-upgrade 1 sockets 1\nown\t127.0.0.1:1\t\n",
        "slotway-upgrade 1 sockets 1\nown\t127.0.0.1:1\n",
        "slotway-upgrade 1 sockets 1\nown 127.0.0.1:1 admin\n",
        "slotway-upgrade 1 sockets 1\nown\t127.0.0.1:1\t"
        "0123456789012345678901234567890123456789012345678901234567890123456789"
        "0123456789012345678901234567890123456789\n",
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        cr_expect_not(upgrade_text_read_sockets(span_of(rows[i]), &found), "%s", rows[i]);
    }
}

Test(upgrade_text, a_choice_says_yes_or_no_for_each)
{
    cr_expect(upgrade_text_is_choice(SPAN("101"), 3));
    cr_expect(upgrade_text_is_choice(SPAN(""), 0));
    cr_expect_not(upgrade_text_is_choice(SPAN("10"), 3));
    cr_expect_not(upgrade_text_is_choice(SPAN("1010"), 3));
    cr_expect_not(upgrade_text_is_choice(SPAN("1x1"), 3));
}
