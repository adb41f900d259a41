// SPDX-License-Identifier: Apache-2.0
/*
 * Address spaces: frames through any tables, tables that change under traffic, invalidation, what a vdev may reach. The
 * faults one by one are in test_faults.c.
 */
#include <string.h>

#include "driver.h"
#include "test.h"

#define ALL_VDEVS (~0u)
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define DRAIN 100000
#define DRIVER_OK (VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER | VIRTIO_CONFIG_S_FEATURES_OK | \
		   VIRTIO_CONFIG_S_DRIVER_OK)
/* An invalidation ends within so many cycles: what is in flight are a few requests, each of a few walks. */
#define INVALIDATE_CYCLES 30000

static const struct vdev_config plain = {
	.features = 1ull << VIRTIO_RING_F_EVENT_IDX, .size = { 64, 64 }, .mtu = 1500, .chain_max = 4,
	.rx_bytes_min = 1518,
};

/* A card whose vdevs in `vdevs` have address spaces; nothing is started. */
static struct card *card(uint64_t seed, const struct pcie_config *link, unsigned int vdevs)
{
	struct card *c = card_new(host_new(seed, link));

	card_translate(c, vdevs);
	return c;
}

static struct card *card_on_random_link(uint64_t seed, unsigned int vdevs)
{
	uint64_t rng = seed;
	struct pcie_config link = host_random_link(&rng);
	struct card *c = card(rng, &link, vdevs);

	card_random_stalls(c);
	return c;
}

static void start_all(struct card *c, const struct vdev_config *config)
{
	for (unsigned int i = 0; i < c->count; i++)
		vdev_start(&c->vdev[i], config);
}

static void settle(struct card *c)
{
	while (card_busy(c))
		card_step(c);
	card_settle(c);
}

static void check_all_sent(struct card *c)
{
	for (unsigned int i = 0; i < c->count; i++)
		test_equal(c->vdev[i].tx_wire_seq, c->vdev[i].tx_seq, "vdev %u: frames that left", i);
	card_check_counters(c);
}

/* The same addresses in two address spaces are two memories. */
static void test_same_iovas(uint64_t seed)
{
	struct card *c = card_on_random_link(seed, ALL_VDEVS);
	struct vdev_config config = vdev_random_config(c->host);

	start_all(c, &config);
	for (unsigned int k = 0; k < 2; k++) {
		test_equal(c->vdev[1].queue[k].desc_addr, c->vdev[0].queue[k].desc_addr, "queue %u", k);
		test_equal(c->vdev[1].queue[k].buffers, c->vdev[0].queue[k].buffers, "queue %u", k);
	}
	card_start_traffic(c, 40);
	settle(c);
	check_all_sent(c);
}

/* ---- tables that change ---- */

static bool translated(const struct vdev *d)
{
	return d->space->asid != VQNIC_AS_IDENTITY;
}

/* Some memory that the card uses. */
static uint64_t some_addr(struct vdev *d)
{
	struct host *h = d->host;
	struct queue *q = &d->queue[host_random(h, 0, 1)];

	switch (host_random(h, 0, 4)) {
	case 0:
		return q->desc_addr + 16 * host_random(h, 0, q->size - 1);
	case 1:
		return q->avail_addr + host_random(h, 0, 5 + 2u * q->size);
	case 2:
		return q->used_addr + host_random(h, 0, 5 + 8u * q->size);
	default:
		return q->buffers + host_random(h, 0, (uint64_t)q->size * QUEUE_BUFFER_BYTES - 1);
	}
}

/*
 * Memory moves to other places under traffic. Until an invalidation has ended, the card may use the old place or the new
 * one; afterwards there is nothing at the old place, and who goes there fails the test.
 */
static void test_move(uint64_t seed)
{
	struct card *c = card_on_random_link(seed, 1u << seed % 2 | (unsigned int)(seed / 2 % 4));
	struct host *h = c->host;
	unsigned int moves = 0, invalidations = 0, frames = 0;

	for (unsigned int i = 0; i < c->count; i++) {
		struct vdev_config config = vdev_random_config(h);

		vdev_start(&c->vdev[i], &config);
	}
	while (invalidations < 60) {
		struct vdev *d = &c->vdev[host_random(h, 0, c->count - 1)];
		unsigned int count = (unsigned int)host_random(h, 1, 5);
		uint64_t old[5], from;

		if (!card_busy(c)) {
			card_start_traffic(c, 20);
			frames += 20;
		}
		card_step(c);
		if (!translated(d))
			continue;
		for (unsigned int i = 0; i < count; i++)
			old[i] = space_move(d->space, some_addr(d));
		for (uint64_t steps = host_random(h, 0, 3); steps; steps--)
			card_step(c);
		space_invalidate_start(d->space);
		from = vqnic_model_cycles(h->model);
		while (space_invalidating(d->space)) {
			card_step(c);
			test_check(vqnic_model_cycles(h->model) - from < INVALIDATE_CYCLES, "invalidation never ends");
		}
		for (unsigned int i = 0; i < count; i++)
			space_retire(d->space, old[i]);
		moves += count;
		invalidations++;
	}
	settle(c);
	check_all_sent(c);
	test_check(moves && frames, "nothing was tested");
}

