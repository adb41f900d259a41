// SPDX-License-Identifier: GPL-2.0-only
/*
 * One function for each thing that is asked of the card, docs/registers.md. Only this file reads
 * and writes registers, and only here does their byte order matter.
 *
 * The functions that take a vdev and use QUEUE_SELECT or a feature select are called with
 * vdev->lock held. A card that is down or dead is not touched: reads are then all ones, writes do
 * nothing, and what can fail is -EIO.
 */
#include <linux/bitfield.h>
#include <linux/io.h>
#include <linux/iopoll.h>
#include <linux/log2.h>
#include <linux/unaligned.h>

#include "vqnic.h"

/*
 * How long a reset may take, with DMA in flight. A card needs microseconds, a simulated one
 * milliseconds.
 */
#define VQNIC_RESET_TIMEOUT_US	(2 * USEC_PER_SEC)
#define VQNIC_RESET_POLL_US	20

/*
 * How long a suspended vdev may take to be quiet: the chains that it has begun, and their
 * interrupts.
 */
#define VQNIC_QUIET_TIMEOUT_US	(2 * USEC_PER_SEC)
#define VQNIC_QUIET_POLL_US	10

/* How long the card may go on with accesses that it translated before an invalidation. */
#define VQNIC_INVALIDATE_TIMEOUT_US	(2 * USEC_PER_SEC)
#define VQNIC_INVALIDATE_POLL_US	5

/* How long the card may take to change a slot of its MAC table, between two frames. */
#define VQNIC_FILTER_TIMEOUT_US	(2 * USEC_PER_SEC)
#define VQNIC_FILTER_POLL_US	1

static_assert(VQNIC_REG_VDEV_PAIR + VQNIC_VDEV_PAIRS_LIMIT * sizeof(u32) <=
	      VQNIC_VDEV_WINDOW_STRIDE);
static_assert(VQNIC_REG_AS_LOG_PAGES + sizeof(u32) <= VQNIC_AS_BANK_STRIDE);

/* All ones is what the bus says when nobody answers. MAGIC never reads so. */
static void vqnic_check_presence(struct vqnic_card *card)
{
	if (readl(card->regs + VQNIC_REG_MAGIC) != VQNIC_MAGIC_VALUE)
		vqnic_card_lost(card, "it does not answer any more");
}

static u32 vqnic_read32(struct vqnic_card *card, void __iomem *addr)
{
	u32 value = U32_MAX;

	if (vqnic_card_up(card)) {
		value = readl(addr);
		if (value == U32_MAX)
			vqnic_check_presence(card);
	}
	return value;
}

static u16 vqnic_read16(struct vqnic_card *card, void __iomem *addr)
{
	u16 value = U16_MAX;

	if (vqnic_card_up(card)) {
		value = readw(addr);
		if (value == U16_MAX)
			vqnic_check_presence(card);
	}
	return value;
}

static u8 vqnic_read8(struct vqnic_card *card, void __iomem *addr)
{
	u8 value = U8_MAX;

	if (vqnic_card_up(card)) {
		value = readb(addr);
		if (value == U8_MAX)
			vqnic_check_presence(card);
	}
	return value;
}

static u64 vqnic_read64(struct vqnic_card *card, void __iomem *addr)
{
	u32 low = vqnic_read32(card, addr);

	return low | (u64)vqnic_read32(card, addr + sizeof(low)) << 32;
}

/* Reading the low word keeps the high one for the next read, for one reader at a time. */
static u64 vqnic_read_latched(struct vqnic_card *card, void __iomem *addr)
{
	u64 value;

	mutex_lock(&card->latch_lock);
	value = vqnic_read64(card, addr);
	mutex_unlock(&card->latch_lock);
	return value;
}

static void vqnic_write32(struct vqnic_card *card, void __iomem *addr, u32 value)
{
	if (vqnic_card_up(card))
		writel(value, addr);
}

static void vqnic_write16(struct vqnic_card *card, void __iomem *addr, u16 value)
{
	if (vqnic_card_up(card))
		writew(value, addr);
}

static void vqnic_write8(struct vqnic_card *card, void __iomem *addr, u8 value)
{
	if (vqnic_card_up(card))
		writeb(value, addr);
}

static void vqnic_write64(struct vqnic_card *card, void __iomem *addr, u64 value)
{
	vqnic_write32(card, addr, lower_32_bits(value));
	vqnic_write32(card, addr + sizeof(u32), upper_32_bits(value));
}

/* Writes what does not stick if the card cannot do it: -EIO. */
static int vqnic_set16(struct vqnic_card *card, void __iomem *addr, u16 value)
{
	vqnic_write16(card, addr, value);
	return vqnic_read16(card, addr) == value ? 0 : -EIO;
}

/* A card that is gone reads all ones: a poll ends then too. */
static int vqnic_poll_result(struct vqnic_card *card, int err, const char *what)
{
	if (err)
		vqnic_card_lost(card, what);
	return vqnic_card_up(card) ? 0 : -EIO;
}

/*
 * Where the last of `count` things of `stride` bytes ends, the first at `offset`; does not
 * overflow.
 */
static u64 vqnic_end(u32 offset, u32 count, u32 stride)
{
	return offset + (u64)count * stride;
}

