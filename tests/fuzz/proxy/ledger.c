#include "tests/fuzz/proxy/ledger.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/check.h"

/* A little less than the proxy keeps it in mind. */
enum { MOVING_US = 900 * US_PER_MS };

void ledger_fail(const char *what, uint16_t uid, uint8_t tag)
{
    fprintf(stderr, "broken promise: %s (request %u, tag %u)\n", what, uid, tag);
    abort();
}

uint16_t ledger_number(struct ledger *ledger)
{
    return ledger->last_uid == LEDGER_UIDS ? 0 : ++ledger->last_uid;
}

struct deed *ledger_deed(struct ledger *ledger, uint16_t uid, uint8_t tag)
{
    CHECK(uid > 0 && uid <= LEDGER_UIDS && tag < LEDGER_TAGS);
    return &ledger->deeds[uid][tag];
}

/* Is it with a node, since an earlier turn, and waited for? */
static bool is_out(const struct ledger *ledger, const struct deed *deed, uint64_t now)
{
    return deed->is_asked && deed->received > deed->refused && !deed->is_executed &&
           !deed->is_lost && !deed->is_blurred && !deed->is_uncertain && now < deed->until &&
           deed->received_in < ledger->turn;
}

/* Has the owner of the slot answered anything of that client since it was refused? What was said
 * unasked may have been taken for that. */
static bool is_settled(const struct ledger *ledger, const struct deed *refused, uint8_t tag)
{
    for (uint16_t uid = 1; uid <= ledger->last_uid; uid++) {
        const struct deed *deed = &ledger->deeds[uid][tag];

        bool is_answered = deed->is_executed && deed->executed_in >= refused->refused_in;

        if (deed->connection == refused->connection && (is_answered || deed->is_blurred)) {
            return true;
        }
    }
    return false;
}

/* `deed` goes to a node while `other` is with one: may it? */
static void check_pair(const struct ledger *ledger, uint16_t uid, uint16_t other_uid, uint8_t tag,
                       uint64_t now)
{
    const struct deed *other = &ledger->deeds[other_uid][tag];

    if (other->connection != ledger->deeds[uid][tag].connection || !is_out(ledger, other, now)) {
        return;
    }
    if (other_uid < uid && other->refused > 0 && !is_settled(ledger, other, tag)) {
        fprintf(stderr, "%u had been refused, and is out again\n", other_uid);
        ledger_fail("what was refused was not waited for", uid, tag);
    }
    if (now < ledger->moving[tag].until && other->received_in > ledger->moving[tag].since) {
        fprintf(stderr, "%u was out already\n", other_uid);
        ledger_fail("two requests for keys that are on their way were out", uid, tag);
    }
}

static void check_alone(const struct ledger *ledger, uint16_t uid, uint8_t tag, uint64_t now)
{
    for (uint16_t other = 1; tag < LEDGER_SLOTS && other <= ledger->last_uid; other++) {
        if (other != uid) {
            check_pair(ledger, uid, other, tag, now);
        }
    }
}

/* Is it there in one piece, or key by key where it may be? */
static void check_pieces(const struct deed *deed, const struct arrival_note *note)
{
    bool is_whole = note->keys == deed->keys;

    if (!is_whole && (note->keys != 1 || !deed->may_part || deed->refused == 0)) {
        ledger_fail("a node got a part of what was asked", note->uid, note->tag);
    }
    if (is_whole && deed->is_write && deed->is_parted) {
        ledger_fail("a node got the whole of what was parted", note->uid, note->tag);
    }
}

static void check_once(const struct deed *deed, const struct arrival_note *note)
{
    int out = deed->received - deed->refused;

    if (deed->is_write && out >= (deed->is_parted ? deed->keys : 1)) {
        ledger_fail("a write was sent twice", note->uid, note->tag);
    }
}

