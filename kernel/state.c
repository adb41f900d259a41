// SPDX-License-Identifier: GPL-2.0-only
/*
 * The state of a vdev, with which a vdev of the same shape goes on elsewhere: device parts of
 * virtio 1.4 sections 2.13 and 5.1.5, and how far queues are.
 *
 * It is read from a suspended vdev. One that is given to a vdev which no driver runs is checked at
 * once, and waits: it takes effect when a driver that has accepted the same features sets
 * DRIVER_OK, and the vdev forgets it then. A reset leaves it, as vhost resets each device that is
 * opened.
 */
#include <linux/etherdevice.h>
#include <linux/slab.h>
#include <linux/unaligned.h>
#include <linux/virtio_config.h>
#include <linux/virtio_net.h>
#include <linux/virtio_pci.h>
#include <net/netlink.h>

#include "vqnic.h"

/* Types of parts, virtio 1.4 sections 2.13.1 and 5.1.5. */
enum {
	VQNIC_PART_DEV_FEATURES = 0x100,
	VQNIC_PART_DRV_FEATURES = 0x101,
	VQNIC_PART_DEVICE_STATUS = 0x103,
	VQNIC_PART_VQ_CFG = 0x104,
	VQNIC_PART_CVQ_CFG = 0x200,
};

#define VQNIC_PART_F_OPTIONAL 1

/* virtio 1.4 section 2.13, struct virtio_dev_part_hdr */
struct vqnic_part_hdr {
	__le16 type;
	u8 flags;
	u8 reserved;
	union {
		__le16 index;			/* of VQ_CFG */
		struct virtio_net_ctrl_hdr command;	/* of CVQ_CFG */
		u8 raw[8];
	};
	__le32 length;				/* of the value, bytes */
} __packed;

static_assert(sizeof(struct vqnic_part_hdr) == 16);

/* virtio 1.4 section 2.13, struct virtio_dev_part_vq_cfg */
struct vqnic_part_vq_cfg {
	__le16 size;
	__le16 vector;
	__le16 enabled;
	__le16 reserved;
	__le64 desc;
	__le64 driver;
	__le64 device;
} __packed;

/* Receive modes and the commands that set them, with the feature that they need. */
static const struct {
	u8 command;
	u8 feature;
} vqnic_rx_modes[] = {
	{ VIRTIO_NET_CTRL_RX_PROMISC, VIRTIO_NET_F_CTRL_RX },
	{ VIRTIO_NET_CTRL_RX_ALLMULTI, VIRTIO_NET_F_CTRL_RX },
	{ VIRTIO_NET_CTRL_RX_ALLUNI, VIRTIO_NET_F_CTRL_RX_EXTRA },
	{ VIRTIO_NET_CTRL_RX_NOMULTI, VIRTIO_NET_F_CTRL_RX_EXTRA },
	{ VIRTIO_NET_CTRL_RX_NOUNI, VIRTIO_NET_F_CTRL_RX_EXTRA },
	{ VIRTIO_NET_CTRL_RX_NOBCAST, VIRTIO_NET_F_CTRL_RX_EXTRA },
};

/* ---- out ---- */

/* Adds a part of a type; returns its header. A struct vqnic_parts has room for all. */
static struct vqnic_part_hdr *vqnic_part_add(struct vqnic_parts *parts, u16 type, const void *value,
					     size_t len)
{
	struct vqnic_part_hdr *hdr = (void *)(parts->bytes + parts->len);

	*hdr = (struct vqnic_part_hdr) {
		.type = cpu_to_le16(type),
		.length = cpu_to_le32(len),
	};
	memcpy(hdr + 1, value, len);
	parts->len += sizeof(*hdr) + len;
	return hdr;
}

static struct vqnic_part_hdr *vqnic_part_add_u64(struct vqnic_parts *parts, u16 type, u64 value)
{
	__le64 bytes = cpu_to_le64(value);

	return vqnic_part_add(parts, type, &bytes, sizeof(bytes));
}