/*
 * Reads what the card says of its address spaces, and checks it as vqnic_cmd_identify() does. A
 * card of register map 1.0 has none, and reads 0.
 */
static int vqnic_identify_spaces(struct vqnic_card *card, struct vqnic_info *info)
{
	struct device *dev = &card->pdev->dev;
	u32 iova_bits;

	info->spaces = vqnic_read32(card, card->regs + VQNIC_REG_AS_COUNT);
	if (!info->spaces)
		return 0;
	info->as_offset = vqnic_read32(card, card->regs + VQNIC_REG_AS_OFFSET);
	info->as_stride = vqnic_read32(card, card->regs + VQNIC_REG_AS_STRIDE);
	iova_bits = vqnic_read32(card, card->regs + VQNIC_REG_IOVA_WIDTH);
	if (!vqnic_card_up(card))
		return -EIO;

	if (info->spaces < 1 + VQNIC_VDEV_SPACES) {
		dev_err(dev, "card has %u address spaces: too few to work with\n", info->spaces);
		return -EPROTO;
	}
	/* Their numbers have 16 bits. */
	if (info->spaces > U16_MAX + 1 || info->as_stride < VQNIC_AS_BANK_STRIDE ||
	    info->as_offset < VQNIC_VDEV_WINDOW_STRIDE ||
	    !IS_ALIGNED(info->as_stride | info->as_offset, sizeof(u64)) ||
	    vqnic_end(info->as_offset, info->spaces, info->as_stride) >
	    pci_resource_len(card->pdev, VQNIC_BAR_REGS)) {
		dev_err(dev,
			"card has %u address spaces of %#x bytes from %#x on in BAR %u: not possible\n",
			info->spaces, info->as_stride, info->as_offset, VQNIC_BAR_REGS);
		return -EPROTO;
	}
	if (iova_bits != VQNIC_IOVA_BITS) {
		dev_err(dev, "card has IOVAs of %u bits, this driver knows %u\n", iova_bits,
			VQNIC_IOVA_BITS);
		return -EPROTO;
	}
	return 0;
}

/* The same of its filter bank. */
static int vqnic_identify_filter(struct vqnic_card *card, struct vqnic_info *info)
{
	struct device *dev = &card->pdev->dev;
	u32 slots;

	info->filter_offset = vqnic_read32(card, card->regs + VQNIC_REG_FILTER_OFFSET);
	slots = vqnic_read32(card, card->regs + VQNIC_REG_MAC_SLOTS);
	if (!vqnic_card_up(card))
		return -EIO;
	info->mac_ways = slots >> 16;
	info->mac_rows = slots & U16_MAX;
	if (info->filter_offset < VQNIC_VDEV_WINDOW_STRIDE ||
	    !IS_ALIGNED(info->filter_offset, sizeof(u64)) ||
	    vqnic_end(info->filter_offset, 1, VQNIC_VDEV_WINDOW_STRIDE) >
	    pci_resource_len(card->pdev, VQNIC_BAR_REGS)) {
		dev_err(dev, "card has its filter bank at %#x in BAR %u: not possible\n",
			info->filter_offset, VQNIC_BAR_REGS);
		return -EPROTO;
	}
	/* Some addresses for each vdev, and a bit for each vdev in an entry. */
	if (!info->mac_ways || info->mac_ways > VQNIC_MAC_WAYS || info->mac_rows > VQNIC_MAC_ROWS ||
	    !is_power_of_2(info->mac_rows) || info->vdevs > 32 ||
	    info->mac_ways * info->mac_rows < 16 * info->vdevs) {
		dev_err(dev, "card has a MAC table of %u ways of %u rows for %u vdevs: not possible\n",
			info->mac_ways, info->mac_rows, info->vdevs);
		return -EPROTO;
	}
	return 0;
}

/*
 * Reads what the card says of itself to *info. Refuses another register map (-ENODEV,
 * -EPROTONOSUPPORT) and numbers that cannot be (-EPROTO): nothing in *info leads outside the BARs.
 */