/* BUSY is there to be waited for: it reads 1 while something is in flight, for that address space and no other. */
static void test_busy(uint64_t seed)
{
	struct pcie_config link = { .round_trip = 200, .seed = seed };
	struct card *c = card(seed, &link, ALL_VDEVS);
	struct host *h = c->host;
	unsigned int seen = 0;

	start_all(c, &plain);
	host_drain(h, DRAIN);
	c->vdev[0].tx_quota = 100;
	c->pause = 300;
	while (card_busy(c)) {
		uint64_t from;

		card_step(c);
		space_invalidate_start(c->vdev[1].space);
		test_check(!space_invalidating(c->vdev[1].space), "busy without an access");
		space_invalidate_start(c->vdev[0].space);
		from = vqnic_model_cycles(h->model);
		while (space_invalidating(c->vdev[0].space)) {
			seen++;
			test_check(!space_invalidating(c->vdev[1].space), "busy with another's accesses");
			test_check(vqnic_model_cycles(h->model) - from < INVALIDATE_CYCLES, "invalidation never ends");
		}
	}
	card_settle(c);
	check_all_sent(c);
	test_check(seen > 50, "seen busy %u times", seen);
}

/* Nothing but invalidations, of all address spaces: frames still get through. */
static void test_storm(uint64_t seed)
{
	struct card *c = card_on_random_link(seed, ALL_VDEVS);
	struct host *h = c->host;

	start_all(c, &plain);
	card_start_traffic(c, 30);
	c->pause = 4;
	while (card_busy(c)) {
		for (uint64_t i = host_random(h, 1, 3); i; i--)
			host_set(h, VQNIC_AS_BANK_OFFSET + VQNIC_REG_AS_INVALIDATE +
				 (uint32_t)host_random(h, 0, VQNIC_ADDRESS_SPACE_COUNT - 1) * VQNIC_AS_BANK_STRIDE, 4, 1);
		space_invalidate_start(c->vdev[host_random(h, 0, c->count - 1)].space);
		card_step(c);
	}
	settle(c);
	check_all_sent(c);
}

/* The queue stopped, as it should have; it is reset and begins again where it was. */
static void restart(struct queue *q, uint8_t code, uint64_t info)
{
	unsigned int polls = 0;

	host_drain(q->dev->host, DRAIN);
	test_equal(queue_get(q, VQNIC_REG_QUEUE_FAULT, 1), code, "fault");
	test_equal(queue_get(q, VQNIC_REG_QUEUE_FAULT_INFO, 8), info, "fault info");
	queue_set(q, VQNIC_REG_QUEUE_RESET, 2, 1);
	while (queue_get(q, VQNIC_REG_QUEUE_RESET, 2))
		test_check(++polls < 1000, "reset never ends");
	queue_enable(q);
	queue_kick(q);
	host_drain(q->dev->host, DRAIN);
}

