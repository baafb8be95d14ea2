/* json.h - what a JSON document says, asked in Python, whose parser is the judge of what is JSON.
 */
#ifndef TESTS_SUPPORT_JSON_H
#define TESTS_SUPPORT_JSON_H

#include "tests/support/bytes.h"

/* What the expression `asked` of Python is for the document `d`, as print() writes it; several may
 * be joined as a tuple. The text of the error for what is no JSON. The caller frees it. */
char *json_ask(const struct bytes *document, const char *asked);

#endif
