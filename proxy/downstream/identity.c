#include "proxy/downstream/identity.h"

#include <stdlib.h>

#include "common/memory.h"
#include "config/client_auth.h"
#include "proxy/downstream/clearance.h"
#include "proxy/routing/companion.h"

enum {
    SWEEP_US = US_PER_SECOND,
    REST_US = 10 * US_PER_SECOND,
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
    list_init(&identities->waiting);
    reactor_timer_init(&identities->next_proofs, clients->reactor, clearance_on_next_proofs);
    reactor_timer_init(&identities->sweep, clients->reactor, identities_on_sweep);
}

void identities_clear(struct identities *identities)
{
    LIST_EACH_SAFE (link, &identities->all) {
        CHECK(identity_at(link)->references == 0);
        identity_free(identity_at(link));
    }
    reactor_timer_stop(&identities->sweep);
    reactor_timer_stop(&identities->next_proofs);
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
        if (!identity_at(link)->credentials.is_given) {
            return identity_take(identity_at(link));
        }
    }
    return identity_new(identities, SPAN("default"), (struct credentials){0});
}

/* Frees one that nobody is any more. */
static bool make_room(struct identities *identities)
{
    LIST_EACH (link, &identities->all) {
        if (identity_at(link)->references == 0) {
            identity_free(identity_at(link));
            return true;
        }
    }
    return false;
}

struct identity *identity_of(struct identities *identities, const struct span *name,
                             struct span password)
{
    struct identity *identity = identity_find(identities, name, password);
    struct credentials credentials;

    if (identity != NULL) {
        return identity_take(identity);
    }
    if (identities->count >= identities->clients->config->clients_auth_users &&
        !make_room(identities)) {
        return NULL;
    }
    credentials_init(&credentials, name, password);
    return identity_new(identities, name == NULL ? SPAN("default") : *name, credentials);
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

void identity_release(struct identity **identity)
{
    struct identity *gone = *identity;

    *identity = NULL;
    CHECK(gone->references > 0);
    if (--gone->references == 0) {
        gone->idle_since = reactor_now(gone->identities->clients->reactor);
    }
}
