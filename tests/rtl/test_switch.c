// SPDX-License-Identifier: Apache-2.0
/*
 * The switch against a model of what docs/switch.md says: whom frames are for, which bytes they have when they get
 * there, which checksums are right, which pair receives a flow, and what is counted.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "filter.h"
#include "rng.h"
#include "switch_model.h"
#include "test.h"
#include "vqnic_regs.h"

#define VDEVS SWITCH_VDEVS
#define ALL_VDEVS ((1u << VDEVS) - 1)
#define FRAME_MAX VQNIC_FRAME_BYTES_MAX
#define ADDRESSES 24		/* in the MAC table */
#define STRANGERS 6		/* not in it */
#define VLAN_POOL 5
#define DRAIN_CYCLES 2000000
#define CLEAR_CYCLES 1000
#define FLOWS 4096
#define TYPE_VLAN 0x8100
#define FIELD(value, mask) (((value) & (mask)) / ((mask) & -(mask)))

struct expected {
	uint8_t *bytes;
	size_t len;
	struct switch_rx info;
	struct expected *next;
};

struct fifo {
	struct expected *first, **last;
};

struct vdev {
	bool enable;
	uint32_t rx_mode, policy;
	unsigned int pairs;
};

struct flow {
	bool known;
	unsigned int vdev, tag, pair;
};

static struct rig {
	struct switch_model *m;
	struct filter_access filter;
	uint64_t rng;
	char failure[512];

	struct vdev vdev[VDEVS];
	uint8_t mac[ADDRESSES + STRANGERS][6];
	uint32_t mac_vdevs[ADDRESSES];
	uint16_t vlans[VLAN_POOL];
	uint32_t vlan_rx[VQNIC_VLANS], vlan_tx[VQNIC_VLANS];
	struct flow flows[FLOWS];
	bool one_row;			/* all addresses have the same hash: only MAC_WAYS of them have room */
	bool pairs_count;		/* the pair that a frame goes to is compared */
	bool loose;			/* nothing is expected: a test looks itself */

	struct fifo due[2][2];		/* from: 0 wire, 1 vdevs; to: 0 wire, 1 vdevs */
	uint64_t counters[SWITCH_COUNTERS][VDEVS];
	struct switch_rx last;		/* what came out for vdevs, and how many times */
	uint8_t last_frame[FRAME_MAX + 64];
	size_t last_len;
	uint64_t to_vdevs, to_wire;
	void (*seen)(const struct switch_rx *info, const uint8_t *frame, size_t len);	/* info NULL: on the wire */
} rig;

static uint64_t pick(uint64_t low, uint64_t high)
{
	return rng_range(&rig.rng, low, high);
}

static bool chance(unsigned int percent)
{
	return pick(0, 99) < percent;
}

__attribute__((format(printf, 1, 2))) static void fail(const char *format, ...)
{
	va_list args;

	if (rig.failure[0])
		return;
	va_start(args, format);
	vsnprintf(rig.failure, sizeof(rig.failure), format, args);
	va_end(args);
}

/* ---- what comes out ---- */

static bool matches(const struct expected *e, const struct switch_rx *info, const uint8_t *frame, size_t len)
{
	if (!e || e->len != len || memcmp(e->bytes, frame, len))
		return false;
	return !info || (e->info.vdevs == info->vdevs && e->info.tagged == info->tagged &&
			 e->info.csum_ok == info->csum_ok);
}

static void pop(struct fifo *f)
{
	struct expected *e = f->first;

	f->first = e->next;
	if (!f->first)
		f->last = &f->first;
	free(e->bytes);
	free(e);
}

static void came_out(const struct switch_rx *info, const uint8_t *frame, size_t len)
{
	const struct expected *e;

	if (rig.seen)
		rig.seen(info, frame, len);
	if (rig.loose)
		return;
	for (int from = 0; from < 2; from++) {
		struct fifo *f = &rig.due[from][info != NULL];

		if (!matches(f->first, info, frame, len))
			continue;
		for (unsigned int i = 0; info && rig.pairs_count && i < VDEVS; i++)
			if (info->vdevs >> i & 1 && info->pair[i] != f->first->info.pair[i])
				fail("vdev %u receives a flow on pair %u, not %u", i, info->pair[i],
				     f->first->info.pair[i]);
		pop(f);
		return;
	}
	e = rig.due[1][info != NULL].first;
	e = e ? e : rig.due[0][info != NULL].first;
	if (!e)
		fail("a frame of %zu bytes that is not due, to %s", len, info ? "vdevs" : "the wire");
	else if (info)
		fail("%zu bytes to vdevs 0x%x, tagged %d, checksum %d; due: %zu to 0x%x, tagged %d, checksum %d%s", len,
		     info->vdevs, info->tagged, info->csum_ok, e->len, e->info.vdevs, e->info.tagged, e->info.csum_ok,
		     len == e->len && memcmp(e->bytes, frame, len) ? ", other bytes" : "");
	else
		fail("a frame of %zu bytes to the wire, due is one of %zu bytes%s", len, e->len,
		     len == e->len ? " that are others" : "");
}

static void to_wire(void *opaque, const uint8_t *frame, size_t len)
{
	(void)opaque;
	rig.to_wire++;
	came_out(NULL, frame, len);
}

static void to_vdevs(void *opaque, const struct switch_rx *info, const uint8_t *frame, size_t len)
{
	(void)opaque;
	rig.to_vdevs++;
	rig.last = *info;
	rig.last_len = len;
	memcpy(rig.last_frame, frame, len);
	came_out(info, frame, len);
}

/* ---- the rig ---- */

static uint32_t get(void *opaque, uint32_t offset)
{
	return switch_get(opaque, offset);
}

static void set(void *opaque, uint32_t offset, uint32_t value)
{
	switch_set(opaque, offset, value);
}

static void wait(void *opaque)
{
	switch_run(opaque, 1);
}