static void vqnic_part_add_vq(struct vqnic_parts *parts, u16 idx, const struct vqnic_vq *vq)
{
	struct vqnic_part_vq_cfg cfg = {
		.size = cpu_to_le16(vq->num),
		.vector = cpu_to_le16(VIRTIO_MSI_NO_VECTOR),
		.enabled = cpu_to_le16(1),
		.desc = cpu_to_le64(vq->desc),
		.driver = cpu_to_le64(vq->driver),
		.device = cpu_to_le64(vq->device),
	};

	vqnic_part_add(parts, VQNIC_PART_VQ_CFG, &cfg, sizeof(cfg))->index = cpu_to_le16(idx);
}

static struct vqnic_part_hdr *vqnic_part_add_command(struct vqnic_parts *parts, u8 class,
						     u8 command, const void *value, size_t len)
{
	struct vqnic_part_hdr *hdr = vqnic_part_add(parts, VQNIC_PART_CVQ_CFG, value, len);

	hdr->command.class = class;
	hdr->command.cmd = command;
	return hdr;
}

static u8 *vqnic_put_mac_table(u8 *at, const u8 (*macs)[ETH_ALEN], unsigned int count)
{
	put_unaligned_le32(count, at);
	memcpy(at + sizeof(u32), macs, count * ETH_ALEN);
	return at + sizeof(u32) + count * ETH_ALEN;
}

/* What the driver has set of its filters by the control queue. */
static void vqnic_parts_add_filters(struct vqnic_parts *parts, const struct vqnic_vdev *vdev,
				    const struct vqnic_wish *wish)
{
	u8 table[2 * sizeof(u32) + VQNIC_FILTER_MACS * ETH_ALEN], *end;
	u8 vlans[VQNIC_VLANS / 8] = {};
	unsigned int i;

	for (i = 0; wish->filters && i < ARRAY_SIZE(vqnic_rx_modes); i++) {
		u8 on = !!(wish->rx_mode & BIT(vqnic_rx_modes[i].command));

		if (vdev->driver_features & BIT_ULL(vqnic_rx_modes[i].feature))
			vqnic_part_add_command(parts, VIRTIO_NET_CTRL_RX, vqnic_rx_modes[i].command,
					       &on, sizeof(on));
	}
	if (wish->filters && vdev->driver_features & BIT_ULL(VIRTIO_NET_F_CTRL_RX)) {
		end = vqnic_put_mac_table(table, wish->macs, wish->unicast);
		end = vqnic_put_mac_table(end, wish->macs + wish->unicast, wish->multicast);
		vqnic_part_add_command(parts, VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_TABLE_SET,
				       table, end - table);
	}
	if (vdev->driver_features & BIT_ULL(VIRTIO_NET_F_CTRL_MAC_ADDR) &&
	    !ether_addr_equal(wish->mac, vdev->offer.mac))
		vqnic_part_add_command(parts, VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_ADDR_SET,
				       wish->mac, ETH_ALEN);
	if (vdev->driver_features & BIT_ULL(VIRTIO_NET_F_CTRL_VLAN)) {
		for_each_set_bit(i, wish->vlans, VQNIC_VLANS)
			vlans[i / 8] |= 1 << i % 8;
		vqnic_part_add_command(parts, VIRTIO_NET_CTRL_VLAN, VIRTIO_NET_CTRL_VLAN_ADD, vlans,
				       sizeof(vlans));
	}
}

