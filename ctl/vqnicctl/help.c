// SPDX-License-Identifier: Apache-2.0
#include "command.h"
#include "help.h"
#include "options.h"
#include "settings.h"

static void help_option(FILE *file, const struct option_text *o)
{
	char usage[64];

	snprintf(usage, sizeof(usage), o->option.has_arg == required_argument ? "%s %s" :
		 o->option.has_arg == optional_argument ? "%s[=%s]" : "%s", o->option.name, o->values);
	fprintf(file, "  -%c, --%-25s  %s\n", o->option.val, usage, o->help);
}

void help_print(FILE *file)
{
	fprintf(file, "Usage: vqnicctl [OPTION]... OBJECT VERB [ARGUMENT]...\n"
		"       vqnicctl [OPTION]... -b FILE\n"
		"Show what the vqnic driver knows of its cards, set what guests are allowed, move the state of devices.\n"
		"\nCommands:\n");
	for (const struct command *c = commands; c->object; c++)
		fprintf(file, "  %-7s %-7s %-21s  %s\n", c->object, c->verb, c->arguments, c->help);
	fprintf(file, "\nCARD is a PCI address like 0000:00:05.0, 00:05.0 or pci/0000:00:05.0, DEV a vDPA device.\n"
		"\nSettings:\n");
	for (const struct setting *s = settings; s->key; s++)
		fprintf(file, "  %-9s %-13s  %s\n", s->key, s->values, s->help);
	fprintf(file, "\nOptions:\n");
	for (const struct option_text *o = option_texts; o->option.name; o++)
		help_option(file, o);
	fprintf(file, "\nExit status: 0 done, 1 the command line is wrong, 2 refused or failed,\n"
		"65 wanted from now on, but not yet as it is wanted.\n");
}