static void cleanup(void)
{
	for (int i = 0; i < 4; i++)
		while (rig.due[i / 2][i % 2].first)
			pop(&rig.due[i / 2][i % 2]);
	if (rig.m)
		switch_free(rig.m);
	rig.m = NULL;
}

static void run(unsigned int cycles)
{
	switch_run(rig.m, cycles);
	test_check(!rig.failure[0], "%s", rig.failure);
}

static void clear(void)
{
	for (unsigned int i = 0; switch_clearing(rig.m); i++) {
		run(1);
		test_check(i < CLEAR_CYCLES, "the tables are never clear");
	}
}

static void forget_expected(void)
{
	for (int i = 0; i < 4; i++)
		while (rig.due[i / 2][i % 2].first)
			pop(&rig.due[i / 2][i % 2]);
	memset(rig.counters, 0, sizeof(rig.counters));
}

static void start(uint64_t seed)
{
	static const struct switch_ops ops = { .to_wire = to_wire, .to_vdevs = to_vdevs };
	uint32_t key[3];

	cleanup();
	memset(&rig, 0, sizeof(rig));
	rig.rng = seed;
	for (int i = 0; i < 4; i++)
		rig.due[i / 2][i % 2].last = &rig.due[i / 2][i % 2].first;
	rig.m = switch_new(&ops, NULL, test_wave_file());
	rig.filter = (struct filter_access){ .opaque = rig.m, .get = get, .set = set, .wait = wait };
	clear();
	for (int i = 0; i < 3; i++)
		key[i] = (uint32_t)rng_next(&rig.rng);
	filter_set_key(&rig.filter, key);
}

static void random_stalls(void)
{
	static const unsigned int stalls[] = { 0, 0, 30, 128, 230 };

	switch_stall(rig.m, stalls[pick(0, 4)], stalls[pick(0, 4)], stalls[pick(0, 4)], rng_next(&rig.rng));
}

/* Everything that was to come has come, and nothing else, and is counted. The owner looks at the tables meanwhile. */
static void drain(void)
{
	for (unsigned int i = 0; !switch_idle(rig.m); i++) {
		switch_set(rig.m, VQNIC_REG_VLAN_SELECT, (uint32_t)pick(0, VQNIC_VLANS - 1));
		run((unsigned int)pick(1, 20));
		test_check(i < DRAIN_CYCLES / 20, "frames never come out");
	}
	if (rig.loose)
		return;
	for (int i = 0; i < 4; i++)
		test_check(!rig.due[i / 2][i % 2].first, "a frame of %zu bytes from %s to %s is missing",
			   rig.due[i / 2][i % 2].first->len, i / 2 ? "a vdev" : "the wire", i % 2 ? "vdevs" : "the wire");
	for (int k = 0; k < SWITCH_COUNTERS; k++)
		for (unsigned int i = 0; i < VDEVS; i++)
			test_equal(switch_count(rig.m, (enum switch_counter)k, i), rig.counters[k][i],
				   "counter %d of vdev %u", k, i);
}

static void config(unsigned int vdev)
{
	struct vdev *d = &rig.vdev[vdev];

	switch_config(rig.m, vdev, d->enable, d->rx_mode, d->policy, d->pairs);
}

static void set_vlan(uint16_t vlan, uint32_t rx, uint32_t tx)
{
	rig.vlan_rx[vlan] = rx;
	rig.vlan_tx[vlan] = tx;
	filter_set_vlan(&rig.filter, vlan, rx, tx);
}

static void set_mac(unsigned int i, uint32_t vdevs)
{
	bool room = filter_set_mac(&rig.filter, rig.mac[i], vdevs);

	test_check(room || rig.one_row, "no room in the MAC table");
	rig.mac_vdevs[i] = room ? vdevs : 0;
}

static void random_addresses(void)
{
	for (unsigned int i = 0; i < ADDRESSES + STRANGERS; i++) {
		for (int k = 0; k < 6; k++)
			rig.mac[i][k] = (uint8_t)rng_next(&rig.rng);
		rig.mac[i][0] = (uint8_t)((rig.mac[i][0] & 0xfc) | 2 | (i % 4 == 3));
		/* Some differ in one bit only. */
		if (i && chance(rig.one_row ? 80 : 30)) {
			memcpy(rig.mac[i], rig.mac[i - 1], 6);
			rig.mac[i][pick(0, 5)] ^= (uint8_t)(1 << pick(1, 7));
		}
	}
	for (unsigned int i = 0; i < ADDRESSES + STRANGERS; i++)
		for (unsigned int k = 0; k < i; k++)
			if (!memcmp(rig.mac[i], rig.mac[k], 6))
				rig.mac[i][5]++, k = (unsigned int)-1;
}

static uint32_t random_policy(void)
{
	return (chance(30) ? VQNIC_VDEV_POLICY_SPOOF_CHECK : 0) | (chance(30) ? VQNIC_VDEV_POLICY_VLAN_CHECK : 0) |
	       (chance(35) ? VQNIC_VDEV_POLICY_PORT_VLAN : 0) | (uint32_t)rig.vlans[pick(0, VLAN_POOL - 1)] << 16 |
	       (uint32_t)pick(0, 7) << 29;
}

static uint32_t random_mode(void)
{
	uint32_t mode = 0;

	for (unsigned int bit = 0; bit <= 8; bit += bit == 5 ? 3 : 1)
		mode |= (uint32_t)chance(bit == 8 ? 50 : 20) << bit;
	return mode;
}

