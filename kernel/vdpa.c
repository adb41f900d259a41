// SPDX-License-Identifier: GPL-2.0-only
/*
 * The vDPA side: the management device that makes and deletes vDPA devices, and what their drivers
 * ask of them.
 *
 * The data queues are one group and the control queue is another; each runs in one of the vdev's
 * address spaces (vqnic_group_as_index()). With a card that has no IOMMU, addresses are bus
 * addresses, and what isolates a vDPA device is the platform's IOMMU, if there is one.
 *
 * What a driver says of a queue is kept, and programmed when the queue is to run: when it is ready
 * and DRIVER_OK is set, so that the order of the driver's requests does not matter. QEMU makes
 * queues ready before it says where they are.
 *
 * A reset of a vDPA device leaves its maps as they are, and always has. So there is no
 * compat_reset: <linux/vdpa.h> keeps it for parents whose reset once took them. By it, user space
 * that does not acknowledge VHOST_BACKEND_F_IOTLB_PERSIST would lose what it has mapped.
 */
#include <linux/etherdevice.h>
#include <net/netlink.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_ring.h>
#include <uapi/linux/vdpa.h>
#include <uapi/linux/vhost_types.h>

#include "compat.h"
#include "vqnic.h"

/*
 * Without these a vDPA device is of no use: its rings have no other layout, its addresses are for
 * the IOMMU, and only frames to the MAC address that the owner gave reach it.
 */
#define VQNIC_REQUIRED_FEATURES                                            \
	(BIT_ULL(VIRTIO_F_VERSION_1) | BIT_ULL(VIRTIO_F_ACCESS_PLATFORM) | \
	 BIT_ULL(VIRTIO_NET_F_MAC))

/* These need a control queue: virtio 5.1.3.1. */
#define VQNIC_CTRL_FEATURES                                                     \
	(BIT_ULL(VIRTIO_NET_F_CTRL_RX) | BIT_ULL(VIRTIO_NET_F_CTRL_RX_EXTRA) |  \
	 BIT_ULL(VIRTIO_NET_F_CTRL_VLAN) | BIT_ULL(VIRTIO_NET_F_CTRL_MAC_ADDR) | \
	 BIT_ULL(VIRTIO_NET_F_CTRL_GUEST_OFFLOADS) |                            \
	 BIT_ULL(VIRTIO_NET_F_GUEST_ANNOUNCE) | BIT_ULL(VIRTIO_NET_F_MQ))

/*
 * What this driver can pass on, if the card has it. VIRTIO_F_RING_RESET and
 * VIRTIO_F_NOTIFICATION_DATA are not among it: the first has no vDPA operation, and the second asks
 * for a mapped doorbell of every queue.
 */
#define VQNIC_KNOWN_FEATURES                                                          \
	(VQNIC_REQUIRED_FEATURES | VQNIC_CTRL_FEATURES |                              \
	 BIT_ULL(VIRTIO_RING_F_EVENT_IDX) | BIT_ULL(VIRTIO_RING_F_INDIRECT_DESC) |    \
	 BIT_ULL(VIRTIO_NET_F_CSUM) | BIT_ULL(VIRTIO_NET_F_GUEST_CSUM) |              \
	 BIT_ULL(VIRTIO_NET_F_MRG_RXBUF) | BIT_ULL(VIRTIO_NET_F_STATUS) |             \
	 BIT_ULL(VIRTIO_NET_F_MTU) | BIT_ULL(VIRTIO_NET_F_CTRL_VQ))

/*
 * What QEMU's shadow virtqueues do not accept, so that it cannot migrate the device: that of QEMU
 * 11.1 (older ones do not accept VIRTIO_RING_F_INDIRECT_DESC either). It announces the guest
 * itself.
 */
#define VQNIC_UNMIGRATABLE_FEATURES BIT_ULL(VIRTIO_NET_F_GUEST_ANNOUNCE)

static struct vqnic_vdev *vqnic_vdev_of(const struct vdpa_device *vdpa)
{
	return container_of(vdpa, struct vqnic_vdpa, vdpa)->vdev;
}

/* What `idx` is called among the vdev's interrupts. */
static void vqnic_vq_name_irq(struct vqnic_vdev *vdev, u16 idx)
{
	struct vqnic_vq *vq = &vdev->vqs[idx];
	const char *card = pci_name(vdev->card->pdev);

	if (vqnic_vq_is_ctrl(vq))
		snprintf(vq->irq.name, sizeof(vq->irq.name), "%s-%u-ctrl", card, vdev->index);
	else
		snprintf(vq->irq.name, sizeof(vq->irq.name), "%s-%u-%s%u", card, vdev->index,
			 idx % 2 ? "tx" : "rx", idx / 2);
}

/* Gives queue `idx` a vector, if it has none. vdev->lock is held. */
static int vqnic_vq_get_irq(struct vqnic_vdev *vdev, u16 idx)
{
	struct vqnic_vq *vq = &vdev->vqs[idx];

	if (vq->irq.irq)
		return 0;
	vqnic_vq_name_irq(vdev, idx);
	if (vqnic_vq_is_ctrl(vq))
		return vqnic_irq_join(&vq->irq, &vdev->config_irq);
	return vqnic_irq_get(vdev->card, &vq->irq, VQNIC_VECTOR_QUEUES);
}

/* Takes all vectors of a vdev that sends no interrupts any more. vdev->lock is held. */
static void vqnic_vdev_put_irqs(struct vqnic_vdev *vdev)
{
	unsigned int i;

	for (i = 0; i < vdev->nvqs; i++)
		vqnic_irq_put(vdev->card, &vdev->vqs[i].irq);
	vqnic_irq_put(vdev->card, &vdev->config_irq);
}

/*
 * Gives a vdev that is to run its vectors. Whoever runs it asks for the queues' with
 * vqnic_get_vq_irq() when DRIVER_OK is set, and no more later. vdev->lock is held.
 */
static int vqnic_vdev_get_irqs(struct vqnic_vdev *vdev)
{
	unsigned int i;
	int err = 0;

	/* Data queues are the first in line. */
	for (i = 0; i < vdev->nvqs && !err; i++)
		if (vdev->vqs[i].num && !vqnic_vq_is_ctrl(&vdev->vqs[i]))
			err = vqnic_vq_get_irq(vdev, i);
	if (!err && !vdev->config_irq.irq)
		err = vqnic_irq_get(vdev->card, &vdev->config_irq, VQNIC_VECTOR_CARD);
	return err;
}

/*
 * Which of the card's queues the vdev's queue `idx` is: of `pairs` pairs, of which the driver uses
 * more than the first only with VIRTIO_NET_F_MQ. The control queue comes behind those that it uses
 * (virtio 5.1.2). Every index has a queue, and no two have the same, also those that do not exist
 * for the driver.
 */
static void vqnic_set_numbers(struct vqnic_vdev *vdev)
{
	u16 ctrl = vdev->nvqs;
	unsigned int i;

	if (vdev->offer.features & BIT_ULL(VIRTIO_NET_F_CTRL_VQ))
		ctrl = vdev->driver_features & BIT_ULL(VIRTIO_NET_F_MQ) ? 2 * vdev->offer.pairs : 2;
	for (i = 0; i < vdev->nvqs; i++) {
		unsigned int data = i < ctrl ? i : i - 1;
		u16 number = VQNIC_CTRL_QUEUE_FIRST + vdev->index;

		if (i != ctrl)
			number = 2 * vdev->pair[data / 2] + data % 2;
		WRITE_ONCE(vdev->vqs[i].number, number);
	}
}

