#include "proxy/users.h"

#include "common/events.h"
#include "common/log.h"
#include "proxy/acl/user_set.h"
#include "proxy/downstream/acl_log.h"
#include "proxy/server_parts.h"

bool users_check(const struct config *config, struct config_errors *errors)
{
    bool is_good = true;

    for (size_t i = 0; i < config->pool_count; i++) {
        struct user_set *users = user_set_new(&config->pools[i], errors);

        is_good = is_good && users != NULL;
        user_set_release(&users);
    }
    return is_good;
}

void users_give(struct server_pool *pool, struct user_set *users)
{
    struct server *server = pool->server;
    size_t number = (size_t)(pool - server->pools);

    for (size_t i = 0; i < server->worker_count; i++) {
        worker_use_users(server->workers[i], number, user_set_take(users));
    }
    user_set_release(&users);
}

/* The users as the files have them now. A pool that is gone has no files any more. */
static struct user_set *read_users(const struct server_pool *pool, struct config_errors *errors)
{
    if (config_has_gone(pool->server->config, (size_t)(pool - pool->server->pools))) {
        config_errors_add(errors, pool->name, "pool is gone, its users stay as they are");
        return NULL;
    }
    return user_set_new(pool->house.pool, errors);
}

/* ACL LOAD. */
static bool load_users(struct house *house, struct config_errors *errors)
{
    struct server_pool *pool = container_of(house, struct server_pool, house);
    struct user_set *users = read_users(pool, errors);

    if (users == NULL) {
        log_error("users stay as they are: what defines them has errors", "pool=%s errors=%zu",
                  pool->name, errors->count);
        events_post(EVENT_REFUSED, pool->name, NULL, "users stay as they are: %s",
                    errors->lines[0]);
        return false;
    }
    log_info("users loaded", "pool=%s users=%zu", pool->name, users->count);
    events_post(EVENT_USERS, pool->name, NULL, "%zu users loaded", users->count);
    users_give(pool, users);
    return true;
}

void users_begin(struct server_pool *pool)
{
    struct house *house = &pool->house;
    struct config_errors errors = {0};

    house->acl_log = acl_log_new();
    house->control = pool->server->mailbox;
    house->load_users = load_users;
    house->users = user_set_new(house->pool, &errors);
    if (house->users == NULL) {
        log_error("nobody can log in: what defines the users has errors", "pool=%s error=%s",
                  pool->name, errors.lines[0]);
        house->users = user_set_of_nobody();
    }
    config_errors_clear(&errors);
}

void users_end(struct server_pool *pool)
{
    acl_log_free(&pool->house.acl_log);
    user_set_release(&pool->house.users);
}