int vqnic_cmd_identify(struct vqnic_card *card, struct vqnic_info *info)
{
	struct device *dev = &card->pdev->dev;
	resource_size_t regs_size = pci_resource_len(card->pdev, VQNIC_BAR_REGS);
	u32 magic = readl(card->regs + VQNIC_REG_MAGIC);
	u32 major, minor;

	if (magic != VQNIC_MAGIC_VALUE) {
		dev_err(dev, "not a vqnic card: its magic number is %#x\n", magic);
		return -ENODEV;
	}
	info->version = vqnic_read32(card, card->regs + VQNIC_REG_VERSION);
	major = FIELD_GET(VQNIC_VERSION_MAJOR, info->version);
	minor = FIELD_GET(VQNIC_VERSION_MINOR, info->version);
	if (major != VQNIC_VERSION_MAJOR_VALUE) {
		dev_err(dev, "card speaks register map %u.%u, this driver knows %u.x\n", major,
			minor, VQNIC_VERSION_MAJOR_VALUE);
		return -EPROTONOSUPPORT;
	}
	if (minor > VQNIC_VERSION_MINOR_VALUE && !card->minor_noted) {
		dev_info(dev, "card speaks register map %u.%u, this driver uses what %u.%u has\n",
			 major, minor, VQNIC_VERSION_MAJOR_VALUE, VQNIC_VERSION_MINOR_VALUE);
		card->minor_noted = true;
	}

	info->features = vqnic_read64(card, card->regs + VQNIC_REG_CARD_FEATURES);
	info->vdevs = vqnic_read32(card, card->regs + VQNIC_REG_VDEV_COUNT);
	info->pairs = vqnic_read32(card, card->regs + VQNIC_REG_PAIR_COUNT);
	info->vdev_pairs = vqnic_read32(card, card->regs + VQNIC_REG_VDEV_PAIRS_MAX);
	info->vq_size_max = vqnic_read32(card, card->regs + VQNIC_REG_VQ_SIZE_MAX);
	info->vectors = vqnic_read32(card, card->regs + VQNIC_REG_MSIX_VECTORS);
	info->vdev_offset = vqnic_read32(card, card->regs + VQNIC_REG_VDEV_OFFSET);
	info->vdev_stride = vqnic_read32(card, card->regs + VQNIC_REG_VDEV_STRIDE);
	info->doorbell_stride = vqnic_read32(card, card->regs + VQNIC_REG_DOORBELL_STRIDE);
	info->data_bits = vqnic_read32(card, card->regs + VQNIC_REG_DATA_BITS);
	info->clock_hz = vqnic_read32(card, card->regs + VQNIC_REG_CLOCK_HZ);
	info->mtu_max = vqnic_read32(card, card->regs + VQNIC_REG_MTU_MAX);
	if (!vqnic_card_up(card))
		return -EIO;

	if (!info->vdevs || !info->pairs || !info->vdev_pairs || !info->vectors) {
		dev_err(dev,
			"card has %u vdevs of %u out of %u queue pairs and %u vectors: too few to work with\n",
			info->vdevs, info->vdev_pairs, info->pairs, info->vectors);
		return -EPROTO;
	}
	/* A bit for each vdev in the card's COMMANDS; numbers of queues and vectors. */
	if (info->vdevs > 32 || info->pairs > VQNIC_PAIRS_LIMIT ||
	    info->vdev_pairs > VQNIC_VDEV_PAIRS_LIMIT || info->vectors > VQNIC_NO_VECTOR) {
		dev_err(dev,
			"card has %u vdevs of %u out of %u queue pairs and %u vectors: not possible\n",
			info->vdevs, info->vdev_pairs, info->pairs, info->vectors);
		return -EPROTO;
	}
	if (info->vdev_stride < VQNIC_VDEV_WINDOW_STRIDE ||
	    info->vdev_offset < VQNIC_VDEV_WINDOW_STRIDE ||
	    !IS_ALIGNED(info->vdev_stride | info->vdev_offset, sizeof(u64)) ||
	    vqnic_end(info->vdev_offset, info->vdevs, info->vdev_stride) > regs_size) {
		dev_err(dev, "card has %u windows of %#x bytes from %#x on in BAR %u: not possible\n",
			info->vdevs, info->vdev_stride, info->vdev_offset, VQNIC_BAR_REGS);
		return -EPROTO;
	}
	if (info->doorbell_stride < sizeof(u32) ||
	    !IS_ALIGNED(info->doorbell_stride, sizeof(u32)) ||
	    vqnic_end(0, VQNIC_CTRL_QUEUE_FIRST + info->vdevs, info->doorbell_stride) >
	    pci_resource_len(card->pdev, VQNIC_BAR_DOORBELLS)) {
		dev_err(dev, "card has a doorbell every %u bytes: not possible\n",
			info->doorbell_stride);
		return -EPROTO;
	}
	/* virtio 2.7: a split ring has at most 32768 descriptors. */
	if (!is_power_of_2(info->vq_size_max) || info->vq_size_max > SZ_32K) {
		dev_err(dev, "card has queues of %u descriptors: not possible\n",
			info->vq_size_max);
		return -EPROTO;
	}
	if (info->mtu_max < VQNIC_MTU_LIMIT_MIN || info->mtu_max > U16_MAX) {
		dev_err(dev, "card has an MTU of %u at most: not possible\n", info->mtu_max);
		return -EPROTO;
	}
	return vqnic_identify_spaces(card, info) ?: vqnic_identify_filter(card, info);
}

/* Back to the state after power-on: nothing is in flight when it returns 0. */
int vqnic_cmd_card_reset(struct vqnic_card *card)
{
	void __iomem *control = card->regs + VQNIC_REG_CARD_CONTROL;
	u32 value;
	int err;

	vqnic_write32(card, control, VQNIC_CARD_CONTROL_RESET);
	err = read_poll_timeout(vqnic_read32, value,
				!(value & VQNIC_CARD_CONTROL_RESET) || !vqnic_card_up(card),
				VQNIC_RESET_POLL_US, VQNIC_RESET_TIMEOUT_US, false, card, control);
	return vqnic_poll_result(card, err, "its reset does not end");
}

int vqnic_cmd_event_vector(struct vqnic_card *card, u16 vector)
{
	return vqnic_set16(card, card->regs + VQNIC_REG_EVENT_VECTOR, vector);
}

