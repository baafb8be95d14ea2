#include "proxy/cluster/state_text.h"

#include <stdio.h>

#include "common/check.h"

static const char *const role_words[] = {[NODE_PRIMARY] = "primary", [NODE_REPLICA] = "replica"};

enum { ADDRESS_TEXT = sizeof(struct address) + 16 };

static void print_seeds(const struct addresses *seeds, FILE *to)
{
    char text[ADDRESS_TEXT];

    fputs("seeds", to);
    for (size_t at = 0; at < seeds->count; at++) {
        fprintf(to, " %s", address_print(&seeds->items[at], text, sizeof text));
    }
    fputc('\n', to);
}

char *state_text_print(const struct topology *topology, const char *pool,
                       const struct addresses *seeds)
{
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);

    CHECK(to != NULL);
    fprintf(to, STATE_TEXT_MARK "1\npool %s\n", pool);
    if (seeds != NULL) {
        print_seeds(seeds, to);
    }
    fprintf(to, "epoch %llu\n", (unsigned long long)topology->epoch);
    for (uint16_t number = 0; number < topology->node_count; number++) {
        const struct node *node = &topology->nodes[number];
        char address[ADDRESS_TEXT];

        fprintf(to, "node %s %s %s\n", node->id, role_words[node->role],
                address_print(&node->address, address, sizeof address));
    }
    fprintf(to, "end %u\n", topology->node_count);
    CHECK(fclose(to) == 0);
    return text;
}

/* Cuts the next line off the front; false when there is no whole one. */
static bool cut_line(struct span *rest, struct span *line)
{
    const char *end = rest->size == 0 ? NULL : memchr(rest->at, '\n', rest->size);

    if (end == NULL) {
        return false;
    }
    *line = (struct span){rest->at, (size_t)(end - rest->at)};
    *rest = (struct span){end + 1, rest->size - line->size - 1};
    return true;
}

/* Cuts `word` and a blank off the front. */
static bool cut_word(struct span *line, struct span word)
{
    if (!span_starts_with(*line, word) || line->size <= word.size || line->at[word.size] != ' ') {
        return false;
    }
    *line = (struct span){line->at + word.size + 1, line->size - word.size - 1};
    return true;
}

static bool read_number(struct span text, uint64_t *number)
{
    int64_t value;

    if (!span_to_int64(text, &value) || value < 0) {
        return false;
    }
    *number = (uint64_t)value;
    return true;
}

static bool read_id(struct span *line, char id[NODE_ID_SIZE + 1])
{
    const char *end = line->size == 0 ? NULL : memchr(line->at, ' ', line->size);
    size_t size = end == NULL ? 0 : (size_t)(end - line->at);

    if (size == 0 || size > NODE_ID_SIZE) {
        return false;
    }
    for (size_t at = 0; at < size; at++) {
        if (line->at[at] <= ' ' || line->at[at] > '~') {
            return false;
        }
    }
    memcpy(id, line->at, size);
    id[size] = '\0';
    *line = (struct span){line->at + size + 1, line->size - size - 1};
    return true;
}

/* What stands behind "node ". */
static bool read_node(struct span line, struct topology *topology)
{
    char id[NODE_ID_SIZE + 1];
    struct address address;
    enum node_role role = NODE_PRIMARY;
    uint16_t count = topology->node_count;

    if (!read_id(&line, id)) {
        return false;
    }
    if (!cut_word(&line, SPAN("primary"))) {
        if (!cut_word(&line, SPAN("replica"))) {
            return false;
        }
        role = NODE_REPLICA;
    }
    if (address_parse(line, &address) != ADDRESS_OK || address.kind != ADDRESS_TCP ||
        address.port == 0 || strcmp(address.host, "*") == 0) {
        return false;
    }
    (void)topology_add_node(topology, id, &address, role, NODE_NONE);
    return topology->node_count == count + 1;
}

static bool is_seed(struct span word, const struct addresses *seeds)
{
    char text[ADDRESS_TEXT];

    for (size_t at = 0; at < seeds->count; at++) {
        if (span_equal(word, span_of(address_print(&seeds->items[at], text, sizeof text)))) {
            return true;
        }
    }
    return false;
}

/* Is one of those in `line` configured still? */
static bool has_a_seed(struct span line, const struct addresses *seeds)
{
    bool is_found = false;

    while (!is_found && line.size > 0) {
        const char *end = memchr(line.at, ' ', line.size);
        size_t size = end == NULL ? line.size : (size_t)(end - line.at);
        size_t used = end == NULL ? size : size + 1;

        is_found = is_seed((struct span){line.at, size}, seeds);
        line = (struct span){line.at + used, line.size - used};
    }
    return is_found;
}

static enum state_text_result read_lines(struct span text, const char *pool,
                                         const struct addresses *seeds, struct topology *topology)
{
    struct span line;
    uint64_t count;

    if (!cut_line(&text, &line) || !span_equal(line, SPAN(STATE_TEXT_MARK "1"))) {
        return STATE_TEXT_FOREIGN;
    }
    if (!cut_line(&text, &line) || !cut_word(&line, SPAN("pool"))) {
        return STATE_TEXT_DAMAGED;
    }
    if (!span_equal(line, span_of(pool))) {
        return STATE_TEXT_POOL;
    }
    if (!cut_line(&text, &line)) {
        return STATE_TEXT_DAMAGED;
    }
    if (cut_word(&line, SPAN("seeds"))) {
        if (seeds != NULL && !has_a_seed(line, seeds)) {
            return STATE_TEXT_SEEDS;
        }
        if (!cut_line(&text, &line)) {
            return STATE_TEXT_DAMAGED;
        }
    }
    if (!cut_word(&line, SPAN("epoch")) || !read_number(line, &topology->epoch)) {
        return STATE_TEXT_DAMAGED;
    }
    while (cut_line(&text, &line) && cut_word(&line, SPAN("node"))) {
        if (!read_node(line, topology)) {
            return STATE_TEXT_DAMAGED;
        }
    }
    return text.size == 0 && cut_word(&line, SPAN("end")) && read_number(line, &count) &&
                   count == topology->node_count && count > 0
               ? STATE_TEXT_OK
               : STATE_TEXT_DAMAGED;
}

enum state_text_result state_text_read(struct span text, const char *pool,
                                       const struct addresses *seeds, struct topology **topology)
{
    struct topology *read = topology_new();
    enum state_text_result result = read_lines(text, pool, seeds, read);

    if (result != STATE_TEXT_OK) {
        topology_release(&read);
    }
    *topology = read;
    return result;
}

const char *state_text_result_text(enum state_text_result result)
{
    switch (result) {
    case STATE_TEXT_OK: return "ok";
    case STATE_TEXT_FOREIGN: return "it is no state file of a known version";
    case STATE_TEXT_POOL: return "it is another pool's";
    case STATE_TEXT_SEEDS: return "all seeds are others than those it was written with";
    case STATE_TEXT_DAMAGED: return "it is damaged";
    }
    CHECK(false);
    return NULL;
}
