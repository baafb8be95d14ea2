/* Bytes that claim to be a state file. What is accepted must come out of printing and reading it
 * again as it was.
 */
#include <stdlib.h>

#include "common/check.h"
#include "proxy/cluster/state_text.h"
#include "tests/fuzz/fuzz.h"

static void check_again(const struct topology *topology)
{
    char *text = state_text_print(topology, "main", NULL);
    struct topology *again;

    CHECK(strlen(text) <= STATE_TEXT_MAX);
    CHECK(state_text_read(span_of(text), "main", NULL, &again) == STATE_TEXT_OK);
    CHECK(again->epoch == topology->epoch && again->slots_served == 0);
    CHECK(topology_equal(topology, again));
    topology_release(&again);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct topology *topology;
    enum state_text_result result =
        state_text_read((struct span){(const char *)bytes, size}, "main", NULL, &topology);

    CHECK(state_text_result_text(result)[0] != '\0');
    CHECK((topology != NULL) == (result == STATE_TEXT_OK));
    if (topology != NULL) {
        CHECK(topology->node_count > 0 && topology->node_count <= TOPOLOGY_NODES_MAX);
        check_again(topology);
    }
    topology_release(&topology);
    return 0;
}