/* Returns and clears VQNIC_EVENT_*. What happens after this sends a new message. */
u32 vqnic_cmd_take_events(struct vqnic_card *card)
{
	u32 events = vqnic_read32(card, card->regs + VQNIC_REG_EVENT);

	if (!vqnic_card_up(card))
		return 0;
	vqnic_write32(card, card->regs + VQNIC_REG_EVENT, events);
	return events;
}

bool vqnic_cmd_card_link(struct vqnic_card *card)
{
	u32 status = vqnic_read32(card, card->regs + VQNIC_REG_CARD_STATUS);

	return vqnic_card_up(card) && status & VQNIC_CARD_STATUS_LINK;
}

u64 vqnic_cmd_card_cycles(struct vqnic_card *card)
{
	return vqnic_read_latched(card, card->regs + VQNIC_REG_CYCLES);
}

/* Finds out whether the card is there: what is not may read 0, too. */
void vqnic_cmd_check_card(struct vqnic_card *card)
{
	if (vqnic_card_up(card))
		vqnic_check_presence(card);
}

/* A register of the card's bank as it is; reads change nothing. */
u32 vqnic_cmd_peek(struct vqnic_card *card, u16 reg)
{
	return vqnic_read32(card, card->regs + reg);
}

/* One of VQNIC_CARD_COUNTERS, by its register. */
u64 vqnic_cmd_card_counter(struct vqnic_card *card, u16 reg)
{
	return vqnic_read_latched(card, card->regs + reg);
}

static void __iomem *vqnic_as_regs(struct vqnic_card *card, u16 index)
{
	return card->regs + card->info.as_offset + (size_t)index * card->info.as_stride;
}

/*
 * Where the address space's tables begin: a bus address, and VQNIC_PTE_VALID; 0: nothing is mapped.
 * What the card has read of the tables before stays in force until vqnic_cmd_as_invalidate().
 */
void vqnic_cmd_as_set_root(struct vqnic_card *card, u16 index, u64 root)
{
	void __iomem *addr = vqnic_as_regs(card, index) + VQNIC_REG_AS_ROOT;

	/* The low word makes both valid. */
	vqnic_write32(card, addr + sizeof(u32), upper_32_bits(root));
	vqnic_write32(card, addr, lower_32_bits(root));
}

/*
 * When this returns, the card does nothing by what the address space's tables said before: it has
 * forgotten that, or it is lost, or being reset, and cannot reach memory. What it wrote before is
 * in memory, and in the log that there was.
 */
void vqnic_cmd_as_invalidate(struct vqnic_card *card, u16 index)
{
	void __iomem *addr = vqnic_as_regs(card, index) + VQNIC_REG_AS_INVALIDATE;
	u32 value;
	int err;

	vqnic_write32(card, addr, VQNIC_AS_INVALIDATE_BUSY);
	err = read_poll_timeout(vqnic_read32, value,
				!(value & VQNIC_AS_INVALIDATE_BUSY) || !vqnic_card_up(card),
				VQNIC_INVALIDATE_POLL_US, VQNIC_INVALIDATE_TIMEOUT_US, false, card,
				addr);
	if (vqnic_poll_result(card, err, "the invalidation of an address space does not end"))
		vqnic_card_settle(card);
}

/*
 * Has the card log writes to the first `pages` pages of the address space, into as many bytes at
 * bus address `log`. In force for accesses that begin later.
 */
void vqnic_cmd_as_set_log(struct vqnic_card *card, u16 index, u64 log, u32 pages)
{
	void __iomem *regs = vqnic_as_regs(card, index);

	vqnic_write32(card, regs + VQNIC_REG_AS_LOG_PAGES, pages);
	/* The low word makes both valid; bit 0: there is a log. */
	vqnic_write32(card, regs + VQNIC_REG_AS_LOG + sizeof(u32), upper_32_bits(log));
	vqnic_write32(card, regs + VQNIC_REG_AS_LOG, lower_32_bits(log) | 1);
}

/* Ends the log of the address space. Accesses in flight may still write it. */
void vqnic_cmd_as_clear_log(struct vqnic_card *card, u16 index)
{
	vqnic_write32(card, vqnic_as_regs(card, index) + VQNIC_REG_AS_LOG, 0);
}

/* The key of the MAC table's hash. The table is empty. */
void vqnic_cmd_set_mac_key(struct vqnic_card *card, const u32 *key)
{
	void __iomem *filter = card->regs + card->info.filter_offset;

	vqnic_write32(card, filter + VQNIC_REG_MAC_KEY_0, key[0]);
	vqnic_write32(card, filter + VQNIC_REG_MAC_KEY_1, key[1]);
	vqnic_write32(card, filter + VQNIC_REG_MAC_KEY_2, key[2]);
}