/* What the tables allow more than before needs no invalidation. */
static void test_loosened(uint64_t seed)
{
	struct vdev_config config = plain;
	struct card *c = card_on_random_link(seed, ALL_VDEVS);
	struct host *h = c->host;
	struct vdev *d = &c->vdev[seed % c->count];
	struct queue *q = &d->queue[RX];
	uint64_t *entry;
	unsigned int level;

	config.features = 0;
	config.size[RX] = 8;
	config.joined = true;
	start_all(c, &config);
	host_drain(h, DRAIN);

	/* The page of the rings has been read, and is then not to be written. */
	entry = space_entry_at(d->space, space_leaf(d->space, q->used_addr + 4, &level));
	*entry &= ~(uint64_t)VQNIC_PTE_WRITE;
	space_invalidate(d->space);
	test_check(queue_add_rx(q, 1518, 1), "no descriptor");
	queue_publish(q);
	test_check(card_send(c, d->mac, 100, 0), "not sent");
	host_drain(h, DRAIN);
	*entry |= VQNIC_PTE_WRITE;
	restart(q, VQNIC_FAULT_IOVA_WRITE, q->used_addr + 4);
	test_check(card_send(c, d->mac, 100, 1u << d->index), "not sent");
	host_drain(h, DRAIN);
	test_equal(q->seen, q->published, "once it may be written");

	/* Not there at first. */
	q = &d->queue[TX];
	test_check(queue_add_tx(q, 100, 1), "no descriptor");
	entry = space_entry_at(d->space, space_leaf(d->space, q->desc[q->posted[q->seen % q->size]].addr, &level));
	*entry &= ~(uint64_t)VQNIC_PTE_VALID;
	space_invalidate(d->space);
	queue_publish(q);
	queue_kick(q);
	host_drain(h, DRAIN);
	*entry |= VQNIC_PTE_VALID;
	restart(q, VQNIC_FAULT_IOVA_READ, q->desc[q->posted[q->seen % q->size]].addr);
	test_equal(q->seen, q->published, "once it is there");
}

/* ---- roots and registers ---- */

static uint32_t as_reg(const struct vdev *d, uint32_t offset)
{
	return VQNIC_AS_BANK_OFFSET + d->space->asid * VQNIC_AS_BANK_STRIDE + offset;
}

/* A root changes as a whole, and without its valid bit nothing is mapped. */
static void test_root(uint64_t seed)
{
	struct card *c = card_on_random_link(seed, ALL_VDEVS);
	struct host *h = c->host;
	struct vdev *d = &c->vdev[seed % c->count], *other = &c->vdev[(seed + 1) % c->count];
	uint64_t root;

	start_all(c, &plain);
	root = host_get(h, as_reg(d, VQNIC_REG_AS_ROOT), 8);
	card_start_traffic(c, 30);
	while (card_busy(c)) {
		host_set(h, as_reg(d, VQNIC_REG_AS_ROOT) + 4, 4, rng_next(&h->rng));
		space_invalidate_start(d->space);
		card_step(c);
		if (host_chance(h, 50))
			space_install(d->space);
	}
	settle(c);
	check_all_sent(c);

	space_install(d->space);
	test_equal(host_get(h, as_reg(d, VQNIC_REG_AS_ROOT), 8), root, "root");
	host_set(h, as_reg(d, VQNIC_REG_AS_ROOT), 4, (uint32_t)root & ~VQNIC_PTE_VALID);
	space_invalidate(d->space);
	queue_kick(&d->queue[TX]);
	host_drain(h, DRAIN);
	test_equal(queue_get(&d->queue[TX], VQNIC_REG_QUEUE_FAULT, 1), VQNIC_FAULT_IOVA_READ, "without a root");
	test_equal(queue_get(&d->queue[TX], VQNIC_REG_QUEUE_FAULT_INFO, 8), d->queue[TX].avail_addr + 2, "without a root");
	other->tx_quota = 20;
	settle(c);
	test_equal(other->tx_wire_seq, other->tx_seq, "frames of the other vdev");
}

/* Which address space a vdev has is its owner's business, and fixed while the vdev runs. */
static void test_assignment(uint64_t seed)
{
	struct card *c = card_on_random_link(seed, ALL_VDEVS);
	struct host *h = c->host;
	struct vdev *d = &c->vdev[seed % c->count];
	unsigned int asid = d->space->asid;

	test_equal(vdev_get(d, VQNIC_REG_VDEV_AS_DATA, 2), VQNIC_AS_IDENTITY, "after power-on");
	start_all(c, &plain);
	for (unsigned int i = 0; i < 20; i++)
		vdev_set(d, VQNIC_REG_VDEV_AS_DATA, 2, host_random(h, 0, VQNIC_ADDRESS_SPACE_COUNT - 1));
	test_equal(vdev_get(d, VQNIC_REG_VDEV_AS_DATA, 2), asid, "while the vdev runs");
	card_start_traffic(c, 5);
	settle(c);
	/* A reset that waits for what is in flight has not stopped the vdev yet. */
	d->tx_quota = 20;
	while (card_busy(c))
		card_step(c);
	vdev_set(d, VQNIC_REG_DEVICE_STATUS, 1, 0);
	if (vdev_get(d, VQNIC_REG_DEVICE_STATUS, 1)) {
		vdev_set(d, VQNIC_REG_VDEV_AS_DATA, 2, VQNIC_AS_IDENTITY);
		test_equal(vdev_get(d, VQNIC_REG_VDEV_AS_DATA, 2), asid, "while the vdev is being reset");
	}
	vdev_reset(d);
	test_equal(vdev_get(d, VQNIC_REG_VDEV_AS_DATA, 2), asid, "after a reset of the vdev");
	vdev_set(d, VQNIC_REG_VDEV_AS_DATA, 2, VQNIC_ADDRESS_SPACE_COUNT);
	vdev_set(d, VQNIC_REG_VDEV_AS_DATA, 2, asid | 1u << host_random(h, 6, 15));
	test_equal(vdev_get(d, VQNIC_REG_VDEV_AS_DATA, 2), asid, "impossible ones");
	vdev_set(d, VQNIC_REG_VDEV_AS_DATA, 2, VQNIC_ADDRESS_SPACE_COUNT - 1);
	test_equal(vdev_get(d, VQNIC_REG_VDEV_AS_DATA, 2), VQNIC_ADDRESS_SPACE_COUNT - 1, "before the vdev runs");
}

