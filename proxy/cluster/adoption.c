#include "proxy/cluster/adoption.h"

#include "common/check.h"

static const uint32_t witnesses_needed[] = {
    [DOUBT_NONE] = 1,
    [DOUBT_OLDER] = 3,
    [DOUBT_FEWER] = 2,
};

bool endpoint_equal(const struct endpoint *a, const struct endpoint *b)
{
    return a->size == b->size && memcmp(&a->storage, &b->storage, a->size) == 0;
}

void adoption_init(struct adoption *adoption)
{
    *adoption = (struct adoption){0};
}

static void adoption_forget_doubt(struct adoption *adoption)
{
    topology_release(&adoption->doubted);
    adoption->doubt = DOUBT_NONE;
    adoption->witness_count = 0;
    adoption->was_heard = false;
}

void adoption_clear(struct adoption *adoption)
{
    adoption_forget_doubt(adoption);
    topology_release(&adoption->remembered);
}

void adoption_begin_round(struct adoption *adoption)
{
    adoption->was_heard = false;
}

static enum doubt adoption_doubt_of(const struct adoption *adoption,
                                    const struct topology *topology)
{
    if (!adoption->has_picture || topology->epoch > adoption->epoch) {
        return DOUBT_NONE;
    }
    if (topology->epoch < adoption->epoch) {
        return DOUBT_OLDER;
    }
    return topology->slots_served < adoption->slots_served ? DOUBT_FEWER : DOUBT_NONE;
}

static struct topology *adoption_believe(struct adoption *adoption, struct topology *topology)
{
    struct topology *believed = topology_take(topology);

    adoption->has_picture = true;
    adoption->epoch = topology->epoch;
    adoption->slots_served = topology->slots_served;
    adoption_forget_doubt(adoption);
    topology_release(&adoption->remembered);
    return believed;
}

static void adoption_add_witness(struct adoption *adoption, const struct endpoint *witness)
{
    for (uint32_t at = 0; at < adoption->witness_count; at++) {
        if (endpoint_equal(&adoption->witnesses[at], witness)) {
            return;
        }
    }
    CHECK(adoption->witness_count < ADOPTION_WITNESSES_MAX);
    adoption->witnesses[adoption->witness_count++] = *witness;
}

static void adoption_keep_newest(struct adoption *adoption, struct topology *topology)
{
    if (adoption->doubted != NULL && adoption->doubted->epoch > topology->epoch) {
        return;
    }
    topology_release(&adoption->doubted);
    adoption->doubted = topology_take(topology);
}

struct topology *adoption_hear(struct adoption *adoption, struct topology *topology,
                               const struct endpoint *witness)
{
    enum doubt doubt = adoption_doubt_of(adoption, topology);

    if (doubt == DOUBT_NONE) {
        return adoption_believe(adoption, topology);
    }
    if (doubt != adoption->doubt) {
        adoption_forget_doubt(adoption);
    }
    adoption->doubt = doubt;
    adoption->was_heard = true;
    adoption_add_witness(adoption, witness);
    adoption_keep_newest(adoption, topology);
    if (adoption->witness_count < witnesses_needed[doubt]) {
        return NULL;
    }
    return adoption_believe(adoption, adoption->doubted);
}

struct topology *adoption_end_round(struct adoption *adoption)
{
    if (!adoption->was_heard) {
        return NULL;
    }
    bool is_repeated =
        adoption->remembered != NULL && topology_equal(adoption->remembered, adoption->doubted);
    if (adoption->doubt == DOUBT_OLDER || is_repeated) {
        return adoption_believe(adoption, adoption->doubted);
    }

    topology_release(&adoption->remembered);
    adoption->remembered = topology_take(adoption->doubted);
    return NULL;
}