static void random_config(void)
{
	for (unsigned int i = 0; i < VLAN_POOL; i++) {
		rig.vlans[i] = (uint16_t)(i ? pick(1, 4095) : chance(50) ? 0 : pick(1, 4095));
		set_vlan(rig.vlans[i], (uint32_t)rng_next(&rig.rng) & ALL_VDEVS,
			 (uint32_t)rng_next(&rig.rng) & ALL_VDEVS);
	}
	for (unsigned int i = 0; i < VDEVS; i++) {
		struct vdev *d = &rig.vdev[i];

		d->enable = chance(85);
		d->rx_mode = random_mode();
		d->policy = random_policy();
		d->pairs = (unsigned int)pick(1, 16);
		config(i);
	}
	for (unsigned int i = 0; i < ADDRESSES; i++) {
		uint32_t one = 1u << pick(0, VDEVS - 1);

		set_mac(i, chance(60) ? one : chance(30) ? 0 : one | ((uint32_t)rng_next(&rig.rng) & ALL_VDEVS));
	}
}

/* ---- what docs/switch.md says ---- */

static uint16_t be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static void put16(uint8_t *p, uint32_t value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

/* One's complement sum of bytes, as RFC 1071 has it, continued from `sum`. */
static uint32_t sum16(uint32_t sum, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		sum += (uint32_t)bytes[i] << (i % 2 ? 0 : 8);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

struct parsed {
	bool tagged, cut;
	uint16_t tci;
	size_t l3;
	bool ip, six, fragment, ports;
	uint8_t proto;
	size_t l4, l4_end, field;	/* 0: no checksum that could be verified */
	bool no_csum;
	uint32_t hash;
};

static struct parsed parse(const uint8_t *f, size_t len)
{
	struct parsed p = { .l3 = 14 };
	uint8_t key[19] = { 0 };
	uint16_t type = be16(f + 12);
	uint32_t crc = 0xffffffff;
	size_t room, l4_len = 0;

	if (type == TYPE_VLAN) {
		p.tagged = len >= 18;
		p.cut = !p.tagged;
		if (p.tagged) {
			p.tci = be16(f + 14);
			p.l3 = 18;
			type = be16(f + 16);
		}
	}
	room = len - p.l3;
	for (int i = 0; i < 6; i++)
		key[10 + i] = f[i] ^ f[6 + i];
	f += p.l3;
	if (type == 0x0800 && room >= 20 && f[0] >> 4 == 4) {
		size_t header = (f[0] & 15u) * 4, total = be16(f + 2);

		p.ip = header >= 20 && total >= header && total <= room;
		p.fragment = p.ip && (be16(f + 6) & 0x3fff);
		p.proto = f[9];
		p.l4 = p.l3 + header;
		l4_len = total - header;
	} else if (type == 0x86dd && room >= 40 && f[0] >> 4 == 6) {
		l4_len = be16(f + 4);
		p.ip = l4_len <= room - 40;
		p.six = true;
		p.proto = f[6];
		p.l4 = p.l3 + 40;
	}
	if (p.ip) {
		memset(key, 0, sizeof(key));
		for (unsigned int i = 0; i < (p.six ? 16 : 4); i++)
			key[i + (p.six ? 0 : 12)] = p.six ? f[8 + i] ^ f[24 + i] : f[12 + i] ^ f[16 + i];
		p.ports = !p.fragment && ((p.proto == 6 && l4_len >= 20) || (p.proto == 17 && l4_len >= 8));
	}
	if (p.ports) {
		const uint8_t *l4 = f - p.l3 + p.l4;

		key[16] = l4[0] ^ l4[2];
		key[17] = l4[1] ^ l4[3];
		key[18] = p.proto;
		p.l4_end = p.l4 + l4_len;
		if (p.proto == 6)
			p.field = p.l4 + 16;
		else if (be16(l4 + 4) == l4_len)
			p.field = p.l4 + 6;
		p.no_csum = p.proto == 17 && !be16(l4 + 6);
	}
	for (int i = 0; i < 19; i++) {
		crc ^= (uint32_t)key[i] << 24;
		for (int k = 0; k < 8; k++)
			crc = crc << 1 ^ (crc >> 31 ? 0x04c11db7 : 0);
	}
	p.hash = crc;
	return p;
}

static uint32_t pseudo_sum(const uint8_t *f, const struct parsed *p)
{
	uint8_t rest[4] = { 0, p->proto, 0, 0 };

	put16(rest + 2, (uint32_t)(p->l4_end - p->l4));
	return sum16(sum16(0, rest, 4), f + p->l3 + (p->six ? 8 : 12), p->six ? 32 : 8);
}

/* The sum over pseudo header and segment: 0xffff if its checksum is right. */
static uint32_t l4_sum(const uint8_t *f, const struct parsed *p)
{
	return sum16(pseudo_sum(f, p), f + p->l4, p->l4_end - p->l4);
}

static uint32_t owners(const uint8_t mac[6])
{
	for (unsigned int i = 0; i < ADDRESSES; i++)
		if (!memcmp(rig.mac[i], mac, 6))
			return rig.mac_vdevs[i];
	return 0;
}

static unsigned int due_pair(unsigned int vdev, uint32_t hash)
{
	const struct flow *f = &rig.flows[(hash ^ vdev << 8) % FLOWS];

	if (f->known && f->vdev == vdev && f->tag == (hash >> 12 & 15) && f->pair < rig.vdev[vdev].pairs)
		return f->pair;
	return (hash >> 16) * rig.vdev[vdev].pairs >> 16;
}

static void due(bool from_vdev, const struct switch_rx *info, const uint8_t *bytes, size_t len)
{
	struct fifo *f = &rig.due[from_vdev][info != NULL];
	struct expected *e = calloc(1, sizeof(*e));

	e->bytes = malloc(len);
	memcpy(e->bytes, bytes, len);
	e->len = len;
	if (info)
		e->info = *info;
	*f->last = e;
	f->last = &e->next;
}

/* Whom a frame is for, with the state as it is now, and how it gets there. */
static void expect(const struct switch_tx *tx, const uint8_t *frame, size_t len)
{
	static const uint8_t broadcast[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	const struct vdev *sender = tx ? &rig.vdev[tx->vdev] : NULL;
	bool port = sender && sender->policy & VQNIC_VDEV_POLICY_PORT_VLAN;
	uint8_t bytes[FRAME_MAX + 8], untagged[FRAME_MAX + 8];
	uint32_t plain = 0, bare = 0, lost = 0, known = 0, has = owners(frame);
	struct switch_rx info = { 0 };
	bool multicast = frame[0] & 1, patched = false, wire;
	struct parsed p = parse(frame, len);
	uint16_t vid = p.tci & 0xfff, vlan = p.tagged ? vid : 0;
	size_t field = 0, plain_len = len;

	if (!tx) {
		rig.counters[SWITCH_WIRE_RX][0]++;
		if (p.cut || len > FRAME_MAX) {
			rig.counters[SWITCH_DROP_ERROR][0]++;
			return;
		}
	} else {
		if (!sender->enable)
			return;
		if (sender->policy & VQNIC_VDEV_POLICY_SPOOF_CHECK &&
		    (frame[6] & 1 || !(owners(frame + 6) >> tx->vdev & 1))) {
			rig.counters[SWITCH_TX_DROP_SPOOF][tx->vdev]++;
			return;
		}
		if (p.cut || (port && (p.tagged ? vid != 0 : len + 4 > FRAME_MAX)) ||
		    (!port && sender->policy & VQNIC_VDEV_POLICY_VLAN_CHECK && p.tagged && vid &&
		     !(rig.vlan_tx[vid] >> tx->vdev & 1))) {
			rig.counters[SWITCH_TX_DROP_VLAN][tx->vdev]++;
			return;
		}
		if (port)
			vlan = FIELD(sender->policy, VQNIC_VDEV_POLICY_PVID);
		rig.flows[(p.hash ^ tx->vdev << 8) % FLOWS] = (struct flow){ true, tx->vdev, p.hash >> 12 & 15, tx->pair };
	}
	for (unsigned int i = 0; i < VDEVS; i++)
		known |= (uint32_t)rig.vdev[i].enable << i & has;
	wire = tx && (multicast || !known);
	for (unsigned int i = 0; i < VDEVS; i++) {
		const struct vdev *d = &rig.vdev[i];
		bool fits, mine = has >> i & 1, promisc = d->rx_mode & VQNIC_VDEV_RX_MODE_PROMISC;

		if (!d->enable || (tx && tx->vdev == i))
			continue;
		if (!memcmp(frame, broadcast, 6)) {
			if (d->rx_mode & VQNIC_VDEV_RX_MODE_NOBCAST)
				continue;
		} else if (multicast) {
			if (d->rx_mode & VQNIC_VDEV_RX_MODE_NOMULTI ||
			    !(mine || promisc || d->rx_mode & VQNIC_VDEV_RX_MODE_ALLMULTI))
				continue;
		} else if (d->rx_mode & VQNIC_VDEV_RX_MODE_NOUNI ||
			   !(known ? mine : promisc || d->rx_mode & VQNIC_VDEV_RX_MODE_ALLUNI)) {
			continue;
		}
		if (d->policy & VQNIC_VDEV_POLICY_PORT_VLAN)
			fits = vlan == FIELD(d->policy, VQNIC_VDEV_POLICY_PVID);
		else
			fits = !(d->rx_mode & VQNIC_VDEV_RX_MODE_VLAN_FILTER) || !vlan || rig.vlan_rx[vlan] >> i & 1;
		if (fits && d->policy & VQNIC_VDEV_POLICY_PORT_VLAN)
			bare |= 1u << i;
		else if (fits)
			plain |= 1u << i;
		else if (!multicast && known)
			lost |= 1u << i;
		info.pair[i] = due_pair(i, p.hash);
	}
	for (unsigned int i = 0; i < VDEVS; i++)
		rig.counters[SWITCH_RX_DROP_VLAN][i] += lost >> i & 1;
	rig.counters[SWITCH_DROP_FILTER][0] += !tx && !plain && !bare && !lost;
	rig.counters[SWITCH_SWITCHED][0] += tx && (plain || bare);
	rig.counters[SWITCH_WIRE_TX][0] += wire;

	memcpy(bytes, frame, len);
	if (tx && tx->csum) {
		field = (size_t)tx->csum_start + tx->csum_offset;
		patched = field >= p.l3 && field + 2 <= len && tx->csum_start <= len;
	}
	if (patched) {
		uint32_t csum = 0xffff & ~sum16(0, frame + tx->csum_start, len - tx->csum_start);

		put16(bytes + field, csum ? csum : 0xffff);
	}
	info.csum_ok = p.field && (patched ? field == p.field : !p.no_csum) && l4_sum(bytes, &p) == 0xffff;

	memcpy(untagged, bytes, len);
	if (p.tagged)
		memmove(untagged + 12, untagged + 16, len - 16);
	if (port) {
		if (!p.tagged) {
			memmove(bytes + 16, bytes + 12, len - 12);
			put16(bytes + 12, TYPE_VLAN);
			plain_len += 4;
		}
		put16(bytes + 14, FIELD(sender->policy, VQNIC_VDEV_POLICY_PCP) << 13 |
		      FIELD(sender->policy, VQNIC_VDEV_POLICY_PVID));
	}
	if (wire)
		due(true, NULL, bytes, plain_len);
	info.vdevs = plain;
	info.tagged = p.tagged || port;
	if (plain)
		due(tx, &info, bytes, plain_len);
	info.vdevs = bare;
	info.tagged = false;
	if (bare)
		due(tx, &info, untagged, len - (p.tagged ? 4 : 0));
}

static void send(const struct switch_tx *tx, const uint8_t *frame, size_t len)
{
	if (!rig.loose)
		expect(tx, frame, len);
	switch_send(rig.m, tx, frame, len);
}

/* ---- frames ---- */

static void random_bytes(uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		p[i] = (uint8_t)rng_next(&rig.rng);
}

/* Addresses, and perhaps a tag. Returns their bytes. */
static size_t random_l2(uint8_t *f, unsigned int vdev)
{
	size_t at = 12;

	memcpy(f, rig.mac[pick(0, ADDRESSES + STRANGERS - 1)], 6);
	if (chance(10))
		memset(f, 0xff, 6);
	memcpy(f + 6, rig.mac[pick(0, ADDRESSES + STRANGERS - 1)], 6);
	/* Mostly one that is the sender's. */
	for (unsigned int i = 0; chance(80) && i < ADDRESSES; i++)
		if (rig.mac_vdevs[i] >> vdev & 1)
			memcpy(f + 6, rig.mac[i], 6);
	if (chance(45)) {
		put16(f + 12, TYPE_VLAN);
		put16(f + 14, (uint32_t)pick(0, 15) << 12 | (chance(25) ? 0 : rig.vlans[pick(0, VLAN_POOL - 1)]));
		at = 16;
	}
	return at;
}

/* TCP or UDP with a right checksum behind `at` bytes, with `payload` bytes. Returns the frame's. */
static size_t make_l4(uint8_t *f, size_t at, bool six, bool tcp, size_t payload)
{
	size_t header = six ? 40 : 20 + 4 * (chance(50) ? 0 : pick(0, 10)), l4_len = (tcp ? 20 : 8) + payload;
	size_t l3 = at + 2, l4 = l3 + header;
	struct parsed p;

	put16(f + at, six ? 0x86dd : 0x0800);
	random_bytes(f + l3, header + l4_len);
	if (six) {
		f[l3] = 0x60 | (f[l3] & 15);
		put16(f + l3 + 4, (uint32_t)l4_len);
		f[l3 + 6] = tcp ? 6 : 17;
	} else {
		f[l3] = (uint8_t)(0x40 | header / 4);
		put16(f + l3 + 2, (uint32_t)(header + l4_len));
		put16(f + l3 + 6, chance(50) ? 0x4000 : 0);
		f[l3 + 9] = tcp ? 6 : 17;
	}
	if (!tcp)
		put16(f + l4 + 4, (uint32_t)l4_len);
	p = parse(f, l4 + l4_len);
	put16(f + p.field, 0);
	put16(f + p.field, (0xffff & ~l4_sum(f, &p)) ? (0xffff & ~l4_sum(f, &p)) : 0xffff);
	return l4 + l4_len;
}

static size_t random_frame(uint8_t *f, unsigned int vdev)
{
	size_t at = random_l2(f, vdev), len;

	if (chance(40)) {		/* no matter what */
		len = chance(30) ? pick(14, 20) : pick(14, chance(10) ? FRAME_MAX : 400);
		if (len > at)
			random_bytes(f + at, len - at);
		return len;
	}
	len = make_l4(f, at, chance(40), chance(50), pick(0, chance(10) ? 8900 : 300));
	if (chance(20))			/* fragments, other protocols, wrong lengths and versions */
		f[at + 2 + pick(0, 9)] ^= (uint8_t)(1 << pick(0, 7));
	if (chance(20))
		f[pick(at + 2, len - 1)] ^= (uint8_t)(1 << pick(0, 7));
	if (chance(10) && f[at + 11] == 17)	/* UDP without a checksum */
		put16(f + len - (len - parse(f, len).l4) + 6, 0);
	if (chance(30)) {
		size_t pad = pick(1, 46);

		random_bytes(f + len, pad);
		len += pad;
	}
	if (chance(5))
		len -= pick(0, len - 14);
	return len > FRAME_MAX ? FRAME_MAX : len;
}

static struct switch_tx random_tx(const uint8_t *f, size_t len, unsigned int vdev)
{
	struct switch_tx tx = { .vdev = vdev, .pair = (unsigned int)pick(0, 15), .csum = chance(50) };
	struct parsed p = parse(f, len);

	if (p.field && chance(70)) {
		tx.csum_start = (uint16_t)p.l4;
		tx.csum_offset = (uint16_t)(p.field - p.l4);
	} else {
		tx.csum_start = (uint16_t)pick(0, len);
		tx.csum_offset = (uint16_t)pick(0, chance(80) ? len - tx.csum_start : 0xffff);
	}
	return tx;
}

static void send_some(unsigned int frames)
{
	uint8_t f[FRAME_MAX + 256];

	while (frames--) {
		unsigned int vdev = (unsigned int)pick(0, VDEVS - 1);
		size_t len = random_frame(f, vdev);

		if (chance(40)) {
			send(NULL, f, len);
		} else {
			struct switch_tx tx = random_tx(f, len, vdev);

			send(&tx, f, len);
		}
		if (chance(50))
			run((unsigned int)pick(1, 100));
	}
}

/* ---- tests ---- */

static void test_random(uint64_t seed)
{
	start(seed);
	rig.one_row = seed % 4 == 0;
	if (rig.one_row)
		filter_set_key(&rig.filter, (const uint32_t[3]){ 0 });
	random_addresses();
	for (unsigned int i = 0; i < 4; i++) {
		random_config();
		random_stalls();
		send_some(60);
		drain();
	}
}

/* Each length, with a tag inserted, replaced and stripped, and a checksum anywhere in it. */
static void test_lengths(uint64_t seed)
{
	uint8_t f[FRAME_MAX + 8];

	start(seed);
	random_addresses();
	rig.vlans[0] = (uint16_t)pick(1, 4095);
	for (unsigned int i = 0; i < 4; i++) {
		/* 0 and 1 live in the VLAN, 2 sees everything, 3 too, but may not be sent tags of it. */
		rig.vdev[i] = (struct vdev){ .enable = true, .pairs = 1 };
		if (i < 2)
			rig.vdev[i].policy = VQNIC_VDEV_POLICY_PORT_VLAN | (uint32_t)rig.vlans[0] << 16 |
				(uint32_t)pick(0, 7) << 29;
		rig.vdev[i].rx_mode = VQNIC_VDEV_RX_MODE_PROMISC | (i == 3 ? VQNIC_VDEV_RX_MODE_VLAN_FILTER : 0);
		config(i);
	}
	for (size_t len = 14; len <= FRAME_MAX; len += len < 300 || len > FRAME_MAX - 70 ? 1 : pick(1, 300)) {
		for (unsigned int kind = 0; kind < 4; kind++) {
			struct switch_tx tx = { .vdev = kind < 2 ? 0 : 2, .csum = true };

			random_bytes(f, len);
			memcpy(f, rig.mac[ADDRESSES + pick(0, 1)], 6);
			put16(f + 12, 0x88b5);
			if (kind && len >= 18) {
				put16(f + 12, TYPE_VLAN);
				put16(f + 14, kind == 1 ? 0xf000 : rig.vlans[0]);
			}
			tx.csum_start = (uint16_t)pick(0, len - 2);
			tx.csum_offset = (uint16_t)pick(0, len - 2 - tx.csum_start);
			send(kind < 3 ? &tx : NULL, f, len);
		}
		run(10);
	}
	drain();
}

/* A right checksum is found right, with one bit wrong it is not; left to the card it is right when it comes out. */
static void test_checksums(uint64_t seed)
{
	uint8_t f[FRAME_MAX + 64];
	uint64_t seen = 0;

	start(seed);
	random_addresses();
	rig.vdev[0] = rig.vdev[1] = (struct vdev){ .enable = true, .pairs = 1 };
	config(0);
	config(1);
	set_mac(0, 1);
	for (size_t payload = 0; payload < 160; payload++) {
		for (unsigned int kind = 0; kind < 8; kind++) {
			size_t at = 12, len;
			struct parsed p;

			memcpy(f, rig.mac[0], 6);
			memcpy(f + 6, rig.mac[ADDRESSES], 6);
			if (kind & 4) {
				put16(f + 12, TYPE_VLAN);
				put16(f + 14, (uint32_t)pick(0, 0xffff));
				at = 16;
			}
			len = make_l4(f, at, kind & 1, kind & 2, payload);
			for (unsigned int way = 0; way < 3; way++) {
				struct switch_tx tx = { .vdev = 1, .csum = true };

				if (way == 1)
					f[pick(parse(f, len).l4, len - 1)] ^= (uint8_t)(1 << pick(0, 7));
				p = parse(f, len);
				if (way == 2) {
					/* The field holds the pseudo header's sum, as virtio 5.1.6.2 says. */
					if (!p.field)
						continue;
					put16(f + p.field, pseudo_sum(f, &p));
					tx.csum_start = (uint16_t)p.l4;
					tx.csum_offset = (uint16_t)(p.field - p.l4);
				}
				send(way == 2 ? &tx : NULL, f, len);
				drain();
				test_equal(rig.to_vdevs, ++seen, "payload %zu kind %u", payload, kind);
				test_check(rig.last.csum_ok == (way != 1), "payload %zu kind %u: checksum found %s",
					   payload, kind, rig.last.csum_ok ? "right" : "wrong");
			}
		}
	}
}

/* A flow is received on the pair from which the vdev last sent it, both of its directions being one flow. */
static void test_steering(uint64_t seed)
{
	static uint8_t f[64][600];
	size_t len[64];

	start(seed);
	random_addresses();
	random_stalls();
	rig.pairs_count = true;
	for (unsigned int i = 0; i < VDEVS; i++) {
		rig.vdev[i] = (struct vdev){ .enable = true, .pairs = (unsigned int)pick(1, 16) };
		config(i);
		set_mac(i, 1u << i);
	}
	for (unsigned int i = 0; i < 64; i++) {
		random_bytes(f[i], 600);
		put16(f[i] + 12, 0x88b5);
		len[i] = chance(20) ? pick(14, 600) : make_l4(f[i], 12, chance(50), chance(50), pick(0, 400));
		if (chance(10) && be16(f[i] + 12) == 0x0800)
			f[i][14 + 6] |= 0x20;
	}
	for (unsigned int i = 0; i < 500; i++) {
		unsigned int flow = (unsigned int)pick(0, 63), vdev = (unsigned int)pick(0, 3) * 5;
		struct switch_tx tx = { .vdev = vdev, .pair = (unsigned int)pick(0, 15) };
		bool six = be16(f[flow] + 12) == 0x86dd, four = be16(f[flow] + 12) == 0x0800;
		size_t l4 = six ? 54 : 14 + (f[flow][14] & 15u) * 4, size = six ? 16 : 4, at = six ? 22 : 26;
		uint8_t back[600], turn[16];

		memcpy(f[flow] + 6, rig.mac[vdev], 6);
		memcpy(f[flow], rig.mac[ADDRESSES], 6);
		if (chance(50))
			send(&tx, f[flow], len[flow]);
		drain();
		memcpy(back, f[flow], len[flow]);
		memcpy(back, f[flow] + 6, 6);
		memcpy(back + 6, f[flow], 6);
		if (six || four) {
			memcpy(turn, back + at, size);
			memcpy(back + at, back + at + size, size);
			memcpy(back + at + size, turn, size);
			memcpy(turn, back + l4, 2);
			memcpy(back + l4, back + l4 + 2, 2);
			memcpy(back + l4 + 2, turn, 2);
		}
		test_equal(parse(back, len[flow]).hash, parse(f[flow], len[flow]).hash, "the test's own hash");
		send(NULL, back, len[flow]);
		drain();
		if (chance(5)) {
			rig.vdev[vdev].pairs = (unsigned int)pick(1, 16);
			config(vdev);
		}
	}
}

static void check_tables(const struct filter_slot *slots)
{
	struct filter_slot slot;

	for (unsigned int i = 0; i < VQNIC_MAC_WAYS * VQNIC_MAC_ROWS; i++) {
		filter_read_slot(&rig.filter, i / VQNIC_MAC_ROWS, i % VQNIC_MAC_ROWS, &slot);
		test_check(!memcmp(slot.mac, slots[i].mac, 6) && slot.vdevs == slots[i].vdevs,
			   "slot %u of the MAC table is another", i);
	}
	for (uint16_t i = 0; i < VQNIC_VLANS; i++) {
		rig.filter.set(rig.m, VQNIC_REG_VLAN_SELECT, i);
		test_equal(rig.filter.get(rig.m, VQNIC_REG_VLAN_RX), rig.vlan_rx[i], "VLAN %u", i);
		test_equal(rig.filter.get(rig.m, VQNIC_REG_VLAN_TX), rig.vlan_tx[i], "VLAN %u", i);
	}
	test_check(!rig.failure[0], "%s", rig.failure);
}

/* Each slot and VLAN holds what was written, under traffic, until a reset clears them all. */
static void test_tables(uint64_t seed)
{
	static struct filter_slot slots[VQNIC_MAC_WAYS * VQNIC_MAC_ROWS];
	uint8_t f[FRAME_MAX + 256];

	start(seed);
	rig.loose = true;
	for (unsigned int i = 0; i < VDEVS; i++)
		switch_config(rig.m, i, true, VQNIC_VDEV_RX_MODE_PROMISC | VQNIC_VDEV_RX_MODE_VLAN_FILTER, 0, 1);
	memset(slots, 0, sizeof(slots));
	for (unsigned int i = 0; i < VQNIC_MAC_WAYS * VQNIC_MAC_ROWS; i++) {
		random_bytes(slots[i].mac, 6);
		slots[i].vdevs = (uint32_t)pick(0, ALL_VDEVS);
		filter_write_slot(&rig.filter, i / VQNIC_MAC_ROWS, i % VQNIC_MAC_ROWS, &slots[i]);
		if (chance(30))
			send(NULL, f, random_frame(f, 0));
	}
	for (uint16_t i = 0; i < VQNIC_VLANS; i++)
		set_vlan(i, (uint32_t)pick(0, ALL_VDEVS), (uint32_t)pick(0, ALL_VDEVS));
	/* Ways and rows that there are not change nothing. */
	rig.filter.set(rig.m, VQNIC_REG_MAC_SLOT, VQNIC_MAC_SLOT_WRITE | VQNIC_MAC_WAYS << 16);
	rig.filter.set(rig.m, VQNIC_REG_MAC_SLOT, VQNIC_MAC_SLOT_WRITE | VQNIC_MAC_ROWS);
	for (unsigned int i = 0; i < 300; i++)
		send(NULL, f, random_frame(f, 0));
	check_tables(slots);
	drain();

	switch_reset(rig.m);
	clear();
	memset(slots, 0, sizeof(slots));
	memset(rig.vlan_rx, 0, sizeof(rig.vlan_rx));
	memset(rig.vlan_tx, 0, sizeof(rig.vlan_tx));
	check_tables(slots);
}

static uint32_t atomic_old, atomic_new;
static bool atomic_changed;

static void seen_atomic(const struct switch_rx *info, const uint8_t *frame, size_t len)
{
	(void)len;
	if (!info) {
		fail("a frame of a known address left on the wire");
	} else if (frame[14]) {		/* sent before the change began, or after it */
		if (info->vdevs != (frame[14] == 1 ? atomic_old : atomic_new))
			fail("a frame to vdevs 0x%x, not those of the table", info->vdevs);
	} else if (info->vdevs != atomic_old && info->vdevs != atomic_new) {
		fail("a frame to vdevs 0x%x, neither 0x%x nor 0x%x", info->vdevs, atomic_old, atomic_new);
	} else {
		if (info->vdevs == atomic_old && atomic_changed)
			fail("a frame follows the old entry after the new one");
		atomic_changed |= info->vdevs == atomic_new;
	}
}

/* An entry changes under traffic: each frame follows the old or the new one, and never the old one again. */
static void test_atomic(uint64_t seed)
{
	uint8_t f[256];

	start(seed);
	random_addresses();
	rig.loose = true;
	rig.seen = seen_atomic;
	for (unsigned int i = 0; i < VDEVS; i++)
		switch_config(rig.m, i, true, i % 2 ? VQNIC_VDEV_RX_MODE_PROMISC : 0, 0, 1);
	random_bytes(f, sizeof(f));
	memcpy(f, rig.mac[0], 6);
	put16(f + 12, 0x88b5);
	atomic_new = 1;
	set_mac(0, atomic_new);
	for (unsigned int i = 0; i < 200; i++) {
		atomic_old = atomic_new;
		while (atomic_new == atomic_old)
			atomic_new = (uint32_t)pick(1, ALL_VDEVS);
		atomic_changed = false;
		f[14] = 1;
		send(NULL, f, pick(18, 256));
		drain();
		f[14] = 0;
		for (unsigned int k = 0; k < 12; k++)
			send(NULL, f, pick(18, 256));
		run((unsigned int)pick(0, 100));
		set_mac(0, atomic_new);
		f[14] = 2;
		send(NULL, f, pick(18, 256));
		drain();
	}
}

static uint16_t flip_vlans[2];
static unsigned int flip_seen[2];

static void seen_flip(const struct switch_rx *info, const uint8_t *frame, size_t len)
{
	(void)len;
	for (unsigned int i = 0; i < 2; i++) {
		if ((be16(frame + 14) & 0xfff) != flip_vlans[i])
			continue;
		flip_seen[i]++;
		if (info && info->vdevs != 2u << i)
			fail("a frame of VLAN %u to vdevs 0x%x", flip_vlans[i], info->vdevs);
		if (be16(frame + 14) >> 12 != (i ? 0xe : 0x2))
			fail("a frame of VLAN %u has the other one's priority", flip_vlans[i]);
		return;
	}
	fail("a frame of VLAN %u", be16(frame + 14) & 0xfff);
}

/* A port VLAN changes under traffic: each frame has one of them in its tag, with those who receive that. */
static void test_policy_flips(uint64_t seed)
{
	struct switch_tx tx = { 0 };
	uint8_t f[256];

	start(seed);
	rig.loose = true;
	rig.seen = seen_flip;
	flip_vlans[0] = (uint16_t)pick(1, 2000);
	flip_vlans[1] = (uint16_t)pick(2001, 4095);
	flip_seen[0] = flip_seen[1] = 0;
	for (unsigned int i = 0; i < 2; i++) {
		set_vlan(flip_vlans[i], 2u << i, 0);
		switch_config(rig.m, i + 1, true, VQNIC_VDEV_RX_MODE_VLAN_FILTER | VQNIC_VDEV_RX_MODE_PROMISC, 0, 1);
	}
	random_bytes(f, sizeof(f));
	memset(f, 0xff, 6);
	put16(f + 12, 0x88b5);
	for (unsigned int i = 0; i < 1000; i++) {
		bool which = i & 1;

		switch_config(rig.m, 0, true, 0, VQNIC_VDEV_POLICY_PORT_VLAN | (uint32_t)flip_vlans[which] << 16 |
			      (which ? 7u : 1u) << 29, 1);
		if (switch_waiting(rig.m) < 4)
			send(&tx, f, pick(14, 256));
		run((unsigned int)pick(1, 20));
	}
	drain();
	test_check(flip_seen[0] > 20 && flip_seen[1] > 20, "not both VLANs were used");
}

static unsigned int stalled_out[3];	/* frames of vdev 4, of vdev 3, and of vdev 3 with a tag */

static void seen_stalled(const struct switch_rx *info, const uint8_t *frame, size_t len)
{
	(void)len;
	if (info)
		return;
	if (be16(frame + 12) == TYPE_VLAN)
		stalled_out[2]++;
	else if (frame[14] == 4)
		stalled_out[0]++;
	else if (++stalled_out[1] < stalled_out[0])
		fail("a frame that was sent before the vdev was disabled comes out behind others that did not");
}

/*
 * A wire that stands still holds up nothing that goes to vdevs, nor registers. What a vdev sent before it was disabled,
 * and the switch has not taken, does not go out when it is enabled again.
 */
static void test_stalled_wire(uint64_t seed)
{
	uint8_t f[1514];
	uint64_t received;
	size_t waiting;

	start(seed);
	random_addresses();
	rig.loose = true;
	rig.seen = seen_stalled;
	memset(stalled_out, 0, sizeof(stalled_out));
	for (unsigned int i = 0; i < VDEVS; i++)
		switch_config(rig.m, i, true, 0, 0, 1);
	set_mac(0, 1);
	random_bytes(f, sizeof(f));
	put16(f + 12, 0x88b5);
	memcpy(f, rig.mac[ADDRESSES], 6);
	switch_stall(rig.m, 256, 0, 0, 1);
	for (unsigned int i = 0; i < 120; i++) {
		struct switch_tx tx = { .vdev = i % 2 ? 4 : 3 };

		f[14] = (uint8_t)tx.vdev;
		send(&tx, f, sizeof(f));
	}
	run(80000);
	waiting = switch_waiting(rig.m);
	test_check(waiting > 0 && rig.to_wire == 0, "the wire does not stand still");

	received = rig.to_vdevs;
	memcpy(f, rig.mac[0], 6);
	for (unsigned int i = 0; i < 100; i++)
		send(NULL, f, sizeof(f));
	run(80000);
	test_equal(rig.to_vdevs, received + 100, "from the wire");
	set_mac(1, 0xff);

	switch_config(rig.m, 3, false, 0, 0, 1);
	run((unsigned int)pick(1, 5));
	switch_config(rig.m, 3, true, 0, VQNIC_VDEV_POLICY_PORT_VLAN | 77u << 16, 1);
	switch_stall(rig.m, 0, 0, 0, 1);
	drain();
	test_equal(stalled_out[0], 60, "the other vdev's frames");
	test_equal(stalled_out[2], waiting / 2, "the vdev's later frames");
	test_check(stalled_out[1] + stalled_out[2] < 60, "all frames came out");
}

/* A reset in the middle of everything: what comes later is as if nothing had been. */
static void test_reset(uint64_t seed)
{
	start(seed);
	random_addresses();
	for (unsigned int i = 0; i < 6; i++) {
		uint32_t key[3] = { (uint32_t)rng_next(&rig.rng), (uint32_t)rng_next(&rig.rng),
				    (uint32_t)rng_next(&rig.rng) };

		random_config();
		random_stalls();
		rig.loose = true;
		send_some((unsigned int)pick(5, 40));
		run((unsigned int)pick(1, 300));
		switch_reset(rig.m);
		clear();
		/* What had not entered yet comes now. */
		drain();
		switch_reset(rig.m);
		clear();
		rig.loose = false;
		forget_expected();
		memset(rig.vlan_rx, 0, sizeof(rig.vlan_rx));
		memset(rig.vlan_tx, 0, sizeof(rig.vlan_tx));
		filter_set_key(&rig.filter, key);
		random_config();
		send_some(20);
		drain();
	}
}

static const struct test tests[] = {
	{ "random", test_random, 60 },
	{ "lengths", test_lengths, 2 },
	{ "checksums", test_checksums, 1 },
	{ "steering", test_steering, 3 },
	{ "tables", test_tables, 1 },
	{ "atomic", test_atomic, 4 },
	{ "policy_flips", test_policy_flips, 3 },
	{ "stalled_wire", test_stalled_wire, 2 },
	{ "reset", test_reset, 4 },
};

int main(int argc, char **argv)
{
	return test_main(argc, argv, tests, sizeof(tests) / sizeof(tests[0]), cleanup);
}
