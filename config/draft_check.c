#include "config/draft_check.h"

#include <stdlib.h>

#include "common/memory.h"
#include "config/client_auth.h"
#include "config/host_names.h"
#include "config/option_field.h"
#include "config/option_value.h"
#include "config/password_file.h"
#include "config/tls_check.h"

enum { ADDRESS_TEXT_BYTES = sizeof(struct address) + 32 };

static struct draft_field pool_field(struct draft *draft, size_t pool, enum option_id id)
{
    return (struct draft_field){draft, &option_rows[id], pool};
}

static void read_password(struct draft_field password, struct draft_field file)
{
    const char *path = *(char **)draft_value(file);
    char **secret = draft_value(password);
    char *problem = NULL;

    if (draft_place(file)->is_bad || path == NULL) {
        return;
    }
    char *line = password_file_read(path, (size_t)password.row->max, &problem);
    if (line == NULL) {
        draft_refuse(file, draft_place(file)->text,
                     "no password for '%s', '%.*s': %s, expected a readable file with the password "
                     "in its first line",
                     file.row->path, CONFIG_ERROR_VALUE_BYTES, path, problem);
        free(problem);
        return;
    }
    free(*secret);
    *secret = line;
}

/* A password and the name of its file stand for each other: the stronger source wins. */
static void settle_password(struct draft *draft, size_t pool, enum option_id password_id,
                            enum option_id file_id)
{
    struct draft_field password = pool_field(draft, pool, password_id);
    struct draft_field file = pool_field(draft, pool, file_id);
    enum draft_source password_source = draft_place(password)->source;
    enum draft_source file_source = draft_place(file)->source;

    if (file_source == DRAFT_DEFAULT) {
        return;
    }
    if (file_source == password_source) {
        draft_refuse(file, draft_place(file)->text,
                     "two passwords, '%s' beside '%s', expected one of them", file.row->path,
                     password.row->path);
        return;
    }
    if (file_source < password_source) {
        option_clear(file.row, draft_value(file));
        return;
    }
    read_password(password, file);
}

static const char *place_text(struct draft *draft, struct draft_field field)
{
    const char *text = draft_place(field)->text;

    return text != NULL ? text : draft->pools[field.pool].place;
}

static void check_count(struct draft_field field)
{
    struct draft_place *place = draft_place(field);
    const void *list = draft_value(field);

    if (place->source == DRAFT_DEFAULT || place->is_bad || option_count_fits(field.row, list)) {
        return;
    }
    draft_refuse(field, place->text,
                 "wrong number of addresses for '%s', %zu, expected %llu to %llu", field.row->path,
                 option_count(field.row, list), (unsigned long long)field.row->min,
                 (unsigned long long)field.row->max);
}

static void check_counts(struct draft *draft)
{
    for (size_t i = 0; i < OPTION_ID_COUNT; i++) {
        const struct option_row *row = &option_rows[i];
        size_t fields = row->scope == OPTION_GLOBAL ? 1 : draft->config->pool_count;
        for (size_t pool = 0; option_is_list(row) && pool < fields; pool++) {
            check_count((struct draft_field){draft, row, pool});
        }
    }
}

static void check_seeds(struct draft *draft, size_t pool)
{
    struct draft_field field = pool_field(draft, pool, OPTION_ID_seeds);
    const struct pool_config *config = &draft->config->pools[pool];
    char text[ADDRESS_TEXT_BYTES];

    if (draft_place(field)->source == DRAFT_DEFAULT && !draft_place(field)->is_bad &&
        !draft->seeds_are_elsewhere) {
        config_errors_add(
            draft->errors, draft->pools[pool].place,
            "no seeds, pool '%s', expected a node of the cluster in 'backend.seeds' or --seed",
            config->name);
    }
    for (size_t i = 0; i < config->seeds.count; i++) {
        const struct address *seed = &config->seeds.items[i];
        bool is_any = seed->kind == ADDRESS_TCP && strcmp(seed->host, "*") == 0;
        if (is_any || (seed->kind == ADDRESS_TCP && seed->port == 0)) {
            draft_refuse(field, draft_place(field)->text,
                         "no address of a node in '%s', '%s', expected a host and a port from 1 to "
                         "65535",
                         field.row->path, address_print(seed, text, sizeof text));
        }
    }
}

