// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "names.h"

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

bool names_have(const struct names *names, const char *name)
{
	return names->count && bsearch(&name, names->names, names->count, sizeof(char *), compare);
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
	more[names->count++] = copy;
	qsort(more, names->count, sizeof(*more), compare);
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
