// SPDX-License-Identifier: GPL-2.0-only
/*
 * The control queue, virtio 5.1.6.5. The card copies a command into the vdev's mailbox, memory of
 * the driver's, and completes it with the byte that it is answered with; the driver never touches
 * a guest's memory.
 *
 * What is in the mailbox comes from a guest: it is copied once and then parsed, and changes
 * something only if all of it is right. What has no other owner is kept here: how many queue pairs
 * are used, and which offloads.
 *
 * A guest that sends command after command costs no other one its turn: each event takes at most
 * one command of each vdev, and the next one is an event of its own.
 */
#include <linux/dma-mapping.h>
#include <linux/slab.h>
#include <linux/unaligned.h>
#include <linux/virtio_net.h>

#include "vqnic.h"

/* What a command of some class and number is, and what the driver must have accepted for it. */
struct vqnic_cvq_command {
	u8 class;
	u8 number;
	u8 feature;
	/* Returns 0, or why it is refused. vdev->lock is held. */
	int (*run)(struct vqnic_vdev *vdev, u8 number, const u8 *data, size_t len);
};

static_assert(VQNIC_VDEV_RX_MODE_PROMISC == 1 << VIRTIO_NET_CTRL_RX_PROMISC);
static_assert(VQNIC_VDEV_RX_MODE_ALLMULTI == 1 << VIRTIO_NET_CTRL_RX_ALLMULTI);
static_assert(VQNIC_VDEV_RX_MODE_ALLUNI == 1 << VIRTIO_NET_CTRL_RX_ALLUNI);
static_assert(VQNIC_VDEV_RX_MODE_NOMULTI == 1 << VIRTIO_NET_CTRL_RX_NOMULTI);
static_assert(VQNIC_VDEV_RX_MODE_NOUNI == 1 << VIRTIO_NET_CTRL_RX_NOUNI);
static_assert(VQNIC_VDEV_RX_MODE_NOBCAST == 1 << VIRTIO_NET_CTRL_RX_NOBCAST);

/* 5.1.6.5.1: 0 off, 1 on. */
static int vqnic_cvq_rx(struct vqnic_vdev *vdev, u8 number, const u8 *data, size_t len)
{
	if (len != 1 || data[0] > 1)
		return -EINVAL;
	return vqnic_filter_set_rx_mode(vdev, BIT(number), data[0]);
}

/* Takes one of the tables, le32 entries and so many addresses, off the front of the data. */
int vqnic_cvq_take_macs(const u8 **data, size_t *len, const u8 **macs, unsigned int *count)
{
	u32 entries;

	if (*len < sizeof(entries))
		return -EINVAL;
	entries = get_unaligned_le32(*data);
	*data += sizeof(entries);
	*len -= sizeof(entries);
	if (entries > *len / ETH_ALEN)
		return -EINVAL;
	*macs = *data;
	*count = entries;
	*data += entries * ETH_ALEN;
	*len -= entries * ETH_ALEN;
	return 0;
}

/* 5.1.6.5.2: the unicast table, then the multicast table. */
static int vqnic_cvq_mac_table(struct vqnic_vdev *vdev, u8 number, const u8 *data, size_t len)
{
	unsigned int unicasts, multicasts;
	const u8 *unicast, *multicast;
	int err;

	err = vqnic_cvq_take_macs(&data, &len, &unicast, &unicasts);
	if (!err)
		err = vqnic_cvq_take_macs(&data, &len, &multicast, &multicasts);
	if (!err && len)
		err = -EINVAL;
	return err ?: vqnic_filter_set_macs(vdev, unicast, unicasts, multicast, multicasts);
}

static int vqnic_cvq_mac_addr(struct vqnic_vdev *vdev, u8 number, const u8 *data, size_t len)
{
	return len == ETH_ALEN ? vqnic_filter_set_mac(vdev, data) : -EINVAL;
}

