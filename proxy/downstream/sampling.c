#include "proxy/downstream/sampling.h"

#include <stdlib.h>

#define SAMPLE_COST_US ((uint64_t)US_PER_SECOND / SAMPLING_EACH)

enum { DISTANCE_MAX = 1 << 20 };

/* Marsaglia's xorshift. */
static uint32_t roll(struct sampling *sampling)
{
    sampling->dice ^= sampling->dice << 13;
    sampling->dice ^= sampling->dice >> 17;
    sampling->dice ^= sampling->dice << 5;
    return sampling->dice;
}

/* Between a half and three halves of `mean`. */
static uint32_t some_distance(struct sampling *sampling, uint32_t mean)
{
    return mean - mean / 2 + roll(sampling) % (2 * (mean / 2) + 1);
}

static void count_credit(struct sampling *sampling, uint64_t now)
{
    uint64_t most = SAMPLING_SAVED * SAMPLE_COST_US;

    sampling->credit_us += now - sampling->credit_at;
    sampling->credit_at = now;
    if (sampling->credit_us > most) {
        sampling->credit_us = most;
    }
}

static void set_distance(struct sampling *sampling, uint32_t distance)
{
    sampling->distance = sampling->left = distance;
}

static void set_mean_distance(struct sampling *sampling, uint64_t sample)
{
    uint64_t mean = sample == 0 ? DISTANCE_MAX : size_min(sample, DISTANCE_MAX);

    set_distance(sampling, some_distance(sampling, (uint32_t)mean));
}

void sampling_init(struct sampling *sampling, uint64_t now, uint64_t sample, struct heat *heat)
{
    *sampling = (struct sampling){
        .dice = (uint32_t)random() | 1,
        .credit_at = now,
        .heat = heat,
    };
    set_mean_distance(sampling, sample);
}

void sampling_clear(struct sampling *sampling)
{
    keys_clear(&sampling->keys);
}

uint32_t sampling_take(struct sampling *sampling, uint64_t now, uint64_t sample)
{
    uint32_t weight = sampling->distance;

    count_credit(sampling, now);
    if (sample > 0 && sampling->credit_us >= SAMPLE_COST_US) {
        sampling->credit_us -= SAMPLE_COST_US;
        set_distance(sampling, 1);
    } else {
        set_mean_distance(sampling, sample);
    }
    return sample == 0 ? 0 : weight;
}

void sampling_look(struct sampling *sampling, uint64_t now)
{
    count_credit(sampling, now);
    if (sampling->credit_us >= SAMPLE_COST_US && sampling->left > 1) {
        sampling->distance -= sampling->left - 1;
        sampling->left = 1;
    }
}
