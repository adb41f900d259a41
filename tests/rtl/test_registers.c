// SPDX-License-Identifier: Apache-2.0
/*
 * The register map: values after reset, what can be written and what sticks, byte strobes, and that no sequence of
 * writes hangs the card or disturbs another vdev.
 */
#include <string.h>

#include "driver.h"
#include "test.h"

#define DRAIN 100000
#define SUPPORTED (1ull << VIRTIO_NET_F_CSUM | 1ull << VIRTIO_NET_F_GUEST_CSUM | 1ull << VIRTIO_NET_F_MTU | \
		   1ull << VIRTIO_NET_F_MAC | 1ull << VIRTIO_NET_F_STATUS | \
		   1ull << VIRTIO_NET_F_MRG_RXBUF | 1ull << VIRTIO_RING_F_INDIRECT_DESC | \
		   1ull << VIRTIO_RING_F_EVENT_IDX | 1ull << VIRTIO_F_VERSION_1 | 1ull << VIRTIO_F_ACCESS_PLATFORM | \
		   1ull << VIRTIO_F_RING_RESET | CONTROL)
/* The control queue and what goes by it. */
#define CONTROL (1ull << VIRTIO_NET_F_CTRL_VQ | 1ull << VIRTIO_NET_F_CTRL_RX | 1ull << VIRTIO_NET_F_CTRL_VLAN | \
		 1ull << VIRTIO_NET_F_CTRL_RX_EXTRA | 1ull << VIRTIO_NET_F_GUEST_ANNOUNCE | \
		 1ull << VIRTIO_NET_F_CTRL_MAC_ADDR | 1ull << VIRTIO_NET_F_CTRL_GUEST_OFFLOADS | 1ull << VIRTIO_NET_F_MQ)
#define ENABLE VQNIC_VDEV_CONTROL_ENABLE
#define ACKNOWLEDGE VIRTIO_CONFIG_S_ACKNOWLEDGE
#define DRIVER VIRTIO_CONFIG_S_DRIVER
#define FEATURES_OK VIRTIO_CONFIG_S_FEATURES_OK
#define DRIVER_OK VIRTIO_CONFIG_S_DRIVER_OK

struct reset_value {
	uint32_t offset;
	unsigned int bytes;
	uint64_t value;
};

static const struct reset_value card_values[] = {
	{ VQNIC_REG_MAGIC, 4, VQNIC_MAGIC_VALUE },
	{ VQNIC_REG_VERSION, 4, VQNIC_VERSION_MAJOR_VALUE << 16 | VQNIC_VERSION_MINOR_VALUE },
	{ VQNIC_REG_CARD_FEATURES, 8, 0 },
	{ VQNIC_REG_VDEV_COUNT, 4, VQNIC_VDEVS },
	{ VQNIC_REG_PAIR_COUNT, 4, VQNIC_PAIRS },
	{ VQNIC_REG_VQ_SIZE_MAX, 4, VQNIC_VQ_SIZE_LIMIT },
	{ VQNIC_REG_MSIX_VECTORS, 4, VQNIC_MSIX_VECTOR_COUNT },
	{ VQNIC_REG_VDEV_OFFSET, 4, VQNIC_VDEV_WINDOW_OFFSET },
	{ VQNIC_REG_VDEV_STRIDE, 4, VQNIC_VDEV_WINDOW_STRIDE },
	{ VQNIC_REG_DOORBELL_STRIDE, 4, VQNIC_DOORBELL_BYTES },
	{ VQNIC_REG_DATA_BITS, 4, 512 },
	{ VQNIC_REG_CLOCK_HZ, 4, VQNIC_CLOCK_HZ_REFERENCE },
	{ VQNIC_REG_MTU_MAX, 4, VQNIC_MTU_LIMIT_MAX },
	{ VQNIC_REG_CARD_CONTROL, 4, 0 },
	{ VQNIC_REG_CARD_STATUS, 4, VQNIC_CARD_STATUS_LINK },
	{ VQNIC_REG_EVENT_VECTOR, 2, VQNIC_NO_VECTOR },
	{ VQNIC_REG_EVENT, 4, 0 },
	{ VQNIC_REG_SCRATCH, 4, 0 },
	{ VQNIC_REG_AS_COUNT, 4, VQNIC_ADDRESS_SPACE_COUNT },
	{ VQNIC_REG_AS_OFFSET, 4, VQNIC_AS_BANK_OFFSET },
	{ VQNIC_REG_AS_STRIDE, 4, VQNIC_AS_BANK_STRIDE },
	{ VQNIC_REG_IOVA_WIDTH, 4, VQNIC_IOVA_BITS },
	{ VQNIC_REG_COMMANDS, 4, 0 },
	{ VQNIC_REG_FILTER_OFFSET, 4, VQNIC_FILTER_BANK_OFFSET },
	{ VQNIC_REG_MAC_SLOTS, 4, VQNIC_MAC_WAYS << 16 | VQNIC_MAC_ROWS },
	{ VQNIC_REG_VDEV_PAIRS_MAX, 4, VQNIC_VDEV_PAIRS_LIMIT },
	{ VQNIC_REG_WIRE_RX_FRAMES, 8, 0 },
	{ VQNIC_REG_WIRE_RX_BYTES, 8, 0 },
	{ VQNIC_REG_WIRE_RX_DROP_ERROR, 8, 0 },
	{ VQNIC_REG_WIRE_RX_DROP_FILTER, 8, 0 },
	{ VQNIC_REG_WIRE_TX_FRAMES, 8, 0 },
	{ VQNIC_REG_WIRE_TX_BYTES, 8, 0 },
	{ VQNIC_REG_SWITCH_FRAMES, 8, 0 },
};

