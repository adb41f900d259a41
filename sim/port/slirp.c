// SPDX-License-Identifier: Apache-2.0
/*
 * A user-mode network behind the wire, by libslirp: 10.0.2.0/24 and fec0::/64 with a gateway, DHCP and a name server.
 * Connections go out as this process's own sockets, so it needs no privilege and no set-up.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <libslirp.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "frames.h"
#include "log.h"
#include "port.h"

#define MTU_MIN 1280u	/* IPv6 */
#define MTU_MAX 9216u
#define TIMERS_MAX 8
#define FORWARDS_MAX 8

/* With so many frames on their way to the card, libslirp's sockets must wait. */
#define CONGESTED (FRAMES_MAX / 4)

struct timer {
	SlirpTimerCb callback;	/* NULL: the slot is free */
	void *opaque;
	int64_t expires_ms;	/* -1: not running */
};

struct slirp_port {
	struct port port;
	Slirp *slirp;
	struct frames frames;	/* for the card */
	struct timer timers[TIMERS_MAX];
	struct pollset *filling;
	const struct pollset *done;
	bool polled;		/* libslirp has filled the pollset and wants the result */
};

struct forward {
	bool udp;
	uint16_t host_port, guest_port;
};

static slirp_ssize_t on_packet(const void *frame, size_t len, void *opaque)
{
	struct slirp_port *net = opaque;

	if (len > PORT_FRAME_MAX || !frames_push(&net->frames, frame, len))
		net->port.lost++;
	return (slirp_ssize_t)len;
}

static void on_guest_error(const char *message, void *opaque)
{
	(void)opaque;
	log_warn("port slirp: guest: %s", message);
}

static int64_t now_ns(void *opaque)
{
	(void)opaque;
	return (int64_t)clock_ns();
}

static int64_t now_ms(void)
{
	return (int64_t)(clock_ns() / 1000000);
}

static void *timer_new(SlirpTimerCb callback, void *callback_opaque, void *opaque)
{
	struct slirp_port *net = opaque;

	for (size_t i = 0; i < TIMERS_MAX; i++) {
		if (net->timers[i].callback)
			continue;
		net->timers[i] = (struct timer){ callback, callback_opaque, -1 };
		return &net->timers[i];
	}
	log_error("port slirp: libslirp wants more than %d timers", TIMERS_MAX);
	abort();
}

static void timer_free(void *timer, void *opaque)
{
	(void)opaque;
	((struct timer *)timer)->callback = NULL;
}

static void timer_mod(void *timer, int64_t expires_ms, void *opaque)
{
	(void)opaque;
	((struct timer *)timer)->expires_ms = expires_ms;
}

/* The pollset is filled anew for each wait: nothing to be kept about single descriptors. */
static void ignore_fd(int fd, void *opaque)
{
	(void)fd, (void)opaque;
}

/* Only other threads would need to wake the event loop. */
static void ignore_notify(void *opaque)
{
	(void)opaque;
}

static const struct {
	int slirp;
	short poll;
} events[] = {
	{ SLIRP_POLL_IN, POLLIN },   { SLIRP_POLL_OUT, POLLOUT }, { SLIRP_POLL_PRI, POLLPRI },
	{ SLIRP_POLL_ERR, POLLERR }, { SLIRP_POLL_HUP, POLLHUP },
};

static int add_poll(int fd, int wanted, void *opaque)
{
	struct slirp_port *net = opaque;
	short bits = 0;

	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		if (wanted & events[i].slirp)
			bits |= events[i].poll;
	return pollset_add(net->filling, fd, bits);
}

static int get_revents(int index, void *opaque)
{
	struct slirp_port *net = opaque;
	short bits = pollset_events(net->done, index);
	int result = 0;

	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		if (bits & events[i].poll)
			result |= events[i].slirp;
	return result;
}

static void slirp_port_fill(struct port *port, struct pollset *set, int *timeout_ms)
{
	struct slirp_port *net = (struct slirp_port *)port;
	uint32_t timeout = UINT32_MAX;
	int64_t now = now_ms();

	net->polled = net->frames.count < CONGESTED;
	if (net->polled) {
		net->filling = set;
		slirp_pollfds_fill(net->slirp, &timeout, add_poll, net);
		if (timeout != UINT32_MAX)
			pollset_within(timeout_ms, (int)timeout);
	}
	for (size_t i = 0; i < TIMERS_MAX; i++) {
		const struct timer *timer = &net->timers[i];

		if (timer->callback && timer->expires_ms >= 0) {
			int64_t left = timer->expires_ms - now;

			pollset_within(timeout_ms, left < 0 ? 0 : left > INT32_MAX ? INT32_MAX : (int)left);
		}
	}
}

static void slirp_port_done(struct port *port, const struct pollset *set)
{
	struct slirp_port *net = (struct slirp_port *)port;
	int64_t now = now_ms();

	if (net->polled) {
		net->done = set;
		slirp_pollfds_poll(net->slirp, 0, get_revents, net);
	}
	for (size_t i = 0; i < TIMERS_MAX; i++) {
		struct timer *timer = &net->timers[i];

		if (timer->callback && timer->expires_ms >= 0 && timer->expires_ms <= now) {
			timer->expires_ms = -1;
			timer->callback(timer->opaque);
		}
	}
}

static int slirp_port_send(struct port *port, const void *frame, size_t len)
{
	slirp_input(((struct slirp_port *)port)->slirp, frame, (int)len);
	return 0;
}