/* A slot of the MAC table, changed as a whole: when it returns 0 the card goes by it. */
int vqnic_cmd_set_mac_slot(struct vqnic_card *card, unsigned int way, unsigned int row,
			   const u8 *mac, u32 vdevs)
{
	void __iomem *filter = card->regs + card->info.filter_offset;
	u32 value;
	int err;

	vqnic_write32(card, filter + VQNIC_REG_MAC_LO, get_unaligned_le32(mac));
	vqnic_write32(card, filter + VQNIC_REG_MAC_HI, get_unaligned_le16(mac + sizeof(u32)));
	vqnic_write32(card, filter + VQNIC_REG_MAC_VDEVS, vdevs);
	vqnic_write32(card, filter + VQNIC_REG_MAC_SLOT,
		      FIELD_PREP(VQNIC_MAC_SLOT_WAY, way) | FIELD_PREP(VQNIC_MAC_SLOT_ROW, row) |
			      VQNIC_MAC_SLOT_WRITE);
	err = read_poll_timeout(vqnic_read32, value,
				!(value & VQNIC_MAC_SLOT_WRITE) || !vqnic_card_up(card),
				VQNIC_FILTER_POLL_US, VQNIC_FILTER_TIMEOUT_US, false, card,
				filter + VQNIC_REG_MAC_SLOT);
	return vqnic_poll_result(card, err, "a change of its MAC table does not end");
}

/* Which vdevs receive the VLAN and which may send it, bit v for vdev v. */
void vqnic_cmd_set_vlan(struct vqnic_card *card, u16 vid, u32 rx, u32 tx)
{
	void __iomem *filter = card->regs + card->info.filter_offset;

	vqnic_write32(card, filter + VQNIC_REG_VLAN_SELECT, vid);
	vqnic_write32(card, filter + VQNIC_REG_VLAN_RX, rx);
	vqnic_write32(card, filter + VQNIC_REG_VLAN_TX, tx);
}

/* VQNIC_VDEV_RX_MODE_* and VQNIC_VDEV_POLICY_*. */
void vqnic_cmd_set_filter(struct vqnic_vdev *vdev, u32 rx_mode, u32 policy)
{
	vqnic_write32(vdev->card, vdev->regs + VQNIC_REG_VDEV_RX_MODE, rx_mode);
	vqnic_write32(vdev->card, vdev->regs + VQNIC_REG_VDEV_POLICY, policy);
}

/* Bit v: a command of vdev v's waits for an answer. */
u32 vqnic_cmd_get_commands(struct vqnic_card *card)
{
	u32 commands = vqnic_read32(card, card->regs + VQNIC_REG_COMMANDS);

	return vqnic_card_up(card) ? commands : 0;
}

/* Where commands of the vdev's control queue are put, VQNIC_MAILBOX_BYTES; 0: they wait. */
void vqnic_cmd_set_mailbox(struct vqnic_vdev *vdev, dma_addr_t addr)
{
	void __iomem *reg = vdev->regs + VQNIC_REG_VDEV_MAILBOX;

	/* The low word makes both valid. */
	vqnic_write32(vdev->card, reg + sizeof(u32), upper_32_bits(addr));
	vqnic_write32(vdev->card, reg, lower_32_bits(addr));
}

/* True if a command waits: then it is in the mailbox, and *command says how much of it. */
bool vqnic_cmd_get_command(struct vqnic_vdev *vdev, struct vqnic_command *command)
{
	u32 value = vqnic_read32(vdev->card, vdev->regs + VQNIC_REG_VDEV_COMMAND);

	command->len = FIELD_GET(VQNIC_VDEV_COMMAND_LENGTH, value);
	command->cut = value & VQNIC_VDEV_COMMAND_CUT;
	command->tag = FIELD_GET(VQNIC_VDEV_COMMAND_TAG, value);
	return vqnic_card_up(vdev->card) && value & VQNIC_VDEV_COMMAND_PENDING;
}

/* Completes *command, if it still waits, with VIRTIO_NET_OK or VIRTIO_NET_ERR. */
void vqnic_cmd_answer(struct vqnic_vdev *vdev, const struct vqnic_command *command, u8 ack)
{
	vqnic_write32(vdev->card, vdev->regs + VQNIC_REG_VDEV_ANSWER,
		      FIELD_PREP(VQNIC_VDEV_ANSWER_ACK, ack) |
		      FIELD_PREP(VQNIC_VDEV_ANSWER_TAG, command->tag));
}

/* How many queue pairs of the vdev receive. -EIO: the card does not take it. */
int vqnic_cmd_set_current_pairs(struct vqnic_vdev *vdev, u16 pairs)
{
	return vqnic_set16(vdev->card, vdev->regs + VQNIC_REG_VDEV_CURRENT_PAIRS, pairs);
}

/* VQNIC_VDEV_OFFLOADS_OFF_*: what the driver has accepted and does not want for now. */
void vqnic_cmd_set_offloads_off(struct vqnic_vdev *vdev, u32 off)
{
	vqnic_write32(vdev->card, vdev->regs + VQNIC_REG_VDEV_OFFLOADS_OFF, off);
}

/* Whether the configuration asks the driver to announce itself. vdev->lock is held. */
void vqnic_cmd_set_announce(struct vqnic_vdev *vdev, bool on)
{
	void __iomem *addr = vdev->regs + VQNIC_REG_VDEV_CONTROL;
	u32 control = vqnic_read32(vdev->card, addr);

	lockdep_assert_held(&vdev->lock);
	if (!(control & VQNIC_VDEV_CONTROL_ANNOUNCE) == !on)
		return;
	vqnic_write32(vdev->card, addr, control ^ VQNIC_VDEV_CONTROL_ANNOUNCE);
}

