/* judge_case.h - one made-up history and what is there in the end, for the judge's own tests. */
#ifndef TESTS_CHAOS_JUDGE_CASE_H
#define TESTS_CHAOS_JUDGE_CASE_H

#include "tests/chaos/judge.h"

enum { CLIENT = 3, FIRST = 100 };

extern struct history history;
extern struct contents contents;
extern struct loss loss;
extern struct trial trial;
extern uint32_t clock_ms;

/* An empty history that permits every error and has seen no loss. */
void case_set_up(void);
void case_tear_down(void);

/* A step that took a millisecond; returns its number. */
uint32_t did(enum step_kind kind, uint16_t key, enum answer answer, uint32_t reply);

/* Likewise, on the three registers of the first tag. */
uint32_t wide(enum step_kind kind, enum answer answer, uint32_t reply);

/* A push to the first list that saw so many elements in the other one. */
void cross(uint32_t reply, uint32_t others);

/* A key holds the value of that step, behind what it holds already; or a counter that number. */
void holds(uint16_t key, uint32_t number);
void counts(uint16_t key, uint32_t number);

/* All slots lose what was acknowledged shortly before now. */
void lose(void);

/* The judge finds this rule broken so often, and no other; nothing at all; nothing, but so many
 * writes that were lost. */
void expect_only(enum rule rule, size_t times);
void expect_clean(void);
void expect_clean_with_lost(uint64_t lost);

#endif
