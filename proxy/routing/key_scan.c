#include "proxy/routing/key_scan.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/memory.h"
#include "common/resp_write.h"
#include "proxy/routing/fanout.h"
#include "proxy/routing/scan_page.h"
#include "proxy/routing/sift.h"
#include "proxy/routing/survey.h"

enum {
    WHOLE_SLOT = 1000,      /* keys: a slot that has no more is returned in one piece */
    ROUND_KEYS = 32 * 1024, /* that a survey should list, all in all */
    SLOT_KEYS_MIN = 16,
    PAGE_BYTES = 8 * 1024 * 1024, /* a call that has so much is over, whatever its COUNT is */
    GROWTH = 8,                   /* of a survey, as long as no key has been found */
    QUESTIONS_MAX = 512,          /* of a round of sifting */
    ATTEMPTS_MAX = 3,             /* to find both nodes of a moving slot of one mind */
};

/* How the next survey looks at its first slot. */
enum look {
    LOOK_AT_MANY,
    LOOK_AT_ONE, /* it seems to be a large one */
    LOOK_AT_ALL, /* it is, and all its keys are needed */
};

struct key_scan {
    struct dispatcher *dispatcher;
    struct request *request;
    struct lane *lane; /* the request's */
    struct key_scan_options options;
    char *words; /* that the options point to */
    struct scan_cursor at;
    uint64_t seen;         /* keys that count, returned or not */
    uint32_t slots_looked; /* at to the end */
    bool has_page;         /* of a large slot, of which more is to come */
    enum look look;
    uint32_t attempts; /* at the slot in hand, which is moving */
    uint32_t window;   /* slots of the last survey */
    uint32_t limit;    /* keys of each */
    struct survey survey;
    struct sighting import; /* what the target of a moving slot has */
    struct sift sift;
    size_t sift_first;       /* the question that the first part of a round asks */
    struct block **listings; /* that the sift's keys lie in */
    size_t listing_count;
    size_t listing_capacity;
    size_t listing_bytes;
};

static void key_scan_free(struct key_scan *scan)
{
    lane_scatter(scan->lane, scan->listing_bytes);
    for (size_t i = 0; i < scan->listing_count; i++) {
        block_release(&scan->listings[i]);
    }
    free(scan->listings);
    survey_clear(&scan->survey);
    sighting_clear(&scan->import);
    sift_clear(&scan->sift);
    free(scan->words);
    free(scan);
}

static void key_scan_drop(void *context)
{
    key_scan_free(context);
}

/* Answers with an error. */
static void key_scan_fail(struct key_scan *scan, const struct part *part)
{
    struct request *request = scan->request;

    key_scan_free(scan);
    request_settle(request, part->block, part->reply);
}

static void key_scan_refuse(struct key_scan *scan, enum error_symbol symbol)
{
    struct dispatcher *dispatcher = scan->dispatcher;
    struct request *request = scan->request;
    const char *name = request->command->name;

    key_scan_free(scan);
    dispatcher_refuse(dispatcher, request, symbol, name);
}

static void key_scan_finish(struct key_scan *scan)
{
    struct request *request = scan->request;
    const struct sift *sift = &scan->sift;
    struct sendq *to = &request->reply;
    bool is_over = scan->at.slot == scan->options.slot_end;
    uint64_t cursor = is_over ? 0 : scan_cursor_pack(scan->at);

    resp_write_array(to, 2);
    resp_write_format(to, "%" PRIu64, cursor);
    resp_write_array(to, sift_left(sift));
    for (size_t i = 0; i < sift->key_count; i++) {
        if (!sift->keys[i].is_gone) {
            resp_write_bulk(to, sift->keys[i].name);
        }
    }
    key_scan_free(scan);
    request_settle(request, NULL, (struct span){"", 0});
}

static void key_scan_on_sifted(struct fanout *fanout);
static const struct rounds sift_rounds = {key_scan_on_sifted, key_scan_drop};