/* Fills *parts in the standard's order. vdev->lock is held, the vdev is suspended. */
void vqnic_state_get_parts(struct vqnic_vdev *vdev, struct vqnic_parts *parts)
{
	__le16 pairs = cpu_to_le16(vdev->cvq.pairs);
	__le64 offloads = cpu_to_le64(vdev->cvq.offloads);
	u8 status = vqnic_vdev_status(vdev);
	struct vqnic_wish wish;
	unsigned int i;

	parts->len = 0;
	vqnic_part_add_u64(parts, VQNIC_PART_DEV_FEATURES, vdev->offer.features)->flags =
		VQNIC_PART_F_OPTIONAL;
	vqnic_part_add_u64(parts, VQNIC_PART_DRV_FEATURES, vdev->driver_features);
	vqnic_part_add(parts, VQNIC_PART_DEVICE_STATUS, &status, sizeof(status));
	for (i = 0; i < vdev->nvqs; i++)
		if (vdev->vqs[i].ready)
			vqnic_part_add_vq(parts, i, &vdev->vqs[i]);
	vqnic_filter_get_wish(vdev, &wish);
	vqnic_parts_add_filters(parts, vdev, &wish);
	if (vdev->driver_features & BIT_ULL(VIRTIO_NET_F_MQ))
		vqnic_part_add_command(parts, VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET,
				       &pairs, sizeof(pairs));
	/* A selector that the standard does not list. */
	if (vdev->driver_features & BIT_ULL(VIRTIO_NET_F_CTRL_GUEST_OFFLOADS))
		vqnic_part_add_command(parts, VIRTIO_NET_CTRL_GUEST_OFFLOADS,
				       VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET, &offloads,
				       sizeof(offloads))->flags = VQNIC_PART_F_OPTIONAL;
}

/* ---- in ---- */

static int vqnic_take_features(struct vqnic_vdev *vdev, struct vqnic_restored *state,
			       const u8 *value, size_t len, struct netlink_ext_ack *extack)
{
	u64 missing;

	if (len != sizeof(u64)) {
		NL_SET_ERR_MSG(extack, "features are not of 8 bytes");
		return -EINVAL;
	}
	state->features = get_unaligned_le64(value);
	missing = state->features & ~vdev->offer.features;
	if (missing) {
		NL_SET_ERR_MSG_FMT(extack, "the device does not offer features %#llx", missing);
		return -EOPNOTSUPP;
	}
	return 0;
}

static int vqnic_take_status(const u8 *value, size_t len, struct netlink_ext_ack *extack)
{
	const u8 runs = VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER |
			VIRTIO_CONFIG_S_FEATURES_OK | VIRTIO_CONFIG_S_DRIVER_OK;

	if (len == sizeof(*value) && *value == runs)
		return 0;
	NL_SET_ERR_MSG(extack, "the status is not that of a device which runs");
	return -EINVAL;
}

static int vqnic_take_vq(struct vqnic_vdev *vdev, struct vqnic_restored *state, u16 idx,
			 const u8 *value, size_t len, struct netlink_ext_ack *extack)
{
	const struct vqnic_part_vq_cfg *cfg = (const void *)value;
	u32 size;

	if (idx >= vdev->nvqs || len != sizeof(*cfg) || cfg->enabled != cpu_to_le16(1)) {
		NL_SET_ERR_MSG_FMT(extack, "queue %u cannot be like this", idx);
		return -EINVAL;
	}
	size = le16_to_cpu(cfg->size);
	if (!is_power_of_2(size) || size > vdev->card->info.vq_size_max) {
		NL_SET_ERR_MSG_FMT(extack, "queue %u has %u descriptors, the card's %u at most",
				   idx, size, vdev->card->info.vq_size_max);
		return -EINVAL;
	}
	state->vqs[idx].size = size;
	return 0;
}

static int vqnic_take_rx(struct vqnic_restored *state, u8 command, const u8 *value, size_t len)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(vqnic_rx_modes); i++)
		if (vqnic_rx_modes[i].command == command &&
		    state->features & BIT_ULL(vqnic_rx_modes[i].feature))
			break;
	if (i == ARRAY_SIZE(vqnic_rx_modes) || len != 1 || *value > 1)
		return -EINVAL;
	state->wish.filters = true;
	state->wish.rx_mode &= ~BIT(command);
	state->wish.rx_mode |= *value << command;
	return 0;
}