/* True if the driver, by the features that it accepted, has a queue `idx`. vdev->lock is held. */
static bool vqnic_vq_exists(const struct vqnic_vdev *vdev, u16 idx)
{
	if (vqnic_vq_is_ctrl(&vdev->vqs[idx]))
		return vdev->driver_features & BIT_ULL(VIRTIO_NET_F_CTRL_VQ);
	return idx < 2 || vdev->driver_features & BIT_ULL(VIRTIO_NET_F_MQ);
}

/* Prepares slot `index` of the card, whose info has been checked. */
void vqnic_vdev_init(struct vqnic_card *card, unsigned int index)
{
	struct vqnic_vdev *vdev = &card->vdevs[index];

	vdev->card = card;
	vdev->index = index;
	vdev->regs = card->regs + card->info.vdev_offset + (size_t)index * card->info.vdev_stride;
	mutex_init(&vdev->lock);
	spin_lock_init(&vdev->config_irq.lock);
	snprintf(vdev->config_irq.name, sizeof(vdev->config_irq.name), "%s-%u-config",
		 pci_name(card->pdev), index);
}

/*
 * The card went away: the vdev's driver is told, and the vdev waits for vqnic_vdev_up(). A vdev
 * that no driver has touched since its reset needs none. card->lock is held.
 */
void vqnic_vdev_down(struct vqnic_vdev *vdev)
{
	mutex_lock(&vdev->lock);
	vdev->provisioned = false;
	vdev->suspended = false;
	vdev->needs_reset = vdev->status;
	vqnic_filter_vdev_down(vdev);
	mutex_unlock(&vdev->lock);
	vqnic_log_mark_all(vdev);
	vqnic_irq_call(&vdev->config_irq);
}

/*
 * The card is there, and as after power-on: it gets the vdev's offer, and its address spaces as
 * they are. vhost does not know of the reset and keeps its maps: it would not set them again.
 * card->lock is held.
 */
int vqnic_vdev_up(struct vqnic_vdev *vdev)
{
	unsigned int i;
	int err;

	mutex_lock(&vdev->lock);
	for (i = 0; i < vqnic_vdev_spaces(vdev->card); i++)
		vqnic_as_program(&vdev->spaces[i]);
	vqnic_log_program(vdev);
	err = vqnic_cvq_up(vdev);
	if (!err)
		err = vqnic_cmd_vdev_provision(vdev, &vdev->offer);
	vdev->provisioned = !err;
	mutex_unlock(&vdev->lock);
	return err;
}

/* A queue stopped: says which and why. The card tells its driver, with NEEDS_RESET. */
void vqnic_vdev_check_faults(struct vqnic_vdev *vdev)
{
	struct vqnic_vq_state state;
	unsigned int i;

	mutex_lock(&vdev->lock);
	for (i = 0; i < vdev->nvqs; i++) {
		struct vqnic_vq *vq = &vdev->vqs[i];
		const struct vqnic_fault_text *text;
		struct vqnic_reporter *reporter;

		if (!vq->running || vq->fault || vqnic_cmd_vq_state(vdev, i, &state) ||
		    !state.fault.code)
			continue;
		vq->fault = state.fault.code;
		reporter = vqnic_fault_reporter(vdev->card, vq->fault);
		atomic_inc(&reporter->stopped);
		atomic_inc(&reporter->events);
		text = vqnic_fault_text(state.fault.code);
		dev_warn_ratelimited(&vdev->card->pdev->dev,
				     "vdev %u: queue %u stopped: %s (%#llx)\n", vdev->index, i,
				     text->meaning, state.fault.info);
		vqnic_notify(vdev->card, &(struct vqnic_event) {
			.what = VQNIC_NTF_QUEUE_FAULT, .vdev = vdev, .queue = i,
			.fault = state.fault });
	}
	mutex_unlock(&vdev->lock);
}

/* vdev->lock is held. */
static bool vqnic_vdev_runs(const struct vqnic_vdev *vdev)
{
	return vdev->provisioned && !vdev->needs_reset && vdev->status & VIRTIO_CONFIG_S_DRIVER_OK;
}

/* Has the card run queue `idx`. vdev->lock is held. */
static void vqnic_vq_start(struct vqnic_vdev *vdev, u16 idx)
{
	struct vqnic_vq *vq = &vdev->vqs[idx];
	int err = -EINVAL;

	if (vqnic_vq_exists(vdev, idx) && is_power_of_2(vq->num) &&
	    vq->num <= vdev->card->info.vq_size_max)
		err = vqnic_vq_get_irq(vdev, idx);
	if (!err)
		err = vqnic_cmd_vq_enable(vdev, idx);
	vq->running = !err;
	if (err)
		dev_err_ratelimited(&vdev->card->pdev->dev,
				    "vdev %u: cannot run queue %u of %u descriptors: %pe\n",
				    vdev->index, idx, vq->num, ERR_PTR(err));
}

/* Has the card run all queues that are ready. vdev->lock is held. */
static void vqnic_vdev_start_vqs(struct vqnic_vdev *vdev)
{
	unsigned int i;

	for (i = 0; i < vdev->nvqs; i++)
		if (vdev->vqs[i].ready && !vdev->vqs[i].running && vqnic_vdev_runs(vdev))
			vqnic_vq_start(vdev, i);
}

/* If the queue had stopped it is over: devlink learns that it is well. vdev->lock is held. */
static void vqnic_vq_clear_fault(struct vqnic_vdev *vdev, struct vqnic_vq *vq)
{
	struct vqnic_card *card = vdev->card;

	if (!vq->fault)
		return;
	atomic_dec(&vqnic_fault_reporter(card, vq->fault)->stopped);
	vq->fault = 0;
	schedule_work(&card->event_work);
}

/*
 * Stops queue `idx` and keeps where it was, exactly: between two chains, since the vdev is
 * suspended meanwhile. vdev->lock is held.
 */
static void vqnic_vq_stop(struct vqnic_vdev *vdev, u16 idx)
{
	struct vqnic_vq *vq = &vdev->vqs[idx];
	struct vqnic_vq_state state;
	bool suspend = !vdev->suspended;

	/* If it does not get quiet the reset ends what is in flight. */
	if (suspend)
		vqnic_cmd_vdev_suspend(vdev);
	/* The reset forgets where the queue was. A chain that it stopped in is begun again. */
	if (!vqnic_cmd_vq_state(vdev, idx, &state))
		vq->avail = state.used;
	vqnic_cmd_vq_reset(vdev, idx);
	vq->running = false;
	vqnic_vq_clear_fault(vdev, vq);
	if (suspend)
		vqnic_cmd_vdev_resume(vdev);
}

/*
 * Whether something that a queue runs by may be changed. While the vdev is suspended it may: then
 * the card forgets the queue, and gets it anew at the resumption. vdev->lock is held.
 */
static bool vqnic_vq_may_change(struct vqnic_vdev *vdev, u16 idx)
{
	if (!vdev->vqs[idx].running)
		return true;
	if (!vdev->suspended)
		return false;
	vqnic_vq_stop(vdev, idx);
	return true;
}

