/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gathers the kernel's answer to one netlink request, from the raw bytes that the socket gave. Nothing here reads a
 * socket.
 */
#ifndef REPLY_H
#define REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct nlmsghdr;

struct reply {
	uint32_t seq;			/* of the request; messages with another one are skipped */
	bool done;			/* the answer is complete */
	bool interrupted;		/* the set of objects changed while it was dumped (NLM_F_DUMP_INTR) */
	int error;			/* the kernel's verdict, 0 or negative errno; valid if done */
	char text[256];			/* the kernel's extended acknowledgement, "" without one */
	struct nlmsghdr **messages;	/* copies, owned by the reply; never of a control type */
	size_t count;
};

/* Prepares for the answer to request `seq`; *r may be uninitialised. */
void reply_init(struct reply *r, uint32_t seq);

/*
 * Takes one datagram of `len` bytes, aligned as by malloc. Returns 0, -EBADMSG if it is no sequence of netlink messages
 * or lost some, or -ENOMEM. What was gathered before stays.
 */
int reply_feed(struct reply *r, const void *data, size_t len);

/* Frees what was gathered. */
void reply_free(struct reply *r);

#endif
