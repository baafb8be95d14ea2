#include "tests/chaos/choice.h"

enum { SHARED_PERCENT = 15 };

/* Of so many steps this kind is chosen, on a key of the roles from `first` on, so many of them. */
struct chance {
    enum step_kind kind;
    uint32_t weight;
    enum key_role first;
    uint32_t roles;
    bool on_shared; /* makes sense for keys that others use as well */
};

static const struct chance chances[] = {
    {STEP_PUSH, 20, ROLE_LIST_A, 2, true},       {STEP_SCRIPT_PUSH, 6, ROLE_LIST_A, 2, true},
    {STEP_CROSS_PUSH, 8, ROLE_LIST_A, 1, false}, {STEP_APPEND, 10, ROLE_TEXT, 1, true},
    {STEP_TAIL, 6, ROLE_LIST_A, 2, false},       {STEP_INCR, 14, ROLE_COUNTER, 1, true},
    {STEP_SET, 12, ROLE_REGISTER_X, 3, true},    {STEP_GET, 12, ROLE_REGISTER_X, 3, true},
    {STEP_MSET, 4, ROLE_REGISTER_X, 1, false},   {STEP_MGET, 4, ROLE_REGISTER_X, 1, false},
    {STEP_DEL, 2, ROLE_REGISTER_X, 1, false},    {STEP_EXISTS, 2, ROLE_REGISTER_X, 1, false},
};

static uint32_t sum_of_weights(void)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < ARRAY_LEN(chances); i++) {
        sum += chances[i].weight;
    }
    return sum;
}

static const struct chance *choose(struct dice *dice)
{
    uint32_t roll = dice_roll(dice, sum_of_weights());
    const struct chance *chance = chances;

    while (roll >= chance->weight) {
        roll -= chance->weight;
        chance++;
    }
    return chance;
}

static enum reach choose_reach(struct dice *dice, enum step_kind kind)
{
    if (kind == STEP_MSET || kind == STEP_MGET || kind == STEP_EXISTS || kind == STEP_DEL) {
        return dice_roll(dice, 2) == 0 ? REACH_SLOT : REACH_WIDE;
    }
    return REACH_ONE;
}

struct step *choice_add(struct dice *dice, struct history *history)
{
    const struct chance *chance = choose(dice);
    int tag = (int)dice_roll(dice, OWN_TAGS);

    if (chance->on_shared && dice_roll(dice, 100) < SHARED_PERCENT) {
        tag = OWN_TAGS + (int)dice_roll(dice, SHARED_TAGS);
    }
    enum key_role role = (enum key_role)(chance->first + dice_roll(dice, chance->roles));
    struct step *step = history_add(history, chance->kind, key_of(tag, role));
    step->reach = (uint8_t)choose_reach(dice, chance->kind);
    return step;
}
