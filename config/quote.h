/* quote.h - text in double quotes, as YAML reads it. */
#ifndef CONFIG_QUOTE_H
#define CONFIG_QUOTE_H

#include <stdio.h>

/* Writes `text` so that loading it gives `text` again: escapes for YAML, and "$${" for "${". A byte
 * that is no UTF-8 becomes the character of its number. */
void quote_print(const char *text, FILE *to);

#endif
