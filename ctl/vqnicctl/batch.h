/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands from a file, one on a line. Words are separated by blanks; what is between single or double quotes belongs
 * to the word that it stands in, blanks and all. A word that begins with # begins a comment, up to the end of the line.
 * A backslash at a line's end, but not a comment's, continues it with the next line.
 */
#ifndef BATCH_H
#define BATCH_H

#include <stdbool.h>

#include "error.h"
#include "session.h"

#define BATCH_LINE_MAX 65536		/* bytes of a line with those that continue it */
#define BATCH_WORDS_MAX 64		/* of a line */
#define BATCH_COMMANDS_MAX 100000

/*
 * Runs the commands of the file `name`, or of `in` for "-", in their order. All of them are checked before the first is
 * run. `force`: goes on after one that was refused. Returns EXIT_DONE; EXIT_USAGE if a line is wrong, and nothing was
 * done; EXIT_REFUSED if the file cannot be read, or a command was refused. Errors go to `err`.
 */
int batch_run(const char *name, FILE *in, bool force, const struct session *session, FILE *err);

#endif