static void check_balancers(struct draft *draft, size_t pool)
{
    struct draft_field field = pool_field(draft, pool, OPTION_ID_proxy_protocol_from);
    const char *text = draft->config->pools[pool].proxy_protocol_from;
    struct networks networks;
    struct span wrong;

    if (text == NULL || draft_place(field)->is_bad) {
        return;
    }
    if (!networks_parse(&networks, span_of(text), &wrong)) {
        draft_refuse(field, place_text(draft, field),
                     "not a network in '%s', '%.*s', expected networks as 10.0.0.0/8, addresses as "
                     "192.168.1.5 or unix, by commas",
                     field.row->path, (int)size_min(wrong.size, CONFIG_ERROR_VALUE_BYTES),
                     wrong.at);
        return;
    }
    networks_clear(&networks);
}

/* Port 0 is any free port, so two of them are not the same address. */
static bool address_collides(const struct address *a, const struct address *b)
{
    bool is_any_port = a->kind == ADDRESS_TCP && a->port == 0;

    return !is_any_port && address_equal(a, b);
}

static bool addresses_hold(const struct addresses *addresses, size_t count,
                           const struct address *address)
{
    for (size_t i = 0; i < count; i++) {
        if (address_collides(&addresses->items[i], address)) {
            return true;
        }
    }
    return false;
}

static void check_announced(struct draft *draft, struct draft_field field)
{
    const struct addresses *addresses = draft_value(field);
    char text[ADDRESS_TEXT_BYTES];

    for (size_t i = 0; i < addresses->count && !draft_place(field)->is_bad; i++) {
        const struct address *one = &addresses->items[i];
        if (one->kind != ADDRESS_TCP || one->port == 0 || strcmp(one->host, "*") == 0) {
            draft_refuse(field, place_text(draft, field),
                         "no address that clients could connect to in '%s', '%s', expected a host "
                         "and a port from 1 to 65535",
                         field.row->path, address_print(one, text, sizeof text));
        }
    }
}

/* Who forgets the first one would not log in at all. */
static void check_next_password(struct draft *draft, size_t pool)
{
    const struct pool_config *config = &draft->config->pools[pool];
    struct draft_field first = pool_field(draft, pool, OPTION_ID_backend_password);
    struct draft_field next = pool_field(draft, pool, OPTION_ID_backend_password_next);
    struct draft_field file = pool_field(draft, pool, OPTION_ID_backend_password_next_file);
    struct draft_field said = draft_place(next)->text != NULL ? next : file;

    if (config->backend_password_next != NULL && config->backend_password == NULL &&
        draft_place(first)->source == DRAFT_DEFAULT && !draft_place(said)->is_bad) {
        draft_refuse(said, place_text(draft, said), "'%s' without '%s', expected both",
                     said.row->path, first.row->path);
    }
}

static void check_announce(struct draft *draft, size_t pool)
{
    const struct pool_config *config = &draft->config->pools[pool];
    const struct addresses *nodes = &config->announce_nodes;
    struct draft_field self = pool_field(draft, pool, OPTION_ID_announce_self);
    char text[ADDRESS_TEXT_BYTES];

    check_announced(draft, pool_field(draft, pool, OPTION_ID_announce_nodes));
    check_announced(draft, self);
    if (config->announce_self.count == 1 && !draft_place(self)->is_bad &&
        !addresses_hold(nodes, nodes->count, &config->announce_self.items[0])) {
        draft_refuse(self, place_text(draft, self),
                     "unknown address in '%s', '%s', expected one of 'announce.nodes'",
                     self.row->path,
                     address_print(&config->announce_self.items[0], text, sizeof text));
    }
}

static void check_name(struct draft *draft, size_t pool)
{
    const char *name = draft->config->pools[pool].name;
    struct draft_field mine = pool_field(draft, pool, OPTION_ID_name);

    for (size_t other = 0; other < pool; other++) {
        struct draft_field first = pool_field(draft, other, OPTION_ID_name);
        if (strcmp(draft->config->pools[other].name, name) == 0 && !draft_place(mine)->is_bad) {
            draft_refuse(mine, place_text(draft, mine),
                         "duplicate pool name, '%s' as at %s, expected a name of its own", name,
                         place_text(draft, first));
        }
    }
}