static int vqnic_set_vq_address(struct vdpa_device *vdpa, u16 idx, u64 desc, u64 driver, u64 device)
{
	struct vqnic_vdev *vdev = vqnic_vdev_of(vdpa);
	struct vqnic_vq *vq = &vdev->vqs[idx];
	int err = 0;

	/* virtio 2.7 */
	if (!IS_ALIGNED(desc, VRING_DESC_ALIGN_SIZE) ||
	    !IS_ALIGNED(driver, VRING_AVAIL_ALIGN_SIZE) ||
	    !IS_ALIGNED(device, VRING_USED_ALIGN_SIZE))
		return -EINVAL;
	mutex_lock(&vdev->lock);
	if (vqnic_vq_may_change(vdev, idx)) {
		vq->desc = desc;
		vq->driver = driver;
		vq->device = device;
	} else {
		err = -EBUSY;
	}
	mutex_unlock(&vdev->lock);
	return err;
}

static void vqnic_set_vq_num(struct vdpa_device *vdpa, u16 idx, u32 num)
{
	struct vqnic_vdev *vdev = vqnic_vdev_of(vdpa);

	mutex_lock(&vdev->lock);
	if (vqnic_vq_may_change(vdev, idx))
		vdev->vqs[idx].num = num;
	mutex_unlock(&vdev->lock);
}

static void vqnic_kick_vq(struct vdpa_device *vdpa, u16 idx)
{
	struct vqnic_vdev *vdev = vqnic_vdev_of(vdpa);

	vqnic_cmd_vq_kick(vdev, READ_ONCE(vdev->vqs[idx].number), idx);
}

/* The queue's index in bits 15:0; what follows it the card finds in the ring. */
static void vqnic_kick_vq_with_data(struct vdpa_device *vdpa, u32 data)
{
	u16 idx = data;

	if (idx < vqnic_vdev_of(vdpa)->nvqs)
		vqnic_kick_vq(vdpa, idx);
}

static void vqnic_set_vq_cb(struct vdpa_device *vdpa, u16 idx, struct vdpa_callback *cb)
{
	vqnic_irq_set_cb(&vqnic_vdev_of(vdpa)->vqs[idx].irq, cb);
}

static void vqnic_set_vq_ready(struct vdpa_device *vdpa, u16 idx, bool ready)
{
	struct vqnic_vdev *vdev = vqnic_vdev_of(vdpa);
	struct vqnic_vq *vq = &vdev->vqs[idx];

	mutex_lock(&vdev->lock);
	vq->ready = ready;
	if (!ready && vq->running)
		vqnic_vq_stop(vdev, idx);
	else if (ready && !vq->running && vqnic_vdev_runs(vdev))
		vqnic_vq_start(vdev, idx);
	mutex_unlock(&vdev->lock);
}

static bool vqnic_get_vq_ready(struct vdpa_device *vdpa, u16 idx)
{
	return READ_ONCE(vqnic_vdev_of(vdpa)->vqs[idx].ready);
}

/*
 * Where the queue goes on: all chains before this one are used. So that it can be said with one
 * index, the card never has used less than it has taken when it is suspended.
 */
static int vqnic_set_vq_state(struct vdpa_device *vdpa, u16 idx, const struct vdpa_vq_state *state)
{
	struct vqnic_vdev *vdev = vqnic_vdev_of(vdpa);
	struct vqnic_vq *vq = &vdev->vqs[idx];
	int err = 0;

	mutex_lock(&vdev->lock);
	if (vqnic_vq_may_change(vdev, idx)) {
		vq->avail = state->split.avail_index;
		vq->placed = true;
	} else {
		err = -EBUSY;
	}
	mutex_unlock(&vdev->lock);
	return err;
}

/* Where queue `idx` would go on. vdev->lock is held. */
int vqnic_vdev_vq_position(struct vqnic_vdev *vdev, u16 idx, u16 *position)
{
	struct vqnic_vq_state now;
	int err;

	*position = vdev->vqs[idx].avail;
	if (!vdev->vqs[idx].running)
		return 0;
	err = vqnic_cmd_vq_state(vdev, idx, &now);
	if (!err)
		*position = now.used;
	return err;
}

static int vqnic_get_vq_state(struct vdpa_device *vdpa, u16 idx, struct vdpa_vq_state *state)
{
	struct vqnic_vdev *vdev = vqnic_vdev_of(vdpa);
	u16 position;
	int err;

	mutex_lock(&vdev->lock);
	err = vqnic_vdev_vq_position(vdev, idx, &position);
	mutex_unlock(&vdev->lock);
	state->split.avail_index = position;
	return err;
}

static int vqnic_put_vendor_stat(struct sk_buff *msg, const char *name, u64 value)
{
	if (nla_put_string(msg, VDPA_ATTR_DEV_VENDOR_ATTR_NAME, name) ||
	    nla_put_u64_64bit(msg, VDPA_ATTR_DEV_VENDOR_ATTR_VALUE, value, VDPA_ATTR_PAD))
		return -EMSGSIZE;
	return 0;
}

/* Any index may come: it is the requester's. */
static int vqnic_get_vendor_vq_stats(struct vdpa_device *vdpa, u16 idx, struct sk_buff *msg,
				     struct netlink_ext_ack *extack)
{
	struct vqnic_vdev *vdev = vqnic_vdev_of(vdpa);
	struct vqnic_vq_counters counters;
	int err = -EIO;

	if (idx >= vdev->nvqs) {
		NL_SET_ERR_MSG_MOD(extack, "the device has no such queue");
		return -ERANGE;
	}
	mutex_lock(&vdev->lock);
	if (!vqnic_vq_exists(vdev, idx)) {
		NL_SET_ERR_MSG_MOD(extack, "the driver has not accepted such a queue");
		err = -ENOENT;
	} else if (vdev->provisioned) {
		err = vqnic_cmd_vq_counters(vdev, idx, &counters);
	}
	mutex_unlock(&vdev->lock);
	if (!err)
		err = vqnic_put_vendor_stat(msg, "frames", counters.frames);
	if (!err)
		err = vqnic_put_vendor_stat(msg, "bytes", counters.bytes);
	if (!err)
		err = vqnic_put_vendor_stat(msg, "drops", counters.drops);
	return err;
}

/*
 * Only a page can be mapped: if the card packs doorbells closer, vhost refuses to map one. Any
 * index may come here, and what was mapped before the driver accepted its features stays: it is a
 * doorbell of the same vdev, which a guest may ring as it likes.
 */
static struct vdpa_notification_area vqnic_get_vq_notification(struct vdpa_device *vdpa, u16 idx)
{
	struct vqnic_vdev *vdev = vqnic_vdev_of(vdpa);
	struct pci_dev *pdev = vdev->card->pdev;
	u64 offset;

	if (idx >= vdev->nvqs)
		return (struct vdpa_notification_area) {};
	offset = vqnic_cmd_vq_doorbell(vdev, READ_ONCE(vdev->vqs[idx].number));
	return (struct vdpa_notification_area) {
		.addr = pci_resource_start(pdev, VQNIC_BAR_DOORBELLS) + offset,
		.size = min_t(resource_size_t, vdev->card->info.doorbell_stride, PAGE_SIZE),
	};
}

/* A vector that is shared must not be handed to a guest. */
static int vqnic_get_vq_irq(struct vdpa_device *vdpa, u16 idx)
{
	struct vqnic_vdev *vdev = vqnic_vdev_of(vdpa);
	const struct vqnic_irq *irq = &vdev->vqs[idx].irq;
	int nr;

	mutex_lock(&vdev->lock);
	nr = irq->own ? irq->irq : -EOPNOTSUPP;
	mutex_unlock(&vdev->lock);
	return nr;
}

