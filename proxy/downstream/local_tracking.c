/* CLIENT TRACKING and what belongs to it. */
#include "common/resp_write.h"
#include "proxy/downstream/local_call.h"
#include "proxy/downstream/tracking.h"

/* What CLIENT TRACKING says, before it is known whether that makes sense. */
struct wish {
    bool is_optin;
    bool is_optout;
    bool is_noloop;
};

/* Refuses the call and returns false for words that are none. */
static bool wish_read(const struct local_call *call, struct wish *wish)
{
    for (uint32_t i = 3; i < call_count(call); i++) {
        struct span word = call_word(call, i);

        if (span_equal_nocase(word, SPAN("optin"))) {
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

    if (wish->is_optin && wish->is_optout) {
        return "ERR You can't use both OPTIN mode and OPTOUT mode";
    }
    if ((wish->is_optin && choice == CHOICE_OUT) || (wish->is_optout && choice == CHOICE_IN)) {
        return "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, "
               "and then re-enabling it with a different mode.";
    }
    return NULL;
}

static void track(const struct local_call *call, const struct wish *wish)
{
    const char *error = wish_error(wish, call->client->tracking);

    if (error != NULL) {
        call_error(call, "%s", error);
        return;
    }
    tracking_begin(call->client, &(struct tracking_options){
                                     .choice = wish->is_optin    ? CHOICE_IN
                                               : wish->is_optout ? CHOICE_OUT
                                                                 : CHOICE_ALL,
                                     .is_noloop = wish->is_noloop,
                                 });
    call_status(call, "OK");
}

void local_client_tracking(const struct local_call *call)
{
    struct wish wish = {0};

    if (!wish_read(call, &wish)) {
        return;
    }
    if (span_equal_nocase(call_word(call, 2), SPAN("on"))) {
        track(call, &wish);
    } else if (span_equal_nocase(call_word(call, 2), SPAN("off"))) {
        tracking_end(call->client);
        call_status(call, "OK");
    } else {
        call_syntax_error(call);
    }
}

static void choose(const struct local_call *call, enum tracking_choice choice, const char *error)
{
    struct tracking *tracking = call->client->tracking;

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

    if (call->client->tracking == NULL) {
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
    call_integer(call, tracking_redirection(call->client->tracking));
}

enum { FLAGS_MAX = 8 };

static size_t flags_of(const struct tracking *tracking, const char *flags[FLAGS_MAX])
{
    size_t count = 0;

    flags[count++] = tracking == NULL ? "off" : "on";
    if (tracking == NULL) {
        return count;
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
    return count;
}

void local_client_trackinginfo(const struct local_call *call)
{
    const struct tracking *tracking = call->client->tracking;
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
    resp_write_array(to, 0);
    call_end(call);
}
