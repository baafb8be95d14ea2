#include "proxy/downstream/session.h"

#include <stdlib.h>

#include "common/memory.h"
#include "proxy/cluster/slot.h"

void session_init(struct session *session, uint64_t id, uint64_t now, bool is_authenticated)
{
    *session = (struct session){
        .id = id,
        .created = now,
        .last_request = now,
        .protocol = 2,
        .is_authenticated = is_authenticated,
        .watched = {.slot = SLOT_NONE},
    };
    queued_init(&session->queued);
    fieldsets_init(&session->fieldsets);
}

void session_set(char **text, struct span value)
{
    free(*text);
    *text = value.size == 0 ? NULL : memory_copy(value.at, value.size);
}

void session_clear(struct session *session)
{
    static const struct span none = {"", 0};

    session_set(&session->name, none);
    session_set(&session->library_name, none);
    session_set(&session->library_version, none);
    queued_close(&session->queued);
    fieldsets_clear(&session->fieldsets);
}

/* The library's name and version stay: they still tell what is at the other end. */
void session_reset(struct session *session, bool is_authenticated)
{
    session_set(&session->name, (struct span){"", 0});
    session->reply_mode = REPLY_MODE_ON;
    session->protocol = 2;
    session->is_authenticated = is_authenticated;
    queued_close(&session->queued);
    fieldsets_clear(&session->fieldsets);
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
