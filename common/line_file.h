/* line_file.h - lines from any thread into a file, by a thread of its own: nobody who has a line
 * waits for a disk.
 *
 *      any thread: line_file_put ──> [ filling ] ⇄ [ writing ] ──> the file's thread: write()
 *                       └ no room: lost, and counted
 *
 * Lines go to the end of the file, whole and in their order, so that several processes may write to
 * one. line_file_reopen is for who has moved the file away. A file that cannot be opened or written
 * is tried again now and then; lines are lost meanwhile, and the log says so once.
 */
#ifndef COMMON_LINE_FILE_H
#define COMMON_LINE_FILE_H

#include "common/span.h"

struct line_file;

/* Lines of up to `room` bytes in all may wait to be written. The thread is called `name`. */
struct line_file *line_file_open(const char *path, size_t room, const char *name) MUST_USE;

/* Any thread: copies `line`, which ends with a line end. False when there is no room for it. */
bool line_file_put(struct line_file *file, struct span line);

/* Any thread: what comes from now on goes to a file of that name, which is made if there is none.
 */
void line_file_reopen(struct line_file *file);

/* Any thread: lines that had no room, or could not be written. */
uint64_t line_file_lost(struct line_file *file);

/* Writes what is there, and ends the thread. Takes the pointer, which may hold NULL. */
void line_file_close(struct line_file **file);

#endif