static void key_scan_sift(struct key_scan *scan)
{
    struct sift *sift = &scan->sift;
    uint32_t count = (uint32_t)size_min(sift->question_count - sift->at, QUESTIONS_MAX);

    if (count == 0) {
        key_scan_finish(scan);
        return;
    }

    struct fanout *fanout =
        fanout_of_round(scan->dispatcher, scan->request, count, &sift_rounds, scan);

    for (uint32_t i = 0; i < count; i++) {
        const struct command *command;
        struct block *block = sift_compose(sift, sift->at + i, &command);
        struct request *request = fanout_ask(fanout, i, command, block);

        request->target = TARGET_SLOT;
        request->slot = sift_slot(sift, sift->at + i);
        block_release(&block);
    }
    scan->sift_first = sift->at;
    sift->at += count;
    fanout_start(fanout);
}

static void key_scan_on_sifted(struct fanout *fanout)
{
    struct key_scan *scan = fanout->context;
    const struct part *failed = fanout_failed(fanout);

    if (failed != NULL) {
        key_scan_fail(scan, failed);
        return;
    }
    for (uint32_t i = 0; i < fanout->part_count; i++) {
        if (!sift_hear(&scan->sift, scan->sift_first + i, fanout->parts[i].reply)) {
            key_scan_refuse(scan, ERROR_STRANGE_REPLY);
            return;
        }
    }
    key_scan_sift(scan);
}

/* As many slots as should have the keys that are still wanted, to judge by those before; and of
 * each as many keys as there may well be. What has more is looked at alone. */
static void key_scan_plan(struct key_scan *scan)
{
    uint64_t looked = scan->slots_looked;
    uint64_t wanted = scan->options.count - scan->seen;
    uint64_t window = 1;
    uint64_t limit = size_max(scan->options.count, WHOLE_SLOT) + 1;

    if (scan->look == LOOK_AT_ALL) {
        limit = SURVEY_ALL_KEYS;
    } else if (scan->look == LOOK_AT_MANY && looked > 0) {
        window = scan->seen == 0 ? (uint64_t)scan->window * GROWTH
                                 : size_min(wanted, ROUND_KEYS) * looked / scan->seen + 1;
        window = size_min(window, SURVEY_SLOTS_MAX);
    }
    if (window > 1) {
        limit = size_max(ROUND_KEYS / window, 4 * scan->seen / looked + SLOT_KEYS_MIN);
    }
    scan->window = (uint32_t)size_min(window, scan->options.slot_end - scan->at.slot);
    scan->limit = (uint32_t)size_min(limit, SURVEY_ALL_KEYS);
}

static bool key_scan_on_answer(struct request *request, uint32_t index, struct span reply)
{
    const struct part *part = request->owner;
    struct key_scan *scan = part->fanout->context;
    struct survey_group *group = &scan->survey.groups[part - part->fanout->parts];
    const struct slot_table *table = &scan->dispatcher->table;
    uint16_t owner = table->slots[request->slot].owner;
    static const struct address nowhere;

    return survey_hear(&scan->survey, group, index, reply,
                       owner == NODE_NONE ? &nowhere : &table->pools[owner]->address);
}

static void key_scan_on_surveyed(struct fanout *fanout);
static const struct rounds survey_rounds = {key_scan_on_surveyed, key_scan_drop};

static void key_scan_survey(struct key_scan *scan)
{
    struct survey *survey = &scan->survey;
    struct request *parent = scan->request;

    key_scan_plan(scan);
    survey_clear(survey);
    survey_init(survey, &scan->dispatcher->table, parent->lane->number, (uint16_t)scan->at.slot,
                scan->window);

    struct fanout *fanout =
        fanout_of_round(scan->dispatcher, parent, survey->group_count, &survey_rounds, scan);

    for (uint32_t i = 0; i < survey->group_count; i++) {
        const struct survey_group *group = &survey->groups[i];
        struct block *block = survey_compose(survey, group, scan->limit);
        struct request *request = fanout_ask(fanout, i, parent->command, block);

        request->target = TARGET_SLOT;
        request->slot = survey_lead(survey, group);
        special_of(request)->commands = survey_commands(group);
        request->special->hear = key_scan_on_answer;
        block_release(&block);
    }
    fanout_start(fanout);
}

