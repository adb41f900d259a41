/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands of one run of vqnicctl share: the library's handle, and how they print. */
#ifndef SESSION_H
#define SESSION_H

#include <stdio.h>

#include "out.h"
#include "vqnic/vqnic.h"

#define WHY_BYTES 512

struct session {
	struct vqnic *vq;
	FILE *in;		/* standard input */
	FILE *file;		/* where results are written */
	enum out_format format;
	bool color;		/* of text */
	bool dry_run;		/* what would be done is printed only */
	const char *socket;	/* where vqnicd listens; NULL: where it does by default */
	bool stats;		/* cards and devices are shown with their counters */
	double interval;	/* of what is shown again and again, seconds */
	unsigned long count;	/* how many times that is; 0: until it is ended */
	char *why;		/* WHY_BYTES: why a command failed, if it was not the library; else "" */
};

/* Keeps why a command failed, and returns `err`. */
__attribute__((format(printf, 3, 4)))
int session_fail(const struct session *session, int err, const char *format, ...);

#endif
