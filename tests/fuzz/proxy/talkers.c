#include "tests/fuzz/proxy/talkers.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/check.h"
#include "common/resp_scan.h"
#include "tests/fuzz/proxy/nodes.h"
#include "tests/fuzz/proxy/verdict.h"

enum {
    WORDS_MAX = 2 * ASKED_TAGS_MAX + 4,
    WORD_MAX = 32,
    READ_ROOM = 64 * 1024,
    REPLY_MAX = 1 << 24,
    LARGE_BYTES = 18 * 1024, /* such bytes are passed on, not copied */
};

static char large[LARGE_BYTES];

void talker_open(struct talker *talker, struct ledger *ledger, int fd, uint16_t connection)
{
    *talker = (struct talker){.fd = fd, .ledger = ledger, .connection = connection};
}

void talker_close(struct talker *talker)
{
    if (talker->fd < 0) {
        return;
    }
    ledger_on_left(talker->ledger, talker->connection);
    close(talker->fd);
    bytes_clear(&talker->out);
    bytes_clear(&talker->heard);
    bytes_clear(&talker->last_error);
    *talker = (struct talker){.fd = -1};
}

/* The words of a request, and room for the keys among them. */
struct words {
    struct span items[WORDS_MAX];
    char keys[ASKED_TAGS_MAX][WORD_MAX];
    size_t count;
};

static void words_add(struct words *words, struct span word)
{
    CHECK(words->count < WORDS_MAX);
    words->items[words->count++] = word;
}

static void words_add_keys(struct words *words, const struct asked *asked, struct span value)
{
    for (uint8_t i = 0; i < asked->tag_count; i++) {
        snprintf(words->keys[i], WORD_MAX, "{%s}:%u", tag_name(asked->tags[i]), asked->uid);
        words_add(words, span_of(words->keys[i]));
        if (value.size > 0) {
            words_add(words, value);
        }
    }
}

static const struct {
    const char *words[3];
    bool has_number;
    bool has_several;
    bool is_write;
} forms[ASKED_COUNT] = {
    [ASKED_GET] = {{"GET"}, true, false, false},
    [ASKED_SET] = {{"SET"}, true, false, true},
    [ASKED_SET_LARGE] = {{"SET"}, true, false, true},
    [ASKED_DEL] = {{"DEL"}, true, true, true},
    [ASKED_MSET] = {{"MSET"}, true, true, true},
    [ASKED_MGET] = {{"MGET"}, true, true, false},
    [ASKED_EVAL] = {{"EVAL", "return", "1"}, true, false, true},
    [ASKED_PUBLISH] = {{"PUBLISH"}, true, false, true},
    [ASKED_DBSIZE] = {{"DBSIZE"}, false, false, false},
    [ASKED_PING] = {{"PING"}, false, false, false},
    [ASKED_ECHO] = {{"ECHO"}, true, false, false},
    [ASKED_UNKNOWN] = {{"NOSUCH"}, true, false, false},
    [ASKED_REPLY_ON] = {{"CLIENT", "REPLY", "ON"}, false, false, false},
    [ASKED_REPLY_OFF] = {{"CLIENT", "REPLY", "OFF"}, false, false, false},
    [ASKED_REPLY_SKIP] = {{"CLIENT", "REPLY", "SKIP"}, false, false, false},
    [ASKED_RESET] = {{"RESET"}, false, false, false},
    [ASKED_QUIT] = {{"QUIT"}, false, false, false},
};

static void compose(struct bytes *to, const struct asked *asked)
{
    struct words words = {.count = 0};
    struct span value = {"", 0};
    char word[WORD_MAX];

    for (size_t i = 0; i < ARRAY_LEN(forms[0].words) && forms[asked->kind].words[i]; i++) {
        words_add(&words, span_of(forms[asked->kind].words[i]));
    }
    if (asked->kind == ASKED_SET_LARGE) {
        value = (struct span){large, sizeof large};
    } else if (asked->kind == ASKED_SET || asked->kind == ASKED_MSET ||
               asked->kind == ASKED_PUBLISH) {
        value = SPAN("value");
    }
    if (asked->kind == ASKED_ECHO || asked->kind == ASKED_UNKNOWN) {
        snprintf(word, sizeof word, "r%u.", asked->uid);
        words_add(&words, span_of(word));
    } else {
        words_add_keys(&words, asked, value);
    }
    bytes_add_request(to, words.items, words.count);
}

/* Two bits a key: how many keys, and which slots. */
static void pick_tags(struct asked *asked, uint8_t tags)
{
    if (asked->kind == ASKED_PUBLISH) {
        asked->tags[0] = LEDGER_SLOTS;
        asked->tag_count = 1;
        return;
    }
    if (!forms[asked->kind].has_number || asked->kind == ASKED_ECHO ||
        asked->kind == ASKED_UNKNOWN) {
        return;
    }
    asked->tag_count = forms[asked->kind].has_several ? (uint8_t)(1 + tags % ASKED_TAGS_MAX) : 1;
    for (uint8_t i = 0; i < asked->tag_count; i++) {
        asked->tags[i] = (uint8_t)((tags >> (2 * i)) % LEDGER_SLOTS);
    }
}

static uint8_t count_keys(const struct asked *asked, uint8_t tag)
{
    unsigned count = 0;

    for (uint8_t i = 0; i < asked->tag_count; i++) {
        count += asked->tags[i] == tag;
    }
    return (uint8_t)count;
}

