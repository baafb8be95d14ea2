#include "tests/fuzz/proxy/ledger.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/check.h"

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

void ledger_on_received(struct ledger *ledger, uint16_t uid, uint8_t tag)
{
    struct deed *deed = ledger_deed(ledger, uid, tag);

    if (!deed->is_asked) {
        ledger_fail("a node got what nobody asked for", uid, tag);
    }
    if (deed->is_void) {
        ledger_fail("a node got what came behind QUIT", uid, tag);
    }
    if (deed->is_write && !deed->is_blurred && deed->received > deed->refused) {
        ledger_fail("a write was sent twice", uid, tag);
    }
    deed->received++;
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

void ledger_on_turn(struct ledger *ledger)
{
    for (uint16_t i = 0; i < ledger->refusal_count; i++) {
        const struct refusal_note *note = &ledger->refusals[i];
        struct deed *deed = ledger_deed(ledger, note->uid, note->tag);
        uint16_t behind = youngest(ledger, note);

        deed->behind = behind > deed->behind ? behind : deed->behind;
    }
    ledger->refusal_count = 0;
}
