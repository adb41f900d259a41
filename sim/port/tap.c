// SPDX-License-Identifier: Apache-2.0
/* A tap interface. Its far end has the cable plugged in while the interface is up. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "port.h"

#define TUN_DEVICE "/dev/net/tun"

struct tap {
	struct port port;
	int fd;
	int news;		/* netlink socket: tells that an interface has changed */
	char name[IFNAMSIZ];
	bool up;
	bool readable;
	int poll_index, news_index;
};

static void tap_close(struct port *port)
{
	struct tap *tap = (struct tap *)port;

	close(tap->fd);
	close(tap->news);
	free(tap);
}

static int tap_send(struct port *port, const void *frame, size_t len)
{
	ssize_t n = write(((struct tap *)port)->fd, frame, len);

	return n < 0 ? -errno : 0;
}

static ssize_t tap_receive(struct port *port, void *frame)
{
	struct tap *tap = (struct tap *)port;
	ssize_t n = tap->readable ? read(tap->fd, frame, PORT_FRAME_MAX) : 0;

	if (n <= 0)
		tap->readable = false;
	return n < 0 ? 0 : n;
}

static bool is_up(const struct tap *tap)
{
	struct ifreq request = { 0 };

	memcpy(request.ifr_name, tap->name, sizeof(tap->name));
	return !ioctl(tap->news, SIOCGIFFLAGS, &request) && request.ifr_flags & IFF_UP;
}

static void tap_fill(struct port *port, struct pollset *set, int *timeout_ms)
{
	struct tap *tap = (struct tap *)port;

	(void)timeout_ms;
	tap->poll_index = pollset_add(set, tap->fd, POLLIN);
	tap->news_index = pollset_add(set, tap->news, POLLIN);
}

static void tap_done(struct port *port, const struct pollset *set)
{
	struct tap *tap = (struct tap *)port;
	char message[4096];

	tap->readable = pollset_events(set, tap->poll_index) & POLLIN;
	if (!pollset_events(set, tap->news_index))
		return;
	/* What exactly has changed does not matter: some news may have been lost anyway. */
	while (recv(tap->news, message, sizeof(message), MSG_DONTWAIT) > 0)
		;
	tap->up = is_up(tap);
}

static bool tap_link(const struct port *port)
{
	return ((const struct tap *)port)->up;
}

struct port *port_tap_open(struct port_options *options)
{
	static const struct port_ops ops = {
		.close = tap_close, .send = tap_send, .receive = tap_receive,
		.poll_fill = tap_fill, .poll_done = tap_done, .link = tap_link,
	};
	struct sockaddr_nl links = { .nl_family = AF_NETLINK, .nl_groups = RTMGRP_LINK };
	const char *name = port_option(options, "ifname");
	struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI };
	struct tap *tap;

	if (!port_options_done(options))
		return NULL;
	if (!name || strlen(name) >= IFNAMSIZ)
		return port_error(options, "ifname=NAME is needed, up to %d bytes", IFNAMSIZ - 1);
	tap = calloc(1, sizeof(*tap));
	if (!tap)
		return port_error(options, "out of memory");
	tap->port.ops = &ops;
	strcpy(tap->name, name);
	strcpy(request.ifr_name, name);
	tap->news = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	tap->fd = open(TUN_DEVICE, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (tap->fd < 0) {
		port_error(options, "%s: %s", TUN_DEVICE, strerror(errno));
		goto err;
	}
	if (ioctl(tap->fd, TUNSETIFF, &request)) {
		port_error(options, "interface %s: %s", name, strerror(errno));
		goto err;
	}
	if (tap->news < 0 || bind(tap->news, (struct sockaddr *)&links, sizeof(links))) {
		port_error(options, "netlink socket: %s", strerror(errno));
		goto err;
	}
	tap->up = is_up(tap);
	return &tap->port;
err:
	if (tap->fd >= 0)
		close(tap->fd);
	if (tap->news >= 0)
		close(tap->news);
	free(tap);
	return NULL;
}
