#include "proxy/downstream/roll.h"

#include <stdlib.h>

#include <criterion/criterion.h>

#include "common/memory.h"
#include "proxy/downstream/client.h"

enum { CLIENTS = 2000 };

static struct roll *roll;
static struct clients workers[2];
static struct client *clients;

static void open_roll(void)
{
    roll = roll_new();
    workers[1].worker = 1;
    clients = memory_new(CLIENTS, sizeof *clients);
}

static void close_roll(void)
{
    roll_free(&roll);
    free(clients);
}

TestSuite(roll, .init = open_roll, .fini = close_roll);

static void come(size_t index, uint64_t id)
{
    clients[index].session.id = id;
    clients[index].clients = &workers[index % 2];
    roll_add(roll, &clients[index]);
}

static bool is_there(size_t index)
{
    uint64_t id = clients[index].session.id;
    size_t worker = SIZE_MAX;
    bool is_found = roll_find(roll, id, &worker);

    cr_expect_eq(worker, is_found ? index % 2 : SIZE_MAX);
    cr_expect_eq(roll_client(roll, &workers[index % 2], id), is_found ? &clients[index] : NULL);
    cr_expect_null(roll_client(roll, &workers[1 - index % 2], id));
    return is_found;
}

Test(roll, finds_who_is_there_and_his_worker)
{
    come(0, 5);
    come(1, 6);
    cr_expect(is_there(0));
    cr_expect(is_there(1));
    roll_remove(roll, &clients[0]);
    cr_expect_not(is_there(0));
    cr_expect(is_there(1));
    roll_remove(roll, &clients[1]);
}

/* By steps of a power of two, all want the same place while there is little room. */
Test(roll, those_who_want_one_place_do_not_lose_each_other)
{
    for (size_t first = 0; first < 40; first++) {
        for (size_t i = 0; i < 40; i++) {
            come(i, i % 2 == 0 ? 63 + i * 64 : i);
        }
        for (size_t i = 0; i < 40; i++) {
            roll_remove(roll, &clients[(first + i * 7) % 40]);
            for (size_t j = 0; j < 40; j++) {
                cr_expect_eq(is_there((first + j * 7) % 40), j > i);
            }
        }
    }
}

Test(roll, grows_with_thousands_and_keeps_them)
{
    for (size_t i = 0; i < CLIENTS; i++) {
        come(i, i + 1);
    }
    for (size_t i = 0; i < CLIENTS; i += 3) {
        roll_remove(roll, &clients[i]);
    }
    for (size_t i = 0; i < CLIENTS; i++) {
        cr_expect_eq(is_there(i), i % 3 != 0);
    }
    for (size_t i = 0; i < CLIENTS; i++) {
        if (i % 3 != 0) {
            roll_remove(roll, &clients[i]);
        }
    }
}
