/* inhabitants.h - the processes that work in a folder, whoever started them: a server that has
 * become a daemon is nobody's child, and one that has just been started has told nobody its number.
 */
#ifndef TESTS_SUPPORT_INHABITANTS_H
#define TESTS_SUPPORT_INHABITANTS_H

#include <stddef.h>

/* Sends `signal`, or 0 for nothing, to all whose working directory is `folder`, or in it, also when
 * that has been removed. Returns how many they are. */
size_t inhabitants_signal(const char *folder, int signal);

/* Kills them; returns when there are none. */
void inhabitants_kill(const char *folder);

#endif
