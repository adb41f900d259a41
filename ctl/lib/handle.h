/* SPDX-License-Identifier: Apache-2.0 */
/* The handle of the library, and how it asks the kernel. */
#ifndef HANDLE_H
#define HANDLE_H

#include <stdint.h>

#include "reply.h"
#include "vqnic/vqnic.h"

struct nl_msg;
struct nl_sock;

/* Generic netlink families that are asked. */
enum handle_family { HANDLE_VQNIC, HANDLE_VDPA, HANDLE_FAMILIES };

struct vqnic {
	struct nl_sock *socket;			/* NULL: not connected */
	struct nl_sock *events;			/* NULL: not listening */
	uint16_t events_family;			/* whose events it gets */
	uint16_t families[HANDLE_FAMILIES];	/* their ids; 0: not looked up, or gone */
	char error[320];
};

/* What the kernel is asked for. */
struct handle_question {
	enum handle_family family;
	uint8_t command;
	int flags;			/* NLM_F_DUMP, or 0: one object */
	/* Puts the attributes into the request, of `what`. Returns 0, or other than that without memory. */
	int (*put)(struct nl_msg *msg, const void *what);
	const void *what;
};

/* Sets the handle's error and returns `err`. */
__attribute__((format(printf, 3, 4)))
int handle_fail(struct vqnic *vq, int err, const char *format, ...);

/*
 * Asks the kernel, and gathers its answer, which the caller frees, also after an error. A family that went away since it
 * was looked up (the driver was reloaded) is looked up again, and a dump that a change overtook is repeated.
 */
int handle_ask(struct vqnic *vq, const struct handle_question *question, struct reply *reply);

/* Has the kernel describe a family: if this returns 0, in the reply's first message, and the caller frees it. */
int handle_ask_for_family(struct vqnic *vq, enum handle_family family, struct reply *reply);

#endif