static void vqnic_vq_select(struct vqnic_vdev *vdev, u16 index)
{
	lockdep_assert_held(&vdev->lock);
	vqnic_write16(vdev->card, vdev->regs + VQNIC_REG_QUEUE_SELECT, index);
}

/* Finds out what the vdev can do. */
int vqnic_cmd_vdev_identify(struct vqnic_vdev *vdev)
{
	vdev->supported = vqnic_read64(vdev->card, vdev->regs + VQNIC_REG_SUPPORTED_FEATURES);
	return vqnic_card_up(vdev->card) ? 0 : -EIO;
}

/* Finds the doorbells of the vdev. */
static int vqnic_find_doorbells(struct vqnic_vdev *vdev)
{
	struct vqnic_card *card = vdev->card;
	resource_size_t size = pci_resource_len(card->pdev, VQNIC_BAR_DOORBELLS);
	u32 base = vqnic_read32(card, vdev->regs + VQNIC_REG_VDEV_DOORBELLS);

	if (!vqnic_card_up(card))
		return -EIO;
	if (!IS_ALIGNED(base, sizeof(u32)) ||
	    vqnic_end(base, VQNIC_CTRL_QUEUE_FIRST + card->info.vdevs,
		      card->info.doorbell_stride) > size) {
		dev_err(&card->pdev->dev, "vdev %u has doorbells from %#x on, not inside BAR %u\n",
			vdev->index, base, VQNIC_BAR_DOORBELLS);
		return -EPROTO;
	}
	vdev->doorbells = base;
	return 0;
}

/* Gives the vdev `count` pairs of the pool, in this order, and no other. It is not enabled. */
static int vqnic_set_pairs(struct vqnic_vdev *vdev, const u16 *pairs, unsigned int count)
{
	struct vqnic_card *card = vdev->card;
	void __iomem *addr = vdev->regs + VQNIC_REG_VDEV_PAIR;
	unsigned int i;
	u32 value;

	for (i = 0; i < card->info.vdev_pairs; i++, addr += sizeof(value)) {
		value = i < count ? VQNIC_VDEV_PAIR_VALID | pairs[i] : 0;
		vqnic_write32(card, addr, value);
		if (i < count && vqnic_read32(card, addr) != value)
			return -EIO;
	}
	return count ? vqnic_set16(card, vdev->regs + VQNIC_REG_VDEV_PAIRS, count) : 0;
}

void vqnic_cmd_set_vdev_mac(struct vqnic_vdev *vdev, const u8 *mac)
{
	struct vqnic_card *card = vdev->card;

	vqnic_write32(card, vdev->regs + VQNIC_REG_VDEV_MAC_LO, get_unaligned_le32(mac));
	vqnic_write32(card, vdev->regs + VQNIC_REG_VDEV_MAC_HI,
		      get_unaligned_le16(mac + sizeof(u32)));
}

/* The vdev has the queues that its offer says. */
static int vqnic_check_queues(struct vqnic_vdev *vdev)
{
	u16 vqs = vqnic_read16(vdev->card, vdev->regs + VQNIC_REG_NUM_QUEUES);

	if (!vqnic_card_up(vdev->card))
		return -EIO;
	if (vqs != vdev->nvqs) {
		dev_err(&vdev->card->pdev->dev, "vdev %u has %u queues, it must have %u\n",
			vdev->index, vqs, vdev->nvqs);
		return -EPROTO;
	}
	return 0;
}

/*
 * Gives the vdev what its owner wants it to be, and lets it run. Only an enabled vdev answers its
 * driver's registers. On an error it is disabled again.
 */
int vqnic_cmd_vdev_provision(struct vqnic_vdev *vdev, const struct vqnic_offer *offer)
{
	struct vqnic_card *card = vdev->card;
	void __iomem *regs = vdev->regs;
	int err;

	err = vqnic_find_doorbells(vdev);
	if (err)
		return err;
	err = vqnic_set_pairs(vdev, vdev->pair, offer->pairs);
	if (err)
		goto err_disable;
	vqnic_write64(card, regs + VQNIC_REG_OFFERED_FEATURES, offer->features);
	vqnic_cmd_set_vdev_mac(vdev, offer->mac);
	vqnic_write32(card, regs + VQNIC_REG_VDEV_MTU, offer->mtu);
	err = -EIO;
	if (vqnic_read64(card, regs + VQNIC_REG_OFFERED_FEATURES) != offer->features)
		goto err_disable;
	vqnic_write32(card, regs + VQNIC_REG_VDEV_CONTROL,
		      VQNIC_VDEV_CONTROL_ENABLE | VQNIC_VDEV_CONTROL_LINK);
	err = vqnic_check_queues(vdev);
	if (err)
		goto err_disable;
	return 0;

err_disable:
	vqnic_write32(card, regs + VQNIC_REG_VDEV_CONTROL, 0);
	vqnic_set_pairs(vdev, NULL, 0);
	return err;
}

