// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <string.h>

#include "command.h"
#include "out.h"
#include "show.h"
#include "vqnic/vqnic.h"

#define ADDRESS_BYTES sizeof("ffffffff:ff:1f.7")

/* What a command was asked to do. */
struct query {
	struct vqnic *vq;
	struct out *out;
	const char *card;		/* NULL: all */
	const char *dev;		/* NULL: all */
	char address[ADDRESS_BYTES];	/* what `card` points to */
};

struct command {
	const char *object;
	const char *verb;
	const char *arguments;
	const char *help;
	unsigned int cards;		/* of the arguments, at most so many are a CARD, which comes first, */
	unsigned int devs;		/* so many a device's name, */
	unsigned int arguments_max;	/* and so many may be given */
	int (*run)(struct query *q);
};

static int card_show(struct query *q)
{
	return vqnic_cards(q->vq, q->card, show_card, q->out);
}

static int dev_show(struct query *q)
{
	return vqnic_devs(q->vq, q->card, q->dev, show_dev, q->out);
}

static int stats_show(struct query *q)
{
	return vqnic_stats(q->vq, q->card, q->dev, show_stats, q->out);
}

static const struct command commands[] = {
	{ "card", "show", "[CARD]", "cards, what they can do and how they are", 1, 0, 1, card_show },
	{ "dev", "show", "[CARD] [DEV]", "vDPA devices, their features and queues", 1, 1, 2, dev_show },
	{ "stats", "show", "[CARD|DEV]", "counters of cards and devices", 1, 1, 1, stats_show },
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static const struct {
	struct option option;
	const char *help;
} options[] = {
	{ { "json", no_argument, NULL, 'j' }, "print JSON" },
	{ { "pretty", no_argument, NULL, 'p' }, "print JSON, indented" },
	{ { "help", no_argument, NULL, 'h' }, "print this help" },
	{ { "version", no_argument, NULL, 'V' }, "print the version" },
};

#define OPTIONS (sizeof(options) / sizeof(options[0]))

static void help(FILE *out)
{
	fprintf(out, "Usage: vqnicctl [OPTION]... OBJECT VERB [ARGUMENT]...\n"
		"Show what the vqnic driver knows of its cards.\n\nCommands:\n");
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(out, "  %-5s %s %-14s %s\n", commands[i].object, commands[i].verb, commands[i].arguments,
			commands[i].help);
	fprintf(out, "\nCARD is a PCI address like 0000:00:05.0, 00:05.0 or pci/0000:00:05.0, DEV a vDPA device.\n"
		"\nOptions:\n");
	for (size_t i = 0; i < OPTIONS; i++)
		fprintf(out, "  -%c, --%-8s %s\n", options[i].option.val, options[i].option.name, options[i].help);
	fprintf(out, "\nExit status: 0 done, 1 the command line is wrong, 2 refused or failed.\n");
}

/*
 * Whether `text` is a PCI address [pci/][DOMAIN:]BUS:DEVICE.FUNCTION in hexadecimal. If so, writes it to `address` as
 * the kernel spells it.
 */
static bool parse_address(const char *text, char address[static ADDRESS_BYTES])
{
	unsigned int domain = 0, bus, device, function;
	int end = 0;

	if (!strncmp(text, "pci/", 4))
		text += 4;
	/* sscanf would take signs, spaces and 0x. */
	if (strspn(text, "0123456789abcdefABCDEF:.") != strlen(text))
		return false;
	if (sscanf(text, "%8x:%2x:%2x.%1x%n", &domain, &bus, &device, &function, &end) != 4 || text[end]) {
		domain = 0;
		end = 0;
		if (sscanf(text, "%2x:%2x.%1x%n", &bus, &device, &function, &end) != 3 || text[end])
			return false;
	}
	if (device > 0x1f || function > 7)
		return false;
	snprintf(address, ADDRESS_BYTES, "%04x:%02x:%02x.%x", domain, bus, device, function);
	return true;
}

/* Takes the arguments of a command to *q. Returns whether they are right; says what is wrong. */
static bool parse_arguments(const struct command *command, char **arguments, unsigned int count, struct query *q,
			    FILE *err)
{
	if (count > command->arguments_max) {
		fprintf(err, "vqnicctl: %s %s: unexpected argument \"%s\": it takes %s\n", command->object,
			command->verb, arguments[command->arguments_max], command->arguments);
		return false;
	}
	for (unsigned int i = 0; i < count; i++) {
		if (i < command->cards && parse_address(arguments[i], q->address)) {
			q->card = q->address;
		} else if (command->devs && !q->dev && (!i || q->card)) {
			q->dev = arguments[i];
		} else {
			fprintf(err, "vqnicctl: %s %s: \"%s\" is no PCI address: give one like 0000:00:05.0\n",
				command->object, command->verb, arguments[0]);
			return false;
		}
	}
	return true;
}

/* Prints why the library refused, what was asked before it and what to do after it. */
static void explain(int error, const struct command *command, const struct query *q, FILE *err)
{
	if (error == -ENOENT || error == -ENONET) {
		fprintf(err, "vqnicctl: %s: %s\n", vqnic_error(q->vq),
			error == -ENOENT ? "modprobe vqnic" : "nsenter --net=/proc/1/ns/net vqnicctl ...");
		return;
	}
	fprintf(err, "vqnicctl: %s %s%s%s%s%s: %s", command->object, command->verb, q->card ? " " : "",
		q->card ? q->card : "", q->dev ? " " : "", q->dev ? q->dev : "", vqnic_error(q->vq));
	if (error == -ENODEV)
		fprintf(err, ": \"vqnicctl %s show\" lists what there is", q->dev ? "dev" : "card");
	fputc('\n', err);
}

static int run(const struct command *command, struct query *q, enum out_format format, FILE *out, FILE *err)
{
	int ret, written;

	q->vq = vqnic_new();
	q->out = out_new(out, format);
	if (!q->vq || !q->out) {
		if (q->out)
			out_finish(q->out, false);
		vqnic_free(q->vq);
		fprintf(err, "vqnicctl: out of memory\n");
		return EXIT_REFUSED;
	}
	out_open_object(q->out, command->object);
	ret = command->run(q);
	out_close(q->out);
	written = out_finish(q->out, !ret);
	if (ret)
		explain(ret, command, q, err);
	else if (written)
		fprintf(err, "vqnicctl: %s %s: cannot write the result: %s\n", command->object, command->verb,
			strerror(-written));
	vqnic_free(q->vq);
	return ret || written ? EXIT_REFUSED : EXIT_DONE;
}

static const struct command *find_command(const char *object, const char *verb, FILE *err)
{
	bool known = false;

	for (size_t i = 0; i < COMMANDS; i++) {
		if (!object || strcmp(object, commands[i].object))
			continue;
		known = true;
		if (verb && !strcmp(verb, commands[i].verb))
			return &commands[i];
	}
	if (!object)
		fprintf(err, "vqnicctl: what to do is missing");
	else if (!known)
		fprintf(err, "vqnicctl: unknown object \"%s\"", object);
	else if (!verb)
		fprintf(err, "vqnicctl: %s: the verb is missing", object);
	else
		fprintf(err, "vqnicctl: %s: unknown verb \"%s\"", object, verb);
	fprintf(err, ": \"vqnicctl --help\" lists the commands\n");
	return NULL;
}

int command_run(int argc, char **argv, FILE *out, FILE *err)
{
	struct option longs[OPTIONS + 1] = { 0 };
	enum out_format format = OUT_TEXT;
	const struct command *command;
	struct query q = { 0 };
	int opt;

	for (size_t i = 0; i < OPTIONS; i++)
		longs[i] = options[i].option;
	opterr = 0;
	optind = 0;
	while ((opt = getopt_long(argc, argv, "jphV", longs, NULL)) != -1) {
		switch (opt) {
		case 'j':
			format = format == OUT_TEXT ? OUT_JSON : format;
			break;
		case 'p':
			format = OUT_JSON_PRETTY;
			break;
		case 'h':
			help(out);
			return EXIT_DONE;
		case 'V':
			fprintf(out, "vqnicctl %s\n", VQNIC_VERSION);
			return EXIT_DONE;
		default:
			if (optopt && isprint(optopt) && strncmp(argv[optind - 1], "--", 2))
				fprintf(err, "vqnicctl: unknown option \"-%c\": \"vqnicctl --help\" lists them\n", optopt);
			else
				fprintf(err, "vqnicctl: unknown option \"%s\": \"vqnicctl --help\" lists them\n",
					argv[optind - 1]);
			return EXIT_USAGE;
		}
	}
	argc -= optind;
	argv += optind;
	command = find_command(argc > 0 ? argv[0] : NULL, argc > 1 ? argv[1] : NULL, err);
	if (!command || !parse_arguments(command, argv + 2, (unsigned int)argc - 2, &q, err))
		return EXIT_USAGE;
	return run(command, &q, format, out, err);
}
