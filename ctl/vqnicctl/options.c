// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "options.h"

const struct option_text option_texts[] = {
	{ { "batch", required_argument, NULL, 'b' }, "FILE", "run the commands in FILE, \"-\": standard input" },
	{ { "force", no_argument, NULL, 'f' }, NULL, "go on with a batch when a command of it was refused" },
	{ { "output", required_argument, NULL, 'o' }, "FILE", "where \"migrate save\" writes" },
	{ { "dry-run", no_argument, NULL, 'n' }, NULL, "say what \"config apply\" would do, and not do it" },
	{ { "socket", required_argument, NULL, 'S' }, "FILE", "where vqnicd listens" },
	{ { "interval", required_argument, NULL, 'i' }, "SECONDS", "how often \"top\" shows rates, 0.1..3600; 1 if not given" },
	{ { "count", required_argument, NULL, 'N' }, "N", "end \"top\" after so many times" },
	{ { "color", optional_argument, NULL, 'c' }, "auto|always|never", "colour text; auto: on a terminal" },
	{ { "stats", no_argument, NULL, 's' }, NULL, "show cards and devices with their counters" },
	{ { "json", no_argument, NULL, 'j' }, NULL, "print JSON" },
	{ { "pretty", no_argument, NULL, 'p' }, NULL, "print JSON, indented" },
	{ { "help", no_argument, NULL, 'h' }, NULL, "print this help" },
	{ { "version", no_argument, NULL, 'V' }, NULL, "print the version" },
	{ { NULL, 0, NULL, 0 }, NULL, NULL },
};

/* Of blocks that --count can ask for. */
#define COUNT_MAX 1000000000UL

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

/* Takes the value of --color (NULL: none). Returns whether it is right; says else what is wrong. */
static bool parse_color(const char *text, struct options *options, const struct error_place *at)
{
	static const char *const names[] = {
		[COLOR_NEVER] = "never", [COLOR_AUTO] = "auto", [COLOR_ALWAYS] = "always",
	};

	options->color = COLOR_ALONE;
	if (!text)
		return true;
	/* -c=auto, as iproute2 has it, is to getopt_long() a short option with the value "=auto". */
	text += *text == '=';
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(text, names[i]))
			continue;
		options->color = i;
		return true;
	}
	error_say(at, "--color cannot be \"%s\": it is auto|always|never", text);
	return false;
}

/* Takes the value of --interval. Returns whether it is right; says else what is wrong. */
static bool parse_interval(const char *text, struct options *options, const struct error_place *at)
{
	char *end;

	options->interval = strtod(text, &end);
	if (isdigit((unsigned char)*text) && strspn(text, "0123456789.") == strlen(text) && !*end &&
	    options->interval >= 0.1 && options->interval <= 3600)
		return true;
	error_say(at, "--interval cannot be \"%s\": it is 0.1..3600 seconds", text);
	return false;
}

/* Takes the value of --count. Returns whether it is right; says else what is wrong. */
static bool parse_count(const char *text, struct options *options, const struct error_place *at)
{
	options->count = strtoul(text, NULL, 10);
	if (strspn(text, "0123456789") == strlen(text) && options->count && options->count <= COUNT_MAX)
		return true;
	error_say(at, "--count cannot be \"%s\": it is 1..%lu", text, COUNT_MAX);
	return false;
}

/*
 * -c alone colours whatever `file` is, as with iproute2. NO_COLOR (https://no-color.org) is the wish of who owns the
 * terminal, and only --color=always is more to the point.
 */
bool options_color(const struct options *options, FILE *file)
{
	const char *no_color = getenv("NO_COLOR");

	if (options->color == COLOR_ALWAYS)
		return true;
	if (options->color == COLOR_NEVER || (no_color && *no_color))
		return false;
	return options->color == COLOR_ALONE || isatty(fileno(file));
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
		case 'o':
			options->output = optarg;
			break;
		case 'n':
			options->dry_run = true;
			break;
		case 'S':
			options->socket = optarg;
			break;
		case 'i':
			if (!parse_interval(optarg, options, at))
				return -1;
			break;
		case 'N':
			if (!parse_count(optarg, options, at))
				return -1;
			break;
		case 'f':
			options->force = true;
			break;
		case 'c':
			if (!parse_color(optarg, options, at))
				return -1;
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
