/* SPDX-License-Identifier: Apache-2.0 */
#ifndef COMMAND_H
#define COMMAND_H

#include <stdio.h>

/* Exit statuses. */
enum { EXIT_DONE, EXIT_USAGE, EXIT_REFUSED };

/* Runs the command line, with results to `out` and one-line errors to `err`. Returns the exit status. */
int command_run(int argc, char **argv, FILE *out, FILE *err);

#endif
