/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIM_UNIX_SOCKET_H
#define SIM_UNIX_SOCKET_H

#include <stddef.h>

/*
 * Listens on a stream socket at `path`; one that a dead process has left there is replaced. Returns a non-blocking
 * descriptor, or -1 with a line in `error`. The caller unlinks the path when it closes the descriptor.
 */
int unix_listen(const char *path, char *error, size_t error_size);

/* Connects to `path`. Returns a blocking descriptor, or -1 with a line in `error`. */
int unix_connect(const char *path, char *error, size_t error_size);

#endif
