/* chronicle.h - the time of a run, and what happened when. The chronicle belongs to the main
 * thread; the time is for all.
 */
#ifndef TESTS_CHAOS_CHRONICLE_H
#define TESTS_CHAOS_CHRONICLE_H

#include "tests/support/bytes.h"

/* Milliseconds since the program began. */
uint32_t chronicle_now_ms(void);

/* Writes a line, and with `chronicle_speaks` on stdout as well. */
void chronicle_note(const char *format, ...) PRINTF(1, 2);
void chronicle_speaks(bool speaks);

/* Adds the lines since the last chronicle_forget to `text`. */
void chronicle_print(struct bytes *text);
void chronicle_forget(void);

#endif
