/* judge.h - does what happened keep the contract? Pure: histories and final contents in, a verdict
 * out.
 *
 *      answers     every reply fits its request; only errors that the disturbance excuses
 *      logs        lists and texts hold each write at most once, in the order it was sent, no write
 *                  that was refused, every write that was acknowledged; and the length that each
 *                  reply told is the place where the write is found
 *      counters    replies go up by one, but for writes of unknown outcome
 *      registers   a read returns the last write before it that may have taken effect
 *
 * Losses excuse the end of what a primary acknowledged, see trial.h; the judge counts them.
 */
#ifndef TESTS_CHAOS_JUDGE_H
#define TESTS_CHAOS_JUDGE_H

#include "tests/chaos/trial.h"
#include "tests/chaos/verdict.h"

/* All of it; the caller clears the verdict. */
struct verdict judge(const struct trial *trial);

/* The parts. Each adds to the verdict. */
void judge_answers(const struct trial *trial, struct verdict *verdict);
void judge_logs(const struct trial *trial, struct verdict *verdict);
void judge_counters(const struct trial *trial, struct verdict *verdict);
void judge_registers(const struct trial *trial, struct verdict *verdict);

#endif
