// SPDX-License-Identifier: Apache-2.0
/*
 * Prints what vqnicctl knows (its commands, settings and options) as functions of the shell, for candidates.sh. Run
 * when the completions are built. Candidates are lines WORD<TAB>HELP, or WORD.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "options.h"
#include "settings.h"

/* A word in single quotes, in which only these are special. */
static void print_quoted(const char *text, size_t len)
{
	putchar('\'');
	for (; len; len--, text++)
		printf(*text == '\'' ? "'\\''" : "%c", *text);
	putchar('\'');
}

static void print_candidate(const char *word, const char *help)
{
	printf(" \\\n\t\t");
	print_quoted(word, strlen(word));
	putchar(' ');
	print_quoted(help, strlen(help));
}

static const char candidates[] = "printf '%s\\t%s\\n'";

static bool is_first_of_object(const struct command *command)
{
	return command == commands || strcmp(command[-1].object, command->object);
}

static void print_objects(void)
{
	printf("_vqnicctl_objects() {\n\t%s", candidates);
	for (const struct command *c = commands; c->object; c++)
		if (is_first_of_object(c))
			print_candidate(c->object, c->help);
	printf("\n}\n\n");
}

/* The commands of an object follow each other in the table. */
static void print_verbs(void)
{
	printf("# OBJECT\n_vqnicctl_verbs() {\n\tcase $1 in");
	for (const struct command *c = commands; c->object; c++) {
		if (!*c->verb)
			continue;
		if (is_first_of_object(c))
			printf("\n\t%s) %s", c->object, candidates);
		print_candidate(c->verb, c->help);
		if (is_first_of_object(c + 1))
			printf(" ;;");
	}
	printf("\n\tesac\n}\n\n");
}

static void print_arguments(void)
{
	printf("# OBJECT VERB: which of action, card, dev, one (of these only), settings and file follow; without a VERB if the\n"
	       "# object has none\n_vqnicctl_takes() {\n"
	       "\tcase \"$1 $2\" in\n");
	for (const struct command *c = commands; c->object; c++)
		if (c->arguments_max || c->flags & COMMAND_FILE)
			printf("\t'%s %s') echo%s%s%s%s%s%s ;;\n", c->object, c->verb,
			       c->flags & COMMAND_TRACK ? " action" : "", c->cards ? " card" : "", c->devs ? " dev" : "", c->arguments_max < c->cards + c->devs ? " one" : "",
			       c->flags & COMMAND_SETTINGS ? " settings" : "",
			       c->flags & COMMAND_FILE ? " file" : "");
	printf("\tesac\n}\n\n");
}

static void print_actions(void)
{
	printf("_vqnicctl_actions() {\n\tprintf '%%s\\n'");
	for (unsigned int i = 0; i < TRACK_ACTIONS; i++) {
		putchar(' ');
		print_quoted(track_actions[i], strlen(track_actions[i]));
	}
	printf("\n}\n\n");
}

static void print_settings(void)
{
	printf("_vqnicctl_settings() {\n\t%s", candidates);
	for (const struct setting *s = settings; s->key; s++)
		print_candidate(s->key, s->help);
	printf("\n}\n\n");
}

static void print_options(void)
{
	printf("_vqnicctl_options() {\n\t%s", candidates);
	for (const struct option_text *o = option_texts; o->option.name; o++) {
		char word[32];

		snprintf(word, sizeof(word), "-%c", o->option.val);
		print_candidate(word, o->help);
		snprintf(word, sizeof(word), "--%s", o->option.name);
		print_candidate(word, o->help);
	}
	printf("\n}\n\n");
}

/* Prints those values, of some with | between, that are to be given as they are: they begin with a small letter. */
static void print_fixed(const char *values)
{
	const char *print = "printf '%s\\n'";

	while (*values) {
		size_t len = strcspn(values, "|");

		if (islower((unsigned char)*values)) {
			printf("%s ", print);
			print = "";
			print_quoted(values, len);
		}
		values += len + (values[len] == '|');
	}
}

static void print_values(void)
{
	printf("# SETTING or OPTION; status 1: its value is a file's name, 2: it is a word of its own\n"
	       "_vqnicctl_values() {\n\tcase $1 in\n");
	for (const struct setting *s = settings; s->key; s++) {
		printf("\t%s) ", s->key);
		print_fixed(s->values);
		printf(" ;;\n");
	}
	for (const struct option_text *o = option_texts; o->option.name; o++) {
		if (!o->values)
			continue;
		printf("\t-%c | --%s) ", o->option.val, o->option.name);
		if (strcmp(o->values, "FILE"))
			print_fixed(o->values);
		else
			printf("return 1");
		if (o->option.has_arg == required_argument && strcmp(o->values, "FILE"))
			printf("\n\t\treturn 2");
		printf(" ;;\n");
	}
	printf("\tesac\n}\n\n");
}

int main(void)
{
	printf("# SPDX-License-Identifier: Apache-2.0\n# Completion of vqnicctl(8), made from its own tables.\n\n");
	print_objects();
	print_verbs();
	print_arguments();
	print_actions();
	print_settings();
	print_options();
	print_values();
	return fflush(stdout) || ferror(stdout);
}