static int vqnic_take_mac_table(struct vqnic_vdev *vdev, struct vqnic_restored *state,
				const u8 *value, size_t len)
{
	struct vqnic_wish *wish = &state->wish;
	const u8 *unicast, *multicast;
	int err;

	err = vqnic_cvq_take_macs(&value, &len, &unicast, &wish->unicast);
	if (!err)
		err = vqnic_cvq_take_macs(&value, &len, &multicast, &wish->multicast);
	if (err || len || !(state->features & BIT_ULL(VIRTIO_NET_F_CTRL_RX)))
		return -EINVAL;
	wish->filters = true;
	return vqnic_filter_fill_macs(vdev->card, wish, unicast, multicast);
}

static int vqnic_take_vlans(struct vqnic_restored *state, const u8 *value, size_t len)
{
	unsigned int vid;

	if (len != VQNIC_VLANS / 8 || !(state->features & BIT_ULL(VIRTIO_NET_F_CTRL_VLAN)))
		return -EINVAL;
	for (vid = 0; vid < VQNIC_VLANS; vid++)
		__assign_bit(vid, state->wish.vlans, value[vid / 8] >> vid % 8 & 1);
	return 0;
}

static int vqnic_take_command(struct vqnic_vdev *vdev, struct vqnic_restored *state,
			      const struct virtio_net_ctrl_hdr *command, const u8 *value,
			      size_t len)
{
	switch (command->class << 8 | command->cmd) {
	case VIRTIO_NET_CTRL_MAC << 8 | VIRTIO_NET_CTRL_MAC_TABLE_SET:
		return vqnic_take_mac_table(vdev, state, value, len);
	case VIRTIO_NET_CTRL_MAC << 8 | VIRTIO_NET_CTRL_MAC_ADDR_SET:
		if (len != ETH_ALEN || !(state->features & BIT_ULL(VIRTIO_NET_F_CTRL_MAC_ADDR)))
			return -EINVAL;
		memcpy(state->wish.mac, value, ETH_ALEN);
		return is_valid_ether_addr(state->wish.mac) ? 0 : -EINVAL;
	case VIRTIO_NET_CTRL_VLAN << 8 | VIRTIO_NET_CTRL_VLAN_ADD:
		return vqnic_take_vlans(state, value, len);
	case VIRTIO_NET_CTRL_MQ << 8 | VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET:
		if (len != sizeof(u16) || !(state->features & BIT_ULL(VIRTIO_NET_F_MQ)))
			return -EINVAL;
		state->pairs = get_unaligned_le16(value);
		return state->pairs && state->pairs <= vqnic_vdev_pairs(vdev) ? 0 : -EINVAL;
	case VIRTIO_NET_CTRL_GUEST_OFFLOADS << 8 | VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET:
		if (len != sizeof(u64))
			return -EINVAL;
		state->offloads = get_unaligned_le64(value);
		return state->offloads & ~vqnic_cvq_offloads(state->features) ? -EINVAL : 0;
	default:
		if (command->class == VIRTIO_NET_CTRL_RX)
			return vqnic_take_rx(state, command->cmd, value, len);
		return -EOPNOTSUPP;
	}
}

static int vqnic_take_part(struct vqnic_vdev *vdev, struct vqnic_restored *state,
			   const struct vqnic_part_hdr *hdr, const u8 *value, size_t len,
			   struct netlink_ext_ack *extack)
{
	u16 type = le16_to_cpu(hdr->type);
	int err = -EOPNOTSUPP;

