// SPDX-License-Identifier: Apache-2.0
/* The ports without a far end: a plug that turns the wire back, and no cable at all. */
#include <stdlib.h>

#include "frames.h"
#include "port.h"

struct loopback {
	struct port port;
	struct frames frames;
};

static void nothing_to_fill(struct port *port, struct pollset *set, int *timeout_ms)
{
	(void)port, (void)set, (void)timeout_ms;
}

static void nothing_done(struct port *port, const struct pollset *set)
{
	(void)port, (void)set;
}

static void loopback_close(struct port *port)
{
	frames_clear(&((struct loopback *)port)->frames);
	free(port);
}

static int loopback_send(struct port *port, const void *frame, size_t len)
{
	if (!frames_push(&((struct loopback *)port)->frames, frame, len))
		port->lost++;
	return 0;
}

static ssize_t loopback_receive(struct port *port, void *frame)
{
	return frames_pop(&((struct loopback *)port)->frames, frame);
}

struct port *port_loopback_open(struct port_options *options)
{
	static const struct port_ops ops = {
		.close = loopback_close, .send = loopback_send, .receive = loopback_receive,
		.poll_fill = nothing_to_fill, .poll_done = nothing_done,
	};
	struct loopback *loopback;

	if (!port_options_done(options))
		return NULL;
	loopback = calloc(1, sizeof(*loopback));
	if (!loopback)
		return port_error(options, "out of memory");
	loopback->port.ops = &ops;
	return &loopback->port;
}

static void none_close(struct port *port)
{
	free(port);
}

static int none_send(struct port *port, const void *frame, size_t len)
{
	(void)port, (void)frame, (void)len;
	return 0;
}

static ssize_t none_receive(struct port *port, void *frame)
{
	(void)port, (void)frame;
	return 0;
}

static bool none_link(const struct port *port)
{
	(void)port;
	return false;
}

struct port *port_none_open(struct port_options *options)
{
	static const struct port_ops ops = {
		.close = none_close, .send = none_send, .receive = none_receive,
		.poll_fill = nothing_to_fill, .poll_done = nothing_done, .link = none_link,
	};
	struct port *port;

	if (!port_options_done(options))
		return NULL;
	port = calloc(1, sizeof(*port));
	if (!port)
		return port_error(options, "out of memory");
	port->ops = &ops;
	return port;
}