/* After a reset of the card nothing is left of what it knew: the same addresses may be other memory. */
static void test_card_reset(uint64_t seed)
{
	struct card *c = card_on_random_link(seed, ALL_VDEVS);
	struct host *h = c->host;
	unsigned int polls = 0;

	start_all(c, &plain);
	card_start_traffic(c, 10);
	settle(c);
	host_set(h, VQNIC_REG_CARD_CONTROL, 4, VQNIC_CARD_CONTROL_RESET);
	while (host_get(h, VQNIC_REG_CARD_CONTROL, 4) & VQNIC_CARD_CONTROL_RESET)
		test_check(++polls < 10000, "card reset never ends");
	for (unsigned int i = 0; i < c->count; i++) {
		struct vdev *d = &c->vdev[i];
		unsigned int asid = d->space->asid;
		uint64_t layout = seed;

		test_equal(host_get(h, as_reg(d, VQNIC_REG_AS_ROOT), 8), 0, "root after the reset");
		test_equal(vdev_get(d, VQNIC_REG_VDEV_AS_DATA, 2), VQNIC_AS_IDENTITY, "after the reset");
		space_free(d->space);
		d->space = space_new(h, asid, layout);
		for (unsigned int k = 0; k < 2; k++)
			d->queue[k].used = NULL;
	}
	/* Twice with the same addresses; the second time, the card is not told of it in another way than by its reset. */
	start_all(c, &plain);
	card_start_traffic(c, 10);
	settle(c);
	host_set(h, VQNIC_REG_CARD_CONTROL, 4, VQNIC_CARD_CONTROL_RESET);
	for (polls = 0; host_get(h, VQNIC_REG_CARD_CONTROL, 4) & VQNIC_CARD_CONTROL_RESET; polls++)
		test_check(polls < 10000, "card reset never ends");
	for (unsigned int i = 0; i < c->count; i++) {
		struct vdev *d = &c->vdev[i];
		unsigned int asid = d->space->asid;
		uint64_t layout = seed, desc = d->queue[TX].desc_addr;

		space_free(d->space);
		d->space = space_new(h, asid, layout);
		for (unsigned int k = 0; k < 2; k++)
			d->queue[k].used = NULL;
		vdev_start(d, &plain);
		test_equal(d->queue[TX].desc_addr, desc, "the same addresses");
	}
	card_start_traffic(c, 10);
	settle(c);
}

/* ---- what must not be reached ---- */

