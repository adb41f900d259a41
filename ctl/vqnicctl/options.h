/* SPDX-License-Identifier: Apache-2.0 */
/* The options, which stand anywhere on the command line. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <getopt.h>
#include <stdbool.h>

#include "error.h"
#include "out.h"

struct option_text {
	struct option option;
	const char *values;	/* as those of a setting; NULL: it takes none */
	const char *help;
};

/* Ends with a name that is NULL. */
extern const struct option_text option_texts[];

/* What was given. */
struct options {
	enum out_format format;
	enum { COLOR_NEVER, COLOR_AUTO, COLOR_ALWAYS, COLOR_ALONE } color;	/* alone: -c, which says not when */
	bool stats;
	const char *batch;	/* NULL: none */
	const char *output;	/* NULL: not given */
	bool dry_run;
	const char *socket;	/* NULL: not given */
	double interval;	/* seconds; 0: not given */
	unsigned long count;	/* 0: not given */
	bool force;
	bool help;
	bool version;
};

/*
 * Takes the options of the command line to *options, up to --help or --version, which leave nothing else to do. Puts
 * what is no option to the end of argv and returns the index of the first of it; -1: an option is wrong, which it says.
 */
int options_parse(int argc, char **argv, struct options *options, const struct error_place *at);

/* Whether text on `file` is to be coloured, as the options say, the environment, and what `file` is. */
bool options_color(const struct options *options, FILE *file);

#endif
