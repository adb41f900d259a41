/* SPDX-License-Identifier: Apache-2.0 */
/* The file descriptors that one turn of the event loop waits for. Filled anew each turn. */
#ifndef SIM_POLLSET_H
#define SIM_POLLSET_H

#include <poll.h>
#include <stddef.h>

struct pollset {
	struct pollfd *fds;
	size_t count;
	size_t room;
};

/* Forgets what was added; keeps the memory. */
void pollset_clear(struct pollset *set);
void pollset_free(struct pollset *set);

/* Waits for `events` of `fd`; a negative fd is never ready. Returns its index for pollset_events, or -ENOMEM. */
int pollset_add(struct pollset *set, int fd, short events);

/* Waits up to `timeout_ms`, -1: for ever. Returns 0, also when a signal or the timeout ended the wait, or -errno. */
int pollset_wait(struct pollset *set, int timeout_ms);

/* What poll(2) reported for an index; 0 for a negative index. */
short pollset_events(const struct pollset *set, int index);

/* Lowers *timeout_ms, where -1 means for ever, to at most `ms`. */
void pollset_within(int *timeout_ms, int ms);

#endif
