#include "proxy/cluster/adoption.h"

#include "common/check.h"

enum {
    NOBODY = ADOPTION_WITNESSES_MAX + 1,
    STRANGE_ROUNDS_MIN = 3, /* however short the patience is */
};

static const struct {
    const char *name;
    uint32_t witnesses_needed;
    bool must_agree; /* the witnesses say the same picture */
    const char *text;
} doubts[] = {
    [DOUBT_NONE] = {"none", 1, false, "nothing is wrong with it"},
    [DOUBT_BACK] = {"back", 2, true, "it goes back to the picture before, without a new epoch"},
    [DOUBT_FEWER] = {"fewer", 2, true, "fewer slots are served in it"},
    [DOUBT_OLDER] = {"older", 3, false, "its epoch is older"},
    [DOUBT_DOWN] = {"down", NOBODY, false, "the node says that its cluster is down"},
    [DOUBT_STRANGER] = {"stranger", NOBODY, false, "it is another cluster's: no node is known"},
};

const char *doubt_name(enum doubt doubt)
{
    return doubts[doubt].name;
}

const char *doubt_text(enum doubt doubt)
{
    return doubts[doubt].text;
}

bool endpoint_equal(const struct endpoint *a, const struct endpoint *b)
{
    return a->size == b->size && memcmp(&a->storage, &b->storage, a->size) == 0;
}

void adoption_init(struct adoption *adoption, struct topology *remembered)
{
    *adoption = (struct adoption){0};
    if (remembered != NULL) {
        adoption->measure = topology_take(remembered);
        adoption->is_remembered = true;
    }
}

void adoption_trust_seeds(struct adoption *adoption)
{
    adoption->trusts_seeds = true;
}

static void adoption_forget_opinions(struct adoption *adoption)
{
    for (size_t at = 0; at < DOUBT_COUNT; at++) {
        topology_release(&adoption->opinions[at].topology);
        adoption->opinions[at] = (struct opinion){0};
    }
}

void adoption_clear(struct adoption *adoption)
{
    adoption_forget_opinions(adoption);
    topology_release(&adoption->measure);
    topology_release(&adoption->before);
    topology_release(&adoption->fewer);
}

void adoption_begin_round(struct adoption *adoption)
{
    adoption_forget_opinions(adoption);
    adoption->doubt = DOUBT_NONE;
    adoption->trusts_seeds = false;
}

static bool shares_a_node(const struct topology *a, const struct topology *b)
{
    for (uint16_t number = 0; number < b->node_count; number++) {
        if (topology_find_id(a, b->nodes[number].id) != NODE_NONE) {
            return true;
        }
    }
    return false;
}

/* Redis Cluster: a slot that goes back to where it came from does so with a new epoch. */
static bool adoption_goes_back(const struct adoption *adoption, const struct topology *topology)
{
    return adoption->before != NULL && topology->epoch == adoption->measure->epoch &&
           topology_equal(adoption->before, topology);
}

static enum doubt adoption_doubt_of(const struct adoption *adoption,
                                    const struct statement *statement)
{
    const struct topology *measure = adoption->measure;
    const struct topology *topology = statement->topology;
    bool outranks = adoption->is_down && statement->state == CLUSTER_STATE_OK;

    if (measure == NULL) {
        return statement->state == CLUSTER_STATE_FAIL ? DOUBT_DOWN : DOUBT_NONE;
    }
    if (!shares_a_node(measure, topology)) {
        return DOUBT_STRANGER;
    }
    if (statement->state == CLUSTER_STATE_FAIL && !topology_equal(measure, topology)) {
        return DOUBT_DOWN;
    }
    if (topology->epoch < measure->epoch && !outranks) {
        return DOUBT_OLDER;
    }
    if (topology->slots_served < measure->slots_served) {
        return DOUBT_FEWER;
    }
    return adoption_goes_back(adoption, topology) ? DOUBT_BACK : DOUBT_NONE;
}

static void adoption_measure_by(struct adoption *adoption, struct topology *topology)
{
    if (adoption->measure != NULL && !adoption->is_remembered &&
        !topology_equal(adoption->measure, topology)) {
        topology_release(&adoption->before);
        adoption->before = topology_take(adoption->measure);
    }
    topology_release(&adoption->measure);
    adoption->measure = topology_take(topology);
    adoption->is_remembered = false;
}

static struct topology *adoption_believe(struct adoption *adoption, struct topology *topology,
                                         enum cluster_state state)
{
    struct topology *believed = topology_take(topology);
    bool is_down = state == CLUSTER_STATE_FAIL;

    /* A node whose cluster is down may confirm the measure, not raise it. */
    if (!is_down || adoption->measure == NULL || !topology_equal(adoption->measure, topology)) {
        adoption_measure_by(adoption, topology);
        adoption->is_down = is_down;
    }
    topology_release(&adoption->fewer);
    adoption->strange_since = 0;
    adoption->strange_rounds = 0;
    adoption_forget_opinions(adoption);
    return believed;
}

