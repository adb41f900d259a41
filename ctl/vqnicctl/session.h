/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands of one run of vqnicctl share: the library's handle, and how they print. */
#ifndef SESSION_H
#define SESSION_H

#include <stdio.h>

#include "out.h"
#include "vqnic/vqnic.h"

struct session {
	struct vqnic *vq;
	FILE *file;		/* where results are written */
	enum out_format format;
	bool color;		/* of text */
	bool stats;		/* cards and devices are shown with their counters */
};

#endif