/* 0: there is no such queue, by the features that the driver has agreed on. */
static u16 vqnic_get_vq_size(struct vdpa_device *vdpa, u16 idx)
{
	struct vqnic_vdev *vdev = vqnic_vdev_of(vdpa);
	u32 size = 0;

	mutex_lock(&vdev->lock);
	if (vqnic_vq_exists(vdev, idx) || !(vdev->status & VIRTIO_CONFIG_S_FEATURES_OK))
		size = vdev->vqs[idx].num ?: vdev->card->info.vq_size_max;
	mutex_unlock(&vdev->lock);
	return size;
}

static u32 vqnic_get_vq_align(struct vdpa_device *vdpa)
{
	return SMP_CACHE_BYTES;
}

static u64 vqnic_get_device_features(struct vdpa_device *vdpa)
{
	return vqnic_vdev_of(vdpa)->offer.features;
}

static int vqnic_set_driver_features(struct vdpa_device *vdpa, u64 features)
{
	struct vqnic_vdev *vdev = vqnic_vdev_of(vdpa);
	/* MAC is for the driver to take or leave. */
	u64 required = VQNIC_REQUIRED_FEATURES & ~BIT_ULL(VIRTIO_NET_F_MAC);
	u64 unknown = features & ~vdev->offer.features;

	if (unknown) {
		dev_err_ratelimited(&vdpa->dev,
				    "driver accepts features %#llx that were not offered\n",
				    unknown);
		return -EINVAL;
	}
	/* The vdpa core sets none to read the configuration before the features are agreed on. */
	if (features && required & ~features) {
		dev_err_ratelimited(&vdpa->dev,
				    "driver does not accept features %#llx, which it must\n",
				    required & ~features);
		return -EINVAL;
	}
	if (features & VQNIC_CTRL_FEATURES && !(features & BIT_ULL(VIRTIO_NET_F_CTRL_VQ))) {
		dev_err_ratelimited(&vdpa->dev,
				    "driver accepts features %#llx without a control queue\n",
				    features & VQNIC_CTRL_FEATURES);
		return -EINVAL;
	}
	mutex_lock(&vdev->lock);
	vqnic_cmd_set_features(vdev, features);
	vdev->driver_features = features;
	vqnic_set_numbers(vdev);
	mutex_unlock(&vdev->lock);
	return 0;
}

static u64 vqnic_get_driver_features(struct vdpa_device *vdpa)
{
	return READ_ONCE(vqnic_vdev_of(vdpa)->driver_features);
}

static void vqnic_set_config_cb(struct vdpa_device *vdpa, struct vdpa_callback *cb)
{
	vqnic_irq_set_cb(&vqnic_vdev_of(vdpa)->config_irq, cb);
}

static u16 vqnic_get_vq_num_max(struct vdpa_device *vdpa)
{
	return vqnic_vdev_of(vdpa)->card->info.vq_size_max;
}

static u32 vqnic_get_device_id(struct vdpa_device *vdpa)
{
	return VIRTIO_ID_NET;
}

static u32 vqnic_get_vendor_id(struct vdpa_device *vdpa)
{
	return VQNIC_PCI_VENDOR_ID;
}

/* The virtio status as the vdev's driver is to see it. vdev->lock is held. */
u8 vqnic_vdev_status(struct vqnic_vdev *vdev)
{
	u8 status;

	if (vdev->needs_reset)
		return vdev->status | VIRTIO_CONFIG_S_NEEDS_RESET;
	if (vdev->provisioned) {
		status = vqnic_cmd_get_status(vdev);
		if (vqnic_card_up(vdev->card))
			vdev->status = status;
	}
	return vdev->status;
}

static u8 vqnic_get_status(struct vdpa_device *vdpa)
{
	struct vqnic_vdev *vdev = vqnic_vdev_of(vdpa);
	u8 status;

	mutex_lock(&vdev->lock);
	status = vqnic_vdev_status(vdev);
	mutex_unlock(&vdev->lock);
	return status;
}

/*
 * Address space of the card in which a group of queues is to run.
 *
 * virtio_vdpa's addresses come from the DMA API, for the PCI function: they are bus addresses.
 * Everybody else's are a guest's, and reach what set_map gave it, at first nothing. The vdpa core
 * does not tell a parent which it is: a device that nobody has mapped anything for may be either.
 * The name of the driver tells. It is a safe guess: an unknown driver may fault, but not read the
 * host's memory.
 */
static u16 vqnic_group_as_index(const struct vdpa_device *vdpa, unsigned int group)
{
	const struct vqnic_vdev *vdev = vqnic_vdev_of(vdpa);
	const struct device_driver *driver = vdpa->dev.driver;

	if (driver && !strcmp(driver->name, "virtio_vdpa"))
		return VQNIC_AS_IDENTITY;
	return vdev->spaces[vdev->asid[group]].index;
}

/* What the card must know before queues run. On an error they must not. */
static int vqnic_prepare_driver_ok(struct vdpa_device *vdpa)
{
	struct vqnic_vdev *vdev = vqnic_vdev_of(vdpa);
	unsigned int group;
	int err;

	err = vqnic_vdev_get_irqs(vdev);
	if (err) {
		dev_err(&vdpa->dev, "cannot have interrupts: %pe\n", ERR_PTR(err));
		return err;
	}
	/* A reset takes the vector away. The card says nothing of its configuration before. */
	err = vqnic_cmd_config_vector(vdev);
	if (err)
		dev_err(&vdpa->dev, "card does not take the vector of configuration changes: %pe\n",
			ERR_PTR(err));
	err = vqnic_cvq_start(vdev);
	if (!err)
		err = vqnic_state_apply(vdev);
	for (group = 0; !err && vqnic_has_iommu(vdev->card) && group < VQNIC_GROUPS; group++) {
		u16 index = vqnic_group_as_index(vdpa, group);

		WRITE_ONCE(vdev->in_identity, index == VQNIC_AS_IDENTITY);
		err = vqnic_cmd_set_as(vdev, group, index);
		if (err)
			dev_err(&vdpa->dev,
				"card does not take the address space of queue group %u: %pe\n",
				group, ERR_PTR(err));
	}
	vqnic_log_program(vdev);
	return err;
}

/*
 * A driver whose queues do not begin at 0 was somewhere else before: it is to tell the network
 * where it is now (virtio 5.1.6.5.4). vdev->lock is held.
 */
static void vqnic_announce_arrival(struct vqnic_vdev *vdev)
{
	unsigned int i;
	u16 moved = 0;

	for (i = 0; i < vdev->nvqs; i++)
		moved |= vdev->vqs[i].avail;
	if (moved && vdev->driver_features & BIT_ULL(VIRTIO_NET_F_GUEST_ANNOUNCE))
		vqnic_cmd_set_announce(vdev, true);
}

static void vqnic_set_status(struct vdpa_device *vdpa, u8 status)
{
	struct vqnic_vdev *vdev = vqnic_vdev_of(vdpa);
	bool begins;

	status &= ~VIRTIO_CONFIG_S_NEEDS_RESET;
	mutex_lock(&vdev->lock);
	begins = status & ~vdev->status & VIRTIO_CONFIG_S_DRIVER_OK;
	if (vdev->provisioned && !vdev->needs_reset) {
		/* Whatever it was before: no queue runs where it is not to. */
		if (begins && vqnic_prepare_driver_ok(vdpa))
			status &= ~VIRTIO_CONFIG_S_DRIVER_OK;
		vqnic_cmd_set_status(vdev, status);
	} else {
		/* Without a card there is nothing to agree on, and a reset comes first. */
		status &= ~VIRTIO_CONFIG_S_FEATURES_OK;
	}
	vdev->status = status;
	if (begins && vqnic_vdev_runs(vdev))
		vqnic_announce_arrival(vdev);
	vqnic_vdev_start_vqs(vdev);
	mutex_unlock(&vdev->lock);
}

