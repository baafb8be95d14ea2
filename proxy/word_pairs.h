/* word_pairs.h - "name=value name=value", as CLIENT LIST writes it, into members of a JSON object.
 *
 * So that what CLIENT LIST comes to tell is in the admin page's document, too, without another
 * word. A value with blanks in it, as a unix socket's path, stays one. Pure.
 */
#ifndef PROXY_WORD_PAIRS_H
#define PROXY_WORD_PAIRS_H

#include "common/json.h"

/* Adds each pair of `line` to the object that is open: what can only be a number as one. */
void word_pairs_write(struct span line, struct json *json);

#endif
