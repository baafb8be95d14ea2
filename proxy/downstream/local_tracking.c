/* CLIENT TRACKING and what belongs to it. */
#include <stdlib.h>

#include "common/memory.h"
#include "common/resp_write.h"
#include "proxy/downstream/local_call.h"
#include "proxy/downstream/prefixes.h"
#include "proxy/downstream/roll.h"
#include "proxy/downstream/tracking.h"

/* What CLIENT TRACKING says, before it is known whether that makes sense. */
struct wish {
    bool is_optin;
    bool is_optout;
    bool is_noloop;
    bool is_broadcast;
    int64_t redirect; /* 0: not said, or said so */
    struct span *prefixes;
    size_t prefix_count;
};

static bool wish_refuse(const struct local_call *call, const char *error)
{
    call_error(call, "%s", error);
    return false;
}

/* Redis looks for the client where it is named. */
static bool wish_read_redirect(const struct local_call *call, struct wish *wish, struct span word)
{
    size_t worker;

    if (wish->redirect != 0) {
        return wish_refuse(call, "ERR A client can only redirect to a single other client");
    }
    if (!span_to_int64(word, &wish->redirect)) {
        return wish_refuse(call, "ERR value is not an integer or out of range");
    }
    if (!roll_find(call->client->clients->house->roll, (uint64_t)wish->redirect, &worker)) {
        return wish_refuse(call, "ERR The client ID you want redirect to does not exist");
    }
    return true;
}

/* Refuses the call and returns false for words that are none. `wish->prefixes` has room. */
static bool wish_read(const struct local_call *call, struct wish *wish)
{
    for (uint32_t i = 3; i < call_count(call); i++) {
        struct span word = call_word(call, i);
        bool has_value = i + 1 < call_count(call);

        if (span_equal_nocase(word, SPAN("redirect")) && has_value) {
            if (!wish_read_redirect(call, wish, call_word(call, ++i))) {
                return false;
            }
        } else if (span_equal_nocase(word, SPAN("prefix")) && has_value) {
            wish->prefixes[wish->prefix_count++] = call_word(call, ++i);
        } else if (span_equal_nocase(word, SPAN("bcast"))) {
            wish->is_broadcast = true;
        } else if (span_equal_nocase(word, SPAN("optin"))) {
            wish->is_optin = true;
        } else if (span_equal_nocase(word, SPAN("optout"))) {
            wish->is_optout = true;
        } else if (span_equal_nocase(word, SPAN("noloop"))) {
            wish->is_noloop = true;
        } else {
            call_syntax_error(call);
            return false;
        }
    }
    return true;
}

/* What is wrong with it, as a server says; NULL: nothing. */
static const char *wish_error(const struct wish *wish, const struct tracking *before)
{
    enum tracking_choice choice = before == NULL ? CHOICE_ALL : before->options.choice;

    if (!wish->is_broadcast && wish->prefix_count > 0) {
        return "ERR PREFIX option requires BCAST mode to be enabled";
    }
    if (before != NULL && before->options.is_broadcast != wish->is_broadcast) {
        return "ERR You can't switch BCAST mode on/off before disabling tracking for this client, "
               "and then re-enabling it with a different mode.";
    }
    if (wish->is_broadcast && (wish->is_optin || wish->is_optout)) {
        return "ERR OPTIN and OPTOUT are not compatible with BCAST";
    }
    if (wish->is_optin && wish->is_optout) {
        return "ERR You can't specify both OPTIN mode and OPTOUT mode";
    }
    if ((wish->is_optin && choice == CHOICE_OUT) || (wish->is_optout && choice == CHOICE_IN)) {
        return "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, "
               "and then re-enabling it with a different mode.";
    }
    return NULL;
}

static bool are_too_many(const struct wish *wish, const struct tracking *before)
{
    size_t count = wish->prefix_count + (before == NULL ? 0 : before->prefix_count);
    size_t bytes = before == NULL ? 0 : before->prefix_bytes;

    for (size_t i = 0; i < wish->prefix_count; i++) {
        bytes += prefix_bytes(wish->prefixes[i]);
    }
    return count > PREFIXES_MAX || bytes > PREFIXES_BYTES_MAX;
}

static bool wish_check_prefixes(const struct local_call *call, const struct wish *wish)
{
    static const struct tracking nothing = {.prefix_count = 0};
    const struct tracking *before = client_tracking(call->client);
    struct overlap overlap;

    if (are_too_many(wish, before)) {
        return wish_refuse(call, "ERR proxy: a client may have 4096 prefixes at most, of a "
                                 "megabyte together");
    }
    before = before == NULL ? &nothing : before;
    if (!prefixes_overlap(before->prefixes, before->prefix_count, wish->prefixes,
                          wish->prefix_count, &overlap)) {
        return true;
    }
    call_error(call,
               "ERR Prefix '%.*s' overlaps with %s prefix '%.*s'. Prefixes for a single client "
               "must not overlap.",
               call_shown(overlap.prefix), overlap.prefix.at,
               overlap.is_kept ? "an existing" : "another provided", call_shown(overlap.other),
               overlap.other.at);
    return false;
}

