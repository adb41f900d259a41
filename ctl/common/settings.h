/* SPDX-License-Identifier: Apache-2.0 */
/* The settings of `policy set`: KEY VALUE. */
#ifndef SETTINGS_H
#define SETTINGS_H

#include <stdbool.h>

#include "error.h"
#include "vqnic/vqnic.h"

struct setting {
	const char *key;
	const char *values;	/* words to give as they are, NAMES of what to give, MIN..MAX; with | between */
	const char *help;
	/* Takes the value `text` into `policy`; false: it cannot be that. */
	bool (*parse)(const char *text, struct vqnic_policy *policy);
};

/* Ends with a key that is NULL. */
extern const struct setting settings[];

/*
 * Takes the `count` words of `words`, KEY VALUE KEY VALUE, into `policy`. Returns whether they are right; says else
 * what is wrong with those of `command`, like "policy set".
 */
bool settings_parse(const char *command, char **words, unsigned int count, struct vqnic_policy *policy,
		    const struct error_place *at);

#endif
