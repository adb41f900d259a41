/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control socket: a client sends a line, gets a line. `ok`, or `error: WHY`, or for `stats` a JSON object.
 */
#ifndef CONTROL_H
#define CONTROL_H

#include <stdbool.h>
#include <stddef.h>

#include "board.h"
#include "pollset.h"

struct control;

/* The commands, for --help: one line each. */
extern const char control_help[];

/* Listens at `path`. NULL: `error` says why. */
struct control *control_new(const char *path, struct board *board, char *error, size_t error_size);

/* Also removes the socket. */
void control_free(struct control *control);

/* Before and after a wait of the event loop. */
void control_poll_fill(struct control *control, struct pollset *set);
void control_poll_done(struct control *control, const struct pollset *set);

/* A client has asked the simulator to end. */
bool control_wants_quit(const struct control *control);

/*
 * The client: sends the words of a command to the socket at `path` and prints the answer. Relative files are meant
 * from the current folder. Returns an exit status: 0, or 1 after printing what went wrong.
 */
int control_client(const char *path, int word_count, char *const *words);

#endif
