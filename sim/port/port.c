// SPDX-License-Identifier: Apache-2.0
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "port.h"

#define OPTIONS_MAX 16

struct port_options {
	char *text;		/* owns what the others point to */
	const char *name;
	struct {
		const char *key, *value;
		bool taken;
	} pairs[OPTIONS_MAX];
	size_t count;
	char *error;
	size_t error_size;
};

static const struct {
	const char *name;
	struct port *(*open)(struct port_options *options);
} kinds[] = {
	{ "dgram", port_dgram_open }, { "loopback", port_loopback_open }, { "none", port_none_open },
	{ "pcap", port_pcap_open },   { "slirp", port_slirp_open },	  { "tap", port_tap_open },
};

const char port_help[] =
	"  slirp[,restrict=on][,mtu=BYTES][,hostfwd=tcp|udp:HOSTPORT:GUESTPORT]...\n"
	"                          user-mode network 10.0.2.0/24 with DHCP; gateway and host are 10.0.2.2\n"
	"  tap,ifname=NAME         a tap interface, made if it does not exist\n"
	"  dgram,local=PATH,remote=PATH\n"
	"                          UNIX datagrams, as QEMU's -netdev dgram\n"
	"  pcap[,in=FILE][,out=FILE]\n"
	"                          send the frames of one file to the card, record what it sends to another\n"
	"  loopback                what the card sends comes back\n"
	"  none                    no cable\n";

const char *port_option(struct port_options *options, const char *key)
{
	for (size_t i = 0; i < options->count; i++) {
		if (options->pairs[i].taken || strcmp(options->pairs[i].key, key))
			continue;
		options->pairs[i].taken = true;
		return options->pairs[i].value;
	}
	return NULL;
}

void *port_error(struct port_options *options, const char *format, ...)
{
	int n = snprintf(options->error, options->error_size, "port %s: ", options->name);
	va_list args;

	va_start(args, format);
	if (n > 0 && (size_t)n < options->error_size)
		vsnprintf(options->error + n, options->error_size - (size_t)n, format, args);
	va_end(args);
	return NULL;
}

bool port_options_done(struct port_options *options)
{
	for (size_t i = 0; i < options->count; i++)
		if (!options->pairs[i].taken)
			return port_error(options, "unknown or repeated option '%s'", options->pairs[i].key);
	return true;
}

/* Splits options->text. Returns false with the error written. */
static bool parse(struct port_options *options)
{
	char *rest = options->text, *pair, *equals;

	options->name = strsep(&rest, ",");
	while ((pair = strsep(&rest, ","))) {
		equals = strchr(pair, '=');
		if (!equals || equals == pair || !equals[1])
			return port_error(options, "'%s' is not KEY=VALUE", pair);
		if (options->count == OPTIONS_MAX)
			return port_error(options, "more than %d options", OPTIONS_MAX);
		*equals = 0;
		options->pairs[options->count].key = pair;
		options->pairs[options->count++].value = equals + 1;
	}
	return true;
}

struct port *port_open(const char *spec, char *error, size_t error_size)
{
	struct port_options options = { .text = strdup(spec), .error = error, .error_size = error_size };
	struct port *port = NULL;

	if (!options.text) {
		snprintf(error, error_size, "out of memory");
		return NULL;
	}
	if (!parse(&options))
		goto out;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kinds[i].name, options.name))
			continue;
		port = kinds[i].open(&options);
		goto out;
	}
	port_error(&options, "there is no such port; there are slirp, tap, dgram, pcap, loopback and none");
out:
	free(options.text);
	return port;
}

void port_close(struct port *port)
{
	if (port)
		port->ops->close(port);
}

int port_send(struct port *port, const void *frame, size_t len)
{
	return port->ops->send(port, frame, len);
}

ssize_t port_receive(struct port *port, void *frame)
{
	return port->ops->receive(port, frame);
}

void port_poll_fill(struct port *port, struct pollset *set, int *timeout_ms)
{
	port->ops->poll_fill(port, set, timeout_ms);
}

void port_poll_done(struct port *port, const struct pollset *set)
{
	port->ops->poll_done(port, set);
}

bool port_link(const struct port *port)
{
	return !port->ops->link || port->ops->link(port);
}
