/* options.h - load's command line. Texts are borrowed from argv. */
#ifndef BENCH_LOAD_OPTIONS_H
#define BENCH_LOAD_OPTIONS_H

#include <stdio.h>

#include "bench/load/work.h"

struct options {
#define TEXT(field, name, preset, placeholder, help)  const char *field;
#define COUNT(field, name, preset, least, most, help) uint64_t field;
#define SECONDS(field, name, help)                    double field;
#define KIND(field, name, help)                       enum work_kind field;
#define FLAG(field, name, help)                       bool field;
#include "bench/load/options.def"
};

/* Reads the command line over the defaults. False after a line to `complaints` that says what was
 * expected. With --help nothing else has to be right. */
bool options_parse(struct options *options, int argc, char **argv, FILE *complaints) MUST_USE;

/* What --help says. */
void options_print_help(FILE *to);

#endif
