/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What vqnicd knows while it does not run. Each part is a text, which is written as a whole: after a crash it is what it
 * was before or what was written, and on its disk when it could be written.
 *
 * All functions that return int return 0 or a negative errno, with one line in `why`.
 */
#ifndef STORE_H
#define STORE_H

#include <stddef.h>

#define STORE_WHY_BYTES 512

struct store;

enum store_part {
	STORE_STATE,	/* the wanted state, as config_read() takes it */
	STORE_OWN,	/* devices that vqnicd may have made and must remove if they are not wanted: a name on each line */
	STORE_PARTS,
};

/*
 * Opens the store at `where`: for the file store a folder, which is made if need be. -EAGAIN: another process has it open.
 * The caller frees it with store_close().
 */
int store_open(struct store **store, const char *where, char why[static STORE_WHY_BYTES]);

/* Frees it; NULL is allowed. */
void store_close(struct store *store);

/* Reads a part to new memory, with a NUL behind it, which the caller frees. -ENOENT: it was never written. */
int store_read(struct store *store, enum store_part part, char **text, size_t *len, char why[static STORE_WHY_BYTES]);

int store_write(struct store *store, enum store_part part, const char *text, size_t len, char why[static STORE_WHY_BYTES]);

#endif
