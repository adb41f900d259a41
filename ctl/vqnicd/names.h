/* SPDX-License-Identifier: Apache-2.0 */
/* A set of names of devices, and as text: a name on each line. */
#ifndef NAMES_H
#define NAMES_H

#include <stdbool.h>
#include <stddef.h>

struct names {
	size_t count;
	char **names;	/* sorted */
};

/* Both are false without memory; the set is then as it was. */
bool names_add(struct names *names, const char *name);
bool names_add_lines(struct names *names, const char *text);

/* Takes it out, if it is in. */
void names_remove(struct names *names, const char *name);

/* Leaves those that are in `others`, too. */
void names_keep(struct names *names, const struct names *others);

bool names_have(const struct names *names, const char *name);
bool names_same(const struct names *a, const struct names *b);

/* New memory, which the caller frees; NULL: there is none. */
char *names_text(const struct names *names);

/* Leaves it empty. */
void names_clear(struct names *names);

#endif