/* One of VQNIC_DEV_STATE_*. vdev->lock is held. */
u32 vqnic_vdev_state(const struct vqnic_vdev *vdev)
{
	if (!vqnic_vdev_runs(vdev))
		return vdev->restored ? VQNIC_DEV_STATE_RESTORED : VQNIC_DEV_STATE_IDLE;
	if (vdev->suspended)
		return VQNIC_DEV_STATE_SUSPENDED;
	return vdev->log.bytes ? VQNIC_DEV_STATE_TRACKING : VQNIC_DEV_STATE_RUNNING;
}

/*
 * Nothing of the vdev is in flight when it returns 0. Until it is resumed, kicks are kept.
 * vdev->lock is held.
 */
int vqnic_vdev_suspend(struct vqnic_vdev *vdev)
{
	int err;

	if (!vqnic_vdev_runs(vdev))
		return -EIO;
	if (vdev->suspended)
		return 0;
	err = vqnic_cmd_vdev_suspend(vdev);
	if (err)
		return err;
	vdev->suspended = true;
	vqnic_notify_dev(vdev, VQNIC_NTF_SUSPENDED);
	return 0;
}

/* vdev->lock is held. */
int vqnic_vdev_resume(struct vqnic_vdev *vdev)
{
	if (!vqnic_vdev_runs(vdev))
		return -EIO;
	if (!vdev->suspended)
		return 0;
	vdev->suspended = false;
	/* Those that were changed meanwhile. */
	vqnic_vdev_start_vqs(vdev);
	vqnic_cmd_vdev_resume(vdev);
	vqnic_notify_dev(vdev, VQNIC_NTF_RESUMED);
	return 0;
}

static int vqnic_suspend(struct vdpa_device *vdpa)
{
	struct vqnic_vdev *vdev = vqnic_vdev_of(vdpa);
	int err;

	mutex_lock(&vdev->lock);
	err = vqnic_vdev_suspend(vdev);
	mutex_unlock(&vdev->lock);
	if (err)
		dev_err_ratelimited(&vdpa->dev, "cannot be suspended: %pe\n", ERR_PTR(err));
	return err;
}

static int vqnic_resume(struct vdpa_device *vdpa)
{
	struct vqnic_vdev *vdev = vqnic_vdev_of(vdpa);
	int err;

	mutex_lock(&vdev->lock);
	err = vqnic_vdev_resume(vdev);
	mutex_unlock(&vdev->lock);
	return err;
}

/* What a vdev's driver has said of a queue is void. */
static void vqnic_vq_forget(struct vqnic_vdev *vdev, struct vqnic_vq *vq)
{
	vq->desc = 0;
	vq->driver = 0;
	vq->device = 0;
	vq->num = 0;
	vq->avail = 0;
	vq->placed = false;
	vq->ready = false;
	vq->running = false;
	vqnic_vq_clear_fault(vdev, vq);
}

static int vqnic_reset(struct vdpa_device *vdpa)
{
	static const struct vdpa_callback none;
	struct vqnic_vdev *vdev = vqnic_vdev_of(vdpa);
	unsigned int i;
	int err = -EIO;

	mutex_lock(&vdev->lock);
	if (vdev->provisioned) {
		err = vqnic_cmd_vdev_reset(vdev);
		vqnic_cmd_vdev_resume(vdev);
	}
	vdev->needs_reset = false;
	vdev->suspended = false;
	vdev->status = 0;
	vdev->driver_features = 0;
	memset(vdev->asid, 0, sizeof(vdev->asid));
	vdev->in_identity = false;
	vqnic_set_numbers(vdev);
	vqnic_cvq_reset(vdev);
	vqnic_irq_set_cb(&vdev->config_irq, &none);
	for (i = 0; i < vdev->nvqs; i++) {
		vqnic_irq_set_cb(&vdev->vqs[i].irq, &none);
		vqnic_vq_forget(vdev, &vdev->vqs[i]);
	}
	vqnic_vdev_put_irqs(vdev);
	mutex_unlock(&vdev->lock);
	return err;
}

static size_t vqnic_get_config_size(struct vdpa_device *vdpa)
{
	return sizeof(struct virtio_net_config);
}

/*
 * VIRTIO_NET_S_* as the vdev's driver is to see them, of which it knows what it has accepted.
 * vdev->lock is held.
 */
static u16 vqnic_vdev_net_status(struct vqnic_vdev *vdev)
{
	u16 known = VIRTIO_NET_S_LINK_UP;

	if (vdev->driver_features & BIT_ULL(VIRTIO_NET_F_GUEST_ANNOUNCE))
		known |= VIRTIO_NET_S_ANNOUNCE;
	if (!vdev->provisioned || vdev->needs_reset)
		return 0;
	return vqnic_cmd_get_net_status(vdev) & known;
}

/* The link as the vdev's driver is to see it. vdev->lock is held. */
bool vqnic_vdev_link(struct vqnic_vdev *vdev)
{
	return vqnic_vdev_net_status(vdev) & VIRTIO_NET_S_LINK_UP;
}

/*
 * The configuration is what the owner gave, with the address that the driver has set since, and the
 * link. It is not taken from the card: a driver may trust it blindly, as Linux' does with the bits
 * of the status.
 */
static void vqnic_get_config(struct vdpa_device *vdpa, unsigned int offset, void *buf,
			     unsigned int len)
{
	struct vqnic_vdev *vdev = vqnic_vdev_of(vdpa);
	struct virtio_net_config config = {
		.max_virtqueue_pairs = __cpu_to_virtio16(true, vdev->offer.pairs),
		.mtu = __cpu_to_virtio16(true, vdev->offer.mtu),
	};

	vqnic_filter_get_mac(vdev, config.mac);
	mutex_lock(&vdev->lock);
	config.status = __cpu_to_virtio16(true, vqnic_vdev_net_status(vdev));
	mutex_unlock(&vdev->lock);

	memset(buf, 0, len);
	if (offset < sizeof(config))
		memcpy(buf, (u8 *)&config + offset, min_t(size_t, len, sizeof(config) - offset));
}

/*
 * Nothing of a VERSION_1 network device's configuration is the driver's to write (virtio 5.1.4):
 * the MAC address is what the owner gave it. QEMU writes one all the same and must not fail.
 */
static void vqnic_set_config(struct vdpa_device *vdpa, unsigned int offset, const void *buf,
			     unsigned int len)
{
	dev_dbg(&vdpa->dev, "driver writes %u bytes of configuration at %u: ignored\n", len,
		offset);
}

static u32 vqnic_get_generation(struct vdpa_device *vdpa)
{
	struct vqnic_vdev *vdev = vqnic_vdev_of(vdpa);

	return vqnic_cmd_get_generation(vdev) + READ_ONCE(vdev->changes);
}

/*
 * Queues may be made ready in any order with DRIVER_OK. The others vhost finds out by the
 * operations that there are: suspend, resume, and maps that outlive a reset.
 */
static u64 vqnic_get_backend_features(const struct vdpa_device *vdpa)
{
	return BIT_ULL(VHOST_BACKEND_F_ENABLE_AFTER_DRIVER_OK);
}

static struct vdpa_iova_range vqnic_get_iova_range(struct vdpa_device *vdpa)
{
	return (struct vdpa_iova_range) {
		.first = 0,
		.last = BIT_ULL(VQNIC_IOVA_BITS) - 1,
	};
}

