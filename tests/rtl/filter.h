/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The filter bank of a card as its owner sees it: the hash of the MAC table, and the registers through which a slot or
 * a VLAN is read and written. How registers are accessed is the caller's: through a whole card, or the switch alone.
 */
#ifndef FILTER_H
#define FILTER_H

#include <stdbool.h>
#include <stdint.h>

/* Offsets are those of the filter bank. `wait` lets the card work between two looks at a register that will change. */
struct filter_access {
	void *opaque;
	uint32_t (*get)(void *opaque, uint32_t offset);
	void (*set)(void *opaque, uint32_t offset, uint32_t value);
	void (*wait)(void *opaque);
};

struct filter_slot {
	uint8_t mac[6];
	uint32_t vdevs;
};

void filter_set_key(const struct filter_access *a, const uint32_t key[3]);
/* The row of way `way` in which an address may lie. */
unsigned int filter_row(const uint32_t key[3], const uint8_t mac[6], unsigned int way);

void filter_read_slot(const struct filter_access *a, unsigned int way, unsigned int row, struct filter_slot *slot);
void filter_write_slot(const struct filter_access *a, unsigned int way, unsigned int row,
		       const struct filter_slot *slot);
/* Gives an address to `vdevs`, and to nobody else. False: there is no room for it. */
bool filter_set_mac(const struct filter_access *a, const uint8_t mac[6], uint32_t vdevs);

void filter_set_vlan(const struct filter_access *a, uint16_t vlan, uint32_t rx, uint32_t tx);

#endif