void ledger_on_received(struct ledger *ledger, struct arrival_note note, uint64_t now)
{
    struct deed *deed = ledger_deed(ledger, note.uid, note.tag);

    if (!deed->is_asked) {
        ledger_fail("a node got what nobody asked for", note.uid, note.tag);
    }
    if (deed->is_void) {
        ledger_fail("a node got what came behind QUIT", note.uid, note.tag);
    }
    if (!deed->is_blurred) {
        check_pieces(deed, &note);
        check_once(deed, &note);
    }
    if (!note.is_uncertain && !deed->is_blurred) {
        check_alone(ledger, note.uid, note.tag, now);
    }
    deed->is_parted = deed->is_parted || note.keys < deed->keys;
    deed->received++;
    deed->received_in = ledger->turn;
    deed->is_lost = false;
    deed->is_uncertain = note.is_uncertain;
}

void ledger_on_lost(struct ledger *ledger, uint16_t uid, uint8_t tag)
{
    ledger_deed(ledger, uid, tag)->is_lost = true;
}

void ledger_on_refused(struct ledger *ledger, struct refusal_note note)
{
    ledger_deed(ledger, note.uid, note.tag)->refused++;
    CHECK(ledger->refusal_count < LEDGER_REFUSALS);
    ledger->refusals[ledger->refusal_count++] = note;
}

static bool is_order_due(const struct deed *older, uint16_t younger_uid, const struct deed *younger,
                         uint64_t now)
{
    return younger->is_asked && younger->is_write && younger->is_executed &&
           younger->connection == older->connection && !younger->is_blurred && !older->is_blurred &&
           younger_uid > older->behind && now < older->until;
}

void ledger_on_executed(struct ledger *ledger, uint16_t uid, uint8_t tag, uint64_t now)
{
    struct deed *deed = ledger_deed(ledger, uid, tag);

    deed->is_executed = true;
    deed->executed_in = ledger->turn;
    if (!deed->is_write || tag >= LEDGER_SLOTS) {
        return;
    }
    for (uint16_t younger = (uint16_t)(uid + 1); younger <= ledger->last_uid; younger++) {
        if (is_order_due(deed, younger, &ledger->deeds[younger][tag], now)) {
            fprintf(stderr, "%u was executed before it\n", younger);
            ledger_fail("an older write was executed after a younger one", uid, tag);
        }
    }
}

static uint16_t youngest(const struct ledger *ledger, const struct refusal_note *note)
{
    const struct deed *refused = &ledger->deeds[note->uid][note->tag];
    uint16_t youngest = note->uid;

    for (uint16_t uid = note->uid; uid <= ledger->last_uid; uid++) {
        const struct deed *deed = &ledger->deeds[uid][note->tag];

        if (deed->is_asked && deed->connection == refused->connection &&
            (deed->received > 0 || note->is_uncertain)) {
            youngest = uid;
        }
    }
    return youngest;
}

void ledger_on_turn(struct ledger *ledger, uint64_t now)
{
    for (uint16_t i = 0; i < ledger->refusal_count; i++) {
        const struct refusal_note *note = &ledger->refusals[i];
        struct deed *deed = ledger_deed(ledger, note->uid, note->tag);
        uint16_t behind = youngest(ledger, note);

        deed->behind = behind > deed->behind ? behind : deed->behind;
        deed->refused_in = ledger->turn;
        if (note->is_moving && !deed->is_blurred && now < deed->until) {
            ledger->moving[note->tag].until = now + MOVING_US;
            ledger->moving[note->tag].since = ledger->turn;
        }
    }
    ledger->refusal_count = 0;
    ledger->turn++;
}

void ledger_on_left(struct ledger *ledger, uint16_t connection)
{
    for (uint16_t uid = 1; uid <= ledger->last_uid; uid++) {
        for (uint8_t tag = 0; tag < LEDGER_TAGS; tag++) {
            struct deed *deed = &ledger->deeds[uid][tag];

            if (deed->connection == connection) {
                deed->until = 0;
            }
        }
    }
}