static ssize_t slirp_port_receive(struct port *port, void *frame)
{
	return frames_pop(&((struct slirp_port *)port)->frames, frame);
}

static void slirp_port_close(struct port *port)
{
	struct slirp_port *net = (struct slirp_port *)port;

	if (net->slirp)
		slirp_cleanup(net->slirp);
	frames_clear(&net->frames);
	free(net);
}

/* A decimal number from `min` to `max`, then `end`. Returns what follows, or NULL. */
static const char *parse_number(const char *text, unsigned long min, unsigned long max, char end, unsigned long *number)
{
	char *rest;

	if (*text < '0' || *text > '9')
		return NULL;
	errno = 0;
	*number = strtoul(text, &rest, 10);
	return errno || *rest != end || *number < min || *number > max ? NULL : rest + (end != 0);
}

/* tcp:HOSTPORT:GUESTPORT or udp:... */
static bool parse_forward(const char *text, struct forward *forward)
{
	unsigned long host, guest;

	forward->udp = !strncmp(text, "udp:", 4);
	if (!forward->udp && strncmp(text, "tcp:", 4))
		return false;
	text = parse_number(text + 4, 1, UINT16_MAX, ':', &host);
	if (!text || !parse_number(text, 1, UINT16_MAX, 0, &guest))
		return false;
	forward->host_port = (uint16_t)host;
	forward->guest_port = (uint16_t)guest;
	return true;
}

static Slirp *new_network(bool restricted, size_t mtu, struct slirp_port *net)
{
	static const SlirpCb callbacks = {
		.send_packet = on_packet, .guest_error = on_guest_error, .clock_get_ns = now_ns,
		.timer_new = timer_new, .timer_free = timer_free, .timer_mod = timer_mod,
		.register_poll_fd = ignore_fd, .unregister_poll_fd = ignore_fd, .notify = ignore_notify,
	};
	SlirpConfig config = {
		.version = 1, .restricted = restricted, .in_enabled = true, .in6_enabled = true, .vprefix_len = 64,
		.vhostname = "vqnic", .if_mtu = mtu, .if_mru = mtu,
	};

	inet_pton(AF_INET, "10.0.2.0", &config.vnetwork);
	inet_pton(AF_INET, "255.255.255.0", &config.vnetmask);
	inet_pton(AF_INET, "10.0.2.2", &config.vhost);
	inet_pton(AF_INET, "10.0.2.15", &config.vdhcp_start);
	inet_pton(AF_INET, "10.0.2.3", &config.vnameserver);
	inet_pton(AF_INET6, "fec0::", &config.vprefix_addr6);
	inet_pton(AF_INET6, "fec0::2", &config.vhost6);
	inet_pton(AF_INET6, "fec0::3", &config.vnameserver6);
	return slirp_new(&config, &callbacks, net);
}

/* Ports of this host's loopback address lead to the first guest that DHCP has served. */
static bool add_forward(struct slirp_port *net, const struct forward *forward)
{
	struct in_addr host, guest;

	inet_pton(AF_INET, "127.0.0.1", &host);
	inet_pton(AF_INET, "10.0.2.15", &guest);
	return !slirp_add_hostfwd(net->slirp, forward->udp, host, forward->host_port, guest, forward->guest_port);
}

struct port *port_slirp_open(struct port_options *options)
{
	static const struct port_ops ops = {
		.close = slirp_port_close, .send = slirp_port_send, .receive = slirp_port_receive,
		.poll_fill = slirp_port_fill, .poll_done = slirp_port_done,
	};
	const char *restricted = port_option(options, "restrict"), *mtu = port_option(options, "mtu"), *text;
	struct forward forwards[FORWARDS_MAX];
	unsigned long bytes = 1500;
	struct slirp_port *net;
	size_t count = 0;

	if (restricted && strcmp(restricted, "on") && strcmp(restricted, "off"))
		return port_error(options, "restrict=%s is neither on nor off", restricted);
	if (mtu && !parse_number(mtu, MTU_MIN, MTU_MAX, 0, &bytes))
		return port_error(options, "mtu=%s is not from %u to %u", mtu, MTU_MIN, MTU_MAX);
	while ((text = port_option(options, "hostfwd"))) {
		if (count == FORWARDS_MAX)
			return port_error(options, "more than %d hostfwd", FORWARDS_MAX);
		if (!parse_forward(text, &forwards[count++]))
			return port_error(options, "hostfwd=%s is not tcp:HOSTPORT:GUESTPORT or udp:HOSTPORT:GUESTPORT",
					  text);
	}
	if (!port_options_done(options))
		return NULL;
	net = calloc(1, sizeof(*net));
	if (!net)
		return port_error(options, "out of memory");
	net->port.ops = &ops;
	net->slirp = new_network(restricted && !strcmp(restricted, "on"), bytes, net);
	if (!net->slirp) {
		port_error(options, "libslirp refused its configuration");
		goto err;
	}
	for (size_t i = 0; i < count; i++) {
		if (!add_forward(net, &forwards[i])) {
			port_error(options, "cannot listen on %s port %u of 127.0.0.1: %s",
				   forwards[i].udp ? "UDP" : "TCP", forwards[i].host_port, strerror(errno));
			goto err;
		}
	}
	return &net->port;
err:
	slirp_port_close(&net->port);
	return NULL;
}