static const struct reset_value vdev_values[] = {
	{ VQNIC_REG_DEVICE_FEATURE_SELECT, 4, 0 },
	{ VQNIC_REG_DEVICE_FEATURE, 4, SUPPORTED & UINT32_MAX },
	{ VQNIC_REG_DRIVER_FEATURE_SELECT, 4, 0 },
	{ VQNIC_REG_DRIVER_FEATURE, 4, 0 },
	{ VQNIC_REG_CONFIG_MSIX_VECTOR, 2, VQNIC_NO_VECTOR },
	{ VQNIC_REG_DEVICE_STATUS, 1, 0 },
	{ VQNIC_REG_CONFIG_GENERATION, 1, 0 },
	{ VQNIC_REG_QUEUE_SELECT, 2, 0 },
	{ VQNIC_REG_ADMIN_QUEUE_INDEX, 2, 0 },
	{ VQNIC_REG_ADMIN_QUEUE_NUM, 2, 0 },
	{ VQNIC_REG_NET_MAC_LO, 4, 0 },
	{ VQNIC_REG_NET_MAC_HI, 2, 0 },
	{ VQNIC_REG_NET_STATUS, 2, 0 },
	{ VQNIC_REG_NET_MTU, 2, 1500 },
	{ VQNIC_REG_SUPPORTED_FEATURES, 8, SUPPORTED },
	{ VQNIC_REG_OFFERED_FEATURES, 8, SUPPORTED },
	{ VQNIC_REG_VDEV_MAC_LO, 4, 0 },
	{ VQNIC_REG_VDEV_MAC_HI, 4, 0 },
	{ VQNIC_REG_VDEV_MTU, 4, 1500 },
	{ VQNIC_REG_VDEV_STATUS, 4, VQNIC_VDEV_STATUS_QUIET },
	{ VQNIC_REG_VDEV_DOORBELLS, 4, 0 },
	{ VQNIC_REG_VDEV_AS_DATA, 2, VQNIC_AS_IDENTITY },
	{ VQNIC_REG_VDEV_AS_CTRL, 2, VQNIC_AS_IDENTITY },
	{ VQNIC_REG_VDEV_CURRENT_PAIRS, 2, 1 },
	{ VQNIC_REG_VDEV_OFFLOADS_OFF, 4, 0 },
	{ VQNIC_REG_VDEV_RX_MODE, 4, 0 },
	{ VQNIC_REG_VDEV_POLICY, 4, 0 },
	{ VQNIC_REG_VDEV_MAILBOX, 8, 0 },
	{ VQNIC_REG_VDEV_COMMAND, 4, 0 },
	{ VQNIC_REG_VDEV_ANSWER, 4, 0 },
	{ VQNIC_REG_ACCEPTED_FEATURES, 8, 0 },
	{ VQNIC_REG_TX_FRAMES, 8, 0 },
	{ VQNIC_REG_TX_BYTES, 8, 0 },
	{ VQNIC_REG_RX_FRAMES, 8, 0 },
	{ VQNIC_REG_RX_BYTES, 8, 0 },
	{ VQNIC_REG_RX_DROP_NO_BUFFER, 8, 0 },
	{ VQNIC_REG_RX_DROP_TOO_LONG, 8, 0 },
	{ VQNIC_REG_RX_DROP_NOT_READY, 8, 0 },
	{ VQNIC_REG_INTERRUPTS, 8, 0 },
	{ VQNIC_REG_RX_DROP_VLAN, 8, 0 },
	{ VQNIC_REG_TX_DROP_SPOOF, 8, 0 },
	{ VQNIC_REG_TX_DROP_VLAN, 8, 0 },
	{ VQNIC_REG_COMMANDS_TAKEN, 8, 0 },
};