/* Rings at addresses beyond the address space; their low bits are good ones. */
static void test_rings_beyond(uint64_t seed)
{
	struct vdev_config config = plain;

	config.features = 0;
	for (unsigned int ring = 0; ring < 6; ring++) {
		struct card *c = card_on_random_link(seed + ring, ALL_VDEVS);
		struct host *h = c->host;
		struct vdev *d = &c->vdev[seed % c->count], *other = &c->vdev[(seed + 1) % c->count];
		struct queue *q = &d->queue[ring % 2];
		uint64_t *addr = ring < 2 ? &q->avail_addr : ring < 4 ? &q->desc_addr : &q->used_addr, good, info;
		uint64_t bit = 1ull << host_random(h, VQNIC_IOVA_BITS, 63);

		vdev_start(other, &config);
		vdev_own(d, &config);
		vdev_negotiate(d);
		for (unsigned int k = 0; k < 2; k++)
			queue_map(&d->queue[k], config.size[k], 0);
		good = *addr;
		*addr |= bit;
		queue_enable(&d->queue[0]);
		queue_enable(&d->queue[1]);
		*addr = good;
		vdev_set(d, VQNIC_REG_DEVICE_STATUS, 1, DRIVER_OK);
		test_check(q->index == RX ? queue_add_rx(q, 1518, 1) : queue_add_tx(q, 100, 1), "no descriptor");
		queue_publish(q);
		q->raw = true;
		queue_kick(q);
		if (q->index == RX)
			test_check(card_send(c, d->mac, 100, 0), "not sent");
		other->tx_quota = 10;
		c->pause = 100;
		while (card_busy(c))
			card_step(c);
		host_drain(h, DRAIN);
		info = ring < 2 ? good + 2 : ring < 4 ? good + 16ull * q->posted[0] : good + 4;
		test_equal(queue_get(q, VQNIC_REG_QUEUE_FAULT, 1), ring < 4 ? VQNIC_FAULT_IOVA_READ : VQNIC_FAULT_IOVA_WRITE,
			   "ring %u", ring);
		test_equal(queue_get(q, VQNIC_REG_QUEUE_FAULT_INFO, 8), info | bit, "ring %u", ring);
		card_settle(c);
		vdev_check_no_loss(other);
		card_cleanup();
	}
}

/*
 * Long buffers with a page that is not mapped, anywhere in them, or that go beyond the end of the address space, where
 * no table has to be read to refuse them: what lies before is read or written as always, nothing behind, and the engine
 * is fit for the next queue's work.
 */
static void test_hole(uint64_t seed)
{
	static const uint8_t header[VQNIC_VNET_HDR_BYTES] = { [10] = 1 };
	const uint32_t len = 9000, bytes = VQNIC_VNET_HDR_BYTES + len;
	struct vdev_config config = plain;
	struct card *c = card_on_random_link(seed, ALL_VDEVS);
	struct host *h = c->host;
	struct vdev *d = &c->vdev[seed % c->count], *other = &c->vdev[(seed + 1) % c->count];

	config.mtu = VQNIC_MTU_LIMIT_MAX;
	config.rx_bytes_min = VQNIC_MTU_LIMIT_MAX + 18;
	d->space->leaf = 0;
	vdev_start(other, &config);
	c->no_broadcast = true;
	c->pause = 100;
	for (unsigned int i = 0; i < 16; i++) {
		struct queue *q = &d->queue[host_random(h, 0, 1)];
		uint8_t frame[9000];
		struct vring_desc *desc;
		bool at_end = host_chance(h, 40);
		uint64_t page, polls = 0, last = 0;

		d->rx_posting = false;
		if (at_end) {
			d->space->at_end = true;
			last = space_map(d->space, bytes, 1, true);
		}
		vdev_start(d, &config);
		for (uint32_t k = 0; k < len; k++)
			frame[k] = (uint8_t)rng_next(&h->rng);
		memcpy(frame, d->mac, 6);
		q->raw = true;
		desc = &q->desc[0];
		desc->addr = q->buffers + host_random(h, 0, 4095);
		desc->len = bytes;
		desc->flags = q->index == RX ? VRING_DESC_F_WRITE : 0;
		page = (desc->addr + host_random(h, 1, bytes - 1)) & ~4095ull;
		page = page < desc->addr ? page + 4096 : page;
		if (at_end) {
			page = SPACE_END;
			desc->addr = page - host_random(h, 1, bytes - 1);
		} else {
			*space_entry_at(d->space, space_entry(d->space, page, 0)) &= ~(uint64_t)VQNIC_PTE_VALID;
			space_invalidate(d->space);
		}
		if (q->index == TX)
			memset(space_at(d->space, desc->addr, page - desc->addr), 0, page - desc->addr);
		space_allow(d->space, desc->addr, page - desc->addr, q->index == RX ? HOST_WRITE : HOST_READ);
		q->avail[2 + q->added % q->size] = 0;
		q->added++;
		queue_publish(q);
		queue_kick(q);
		other->tx_quota = 3;
		if (q->index == RX)
			host_send(h, frame, len, false);
		while (queue_get(q, VQNIC_REG_QUEUE_FAULT, 1) == VQNIC_FAULT_NONE) {
			card_step(c);
			test_check(++polls < 5000, "no fault");
		}
		test_equal(queue_get(q, VQNIC_REG_QUEUE_FAULT, 1),
			   q->index == RX ? VQNIC_FAULT_IOVA_WRITE : VQNIC_FAULT_IOVA_READ, "queue %u", q->index);
		test_equal(queue_get(q, VQNIC_REG_QUEUE_FAULT_INFO, 8), page, "queue %u", q->index);
		if (q->index == RX) {
			const uint8_t *memory = space_at(d->space, desc->addr, page - desc->addr);

			for (uint64_t k = 0; k < page - desc->addr; k++)
				test_equal(memory[k], k < sizeof(header) ? header[k] : frame[k - sizeof(header)],
					   "byte %u", (unsigned int)k);
		}
		while (card_busy(c))
			card_step(c);
		card_settle(c);
		queue_reset(q);
		queue_map(q, config.size[q->index], 0);
		queue_enable(q);
		card_start_traffic(c, 4);
		settle(c);
		vdev_reset(d);
		if (at_end)
			space_unmap(d->space, last);
	}
	for (unsigned int i = 0; i < c->count; i++)
		test_equal(c->vdev[i].tx_wire_seq, c->vdev[i].tx_seq, "vdev %u: frames that left", i);
}

