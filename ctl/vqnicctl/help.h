/* SPDX-License-Identifier: Apache-2.0 */
#ifndef HELP_H
#define HELP_H

#include <stdio.h>

/* Prints the commands, settings and options, as their tables have them. */
void help_print(FILE *file);

#endif