static void key_scan_keep_listing(struct key_scan *scan, struct block **listing)
{
    if (*listing == NULL) {
        return;
    }
    if (scan->listing_count == scan->listing_capacity) {
        scan->listing_capacity = scan->listing_capacity == 0 ? 16 : 2 * scan->listing_capacity;
        scan->listings =
            memory_resize(scan->listings, scan->listing_capacity, sizeof *scan->listings);
    }
    scan->listing_bytes += (*listing)->used;
    lane_gather(scan->lane, (*listing)->used);
    scan->listings[scan->listing_count++] = *listing;
    *listing = NULL;
}

static bool page_add_listing(struct scan_page *page, const struct sighting *sighting)
{
    const struct block *listing = sighting->listing;

    return listing == NULL || scan_page_add(page, (struct span){listing->bytes, listing->used});
}

static void key_scan_take_page(struct key_scan *scan, const struct scan_page *page, bool is_moving)
{
    struct sift *sift = &scan->sift;
    size_t first = sift->key_count;
    struct span match = scan->options.match;

    for (size_t i = 0; i < page->count; i++) {
        struct span name = page->keys[i].name;

        if (match.at == NULL || span_glob(match, name)) {
            sift_add(sift, (uint16_t)scan->at.slot, name);
        }
    }
    sift_close_slot(sift, first, is_moving);
    scan->seen += page->count;
}

/* Takes the keys of the slot in hand, which these two have listed; `import` may be NULL. Returns
 * false for lists that are none. */
static bool key_scan_take(struct key_scan *scan, struct sighting *sighting, struct sighting *import)
{
    struct scan_page page = {0};
    bool fits =
        page_add_listing(&page, sighting) && (import == NULL || page_add_listing(&page, import));

    if (fits) {
        uint64_t next =
            scan_page_cut(&page, scan->at.position, size_max(scan->options.count, WHOLE_SLOT),
                          scan->options.count);

        key_scan_take_page(scan, &page, sighting->sight == SIGHT_LEAVING);
        key_scan_keep_listing(scan, &sighting->listing);
        if (import != NULL) {
            key_scan_keep_listing(scan, &import->listing);
        }
        scan->has_page = next < SCAN_POSITIONS;
        scan->at.slot += !scan->has_page;
        scan->at.position = scan->has_page ? next : 0;
        scan->slots_looked++;
        scan->look = LOOK_AT_MANY;
        scan->attempts = 0;
    }
    scan_page_clear(&page);
    return fits;
}

static bool key_scan_has_enough(const struct key_scan *scan)
{
    return scan->seen >= scan->options.count || scan->at.slot >= scan->options.slot_end ||
           scan->has_page || scan->listing_bytes >= PAGE_BYTES;
}

static void key_scan_go_on(struct key_scan *scan)
{
    if (key_scan_has_enough(scan)) {
        key_scan_sift(scan);
    } else {
        key_scan_survey(scan);
    }
}

static void key_scan_take_or_refuse(struct key_scan *scan, struct sighting *import)
{
    if (key_scan_take(scan, &scan->survey.sightings[0], import)) {
        key_scan_go_on(scan);
    } else {
        key_scan_refuse(scan, ERROR_STRANGE_REPLY);
    }
}

static bool key_scan_on_import_answer(struct request *request, uint32_t index, struct span reply)
{
    const struct part *part = request->owner;
    struct key_scan *scan = part->fanout->context;

    survey_hear_import(&scan->import, index, reply);
    return false;
}

/* The source names a target that cannot be asked, or that knows nothing of it: the slot may have
 * moved on by now. A target that goes on saying so has no keys of it that anybody can get at. */
static void key_scan_try_again(struct key_scan *scan, bool was_told)
{
    if (++scan->attempts < ATTEMPTS_MAX) {
        scan->look = LOOK_AT_ALL;
        key_scan_survey(scan);
    } else if (was_told) {
        key_scan_take_or_refuse(scan, NULL);
    } else {
        key_scan_refuse(scan, ERROR_KEYS_MOVING);
    }
}

