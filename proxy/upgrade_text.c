#include "proxy/upgrade_text.h"

#include <stdio.h>

#include "common/check.h"

#define MAGIC   "slotway-upgrade "
#define VERSION "1 "

static const struct {
    struct span text;
    enum upgrade_word word;
} words[] = {
    {{"take", 4}, UPGRADE_TAKE}, {{"sockets", 7}, UPGRADE_SOCKETS}, {{"ready", 5}, UPGRADE_READY},
    {{"done", 4}, UPGRADE_DONE}, {{"no", 2}, UPGRADE_NO},
};

/* The text up to `end`, which is dropped, or all of it; *text is what is left. */
static struct span cut(struct span *text, char end)
{
    const char *found = memchr(text->at, end, text->size);
    size_t size = found == NULL ? text->size : (size_t)(found - text->at);
    size_t used = found == NULL ? size : size + 1;
    struct span part = {text->at, size};

    text->at += used;
    text->size -= used;
    return part;
}

static bool skip(struct span *text, struct span prefix)
{
    if (!span_starts_with(*text, prefix)) {
        return false;
    }
    text->at += prefix.size;
    text->size -= prefix.size;
    return true;
}

enum upgrade_word upgrade_text_word(struct span text, struct span *rest)
{
    struct span line = cut(&text, '\n');

    *rest = (struct span){"", 0};
    if (!skip(&line, SPAN(MAGIC))) {
        return UPGRADE_NONSENSE;
    }
    if (!skip(&line, SPAN(VERSION))) {
        return UPGRADE_OTHER_VERSION;
    }

    struct span word = cut(&line, ' ');

    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (span_equal(word, words[i].text)) {
            *rest = line;
            return words[i].word;
        }
    }
    return UPGRADE_NONSENSE;
}

static struct span text_of(enum upgrade_word word)
{
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if (words[i].word == word) {
            return words[i].text;
        }
    }
    CHECK(!"a word that can be said");
    return SPAN("");
}

size_t upgrade_text_print(enum upgrade_word word, const char *rest, char *text, size_t room)
{
    int length = snprintf(text, room, MAGIC VERSION "%s%s%s\n", text_of(word).at,
                          rest[0] == '\0' ? "" : " ", rest);

    CHECK(length > 0);
    return size_min((size_t)length, room - 1);
}

/* What would end a field early is said as something else; the address that the socket is bound to
 * will tell. */
static void make_field(char *text)
{
    for (; *text != '\0'; text++) {
        *text = *text == '\n' || *text == '\t' ? '?' : *text;
    }
}

size_t upgrade_text_print_sockets(const struct upgrade_sockets *sockets, char *text)
{
    char count[24];

    snprintf(count, sizeof count, "%zu", sockets->count);

    size_t size = upgrade_text_print(UPGRADE_SOCKETS, count, text, PACKET_TEXT_MAX + 1);

    for (size_t i = 0; i < sockets->count; i++) {
        const struct upgrade_socket *one = &sockets->items[i];
        size_t room = PACKET_TEXT_MAX + 1 - size;
        char address[sizeof one->address + 16];
        char owner[UPGRADE_OWNER_MAX];

        snprintf(owner, sizeof owner, "%s", one->owner);
        make_field(owner);
        address_print(&one->address, address, sizeof address);
        make_field(address);
        size += (size_t)snprintf(text + size, room, "%s\t%s\t%s\n", one->is_lent ? "lent" : "own",
                                 address, owner);
        if (size > PACKET_TEXT_MAX) {
            return 0;
        }
    }
    return size;
}

static bool read_socket(struct span line, struct upgrade_socket *one)
{
    struct span file = cut(&line, '\t');
    struct span address = cut(&line, '\t');

    one->fd = -1;
    one->is_lent = span_equal(file, SPAN("lent"));
    if ((!one->is_lent && !span_equal(file, SPAN("own"))) ||
        address_parse(address, &one->address) != ADDRESS_OK || line.size == 0 ||
        line.size >= sizeof one->owner || memchr(line.at, '\0', line.size) != NULL ||
        memchr(line.at, '\t', line.size) != NULL) {
        return false;
    }
    memcpy(one->owner, line.at, line.size);
    one->owner[line.size] = '\0';
    return true;
}

bool upgrade_text_read_sockets(struct span text, struct upgrade_sockets *sockets)
{
    struct span rest;
    int64_t count;

    if (upgrade_text_word(text, &rest) != UPGRADE_SOCKETS || !span_to_int64(rest, &count) ||
        count < 0 || count > PACKET_DESCRIPTORS_MAX) {
        return false;
    }
    sockets->count = (size_t)count;
    cut(&text, '\n');
    for (size_t i = 0; i < sockets->count; i++) {
        if (!read_socket(cut(&text, '\n'), &sockets->items[i])) {
            return false;
        }
    }
    return text.size == 0;
}

bool upgrade_text_is_choice(struct span rest, size_t count)
{
    for (size_t i = 0; i < rest.size; i++) {
        if (rest.at[i] != '0' && rest.at[i] != '1') {
            return false;
        }
    }
    return rest.size == count;
}
