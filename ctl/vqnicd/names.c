// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "names.h"

/* Where it is, or would be. */
static size_t place_of(const struct names *names, const char *name)
{
	size_t from = 0, to = names->count;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (strcmp(names->names[middle], name) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

bool names_have(const struct names *names, const char *name)
{
	size_t place = place_of(names, name);

	return place < names->count && !strcmp(names->names[place], name);
}

bool names_same(const struct names *a, const struct names *b)
{
	for (size_t i = 0; i < a->count; i++)
		if (!names_have(b, a->names[i]))
			return false;
	return a->count == b->count;
}

static bool add(struct names *names, const char *name, size_t len)
{
	char *copy = strndup(name, len), **more;
	size_t place;

	if (!copy || names_have(names, copy)) {
		free(copy);
		return copy;
	}
	more = realloc(names->names, (names->count + 1) * sizeof(*more));
	if (!more) {
		free(copy);
		return false;
	}
	names->names = more;
	place = place_of(names, copy);
	memmove(more + place + 1, more + place, (names->count - place) * sizeof(*more));
	more[place] = copy;
	names->count++;
	return true;
}

bool names_add(struct names *names, const char *name)
{
	return add(names, name, strlen(name));
}

bool names_add_lines(struct names *names, const char *text)
{
	for (; *text; text += strspn(text, "\n")) {
		size_t len = strcspn(text, "\n");

		if (len && !add(names, text, len))
			return false;
		text += len;
	}
	return true;
}

void names_remove(struct names *names, const char *name)
{
	size_t place = place_of(names, name);

	if (!names_have(names, name))
		return;
	free(names->names[place]);
	names->count--;
	memmove(names->names + place, names->names + place + 1, (names->count - place) * sizeof(*names->names));
}

void names_keep(struct names *names, const struct names *others)
{
	for (size_t i = names->count; i-- > 0;)
		if (!names_have(others, names->names[i]))
			names_remove(names, names->names[i]);
}

char *names_text(const struct names *names)
{
	size_t size = 1;
	char *text, *end;

	for (size_t i = 0; i < names->count; i++)
		size += strlen(names->names[i]) + 1;
	text = malloc(size);
	if (!text)
		return NULL;
	end = text;
	for (size_t i = 0; i < names->count; i++) {
		end = stpcpy(end, names->names[i]);
		*end++ = '\n';
	}
	*end = '\0';
	return text;
}

void names_clear(struct names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->names[i]);
	free(names->names);
	*names = (struct names){ 0 };
}