/* 5.1.6.5.3 */
static int vqnic_cvq_vlan(struct vqnic_vdev *vdev, u8 number, const u8 *data, size_t len)
{
	if (len != sizeof(u16) || get_unaligned_le16(data) >= VQNIC_VLANS)
		return -EINVAL;
	return vqnic_filter_set_vlan(vdev, get_unaligned_le16(data),
				     number == VIRTIO_NET_CTRL_VLAN_ADD);
}

/* 5.1.6.5.4 */
static int vqnic_cvq_announce_ack(struct vqnic_vdev *vdev, u8 number, const u8 *data, size_t len)
{
	if (len)
		return -EINVAL;
	vqnic_cmd_set_announce(vdev, false);
	return 0;
}

/* 5.1.6.5.5 */
static int vqnic_cvq_mq(struct vqnic_vdev *vdev, u8 number, const u8 *data, size_t len)
{
	u16 pairs;
	int err;

	if (len != sizeof(pairs))
		return -EINVAL;
	pairs = get_unaligned_le16(data);
	if (!pairs || pairs > vqnic_vdev_pairs(vdev))
		return -EINVAL;
	err = vqnic_cmd_set_current_pairs(vdev, pairs);
	if (!err)
		vdev->cvq.pairs = pairs;
	return err;
}

/* Offloads that the driver may switch off and on, virtio 5.1.6.5.6.1. */
u64 vqnic_cvq_offloads(u64 features)
{
	return features & BIT_ULL(VIRTIO_NET_F_GUEST_CSUM);
}

static void vqnic_cvq_set_offloads(struct vqnic_vdev *vdev, u64 offloads)
{
	u32 off = 0;

	if (!(offloads & BIT_ULL(VIRTIO_NET_F_GUEST_CSUM)))
		off |= VQNIC_VDEV_OFFLOADS_OFF_GUEST_CSUM;
	vqnic_cmd_set_offloads_off(vdev, off);
	vdev->cvq.offloads = offloads;
}

/* 5.1.6.5.6 */
static int vqnic_cvq_guest_offloads(struct vqnic_vdev *vdev, u8 number, const u8 *data, size_t len)
{
	u64 offloads;

	if (len != sizeof(offloads))
		return -EINVAL;
	offloads = get_unaligned_le64(data);
	if (offloads & ~vqnic_cvq_offloads(vdev->driver_features))
		return -EINVAL;
	vqnic_cvq_set_offloads(vdev, offloads);
	return 0;
}

static const struct vqnic_cvq_command vqnic_cvq_commands[] = {
	{ VIRTIO_NET_CTRL_RX, VIRTIO_NET_CTRL_RX_PROMISC, VIRTIO_NET_F_CTRL_RX, vqnic_cvq_rx },
	{ VIRTIO_NET_CTRL_RX, VIRTIO_NET_CTRL_RX_ALLMULTI, VIRTIO_NET_F_CTRL_RX, vqnic_cvq_rx },
	{ VIRTIO_NET_CTRL_RX, VIRTIO_NET_CTRL_RX_ALLUNI, VIRTIO_NET_F_CTRL_RX_EXTRA, vqnic_cvq_rx },
	{ VIRTIO_NET_CTRL_RX, VIRTIO_NET_CTRL_RX_NOMULTI, VIRTIO_NET_F_CTRL_RX_EXTRA,
	  vqnic_cvq_rx },
	{ VIRTIO_NET_CTRL_RX, VIRTIO_NET_CTRL_RX_NOUNI, VIRTIO_NET_F_CTRL_RX_EXTRA, vqnic_cvq_rx },
	{ VIRTIO_NET_CTRL_RX, VIRTIO_NET_CTRL_RX_NOBCAST, VIRTIO_NET_F_CTRL_RX_EXTRA,
	  vqnic_cvq_rx },
	{ VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_TABLE_SET, VIRTIO_NET_F_CTRL_RX,
	  vqnic_cvq_mac_table },
	{ VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_ADDR_SET, VIRTIO_NET_F_CTRL_MAC_ADDR,
	  vqnic_cvq_mac_addr },
	{ VIRTIO_NET_CTRL_VLAN, VIRTIO_NET_CTRL_VLAN_ADD, VIRTIO_NET_F_CTRL_VLAN, vqnic_cvq_vlan },
	{ VIRTIO_NET_CTRL_VLAN, VIRTIO_NET_CTRL_VLAN_DEL, VIRTIO_NET_F_CTRL_VLAN, vqnic_cvq_vlan },
	{ VIRTIO_NET_CTRL_ANNOUNCE, VIRTIO_NET_CTRL_ANNOUNCE_ACK, VIRTIO_NET_F_GUEST_ANNOUNCE,
	  vqnic_cvq_announce_ack },
	{ VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET, VIRTIO_NET_F_MQ, vqnic_cvq_mq },
	{ VIRTIO_NET_CTRL_GUEST_OFFLOADS, VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET,
	  VIRTIO_NET_F_CTRL_GUEST_OFFLOADS, vqnic_cvq_guest_offloads },
};

