/* SPDX-License-Identifier: Apache-2.0 */
/* A bounded queue of frames. */
#ifndef FRAMES_H
#define FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define FRAMES_MAX 1024u

/* All zero: empty. */
struct frames {
	struct frame {
		void *data;
		size_t len;
	} ring[FRAMES_MAX];
	size_t first, count;
};

/* Copies a frame to the end. False: the queue is full, or memory is short. */
bool frames_push(struct frames *frames, const void *data, size_t len);

/* The first frame, or NULL. It stays valid until it is dropped. */
const struct frame *frames_first(const struct frames *frames);
void frames_drop(struct frames *frames);

/* Copies the first frame out and drops it. Returns its length; 0: there is none. */
ssize_t frames_pop(struct frames *frames, void *data);

void frames_clear(struct frames *frames);

#endif
