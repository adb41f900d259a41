// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>
#include <string.h>

#include "options.h"

const struct option_text option_texts[] = {
	{ { "batch", required_argument, NULL, 'b' }, "FILE", "run the commands in FILE, one on a line; \"-\": standard input" },
	{ { "force", no_argument, NULL, 'f' }, NULL, "go on with a batch when a command of it was refused" },
	{ { "stats", no_argument, NULL, 's' }, NULL, "show cards and devices with their counters" },
	{ { "json", no_argument, NULL, 'j' }, NULL, "print JSON" },
	{ { "pretty", no_argument, NULL, 'p' }, NULL, "print JSON, indented" },
	{ { "help", no_argument, NULL, 'h' }, NULL, "print this help" },
	{ { "version", no_argument, NULL, 'V' }, NULL, "print the version" },
	{ { NULL, 0, NULL, 0 }, NULL, NULL },
};

#define OPTIONS (sizeof(option_texts) / sizeof(option_texts[0]))

/* Says what getopt_long() refused, which has returned `opt`. */
static void refuse(int opt, char **argv, const struct error_place *at)
{
	if (opt == ':')
		error_say(at, "%s needs a value: \"vqnicctl --help\" lists the options", argv[optind - 1]);
	else if (optopt && isprint(optopt) && strncmp(argv[optind - 1], "--", 2))
		error_say(at, "unknown option \"-%c\": \"vqnicctl --help\" lists them", optopt);
	else
		error_say(at, "unknown option \"%s\": \"vqnicctl --help\" lists them", argv[optind - 1]);
}

int options_parse(int argc, char **argv, struct options *options, const struct error_place *at)
{
	struct option longs[OPTIONS];
	char shorts[3 * OPTIONS + 1] = ":", *next = shorts + 1;
	int opt;

	*options = (struct options){ .format = OUT_TEXT };
	for (size_t i = 0; i < OPTIONS; i++) {
		longs[i] = option_texts[i].option;
		*next++ = (char)longs[i].val;
		for (int colons = longs[i].has_arg; colons; colons--)
			*next++ = ':';
	}
	opterr = 0;
	optind = 0;
	while ((opt = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		switch (opt) {
		case 'b':
			options->batch = optarg;
			break;
		case 'f':
			options->force = true;
			break;
		case 's':
			options->stats = true;
			break;
		case 'j':
			options->format = options->format == OUT_TEXT ? OUT_JSON : options->format;
			break;
		case 'p':
			options->format = OUT_JSON_PRETTY;
			break;
		case 'h':
			options->help = true;
			return optind;
		case 'V':
			options->version = true;
			return optind;
		default:
			refuse(opt, argv, at);
			return -1;
		}
	}
	return optind;
}
