// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "frames.h"

bool frames_push(struct frames *frames, const void *data, size_t len)
{
	struct frame *frame = &frames->ring[(frames->first + frames->count) % FRAMES_MAX];

	if (!len || frames->count == FRAMES_MAX)
		return false;
	frame->data = malloc(len);
	if (!frame->data)
		return false;
	memcpy(frame->data, data, len);
	frame->len = len;
	frames->count++;
	return true;
}

const struct frame *frames_first(const struct frames *frames)
{
	return frames->count ? &frames->ring[frames->first] : NULL;
}

void frames_drop(struct frames *frames)
{
	free(frames->ring[frames->first].data);
	frames->first = (frames->first + 1) % FRAMES_MAX;
	frames->count--;
}

ssize_t frames_pop(struct frames *frames, void *data)
{
	const struct frame *frame = frames_first(frames);
	ssize_t len;

	if (!frame)
		return 0;
	len = (ssize_t)frame->len;
	memcpy(data, frame->data, frame->len);
	frames_drop(frames);
	return len;
}

void frames_clear(struct frames *frames)
{
	while (frames->count)
		frames_drop(frames);
}
