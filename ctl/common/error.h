/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of a command that is wrong or was refused: one line, with what was asked, what is wrong, what to do. */
#ifndef ERROR_H
#define ERROR_H

#include <stdio.h>

struct error_place {
	FILE *file;		/* where errors are written */
	const char *batch;	/* the batch that the command stands in; NULL: the command line */
	unsigned long line;	/* of the batch, from 1; 0: none of its own */
};

/* Writes "vqnicctl: ", the place in the batch, the message, and a newline that is not part of `format`. */
__attribute__((format(printf, 2, 3)))
void error_say(const struct error_place *at, const char *format, ...);

#endif
