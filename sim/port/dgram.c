// SPDX-License-Identifier: Apache-2.0
/* UNIX datagram sockets, a frame each: what QEMU's -netdev dgram,local.type=unix,remote.type=unix speaks. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "frames.h"
#include "port.h"

/* The kernel lets only a few datagrams wait at the far end, and does not say when there is room again. */
#define RETRY_MS 1

struct dgram {
	struct port port;
	int fd;
	struct sockaddr_un local, remote;
	struct frames out;	/* what the far end had no room for */
	int poll_index;
	bool readable;
};

static void dgram_close(struct port *port)
{
	struct dgram *dgram = (struct dgram *)port;

	unlink(dgram->local.sun_path);
	close(dgram->fd);
	frames_clear(&dgram->out);
	free(dgram);
}

static int send_now(struct dgram *dgram, const void *frame, size_t len)
{
	if (sendto(dgram->fd, frame, len, MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&dgram->remote,
		   sizeof(dgram->remote)) >= 0)
		return 0;
	return errno == ENOBUFS ? -EAGAIN : -errno;
}

static int dgram_send(struct port *port, const void *frame, size_t len)
{
	struct dgram *dgram = (struct dgram *)port;
	int rc = dgram->out.count ? -EAGAIN : send_now(dgram, frame, len);

	if (rc == -EAGAIN && frames_push(&dgram->out, frame, len))
		return 0;
	return rc;
}

static ssize_t dgram_receive(struct port *port, void *frame)
{
	struct dgram *dgram = (struct dgram *)port;
	ssize_t n;

	while (dgram->readable) {
		n = recv(dgram->fd, frame, PORT_FRAME_MAX, MSG_DONTWAIT | MSG_TRUNC);
		if (n < 0)
			dgram->readable = false;
		else if (n > PORT_FRAME_MAX)
			port->lost++;
		else if (n > 0)
			return n;
	}
	return 0;
}

static void dgram_fill(struct port *port, struct pollset *set, int *timeout_ms)
{
	struct dgram *dgram = (struct dgram *)port;

	dgram->poll_index = pollset_add(set, dgram->fd, POLLIN);
	if (dgram->out.count)
		pollset_within(timeout_ms, RETRY_MS);
}

static void dgram_done(struct port *port, const struct pollset *set)
{
	struct dgram *dgram = (struct dgram *)port;
	const struct frame *frame;

	dgram->readable = pollset_events(set, dgram->poll_index);
	while ((frame = frames_first(&dgram->out))) {
		int rc = send_now(dgram, frame->data, frame->len);

		if (rc == -EAGAIN)
			return;
		if (rc)
			port->lost++;
		frames_drop(&dgram->out);
	}
}

static bool set_path(struct sockaddr_un *address, const char *path)
{
	address->sun_family = AF_UNIX;
	if (strlen(path) >= sizeof(address->sun_path))
		return false;
	strcpy(address->sun_path, path);
	return true;
}

struct port *port_dgram_open(struct port_options *options)
{
	static const struct port_ops ops = {
		.close = dgram_close, .send = dgram_send, .receive = dgram_receive,
		.poll_fill = dgram_fill, .poll_done = dgram_done,
	};
	const char *local = port_option(options, "local"), *remote = port_option(options, "remote");
	struct dgram *dgram;
	struct stat st;

	if (!port_options_done(options))
		return NULL;
	if (!local || !remote)
		return port_error(options, "local=PATH and remote=PATH are needed");
	dgram = calloc(1, sizeof(*dgram));
	if (!dgram)
		return port_error(options, "out of memory");
	dgram->port.ops = &ops;
	dgram->fd = -1;
	if (!set_path(&dgram->local, local) || !set_path(&dgram->remote, remote)) {
		port_error(options, "a path is longer than %zu bytes", sizeof(dgram->local.sun_path) - 1);
		goto err;
	}
	/* A socket that was left behind is in the way; anything else is not ours to remove. */
	if (!lstat(local, &st) && S_ISSOCK(st.st_mode))
		unlink(local);
	dgram->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (dgram->fd < 0 || bind(dgram->fd, (struct sockaddr *)&dgram->local, sizeof(dgram->local))) {
		port_error(options, "%s: %s", local, strerror(errno));
		goto err;
	}
	return &dgram->port;
err:
	if (dgram->fd >= 0)
		close(dgram->fd);
	free(dgram);
	return NULL;
}
