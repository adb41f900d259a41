// SPDX-License-Identifier: Apache-2.0
/*
 * The driver's keeping of the card's MAC table (kernel/mactable.c), with a table played here that is looked up after
 * every single write, as frames may be: each address must be found then, and be whose it is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>

#include <linux/etherdevice.h>

#include "mactable.h"

#define WAYS VQNIC_MAC_WAYS
#define ADDRESSES_MAX 2048

struct address {
	u8 mac[ETH_ALEN];
	u32 vdevs;			/* whose it is */
	u32 changing;			/* bits that are being added or removed */
	unsigned int row[WAYS];
};

static struct {
	struct vqnic_mac_table table;
	struct vqnic_mac_slot card[WAYS][VQNIC_MAC_ROWS];
	struct vqnic_mac_slot kept[WAYS * VQNIC_MAC_ROWS];
	struct address addresses[ADDRESSES_MAX];
	size_t count;
	size_t writes;
	size_t fail_at;			/* this write fails; 0: none does */
	uint64_t random;
} t;

static uint64_t random64(void)
{
	t.random += UINT64_C(0x9e3779b97f4a7c15);
	uint64_t z = t.random;

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* The row as docs/registers.md has it, bit by bit. */
static unsigned int row_of(const u8 *mac, unsigned int way)
{
	bool h[36] = { false };
	unsigned int row = 0;

	for (unsigned int i = 0; i < 48; i++)
		for (unsigned int k = 0; mac[i / 8] >> i % 8 & 1 && k < 36; k++)
			h[k] ^= t.table.key[(i + k) / 32] >> (i + k) % 32 & 1;
	for (unsigned int k = 0; k < 9; k++)
		row |= (unsigned int)h[9 * way + k] << k;
	return row & (t.table.rows - 1);
}

/* What the card finds for the address. */
static u32 look_up(const struct address *a)
{
	u32 vdevs = 0;

	for (unsigned int way = 0; way < t.table.ways; way++)
		if (ether_addr_equal(t.card[way][a->row[way]].mac, a->mac))
			vdevs |= t.card[way][a->row[way]].vdevs;
	return vdevs;
}

static void check_all(void)
{
	for (size_t i = 0; i < t.count; i++)
		assert_int_equal(look_up(&t.addresses[i]) & ~t.addresses[i].changing,
				 t.addresses[i].vdevs & ~t.addresses[i].changing);
}

static int write_slot(struct vqnic_mac_table *table, unsigned int way, unsigned int row,
		      const struct vqnic_mac_slot *slot)
{
	assert_ptr_equal(table, &t.table);
	assert_true(way < t.table.ways && row < t.table.rows);
	if (++t.writes == t.fail_at)
		return -EIO;
	t.card[way][row] = *slot;
	check_all();
	return 0;
}

static void start(unsigned int ways, unsigned int rows, uint64_t seed)
{
	memset(&t, 0, sizeof(t));
	t.random = seed;
	t.table.ways = ways;
	t.table.rows = rows;
	t.table.slots = t.kept;
	t.table.write = write_slot;
	for (unsigned int i = 0; i < VQNIC_MAC_KEY_WORDS; i++)
		t.table.key[i] = (u32)random64();
}

/* One more address, that is nobody's yet. */
static struct address *make_address(void)
{
	struct address *a = &t.addresses[t.count++];
	uint64_t bits = random64();

	memcpy(a->mac, &bits, ETH_ALEN);
	for (unsigned int way = 0; way < WAYS; way++)
		a->row[way] = row_of(a->mac, way);
	return a;
}

static int add(struct address *a, u32 vdevs)
{
	int err;

	a->changing = vdevs & ~a->vdevs;
	err = vqnic_mac_add(&t.table, a->mac, vdevs);
	if (!err)
		a->vdevs |= vdevs;
	a->changing = 0;
	check_all();
	assert_int_equal(vqnic_mac_vdevs(&t.table, a->mac), a->vdevs);
	return err;
}

static void del(struct address *a, u32 vdevs)
{
	a->changing = vdevs & a->vdevs;
	assert_int_equal(vqnic_mac_del(&t.table, a->mac, vdevs), 0);
	a->vdevs &= ~vdevs;
	a->changing = 0;
	check_all();
	assert_int_equal(vqnic_mac_vdevs(&t.table, a->mac), a->vdevs);
}

static void rows_are_as_documented(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed < 100; seed++) {
		struct address *a;

		start(WAYS, seed % 2 ? VQNIC_MAC_ROWS : 16, seed);
		a = make_address();
		for (unsigned int way = 0; way < WAYS; way++)
			assert_int_equal(vqnic_mac_row(&t.table, a->mac, way), a->row[way]);
	}
}

