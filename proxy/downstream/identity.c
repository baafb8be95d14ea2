#include "proxy/downstream/identity.h"

#include <stdlib.h>

#include "common/memory.h"
#include "config/client_auth.h"
#include "proxy/downstream/inquiry.h"
#include "proxy/routing/companion.h"
#include "proxy/upstream/private.h"

enum {
    SWEEP_US = US_PER_SECOND,
    REST_US = 10 * US_PER_SECOND,
    OF_ONE_NAME_MAX = 4, /* one whom nodes take with any password has no end of them */
};

static struct identity *identity_at(struct list_link *link)
{
    return container_of(link, struct identity, in_identities);
}

static void identity_free(struct identity *identity)
{
    list_remove(&identity->in_identities);
    identity->identities->count--;
    dispatcher_free(&identity->dispatcher);
    credentials_clear(&identity->credentials);
    free(identity->user.name);
    free(identity);
}

/* Here nothing is in the middle of anything, so connections may be closed. */
static void identities_on_sweep(struct reactor_timer *timer)
{
    struct identities *identities = container_of(timer, struct identities, sweep);
    uint64_t now = reactor_now(identities->clients->reactor);

    block_bill(identities->clients->intake->account);
    LIST_EACH_SAFE (link, &identities->all) {
        struct identity *identity = identity_at(link);

        if (identity->references == 0 && identity->idle_since + REST_US <= now) {
            identity_free(identity);
        }
    }
    if (identities->count > 0) {
        reactor_timer_start(timer, SWEEP_US);
    }
}

void identities_init(struct identities *identities, struct clients *clients)
{
    identities->clients = clients;
    identities->is_on = client_auth_is_nodes(clients->config);
    list_init(&identities->all);
    proofs_init(&identities->proofs, clients->reactor, inquiry_on_turn, inquiry_on_late);
    reactor_timer_init(&identities->sweep, clients->reactor, identities_on_sweep);
}

void identities_clear(struct identities *identities)
{
    LIST_EACH_SAFE (link, &identities->all) {
        CHECK(identity_at(link)->references == 0);
        identity_free(identity_at(link));
    }
    reactor_timer_stop(&identities->sweep);
    proofs_clear(&identities->proofs);
}

/* With its first reference; `credentials` are taken. */
static struct identity *identity_new(struct identities *identities, struct span name,
                                     struct credentials credentials)
{
    struct identity *identity = memory_new(1, sizeof *identity);

    identity->identities = identities;
    identity->credentials = credentials;
    identity->user.name = memory_copy(name.at, name.size);
    identity->user.is_on = identity->user.is_free = true;
    identity->dispatcher = companion_new(identities->clients->dispatcher, &identity->credentials);
    identity->references = 1;
    identity->proven_at = reactor_now(identities->clients->reactor);
    list_append(&identities->all, &identity->in_identities);
    identities->count++;
    if (!reactor_timer_is_running(&identities->sweep)) {
        reactor_timer_start(&identities->sweep, SWEEP_US);
    }
    return identity;
}

static struct identity *identity_take(struct identity *identity)
{
    identity->references++;
    return identity;
}

static struct identity *identity_find(struct identities *identities, const struct span *name,
                                      struct span password)
{
    LIST_EACH (link, &identities->all) {
        if (credentials_are(&identity_at(link)->credentials, name, password)) {
            return identity_at(link);
        }
    }
    return NULL;
}

struct identity *identity_newcomer(struct identities *identities)
{
    LIST_EACH (link, &identities->all) {
        if (!identity_at(link)->credentials.is_given && !identity_at(link)->is_retired) {
            return identity_take(identity_at(link));
        }
    }
    return identity_new(identities, SPAN("default"), (struct credentials){0});
}

/* Users, of that name or with NULL of any; whoever says nothing is none. */
static bool is_among(const struct identity *identity, const struct span *name)
{
    return identity->credentials.is_given &&
           (name == NULL || span_equal(credentials_name(&identity->credentials), *name));
}

/* Are there as many as may be? */
static bool is_crowded(const struct identities *identities, const struct span *name)
{
    uint32_t count = 0;

    LIST_EACH (link, &identities->all) {
        count += is_among(identity_at(link), name) ? 1 : 0;
    }
    return count >=
           (name == NULL ? identities->clients->config->clients_auth_users : OF_ONE_NAME_MAX);
}

/* Frees the one of them that has been nobody's for the longest, if there is one. */
static bool make_room(struct identities *identities, const struct span *name)
{
    struct identity *oldest = NULL;

    LIST_EACH (link, &identities->all) {
        struct identity *identity = identity_at(link);

        if (identity->references == 0 && is_among(identity, name) &&
            (oldest == NULL || identity->idle_since < oldest->idle_since)) {
            oldest = identity;
        }
    }
    if (oldest != NULL) {
        identity_free(oldest);
    }
    return oldest != NULL;
}

struct identity *identity_of(struct identities *identities, const struct span *name,
                             struct span password)
{
    struct identity *identity = identity_find(identities, name, password);
    struct span user = name == NULL ? CREDENTIALS_NAMELESS : *name;
    struct credentials credentials;

    if (identity != NULL) {
        return identity_take(identity);
    }
    if ((is_crowded(identities, &user) && !make_room(identities, &user)) ||
        (is_crowded(identities, NULL) && !make_room(identities, NULL))) {
        return NULL;
    }
    credentials_init(&credentials, name, password);
    return identity_new(identities, user, credentials);
}

struct identity *identity_proven(struct identities *identities, const struct span *name,
                                 struct span password)
{
    struct identity *identity = identity_find(identities, name, password);

    return identity == NULL || !identity_is_let_in(identity) ? NULL : identity_take(identity);
}

bool identity_is_let_in(const struct identity *identity)
{
    const struct slot_table *table = &identity->dispatcher->table;

    for (uint16_t i = 0; i < table->pool_count; i++) {
        if (table->pools[i] != NULL && pool_is_connected(table->pools[i])) {
            return true;
        }
    }
    return false;
}

bool identity_has_connections(const struct identity *identity)
{
    const struct slot_table *table = &identity->dispatcher->table;

    for (uint16_t i = 0; i < table->pool_count; i++) {
        if (table->pools[i] != NULL &&
            (pool_is_connected(table->pools[i]) || private_is_any(table->pools[i]))) {
            return true;
        }
    }
    return false;
}

void identity_forgive(struct identity *identity)
{
    const struct slot_table *table = &identity->dispatcher->table;

    for (uint16_t i = 0; i < table->pool_count; i++) {
        if (table->pools[i] != NULL) {
            pool_forgive(table->pools[i]);
        }
    }
}

void identity_release(struct identity **identity)
{
    struct identity *gone = *identity;

    *identity = NULL;
    CHECK(gone->references > 0);
    if (--gone->references == 0) {
        gone->idle_since = reactor_now(gone->identities->clients->reactor);
    }
}
