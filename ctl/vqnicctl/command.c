// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "command.h"
#include "out.h"
#include "show.h"
#include "vqnic/vqnic.h"

#define VID_MIN 1
#define VID_MAX 4094
#define ADDRESS_BYTES sizeof("ffffffff:ff:1f.7")

/* What a command was asked to do. */
struct query {
	struct vqnic *vq;
	struct out *out;
	FILE *file;			/* where `out` goes */
	enum out_format format;
	const char *card;		/* NULL: all */
	const char *dev;		/* NULL: all */
	char address[ADDRESS_BYTES];	/* what `card` points to */
	struct vqnic_policy policy;	/* what is to change */
};

struct command {
	const char *object;
	const char *verb;		/* "": it is done without one */
	const char *arguments;
	const char *help;
	unsigned int cards;		/* of the arguments, at most so many are a CARD, which comes first, */
	unsigned int devs;		/* so many a device's name, */
	unsigned int arguments_max;	/* and so many may be given */
	bool settings;			/* after these, KEY VALUE of policy_keys; then the device is a must */
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

static int queue_show(struct query *q)
{
	return vqnic_devs(q->vq, q->card, q->dev, show_queues, q->out);
}

static int mac_show(struct query *q)
{
	return vqnic_filters(q->vq, q->card, q->dev, show_macs, q->out);
}

static int vlan_show(struct query *q)
{
	return vqnic_filters(q->vq, q->card, q->dev, show_vlans, q->out);
}

static int policy_show(struct query *q)
{
	return vqnic_filters(q->vq, q->card, q->dev, show_policy, q->out);
}

static int policy_set(struct query *q)
{
	return vqnic_set_policy(q->vq, q->card, q->dev, &q->policy);
}

/* A line of its own for an event, or for the loss of some (NULL), with the time at which it was seen. */
static int print_event(const struct vqnic_event *event, void *opaque)
{
	const struct query *q = opaque;
	struct out *o = out_new(q->file, q->format);
	struct timespec now;
	char text[64], stamp[32];
	struct tm tm;
	int ret;

	if (!o)
		return -ENOMEM;
	clock_gettime(CLOCK_REALTIME, &now);
	strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", gmtime_r(&now.tv_sec, &tm));
	snprintf(text, sizeof(text), "%s.%03ldZ", stamp, now.tv_nsec / 1000000);
	out_string(o, "time", text);
	if (event)
		show_event(event, o);
	else
		out_string(o, "event", "lost");
	ret = out_finish(o, true);
	return ret || !fflush(q->file) ? ret : -errno;
}

/* Until the output is closed or the process is ended. */
static int monitor(struct query *q)
{
	struct pollfd pollfd = { .events = POLLIN };
	int ret;

	ret = vqnic_listen(q->vq);
	pollfd.fd = vqnic_event_fd(q->vq);
	while (!ret) {
		if (poll(&pollfd, 1, -1) < 0 && errno != EINTR)
			return -errno;
		ret = vqnic_events(q->vq, print_event, q);
		if (ret == -ENOBUFS)
			ret = print_event(NULL, q);
	}
	return ret;
}

static const struct command commands[] = {
	{ "card", "show", "[CARD]", "cards, what they can do and how they are", 1, 0, 1, false, card_show },
	{ "dev", "show", "[CARD] [DEV]", "vDPA devices, their features and queues", 1, 1, 2, false, dev_show },
	{ "queue", "show", "[CARD] [DEV]", "queues, their interrupts and counters", 1, 1, 2, false, queue_show },
	{ "mac", "show", "[CARD] [DEV]", "addresses and receive modes", 1, 1, 2, false, mac_show },
	{ "vlan", "show", "[CARD] [DEV]", "VLANs", 1, 1, 2, false, vlan_show },
	{ "policy", "show", "[CARD] [DEV]", "what guests are allowed", 1, 1, 2, false, policy_show },
	{ "policy", "set", "[CARD] DEV SETTING...", "change it", 1, 1, 2, true, policy_set },
	{ "stats", "show", "[CARD|DEV]", "counters of cards and devices", 1, 1, 1, false, stats_show },
	{ "monitor", "", "", "events, one on a line, as they happen", 0, 0, 0, false, monitor },
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

/* Takes all of `text` as a decimal number from `min` to `max`. */
static bool parse_number(const char *text, unsigned long min, unsigned long max, unsigned long *value)
{
	char *end;

	if (!isdigit((unsigned char)*text))
		return false;
	*value = strtoul(text, &end, 10);
	return !*end && *value >= min && *value <= max;
}

static bool parse_switch(const char *text, bool *on)
{
	*on = !strcmp(text, "on");
	return *on || !strcmp(text, "off");
}

static bool parse_spoofchk(const char *text, struct vqnic_policy *policy)
{
	VQNIC_GIVE(policy, VQNIC_FILTER_A_SPOOF_CHECK);
	return parse_switch(text, &policy->spoof_check);
}

static bool parse_trust(const char *text, struct vqnic_policy *policy)
{
	VQNIC_GIVE(policy, VQNIC_FILTER_A_TRUST);
	return parse_switch(text, &policy->trust);
}

static bool parse_port_vlan(const char *text, struct vqnic_policy *policy)
{
	unsigned long vid = 0;

	VQNIC_GIVE(policy, VQNIC_FILTER_A_PORT_VLAN);
	if (strcmp(text, "none") && !parse_number(text, VID_MIN, VID_MAX, &vid))
		return false;
	policy->port_vlan = (uint16_t)vid;
	return true;
}

static bool parse_pcp(const char *text, struct vqnic_policy *policy)
{
	unsigned long pcp;

	VQNIC_GIVE(policy, VQNIC_FILTER_A_PCP);
	if (!parse_number(text, 0, 7, &pcp))
		return false;
	policy->pcp = (uint8_t)pcp;
	return true;
}

/* "all", "none", or VLAN IDs and ranges of them with commas between. */
static bool parse_vlans(const char *text, struct vqnic_policy *policy)
{
	char list[4096], *rest, *range;

	if (!strcmp(text, "all")) {
		VQNIC_GIVE(policy, VQNIC_FILTER_A_ALL_VLANS);
		return true;
	}
	VQNIC_GIVE(policy, VQNIC_FILTER_A_VLANS);
	if (!strcmp(text, "none"))
		return true;
	if ((size_t)snprintf(list, sizeof(list), "%s", text) >= sizeof(list))
		return false;
	for (rest = list; (range = strsep(&rest, ","));) {
		unsigned long first, last;
		char *dash = strchr(range, '-');

		if (dash)
			*dash = '\0';
		if (!parse_number(range, VID_MIN, VID_MAX, &first) ||
		    !parse_number(dash ? dash + 1 : range, first, VID_MAX, &last))
			return false;
		for (; first <= last; first++)
			policy->vlans[first / 8] |= (uint8_t)(1 << first % 8);
	}
	return true;
}

static const struct {
	const char *key;
	const char *values;
	const char *help;
	bool (*parse)(const char *text, struct vqnic_policy *policy);
} policy_keys[] = {
	{ "spoofchk", "on|off", "on: the guest has no address but the one that it was given", parse_spoofchk },
	{ "trust", "on|off", "on: it may be promiscuous and receive all multicast", parse_trust },
	{ "port-vlan", "none|VID", "the VLAN that it lives in, without seeing tags", parse_port_vlan },
	{ "pcp", "0..7", "priority of its frames in the port VLAN", parse_pcp },
	{ "vlans", "all|LIST", "which VLANs it may use: none, or like 5,10-20", parse_vlans },
};

#define POLICY_KEYS (sizeof(policy_keys) / sizeof(policy_keys[0]))

static void help(FILE *out)
{
	fprintf(out, "Usage: vqnicctl [OPTION]... OBJECT VERB [ARGUMENT]...\n"
		"Show what the vqnic driver knows of its cards, and set what guests are allowed.\n\nCommands:\n");
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(out, "  %-7s %-4s %-21s  %s\n", commands[i].object, commands[i].verb, commands[i].arguments,
			commands[i].help);
	fprintf(out, "\nCARD is a PCI address like 0000:00:05.0, 00:05.0 or pci/0000:00:05.0, DEV a vDPA device.\n"
		"\nSettings:\n");
	for (size_t i = 0; i < POLICY_KEYS; i++)
		fprintf(out, "  %-9s %-9s %s\n", policy_keys[i].key, policy_keys[i].values, policy_keys[i].help);
	fprintf(out, "\nOptions:\n");
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

static bool parse_setting(const struct command *command, const char *key, const char *value, struct query *q,
			  unsigned int *given, FILE *err)
{
	size_t i;

	for (i = 0; i < POLICY_KEYS && strcmp(key, policy_keys[i].key); i++)
		;
	if (i == POLICY_KEYS)
		fprintf(err, "vqnicctl: %s %s: unknown setting \"%s\": \"vqnicctl --help\" lists them\n", command->object,
			command->verb, key);
	else if (*given >> i & 1)
		fprintf(err, "vqnicctl: %s %s: %s is given twice\n", command->object, command->verb, key);
	else if (!value)
		fprintf(err, "vqnicctl: %s %s: %s needs a value: %s\n", command->object, command->verb, key,
			policy_keys[i].values);
	else if (!policy_keys[i].parse(value, &q->policy))
		fprintf(err, "vqnicctl: %s %s: %s cannot be \"%s\": it is %s\n", command->object, command->verb, key,
			value, policy_keys[i].values);
	else
		return *given |= 1U << i;
	return false;
}

/* Takes the settings after the device to *q, as parse_arguments() does. */
static bool parse_settings(const struct command *command, char **arguments, unsigned int count, struct query *q,
			   FILE *err)
{
	unsigned int given = 0;

	if (!q->dev || !count) {
		fprintf(err, "vqnicctl: %s %s: %s is missing: it takes %s\n", command->object, command->verb,
			q->dev ? "a setting" : "the device", command->arguments);
		return false;
	}
	for (unsigned int i = 0; i < count; i += 2)
		if (!parse_setting(command, arguments[i], i + 1 < count ? arguments[i + 1] : NULL, q, &given, err))
			return false;
	return true;
}

/* Takes the arguments of a command to *q. Returns whether they are right; says what is wrong. */
static bool parse_arguments(const struct command *command, char **arguments, unsigned int count, struct query *q,
			    FILE *err)
{
	if (command->settings) {
		if (count && parse_address(arguments[0], q->address)) {
			q->card = q->address;
			arguments++;
			count--;
		}
		if (count) {
			q->dev = *arguments++;
			count--;
		}
		return parse_settings(command, arguments, count, q, err);
	}
	if (count && !command->arguments_max) {
		fprintf(err, "vqnicctl: %s: unexpected argument \"%s\": it takes none\n", command->object, arguments[0]);
		return false;
	}
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
	fprintf(err, "vqnicctl: %s%s%s%s%s%s%s: %s", command->object, *command->verb ? " " : "", command->verb,
		q->card ? " " : "", q->card ? q->card : "", q->dev ? " " : "", q->dev ? q->dev : "",
		vqnic_error(q->vq));
	if (error == -EPERM)
		fprintf(err, ": it needs CAP_NET_ADMIN");
	if (error == -ENODEV)
		fprintf(err, ": \"vqnicctl %s show\" lists what there is", q->dev ? "dev" : "card");
	fputc('\n', err);
}

static int run(const struct command *command, struct query *q, enum out_format format, FILE *out, FILE *err)
{
	int ret, written;

	q->vq = vqnic_new();
	q->out = out_new(out, format);
	q->file = out;
	q->format = format;
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
		if (!*commands[i].verb || (verb && !strcmp(verb, commands[i].verb)))
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
	int opt, words;

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
	words = command && !*command->verb ? 1 : 2;
	if (!command || !parse_arguments(command, argv + words, (unsigned int)(argc - words), &q, err))
		return EXIT_USAGE;
	return run(command, &q, format, out, err);
}
