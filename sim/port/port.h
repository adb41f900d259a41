/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The far end of the card's wire. A port is opened from a text "NAME[,KEY=VALUE]..." and never blocks: the caller lets
 * it fill a pollset, waits, and hands the pollset back. Frames have no FCS.
 */
#ifndef PORT_H
#define PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "pollset.h"

#define PORT_FRAME_MAX 65535u

struct port;

/* What a kind of port does. */
struct port_ops {
	void (*close)(struct port *port);
	int (*send)(struct port *port, const void *frame, size_t len);
	ssize_t (*receive)(struct port *port, void *frame);
	void (*poll_fill)(struct port *port, struct pollset *set, int *timeout_ms);
	void (*poll_done)(struct port *port, const struct pollset *set);
	bool (*link)(const struct port *port);	/* NULL: always up */
};

/* First member of each kind's own structure */
struct port {
	const struct port_ops *ops;
	bool waits;		/* frames stay in the port until the card can take them, however long that is */
	uint64_t lost;		/* frames that the port itself had to drop, both ways */
};

/* What there is to open, for --help: one line each. */
extern const char port_help[];

/* Opens a port. NULL: `error` says in one line what is wrong, without the name of the option. */
struct port *port_open(const char *spec, char *error, size_t error_size);
void port_close(struct port *port);

/* Sends a frame of the card. Returns 0, or -errno: the frame is lost. */
int port_send(struct port *port, const void *frame, size_t len);

/* Takes the next frame for the card, up to PORT_FRAME_MAX bytes. Returns its length; 0: there is none. */
ssize_t port_receive(struct port *port, void *frame);

/*
 * Before and after the caller waits for `set`. *timeout_ms, where -1 means for ever, is lowered if the port needs to be
 * called earlier. A frame that is in the port already does not end the wait: see to port_receive first.
 */
void port_poll_fill(struct port *port, struct pollset *set, int *timeout_ms);
void port_poll_done(struct port *port, const struct pollset *set);

/* The far end is there. */
bool port_link(const struct port *port);

/* ---- for the kinds of ports ---- */

/* The KEY=VALUE pairs of a port's text. */
struct port_options;

/* The value of the next option `key` that was not taken yet, or NULL. */
const char *port_option(struct port_options *options, const char *key);

/* Writes "port NAME: ..." to the error of port_open. Returns NULL. */
void *port_error(struct port_options *options, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* True if all options were taken; else the error names one that was not. To be called before anything is opened. */
bool port_options_done(struct port_options *options);

struct port *port_dgram_open(struct port_options *options);
struct port *port_loopback_open(struct port_options *options);
struct port *port_none_open(struct port_options *options);
struct port *port_pcap_open(struct port_options *options);
struct port *port_slirp_open(struct port_options *options);
struct port *port_tap_open(struct port_options *options);

#endif