/* Does what the command of `len` bytes says. Returns why it is refused; then nothing is changed. */
static int vqnic_cvq_run(struct vqnic_vdev *vdev, const u8 *command, size_t len)
{
	const struct virtio_net_ctrl_hdr *hdr = (const void *)command;
	unsigned int i;

	if (len < sizeof(*hdr))
		return -EINVAL;
	for (i = 0; i < ARRAY_SIZE(vqnic_cvq_commands); i++) {
		const struct vqnic_cvq_command *known = &vqnic_cvq_commands[i];

		if (known->class == hdr->class && known->number == hdr->cmd &&
		    vdev->driver_features & BIT_ULL(known->feature))
			return known->run(vdev, hdr->cmd, command + sizeof(*hdr),
					  len - sizeof(*hdr));
	}
	return -EOPNOTSUPP;
}

/*
 * Answers the command that waits in the vdev's mailbox, if one does. vdev->lock is held. Whoever
 * suspends the vdev calls it before: what is answered later is completed after the resume.
 */
void vqnic_cvq_serve(struct vqnic_vdev *vdev)
{
	struct vqnic_cvq *cvq = &vdev->cvq;
	struct vqnic_command command;
	int err = -EMSGSIZE;

	lockdep_assert_held(&vdev->lock);
	/* The card was down or the vdev is not open: nothing that it says means anything. */
	if (!cvq->mailbox || !vdev->provisioned || vdev->needs_reset ||
	    !vqnic_cmd_get_command(vdev, &command))
		return;
	memcpy(cvq->copy, cvq->mailbox, VQNIC_MAILBOX_BYTES);
	if (!command.cut && command.len <= VQNIC_MAILBOX_BYTES)
		err = vqnic_cvq_run(vdev, cvq->copy, command.len);
	/* The next command, or the next guest's, finds nothing of this one. */
	memset(cvq->mailbox, 0, VQNIC_MAILBOX_BYTES);
	cvq->commands++;
	if (err) {
		cvq->refused++;
		dev_info_ratelimited(&vdev->card->pdev->dev,
				     "vdev %u: command %u.%u of its guest, %u bytes, refused: %pe\n",
				     vdev->index, cvq->copy[0], cvq->copy[1], command.len,
				     ERR_PTR(err));
	} else {
		vqnic_notify_dev(vdev, VQNIC_NTF_GUEST_SETTINGS);
	}
	vqnic_cmd_answer(vdev, &command, err ? VIRTIO_NET_ERR : VIRTIO_NET_OK);
}

/* A command came: answers one of each vdev that has one. Those that come later are a new event. */
void vqnic_cvq_event(struct vqnic_card *card)
{
	u32 waiting = vqnic_cmd_get_commands(card);
	unsigned int i;

	for (i = 0; i < card->info.vdevs && vqnic_card_up(card); i++) {
		struct vqnic_vdev *vdev = &card->vdevs[i];

		if (!(waiting & BIT(i)))
			continue;
		mutex_lock(&vdev->lock);
		vqnic_cvq_serve(vdev);
		mutex_unlock(&vdev->lock);
	}
}

