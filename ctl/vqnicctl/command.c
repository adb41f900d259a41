// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "config.h"
#include "health.h"
#include "migrate.h"
#include "monitor.h"
#include "settings.h"
#include "show.h"
#include "top.h"

static int card_show(const struct request *r, const struct session *session, struct show *show)
{
	return vqnic_cards(session->vq, r->card, show_card, show);
}

static int dev_show(const struct request *r, const struct session *session, struct show *show)
{
	return vqnic_devs(session->vq, r->card, r->dev, show_dev, show);
}

static int stats_show(const struct request *r, const struct session *session, struct show *show)
{
	return vqnic_stats(session->vq, r->card, r->dev, show_stats, show);
}

static int queue_show(const struct request *r, const struct session *session, struct show *show)
{
	return vqnic_devs(session->vq, r->card, r->dev, show_queues, show);
}

static int mac_show(const struct request *r, const struct session *session, struct show *show)
{
	return vqnic_filters(session->vq, r->card, r->dev, show_macs, show);
}

static int vlan_show(const struct request *r, const struct session *session, struct show *show)
{
	return vqnic_filters(session->vq, r->card, r->dev, show_vlans, show);
}

static int policy_show(const struct request *r, const struct session *session, struct show *show)
{
	return vqnic_filters(session->vq, r->card, r->dev, show_policy, show);
}

static int policy_set(const struct request *r, const struct session *session, struct show *show)
{
	(void)show;
	return vqnic_set_policy(session->vq, r->card, r->dev, &r->policy);
}

static int migrate_suspend(const struct request *r, const struct session *session, struct show *show)
{
	(void)show;
	return vqnic_suspend(session->vq, r->card, r->dev);
}

static int migrate_resume(const struct request *r, const struct session *session, struct show *show)
{
	(void)show;
	return vqnic_resume(session->vq, r->card, r->dev);
}

static int migrate_save(const struct request *r, const struct session *session, struct show *show)
{
	(void)show;
	return state_save(session, r->card, r->dev, r->file);
}

static int migrate_load(const struct request *r, const struct session *session, struct show *show)
{
	(void)show;
	return state_load(session, r->card, r->dev, r->file);
}

static int migrate_show(const struct request *r, const struct session *session, struct show *show)
{
	return state_show(session, r->file, show);
}

static int monitor(const struct request *r, const struct session *session, struct show *show)
{
	(void)r;
	(void)show;
	return monitor_run(session);
}

static int top(const struct request *r, const struct session *session, struct show *show)
{
	(void)show;
	return top_run(r, session);
}

const struct command commands[] = {
	{ "card", "show", "[CARD]", "cards, what they can do and how they are", 1, 0, 1, 0, card_show },
	{ "dev", "show", "[CARD] [DEV]", "vDPA devices, their features and queues", 1, 1, 2, 0, dev_show },
	{ "queue", "show", "[CARD] [DEV]", "queues, their interrupts and counters", 1, 1, 2, 0, queue_show },
	{ "mac", "show", "[CARD] [DEV]", "addresses and receive modes", 1, 1, 2, 0, mac_show },
	{ "vlan", "show", "[CARD] [DEV]", "VLANs", 1, 1, 2, 0, vlan_show },
	{ "policy", "show", "[CARD] [DEV]", "what guests are allowed", 1, 1, 2, 0, policy_show },
	{ "policy", "set", "[CARD] DEV SETTING...", "change it", 1, 1, 2, COMMAND_SETTINGS, policy_set },
	{ "stats", "show", "[CARD|DEV]", "counters of cards and devices", 1, 1, 1, 0, stats_show },
	{ "migrate", "suspend", "[CARD] DEV", "stop a device between two frames", 1, 1, 2, COMMAND_DEV, migrate_suspend },
	{ "migrate", "resume", "[CARD] DEV", "let it go on", 1, 1, 2, COMMAND_DEV, migrate_resume },
	{ "migrate", "save", "[CARD] DEV [-o FILE]", "suspend it and write its state", 1, 1, 2,
	  COMMAND_DEV | COMMAND_OUTPUT | COMMAND_ALONE, migrate_save },
	{ "migrate", "load", "[CARD] DEV [FILE]", "give that to another one", 1, 1, 2, COMMAND_DEV | COMMAND_FILE, migrate_load },
	{ "migrate", "show", "[FILE]", "what a state says", 0, 0, 0, COMMAND_FILE, migrate_show },
	{ "migrate", "track", "start|read|stop [CARD] DEV [IOVA SIZE]", "log what a device writes", 1, 1, 2,
	  COMMAND_DEV | COMMAND_TRACK, track },
	{ "config", "show", "", "what vqnicd keeps", 0, 0, 0, 0, config_show },
	{ "config", "diff", "[FILE]", "what another file would change", 0, 0, 0, COMMAND_FILE, config_diff },
	{ "config", "apply", "[FILE]", "have vqnicd keep that", 0, 0, 0, COMMAND_FILE | COMMAND_DRY_RUN, config_apply },
	{ "health", "show", "[CARD]", "what is wrong, and what helps", 1, 0, 1, 0, health_show },
	{ "monitor", "", "", "events, one on a line, as they happen", 0, 0, 0, COMMAND_ALONE, monitor },
	{ "top", "", "[CARD] [DEV]", "rates of devices and queues, again and again", 1, 1, 2, COMMAND_ALONE | COMMAND_AGAIN,
	  top },
	{ NULL, NULL, NULL, NULL, 0, 0, 0, 0, NULL },
};

