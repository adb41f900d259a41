// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <poll.h>

#include "monitor.h"
#include "show.h"

/* A line of its own for an event, or for the loss of some (NULL), with the time at which it was seen. */
static int print_event(const struct vqnic_event *event, void *opaque)
{
	const struct session *session = opaque;
	struct out *o = out_new(session->file, session->format, session->color);
	struct show show = { .out = o };
	char text[OUT_TIME_BYTES];

	if (!o)
		return -ENOMEM;
	out_string(o, "time", out_time(text));
	if (event)
		show_event(event, &show);
	else
		out_string(o, "event", "lost");
	return out_finish(o, true);
}

int monitor_run(const struct session *session)
{
	struct pollfd pollfd = { .events = POLLIN };
	int ret;

	ret = vqnic_listen(session->vq);
	pollfd.fd = vqnic_event_fd(session->vq);
	while (!ret) {
		if (poll(&pollfd, 1, -1) < 0 && errno != EINTR)
			return -errno;
		ret = vqnic_events(session->vq, print_event, (void *)session);
		if (ret == -ENOBUFS)
			ret = print_event(NULL, (void *)session);
	}
	return ret;
}