/*
 * What a reset of the vdev does not undo in the card, as it is the owner's. vdev->lock is held, and
 * the driver's features are none.
 */
static void vqnic_cvq_set_defaults(struct vqnic_vdev *vdev)
{
	vqnic_cmd_set_current_pairs(vdev, 1);
	vqnic_cmd_set_announce(vdev, false);
	vqnic_cmd_set_offloads_off(vdev, 0);
	vdev->cvq.pairs = 1;
	vdev->cvq.offloads = 0;
}

/* The vdev was reset: what its driver said is void. vdev->lock is held. */
void vqnic_cvq_reset(struct vqnic_vdev *vdev)
{
	vqnic_filter_vdev_reset(vdev);
	vqnic_cvq_set_defaults(vdev);
	if (vdev->cvq.mailbox)
		memset(vdev->cvq.mailbox, 0, VQNIC_MAILBOX_BYTES);
}

/* The vdev's driver sets DRIVER_OK, having accepted vdev->driver_features. vdev->lock is held. */
int vqnic_cvq_start(struct vqnic_vdev *vdev)
{
	/* 5.1.6.5.6: what was accepted is on. */
	vdev->cvq.offloads = vqnic_cvq_offloads(vdev->driver_features);
	return vqnic_filter_vdev_start(vdev, vdev->driver_features);
}

/* After that: the vdev goes on with a state that it had elsewhere. vdev->lock is held. */
int vqnic_cvq_restore(struct vqnic_vdev *vdev, const struct vqnic_restored *state)
{
	int err;

	err = vqnic_filter_set_wish(vdev, &state->wish);
	if (!err)
		err = vqnic_cmd_set_current_pairs(vdev, state->pairs);
	if (err)
		return err;
	vdev->cvq.pairs = state->pairs;
	vqnic_cvq_set_offloads(vdev, state->offloads);
	return 0;
}

/* The card has nothing of the vdev and is to have all, before it is enabled. vdev->lock is held. */
int vqnic_cvq_up(struct vqnic_vdev *vdev)
{
	memset(vdev->cvq.mailbox, 0, VQNIC_MAILBOX_BYTES);
	vqnic_cmd_set_mailbox(vdev, vdev->cvq.dma);
	vqnic_cvq_set_defaults(vdev);
	return vqnic_filter_vdev_up(vdev);
}

/* The slot becomes a device, with vdev->offer. */
int vqnic_cvq_open(struct vqnic_vdev *vdev)
{
	struct device *dev = &vdev->card->pdev->dev;
	struct vqnic_cvq *cvq = &vdev->cvq;

	memset(cvq, 0, sizeof(*cvq));
	cvq->copy = kmalloc(VQNIC_MAILBOX_BYTES, GFP_KERNEL);
	if (!cvq->copy)
		return -ENOMEM;
	/* Of this size it is aligned to it. */
	cvq->mailbox = dma_alloc_coherent(dev, VQNIC_MAILBOX_BYTES, &cvq->dma, GFP_KERNEL);
	if (!cvq->mailbox) {
		kfree(cvq->copy);
		cvq->copy = NULL;
		return -ENOMEM;
	}
	vqnic_filter_vdev_open(vdev);
	return 0;
}

/*
 * The device is no more. After the vdev was disabled: nothing of it is in flight. vdev->lock is
 * held.
 */
void vqnic_cvq_close(struct vqnic_vdev *vdev)
{
	struct vqnic_cvq *cvq = &vdev->cvq;

	vqnic_filter_vdev_close(vdev);
	vqnic_cmd_set_mailbox(vdev, 0);
	dma_free_coherent(&vdev->card->pdev->dev, VQNIC_MAILBOX_BYTES, cvq->mailbox, cvq->dma);
	kfree(cvq->copy);
	cvq->mailbox = NULL;
	cvq->copy = NULL;
}
