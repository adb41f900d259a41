/* SPDX-License-Identifier: Apache-2.0 */
/* Files as a whole. All return 0 or a negative errno. */
#ifndef FILE_H
#define FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/*
 * Reads all of `in` to new memory with a NUL behind it, which the caller frees, also after an error. -EFBIG: there are
 * more than `max` bytes.
 */
int file_read(FILE *in, size_t max, uint8_t **bytes, size_t *len);

/*
 * Writes `out` and sees it to its disk, if it has one. -EINTR: `cancelled` (NULL: never) has become true meanwhile.
 */
int file_write(FILE *out, const void *bytes, size_t len, bool (*cancelled)(void));

/*
 * Writes the file `name`, which nobody sees before it is whole and on its disk; what was there of that name stays until
 * then, and after an error.
 */
int file_write_whole(const char *name, const void *bytes, size_t len, bool (*cancelled)(void));

/* That the names in the folder of `name` are as they are now is on its disk. */
int file_sync_folder(const char *name);

#endif
