/* speech.h - the words of a node: what each answer looks like to each errand. */
#ifndef TESTS_FUZZ_PROXY_SPEECH_H
#define TESTS_FUZZ_PROXY_SPEECH_H

#include "tests/fuzz/proxy/nodes.h"

/* `answer`, or the one in its place that a node could give to this errand at all. */
enum answer speech_sensible(const struct errand *errand, enum answer answer);

/* Does a node that says so not execute it? */
bool speech_is_refusal(const struct errand *errand, enum answer answer);

/* Says it; a redirection leads to the port `where` behind NODE_PORT. */
void speech_say(struct line *line, const struct errand *errand, enum answer answer, uint8_t where);

#endif
