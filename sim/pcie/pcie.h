/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Timing and ordering of a PCIe link, seen by the card as a memory behind an AXI4 port.
 *
 * Requests go in, completions come out some cycles later. Posted writes stay in order; a read does not pass the
 * writes before it; completions of different reads may overtake each other. All randomness comes from the seed: the
 * same calls give the same run, to the cycle.
 */
#ifndef PCIE_H
#define PCIE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zero is an ideal link: answers as soon as the port allows, in order. Times are in cycles of the card's clock. */
struct pcie_config {
	uint32_t round_trip;		/* from a read request to its first data; 200 is 800 ns at 250 MHz */
	uint32_t jitter;		/* up to so many cycles more, at random, for each read */
	uint32_t bytes_per_cycle_up;	/* link rate from card to host; 0: unlimited. Headers are charged */
	uint32_t bytes_per_cycle_down;	/* link rate from host to card; 0: unlimited */
	bool reorder;			/* completions of different AXI IDs may overtake each other */
	uint8_t stall;			/* out of 256 cycles, so many without a ready or valid on the AXI port */
	uint64_t seed;
};

#endif