/* virtio 4.1.4.3.2: a reset is done when the status reads 0. Nothing is in flight then. */
static int vqnic_wait_for_reset(struct vqnic_vdev *vdev)
{
	struct vqnic_card *card = vdev->card;
	u8 value;
	int err;

	err = read_poll_timeout(vqnic_read8, value, !value || !vqnic_card_up(card),
				VQNIC_RESET_POLL_US, VQNIC_RESET_TIMEOUT_US, false, card,
				vdev->regs + VQNIC_REG_DEVICE_STATUS);
	return vqnic_poll_result(card, err, "the reset of a vdev does not end");
}

int vqnic_cmd_vdev_reset(struct vqnic_vdev *vdev)
{
	vqnic_write8(vdev->card, vdev->regs + VQNIC_REG_DEVICE_STATUS, 0);
	return vqnic_wait_for_reset(vdev);
}

/* The vdev is reset, and exists no more for its driver and the wire. */
int vqnic_cmd_vdev_disable(struct vqnic_vdev *vdev)
{
	int err;

	vqnic_write32(vdev->card, vdev->regs + VQNIC_REG_VDEV_CONTROL, 0);
	err = vqnic_wait_for_reset(vdev);
	/* The pairs are for others now. */
	if (!err)
		vqnic_set_pairs(vdev, NULL, 0);
	return err;
}

static void vqnic_set_suspend(struct vqnic_vdev *vdev, bool on)
{
	void __iomem *addr = vdev->regs + VQNIC_REG_VDEV_CONTROL;
	u32 control = vqnic_read32(vdev->card, addr);

	lockdep_assert_held(&vdev->lock);
	if (!(control & VQNIC_VDEV_CONTROL_SUSPEND) == !on)
		return;
	vqnic_write32(vdev->card, addr, control ^ VQNIC_VDEV_CONTROL_SUSPEND);
}

/* Answers a command that waits, without which the vdev would never be quiet. */
static u32 vqnic_serve_and_read_status(struct vqnic_vdev *vdev)
{
	vqnic_cvq_serve(vdev);
	return vqnic_read32(vdev->card, vdev->regs + VQNIC_REG_VDEV_STATUS);
}

/*
 * Stops all queues of the vdev between two chains: when it returns 0 nothing is in flight, and
 * their state does not change until vqnic_cmd_vdev_resume(). On an error they go on.
 */
int vqnic_cmd_vdev_suspend(struct vqnic_vdev *vdev)
{
	struct vqnic_card *card = vdev->card;
	u32 value;
	int err;

	vqnic_set_suspend(vdev, true);
	err = read_poll_timeout(vqnic_serve_and_read_status, value,
				value & VQNIC_VDEV_STATUS_QUIET || !vqnic_card_up(card),
				VQNIC_QUIET_POLL_US, VQNIC_QUIET_TIMEOUT_US, false, vdev);
	if (!vqnic_card_up(card))
		return -EIO;
	if (err)
		vqnic_set_suspend(vdev, false);
	return err;
}

void vqnic_cmd_vdev_resume(struct vqnic_vdev *vdev)
{
	vqnic_set_suspend(vdev, false);
}

u8 vqnic_cmd_get_status(struct vqnic_vdev *vdev)
{
	return vqnic_read8(vdev->card, vdev->regs + VQNIC_REG_DEVICE_STATUS);
}

void vqnic_cmd_set_status(struct vqnic_vdev *vdev, u8 status)
{
	vqnic_write8(vdev->card, vdev->regs + VQNIC_REG_DEVICE_STATUS, status);
}

void vqnic_cmd_set_features(struct vqnic_vdev *vdev, u64 features)
{
	struct vqnic_card *card = vdev->card;

	lockdep_assert_held(&vdev->lock);
	vqnic_write32(card, vdev->regs + VQNIC_REG_DRIVER_FEATURE_SELECT, 0);
	vqnic_write32(card, vdev->regs + VQNIC_REG_DRIVER_FEATURE, lower_32_bits(features));
	vqnic_write32(card, vdev->regs + VQNIC_REG_DRIVER_FEATURE_SELECT, 1);
	vqnic_write32(card, vdev->regs + VQNIC_REG_DRIVER_FEATURE, upper_32_bits(features));
}

/* What the card took of vqnic_cmd_set_features(). */
u64 vqnic_cmd_get_features(struct vqnic_vdev *vdev)
{
	return vqnic_read64(vdev->card, vdev->regs + VQNIC_REG_ACCEPTED_FEATURES);
}

u8 vqnic_cmd_get_generation(struct vqnic_vdev *vdev)
{
	return vqnic_read8(vdev->card, vdev->regs + VQNIC_REG_CONFIG_GENERATION);
}

/* VIRTIO_NET_S_* as the vdev's driver sees them. */
u16 vqnic_cmd_get_net_status(struct vqnic_vdev *vdev)
{
	u16 status = vqnic_read16(vdev->card, vdev->regs + VQNIC_REG_NET_STATUS);

	return vqnic_card_up(vdev->card) ? status : 0;
}

/* A vector that the card cannot send does not stick: -EIO. */
int vqnic_cmd_config_vector(struct vqnic_vdev *vdev)
{
	return vqnic_set16(vdev->card, vdev->regs + VQNIC_REG_CONFIG_MSIX_VECTOR,
			   vdev->config_irq.vector);
}

