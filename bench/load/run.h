/* run.h - one run of load: connections are opened, then work is done or they are held, and all is
 * counted. How clients send is told in traffic.h. One thread.
 */
#ifndef BENCH_LOAD_RUN_H
#define BENCH_LOAD_RUN_H

#include "bench/load/options.h"
#include "bench/load/tally.h"

/* Does what the options say. False when it could not be done or did not end well, after a line to
 * stderr; what went wrong with single requests is in the tally. */
bool run(const struct options *options, struct tally *tally) MUST_USE;

#endif
