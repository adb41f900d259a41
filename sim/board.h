/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The simulated board: the card with its PCI function, the host behind a vfio-user connection on one side and a port
 * on the other. Nothing here waits: the event loop calls what is ready and runs the clock in between.
 */
#ifndef BOARD_H
#define BOARD_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "pcie.h"
#include "port/port.h"

struct board;

enum board_link { BOARD_LINK_AUTO, BOARD_LINK_UP, BOARD_LINK_DOWN };

/* A board with `port`, which stays the caller's, at its wire. Copies *pcie. `serial`: EUI-64. NULL: out of memory. */
struct board *board_new(const struct pcie_config *pcie, uint64_t serial, struct port *port);
void board_free(struct board *board);

/* Plugs the card into the client behind the socket `fd`, which is taken over. Returns 0 or -errno. */
int board_connect(struct board *board, int fd);

/* The client's socket, or -1, and what to poll it for. */
int board_client_fd(const struct board *board);
short board_client_events(const struct board *board);

/* Handles what the client has sent. False: it has gone, and the card is as after power-on. */
bool board_serve(struct board *board);

/* Moves frames and runs up to `cycles` of the card's clock. */
void board_run(struct board *board, uint64_t cycles);

/* The card has something to do: board_run wants to be called without a wait. */
bool board_busy(const struct board *board);

/* To be called before a wait: brings recordings to their files. */
void board_flush(struct board *board);

/* Carrier of the wire: as the port says (the default), or up or down whatever it says. */
void board_set_link(struct board *board, enum board_link link);

/*
 * Reads of the BAR0 word at `offset`, a multiple of 4, answer `value` from now on, whatever the card says: how a driver
 * is shown a card of another version, or a broken one. One word at a time; board_unforce ends it.
 */
void board_force(struct board *board, uint32_t offset, uint32_t value);
void board_unforce(struct board *board);

/* Waves and recordings of the wire. Return 0, or -EBUSY: on already, or -errno with a line in `error`. */
int board_wave_start(struct board *board, const char *path, char *error, size_t error_size);
int board_pcap_start(struct board *board, const char *path, char *error, size_t error_size);

/* Return 0 or -EALREADY: off already. */
int board_wave_stop(struct board *board);
int board_pcap_stop(struct board *board);

/* What has been counted since the start. The caller puts it. */
struct json_object *board_stats(const struct board *board);

#endif
