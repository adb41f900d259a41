// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>

#include "pollset.h"

void pollset_clear(struct pollset *set)
{
	set->count = 0;
}

void pollset_free(struct pollset *set)
{
	free(set->fds);
	*set = (struct pollset){ 0 };
}

int pollset_add(struct pollset *set, int fd, short events)
{
	if (set->count == set->room) {
		size_t room = set->room ? 2 * set->room : 16;
		struct pollfd *fds = realloc(set->fds, room * sizeof(*fds));

		if (!fds)
			return -ENOMEM;
		set->fds = fds;
		set->room = room;
	}
	set->fds[set->count] = (struct pollfd){ .fd = fd, .events = events };
	return (int)set->count++;
}

int pollset_wait(struct pollset *set, int timeout_ms)
{
	if (poll(set->fds, set->count, timeout_ms) >= 0)
		return 0;
	if (errno != EINTR)
		return -errno;
	/* The results are undefined: nothing is ready. */
	for (size_t i = 0; i < set->count; i++)
		set->fds[i].revents = 0;
	return 0;
}

short pollset_events(const struct pollset *set, int index)
{
	return index < 0 ? 0 : set->fds[index].revents;
}

void pollset_within(int *timeout_ms, int ms)
{
	if (*timeout_ms < 0 || *timeout_ms > ms)
		*timeout_ms = ms;
}