	/* The driver's features say what the others mean. */
	if (type > VQNIC_PART_DRV_FEATURES && !state->features) {
		NL_SET_ERR_MSG(extack, "the driver's features do not come first");
		return -EINVAL;
	}
	switch (type) {
	case VQNIC_PART_DRV_FEATURES:
		return vqnic_take_features(vdev, state, value, len, extack);
	case VQNIC_PART_DEVICE_STATUS:
		return vqnic_take_status(value, len, extack);
	case VQNIC_PART_VQ_CFG:
		return vqnic_take_vq(vdev, state, le16_to_cpu(hdr->index), value, len, extack);
	case VQNIC_PART_CVQ_CFG:
		err = vqnic_take_command(vdev, state, &hdr->command, value, len);
		break;
	}
	if (err == -EOPNOTSUPP && hdr->flags & VQNIC_PART_F_OPTIONAL)
		return 0;
	if (err)
		NL_SET_ERR_MSG_FMT(extack, "device part %#x (%u, %u) cannot be taken", type,
				   hdr->raw[0], hdr->raw[1]);
	return err;
}

/*
 * What parts from outside say, for a vdev that does not run: a new state, which its queues'
 * positions are still to come to, or an error. vdev->lock is held.
 */
struct vqnic_restored *vqnic_state_parse(struct vqnic_vdev *vdev, const u8 *bytes, size_t len,
					 struct netlink_ext_ack *extack)
{
	struct vqnic_restored *state;
	int err = 0;

	state = kzalloc(sizeof(*state), GFP_KERNEL);
	if (!state)
		return ERR_PTR(-ENOMEM);
	vqnic_filter_default_wish(vdev, &state->wish);
	state->pairs = 1;
	while (!err && len) {
		const struct vqnic_part_hdr *hdr = (const void *)bytes;
		size_t value_len;

		if (len < sizeof(*hdr) || le32_to_cpu(hdr->length) > len - sizeof(*hdr)) {
			NL_SET_ERR_MSG(extack, "the last device part is cut off");
			err = -EINVAL;
			break;
		}
		value_len = le32_to_cpu(hdr->length);
		err = vqnic_take_part(vdev, state, hdr, bytes + sizeof(*hdr), value_len, extack);
		bytes += sizeof(*hdr) + value_len;
		len -= sizeof(*hdr) + value_len;
	}
	if (!err && !state->features) {
		NL_SET_ERR_MSG(extack, "the driver's features are missing");
		err = -EINVAL;
	}
	if (err) {
		kfree(state);
		return ERR_PTR(err);
	}
	return state;
}

/* ---- in force ---- */

/* Whether the driver that begins is the one that the state is of. vdev->lock is held. */
static bool vqnic_state_fits(const struct vqnic_vdev *vdev, const struct vqnic_restored *state)
{
	unsigned int i;

	if (state->features != vdev->driver_features)
		return false;
	for (i = 0; i < vdev->nvqs; i++) {
		const struct vqnic_vq *vq = &vdev->vqs[i];

		if (state->vqs[i].size && (vq->num != state->vqs[i].size ||
					   (vq->placed && vq->avail != state->vqs[i].avail)))
			return false;
	}
	return true;
}

/* The vdev's driver sets DRIVER_OK: it goes on where it was. vdev->lock is held. */
int vqnic_state_apply(struct vqnic_vdev *vdev)
{
	struct vqnic_restored *state = vdev->restored;
	unsigned int i;
	int err = 0;

	if (!state)
		return 0;
	vdev->restored = NULL;
	if (vqnic_state_fits(vdev, state)) {
		for (i = 0; i < vdev->nvqs; i++)
			if (state->vqs[i].size)
				vdev->vqs[i].avail = state->vqs[i].avail;
		err = vqnic_cvq_restore(vdev, state);
		if (err)
			dev_err(&vdev->card->pdev->dev, "vdev %u: cannot go on with its state: %pe\n",
				vdev->index, ERR_PTR(err));
	} else {
		dev_warn(&vdev->card->pdev->dev,
			 "vdev %u: its state was of another driver: it begins anew\n",
			 vdev->index);
	}
	kfree(state);
	return err;
}

/* The vdev's state is this one from now on, or none. vdev->lock is held. */
void vqnic_state_set(struct vqnic_vdev *vdev, struct vqnic_restored *state)
{
	kfree(vdev->restored);
	vdev->restored = state;
}