/* As many addresses as 16 devices can have, and more: to nine tenths of the table. */
static void fills_up_to_nine_tenths(void **state)
{
	const size_t wanted = WAYS * VQNIC_MAC_ROWS * 9 / 10;

	(void)state;
	for (uint64_t seed = 1; seed <= 3; seed++) {
		start(WAYS, VQNIC_MAC_ROWS, seed);
		for (size_t i = 0; i < wanted; i++)
			assert_int_equal(add(make_address(), 1U << i % 16), 0);
	}
}

/* Addresses come and go, shared by several, in a table that stays nearly full. */
static void addresses_come_and_go(void **state)
{
	(void)state;
	start(WAYS, 64, 4);
	for (size_t i = 0; i < 230; i++)
		assert_int_equal(add(make_address(), 1U << i % 16), 0);
	for (size_t i = 0; i < 20000; i++) {
		struct address *a = &t.addresses[random64() % t.count];
		u32 vdevs = (u32)random64() & (u32)random64() & 0xffff;

		if (vdevs && random64() % 2)
			assert_int_equal(add(a, vdevs), 0);
		else
			del(a, vdevs);
	}
	for (size_t i = 0; i < t.count; i++)
		del(&t.addresses[i], 0xffff);
	for (unsigned int i = 0; i < WAYS * 64; i++)
		assert_int_equal(t.card[i / 64][i % 64].vdevs, 0);
}

/* What does not fit changes nothing, and fits when something has gone. */
static void a_full_table(void **state)
{
	struct address *refused = NULL;

	(void)state;
	start(WAYS, 8, 5);
	while (!refused) {
		struct address *a = make_address();

		if (add(a, 1) == -ENOSPC)
			refused = a;
		assert_true(t.count <= WAYS * 8 + 1);
	}
	assert_true(t.count > WAYS * 8 * 9 / 10);
	assert_int_equal(look_up(refused), 0);
	/* More owners need no room. */
	for (size_t i = 0; i + 1 < t.count; i++)
		assert_int_equal(add(&t.addresses[i], 2), 0);
	for (size_t i = 0; add(refused, 4) == -ENOSPC; i++)
		del(&t.addresses[i], 3);
	assert_int_equal(look_up(refused), 4);
}

/* The card goes away at any one write, and answers again: nothing that was there is lost. */
static void a_write_fails(void **state)
{
	(void)state;
	start(WAYS, 16, 6);
	for (size_t i = 0; i < 40; i++) {
		struct address *a = make_address();

		for (size_t nth = 1; nth < 4; nth++) {
			t.fail_at = t.writes + nth;
			if (!add(a, 1))
				break;
		}
		t.fail_at = 0;
		assert_int_equal(add(a, 1), 0);
	}
	for (size_t i = 0; i < t.count; i++)
		del(&t.addresses[i], 1);
	for (unsigned int i = 0; i < WAYS * 16; i++)
		assert_int_equal(t.card[i / 16][i % 16].vdevs, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_are_as_documented),
		cmocka_unit_test(fills_up_to_nine_tenths),
		cmocka_unit_test(addresses_come_and_go),
		cmocka_unit_test(a_full_table),
		cmocka_unit_test(a_write_fails),
	};

	return cmocka_run_group_tests_name("kernel_mactable", tests, NULL, NULL);
}