static void enter(struct talker *talker, const struct asked *asked, uint64_t until)
{
    for (uint8_t i = 0; i < asked->tag_count; i++) {
        struct deed *deed = ledger_deed(talker->ledger, asked->uid, asked->tags[i]);

        *deed = (struct deed){
            .until = until,
            .connection = talker->connection,
            .is_asked = true,
            .is_write = forms[asked->kind].is_write,
            .keys = count_keys(asked, asked->tags[i]),
            .may_part = asked->kind == ASKED_DEL || asked->kind == ASKED_MGET,
            .is_blurred = talker->is_garbled,
            .is_void = talker->has_quit && !talker->is_garbled,
        };
    }
}

/* CLIENT REPLY: OFF and SKIP say nothing themselves, ON does; SKIP concerns the next one, and only
 * ON puts an end to it. */
static bool is_due_a_reply(struct talker *talker, enum asked_kind kind)
{
    bool is_skipped = talker->skips_next && kind != ASKED_REPLY_ON;

    talker->skips_next = kind == ASKED_REPLY_SKIP && !talker->is_mute;
    if (kind == ASKED_REPLY_ON || kind == ASKED_RESET) {
        talker->is_mute = false;
    }
    talker->is_mute = talker->is_mute || kind == ASKED_REPLY_OFF;
    return kind != ASKED_REPLY_SKIP && !talker->is_mute && !is_skipped;
}

void talker_ask(struct talker *talker, enum asked_kind kind, uint8_t tags, uint64_t until)
{
    struct asked asked = {.kind = kind};

    if (talker->is_shut || talker->asked_count == ASKED_MAX) {
        return;
    }
    if (forms[kind].has_number && (asked.uid = ledger_number(talker->ledger)) == 0) {
        return;
    }
    pick_tags(&asked, tags);
    enter(talker, &asked, until);
    compose(&talker->out, &asked);
    if (!talker->has_quit && is_due_a_reply(talker, kind)) {
        talker->asked[talker->asked_count++] = asked;
    }
    talker->has_quit = talker->has_quit || kind == ASKED_QUIT;
}

/* No braces, so that nobody is taken for somebody else. */
void talker_babble(struct talker *talker, struct span text)
{
    char *at = bytes_room(&talker->out, text.size);

    for (size_t i = 0; i < text.size; i++) {
        at[i] = text.at[i] == '{' ? '(' : text.at[i];
    }
    bytes_added(&talker->out, text.size);
    talker->is_garbled = true;
}

void talker_deliver(struct talker *talker, size_t size)
{
    if (talker->out.size == 0) {
        return;
    }

    ssize_t sent = send(talker->fd, talker->out.at, size_min(size, talker->out.size), MSG_NOSIGNAL);

    if (sent > 0) {
        bytes_drop(&talker->out, (size_t)sent);
    }
}

void talker_shut(struct talker *talker)
{
    if (!talker->is_shut && talker->out.size == 0) {
        shutdown(talker->fd, SHUT_WR);
        talker->is_shut = true;
    }
}

/* The reply to the next request that has one. Who said nonsense is only told replies, any. */
static void hear_one(struct talker *talker, struct span reply)
{
    if (talker->is_garbled) {
        return;
    }
    if (talker->answered == talker->asked_count) {
        ledger_fail("a client was told more than it had asked", 0, 0);
    }
    if (reply.at[0] == '-') {
        talker->error_count++;
        talker->last_error.size = 0;
        bytes_add(&talker->last_error, reply.at, reply.size);
    }
    verdict(&talker->asked[talker->answered++], reply, talker->ledger);
}

static void hear(struct talker *talker)
{
    size_t used = 0;

    while (talker->heard.size > 0) {
        struct span heard = {talker->heard.at, talker->heard.size};
        struct reply_scan scan = {0};
        enum scan_result result = reply_scan_next(&scan, REPLY_MAX, heard, &used);

        if (result == SCAN_MORE) {
            return;
        }
        if (result == SCAN_BAD) {
            ledger_fail("a client was told what is no reply", 0, 0);
        }
        hear_one(talker, (struct span){heard.at, used});
        bytes_drop(&talker->heard, used);
    }
}

static void on_closed(struct talker *talker, bool may_close)
{
    bool is_done = talker->answered == talker->asked_count && (talker->has_quit || talker->is_shut);

    if (!is_done && !may_close && !talker->is_garbled && !talker->was_deaf) {
        ledger_fail("a client was disconnected", talker->asked[talker->answered].uid, 0);
    }
    talker_close(talker);
}

void talker_listen(struct talker *talker, bool may_close)
{
    static char room[READ_ROOM];

    while (talker->fd >= 0 && !talker->is_deaf) {
        ssize_t got = recv(talker->fd, room, sizeof room, 0);

        if (got > 0) {
            bytes_add(&talker->heard, room, (size_t)got);
            hear(talker);
        } else if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
            on_closed(talker, may_close);
        } else if (got < 0) {
            return;
        }
    }
}

bool talker_is_content(const struct talker *talker)
{
    if (talker->fd < 0 || talker->is_garbled) {
        return true;
    }
    return talker->out.size == 0 && talker->answered == talker->asked_count && !talker->has_quit &&
           !talker->is_shut;
}