/* Tables full of nonsense: their vdev may stop, the other one loses nothing, and a reset makes all well. */
static void test_hostile_tables(uint64_t seed)
{
	struct card *c = card_on_random_link(seed, ALL_VDEVS);
	struct host *h = c->host;
	struct vdev *good = &c->vdev[seed % c->count], *bad = &c->vdev[(seed + 1) % c->count];
	uint64_t entries[4];
	unsigned int faults = 0;

	h->hostile = true;
	start_all(c, &plain);
	good->rx_posting = true;
	while (queue_add_rx(&good->queue[RX], plain.rx_bytes_min, 1))
		;
	queue_publish(&good->queue[RX]);
	c->pause = 100;
	for (unsigned int i = 0; i < 40; i++) {
		for (unsigned int k = 0; k < 2; k++) {
			struct queue *q = &bad->queue[k];

			while (k == TX ? queue_add_tx(q, 100, 3) : queue_add_rx(q, 1518, 2))
				;
			queue_publish(q);
			q->raw = true;
		}
		for (unsigned int n = 0; n < COUNT(entries); n++) {
			uint64_t addr = some_addr(bad);
			unsigned int level;

			space_leaf(bad->space, addr, &level);
			entries[n] = space_entry(bad->space, addr, (unsigned int)host_random(h, level, 2));
		}
		for (uint64_t n = host_random(h, 1, COUNT(entries)); n; n--) {
			uint64_t *entry = space_entry_at(bad->space, entries[n - 1]);

			*entry = host_chance(h, 70) ? *entry ^ 1ull << host_random(h, 0, 63) : rng_next(&h->rng);
		}
		space_invalidate_start(bad->space);
		queue_kick(&bad->queue[TX]);
		good->tx_quota = 5;
		for (unsigned int n = 0; n < 30 || card_busy(c); n++) {
			card_send(c, bad->mac, 200, 0);
			if (host_chance(h, 20))
				card_send(c, good->mac, 200, 1u << good->index);
			card_step(c);
		}
		host_drain(h, 20 * DRAIN);
		card_settle(c);
		for (unsigned int k = 0; k < 2; k++)
			faults += queue_get(&bad->queue[k], VQNIC_REG_QUEUE_FAULT, 1) != VQNIC_FAULT_NONE;
		vdev_reset(bad);
		test_equal(good->tx_wire_seq, good->tx_seq, "frames of the other vdev");
		vdev_start(bad, &plain);
	}
	test_equal(good->rx_skipped, 0, "frames that the other vdev did not get");
	test_check(faults > 20, "only %u faults", faults);
}

static const struct test tests[] = {
	{ "same_iovas", test_same_iovas, 10 },
	{ "move", test_move, 8 },
	{ "busy", test_busy, 2 },
	{ "storm", test_storm, 4 },
	{ "loosened", test_loosened, 5 },
	{ "root", test_root, 4 },
	{ "assignment", test_assignment, 3 },
	{ "card_reset", test_card_reset, 2 },
	{ "rings_beyond", test_rings_beyond, 2 },
	{ "hole", test_hole, 4 },
	{ "hostile_tables", test_hostile_tables, 4 },
};

int main(int argc, char **argv)
{
	return test_main(argc, argv, tests, sizeof(tests) / sizeof(tests[0]), card_cleanup);
}
