#include "tests/support/fake_keys.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/resp.h"

enum { KEYS_MAX = 4000, NOBODY = FAKE_KEYS_NOBODY };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* Under the lock: which keys are where, and which slot is on its way between which nodes. */
static struct {
    struct {
        char name[32];
        int node;
        bool is_expired; /* still listed, and nothing else */
    } keys[KEYS_MAX];
    int count;
    int moving_slot;
    int source;
    int target;            /* NOBODY: the target does not know of it */
    int leaves_when_asked; /* the number of keys that move as soon as the source has been asked */
} world;

void fake_keys_clear(void)
{
    memset(&world, 0, sizeof world);
    world.moving_slot = world.source = world.target = NOBODY;
}

void fake_keys_put(const char *name, int node)
{
    pthread_mutex_lock(&lock);
    cr_assert_lt(world.count, KEYS_MAX);
    snprintf(world.keys[world.count].name, sizeof world.keys[0].name, "%s", name);
    world.keys[world.count++].node = node;
    pthread_mutex_unlock(&lock);
}

static bool is_at(int key, int node)
{
    return world.keys[key].node == node;
}

static int slot_of_key(int key)
{
    return resp_slot(span_of(world.keys[key].name));
}

static void answer_list(const struct fake_command *command, struct bytes *answer)
{
    int slot = atoi(command->arguments[2].at);
    int limit = atoi(command->arguments[3].at);
    struct bytes names = {0};
    int count = 0;

    for (int i = 0; i < world.count && count < limit; i++) {
        if (is_at(i, command->index) && slot_of_key(i) == slot) {
            bytes_print(&names, "$%zu\r\n%s\r\n", strlen(world.keys[i].name), world.keys[i].name);
            count++;
        }
    }
    bytes_print(answer, "*%d\r\n", count);
    bytes_add(answer, names.at, names.size);
    bytes_clear(&names);
}

static int find_key(struct span name, int node)
{
    for (int i = 0; i < world.count; i++) {
        if (is_at(i, node) && span_equal(span_of(world.keys[i].name), name) &&
            !world.keys[i].is_expired) {
            return i;
        }
    }
    return NOBODY;
}

static int count_here(const struct fake_command *command)
{
    int count = 0;

    for (size_t i = 1; i < command->count; i++) {
        count += find_key(command->arguments[i], command->index) != NOBODY;
    }
    return count;
}

/* The keys of the moving slot leave the source. */
static void move_keys(void)
{
    for (int i = 0; i < world.count && world.leaves_when_asked > 0; i++) {
        if (is_at(i, world.source) && slot_of_key(i) == world.moving_slot) {
            world.keys[i].node = world.target;
            world.leaves_when_asked--;
        }
    }
}

/* As a real node refuses a request for keys. Returns false when it does not. */
static bool refuses(const struct fake_command *command, struct bytes *answer)
{
    int slot = resp_slot(command->arguments[1]);
    int owner = fake_cluster_owner(command->cluster, slot);
    bool is_moving = slot == world.moving_slot;
    int here = count_here(command);

    if (owner != command->index &&
        !(is_moving && command->asking && command->index == world.target)) {
        bytes_print(answer, "-MOVED %d %s\r\n", slot,
                    fake_cluster_address(command->cluster, owner));
        return true;
    }
    if (!is_moving || owner != command->index || here == (int)command->count - 1) {
        return false;
    }
    if (here > 0) {
        bytes_print(answer, "-TRYAGAIN Multiple keys request during rehashing of slot\r\n");
    } else {
        bytes_print(answer, "-ASK %d %s\r\n", slot, fake_cluster_address(command->cluster, 1));
        move_keys();
    }
    return true;
}

static void answer_keyed(const struct fake_command *command, struct bytes *answer)
{
    if (refuses(command, answer)) {
        return;
    }
    if (span_equal_nocase(command->arguments[0], SPAN("type"))) {
        struct span name = command->arguments[1];
        bool is_list = memchr(name.at, 'l', name.size) != NULL;

        bytes_print(answer, "+%s\r\n",
                    count_here(command) == 0 ? "none"
                    : is_list                ? "list"
                                             : "string");
    } else {
        bytes_print(answer, ":%d\r\n", count_here(command));
    }
}

void fake_keys_answer(void *context, const struct fake_command *command, struct bytes *answer)
{
    (void)context;
    pthread_mutex_lock(&lock);
    if (span_equal_nocase(command->arguments[0], SPAN("cluster"))) {
        answer_list(command, answer);
    } else if (span_equal_nocase(command->arguments[0], SPAN("asking"))) {
        bytes_print(answer, "+OK\r\n");
    } else {
        answer_keyed(command, answer);
    }
    pthread_mutex_unlock(&lock);
}

void fake_keys_expire(const char *name)
{
    pthread_mutex_lock(&lock);
    for (int i = 0; i < world.count; i++) {
        world.keys[i].is_expired |= strcmp(world.keys[i].name, name) == 0;
    }
    pthread_mutex_unlock(&lock);
}

void fake_keys_move(int slot, int source, int target, int leaving)
{
    pthread_mutex_lock(&lock);
    world.moving_slot = slot;
    world.source = source;
    world.target = target;
    world.leaves_when_asked = leaving;
    pthread_mutex_unlock(&lock);
}

int fake_keys_leaving(void)
{
    pthread_mutex_lock(&lock);
    int left = world.leaves_when_asked;
    pthread_mutex_unlock(&lock);
    return left;
}

void fake_keys_give(struct fake_cluster *cluster, int first, int last, int node)
{
    pthread_mutex_lock(&lock);
    for (int i = 0; i < world.count; i++) {
        if (slot_of_key(i) >= first && slot_of_key(i) <= last) {
            world.keys[i].node = node;
        }
    }
    fake_cluster_give(cluster, first, last, node);
    pthread_mutex_unlock(&lock);
}
