/* dice.h - numbers by chance that are the same for the same seed (splitmix64). One thread each. */
#ifndef TESTS_SUPPORT_DICE_H
#define TESTS_SUPPORT_DICE_H

#include "common/base.h"

struct dice {
    uint64_t state;
};

/* Dice of their own for the `index`-th user of a seed. */
static inline struct dice dice_of(uint64_t seed, uint64_t index)
{
    return (struct dice){seed * 0x9e3779b97f4a7c15u + index * 0xd1b54a32d192ed03u};
}

/* 0 to sides - 1. */
static inline uint32_t dice_roll(struct dice *dice, uint32_t sides)
{
    uint64_t mixed = dice->state += 0x9e3779b97f4a7c15u;

    mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111ebu;
    return (uint32_t)((mixed ^ mixed >> 31) % sides);
}

/* From least to most, both included. */
static inline uint32_t dice_between(struct dice *dice, uint32_t least, uint32_t most)
{
    return least + dice_roll(dice, most - least + 1);
}

#endif
