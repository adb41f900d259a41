// SPDX-License-Identifier: Apache-2.0
/* The filter bank: see filter.h. */
#include "filter.h"

#include <string.h>

#include "test.h"
#include "vqnic_regs.h"

/* Work on a slot ends within so many looks. */
#define SLOT_POLLS 100000
/* The field counts in these. */
#define MAC_SLOT_WAY_ONE (VQNIC_MAC_SLOT_WAY & -VQNIC_MAC_SLOT_WAY)

void filter_set_key(const struct filter_access *a, const uint32_t key[3])
{
	a->set(a->opaque, VQNIC_REG_MAC_KEY_0, key[0]);
	a->set(a->opaque, VQNIC_REG_MAC_KEY_1, key[1]);
	a->set(a->opaque, VQNIC_REG_MAC_KEY_2, key[2]);
}

unsigned int filter_row(const uint32_t key[3], const uint8_t mac[6], unsigned int way)
{
	uint64_t hash = 0;

	for (unsigned int i = 0; i < 48; i++) {
		if (!(mac[i / 8] >> i % 8 & 1))
			continue;
		for (unsigned int k = i; k < i + 36; k++)
			hash ^= (uint64_t)(key[k / 32] >> k % 32 & 1) << (k - i);
	}
	return hash >> 9 * way & (VQNIC_MAC_ROWS - 1);
}

static void slot_work(const struct filter_access *a, uint32_t work, unsigned int way, unsigned int row)
{
	unsigned int polls = 0;

	a->set(a->opaque, VQNIC_REG_MAC_SLOT, work | way * MAC_SLOT_WAY_ONE | row);
	while (a->get(a->opaque, VQNIC_REG_MAC_SLOT) & work) {
		a->wait(a->opaque);
		test_check(++polls < SLOT_POLLS, "work on a slot of the MAC table never ends");
	}
}

void filter_read_slot(const struct filter_access *a, unsigned int way, unsigned int row, struct filter_slot *slot)
{
	uint32_t low, high;

	slot_work(a, VQNIC_MAC_SLOT_READ, way, row);
	low = a->get(a->opaque, VQNIC_REG_MAC_LO);
	high = a->get(a->opaque, VQNIC_REG_MAC_HI);
	for (int i = 0; i < 6; i++)
		slot->mac[i] = (uint8_t)(i < 4 ? low >> 8 * i : high >> 8 * (i - 4));
	slot->vdevs = a->get(a->opaque, VQNIC_REG_MAC_VDEVS);
}

void filter_write_slot(const struct filter_access *a, unsigned int way, unsigned int row,
		       const struct filter_slot *slot)
{
	a->set(a->opaque, VQNIC_REG_MAC_LO, slot->mac[0] | (uint32_t)slot->mac[1] << 8 | (uint32_t)slot->mac[2] << 16 |
	       (uint32_t)slot->mac[3] << 24);
	a->set(a->opaque, VQNIC_REG_MAC_HI, slot->mac[4] | (uint32_t)slot->mac[5] << 8);
	a->set(a->opaque, VQNIC_REG_MAC_VDEVS, slot->vdevs);
	slot_work(a, VQNIC_MAC_SLOT_WRITE, way, row);
}

bool filter_set_mac(const struct filter_access *a, const uint8_t mac[6], uint32_t vdevs)
{
	uint32_t key[3];
	int room = -1;

	for (unsigned int i = 0; i < 3; i++)
		key[i] = a->get(a->opaque, VQNIC_REG_MAC_KEY_0 + 4 * i);
	for (unsigned int way = 0; way < VQNIC_MAC_WAYS; way++) {
		struct filter_slot slot;

		filter_read_slot(a, way, filter_row(key, mac, way), &slot);
		if (slot.vdevs && !memcmp(slot.mac, mac, 6)) {
			slot.vdevs = vdevs;
			filter_write_slot(a, way, filter_row(key, mac, way), &slot);
			return true;
		}
		if (!slot.vdevs && room < 0)
			room = (int)way;
	}
	if (room < 0)
		return !vdevs;
	if (vdevs) {
		struct filter_slot slot = { .vdevs = vdevs };

		memcpy(slot.mac, mac, 6);
		filter_write_slot(a, (unsigned int)room, filter_row(key, mac, (unsigned int)room), &slot);
	}
	return true;
}

void filter_set_vlan(const struct filter_access *a, uint16_t vlan, uint32_t rx, uint32_t tx)
{
	a->set(a->opaque, VQNIC_REG_VLAN_SELECT, vlan);
	a->set(a->opaque, VQNIC_REG_VLAN_RX, rx);
	a->set(a->opaque, VQNIC_REG_VLAN_TX, tx);
}
