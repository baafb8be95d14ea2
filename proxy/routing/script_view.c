#include "proxy/routing/script_view.h"

void script_view_init(struct script_view *view, struct script_memory *memory)
{
    *view = (struct script_view){.memory = memory};
}

void script_view_clear(struct script_view *view)
{
    for (size_t i = 0; i < VIEW_BODIES; i++) {
        script_release(&view->by_body[i]);
    }
    for (size_t i = 0; i < VIEW_NAMES; i++) {
        script_release(&view->by_sha1[i].script);
    }
}

/* Bodies that differ do so in length, or soon, or near their end: where they do not, they share a
 * place, and that is all. */
static struct script **body_place(struct script_view *view, struct span body)
{
    enum { LOOKED_AT = 16 };
    size_t size = size_min(body.size, LOOKED_AT);
    uint64_t hash = body.size;

    for (size_t i = 0; i < size; i++) {
        hash = hash * 31 + (unsigned char)body.at[i];
        hash = hash * 31 + (unsigned char)body.at[body.size - 1 - i];
    }
    return &view->by_body[(hash ^ hash >> 32) % VIEW_BODIES];
}

uint64_t script_view_see(struct script_view *view, struct span body)
{
    struct script **place = body_place(view, body);
    struct sha1 sha1;
    uint64_t number;

    if (body.size > SCRIPT_BODY_MAX) {
        return 0;
    }
    if (*place != NULL && script_is_kept(*place) && span_equal(script_body(*place), body)) {
        script_use(*place);
        return (*place)->number;
    }
    script_release(place);
    sha1 = sha1_of(body);
    *place = script_memory_keep(view->memory, &sha1, body);
    number = *place == NULL ? 0 : (*place)->number;
    if (body.size > VIEW_BODY_MAX) {
        script_release(place);
    }
    return number;
}

static uint64_t name_number(const struct view_name *name)
{
    if (name->script == NULL) {
        return 0;
    }
    script_use(name->script);
    return name->script->number;
}

/* Is what the place says of this name still so? */
static bool name_is_good(const struct view_name *name, const struct sha1 *sha1, uint64_t changes)
{
    if (!sha1_equal(&name->sha1, sha1)) {
        return false;
    }
    return name->script == NULL ? name->changes == changes : script_is_kept(name->script);
}

uint64_t script_view_find(struct script_view *view, const struct sha1 *sha1)
{
    struct view_name *name = &view->by_sha1[sha1_hash(sha1) % VIEW_NAMES];
    uint64_t changes = script_memory_changes(view->memory);

    if (!name_is_good(name, sha1, changes)) {
        script_release(&name->script);
        *name = (struct view_name){*sha1, script_memory_take(view->memory, sha1), changes};
    }
    return name_number(name);
}
