/* unit.h - numbers with a unit: "64mb" (kb is 1024 bytes) and "250ms". Pure. */
#ifndef CONFIG_UNIT_H
#define CONFIG_UNIT_H

#include <stdio.h>

#include "common/span.h"

enum unit_result {
    UNIT_OK = 0,
    UNIT_BAD_FORM,
    UNIT_TOO_LARGE, /* or below zero */
};

/* Digits alone, as strict as span_to_int64. */
enum unit_result unit_parse_count(struct span text, uint64_t *count) MUST_USE;

/* Digits with kb, mb, gb or nothing behind them. */
enum unit_result unit_parse_bytes(struct span text, uint64_t *bytes) MUST_USE;

/* Digits with us, ms, s, m or h behind them; a bare "0" needs none. Gives microseconds. */
enum unit_result unit_parse_duration(struct span text, uint64_t *duration_us) MUST_USE;

/* In the largest unit that leaves a whole number; parses back to the same. */
void unit_print_bytes(uint64_t bytes, FILE *to);
void unit_print_duration(uint64_t duration_us, FILE *to);

#endif
