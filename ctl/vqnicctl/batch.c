// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "batch.h"
#include "command.h"

/* A command that was read. */
struct item {
	struct item *next;
	unsigned long line;
	struct request request;		/* its strings are in `text` */
	char text[];
};

#define TEXT(number) TEXT_(number)
#define TEXT_(number) #number

/* A line that is being read, with those that continue it. */
struct line {
	FILE *file;
	struct error_place at;
	unsigned long next;		/* number of the line that is read from next */
	const char *wrong;		/* what is wrong with the line; NULL: nothing so far */
	int error;			/* why the file cannot be read, an errno; 0: it can */
	size_t bytes;			/* that were read of it */
	unsigned int words;		/* how many there are in `text`, each ended by a NUL */
	size_t length;
	char text[BATCH_LINE_MAX + 1];	/* a word takes no more than its bytes and the one after it */
};

/* The next byte, or EOF: at the end of the file, if it cannot be read, or if something is wrong with the line. */
static int get_byte(struct line *l)
{
	int byte = getc(l->file);

	if (byte == EOF) {
		l->error = ferror(l->file) ? errno : 0;
		return EOF;
	}
	if (!byte)
		l->wrong = "there is a NUL byte in the line: a batch is text";
	else if (++l->bytes > BATCH_LINE_MAX)
		l->wrong = "the line is longer than " TEXT(BATCH_LINE_MAX) " bytes";
	return l->wrong ? EOF : byte;
}

/* The next byte of the line, EOF at its end. What continues the line is not seen. */
static int next_byte(struct line *l)
{
	int byte = get_byte(l);

	while (byte == '\\') {
		int after = getc(l->file);

		if (after != '\n') {
			ungetc(after, l->file);
			return byte;
		}
		l->bytes++;
		l->next++;
		byte = get_byte(l);
	}
	return byte == '\n' ? EOF : byte;
}

/* Reads the rest of a comment: a backslash does not continue it. */
static void skip_comment(struct line *l)
{
	int byte;

	do
		byte = get_byte(l);
	while (byte != '\n' && byte != EOF);
}

static bool is_blank(int byte)
{
	return byte == ' ' || byte == '\t' || byte == '\r';
}

/* Reads a word that begins with `byte`. Returns what comes after it. */
static int read_word(struct line *l, int byte)
{
	int quote = 0;

	if (l->words++ == BATCH_WORDS_MAX)
		l->wrong = "the line has more than " TEXT(BATCH_WORDS_MAX) " words";
	else if (byte == '-')
		l->wrong = "options are given with the batch, not in it";
	for (; !l->wrong && byte != EOF && (quote || !is_blank(byte)); byte = next_byte(l)) {
		if (byte == quote)
			quote = 0;
		else if (!quote && (byte == '"' || byte == '\''))
			quote = byte;
		else
			l->text[l->length++] = (char)byte;
	}
	if (quote && !l->wrong)
		l->wrong = "a quote is not closed";
	l->text[l->length++] = '\0';
	return l->wrong ? EOF : byte;
}

/*
 * Reads the next line and those that continue it; at the end of the file it has no words. Returns 0, EXIT_USAGE if it
 * is wrong, or EXIT_REFUSED if it cannot be read.
 */
static int read_line(struct line *l)
{
	int byte;

	l->at.line = l->next++;
	l->bytes = 0;
	l->length = 0;
	l->words = 0;
	byte = next_byte(l);
	while (byte != EOF) {
		if (is_blank(byte)) {
			byte = next_byte(l);
		} else if (byte == '#') {
			skip_comment(l);
			byte = EOF;
		} else {
			byte = read_word(l, byte);
		}
	}
	if (l->error) {
		l->at.line = 0;
		error_say(&l->at, "cannot read it: %s", strerror(l->error));
		return EXIT_REFUSED;
	}
	if (!l->wrong)
		return 0;
	error_say(&l->at, "%s", l->wrong);
	return EXIT_USAGE;
}

/* Makes a command of the line. Returns 0, EXIT_USAGE, or EXIT_REFUSED without memory. */
static int parse_line(const struct line *l, struct item **item)
{
	char *words[BATCH_WORDS_MAX], *word;

	*item = calloc(1, sizeof(**item) + l->length);
	if (!*item) {
		error_say(&l->at, "out of memory");
		return EXIT_REFUSED;
	}
	(*item)->line = l->at.line;
	memcpy((*item)->text, l->text, l->length);
	word = (*item)->text;
	for (unsigned int i = 0; i < l->words; i++, word += strlen(word) + 1)
		words[i] = word;
	if (!command_parse(words, l->words, &(*item)->request, &l->at))
		return EXIT_USAGE;
	if (!((*item)->request.command->flags & COMMAND_ALONE))
		return 0;
	error_say(&l->at, "%s: no batch can have it: the standard output is its own", words[0]);
	return EXIT_USAGE;
}

/* Reads and checks all of the file into the list *items, which the caller frees, also after an error. */
static int read_items(struct line *l, struct item **items)
{
	size_t count = 0;
	int ret = 0;

	while (!ret && !feof(l->file)) {
		ret = read_line(l);
		if (ret || !l->words)
			continue;
		if (++count > BATCH_COMMANDS_MAX) {
			error_say(&l->at, "the batch has more than %d commands", BATCH_COMMANDS_MAX);
			return EXIT_USAGE;
		}
		ret = parse_line(l, items);
		if (*items)
			items = &(*items)->next;
	}
	return ret;
}

static int run_items(const struct item *items, bool force, const struct session *session, struct error_place at)
{
	int status = EXIT_DONE;

	for (const struct item *item = items; item && (force || status != EXIT_REFUSED); item = item->next) {
		int ret;

		at.line = item->line;
		ret = command_run(&item->request, session, &at);
		if (ret != EXIT_DONE && status != EXIT_REFUSED)
			status = ret;
	}
	return status;
}

static int run_file(struct line *l, bool force, const struct session *session)
{
	struct item *items = NULL;
	int ret;

	ret = read_items(l, &items);
	if (!ret)
		ret = run_items(items, force, session, l->at);
	while (items) {
		struct item *next = items->next;

		free(items);
		items = next;
	}
	return ret;
}

int batch_run(const char *name, FILE *in, bool force, const struct session *session, FILE *err)
{
	const bool own = strcmp(name, "-");
	const struct error_place at = { .file = err, .batch = name };
	struct line *l = calloc(1, sizeof(*l));
	int ret = EXIT_REFUSED;

	if (!l) {
		error_say(&at, "out of memory");
		return EXIT_REFUSED;
	}
	l->at = at;
	l->next = 1;
	l->file = own ? fopen(name, "re") : in;
	if (l->file)
		ret = run_file(l, force, session);
	else
		error_say(&at, "cannot open it: %s", strerror(errno));
	if (own && l->file)
		fclose(l->file);
	free(l);
	return ret;
}
