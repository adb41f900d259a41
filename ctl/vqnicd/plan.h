/* SPDX-License-Identifier: Apache-2.0 */
/* What has to change so that what there is becomes what is wanted, and doing it. */
#ifndef PLAN_H
#define PLAN_H

#include "actual.h"
#include "config.h"
#include "names.h"

enum change_what {
	CHANGE_REMOVE,
	CHANGE_REPLACE,		/* remove, and add anew: what differs is given to a device when it is made */
	CHANGE_ADD,
	CHANGE_MAC,
	CHANGE_POLICY,
	CHANGE_WAIT,		/* nothing that can be done now */
};

#define CHANGE_TEXT_BYTES 256

struct change {
	enum change_what what;
	char card[ADDRESS_BYTES];
	char *dev;				/* NULL: it is about the whole card */
	const struct config_dev *want;		/* NULL: of CHANGE_REMOVE, and of a card */
	char text[CHANGE_TEXT_BYTES];		/* what differs, like "mtu 1500 -> 9000" */
	bool done;
	struct vqnic_policy policy;		/* of CHANGE_POLICY */
	bool taken;				/* somebody else has made a device of that name meanwhile */
	char pending[CHANGE_TEXT_BYTES];	/* "", or why it cannot be done now, but may be later */
};

struct plan {
	size_t count;
	struct change *changes;		/* in the order in which they are done */
};

#define PLAN_WHY_BYTES 640

/* What becomes of a plan when a part of it cannot be for good. */
enum plan_mode {
	PLAN_ALL,	/* it is refused, and ends there */
	PLAN_MOST,	/* that part is pending, and all others are done */
};

/*
 * Plans how `want` comes about. Devices in `own` that are not wanted are removed; others that are not wanted are left
 * alone. Returns 0; -EINVAL, -ENOSPC or -EEXIST if with PLAN_ALL a card cannot do what is wanted, with one line in `why`;
 * or -ENOMEM. The caller frees *plan with plan_free(), before `want`.
 */
int plan_make(struct plan **plan, enum plan_mode mode, const struct config *want, const struct names *own,
	      const struct actual *actual, char why[static PLAN_WHY_BYTES]);

/*
 * Does it. What cannot be done now is skipped, and is `pending`. Returns 0, or with PLAN_ALL the negative errno of what was
 * refused for good, with one line in `why`: what comes after that was not done.
 */
int plan_run(struct plan *plan, enum plan_mode mode, struct vqnic *vq, char why[static PLAN_WHY_BYTES]);

/* Of the changes, those that are pending. */
size_t plan_pending(const struct plan *plan);

/* Frees it; NULL is allowed. */
void plan_free(struct plan *plan);

/* Name of a change, "remove". */
const char *change_name(enum change_what what);

#endif