static void key_scan_on_import(struct fanout *fanout)
{
    struct key_scan *scan = fanout->context;

    if (scan->import.sight == SIGHT_SERVED) {
        key_scan_take_or_refuse(scan, &scan->import);
    } else {
        key_scan_try_again(scan, scan->import.is_listed);
    }
}

static const struct rounds import_rounds = {key_scan_on_import, key_scan_drop};

/* What the source has listed before it may have moved, and cannot move back: so the target is asked
 * after it. */
static void key_scan_import(struct key_scan *scan)
{
    const struct sighting *source = &scan->survey.sightings[0];
    struct pool *pool = source->target == NULL
                            ? NULL
                            : slot_table_pool_at(&scan->dispatcher->table, source->target);

    sighting_clear(&scan->import);
    if (pool == NULL) {
        key_scan_try_again(scan, false);
        return;
    }

    struct fanout *fanout =
        fanout_of_round(scan->dispatcher, scan->request, 1, &import_rounds, scan);
    struct block *block = survey_compose_import((uint16_t)scan->at.slot);
    struct request *request = fanout_ask(fanout, 0, scan->request->command, block);

    block_release(&block);
    request->target = TARGET_NODE;
    request->node = pool->index;
    request->node_serial = pool->serial;
    special_of(request)->commands = SURVEY_IMPORT_COMMANDS;
    request->special->hear = key_scan_on_import_answer;
    fanout_start(fanout);
}

/* May there be more keys than were listed? */
static bool is_cut(const struct key_scan *scan, const struct sighting *sighting)
{
    return sighting->count >= scan->limit;
}

/* Takes slots as long as they are known in full. */
static void key_scan_take_survey(struct key_scan *scan)
{
    for (uint32_t i = 0; i < scan->survey.count; i++) {
        struct sighting *sighting = &scan->survey.sightings[i];

        if (sighting->sight == SIGHT_REFUSED || key_scan_has_enough(scan)) {
            break;
        }
        if (is_cut(scan, sighting)) {
            scan->look = scan->survey.count > 1 ? LOOK_AT_ONE : LOOK_AT_ALL;
            break;
        }
        if (sighting->sight == SIGHT_LEAVING && i == 0) {
            key_scan_import(scan);
            return;
        }
        if (sighting->sight == SIGHT_LEAVING) {
            break;
        }
        if (!key_scan_take(scan, sighting, NULL)) {
            key_scan_refuse(scan, ERROR_STRANGE_REPLY);
            return;
        }
    }
    key_scan_go_on(scan);
}

static void key_scan_on_surveyed(struct fanout *fanout)
{
    struct key_scan *scan = fanout->context;

    for (uint32_t i = 0; i < fanout->part_count; i++) {
        if (!scan->survey.groups[i].is_heard) {
            key_scan_fail(scan, &fanout->parts[i]);
            return;
        }
    }
    key_scan_take_survey(scan);
}

/* The options' words live in the client's request, which may have been read into memory that others
 * need. */
static void key_scan_copy_words(struct key_scan *scan)
{
    struct span *match = &scan->options.match;
    struct span *type = &scan->options.type;

    scan->words = memory_raw(match->size + type->size + 1);
    if (match->at != NULL) {
        match->at = memcpy(scan->words, match->at, match->size);
    }
    if (type->at != NULL) {
        type->at = memcpy(scan->words + match->size, type->at, type->size);
    }
    scan->sift.type = *type;
}

void key_scan_start(struct dispatcher *dispatcher, struct request *request,
                    const struct key_scan_options *options)
{
    struct key_scan *scan = memory_new(1, sizeof *scan);

    CHECK(options->count > 0 && options->slot_end <= SLOT_COUNT);
    scan->dispatcher = dispatcher;
    scan->request = request;
    scan->lane = request->lane;
    scan->options = *options;
    scan->at = options->cursor;
    scan->look = options->cursor.position > 0 ? LOOK_AT_ALL : LOOK_AT_MANY;
    key_scan_copy_words(scan);
    if (scan->at.slot >= options->slot_end) {
        scan->at.slot = options->slot_end;
        request_become(request, REQUEST_SPLIT);
        key_scan_finish(scan);
        return;
    }
    key_scan_survey(scan);
}
