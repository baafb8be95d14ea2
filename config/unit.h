/* unit.h - numbers with a unit: "64mb" (kb is 1024 bytes) and "250ms"; modes of files. Pure. */
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

/* The permissions of a file: three octal digits, with or without a 0 in front as in C, that allow
 * something; or "umask", which gives 0. */
enum unit_result unit_parse_mode(struct span text, uint32_t *mode) MUST_USE;

/* Parses back to the same. */
void unit_print_mode(uint32_t mode, FILE *to);

/* In the largest unit that leaves a whole number; parses back to the same. */
void unit_print_bytes(uint64_t bytes, FILE *to);
void unit_print_duration(uint64_t duration_us, FILE *to);

#endif
