// SPDX-License-Identifier: Apache-2.0
/*
 * commands [--synopsis OBJECT]: prints docs/commands.md, or the synopsis of an object's manual page in scdoc's form, from
 * the tables that vqnicctl itself reads its command line by. --objects prints the objects, a line each.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "options.h"
#include "settings.h"

static bool is_first_of_object(const struct command *command)
{
	return command == commands || strcmp(command[-1].object, command->object);
}

/* ---- scdoc ---- */

/* Arguments as the table has them: what is to be replaced is underlined, what is to be given as it is is bold. */
static void print_arguments(const char *arguments)
{
	while (*arguments) {
		size_t word = strspn(arguments, "ABCDEFGHIJKLMNOPQRSTUVWXYZ-abcdefghijklmnopqrstuvwxyz");
		char mark = isupper((unsigned char)*arguments) ? '_' : '*';

		if (word)
			printf("%c%.*s%c", mark, (int)word, arguments, mark);
		else
			putchar(*arguments);
		arguments += word ? word : 1;
	}
}

static int print_synopsis(const char *object)
{
	const char *between = "";

	for (const struct command *c = commands; c->object; c++) {
		if (strcmp(c->object, object))
			continue;
		printf("%s*vqnicctl* [_OPTION_]... *%s%s%s*%s", between, c->object, *c->verb ? " " : "", c->verb,
		       *c->arguments ? " " : "");
		print_arguments(c->arguments);
		between = "++\n";
	}
	if (!*between) {
		fprintf(stderr, "commands: no object \"%s\"\n", object);
		return 1;
	}
	putchar('\n');
	return 0;
}

static void print_objects(void)
{
	for (const struct command *c = commands; c->object; c++)
		if (is_first_of_object(c))
			puts(c->object);
}

/* ---- Markdown ---- */

/* Text in a cell of a table, where | ends it. */
static void print_cell(const char *text)
{
	for (; *text; text++)
		printf(*text == '|' ? "\\|" : "%c", *text);
}

static void print_options_of(const struct command *command)
{
	static const struct {
		unsigned int flag;
		const char *options;
	} taken[] = {
		{ COMMAND_OUTPUT, "`--output`" }, { COMMAND_DRY_RUN, "`--dry-run`" },
		{ COMMAND_AGAIN, "`--interval`, `--count`" },
	};
	const char *between = "";

	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
		if (command->flags & taken[i].flag) {
			printf("%s%s", between, taken[i].options);
			between = ", ";
		}
}

static void print_commands(void)
{
	printf("\n## Commands\n\n| command | what it does | options of its own | in a batch | page |\n"
	       "| --- | --- | --- | --- | --- |\n");
	for (const struct command *c = commands; c->object; c++) {
		printf("| `%s%s%s%s", c->object, *c->verb ? " " : "", c->verb, *c->arguments ? " " : "");
		print_cell(c->arguments);
		printf("` | %s | ", c->help);
		print_options_of(c);
		printf(" | %s | [%s](man/vqnicctl-%s.8.scd) |\n", c->flags & COMMAND_ALONE ? "no" : "yes", c->object, c->object);
	}
}

static void print_settings(void)
{
	printf("\n## Settings\n\nOf `policy set`, and of a device's `policy` in the configuration of vqnicd.\n\n"
	       "| setting | value | what it means |\n| --- | --- | --- |\n");
	for (const struct setting *s = settings; s->key; s++) {
		printf("| `%s` | `", s->key);
		print_cell(s->values);
		printf("` | ");
		print_cell(s->help);
		printf(" |\n");
	}
}

static void print_options(void)
{
	printf("\n## Options\n\nThey stand anywhere on the command line.\n\n"
	       "| option | value | what it does |\n| --- | --- | --- |\n");
	for (const struct option_text *o = option_texts; o->option.name; o++) {
		printf("| `-%c`, `--%s` | ", o->option.val, o->option.name);
		if (o->values) {
			putchar('`');
			print_cell(o->values);
			printf("`%s", o->option.has_arg == optional_argument ? ", or none" : "");
		}
		printf(" | ");
		print_cell(o->help);
		printf(" |\n");
	}
}

static void print_reference(void)
{
	printf("<!-- SPDX-License-Identifier: Apache-2.0 -->\n"
	       "<!-- Generated from the tables of ctl/vqnicctl by ctl/reference/commands.c: do not edit. -->\n\n"
	       "# Commands of vqnicctl\n\n"
	       "`vqnicctl [OPTION]... OBJECT VERB [ARGUMENT]...`, or `vqnicctl [OPTION]... -b FILE` for a batch of commands. "
	       "A CARD is a\nPCI address like 0000:00:05.0, 00:05.0 or pci/0000:00:05.0, a DEV the name of a vDPA device. "
	       "[vqnicctl(8)](man/vqnicctl.8.scd)\nhas what all commands share.\n");
	print_commands();
	print_settings();
	print_options();
	printf("\n## Exit status\n\n| status | meaning |\n| --- | --- |\n"
	       "| %d | done |\n| %d | the command line, or a line of a batch, is wrong; nothing was done |\n"
	       "| %d | refused or failed |\n| %d | wanted from now on, but not yet as it is wanted |\n",
	       EXIT_DONE, EXIT_USAGE, EXIT_REFUSED, EXIT_LATER);
}

int main(int argc, char **argv)
{
	int ret = 0;

	if (argc == 1) {
		print_reference();
	} else if (argc == 2 && !strcmp(argv[1], "--objects")) {
		print_objects();
	} else if (argc == 3 && !strcmp(argv[1], "--synopsis")) {
		ret = print_synopsis(argv[2]);
	} else {
		fprintf(stderr, "usage: commands [--objects | --synopsis OBJECT]\n");
		return 1;
	}
	return ret || fflush(stdout) || ferror(stdout);
}
