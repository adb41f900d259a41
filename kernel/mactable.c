// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cuckoo hashing over the ways of the card's MAC table. Frames are looked up while it changes: an
 * entry is moved by writing it to where it goes before its old slot is used for another, so that
 * an address that is in the table is found at any moment.
 */
#include <linux/errno.h>
#include <linux/etherdevice.h>
#include <linux/string.h>

#include "mactable.h"

/* Bits of an address's hash that choose a row of one way. */
#define VQNIC_MAC_ROW_BITS 9
#define VQNIC_MAC_HASH_BITS (VQNIC_MAC_ROW_BITS * VQNIC_MAC_WAYS)
#define VQNIC_MAC_NO_PARENT VQNIC_MAC_SEARCH

static_assert(VQNIC_MAC_ROWS == 1 << VQNIC_MAC_ROW_BITS);
static_assert(VQNIC_MAC_WAYS * VQNIC_MAC_ROWS <= 1 << 16);
static_assert(VQNIC_MAC_HASH_BITS + ETH_ALEN * 8 - 1 <= VQNIC_MAC_KEY_BITS);

/* The exclusive or of the key's windows, one for each bit that is set in the address. */
static u64 vqnic_mac_hash(const struct vqnic_mac_table *table, const u8 *mac)
{
	u64 window = table->key[0] | (u64)table->key[1] << 32;
	u64 rest = table->key[2];
	u64 hash = 0;
	unsigned int i;

	for (i = 0; i < ETH_ALEN * 8; i++) {
		if (mac[i / 8] >> i % 8 & 1)
			hash ^= window;
		window = window >> 1 | rest << 63;
		rest >>= 1;
	}
	return hash;
}

static unsigned int vqnic_mac_index(const struct vqnic_mac_table *table, u64 hash,
				    unsigned int way)
{
	return way * table->rows + (hash >> VQNIC_MAC_ROW_BITS * way & (table->rows - 1));
}

/* The row of way `way` where the address can be. */
unsigned int vqnic_mac_row(const struct vqnic_mac_table *table, const u8 *mac, unsigned int way)
{
	return vqnic_mac_index(table, vqnic_mac_hash(table, mac), way) % table->rows;
}

static int vqnic_mac_write(struct vqnic_mac_table *table, unsigned int index,
			   const struct vqnic_mac_slot *slot)
{
	int err = table->write(table, index / table->rows, index % table->rows, slot);

	if (!err)
		table->slots[index] = *slot;
	return err;
}

/* The slot that holds the address; NULL if none does. */
static const struct vqnic_mac_slot *vqnic_mac_find(const struct vqnic_mac_table *table,
						   const u8 *mac)
{
	u64 hash = vqnic_mac_hash(table, mac);
	unsigned int way;

	for (way = 0; way < table->ways; way++) {
		const struct vqnic_mac_slot *slot =
			&table->slots[vqnic_mac_index(table, hash, way)];

		if (slot->vdevs && ether_addr_equal(slot->mac, mac))
			return slot;
	}
	return NULL;
}

/* Whose the address is. */
u32 vqnic_mac_vdevs(const struct vqnic_mac_table *table, const u8 *mac)
{
	const struct vqnic_mac_slot *slot = vqnic_mac_find(table, mac);

	return slot ? slot->vdevs : 0;
}

/* Adds the slots where the address can be to the search; returns how many nodes there are then. */
static unsigned int vqnic_mac_reach(struct vqnic_mac_table *table, const u8 *mac,
				    unsigned int parent, unsigned int count)
{
	u64 hash = vqnic_mac_hash(table, mac);
	unsigned int way, i;

	for (way = 0; way < table->ways && count < VQNIC_MAC_SEARCH; way++) {
		unsigned int index = vqnic_mac_index(table, hash, way);

		for (i = 0; i < count && table->nodes[i].slot != index; i++)
			;
		if (i < count)
			continue;
		table->nodes[count].slot = index;
		table->nodes[count].parent = parent;
		count++;
	}
	return count;
}

/*
 * Looks for a free slot, breadth first: the shortest way of moving entries that makes room for the
 * address. Returns the free slot's node, or -ENOSPC.
 */
static int vqnic_mac_search(struct vqnic_mac_table *table, const u8 *mac)
{
	unsigned int count = vqnic_mac_reach(table, mac, VQNIC_MAC_NO_PARENT, 0);
	unsigned int i;

	for (i = 0; i < count; i++) {
		const struct vqnic_mac_slot *slot = &table->slots[table->nodes[i].slot];

		if (!slot->vdevs)
			return i;
		count = vqnic_mac_reach(table, slot->mac, i, count);
	}
	return -ENOSPC;
}

/*
 * Writes *slot to every slot that holds its address. With VDEVS 0 the address is out of the table.
 * It can lie in two if a move was not finished, because the card went away.
 */
static int vqnic_mac_rewrite(struct vqnic_mac_table *table, const struct vqnic_mac_slot *slot)
{
	u64 hash = vqnic_mac_hash(table, slot->mac);
	unsigned int way;
	int err = 0;

	for (way = 0; !err && way < table->ways; way++) {
		unsigned int index = vqnic_mac_index(table, hash, way);

		if (table->slots[index].vdevs &&
		    ether_addr_equal(table->slots[index].mac, slot->mac))
			err = vqnic_mac_write(table, index, slot);
	}
	return err;
}

/*
 * From now on the address is also `vdevs`' (not 0). -ENOSPC: there is no room for it; or what the
 * write returned. On an error nothing has changed but where other entries lie.
 */
int vqnic_mac_add(struct vqnic_mac_table *table, const u8 *mac, u32 vdevs)
{
	u32 before = vqnic_mac_vdevs(table, mac);
	struct vqnic_mac_slot slot = { .vdevs = before | vdevs };
	unsigned int parent;
	int node, err;

	if (slot.vdevs == before)
		return 0;
	ether_addr_copy(slot.mac, mac);
	if (before)
		return vqnic_mac_rewrite(table, &slot);
	node = vqnic_mac_search(table, mac);
	if (node < 0)
		return node;
	for (; table->nodes[node].parent != VQNIC_MAC_NO_PARENT; node = parent) {
		parent = table->nodes[node].parent;
		err = vqnic_mac_write(table, table->nodes[node].slot,
				      &table->slots[table->nodes[parent].slot]);
		if (err)
			return err;
	}
	return vqnic_mac_write(table, table->nodes[node].slot, &slot);
}

/* From now on the address is not `vdevs`' any more. Fails only as the write does. */
int vqnic_mac_del(struct vqnic_mac_table *table, const u8 *mac, u32 vdevs)
{
	u32 before = vqnic_mac_vdevs(table, mac);
	struct vqnic_mac_slot slot = { .vdevs = before & ~vdevs };

	if (slot.vdevs == before)
		return 0;
	ether_addr_copy(slot.mac, mac);
	return vqnic_mac_rewrite(table, &slot);
}
