/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CLI_H
#define CLI_H

#include <stdio.h>

/*
 * vqnicctl with its command line: results go to `out`, one-line errors to `err`; the batch "-" is read from `in`.
 * Returns the exit status.
 */
int cli_run(int argc, char **argv, FILE *in, FILE *out, FILE *err);

#endif
