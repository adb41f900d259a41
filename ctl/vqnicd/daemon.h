/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of vqnicd share: who keeps the state, when, and how it is now. */
#ifndef DAEMON_H
#define DAEMON_H

#include <systemd/sd-event.h>

#include "keeper.h"

struct daemon {
	const char *config_file;	/* what SIGHUP reads */
	sd_event *event;
	struct vqnic *vq;
	struct keeper *keeper;
	sd_event_source *later;		/* reconciles soon, or again */
	sd_event_source *driver;	/* events of the driver; NULL: it is not there */
	char *pending;			/* what is pending as it was last told, "" if nothing; NULL: nothing was told */
	char error[KEEPER_WHY_BYTES];	/* why it could not be reconciled; "": it could */
	uint64_t applied;		/* states that were applied, since the start */
	uint64_t refused;		/* that were refused */
	uint64_t restored;		/* changes that were made because something was not as it is wanted */
};

/* keeper_apply() for whoever asks, "by" them in the log; a refusal is theirs to log. */
int daemon_apply(struct daemon *daemon, struct plan **plan, const char *text, size_t len, const char *by,
		 char why[static KEEPER_WHY_BYTES]);

/*
 * Applies the configuration file. -ENOENT: there is none. `why` begins with the file's name.
 */
int daemon_apply_file(struct daemon *daemon, struct plan **plan, const char *by, char why[static KEEPER_WHY_BYTES]);

/* What the timer `later` calls: makes all be as it is wanted, as far as that can be now. */
int daemon_reconcile(sd_event_source *source, uint64_t now, void *daemon);

/* The text of the configuration file as new memory, which the caller frees. */
int daemon_read_file(struct daemon *daemon, char **text, size_t *len, char why[static KEEPER_WHY_BYTES]);

#endif
