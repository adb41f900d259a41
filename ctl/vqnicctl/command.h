/* SPDX-License-Identifier: Apache-2.0 */
/* The commands: OBJECT VERB ARGUMENT... */
#ifndef COMMAND_H
#define COMMAND_H

#include <stdbool.h>

#include "address.h"
#include "error.h"
#include "session.h"
#include "show.h"

/* Exit statuses. Later: it is wanted, and comes about when it can. */
enum { EXIT_DONE, EXIT_USAGE, EXIT_REFUSED, EXIT_LATER = 65 };

/* What "migrate track" does. */
enum track_action { TRACK_START, TRACK_READ, TRACK_STOP, TRACK_ACTIONS };
extern const char *const track_actions[TRACK_ACTIONS];

/* What a command was asked to do. It is not to be copied: `card` may point into it. */
struct request {
	const struct command *command;
	const char *card;		/* NULL: all */
	const char *dev;		/* NULL: all */
	char address[ADDRESS_BYTES];	/* what `card` points to */
	const char *file;		/* what is read or written; NULL: not given, a state is standard input or output */
	enum track_action track;
	uint64_t iova, size;		/* pages of a guest's memory, bytes */
	struct vqnic_policy policy;	/* what is to change */
};

#define COMMAND_SETTINGS 1u	/* after the other arguments comes KEY VALUE of settings[], and the device is a must */
#define COMMAND_ALONE 2u	/* it has the standard output for itself: no batch can have it */
#define COMMAND_DEV 4u		/* the device is a must */
#define COMMAND_FILE 8u		/* after the other arguments may come a FILE, which it reads */
#define COMMAND_OUTPUT 16u	/* it writes to the FILE of --output */
#define COMMAND_TRACK 32u	/* before the other arguments comes what to do, and after it, but to stop, IOVA and SIZE */
#define COMMAND_DRY_RUN 64u	/* it can say what it would do, and not do it */
#define COMMAND_AGAIN 128u	/* it prints again and again, as --interval and --count say */

struct command {
	const char *object;
	const char *verb;		/* "": it is done without one */
	const char *arguments;
	const char *help;
	unsigned int cards;		/* of the arguments, at most so many are a CARD, which comes first, */
	unsigned int devs;		/* so many a device's name, */
	unsigned int arguments_max;	/* and so many may be given, FILE not counted */
	unsigned int flags;
	/*
	 * Returns 0, EXIT_LATER, or a negative errno of which vqnic_error() says more, or session->why. What it prints goes
	 * to `show`.
	 */
	int (*run)(const struct request *request, const struct session *session, struct show *show);
};

/* Ends with an object that is NULL. */
extern const struct command commands[];

/* Takes the words of a command to *request, which points to them. Returns whether they are right; says else why not. */
bool command_parse(char **words, unsigned int count, struct request *request, const struct error_place *at);

/* Does what is asked, prints the result, and says why it was refused. Returns EXIT_DONE, EXIT_REFUSED or EXIT_LATER. */
int command_run(const struct request *request, const struct session *session, const struct error_place *at);

#endif
