/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A UNIX stream socket with a JSON-RPC message on each line. Anybody may connect and ask; what changes something is for
 * root, and for who vqnicd runs as.
 */
#ifndef SERVER_H
#define SERVER_H

#include <stddef.h>

#include "daemon.h"

/* Bytes of the longest message: that of a configuration, each byte of it escaped. */
#define SERVER_MESSAGE_MAX (7 << 20)

#define SERVER_WHY_BYTES 512

struct server;

/*
 * Listens at `path`; what is there of that name and answers nobody is removed. Returns 0, or a negative errno with one
 * line in `why`; -EADDRINUSE: another vqnicd listens there. The caller frees it with server_close().
 */
int server_open(struct server **server, const char *path, struct daemon *daemon, char why[static SERVER_WHY_BYTES]);

/* Closes all connections and removes the socket; NULL is allowed. */
void server_close(struct server *server);

#endif
