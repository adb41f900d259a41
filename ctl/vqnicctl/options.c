// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>
#include <string.h>

#include "options.h"

const struct option_text option_texts[] = {
	{ { "json", no_argument, NULL, 'j' }, "print JSON" },
	{ { "pretty", no_argument, NULL, 'p' }, "print JSON, indented" },
	{ { "help", no_argument, NULL, 'h' }, "print this help" },
	{ { "version", no_argument, NULL, 'V' }, "print the version" },
	{ { NULL, 0, NULL, 0 }, NULL },
};

#define OPTIONS (sizeof(option_texts) / sizeof(option_texts[0]))

/* Says what getopt_long() refused. */
static void refuse(char **argv, const struct error_place *at)
{
	if (optopt && isprint(optopt) && strncmp(argv[optind - 1], "--", 2))
		error_say(at, "unknown option \"-%c\": \"vqnicctl --help\" lists them", optopt);
	else
		error_say(at, "unknown option \"%s\": \"vqnicctl --help\" lists them", argv[optind - 1]);
}

int options_parse(int argc, char **argv, struct options *options, const struct error_place *at)
{
	struct option longs[OPTIONS];
	char shorts[OPTIONS] = "";
	int opt;

	*options = (struct options){ .format = OUT_TEXT };
	for (size_t i = 0; i < OPTIONS; i++) {
		longs[i] = option_texts[i].option;
		shorts[i] = (char)longs[i].val;
	}
	opterr = 0;
	optind = 0;
	while ((opt = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		switch (opt) {
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
			refuse(argv, at);
			return -1;
		}
	}
	return optind;
}