static void answer_when_started(const struct local_call *call)
{
    struct tracking *tracking = client_tracking(call->client);

    if (tracking->tracked == NULL || !tracking->tracked->is_starting) {
        call_status(call, "OK");
        return;
    }
    tracking->starting =
        client_request_begin(call->client, call->command, call->block, (struct span){"", 0});
}

static void track(const struct local_call *call, const struct wish *wish)
{
    /* Without any, all keys are meant: the prefix that all begin with. */
    static const struct span everything = {"", 0};
    bool is_all = wish->is_broadcast && wish->prefix_count == 0;
    const char *error = wish_error(wish, client_tracking(call->client));

    if (error != NULL) {
        call_error(call, "%s", error);
        return;
    }
    if (!wish_check_prefixes(call, wish)) {
        return;
    }
    tracking_begin(call->client,
                   &(struct tracking_options){
                       .choice = wish->is_optin    ? CHOICE_IN
                                 : wish->is_optout ? CHOICE_OUT
                                                   : CHOICE_ALL,
                       .is_noloop = wish->is_noloop,
                       .is_broadcast = wish->is_broadcast,
                       .redirect = (uint64_t)wish->redirect,
                   },
                   is_all ? &everything : wish->prefixes, is_all ? 1 : wish->prefix_count);
    answer_when_started(call);
}

static void tracking_take(const struct local_call *call, const struct wish *wish)
{
    if (span_equal_nocase(call_word(call, 2), SPAN("on"))) {
        track(call, wish);
    } else if (span_equal_nocase(call_word(call, 2), SPAN("off"))) {
        tracking_end(call->client);
        call_status(call, "OK");
    } else {
        call_syntax_error(call);
    }
}

void local_client_tracking(const struct local_call *call)
{
    struct wish wish = {.prefixes = memory_new(call_count(call), sizeof *wish.prefixes)};

    if (wish_read(call, &wish)) {
        tracking_take(call, &wish);
    }
    free(wish.prefixes);
}

static void choose(const struct local_call *call, enum tracking_choice choice, const char *error)
{
    struct tracking *tracking = client_tracking(call->client);

    if (tracking->options.choice != choice) {
        call_error(call, "%s", error);
        return;
    }
    tracking->has_chosen = true;
    call_status(call, "OK");
}

void local_client_caching(const struct local_call *call)
{
    struct span word = call_word(call, 2);

    if (client_tracking(call->client) == NULL) {
        call_error(call, "ERR CLIENT CACHING can be called only when the client is in tracking "
                         "mode with OPTIN or OPTOUT mode enabled");
    } else if (span_equal_nocase(word, SPAN("yes"))) {
        choose(call, CHOICE_IN,
               "ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.");
    } else if (span_equal_nocase(word, SPAN("no"))) {
        choose(call, CHOICE_OUT,
               "ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.");
    } else {
        call_syntax_error(call);
    }
}

void local_client_getredir(const struct local_call *call)
{
    call_integer(call, tracking_redirection(client_tracking(call->client)));
}

enum { FLAGS_MAX = 8 };

static size_t flags_of(const struct tracking *tracking, const char *flags[FLAGS_MAX])
{
    size_t count = 0;

    flags[count++] = tracking == NULL ? "off" : "on";
    if (tracking == NULL) {
        return count;
    }
    if (tracking->options.is_broadcast) {
        flags[count++] = "bcast";
    }
    switch (tracking->options.choice) {
    case CHOICE_ALL: break;
    case CHOICE_IN: flags[count++] = "optin"; break;
    case CHOICE_OUT: flags[count++] = "optout"; break;
    }
    if (tracking->has_chosen) {
        flags[count++] = tracking->options.choice == CHOICE_IN ? "caching-yes" : "caching-no";
    }
    if (tracking->options.is_noloop) {
        flags[count++] = "noloop";
    }
    if (tracking->is_broken) {
        flags[count++] = "broken_redirect";
    }
    return count;
}

void local_client_trackinginfo(const struct local_call *call)
{
    const struct tracking *tracking = client_tracking(call->client);
    const char *flags[FLAGS_MAX];
    size_t count = flags_of(tracking, flags);
    struct sendq *to = call_begin(call);

    resp_write_map(to, 3);
    resp_write_text(to, "flags");
    resp_write_set(to, count);
    for (size_t i = 0; i < count; i++) {
        resp_write_text(to, flags[i]);
    }
    resp_write_text(to, "redirect");
    resp_write_integer(to, tracking_redirection(tracking));
    resp_write_text(to, "prefixes");
    resp_write_array(to, tracking == NULL ? 0 : tracking->prefix_count);
    for (size_t i = 0; tracking != NULL && i < tracking->prefix_count; i++) {
        resp_write_bulk(to, tracking->prefixes[i]);
    }
    call_end(call);
}