/* Two pools that write one file would forget each other's nodes. */
static void check_state_file(struct draft *draft, size_t pool)
{
    const char *path = draft->config->pools[pool].state_file;
    struct draft_field mine = pool_field(draft, pool, OPTION_ID_state_file);

    for (size_t other = 0; path != NULL && other < pool; other++) {
        const char *taken = draft->config->pools[other].state_file;
        if (taken != NULL && strcmp(taken, path) == 0 && !draft_place(mine)->is_bad) {
            struct draft_field first = pool_field(draft, other, OPTION_ID_state_file);
            draft_refuse(mine, place_text(draft, mine),
                         "duplicate file in '%s', '%.*s' as at %s, expected a file of its own",
                         mine.row->path, CONFIG_ERROR_VALUE_BYTES, path, place_text(draft, first));
        }
    }
}

/* With and without TLS. */
static const enum option_id listen_options[] = {OPTION_ID_listen, OPTION_ID_tls_listen};

/* Who listens on item `index` of that list before it does: its place, or NULL. */
static const char *listen_owner(struct draft_field list, size_t index)
{
    struct draft *draft = list.draft;
    const struct config *config = draft->config;
    const struct addresses *mine = draft_value(list);
    const struct address *address = &mine->items[index];
    struct draft_field admin = {draft, &option_rows[OPTION_ID_admin_listen], 0};

    if (addresses_hold(&config->admin_listen, config->admin_listen.count, address)) {
        const char *text = draft_place(admin)->text;
        return text != NULL ? text : "the default of 'admin.listen'";
    }
    for (size_t i = 0; i <= list.pool * ARRAY_LEN(listen_options) + 1; i++) {
        struct draft_field other = pool_field(draft, i / ARRAY_LEN(listen_options),
                                              listen_options[i % ARRAY_LEN(listen_options)]);
        const struct addresses *listen = draft_value(other);
        bool is_mine = listen == mine;
        if (addresses_hold(listen, is_mine ? index : listen->count, address)) {
            return place_text(draft, other);
        }
        if (is_mine) {
            break;
        }
    }
    return NULL;
}

static void check_listen(struct draft *draft, size_t pool, enum option_id id)
{
    struct draft_field field = pool_field(draft, pool, id);
    const struct addresses *listen = draft_value(field);
    char text[ADDRESS_TEXT_BYTES];

    for (size_t i = 0; i < listen->count && !draft_place(field)->is_bad; i++) {
        const char *owner = listen_owner(field, i);
        if (owner != NULL) {
            draft_refuse(field, place_text(draft, field),
                         "duplicate address in '%s', '%s' as at %s, expected one of its own",
                         field.row->path, address_print(&listen->items[i], text, sizeof text),
                         owner);
        }
    }
}

static void check_listens(struct draft *draft, size_t pool)
{
    struct draft_field field = pool_field(draft, pool, OPTION_ID_listen);
    const struct pool_config *config = &draft->config->pools[pool];

    if (config->listen.count + config->tls_listen.count == 0 && !draft_place(field)->is_bad) {
        draft_refuse(field, place_text(draft, field),
                     "no address in '%s', expected one, or one in 'tls.listen'", field.row->path);
    }
}

static void check_admin_hosts(struct draft *draft)
{
    struct draft_field field = {draft, &option_rows[OPTION_ID_admin_hosts], 0};
    const char *text = draft->config->admin_hosts;
    struct span wrong;

    if (text != NULL && !draft_place(field)->is_bad && !host_names_check(span_of(text), &wrong)) {
        draft_refuse(field, draft_place(field)->text,
                     "not a name in '%s', '%.*s', expected names of hosts without ports, by commas",
                     field.row->path, (int)size_min(wrong.size, CONFIG_ERROR_VALUE_BYTES),
                     wrong.at);
    }
}

void draft_check(struct draft *draft)
{
    check_counts(draft);
    check_admin_hosts(draft);
    tls_check_admin(draft);
    for (size_t pool = 0; pool < draft->config->pool_count; pool++) {
        settle_password(draft, pool, OPTION_ID_clients_password, OPTION_ID_clients_password_file);
        settle_password(draft, pool, OPTION_ID_backend_password, OPTION_ID_backend_password_file);
        settle_password(draft, pool, OPTION_ID_backend_password_next,
                        OPTION_ID_backend_password_next_file);
        check_seeds(draft, pool);
        check_next_password(draft, pool);
        check_announce(draft, pool);
        check_balancers(draft, pool);
        check_name(draft, pool);
        check_listen(draft, pool, OPTION_ID_listen);
        check_listen(draft, pool, OPTION_ID_tls_listen);
        check_listens(draft, pool);
        tls_check(draft, pool);
        client_auth_check(draft, pool);
        check_state_file(draft, pool);
    }
}
