#include "proxy/downstream/newcomer.h"

#include "common/log.h"
#include "proxy/downstream/login.h"

/* How long a node's word holds for those who come after. Where all begin with a large request,
 * nobody else would ever find out that it has changed its mind. */
enum { PROVEN_US = US_PER_SECOND, DENIED_US = 10 * US_PER_SECOND };

enum { RETIRED_MAX = 4 };

bool newcomer_is_stranger(struct client *client)
{
    struct identity *identity = client_identity(client);
    uint64_t now = reactor_now(client->clients->reactor);

    if (client->session.is_authenticated) {
        return false;
    }
    if (identity->is_retired) {
        login_begin(client);
        identity = client_identity(client);
    }
    client->session.is_authenticated =
        identity_is_let_in(identity) && now - identity->proven_at < PROVEN_US;
    return !client->session.is_authenticated;
}

bool newcomer_needs_fresh(const struct client *client)
{
    return !client->session.is_authenticated && identity_has_connections(client_identity(client));
}

static uint32_t count_retired(const struct identities *identities)
{
    uint32_t count = 0;

    LIST_EACH (link, &identities->all) {
        count += container_of(link, struct identity, in_identities)->is_retired ? 1 : 0;
    }
    return count;
}

/* There are not to be many of them: nodes that disagree would retire one every time. */
static void retire(struct identity *identity)
{
    const struct identities *identities = identity->identities;

    if (!identity->is_retired && identity_has_connections(identity) &&
        count_retired(identities) < RETIRED_MAX) {
        log_info("nodes do not let in everybody any more", "pool=%s",
                 identities->clients->config->name);
        identity->is_retired = true;
    }
}

void newcomer_note(struct client *client, struct span reply)
{
    struct identity *identity = client_identity(client);
    uint64_t now = reactor_now(client->clients->reactor);

    if (identity->credentials.is_given) {
        return;
    }
    if (reply.at[0] != '-' || span_starts_with(reply, SPAN("-NOPERM"))) {
        identity->proven_at = now;
        identity->identities->newcomers_denied_until = 0;
        client->session.is_authenticated = true;
    } else if (span_starts_with(reply, SPAN("-NOAUTH"))) {
        identity->identities->newcomers_denied_until = now + DENIED_US;
        retire(identity);
    }
}