static void opinion_add_witness(struct opinion *opinion, const struct endpoint *witness)
{
    for (uint32_t at = 0; at < opinion->witness_count; at++) {
        if (endpoint_equal(&opinion->witnesses[at], witness)) {
            return;
        }
    }
    if (opinion->witness_count < ADOPTION_WITNESSES_MAX) {
        opinion->witnesses[opinion->witness_count++] = *witness;
    }
}

static bool is_better(const struct topology *a, const struct topology *b)
{
    return a->epoch != b->epoch ? a->epoch > b->epoch : a->slots_served > b->slots_served;
}

static void opinion_hear(struct opinion *opinion, enum doubt doubt,
                         const struct statement *statement)
{
    bool is_same = opinion->topology != NULL && doubts[doubt].must_agree &&
                   topology_equal(opinion->topology, statement->topology);
    bool replaces = opinion->topology == NULL ||
                    (!is_same && is_better(statement->topology, opinion->topology));

    if (replaces) {
        topology_release(&opinion->topology);
        opinion->topology = topology_take(statement->topology);
        opinion->state = statement->state;
    }
    if (doubts[doubt].must_agree && !is_same) {
        if (!replaces) {
            return;
        }
        opinion->witness_count = 0;
    }
    opinion_add_witness(opinion, statement->witness);
}

/* May it be believed at the end of a round at all? */
static bool adoption_may_keep(const struct adoption *adoption, enum doubt doubt,
                              const struct statement *statement)
{
    if (doubt == DOUBT_STRANGER) {
        return statement->is_from_seed;
    }
    return doubt != DOUBT_DOWN || adoption->measure == NULL || adoption->is_remembered ||
           statement->topology->epoch >= adoption->measure->epoch;
}

static enum doubt adoption_best_doubt(const struct adoption *adoption)
{
    enum doubt doubt = DOUBT_BACK;

    while (doubt < DOUBT_STRANGER && adoption->opinions[doubt].topology == NULL) {
        doubt++;
    }
    return doubt;
}

struct topology *adoption_hear(struct adoption *adoption, const struct statement *statement)
{
    enum doubt doubt = adoption_doubt_of(adoption, statement);
    struct opinion *opinion = &adoption->opinions[doubt];

    adoption->doubt = doubt;
    if (doubt == DOUBT_NONE) {
        return adoption_believe(adoption, statement->topology, statement->state);
    }
    if (!adoption_may_keep(adoption, doubt, statement)) {
        return NULL;
    }
    opinion_hear(opinion, doubt, statement);
    if (opinion->witness_count < doubts[doubt].witnesses_needed ||
        adoption_best_doubt(adoption) != doubt) {
        return NULL;
    }
    return adoption_believe(adoption, opinion->topology, opinion->state);
}

static bool adoption_is_repeated(struct adoption *adoption, struct topology *topology)
{
    if (adoption->fewer != NULL && topology_equal(adoption->fewer, topology)) {
        return true;
    }
    topology_release(&adoption->fewer);
    adoption->fewer = topology_take(topology);
    return false;
}

static bool adoption_is_out_of_patience(struct adoption *adoption, uint64_t now, uint64_t patience)
{
    if (adoption->is_remembered || adoption->trusts_seeds) {
        return true;
    }
    if (adoption->strange_rounds++ == 0) {
        adoption->strange_since = now;
    }
    return adoption->strange_rounds >= STRANGE_ROUNDS_MIN &&
           now - adoption->strange_since >= patience;
}

static bool adoption_is_convinced(struct adoption *adoption, enum doubt doubt, uint64_t now,
                                  uint64_t patience)
{
    if (doubt != DOUBT_STRANGER) {
        adoption->strange_rounds = 0;
    }
    switch (doubt) {
    case DOUBT_FEWER: return adoption_is_repeated(adoption, adoption->opinions[doubt].topology);
    case DOUBT_STRANGER: return adoption_is_out_of_patience(adoption, now, patience);
    case DOUBT_BACK:
    case DOUBT_OLDER:
    case DOUBT_DOWN: return true;
    case DOUBT_NONE: break;
    }
    CHECK(false);
    return false;
}

struct topology *adoption_end_round(struct adoption *adoption, uint64_t now, uint64_t patience)
{
    enum doubt doubt = adoption_best_doubt(adoption);
    const struct opinion *opinion = &adoption->opinions[doubt];

    if (opinion->topology == NULL || !adoption_is_convinced(adoption, doubt, now, patience)) {
        return NULL;
    }
    adoption->doubt = doubt;
    return adoption_believe(adoption, opinion->topology, opinion->state);
}