static u32 vqnic_get_vq_group(struct vdpa_device *vdpa, u16 idx)
{
	struct vqnic_vdev *vdev = vqnic_vdev_of(vdpa);

	return vqnic_vq_is_ctrl(&vdev->vqs[idx]) ? VQNIC_GROUP_CTRL : VQNIC_GROUP_DATA;
}

static int vqnic_set_group_asid(struct vdpa_device *vdpa, unsigned int group, unsigned int asid)
{
	struct vqnic_vdev *vdev = vqnic_vdev_of(vdpa);
	int err = 0;

	if (group >= vdpa->ngroups || asid >= VQNIC_VDEV_SPACES)
		return -EINVAL;
	mutex_lock(&vdev->lock);
	if (vdev->status & VIRTIO_CONFIG_S_DRIVER_OK)
		err = -EBUSY;
	else
		vdev->asid[group] = asid;
	mutex_unlock(&vdev->lock);
	return err;
}

/* At any status, and with a dead card too: QEMU maps before it sets the first status. */
static int vqnic_set_map(struct vdpa_device *vdpa, unsigned int asid, struct vhost_iotlb *iotlb)
{
	int err;

	if (asid >= VQNIC_VDEV_SPACES)
		return -EINVAL;
	err = vqnic_as_set_map(&vqnic_vdev_of(vdpa)->spaces[asid], iotlb);
	/* vhost passes it on only where it maps one piece at a time. */
	if (err)
		dev_err_ratelimited(&vdpa->dev, "cannot map memory for address space %u: %pe\n",
				    asid, ERR_PTR(err));
	return err;
}

static int vqnic_reset_map(struct vdpa_device *vdpa, unsigned int asid)
{
	return vqnic_set_map(vdpa, asid, NULL);
}

#define VQNIC_VDPA_OPS \
	.set_vq_address		= vqnic_set_vq_address, \
	.set_vq_num		= vqnic_set_vq_num, \
	.kick_vq		= vqnic_kick_vq, \
	.kick_vq_with_data	= vqnic_kick_vq_with_data, \
	.set_vq_cb		= vqnic_set_vq_cb, \
	.set_vq_ready		= vqnic_set_vq_ready, \
	.get_vq_ready		= vqnic_get_vq_ready, \
	.set_vq_state		= vqnic_set_vq_state, \
	.get_vq_state		= vqnic_get_vq_state, \
	.get_vendor_vq_stats	= vqnic_get_vendor_vq_stats, \
	.get_vq_notification	= vqnic_get_vq_notification, \
	.get_vq_irq		= vqnic_get_vq_irq, \
	.get_vq_size		= vqnic_get_vq_size, \
	.get_vq_align		= vqnic_get_vq_align, \
	.get_device_features	= vqnic_get_device_features, \
	.get_backend_features	= vqnic_get_backend_features, \
	.set_driver_features	= vqnic_set_driver_features, \
	.get_driver_features	= vqnic_get_driver_features, \
	.set_config_cb		= vqnic_set_config_cb, \
	.get_vq_num_max		= vqnic_get_vq_num_max, \
	.get_device_id		= vqnic_get_device_id, \
	.get_vendor_id		= vqnic_get_vendor_id, \
	.get_status		= vqnic_get_status, \
	.set_status		= vqnic_set_status, \
	.reset			= vqnic_reset, \
	.suspend		= vqnic_suspend, \
	.resume			= vqnic_resume, \
	.get_config_size	= vqnic_get_config_size, \
	.get_config		= vqnic_get_config, \
	.set_config		= vqnic_set_config, \
	.get_generation		= vqnic_get_generation

/* Of a card whose addresses are bus addresses. */
static const struct vdpa_config_ops vqnic_vdpa_ops = {
	VQNIC_VDPA_OPS,
};

static const struct vdpa_config_ops vqnic_vdpa_iommu_ops = {
	VQNIC_VDPA_OPS,
	.get_iova_range		= vqnic_get_iova_range,
	.get_vq_group		= vqnic_get_vq_group,
	.set_group_asid		= vqnic_set_group_asid,
	.set_map		= vqnic_set_map,
	.reset_map		= vqnic_reset_map,
};

/*
 * Says why "vdpa dev add" fails, and returns err. The vdpa core has no way to hand a message to the
 * requester: it goes to the log, and netlink shows it as the card's refusal.
 */
static __printf(4, 5) int vqnic_refuse(struct vqnic_card *card, const char *name, int err,
				       const char *fmt, ...)
{
	va_list args;
	int len;

	mutex_lock(&card->lock);
	len = scnprintf(card->refusal, sizeof(card->refusal), "%s: ", name);
	va_start(args, fmt);
	vsnprintf(card->refusal + len, sizeof(card->refusal) - len, fmt, args);
	va_end(args);
	dev_err(&card->pdev->dev, "cannot add device %s\n", card->refusal);
	mutex_unlock(&card->lock);
	return err;
}

/* Finds out how many queue pairs are wanted, and whether one device can have so many. */
static int vqnic_offer_pairs(struct vqnic_card *card, const char *name,
			     const struct vdpa_dev_set_config *config, struct vqnic_offer *offer)
{
	const u64 needed = BIT_ULL(VIRTIO_NET_F_MQ) | BIT_ULL(VIRTIO_NET_F_CTRL_VQ);

	offer->pairs = 1;
	if (config->mask & BIT_ULL(VDPA_ATTR_DEV_NET_CFG_MAX_VQP))
		offer->pairs = config->net.max_vq_pairs;
	if (!offer->pairs || offer->pairs > card->info.vdev_pairs)
		return vqnic_refuse(card, name, -ERANGE,
				    "%u queue pairs are wanted, a device has 1 to %u", offer->pairs,
				    card->info.vdev_pairs);
	if (offer->pairs > 1 && needed & ~offer->features)
		return vqnic_refuse(card, name, -EOPNOTSUPP,
				    "features lack %#llx, which %u queue pairs need",
				    needed & ~offer->features, offer->pairs);
	return 0;
}

/* Fills *offer with what is wanted, and with what the card can do where nothing is. */
static int vqnic_make_offer(struct vqnic_card *card, const char *name,
			    const struct vdpa_dev_set_config *config, struct vqnic_offer *offer)
{
	u64 supported = card->mgmtdev.supported_features;
	u64 ctrl;
	int err;

	offer->features = card->default_features;
	if (config->mask & BIT_ULL(VDPA_ATTR_DEV_FEATURES)) {
		offer->features = config->device_features;
		if (offer->features & ~supported)
			return vqnic_refuse(card, name, -EOPNOTSUPP,
					    "features %#llx are not supported, only %#llx",
					    offer->features & ~supported, supported);
		if (VQNIC_REQUIRED_FEATURES & ~offer->features)
			return vqnic_refuse(card, name, -EOPNOTSUPP,
					    "features lack %#llx, which cannot be left out",
					    VQNIC_REQUIRED_FEATURES & ~offer->features);
		ctrl = offer->features & VQNIC_CTRL_FEATURES;
		if (ctrl && !(offer->features & BIT_ULL(VIRTIO_NET_F_CTRL_VQ)))
			return vqnic_refuse(card, name, -EOPNOTSUPP,
					    "features lack %#llx, a control queue, which %#llx need",
					    BIT_ULL(VIRTIO_NET_F_CTRL_VQ), ctrl);
	}
	err = vqnic_offer_pairs(card, name, config, offer);
	if (err)
		return err;
	/* With one pair there is nothing to choose, unless somebody wants the guest to see so. */
	if (offer->pairs == 1 && !(config->mask & BIT_ULL(VDPA_ATTR_DEV_FEATURES)))
		offer->features &= ~BIT_ULL(VIRTIO_NET_F_MQ);

	offer->mtu = min_t(u32, ETH_DATA_LEN, card->info.mtu_max);
	if (config->mask & BIT_ULL(VDPA_ATTR_DEV_NET_CFG_MTU)) {
		offer->mtu = config->net.mtu;
		if (offer->mtu < VQNIC_MTU_LIMIT_MIN || offer->mtu > card->info.mtu_max)
			return vqnic_refuse(card, name, -ERANGE, "MTU %u is not between %u and %u",
					    offer->mtu, VQNIC_MTU_LIMIT_MIN, card->info.mtu_max);
	}

	/*
	 * Without an address a device gets a random one, locally administered, for as long as it
	 * lives.
	 */
	eth_random_addr(offer->mac);
	if (config->mask & BIT_ULL(VDPA_ATTR_DEV_NET_CFG_MACADDR)) {
		ether_addr_copy(offer->mac, config->net.mac);
		if (!is_valid_ether_addr(offer->mac))
			return vqnic_refuse(card, name, -EADDRNOTAVAIL, "MAC address %pM is %s",
					    offer->mac,
					    is_zero_ether_addr(offer->mac) ? "zero" : "multicast");
	}
	return 0;
}

