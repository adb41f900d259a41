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
	char *why;		/* WHY_BYTES: why a command failed, if it was not the library; else "" */
};

#endif
