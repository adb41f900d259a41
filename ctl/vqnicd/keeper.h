/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeps what there is as it is wanted.
 *
 * A new wanted state is applied in these steps: it is read and checked, with what the cards can do; the devices that it
 * names are written to the store as vqnicd's own; it is made so; it is written to the store; what is vqnicd's own no more
 * is forgotten. If a step is refused, what there is is made what it was before. If vqnicd ends in between, by whatever
 * cause, it is made so when vqnicd runs again: what the store has as the state counts, which is the old one or the new one.
 *
 * What cannot be done now and may be later (a card that is not there, a device in use) is pending: the state is wanted all
 * the same, and comes about when it can.
 *
 * Functions that return int return 0 or a negative errno, with one line in `why`.
 */
#ifndef KEEPER_H
#define KEEPER_H

#include "plan.h"

#define KEEPER_WHY_BYTES 1024

struct keeper;

/* With the store at `where`, and the library's handle, which must last as long as the keeper. */
int keeper_open(struct keeper **keeper, const char *where, struct vqnic *vq, char why[static KEEPER_WHY_BYTES]);

/* Frees it; NULL is allowed. What there is stays as it is. */
void keeper_close(struct keeper *keeper);

/* The wanted state as text; NULL: there was never one. */
const char *keeper_text(const struct keeper *keeper, size_t *len);

/* Checks a new wanted state and says what applying it would change. `text` NULL: the one that is wanted now. */
int keeper_diff(struct keeper *keeper, struct plan **plan, const char *text, size_t len, char why[static KEEPER_WHY_BYTES]);

/*
 * Applies a new wanted state. Returns 0, also if something is pending, and what was done: the plan is the caller's, and
 * lives until the next call. Else all is as it was.
 */
int keeper_apply(struct keeper *keeper, struct plan **plan, const char *text, size_t len,
		 char why[static KEEPER_WHY_BYTES]);

/*
 * Makes what there is be as it is wanted, as far as it can be: what is refused for good is pending, too, so that it keeps
 * nothing else from coming back. The plan is as that of keeper_apply().
 */
int keeper_reconcile(struct keeper *keeper, struct plan **plan, char why[static KEEPER_WHY_BYTES]);

#endif