/* A slot that is not used; dev_add and dev_del exclude each other. */
static struct vqnic_vdev *vqnic_find_slot(struct vqnic_card *card)
{
	unsigned int i;

	for (i = 0; i < card->info.vdevs; i++)
		if (!card->vdevs[i].used)
			return &card->vdevs[i];
	return NULL;
}

/* Gives back the first `count` of the vdev's address spaces. card->lock is held. */
static void vqnic_vdev_close_spaces(struct vqnic_vdev *vdev, unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		vqnic_as_close(&vdev->spaces[i]);
		__clear_bit(vdev->spaces[i].index, vdev->card->spaces_used);
	}
}

/* Takes the vdev's address spaces out of the card's pool, which has them. card->lock is held. */
static int vqnic_vdev_open_spaces(struct vqnic_vdev *vdev)
{
	struct vqnic_card *card = vdev->card;
	unsigned int i;
	int err;

	for (i = 0; i < vqnic_vdev_spaces(card); i++) {
		u16 index = find_first_zero_bit(card->spaces_used, card->info.spaces);

		err = vqnic_as_open(&vdev->spaces[i], vdev, index);
		if (err) {
			vqnic_vdev_close_spaces(vdev, i);
			return err;
		}
		__set_bit(index, card->spaces_used);
	}
	return 0;
}

/* Gives the vdev's queue pairs back. card->lock is held. */
static void vqnic_vdev_close_vqs(struct vqnic_vdev *vdev)
{
	unsigned int i;

	for (i = 0; i < vdev->offer.pairs; i++)
		__clear_bit(vdev->pair[i], vdev->card->pairs_used);
	kvfree(vdev->vqs);
	vdev->vqs = NULL;
	vdev->nvqs = 0;
}

/* Takes the pairs of the offer out of the card's pool, which has them. card->lock is held. */
static int vqnic_vdev_open_vqs(struct vqnic_vdev *vdev)
{
	const struct vqnic_offer *offer = &vdev->offer;
	struct vqnic_card *card = vdev->card;
	unsigned int i;

	vdev->nvqs = 2 * offer->pairs;
	if (offer->features & BIT_ULL(VIRTIO_NET_F_CTRL_VQ))
		vdev->nvqs++;
	vdev->vqs = kvcalloc(vdev->nvqs, sizeof(*vdev->vqs), GFP_KERNEL);
	if (!vdev->vqs) {
		vdev->nvqs = 0;
		return -ENOMEM;
	}
	for (i = 0; i < vdev->nvqs; i++)
		spin_lock_init(&vdev->vqs[i].irq.lock);
	for (i = 0; i < offer->pairs; i++) {
		vdev->pair[i] = find_first_zero_bit(card->pairs_used, card->info.pairs);
		__set_bit(vdev->pair[i], card->pairs_used);
	}
	vqnic_set_numbers(vdev);
	return 0;
}

/* Makes the slot what `offer` says. On an error it is as before. */
static int vqnic_vdev_open(struct vqnic_vdev *vdev, const struct vqnic_offer *offer)
{
	struct vqnic_card *card = vdev->card;
	int err;

	mutex_lock(&card->lock);
	vdev->offer = *offer;
	vdev->needs_reset = false;
	vdev->suspended = false;
	vdev->status = 0;
	vdev->driver_features = 0;
	memset(vdev->asid, 0, sizeof(vdev->asid));
	vdev->in_identity = false;
	err = vqnic_vdev_open_vqs(vdev);
	if (err)
		goto err_unlock;
	mutex_lock(&vdev->lock);
	err = vqnic_cvq_open(vdev);
	mutex_unlock(&vdev->lock);
	if (err)
		goto err_close_vqs;
	err = vqnic_vdev_open_spaces(vdev);
	if (err)
		goto err_close_cvq;
	err = vqnic_vdev_up(vdev);
	if (err)
		goto err_close_spaces;
	vdev->used = true;
	mutex_unlock(&card->lock);
	return 0;

err_close_spaces:
	vqnic_vdev_close_spaces(vdev, vqnic_vdev_spaces(card));
err_close_cvq:
	mutex_lock(&vdev->lock);
	vqnic_cvq_close(vdev);
	mutex_unlock(&vdev->lock);
err_close_vqs:
	vqnic_vdev_close_vqs(vdev);
err_unlock:
	mutex_unlock(&card->lock);
	return err;
}

static void vqnic_vdev_close(struct vqnic_vdev *vdev)
{
	struct vqnic_card *card = vdev->card;
	unsigned int i;

	mutex_lock(&card->lock);
	mutex_lock(&vdev->lock);
	vdev->used = false;
	if (vdev->provisioned)
		vqnic_cmd_vdev_disable(vdev);
	vdev->provisioned = false;
	vqnic_cvq_close(vdev);
	vqnic_state_set(vdev, NULL);
	vqnic_vdev_put_irqs(vdev);
	for (i = 0; i < vdev->nvqs; i++)
		vqnic_vq_clear_fault(vdev, &vdev->vqs[i]);
	mutex_unlock(&vdev->lock);
	vqnic_log_stop(vdev);
	vqnic_vdev_close_spaces(vdev, vqnic_vdev_spaces(card));
	vqnic_vdev_close_vqs(vdev);
	mutex_unlock(&card->lock);
}

/* Whether the card has address spaces left for a vdev; dev_add and dev_del exclude each other. */
static bool vqnic_spaces_left(const struct vqnic_card *card)
{
	return !vqnic_has_iommu(card) ||
	       bitmap_weight(card->spaces_used, card->info.spaces) + VQNIC_VDEV_SPACES <=
	       card->info.spaces;
}

static void vqnic_vdev_show(struct vqnic_vdev *vdev, struct vqnic_vdpa *shown)
{
	mutex_lock(&vdev->card->lock);
	mutex_lock(&vdev->lock);
	if (!shown)
		vqnic_notify_dev(vdev, VQNIC_NTF_DEV_REMOVED);
	vdev->name = shown ? dev_name(&shown->vdpa.dev) : NULL;
	vdev->shown = shown;
	if (shown) {
		vdev->card->refusal[0] = '\0';
		vqnic_notify_dev(vdev, VQNIC_NTF_DEV_ADDED);
	}
	mutex_unlock(&vdev->lock);
	mutex_unlock(&vdev->card->lock);
}

