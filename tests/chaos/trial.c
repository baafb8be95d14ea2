#include "tests/chaos/trial.h"

bool loss_explains(const struct loss *loss, uint16_t slot, const struct step *step)
{
    return (loss->slots[slot / 8] & (1u << slot % 8)) != 0 && step->sent_ms <= loss->until_ms &&
           step->answered_ms + LOSS_REACH_MS >= loss->from_ms;
}

int trial_loss_of(const struct trial *trial, int next, uint16_t slot, const struct step *step)
{
    for (int i = next; i < (int)trial->loss_count; i++) {
        if (loss_explains(&trial->losses[i], slot, step)) {
            return i;
        }
    }
    return LOSS_NONE;
}

static bool has_keys_of_one_slot(const struct step *step)
{
    return step->kind == STEP_CROSS_PUSH || step->reach == REACH_SLOT;
}

bool trial_may_overtake(const struct trial *trial, const struct step *later,
                        const struct step *earlier)
{
    return trial->permission.may_overtake && has_keys_of_one_slot(earlier) &&
           later->sent_ms <= earlier->answered_ms;
}

static bool share_a_slot(const struct history *history, const struct step *a, const struct step *b)
{
    for (int i = 0; i < step_width(a); i++) {
        for (int j = 0; j < step_width(b); j++) {
            if (key_slot(history, step_key(a, i)) == key_slot(history, step_key(b, j))) {
                return true;
            }
        }
    }
    return false;
}

bool trial_may_refuse_read(const struct history *history, const struct step *read)
{
    const struct step *end = history->steps + history->count;

    for (const struct step *later = read + 1; later < end && later->sent_ms <= read->answered_ms;
         later++) {
        bool is_unknown = later->answer == ANSWER_UNKNOWN || later->answer == ANSWER_PARTLY;

        if (is_unknown && step_writes(later) && share_a_slot(history, read, later)) {
            return true;
        }
    }
    return false;
}

bool trial_lost_any(const struct trial *trial, uint16_t slot)
{
    for (size_t i = 0; i < trial->loss_count; i++) {
        if ((trial->losses[i].slots[slot / 8] & (1u << slot % 8)) != 0) {
            return true;
        }
    }
    return false;
}
