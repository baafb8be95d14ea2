#include "proxy/downstream/session.h"

#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
#include "proxy/cluster/slot.h"
#include "proxy/downstream/client.h"
#include "proxy/downstream/tracking.h"

/* Looked at where nothing was queued yet, and never changed. */
static const struct queued queued_closed = {.slot = SLOT_NONE, .only_reads = true};

void session_init(struct session *session, uint64_t id, uint64_t now, bool is_authenticated)
{
    *session = (struct session){
        .id = id,
        .created_s = (uint32_t)(now / US_PER_SECOND),
        .last_active = now,
        .protocol = 2,
        .is_authenticated = is_authenticated,
        .watched = {.slot = SLOT_NONE},
    };
}

struct extras *session_extras(struct session *session)
{
    if (session->extras == NULL) {
        session->extras = memory_new(1, sizeof *session->extras);
    }
    return session->extras;
}

void session_set(struct session *session, enum extra_text which, struct span value)
{
    if (value.size == 0 && session->extras == NULL) {
        return;
    }

    char **text = &session_extras(session)->texts[which];

    free(*text);
    *text = value.size == 0 ? NULL : memory_copy(value.at, value.size);
}

void session_begin_multi(struct session *session)
{
    struct extras *extras = session_extras(session);

    if (extras->queued == NULL) {
        extras->queued = memory_raw(sizeof *extras->queued);
        queued_init(extras->queued);
    }
    queued_open(extras->queued);
    session->is_in_multi = true;
}

void session_end_multi(struct session *session)
{
    if (session->is_in_multi) {
        queued_close(session->extras->queued);
        session->is_in_multi = false;
    }
}

const struct queued *session_queued(const struct session *session)
{
    return session->is_in_multi ? session->extras->queued : &queued_closed;
}

void session_spoil(struct session *session)
{
    if (session->is_in_multi) {
        session->extras->queued->is_spoiled = true;
    }
}

struct fieldsets *session_fieldsets(struct session *session)
{
    struct extras *extras = session_extras(session);

    if (extras->fieldsets == NULL) {
        extras->fieldsets = memory_raw(sizeof *extras->fieldsets);
        fieldsets_init(extras->fieldsets);
    }
    return extras->fieldsets;
}

static size_t text_bytes(const struct extras *extras)
{
    size_t bytes = 0;

    for (size_t i = 0; i < TEXT_COUNT; i++) {
        bytes += extras->texts[i] == NULL ? 0 : strlen(extras->texts[i]) + 1;
    }
    return bytes;
}

size_t session_kept_bytes(const struct session *session)
{
    const struct extras *extras = session->extras;

    if (extras == NULL) {
        return 0;
    }
    return text_bytes(extras) + (session->is_in_multi ? extras->queued->bytes.size : 0) +
           (extras->fieldsets == NULL ? 0 : extras->fieldsets->bytes) +
           (extras->tracking == NULL ? 0 : tracking_bytes(extras->tracking)) +
           (extras->subscriptions == NULL ? 0 : extras->subscriptions->subscriber.bytes);
}

static void session_forget_commands(struct session *session)
{
    session_end_multi(session);
    if (session->extras != NULL && session->extras->fieldsets != NULL) {
        fieldsets_clear(session->extras->fieldsets);
    }
}

void session_clear(struct session *session)
{
    struct extras *extras = session->extras;

    session_forget_commands(session);
    session->extras = NULL;
    if (extras == NULL) {
        return;
    }
    for (size_t i = 0; i < TEXT_COUNT; i++) {
        free(extras->texts[i]);
    }
    free(extras->queued);
    free(extras->fieldsets);
    free(extras);
}

/* The library's name and version stay: they still tell what is at the other end. */
void session_reset(struct session *session, bool is_authenticated)
{
    session_set(session, TEXT_NAME, (struct span){"", 0});
    session->reply_mode = REPLY_MODE_ON;
    session->protocol = 2;
    session->is_authenticated = is_authenticated;
    session_forget_commands(session);
    session->no_evict = false;
    session->no_touch = false;
}

bool session_take_skip(struct session *session)
{
    if (likely(session->reply_mode != REPLY_MODE_SKIP_NEXT)) {
        return false;
    }
    session->reply_mode = REPLY_MODE_ON;
    return true;
}