static int vqnic_dev_add(struct vdpa_mgmt_dev *mgmtdev, const char *name,
			 const struct vdpa_dev_set_config *config)
{
	struct vqnic_card *card = container_of(mgmtdev, struct vqnic_card, mgmtdev);
	struct vqnic_offer offer = {};
	struct vqnic_vdpa *shell;
	struct vqnic_vdev *vdev;
	unsigned int left;
	int err;

	if (!vqnic_card_up(card))
		return vqnic_refuse(card, name, -EIO, "the card %s",
				    READ_ONCE(card->state) == VQNIC_DOWN ? "is being reset" :
									   "does not answer");
	err = vqnic_make_offer(card, name, config, &offer);
	if (err)
		return err;
	vdev = vqnic_find_slot(card);
	if (!vdev)
		return vqnic_refuse(card, name, -ENOSPC, "all %u devices of the card are in use",
				    card->info.vdevs);
	left = card->info.pairs - bitmap_weight(card->pairs_used, card->info.pairs);
	if (offer.pairs > left)
		return vqnic_refuse(card, name, -ENOSPC,
				    "%u queue pairs are wanted, %u of the card's %u are left",
				    offer.pairs, left, card->info.pairs);
	if (!vqnic_spaces_left(card))
		return vqnic_refuse(card, name, -ENOSPC,
				    "fewer than %u of the card's %u address spaces are left",
				    VQNIC_VDEV_SPACES, card->info.spaces);

	if (vqnic_has_iommu(card))
		shell = vqnic_vdpa_alloc(struct vqnic_vdpa, vdpa, &card->pdev->dev,
					 &vqnic_vdpa_iommu_ops,
					 offer.features & BIT_ULL(VIRTIO_NET_F_CTRL_VQ) ?
						 VQNIC_GROUPS : 1,
					 VQNIC_VDEV_SPACES, name);
	else
		shell = vqnic_vdpa_alloc(struct vqnic_vdpa, vdpa, &card->pdev->dev,
					 &vqnic_vdpa_ops, 1, 1, name);
	if (IS_ERR(shell))
		return vqnic_refuse(card, name, PTR_ERR(shell), "cannot allocate it: %pe", shell);
	shell->vdev = vdev;
	shell->vdpa.mdev = mgmtdev;
	vqnic_vdpa_set_dma_dev(&shell->vdpa, &card->pdev->dev);

	err = vqnic_vdev_open(vdev, &offer);
	if (err) {
		vqnic_refuse(card, name, err, "cannot set up vdev %u: %pe", vdev->index,
			     ERR_PTR(err));
		goto err_put;
	}
	err = _vdpa_register_device(&shell->vdpa, vdev->nvqs);
	if (err) {
		vqnic_refuse(card, name, err, "cannot register it: %pe", ERR_PTR(err));
		goto err_close;
	}
	vqnic_vdev_show(vdev, shell);
	dev_info(&card->pdev->dev,
		 "device %s is vdev %u, MAC %pM, MTU %u, %u queue pairs, features %#llx\n", name,
		 vdev->index, offer.mac, offer.mtu, offer.pairs, offer.features);
	return 0;

err_close:
	vqnic_vdev_close(vdev);
err_put:
	put_device(&shell->vdpa.dev);
	return err;
}

static void vqnic_dev_del(struct vdpa_mgmt_dev *mgmtdev, struct vdpa_device *vdpa)
{
	struct vqnic_vdev *vdev = vqnic_vdev_of(vdpa);

	vqnic_vdev_show(vdev, NULL);
	/* Returns when no driver uses the device any more; frees the device, but not the slot. */
	_vdpa_unregister_device(vdpa);
	vqnic_vdev_close(vdev);
}

/* The owner gives the device another MAC address, at any time. */
static int vqnic_dev_set_attr(struct vdpa_mgmt_dev *mgmtdev, struct vdpa_device *vdpa,
			      const struct vdpa_dev_set_config *config)
{
	struct vqnic_vdev *vdev = vqnic_vdev_of(vdpa);
	const u8 *mac = config->net.mac;
	int err;

	if (config->mask != BIT_ULL(VDPA_ATTR_DEV_NET_CFG_MACADDR))
		return -EOPNOTSUPP;
	if (!is_valid_ether_addr(mac))
		return -EADDRNOTAVAIL;
	mutex_lock(&vdev->card->lock);
	err = vqnic_filter_set_given(vdev, mac);
	if (!err) {
		mutex_lock(&vdev->lock);
		ether_addr_copy(vdev->offer.mac, mac);
		if (vdev->provisioned)
			vqnic_cmd_set_vdev_mac(vdev, mac);
		WRITE_ONCE(vdev->changes, vdev->changes + 1);
		mutex_unlock(&vdev->lock);
		vqnic_irq_call(&vdev->config_irq);
	}
	mutex_unlock(&vdev->card->lock);
	return err;
}

static const struct vdpa_mgmtdev_ops vqnic_mgmtdev_ops = {
	.dev_add = vqnic_dev_add,
	.dev_del = vqnic_dev_del,
	.dev_set_attr = vqnic_dev_set_attr,
};

static struct virtio_device_id vqnic_id_table[] = {
	{ VIRTIO_ID_NET, VIRTIO_DEV_ANY_ID },
	{ }
};

int vqnic_mgmtdev_register(struct vqnic_card *card)
{
	struct device *dev = &card->pdev->dev;
	u64 supported = VQNIC_KNOWN_FEATURES;
	unsigned int i;
	int err;

	for (i = 0; i < card->info.vdevs; i++)
		supported &= card->vdevs[i].supported;
	if (VQNIC_REQUIRED_FEATURES & ~supported) {
		dev_err(dev, "card lacks virtio features %#llx\n",
			VQNIC_REQUIRED_FEATURES & ~supported);
		return -EPROTO;
	}
	/* Without a control queue, what needs one cannot be. */
	if (!(supported & BIT_ULL(VIRTIO_NET_F_CTRL_VQ)))
		supported &= ~VQNIC_CTRL_FEATURES;
	card->migratable_features = supported & ~VQNIC_UNMIGRATABLE_FEATURES;
	/* QEMU announces its guests itself: nobody misses what cannot be migrated. */
	card->default_features = card->migratable_features;
	card->mgmtdev = (struct vdpa_mgmt_dev) {
		.device = dev,
		.ops = &vqnic_mgmtdev_ops,
		.id_table = vqnic_id_table,
		.config_attr_mask = BIT_ULL(VDPA_ATTR_DEV_NET_CFG_MACADDR) |
				    BIT_ULL(VDPA_ATTR_DEV_NET_CFG_MTU) |
				    BIT_ULL(VDPA_ATTR_DEV_NET_CFG_MAX_VQP) |
				    BIT_ULL(VDPA_ATTR_DEV_FEATURES),
		.supported_features = supported,
		.max_supported_vqs = 2 * card->info.vdev_pairs +
				     !!(supported & BIT_ULL(VIRTIO_NET_F_CTRL_VQ)),
	};
	err = vdpa_mgmtdev_register(&card->mgmtdev);
	if (err)
		dev_err_probe(dev, err, "cannot register the management device\n");
	return err;
}

/* Deletes the card's vDPA devices. */
void vqnic_mgmtdev_unregister(struct vqnic_card *card)
{
	vdpa_mgmtdev_unregister(&card->mgmtdev);
}