/* The command's name as it is typed, for messages. */
#define NAME_BYTES 32
static const char *name_of(const struct command *command, char name[static NAME_BYTES])
{
	snprintf(name, NAME_BYTES, "%s%s%s", command->object, *command->verb ? " " : "", command->verb);
	return name;
}

static const struct command *find_command(const char *object, const char *verb, const struct error_place *at)
{
	static const char list[] = "\"vqnicctl --help\" lists the commands";
	bool known = false;

	for (const struct command *c = commands; object && c->object; c++) {
		if (strcmp(object, c->object))
			continue;
		known = true;
		if (!*c->verb || (verb && !strcmp(verb, c->verb)))
			return c;
	}
	if (!object)
		error_say(at, "what to do is missing: %s", list);
	else if (!known)
		error_say(at, "unknown object \"%s\": %s", object, list);
	else if (!verb)
		error_say(at, "%s: the verb is missing: %s", object, list);
	else
		error_say(at, "%s: unknown verb \"%s\": %s", object, verb, list);
	return NULL;
}

/* Takes [CARD] DEV off the front of the arguments. */
static bool take_dev(const char *name, char ***arguments, unsigned int *count, struct request *r,
		     const struct error_place *at)
{
	if (*count && address_parse(**arguments, r->address)) {
		r->card = r->address;
		++*arguments;
		--*count;
	}
	if (!*count) {
		error_say(at, "%s: the device is missing: it takes %s", name, r->command->arguments);
		return false;
	}
	r->dev = *(*arguments)++;
	--*count;
	return true;
}

/* Takes all of `text` as a number, in hexadecimal with 0x before it. */
static bool parse_number(const char *text, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 0);
	return isdigit((unsigned char)*text) && !*end && !errno;
}

const char *const track_actions[] = {
	[TRACK_START] = "start", [TRACK_READ] = "read", [TRACK_STOP] = "stop",
};

/* Takes what to do off the front of the arguments. */
static bool take_action(const char *name, char ***arguments, unsigned int *count, struct request *r,
			const struct error_place *at)
{
	for (unsigned int i = 0; *count && i < TRACK_ACTIONS; i++)
		if (!strcmp(**arguments, track_actions[i])) {
			r->track = (enum track_action)i;
			++*arguments;
			--*count;
			return true;
		}
	error_say(at, "%s: it takes %s", name, r->command->arguments);
	return false;
}

/* Takes IOVA SIZE, if pages are to be named. */
static bool parse_range(const char *name, char **arguments, unsigned int count, struct request *r,
			const struct error_place *at)
{
	if (count == (r->track == TRACK_STOP ? 0 : 2) &&
	    (!count || (parse_number(arguments[0], &r->iova) && parse_number(arguments[1], &r->size))))
		return true;
	error_say(at, "%s: %s", name,
		  r->track == TRACK_STOP ? "to stop it takes a device only" :
					   "IOVA and SIZE are to be numbers of bytes, like 0x40000000 and 2097152");
	return false;
}

/* Takes SETTING... */
static bool parse_settings(const char *name, char **arguments, unsigned int count, struct request *r,
			   const struct error_place *at)
{
	if (count)
		return settings_parse(name, arguments, count, &r->policy, at);
	error_say(at, "%s: a setting is missing: it takes %s", name, r->command->arguments);
	return false;
}