static const struct reset_value queue_values[] = {
	{ VQNIC_REG_QUEUE_SIZE, 2, VQNIC_VQ_SIZE_LIMIT },
	{ VQNIC_REG_QUEUE_MSIX_VECTOR, 2, VQNIC_NO_VECTOR },
	{ VQNIC_REG_QUEUE_ENABLE, 2, 0 },
	{ VQNIC_REG_QUEUE_DESC, 8, 0 },
	{ VQNIC_REG_QUEUE_DRIVER, 8, 0 },
	{ VQNIC_REG_QUEUE_DEVICE, 8, 0 },
	{ VQNIC_REG_QUEUE_NOTIF_CONFIG_DATA, 2, 0 },
	{ VQNIC_REG_QUEUE_RESET, 2, 0 },
	{ VQNIC_REG_QUEUE_AVAIL_STATE, 2, 0 },
	{ VQNIC_REG_QUEUE_USED_STATE, 2, 0 },
	{ VQNIC_REG_QUEUE_STATUS, 4, 0 },
	{ VQNIC_REG_QUEUE_FAULT, 1, 0 },
	{ VQNIC_REG_QUEUE_FAULT_INFO, 8, 0 },
	{ VQNIC_REG_QUEUE_FRAMES, 8, 0 },
	{ VQNIC_REG_QUEUE_BYTES, 8, 0 },
	{ VQNIC_REG_QUEUE_DROPS, 8, 0 },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SPACES VQNIC_ADDRESS_SPACE_COUNT

static uint32_t as_reg(unsigned int asid, uint32_t offset)
{
	return VQNIC_AS_BANK_OFFSET + asid * VQNIC_AS_BANK_STRIDE + offset;
}

static struct card *start(uint64_t seed)
{
	uint64_t rng = seed;
	struct pcie_config link = host_random_link(&rng);

	return card_new(host_new(rng, &link));
}

/* The vdevs have one to three pairs each, from the pool's end on. */
#define SLOTS_MAX 3
#define QUEUES_MAX (2 * SLOTS_MAX)

static unsigned int slots_of(unsigned int vdev)
{
	return 1 + vdev % SLOTS_MAX;
}

static uint32_t pair_of(unsigned int vdev, unsigned int slot)
{
	return VQNIC_PAIRS - 1 - vdev * SLOTS_MAX - slot;
}

static uint64_t reg_get(struct card *c, unsigned int vdev, uint32_t offset, unsigned int bytes)
{
	return host_get(c->host, vdev_reg(vdev, offset), bytes);
}

static void reg_set(struct card *c, unsigned int vdev, uint32_t offset, unsigned int bytes, uint64_t value)
{
	host_set(c->host, vdev_reg(vdev, offset), bytes, value);
}

static void enable_all(struct card *c)
{
	for (unsigned int v = 0; v < VQNIC_VDEVS; v++) {
		reg_set(c, v, VQNIC_REG_VDEV_PAIRS, 2, slots_of(v));
		for (unsigned int i = 0; i < slots_of(v); i++)
			reg_set(c, v, VQNIC_REG_VDEV_PAIR + 4 * i, 4, VQNIC_VDEV_PAIR_VALID | pair_of(v, i));
		reg_set(c, v, VQNIC_REG_VDEV_CONTROL, 4, ENABLE);
	}
}

static void check_queue_values(struct card *c, unsigned int vdev, unsigned int queue)
{
	reg_set(c, vdev, VQNIC_REG_QUEUE_SELECT, 2, queue);
	for (size_t i = 0; i < COUNT(queue_values); i++)
		test_equal(reg_get(c, vdev, queue_values[i].offset, queue_values[i].bytes), queue_values[i].value,
			   "vdev %u queue %u register 0x%x", vdev, queue, queue_values[i].offset);
	test_equal(reg_get(c, vdev, VQNIC_REG_QUEUE_NOTIFY_OFF, 2), 2 * pair_of(vdev, queue / 2) + queue % 2,
		   "vdev %u queue %u", vdev, queue);
	reg_set(c, vdev, VQNIC_REG_QUEUE_SELECT, 2, 0);
}

/* All registers as they are after reset; vdevs off and without pairs, or as enable_all() makes them. */
static void check_values(struct card *c, uint32_t control)
{
	for (size_t i = 0; i < COUNT(card_values); i++)
		test_equal(host_get(c->host, card_values[i].offset, card_values[i].bytes), card_values[i].value,
			   "register 0x%x", card_values[i].offset);
	for (unsigned int v = 0; v < VQNIC_VDEVS; v++) {
		unsigned int slots = control ? slots_of(v) : 1;

		test_equal(reg_get(c, v, VQNIC_REG_VDEV_CONTROL, 4), control, "vdev %u", v);
		test_equal(reg_get(c, v, VQNIC_REG_NUM_QUEUES, 2), 2 * slots + 1, "vdev %u", v);
		test_equal(reg_get(c, v, VQNIC_REG_NET_MAX_VQ_PAIRS, 2), slots, "vdev %u", v);
		test_equal(reg_get(c, v, VQNIC_REG_VDEV_PAIRS, 2), slots, "vdev %u", v);
		for (unsigned int i = 0; i < VQNIC_VDEV_PAIRS_LIMIT; i++)
			test_equal(reg_get(c, v, VQNIC_REG_VDEV_PAIR + 4 * i, 4),
				   control && i < slots ? VQNIC_VDEV_PAIR_VALID | pair_of(v, i) : 0,
				   "vdev %u pair %u", v, i);
		for (size_t i = 0; i < COUNT(vdev_values); i++)
			test_equal(reg_get(c, v, vdev_values[i].offset, vdev_values[i].bytes), vdev_values[i].value,
				   "vdev %u register 0x%x", v, vdev_values[i].offset);
		for (unsigned int i = 0; control && i < 2 * slots; i++)
			check_queue_values(c, v, i);
	}
	for (unsigned int i = 0; i < SPACES; i++)
		for (uint32_t offset = 0; offset < VQNIC_AS_BANK_STRIDE; offset += 4)
			test_equal(host_get(c->host, as_reg(i, offset), 4), 0, "address space %u register 0x%x", i, offset);
}

static void test_reset_values(uint64_t seed)
{
	struct card *c = start(seed);

	check_values(c, 0);
	enable_all(c);
	check_values(c, ENABLE);
}

/* Writes to what is read only, and beyond the map, change nothing, with any strobes. */
static void test_read_only(uint64_t seed)
{
	static const uint32_t card_rw[] = {
		VQNIC_REG_CARD_CONTROL, VQNIC_REG_EVENT_VECTOR, VQNIC_REG_EVENT, VQNIC_REG_SCRATCH,
	};
	/* Words of a vdev with nothing that can be written. */
	static const uint32_t vdev_ro[] = {
		VQNIC_REG_DEVICE_FEATURE, VQNIC_REG_ADMIN_QUEUE_INDEX, VQNIC_REG_NET_MAC_LO, VQNIC_REG_NET_MAC_HI,
		VQNIC_REG_NET_MAX_VQ_PAIRS, VQNIC_REG_QUEUE_STATUS, VQNIC_REG_QUEUE_FAULT, VQNIC_REG_QUEUE_FAULT_INFO,
		VQNIC_REG_QUEUE_FAULT_INFO + 4, VQNIC_REG_SUPPORTED_FEATURES, VQNIC_REG_SUPPORTED_FEATURES + 4,
		VQNIC_REG_VDEV_DOORBELLS, VQNIC_REG_ACCEPTED_FEATURES, VQNIC_REG_ACCEPTED_FEATURES + 4, 0x40, 0xfc,
		0x10c, 0x3fc, 0x40c, 0x438, 0x7fc, 0x804, 0x824, 0x858, 0x960, 0xa40, 0xffc,
	};
	struct card *c = start(seed);
	struct host *h = c->host;

	enable_all(c);
	for (unsigned int i = 0; i < 300; i++) {
		uint32_t offset = (uint32_t)host_random(h, 0, 0x3ff) * 4;
		uint8_t strobe = (uint8_t)host_random(h, 0, 15);
		bool writable = false;

		for (size_t k = 0; k < COUNT(card_rw); k++)
			writable |= offset == card_rw[k];
		if (!writable)
			vqnic_model_write(h->model, offset, (uint32_t)rng_next(&h->rng), strobe);
		offset = vdev_ro[host_random(h, 0, COUNT(vdev_ro) - 1)];
		vqnic_model_write(h->model, vdev_reg((unsigned int)host_random(h, 0, VQNIC_VDEVS - 1), offset),
				  (uint32_t)rng_next(&h->rng), strobe);
		offset = (uint32_t)host_random(h, 0x900, 0x95c) & ~3u;
		vqnic_model_write(h->model, vdev_reg((unsigned int)host_random(h, 0, VQNIC_VDEVS - 1), offset),
				  (uint32_t)rng_next(&h->rng), strobe);
		offset = as_reg((unsigned int)host_random(h, 0, SPACES - 1),
				host_chance(h, 50) ? VQNIC_REG_AS_INVALIDATE : VQNIC_REG_AS_INVALIDATE + 4);
		vqnic_model_write(h->model, offset, (uint32_t)rng_next(&h->rng), strobe);
		/* Beyond the banks of the address spaces, and beyond the BAR. */
		offset = host_chance(h, 50) ?
			(uint32_t)host_random(h, as_reg(SPACES, 0), VQNIC_FILTER_BANK_OFFSET - 1) & ~3u :
			(uint32_t)host_random(h, VQNIC_BAR_REGS_SIZE, VQNIC_BAR_REGS_SIZE + 0x1000) & ~3u;
		vqnic_model_write(h->model, offset, (uint32_t)rng_next(&h->rng), strobe);
		test_equal(vqnic_model_read(h->model, offset), 0, "offset 0x%x", offset);
	}
	for (uint32_t offset = VQNIC_REG_SWITCH_FRAMES; offset < 0x1000; offset += 4)
		test_equal(host_get(h, offset, 4), 0, "offset 0x%x", offset);
	check_values(c, ENABLE);
}

/* ---- what sticks ---- */

enum rule { PLAIN, VECTOR, SIZE, SPACE };

struct shadow {
	uint32_t offset;		/* in the window, or in BAR0 for the card's */
	unsigned int bytes;		/* 2 or 4; 64-bit registers are two */
	enum rule rule;
	uint32_t mask;
	uint32_t reset;
};

static const struct shadow card_shadows[] = {
	{ VQNIC_REG_EVENT_VECTOR, 2, VECTOR, 0xffff, VQNIC_NO_VECTOR },
	{ VQNIC_REG_SCRATCH, 4, PLAIN, UINT32_MAX, 0 },
};

static const struct shadow vdev_shadows[] = {
	{ VQNIC_REG_DEVICE_FEATURE_SELECT, 4, PLAIN, UINT32_MAX, 0 },
	{ VQNIC_REG_CONFIG_MSIX_VECTOR, 2, VECTOR, 0xffff, VQNIC_NO_VECTOR },
	{ VQNIC_REG_OFFERED_FEATURES, 4, PLAIN, SUPPORTED & UINT32_MAX, SUPPORTED & UINT32_MAX },
	{ VQNIC_REG_OFFERED_FEATURES + 4, 4, PLAIN, SUPPORTED >> 32, SUPPORTED >> 32 },
	{ VQNIC_REG_VDEV_MAC_LO, 4, PLAIN, UINT32_MAX, 0 },
	{ VQNIC_REG_VDEV_MAC_HI, 4, PLAIN, 0xffff, 0 },
	{ VQNIC_REG_VDEV_MTU, 4, PLAIN, 0xffff, 1500 },
	{ VQNIC_REG_VDEV_AS_DATA, 2, SPACE, 0xffff, VQNIC_AS_IDENTITY },
	{ VQNIC_REG_VDEV_AS_CTRL, 2, SPACE, 0xffff, VQNIC_AS_IDENTITY },
	{ VQNIC_REG_VDEV_OFFLOADS_OFF, 4, PLAIN, VQNIC_VDEV_OFFLOADS_OFF_GUEST_CSUM, 0 },
	{ VQNIC_REG_VDEV_RX_MODE, 4, PLAIN, 0x13f, 0 },
	{ VQNIC_REG_VDEV_POLICY, 4, PLAIN, 0xefff0007, 0 },
	{ VQNIC_REG_VDEV_MAILBOX, 4, PLAIN, 0xfffff000, 0 },
	{ VQNIC_REG_VDEV_MAILBOX + 4, 4, PLAIN, UINT32_MAX, 0 },
};

static const struct shadow as_shadows[] = {
	{ VQNIC_REG_AS_ROOT, 4, PLAIN, 0xfffff000 | VQNIC_PTE_VALID, 0 },
	{ VQNIC_REG_AS_ROOT + 4, 4, PLAIN, 0x000fffff, 0 },
	{ VQNIC_REG_AS_LOG, 4, PLAIN, 0xfffffff9, 0 },
	{ VQNIC_REG_AS_LOG + 4, 4, PLAIN, UINT32_MAX, 0 },
	{ VQNIC_REG_AS_LOG_PAGES, 4, PLAIN, UINT32_MAX, 0 },
};

static const struct shadow queue_shadows[] = {
	{ VQNIC_REG_QUEUE_SIZE, 2, SIZE, 0xffff, VQNIC_VQ_SIZE_LIMIT },
	{ VQNIC_REG_QUEUE_MSIX_VECTOR, 2, VECTOR, 0xffff, VQNIC_NO_VECTOR },
	{ VQNIC_REG_QUEUE_DESC, 4, PLAIN, ~15u, 0 },
	{ VQNIC_REG_QUEUE_DESC + 4, 4, PLAIN, UINT32_MAX, 0 },
	{ VQNIC_REG_QUEUE_DRIVER, 4, PLAIN, ~1u, 0 },
	{ VQNIC_REG_QUEUE_DRIVER + 4, 4, PLAIN, UINT32_MAX, 0 },
	{ VQNIC_REG_QUEUE_DEVICE, 4, PLAIN, ~3u, 0 },
	{ VQNIC_REG_QUEUE_DEVICE + 4, 4, PLAIN, UINT32_MAX, 0 },
	{ VQNIC_REG_QUEUE_AVAIL_STATE, 2, PLAIN, 0xffff, 0 },
	{ VQNIC_REG_QUEUE_USED_STATE, 2, PLAIN, 0xffff, 0 },
};


struct shadows {
	uint32_t card[COUNT(card_shadows)];
	uint32_t vdev[VQNIC_VDEVS][COUNT(vdev_shadows)];
	uint32_t queue[VQNIC_VDEVS][QUEUES_MAX][COUNT(queue_shadows)];
	uint32_t as[SPACES][COUNT(as_shadows)];
};

static uint32_t sticks(const struct shadow *s, uint32_t old, uint32_t value)
{
	switch (s->rule) {
	case VECTOR:
		return value < VQNIC_MSIX_VECTOR_COUNT ? value : VQNIC_NO_VECTOR;
	case SIZE:
		return value && !(value & (value - 1)) && value <= VQNIC_VQ_SIZE_LIMIT ? value : old;
	case SPACE:
		return value < SPACES ? value : old;
	default:
		return value & s->mask;
	}
}

/* Writes some bytes of the register, at random, and keeps the shadow up with it. */
static void write_shadowed(struct host *h, uint32_t base, const struct shadow *s, uint32_t *shadow)
{
	unsigned int bytes = 1u << host_random(h, 0, s->bytes == 4 ? 2 : 1);
	unsigned int at = (unsigned int)host_random(h, 0, s->bytes / bytes - 1) * bytes;
	uint32_t value = (uint32_t)rng_next(&h->rng), mask;

	if ((s->rule == VECTOR || s->rule == SPACE) && host_chance(h, 60))
		value %= 40;
	if (s->rule == SIZE && host_chance(h, 80))
		value = 1u << host_random(h, 0, 12);
	mask = (bytes == 4 ? UINT32_MAX : (1u << bytes * 8) - 1) << at * 8;
	host_set(h, base + s->offset + at, bytes, value >> at * 8);
	*shadow = sticks(s, *shadow, (*shadow & ~mask) | (value & mask));
}

static void check_shadows(struct card *c, const struct shadows *all)
{
	for (size_t i = 0; i < COUNT(card_shadows); i++)
		test_equal(host_get(c->host, card_shadows[i].offset, card_shadows[i].bytes), all->card[i],
			   "register 0x%x", card_shadows[i].offset);
	for (unsigned int v = 0; v < VQNIC_VDEVS; v++) {
		for (size_t i = 0; i < COUNT(vdev_shadows); i++)
			test_equal(reg_get(c, v, vdev_shadows[i].offset, vdev_shadows[i].bytes), all->vdev[v][i],
				   "vdev %u register 0x%x", v, vdev_shadows[i].offset);
		for (unsigned int k = 0; k < 2 * slots_of(v); k++) {
			reg_set(c, v, VQNIC_REG_QUEUE_SELECT, 2, k);
			for (size_t i = 0; i < COUNT(queue_shadows); i++)
				test_equal(reg_get(c, v, queue_shadows[i].offset, queue_shadows[i].bytes),
					   all->queue[v][k][i], "vdev %u queue %u register 0x%x", v, k,
					   queue_shadows[i].offset);
		}
	}
	for (unsigned int k = 0; k < SPACES; k++)
		for (size_t i = 0; i < COUNT(as_shadows); i++)
			test_equal(host_get(c->host, as_reg(k, as_shadows[i].offset), 4), all->as[k][i],
				   "address space %u register 0x%x", k, as_shadows[i].offset);
}

/* What can be written, written at random with strobes of 1, 2 and 4 bytes: it sticks, and nothing else changes. */
static void test_read_write(uint64_t seed)
{
	struct card *c = start(seed);
	struct host *h = c->host;
	struct shadows all = { 0 };

	for (size_t i = 0; i < COUNT(card_shadows); i++)
		all.card[i] = card_shadows[i].reset;
	for (unsigned int v = 0; v < VQNIC_VDEVS; v++) {
		for (size_t i = 0; i < COUNT(vdev_shadows); i++)
			all.vdev[v][i] = vdev_shadows[i].reset;
		for (unsigned int k = 0; k < QUEUES_MAX; k++)
			for (size_t i = 0; i < COUNT(queue_shadows); i++)
				all.queue[v][k][i] = queue_shadows[i].reset;
	}
	enable_all(c);
	for (unsigned int round = 0; round < 10; round++) {
		for (unsigned int i = 0; i < 100; i++) {
			unsigned int v = (unsigned int)host_random(h, 0, VQNIC_VDEVS - 1), k;
			size_t r;

			switch (host_random(h, 0, 3)) {
			case 0:
				r = host_random(h, 0, COUNT(card_shadows) - 1);
				write_shadowed(h, 0, &card_shadows[r], &all.card[r]);
				break;
			case 1:
				r = host_random(h, 0, COUNT(vdev_shadows) - 1);
				write_shadowed(h, vdev_reg(v, 0), &vdev_shadows[r], &all.vdev[v][r]);
				break;
			case 2:
				k = (unsigned int)host_random(h, 0, SPACES - 1);
				r = host_random(h, 0, COUNT(as_shadows) - 1);
				write_shadowed(h, as_reg(k, 0), &as_shadows[r], &all.as[k][r]);
				break;
			default:
				k = (unsigned int)host_random(h, 0, 2 * slots_of(v) - 1);
				r = host_random(h, 0, COUNT(queue_shadows) - 1);
				reg_set(c, v, VQNIC_REG_QUEUE_SELECT, 2, k);
				write_shadowed(h, vdev_reg(v, 0), &queue_shadows[r], &all.queue[v][k][r]);
				break;
			}
		}
		check_shadows(c, &all);
	}
	/* The device configuration follows what the owner wrote. */
	for (unsigned int v = 0; v < VQNIC_VDEVS; v++) {
		test_equal(reg_get(c, v, VQNIC_REG_NET_MAC_LO, 4), reg_get(c, v, VQNIC_REG_VDEV_MAC_LO, 4), "vdev %u", v);
		test_equal(reg_get(c, v, VQNIC_REG_NET_MAC_HI, 2), reg_get(c, v, VQNIC_REG_VDEV_MAC_HI, 4), "vdev %u", v);
		test_equal(reg_get(c, v, VQNIC_REG_NET_MTU, 2), reg_get(c, v, VQNIC_REG_VDEV_MTU, 4), "vdev %u", v);
	}
}

/* A queue that does not exist reads 0 and takes no writes. */
static void test_queue_select(uint64_t seed)
{
	static const uint16_t selects[] = { 0, 1, 0x20, 0x80, 0x100, 0x102, 0x8000, 0xffff };
	struct card *c = start(seed);
	struct host *h = c->host;

	enable_all(c);
	for (unsigned int i = 0; i < 2 * COUNT(selects); i++) {
		unsigned int v = (unsigned int)host_random(h, 0, VQNIC_VDEVS - 1);
		uint16_t select = (uint16_t)(selects[i / 2] + (i < 4 ? 2 * slots_of(v) : 0));

		reg_set(c, v, VQNIC_REG_QUEUE_SELECT, 2, select);
		test_equal(reg_get(c, v, VQNIC_REG_QUEUE_SELECT, 2), select, "select");
		for (uint32_t offset = VQNIC_REG_QUEUE_SIZE; offset < VQNIC_REG_ADMIN_QUEUE_INDEX; offset += 4)
			reg_set(c, v, offset, 4, rng_next(&h->rng) | 0x00010001);
		reg_set(c, v, VQNIC_REG_QUEUE_AVAIL_STATE, 4, rng_next(&h->rng));
		for (size_t k = 0; k < COUNT(queue_values); k++)
			test_equal(reg_get(c, v, queue_values[k].offset, queue_values[k].bytes), 0,
				   "select %u register 0x%x", select, queue_values[k].offset);
		test_equal(reg_get(c, v, VQNIC_REG_QUEUE_NOTIFY_OFF, 2), 0, "select %u", select);
		reg_set(c, v, VQNIC_REG_QUEUE_SELECT, 2, 0);
	}
	check_values(c, ENABLE);
}

static void accept_features(struct vdev *d, uint64_t features)
{
	for (uint32_t i = 0; i < 2; i++) {
		vdev_set(d, VQNIC_REG_DRIVER_FEATURE_SELECT, 4, i);
		vdev_set(d, VQNIC_REG_DRIVER_FEATURE, 4, features >> 32 * i);
	}
}

/* Negotiation: what FEATURES_OK and DRIVER_OK depend on, and what they fix. */
static void test_negotiation(uint64_t seed)
{
	struct card *c = start(seed);
	struct host *h = c->host;
	struct vdev *d = &c->vdev[seed % c->count];
	const uint64_t version_1 = 1ull << VIRTIO_F_VERSION_1, mtu = 1ull << VIRTIO_NET_F_MTU;

	/* A vdev that is off takes nothing from a guest. */
	vdev_set(d, VQNIC_REG_DEVICE_STATUS, 1, ACKNOWLEDGE);
	accept_features(d, SUPPORTED);
	test_equal(vdev_get(d, VQNIC_REG_DEVICE_STATUS, 1), 0, "vdev off");
	test_equal(vdev_get(d, VQNIC_REG_ACCEPTED_FEATURES, 8), 0, "vdev off");
	enable_all(c);
	vdev_set(d, VQNIC_REG_OFFERED_FEATURES, 8, SUPPORTED & ~mtu);
	for (uint32_t i = 0; i < 4; i++) {
		vdev_set(d, VQNIC_REG_DEVICE_FEATURE_SELECT, 4, i);
		test_equal(vdev_get(d, VQNIC_REG_DEVICE_FEATURE, 4),
			   i > 1 ? 0 : (uint32_t)((SUPPORTED & ~mtu) >> 32 * i), "select %u", i);
	}

	vdev_set(d, VQNIC_REG_DEVICE_STATUS, 1, ACKNOWLEDGE);
	vdev_set(d, VQNIC_REG_DEVICE_STATUS, 1, ACKNOWLEDGE | DRIVER);
	vdev_set(d, VQNIC_REG_DEVICE_STATUS, 1, ACKNOWLEDGE | DRIVER | FEATURES_OK);
	test_equal(vdev_get(d, VQNIC_REG_DEVICE_STATUS, 1), ACKNOWLEDGE | DRIVER, "FEATURES_OK without VERSION_1");
	/* Not offered: in the low half, in the high half, and a bit that the owner withholds. */
	for (unsigned int i = 0; i < 3; i++) {
		uint64_t wrong = i == 0 ? 1ull << VIRTIO_NET_F_GUEST_UFO : i == 1 ? 1ull << 63 : mtu;

		accept_features(d, version_1 | wrong);
		test_equal(vdev_get(d, VQNIC_REG_ACCEPTED_FEATURES, 8), version_1, "not offered");
		vdev_set(d, VQNIC_REG_DEVICE_STATUS, 1, ACKNOWLEDGE | DRIVER | FEATURES_OK);
		test_equal(vdev_get(d, VQNIC_REG_DEVICE_STATUS, 1), ACKNOWLEDGE | DRIVER, "FEATURES_OK for 0x%llx",
			   (unsigned long long)wrong);
	}
	vdev_set(d, VQNIC_REG_DEVICE_STATUS, 1, ACKNOWLEDGE | DRIVER | DRIVER_OK);
	test_equal(vdev_get(d, VQNIC_REG_DEVICE_STATUS, 1), ACKNOWLEDGE | DRIVER, "DRIVER_OK without FEATURES_OK");
	accept_features(d, version_1);
	/* Other halves do not exist. */
	vdev_set(d, VQNIC_REG_DRIVER_FEATURE_SELECT, 4, 2);
	vdev_set(d, VQNIC_REG_DRIVER_FEATURE, 4, UINT32_MAX);
	test_equal(vdev_get(d, VQNIC_REG_DRIVER_FEATURE, 4), 0, "third half");
	vdev_set(d, VQNIC_REG_DEVICE_STATUS, 1, ACKNOWLEDGE | DRIVER | FEATURES_OK);
	test_equal(vdev_get(d, VQNIC_REG_DEVICE_STATUS, 1), ACKNOWLEDGE | DRIVER | FEATURES_OK, "FEATURES_OK");
	accept_features(d, SUPPORTED & ~mtu);
	test_equal(vdev_get(d, VQNIC_REG_ACCEPTED_FEATURES, 8), version_1, "features are fixed");
	vdev_set(d, VQNIC_REG_DEVICE_STATUS, 1, ACKNOWLEDGE | DRIVER | FEATURES_OK | VIRTIO_CONFIG_S_FAILED);
	test_equal(vdev_get(d, VQNIC_REG_DEVICE_STATUS, 1),
		   ACKNOWLEDGE | DRIVER | FEATURES_OK | VIRTIO_CONFIG_S_FAILED, "status");
	vdev_reset(d);
	test_equal(vdev_get(d, VQNIC_REG_ACCEPTED_FEATURES, 8), 0, "after reset");
	test_equal(vdev_get(d, VQNIC_REG_OFFERED_FEATURES, 8), SUPPORTED & ~mtu, "the owner's, after reset");
	host_drain(h, DRAIN);
}

/* A queue that is enabled keeps its size, addresses and indices until it is reset. */
static void test_enabled_queue(uint64_t seed)
{
	struct card *c = start(seed);
	struct host *h = c->host;
	struct vdev *d = &c->vdev[seed % c->count];
	struct queue *q = &d->queue[host_random(h, 0, 1)];
	uint64_t values[COUNT(queue_shadows)];

	enable_all(c);
	queue_set(q, VQNIC_REG_QUEUE_SIZE, 2, 32);
	for (size_t i = 1; i < COUNT(queue_shadows); i++)
		queue_set(q, queue_shadows[i].offset, queue_shadows[i].bytes, rng_next(&h->rng) & 0xff0);
	/* Enabling with 0, or with the bit in another byte, is none. */
	queue_set(q, VQNIC_REG_QUEUE_ENABLE, 2, 0);
	queue_set(q, VQNIC_REG_QUEUE_ENABLE, 2, 0x100);
	test_equal(queue_get(q, VQNIC_REG_QUEUE_ENABLE, 2), 0, "not enabled");
	queue_set(q, VQNIC_REG_QUEUE_ENABLE, 2, 1);
	queue_set(q, VQNIC_REG_QUEUE_ENABLE, 2, 0);
	test_equal(queue_get(q, VQNIC_REG_QUEUE_ENABLE, 2), 1, "enabled");
	for (size_t i = 0; i < COUNT(queue_shadows); i++)
		values[i] = queue_get(q, queue_shadows[i].offset, queue_shadows[i].bytes);
	for (size_t i = 0; i < COUNT(queue_shadows); i++) {
		if (queue_shadows[i].offset == VQNIC_REG_QUEUE_MSIX_VECTOR)
			continue;
		queue_set(q, queue_shadows[i].offset, queue_shadows[i].bytes, 0x40);
		queue_set(q, queue_shadows[i].offset, queue_shadows[i].bytes, rng_next(&h->rng));
	}
	for (size_t i = 0; i < COUNT(queue_shadows); i++)
		test_equal(queue_get(q, queue_shadows[i].offset, queue_shadows[i].bytes), values[i], "register 0x%x",
			   queue_shadows[i].offset);
	queue_set(q, VQNIC_REG_QUEUE_RESET, 2, 1);
	host_drain(h, DRAIN);
	check_queue_values(c, d->number, q->index);
}

/* 64-bit counters are read whole. */
static void test_cycles(uint64_t seed)
{
	struct card *c = start(seed);
	struct host *h = c->host;
	uint64_t before = host_get(h, VQNIC_REG_CYCLES, 8), model = vqnic_model_cycles(h->model), after;

	for (unsigned int i = 0; i < 100; i++)
		host_get(h, VQNIC_REG_SCRATCH, 4);
	after = host_get(h, VQNIC_REG_CYCLES, 8);
	model = vqnic_model_cycles(h->model) - model;
	test_check(after - before <= model + 200 && after - before + 200 >= model,
		   "%llu cycles counted while %llu ran", (unsigned long long)(after - before),
		   (unsigned long long)model);
}

/* ---- hostile ---- */

/* Memory full of descriptors and indices that are not entirely wrong. */
static void scramble(struct host *h, uint64_t base, size_t size)
{
	uint8_t *bytes = host_at(h, base, size);
	size_t at = host_random(h, 0, size / 16 - 1) * 16;
	struct vring_desc *desc = (struct vring_desc *)(bytes + at);

	if (host_chance(h, 50)) {
		desc->addr = base + host_random(h, 0, size - 1);
		desc->len = (uint32_t)host_random(h, 0, 300);
		desc->flags = (uint16_t)host_random(h, 0, host_chance(h, 90) ? 3 : 0xffff);
		desc->next = (uint16_t)host_random(h, 0, 16);
	} else {
		uint16_t value = (uint16_t)host_random(h, 0, host_chance(h, 90) ? 16 : 0xffff);

		memcpy(bytes + at + host_random(h, 0, 7) * 2, &value, 2);
	}
}

static uint64_t hostile_value(struct host *h, uint64_t base, size_t size)
{
	static const uint32_t usual[] = { 0, 1, 3, 0xb, 0xf, 2, 4, 16, 0x10001, 0x10000 };

	switch (host_random(h, 0, 3)) {
	case 0:
		return rng_next(&h->rng);
	case 1:
		return (base + host_random(h, 0, size - 1)) >> (host_chance(h, 50) ? 32 : 0);
	default:
		return usual[host_random(h, 0, COUNT(usual) - 1)];
	}
}

static uint32_t hostile_offset(struct host *h)
{
	uint32_t any = (uint32_t)host_random(h, 0, 0x3ff) * 4;

	switch (host_random(h, 0, 5)) {
	case 0:		/* but no address space and no pair that is another's: that is its owner's word */
		return any == VQNIC_REG_VDEV_AS_DATA || any >= VQNIC_REG_VDEV_PAIR ? 0 : any;
	case 1:
		return VQNIC_REG_OFFERED_FEATURES + (uint32_t)host_random(h, 0, 8) * 4;
	case 2:
		return VQNIC_REG_VDEV_CONTROL;
	default:
		return (uint32_t)host_random(h, 0, 15) * 4;
	}
}

/* A root anywhere, the tables in the attacked memory among it, logs anywhere, and invalidations at any time. */
static void attack_space(struct host *h, uint64_t base)
{
	unsigned int asid = (unsigned int)host_random(h, 0, SPACES - 1);

	vqnic_model_write(h->model, as_reg(asid, VQNIC_REG_AS_ROOT) + 4, (uint32_t)(base >> 32), 0xf);
	vqnic_model_write(h->model, as_reg(asid, VQNIC_REG_AS_ROOT), (uint32_t)base | VQNIC_PTE_VALID, 0xf);
	vqnic_model_write(h->model, as_reg(asid, (uint32_t)host_random(h, 0, 7) * 4), (uint32_t)rng_next(&h->rng),
			  (uint8_t)host_random(h, 1, 15));
}

/* A hostile step: a write to `window` (BAR0 offset of it), a doorbell, a read, or bad memory. */
static void attack(struct host *h, uint32_t window, uint64_t base, size_t size)
{
	uint32_t offset = hostile_offset(h), rings = window + VQNIC_REG_QUEUE_DESC;

	switch (host_random(h, 0, 9)) {
	case 0:
		vqnic_model_doorbell(h->model, (uint32_t)host_random(h, 0, VQNIC_BAR_DOORBELLS_SIZE / 4 - 1) * 4,
				     (uint32_t)rng_next(&h->rng));
		break;
	case 1:
		vqnic_model_doorbell(h->model, (uint32_t)host_random(h, 0, 150) * VQNIC_DOORBELL_BYTES, 0);
		break;
	case 2:
		vqnic_model_read(h->model, (uint32_t)host_random(h, 0, VQNIC_BAR_REGS_SIZE / 4) * 4);
		break;
	case 3:
	case 4:
		scramble(h, base, size);
		break;
	case 5:		/* what a driver does to get going */
		vqnic_model_write(h->model, window + VQNIC_REG_VDEV_CONTROL, ENABLE, 1);
		vqnic_model_write(h->model, window + VQNIC_REG_DRIVER_FEATURE_SELECT, 1, 0xf);
		vqnic_model_write(h->model, window + VQNIC_REG_DRIVER_FEATURE, 1, 0xf);
		vqnic_model_write(h->model, window + VQNIC_REG_DEVICE_STATUS, 0xb, 1);
		break;
	case 6:
		vqnic_model_write(h->model, window + VQNIC_REG_QUEUE_SELECT - 2, (uint32_t)host_random(h, 0, 1) << 16,
				  0xc);
		for (uint32_t i = 0; i < 3; i++) {
			uint64_t addr = base + host_random(h, 0, size / 2);

			vqnic_model_write(h->model, rings + 8 * i, (uint32_t)addr, 0xf);
			vqnic_model_write(h->model, rings + 8 * i + 4, (uint32_t)(addr >> 32), 0xf);
		}
		vqnic_model_write(h->model, window + VQNIC_REG_QUEUE_SIZE, 16, 0x3);
		vqnic_model_write(h->model, window + VQNIC_REG_QUEUE_ENABLE, 1, 0x3);
		vqnic_model_write(h->model, window + VQNIC_REG_DEVICE_STATUS, DRIVER_OK, 1);
		break;
	default:
		vqnic_model_write(h->model, window + offset, (uint32_t)hostile_value(h, base, size),
				  (uint8_t)host_random(h, 1, 15));
		break;
	}
}

/* One vdev is attacked from its guest's and its owner's side: the other one loses nothing. */
static void test_hostile_vdev(uint64_t seed)
{
	struct vdev_config config = {
		.features = 1ull << VIRTIO_RING_F_EVENT_IDX, .size = { 256, 256 }, .mtu = 1500, .chain_max = 4,
		.rx_bytes_min = 1518,
	};
	struct card *c = start(seed);
	struct host *h = c->host;
	struct vdev *good = &c->vdev[seed % c->count], *bad = &c->vdev[(seed + 1) % c->count];
	static const uint8_t broadcast[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	const size_t size = 8192;
	uint64_t memory = host_map(h, size, 16), rx_frames = 100;

	h->hostile = true;
	host_allow(h, memory, size, HOST_READ | HOST_WRITE);
	vdev_start(good, &config);
	while (queue_add_rx(&good->queue[RX], config.rx_bytes_min, 1))
		;
	queue_publish(&good->queue[RX]);
	good->tx_quota = 100;
	good->rx_posting = true;
	c->pause = 200;
	bad->queue[TX].raw = true;
	vdev_take_pair(bad, 0, bad->pair);
	for (unsigned int i = 0; i < 1000 || card_busy(c) || rx_frames; i++) {
		attack(h, vdev_reg(bad->number, 0), memory, size);
		if (host_chance(h, 20))
			card_step(c);
		if (rx_frames && host_chance(h, 20) && card_send(c, good->mac, 100, 1u << good->index))
			rx_frames--;
		/* A frame for everybody that the attacked vdev has to take as well. */
		if (host_chance(h, 2) && card_send(c, broadcast, 64, 1u << good->index))
			host_run(h, 50);
	}
	card_settle(c);
	vdev_check_no_loss(good);

	vdev_set(bad, VQNIC_REG_VDEV_CONTROL, 4, ENABLE);
	vdev_reset(bad);
	host_drain(h, DRAIN);
	h->hostile = false;
	vdev_set(bad, VQNIC_REG_OFFERED_FEATURES, 8, SUPPORTED);
	vdev_start(bad, &config);
	bad->tx_quota = 20;
	while (card_busy(c))
		card_step(c);
	card_settle(c);
	test_equal(bad->tx_frames, 20, "the attacked vdev, after a reset");
}

/* The whole map is attacked: the card still answers, and a card reset makes all well again. */
static void test_hostile_card(uint64_t seed)
{
	struct vdev_config config = {
		.features = 1ull << VIRTIO_RING_F_EVENT_IDX, .size = { 64, 64 }, .mtu = 1500, .chain_max = 4,
		.rx_bytes_min = 1518,
	};
	struct card *c = start(seed);
	struct host *h = c->host;
	const size_t size = 8192;
	uint64_t memory = host_map(h, size, 16);
	unsigned int polls = 0;

	h->hostile = true;
	host_allow(h, memory, size, HOST_READ | HOST_WRITE);
	enable_all(c);
	for (unsigned int i = 0; i < c->count; i++)
		c->vdev[i].queue[TX].raw = true;
	for (unsigned int i = 0; i < 2000; i++) {
		attack(h, vdev_reg((unsigned int)host_random(h, 0, VQNIC_VDEVS - 1), 0), memory, size);
		if (host_chance(h, 5))
			attack(h, 0, memory, size);
		if (host_chance(h, 5))
			attack_space(h, memory);
		if (host_chance(h, 5))
			vqnic_model_write(h->model, vdev_reg((unsigned int)host_random(h, 0, VQNIC_VDEVS - 1),
							     VQNIC_REG_VDEV_AS_DATA), (uint32_t)host_random(h, 0, 20), 3);
		if (host_chance(h, 5))
			vqnic_model_write(h->model, vdev_reg((unsigned int)host_random(h, 0, VQNIC_VDEVS - 1),
							     VQNIC_REG_VDEV_PAIR) + 4 * (uint32_t)host_random(h, 0, 15),
					  VQNIC_VDEV_PAIR_VALID | (uint32_t)host_random(h, 0, VQNIC_PAIRS), 0xf);
		if (host_chance(h, 5))
			card_send(c, (const uint8_t[6]){ 1 }, (uint32_t)host_random(h, 14, 1600), 0);
		if (host_chance(h, 30))
			host_run(h, host_random(h, 1, 300));
	}
	host_drain(h, 10 * DRAIN);
	host_set(h, VQNIC_REG_CARD_CONTROL, 4, VQNIC_CARD_CONTROL_RESET);
	while (host_get(h, VQNIC_REG_CARD_CONTROL, 4) & VQNIC_CARD_CONTROL_RESET) {
		host_run(h, 10);
		test_check(++polls < 10000, "card reset never ends");
	}
	host_drain(h, DRAIN);
	h->hostile = false;
	check_values(c, 0);
	for (unsigned int i = 0; i < c->count; i++) {
		vdev_start(&c->vdev[i], &config);
		c->vdev[i].tx_quota = 10;
	}
	c->pause = 100;
	while (card_busy(c))
		card_step(c);
	card_settle(c);
	vdev_check_no_loss(&c->vdev[0]);
}

static const struct test tests[] = {
	{ "reset_values", test_reset_values, 2 },
	{ "read_only", test_read_only, 3 },
	{ "read_write", test_read_write, 5 },
	{ "queue_select", test_queue_select, 2 },
	{ "negotiation", test_negotiation, 2 },
	{ "enabled_queue", test_enabled_queue, 4 },
	{ "cycles", test_cycles, 1 },
	{ "hostile_vdev", test_hostile_vdev, 10 },
	{ "hostile_card", test_hostile_card, 10 },
};

int main(int argc, char **argv)
{
	return test_main(argc, argv, tests, sizeof(tests) / sizeof(tests[0]), card_cleanup);
}
