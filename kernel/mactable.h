/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The card's MAC table as the driver keeps it: which slot holds which address, and whose the
 * address is. Knows the rules of the table (docs/registers.md, bank "filter"), not how a slot is
 * written. The caller excludes concurrent calls.
 */
#ifndef VQNIC_MACTABLE_H
#define VQNIC_MACTABLE_H

#include <linux/if_ether.h>
#include <linux/types.h>

#include "vqnic_regs.h"

#define VQNIC_MAC_KEY_WORDS (VQNIC_MAC_KEY_BITS / 32)
/* Slots that the search for a free one looks at. */
#define VQNIC_MAC_SEARCH 256

struct vqnic_mac_slot {
	u8 mac[ETH_ALEN];
	u32 vdevs;		/* bit v: the address is vdev v's; 0: the slot is empty */
};

struct vqnic_mac_table {
	unsigned int ways;
	unsigned int rows;	/* of each way, a power of two */
	u32 key[VQNIC_MAC_KEY_WORDS];
	struct vqnic_mac_slot *slots;	/* ways * rows, way by way; those of the card */
	/* Makes the card's slot what *slot says, as a whole. 0 or a negative errno. */
	int (*write)(struct vqnic_mac_table *table, unsigned int way, unsigned int row,
		     const struct vqnic_mac_slot *slot);

	struct {
		u16 slot;
		u16 parent;	/* the entry of slot nodes[parent] can be moved to this slot */
	} nodes[VQNIC_MAC_SEARCH];	/* of the search */
};

unsigned int vqnic_mac_row(const struct vqnic_mac_table *table, const u8 *mac, unsigned int way);
u32 vqnic_mac_vdevs(const struct vqnic_mac_table *table, const u8 *mac);
int vqnic_mac_add(struct vqnic_mac_table *table, const u8 *mac, u32 vdevs);
int vqnic_mac_del(struct vqnic_mac_table *table, const u8 *mac, u32 vdevs);

#endif /* VQNIC_MACTABLE_H */
