/* fuzz_client_filter.c - arguments of CLIENT LIST and CLIENT KILL: they make sense, or the error
 * that says why not is one.
 *
 *      [ bits: LIST or KILL, who asks ][ the words behind, as on a line of text ]
 */
#include <stdlib.h>
#include <string.h>

#include "common/check.h"
#include "common/inline_split.h"
#include "proxy/downstream/client_filter.h"
#include "tests/fuzz/fuzz.h"

enum { ASKERS = 8, AGES = 4 };

static void check_filter(const struct client_filter *filter, uint64_t asker, bool is_kill)
{
    for (uint64_t id = 1; id < ASKERS; id++) {
        bool was_admitted = false;

        for (uint64_t age = 0; age < AGES; age++) {
            bool is_admitted = client_filter_admits(filter, id, age * age * 100);

            CHECK(is_admitted || !was_admitted);
            was_admitted = is_admitted;
        }
        CHECK(filter->spared == 0 || filter->spared == asker);
        CHECK(is_kill || (filter->spared == 0 && !filter->is_plain));
    }
}

static void check_words(const struct arguments *arguments, uint64_t asker, bool is_kill)
{
    struct pool_config config = {.clients_username = (char *)"default"};
    struct user_set *users = user_set_of_one(&config);
    struct client_filter filter = {0};
    bool is_good = is_kill ? client_filter_parse_kill(&filter, arguments, asker, users)
                           : client_filter_parse_list(&filter, arguments);

    CHECK(is_good == (filter.error[0] == '\0'));
    CHECK(memchr(filter.error, '\0', sizeof filter.error) != NULL);
    if (is_good) {
        check_filter(&filter, asker, is_kill);
    } else {
        CHECK(strncmp(filter.error, "ERR ", 4) == 0);
    }
    client_filter_clear(&filter);
    user_set_release(&users);
}

/* Behind the two words that lead here. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct arguments words = {0};
    struct arguments arguments = {0};

    if (size == 0) {
        return 0;
    }
    bool is_kill = bytes[0] & 1;

    arguments_push(&arguments, SPAN("CLIENT"));
    arguments_push(&arguments, is_kill ? SPAN("KILL") : SPAN("LIST"));
    if (inline_split((struct span){(const char *)bytes + 1, size - 1}, &words)) {
        for (uint32_t i = 0; i < words.count; i++) {
            arguments_push(&arguments, words.items[i]);
        }
        if (!is_kill || arguments.count > 2) {
            check_words(&arguments, 1 + (bytes[0] >> 1) % ASKERS, is_kill);
        }
    }
    arguments_clear(&words);
    arguments_clear(&arguments);
    return 0;
}
