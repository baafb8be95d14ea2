/* Threads that look through views of their own, keep, forget and flush: a script that is found has
 * its own body, whatever others do.
 */
#include <stdio.h>
#include <stdlib.h>

#include "common/check.h"
#include "common/thread.h"
#include "proxy/routing/script_view.h"

enum { THREADS = 4, ROUNDS = 20000, SCRIPTS = 60, REMEMBERED = 40 };

static struct script_memory *memory;

static struct span body_of(int index, char *text, size_t size)
{
    return (struct span){text, (size_t)snprintf(text, size, "return %d", index)};
}

static void look(struct script_view *view, int index)
{
    char text[32];
    struct span body = body_of(index, text, sizeof text);
    struct sha1 sha1 = sha1_of(body);
    struct script *script = script_memory_take(memory, &sha1);

    CHECK(script == NULL || span_equal(script_body(script), body));
    script_release(&script);
    script_view_find(view, &sha1);
    CHECK(script_view_see(view, body) != 0);
}

static void run(void *context)
{
    unsigned seed = (unsigned)(uintptr_t)context + 1;
    struct script_view view;

    script_view_init(&view, memory);
    for (int i = 0; i < ROUNDS; i++) {
        look(&view, rand_r(&seed) % SCRIPTS);
        if (rand_r(&seed) % 1000 == 0) {
            script_memory_flush(memory);
        }
    }
    script_view_clear(&view);
}

int main(void)
{
    struct thread threads[THREADS];

    memory = script_memory_new(REMEMBERED, 1000000);
    for (size_t i = 0; i < THREADS; i++) {
        thread_start(&threads[i], "script-stress", run, (void *)(uintptr_t)i);
    }
    for (size_t i = 0; i < THREADS; i++) {
        thread_join(&threads[i]);
    }
    script_memory_free(&memory);
    return 0;
}