/* Takes [FILE], of a command that has one. */
static bool parse_file(const char *name, char **arguments, unsigned int count, struct request *r,
		       const struct error_place *at)
{
	const unsigned int most = r->command->flags & COMMAND_FILE ? 1 : 0;

	if (count > most) {
		error_say(at, "%s: unexpected argument \"%s\": it takes %s", name, arguments[most],
			  r->command->arguments);
		return false;
	}
	if (count)
		r->file = *arguments;
	return true;
}

/* Takes [CARD] [DEV], or as much of it as the command knows. */
static bool parse_selector(const char *name, char **arguments, unsigned int count, struct request *r,
			   const struct error_place *at)
{
	const struct command *command = r->command;

	if (count > command->arguments_max) {
		error_say(at, "%s: unexpected argument \"%s\": it takes %s", name, arguments[command->arguments_max],
			  command->arguments_max ? command->arguments : "none");
		return false;
	}
	for (unsigned int i = 0; i < count; i++) {
		if (i < command->cards && address_parse(arguments[i], r->address)) {
			r->card = r->address;
		} else if (command->devs && !r->dev && (!i || r->card)) {
			r->dev = arguments[i];
		} else {
			error_say(at, "%s: \"%s\" is no PCI address: give one like 0000:00:05.0", name, arguments[0]);
			return false;
		}
	}
	return true;
}

bool command_parse(char **words, unsigned int count, struct request *request, const struct error_place *at)
{
	const struct command *command = find_command(count ? words[0] : NULL, count > 1 ? words[1] : NULL, at);
	char name[NAME_BYTES];
	unsigned int own;

	if (!command)
		return false;
	*request = (struct request){ .command = command };
	name_of(command, name);
	own = *command->verb ? 2 : 1;
	words += own;
	count -= own;
	if (!(command->flags & (COMMAND_SETTINGS | COMMAND_DEV | COMMAND_FILE)))
		return parse_selector(name, words, count, request, at);
	if (command->flags & COMMAND_TRACK && !take_action(name, &words, &count, request, at))
		return false;
	if (command->devs && !take_dev(name, &words, &count, request, at))
		return false;
	if (command->flags & COMMAND_TRACK)
		return parse_range(name, words, count, request, at);
	if (command->flags & COMMAND_SETTINGS)
		return parse_settings(name, words, count, request, at);
	return parse_file(name, words, count, request, at);
}

/* Says why the library refused, what was asked before it and what to do after it. */
static void explain(int error, const struct request *r, const struct session *session, const struct error_place *at)
{
	const char *why = *session->why ? session->why : vqnic_error(session->vq), *to_do = "";
	char name[NAME_BYTES];

	if (!*session->why && (error == -ENOENT || error == -ENONET)) {
		error_say(at, "%s: %s", why,
			  error == -ENOENT ? "modprobe vqnic" : "nsenter --net=/proc/1/ns/net vqnicctl ...");
		return;
	}
	if (!*session->why && error == -EPERM)
		to_do = ": it needs CAP_NET_ADMIN";
	if (!*session->why && error == -ENODEV)
		to_do = r->dev ? ": \"vqnicctl dev show\" lists what there is" :
				 ": \"vqnicctl card show\" lists what there is";
	error_say(at, "%s%s%s%s%s: %s%s", name_of(r->command, name), r->card ? " " : "", r->card ? r->card : "",
		  r->dev ? " " : "", r->dev ? r->dev : "", why, to_do);
}

int command_run(const struct request *request, const struct session *session, const struct error_place *at)
{
	struct out *out = out_new(session->file, session->format, session->color);
	struct show show = { .out = out, .stats = session->stats ? session->vq : NULL };
	char name[NAME_BYTES];
	int ret, written;

	if (!out) {
		error_say(at, "out of memory");
		return EXIT_REFUSED;
	}
	*session->why = '\0';
	out_open_object(out, request->command->object);
	ret = request->command->run(request, session, &show);
	out_close(out);
	written = out_finish(out, ret >= 0 && !(request->command->flags & COMMAND_ALONE));
	if (ret < 0)
		explain(ret, request, session, at);
	else if (written)
		error_say(at, "%s: cannot write the result: %s", name_of(request->command, name), strerror(-written));
	return ret < 0 || written ? EXIT_REFUSED : ret;
}