static void __iomem *vqnic_group_as(struct vqnic_vdev *vdev, unsigned int group)
{
	return vdev->regs + (group == VQNIC_GROUP_CTRL ? VQNIC_REG_VDEV_AS_CTRL
						       : VQNIC_REG_VDEV_AS_DATA);
}

/*
 * Lets a group of the vdev's queues run in address space `index`. -EIO: the card does not take it,
 * as after DRIVER_OK.
 */
int vqnic_cmd_set_as(struct vqnic_vdev *vdev, unsigned int group, u16 index)
{
	return vqnic_set16(vdev->card, vqnic_group_as(vdev, group), index);
}

u16 vqnic_cmd_get_as(struct vqnic_vdev *vdev, unsigned int group)
{
	return vqnic_read16(vdev->card, vqnic_group_as(vdev, group));
}

/* One of VQNIC_VDEV_COUNTERS, by its register. */
u64 vqnic_cmd_vdev_counter(struct vqnic_vdev *vdev, u16 reg)
{
	return vqnic_read_latched(vdev->card, vdev->regs + reg);
}

/*
 * Programs a queue as its driver wants it and enables it. -EIO: the card does not take its size or
 * its vector.
 */
int vqnic_cmd_vq_enable(struct vqnic_vdev *vdev, u16 index)
{
	const struct vqnic_vq *vq = &vdev->vqs[index];
	struct vqnic_card *card = vdev->card;
	void __iomem *regs = vdev->regs;
	int err;

	vqnic_vq_select(vdev, index);
	err = vqnic_set16(card, regs + VQNIC_REG_QUEUE_SIZE, vq->num);
	if (!err)
		err = vqnic_set16(card, regs + VQNIC_REG_QUEUE_MSIX_VECTOR, vq->irq.vector);
	if (err)
		return err;
	vqnic_write64(card, regs + VQNIC_REG_QUEUE_DESC, vq->desc);
	vqnic_write64(card, regs + VQNIC_REG_QUEUE_DRIVER, vq->driver);
	vqnic_write64(card, regs + VQNIC_REG_QUEUE_DEVICE, vq->device);
	/* The card completes in order: what was taken and is not used is taken again. */
	vqnic_write16(card, regs + VQNIC_REG_QUEUE_AVAIL_STATE, vq->avail);
	vqnic_write16(card, regs + VQNIC_REG_QUEUE_USED_STATE, vq->avail);
	return vqnic_set16(card, regs + VQNIC_REG_QUEUE_ENABLE, 1);
}

/* Stops a queue: nothing of it is in flight when it returns 0. */
int vqnic_cmd_vq_reset(struct vqnic_vdev *vdev, u16 index)
{
	void __iomem *reset = vdev->regs + VQNIC_REG_QUEUE_RESET;
	struct vqnic_card *card = vdev->card;
	u16 value;
	int err;

	vqnic_vq_select(vdev, index);
	vqnic_write16(card, reset, 1);
	err = read_poll_timeout(vqnic_read16, value, !value || !vqnic_card_up(card),
				VQNIC_RESET_POLL_US, VQNIC_RESET_TIMEOUT_US, false, card, reset);
	return vqnic_poll_result(card, err, "the reset of a queue does not end");
}

int vqnic_cmd_vq_state(struct vqnic_vdev *vdev, u16 index, struct vqnic_vq_state *state)
{
	struct vqnic_card *card = vdev->card;
	void __iomem *regs = vdev->regs;

	vqnic_vq_select(vdev, index);
	state->avail = vqnic_read16(card, regs + VQNIC_REG_QUEUE_AVAIL_STATE);
	state->used = vqnic_read16(card, regs + VQNIC_REG_QUEUE_USED_STATE);
	state->fault.code = vqnic_read8(card, regs + VQNIC_REG_QUEUE_FAULT);
	state->fault.info = vqnic_read64(card, regs + VQNIC_REG_QUEUE_FAULT_INFO);
	return vqnic_card_up(card) ? 0 : -EIO;
}

int vqnic_cmd_vq_counters(struct vqnic_vdev *vdev, u16 index, struct vqnic_vq_counters *counters)
{
	struct vqnic_card *card = vdev->card;
	void __iomem *regs = vdev->regs;

	vqnic_vq_select(vdev, index);
	counters->frames = vqnic_read_latched(card, regs + VQNIC_REG_QUEUE_FRAMES);
	counters->bytes = vqnic_read_latched(card, regs + VQNIC_REG_QUEUE_BYTES);
	counters->drops = vqnic_read_latched(card, regs + VQNIC_REG_QUEUE_DROPS);
	return vqnic_card_up(card) ? 0 : -EIO;
}

/* Where in BAR2 the queue of that number has its doorbell. */
u64 vqnic_cmd_vq_doorbell(const struct vqnic_vdev *vdev, u16 number)
{
	return vqnic_end(vdev->doorbells, number, vdev->card->info.doorbell_stride);
}

/*
 * Tells the card that the queue's avail ring has grown. writel() orders it after the writes to the
 * ring. A card that is gone ignores it; asking first would cost every packet.
 */
void vqnic_cmd_vq_kick(struct vqnic_vdev *vdev, u16 number, u16 index)
{
	writel(index, vdev->card->doorbells + vqnic_cmd_vq_doorbell(vdev, number));
}
