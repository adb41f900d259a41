// SPDX-License-Identifier: GPL-2.0-only
/*
 * The vDPA side: the management device that makes and deletes vDPA devices, and what their drivers
 * ask of them.
 *
 * All queues are in one group, which runs in one of the vdev's address spaces (vqnic_data_as()).
 * With a card that has no IOMMU, addresses are bus addresses, and what isolates a vDPA device is
 * the platform's IOMMU, if there is one.
 *
 * What a driver says of a queue is kept, and programmed when the queue is to run: when it is ready
 * and DRIVER_OK is set, so that the order of the driver's requests does not matter. QEMU makes
 * queues ready before it says where they are.
 */
#include <linux/etherdevice.h>
#include <linux/interrupt.h>
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

/* What this driver can pass on, if the card has it. VIRTIO_F_RING_RESET has no vDPA operation. */
#define VQNIC_KNOWN_FEATURES                                          \
	(VQNIC_REQUIRED_FEATURES | BIT_ULL(VIRTIO_RING_F_EVENT_IDX) | \
	 BIT_ULL(VIRTIO_NET_F_STATUS) | BIT_ULL(VIRTIO_NET_F_MTU))

static struct vqnic_vdev *vqnic_vdev_of(const struct vdpa_device *vdpa)
{
	return container_of(vdpa, struct vqnic_vdpa, vdpa)->vdev;
}

static irqreturn_t vqnic_irq_call(struct vqnic_irq *irq)
{
	unsigned long flags;

	spin_lock_irqsave(&irq->lock, flags);
	if (irq->cb.callback)
		irq->cb.callback(irq->cb.private);
	spin_unlock_irqrestore(&irq->lock, flags);
	return IRQ_HANDLED;
}

static irqreturn_t vqnic_interrupt(int nr, void *opaque)
{
	return vqnic_irq_call(opaque);
}

/* Once this returns the callback from before is not running and runs no more. */
static void vqnic_irq_set_cb(struct vqnic_irq *irq, const struct vdpa_callback *cb)
{
	spin_lock_irq(&irq->lock);
	irq->cb = *cb;
	spin_unlock_irq(&irq->lock);
}

static int vqnic_irq_request(struct vqnic_vdev *vdev, struct vqnic_irq *irq, unsigned int nr)
{
	struct vqnic_card *card = vdev->card;

	irq->vector = vqnic_vector(card, nr);
	irq->irq = pci_irq_vector(card->pdev, irq->vector);
	return request_irq(irq->irq, vqnic_interrupt, vqnic_vectors_shared(card) ? IRQF_SHARED : 0,
			   irq->name, irq);
}

static int vqnic_vdev_request_irqs(struct vqnic_vdev *vdev)
{
	unsigned int i;
	int err;

	err = vqnic_irq_request(vdev, &vdev->config_irq, VQNIC_IRQ_CONFIG(vdev->index));
	if (err)
		return err;
	for (i = 0; i < VQNIC_NET_VQS; i++) {
		err = vqnic_irq_request(vdev, &vdev->vqs[i].irq, VQNIC_IRQ_VQ(vdev->index, i));
		if (err)
			goto err_free;
	}
	return 0;

err_free:
	while (i--)
		free_irq(vdev->vqs[i].irq.irq, &vdev->vqs[i].irq);
	free_irq(vdev->config_irq.irq, &vdev->config_irq);
	return err;
}

static void vqnic_vdev_free_irqs(struct vqnic_vdev *vdev)
{
	unsigned int i;

	for (i = 0; i < VQNIC_NET_VQS; i++)
		free_irq(vdev->vqs[i].irq.irq, &vdev->vqs[i].irq);
	free_irq(vdev->config_irq.irq, &vdev->config_irq);
}

/* Prepares slot `index` of the card, whose info has been checked. */
void vqnic_vdev_init(struct vqnic_card *card, unsigned int index)
{
	struct vqnic_vdev *vdev = &card->vdevs[index];
	unsigned int i;

	vdev->card = card;
	vdev->index = index;
	vdev->regs = card->regs + card->info.vdev_offset + (size_t)index * card->info.vdev_stride;
	mutex_init(&vdev->lock);
	spin_lock_init(&vdev->config_irq.lock);
	snprintf(vdev->config_irq.name, sizeof(vdev->config_irq.name), "%s-%u-config",
		 pci_name(card->pdev), index);
	for (i = 0; i < VQNIC_NET_VQS; i++) {
		struct vqnic_irq *irq = &vdev->vqs[i].irq;

		spin_lock_init(&irq->lock);
		snprintf(irq->name, sizeof(irq->name), "%s-%u-%s", pci_name(card->pdev), index,
			 i == VQNIC_VQ_RX ? "rx" : "tx");
	}
}

/*
 * The card went away: the vdev's driver is told, and the vdev waits for vqnic_vdev_up(). A vdev
 * that no driver has touched since its reset needs none.
 */
void vqnic_vdev_down(struct vqnic_vdev *vdev)
{
	mutex_lock(&vdev->lock);
	vdev->provisioned = false;
	vdev->needs_reset = vdev->status;
	vqnic_filter_vdev_down(vdev);
	mutex_unlock(&vdev->lock);
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
	for (i = 0; i < VQNIC_NET_VQS; i++) {
		struct vqnic_vq *vq = &vdev->vqs[i];
		const struct vqnic_fault_text *text;

		if (!vq->running || vq->faulted || vqnic_cmd_vq_state(vdev, i, &state) ||
		    !state.fault.code)
			continue;
		vq->faulted = true;
		text = vqnic_fault_text(state.fault.code);
		dev_warn_ratelimited(&vdev->card->pdev->dev,
				     "vdev %u: queue %u stopped: %s (%#llx)\n", vdev->index, i,
				     text->meaning, state.fault.info);
	}
	mutex_unlock(&vdev->lock);
}

static int vqnic_set_vq_address(struct vdpa_device *vdpa, u16 idx, u64 desc, u64 driver, u64 device)
{
	struct vqnic_vdev *vdev = vqnic_vdev_of(vdpa);
	struct vqnic_vq *vq = &vdev->vqs[idx];

	/* virtio 2.7 */
	if (!IS_ALIGNED(desc, VRING_DESC_ALIGN_SIZE) ||
	    !IS_ALIGNED(driver, VRING_AVAIL_ALIGN_SIZE) ||
	    !IS_ALIGNED(device, VRING_USED_ALIGN_SIZE))
		return -EINVAL;
	mutex_lock(&vdev->lock);
	vq->desc = desc;
	vq->driver = driver;
	vq->device = device;
	mutex_unlock(&vdev->lock);
	return 0;
}

static void vqnic_set_vq_num(struct vdpa_device *vdpa, u16 idx, u32 num)
{
	struct vqnic_vdev *vdev = vqnic_vdev_of(vdpa);

	mutex_lock(&vdev->lock);
	vdev->vqs[idx].num = num;
	mutex_unlock(&vdev->lock);
}

static void vqnic_kick_vq(struct vdpa_device *vdpa, u16 idx)
{
	vqnic_cmd_vq_kick(&vqnic_vdev_of(vdpa)->vqs[idx], idx);
}

static void vqnic_set_vq_cb(struct vdpa_device *vdpa, u16 idx, struct vdpa_callback *cb)
{
	vqnic_irq_set_cb(&vqnic_vdev_of(vdpa)->vqs[idx].irq, cb);
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

	if (is_power_of_2(vq->num) && vq->num <= vdev->card->info.vq_size_max)
		err = vqnic_cmd_vq_enable(vdev, idx);
	vq->running = !err;
	if (err)
		dev_err_ratelimited(&vdev->card->pdev->dev,
				    "vdev %u: cannot run queue %u of %u descriptors: %pe\n",
				    vdev->index, idx, vq->num, ERR_PTR(err));
}

static void vqnic_vq_stop(struct vqnic_vdev *vdev, u16 idx)
{
	struct vqnic_vq *vq = &vdev->vqs[idx];
	struct vqnic_vq_state state;

	/* The reset forgets where the queue was. */
	if (!vqnic_cmd_vq_state(vdev, idx, &state))
		vq->avail = state.avail;
	vqnic_cmd_vq_reset(vdev, idx);
	vq->running = false;
	vq->faulted = false;
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

static int vqnic_set_vq_state(struct vdpa_device *vdpa, u16 idx, const struct vdpa_vq_state *state)
{
	struct vqnic_vdev *vdev = vqnic_vdev_of(vdpa);
	int err = 0;

	mutex_lock(&vdev->lock);
	if (vdev->vqs[idx].running)
		err = -EBUSY;
	else
		vdev->vqs[idx].avail = state->split.avail_index;
	mutex_unlock(&vdev->lock);
	return err;
}

static int vqnic_get_vq_state(struct vdpa_device *vdpa, u16 idx, struct vdpa_vq_state *state)
{
	struct vqnic_vdev *vdev = vqnic_vdev_of(vdpa);
	struct vqnic_vq_state now;
	int err = 0;

	mutex_lock(&vdev->lock);
	now.avail = vdev->vqs[idx].avail;
	if (vdev->vqs[idx].running)
		err = vqnic_cmd_vq_state(vdev, idx, &now);
	mutex_unlock(&vdev->lock);
	state->split.avail_index = now.avail;
	return err;
}

/* Only a page can be mapped: if the card packs doorbells closer, vhost refuses to map one. */
static struct vdpa_notification_area vqnic_get_vq_notification(struct vdpa_device *vdpa, u16 idx)
{
	struct vqnic_vdev *vdev = vqnic_vdev_of(vdpa);

	return (struct vdpa_notification_area) {
		.addr = vdev->vqs[idx].doorbell_addr,
		.size = min_t(resource_size_t, vdev->card->info.doorbell_stride, PAGE_SIZE),
	};
}

/* A shared vector must not be handed to a guest. */
static int vqnic_get_vq_irq(struct vdpa_device *vdpa, u16 idx)
{
	struct vqnic_vdev *vdev = vqnic_vdev_of(vdpa);

	return vqnic_vectors_shared(vdev->card) ? -EOPNOTSUPP : vdev->vqs[idx].irq.irq;
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
	mutex_lock(&vdev->lock);
	vqnic_cmd_set_features(vdev, features);
	vdev->driver_features = features;
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
 * Address space of the card in which the data queues are to run.
 *
 * virtio_vdpa's addresses come from the DMA API, for the PCI function: they are bus addresses.
 * Everybody else's are a guest's, and reach what set_map gave it, at first nothing. The vdpa core
 * does not tell a parent which it is: a device that nobody has mapped anything for may be either.
 * The name of the driver tells. It is a safe guess: an unknown driver may fault, but not read the
 * host's memory.
 */
static u16 vqnic_data_as(const struct vdpa_device *vdpa)
{
	const struct vqnic_vdev *vdev = vqnic_vdev_of(vdpa);
	const struct device_driver *driver = vdpa->dev.driver;

	if (driver && !strcmp(driver->name, "virtio_vdpa"))
		return VQNIC_AS_IDENTITY;
	return vdev->spaces[vdev->data_asid].index;
}

/* What the card must know before queues run. On an error they must not. */
static int vqnic_prepare_driver_ok(struct vdpa_device *vdpa)
{
	struct vqnic_vdev *vdev = vqnic_vdev_of(vdpa);
	int err;

	/* A reset takes the vector away. The card says nothing of its configuration before. */
	err = vqnic_cmd_config_vector(vdev);
	if (err)
		dev_err(&vdpa->dev, "card does not take the vector of configuration changes: %pe\n",
			ERR_PTR(err));
	err = vqnic_cvq_start(vdev);
	if (err || !vqnic_has_iommu(vdev->card))
		return err;
	err = vqnic_cmd_set_data_as(vdev, vqnic_data_as(vdpa));
	if (err)
		dev_err(&vdpa->dev, "card does not take the address space of its queues: %pe\n",
			ERR_PTR(err));
	return err;
}

static void vqnic_set_status(struct vdpa_device *vdpa, u8 status)
{
	struct vqnic_vdev *vdev = vqnic_vdev_of(vdpa);
	unsigned int i;

	status &= ~VIRTIO_CONFIG_S_NEEDS_RESET;
	mutex_lock(&vdev->lock);
	if (vdev->provisioned && !vdev->needs_reset) {
		/* Whatever it was before: no queue runs where it is not to. */
		if (status & VIRTIO_CONFIG_S_DRIVER_OK && vqnic_prepare_driver_ok(vdpa))
			status &= ~VIRTIO_CONFIG_S_DRIVER_OK;
		vqnic_cmd_set_status(vdev, status);
	} else {
		/* Without a card there is nothing to agree on, and a reset comes first. */
		status &= ~VIRTIO_CONFIG_S_FEATURES_OK;
	}
	vdev->status = status;
	for (i = 0; i < VQNIC_NET_VQS; i++)
		if (vdev->vqs[i].ready && !vdev->vqs[i].running && vqnic_vdev_runs(vdev))
			vqnic_vq_start(vdev, i);
	mutex_unlock(&vdev->lock);
}

static int vqnic_reset(struct vdpa_device *vdpa)
{
	static const struct vdpa_callback none;
	struct vqnic_vdev *vdev = vqnic_vdev_of(vdpa);
	unsigned int i;
	int err = -EIO;

	mutex_lock(&vdev->lock);
	if (vdev->provisioned)
		err = vqnic_cmd_vdev_reset(vdev);
	vdev->needs_reset = false;
	vdev->status = 0;
	vdev->driver_features = 0;
	vdev->data_asid = 0;
	vqnic_cvq_reset(vdev);
	vqnic_irq_set_cb(&vdev->config_irq, &none);
	for (i = 0; i < VQNIC_NET_VQS; i++) {
		struct vqnic_vq *vq = &vdev->vqs[i];

		vqnic_irq_set_cb(&vq->irq, &none);
		vq->desc = 0;
		vq->driver = 0;
		vq->device = 0;
		vq->num = 0;
		vq->avail = 0;
		vq->ready = false;
		vq->running = false;
		vq->faulted = false;
	}
	mutex_unlock(&vdev->lock);
	return err;
}

static size_t vqnic_get_config_size(struct vdpa_device *vdpa)
{
	return sizeof(struct virtio_net_config);
}

/* The link as the vdev's driver is to see it. vdev->lock is held. */
bool vqnic_vdev_link(struct vqnic_vdev *vdev)
{
	return vdev->provisioned && !vdev->needs_reset && vqnic_cmd_vdev_link(vdev);
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
		.max_virtqueue_pairs = __cpu_to_virtio16(true, VQNIC_NET_VQS / 2),
		.mtu = __cpu_to_virtio16(true, vdev->offer.mtu),
	};

	vqnic_filter_get_mac(vdev, config.mac);
	mutex_lock(&vdev->lock);
	if (vqnic_vdev_link(vdev))
		config.status = __cpu_to_virtio16(true, VIRTIO_NET_S_LINK_UP);
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
	return vqnic_cmd_get_generation(vqnic_vdev_of(vdpa));
}

/* Queues may be made ready in any order with DRIVER_OK. */
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
	return VQNIC_GROUP_DATA;
}

static int vqnic_set_group_asid(struct vdpa_device *vdpa, unsigned int group, unsigned int asid)
{
	struct vqnic_vdev *vdev = vqnic_vdev_of(vdpa);
	int err = 0;

	if (group >= VQNIC_GROUPS || asid >= VQNIC_VDEV_SPACES)
		return -EINVAL;
	mutex_lock(&vdev->lock);
	if (vdev->status & VIRTIO_CONFIG_S_DRIVER_OK)
		err = -EBUSY;
	else
		vdev->data_asid = asid;
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
	.set_vq_cb		= vqnic_set_vq_cb, \
	.set_vq_ready		= vqnic_set_vq_ready, \
	.get_vq_ready		= vqnic_get_vq_ready, \
	.set_vq_state		= vqnic_set_vq_state, \
	.get_vq_state		= vqnic_get_vq_state, \
	.get_vq_notification	= vqnic_get_vq_notification, \
	.get_vq_irq		= vqnic_get_vq_irq, \
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

/* Fills *offer with what is wanted, and with what the card can do where nothing is. */
static int vqnic_make_offer(struct vqnic_card *card, const char *name,
			    const struct vdpa_dev_set_config *config, struct vqnic_offer *offer)
{
	u64 supported = card->mgmtdev.supported_features;

	offer->features = supported;
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
	}

	if (config->mask & BIT_ULL(VDPA_ATTR_DEV_NET_CFG_MAX_VQP) &&
	    config->net.max_vq_pairs != VQNIC_NET_VQS / 2)
		return vqnic_refuse(card, name, -ERANGE,
				    "%u queue pairs are wanted, a device has %u",
				    config->net.max_vq_pairs, VQNIC_NET_VQS / 2);

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

/* Makes the slot what `offer` says. On an error it is as before. */
static int vqnic_vdev_open(struct vqnic_vdev *vdev, const struct vqnic_offer *offer)
{
	struct vqnic_card *card = vdev->card;
	int err;

	err = vqnic_vdev_request_irqs(vdev);
	if (err)
		return err;

	mutex_lock(&card->lock);
	vdev->offer = *offer;
	mutex_lock(&vdev->lock);
	err = vqnic_cvq_open(vdev);
	mutex_unlock(&vdev->lock);
	if (err)
		goto err_unlock;
	err = vqnic_vdev_open_spaces(vdev);
	if (err)
		goto err_close_cvq;
	err = vqnic_vdev_up(vdev);
	if (err)
		goto err_close_spaces;
	vdev->used = true;
	vdev->needs_reset = false;
	vdev->status = 0;
	vdev->data_asid = 0;
	mutex_unlock(&card->lock);
	return 0;

err_close_spaces:
	vqnic_vdev_close_spaces(vdev, vqnic_vdev_spaces(card));
err_close_cvq:
	mutex_lock(&vdev->lock);
	vqnic_cvq_close(vdev);
	mutex_unlock(&vdev->lock);
err_unlock:
	mutex_unlock(&card->lock);
	vqnic_vdev_free_irqs(vdev);
	return err;
}

static void vqnic_vdev_close(struct vqnic_vdev *vdev)
{
	struct vqnic_card *card = vdev->card;

	mutex_lock(&card->lock);
	mutex_lock(&vdev->lock);
	vdev->used = false;
	if (vdev->provisioned)
		vqnic_cmd_vdev_disable(vdev);
	vdev->provisioned = false;
	vqnic_cvq_close(vdev);
	mutex_unlock(&vdev->lock);
	vqnic_vdev_close_spaces(vdev, vqnic_vdev_spaces(card));
	mutex_unlock(&card->lock);
	vqnic_vdev_free_irqs(vdev);
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
	vdev->shown = shown;
	if (shown)
		vdev->card->refusal[0] = '\0';
	mutex_unlock(&vdev->card->lock);
}

static int vqnic_dev_add(struct vdpa_mgmt_dev *mgmtdev, const char *name,
			 const struct vdpa_dev_set_config *config)
{
	struct vqnic_card *card = container_of(mgmtdev, struct vqnic_card, mgmtdev);
	struct vqnic_offer offer = {};
	struct vqnic_vdpa *shell;
	struct vqnic_vdev *vdev;
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
	if (!vqnic_spaces_left(card))
		return vqnic_refuse(card, name, -ENOSPC,
				    "fewer than %u of the card's %u address spaces are left",
				    VQNIC_VDEV_SPACES, card->info.spaces);

	if (vqnic_has_iommu(card))
		shell = vqnic_vdpa_alloc(struct vqnic_vdpa, vdpa, &card->pdev->dev,
					 &vqnic_vdpa_iommu_ops, VQNIC_GROUPS, VQNIC_VDEV_SPACES,
					 name);
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
	err = _vdpa_register_device(&shell->vdpa, VQNIC_NET_VQS);
	if (err) {
		vqnic_refuse(card, name, err, "cannot register it: %pe", ERR_PTR(err));
		goto err_close;
	}
	vqnic_vdev_show(vdev, shell);
	dev_info(&card->pdev->dev, "device %s is vdev %u, MAC %pM, MTU %u, features %#llx\n", name,
		 vdev->index, offer.mac, offer.mtu, offer.features);
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

static const struct vdpa_mgmtdev_ops vqnic_mgmtdev_ops = {
	.dev_add = vqnic_dev_add,
	.dev_del = vqnic_dev_del,
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
	card->mgmtdev = (struct vdpa_mgmt_dev) {
		.device = dev,
		.ops = &vqnic_mgmtdev_ops,
		.id_table = vqnic_id_table,
		.config_attr_mask = BIT_ULL(VDPA_ATTR_DEV_NET_CFG_MACADDR) |
				    BIT_ULL(VDPA_ATTR_DEV_NET_CFG_MTU) |
				    BIT_ULL(VDPA_ATTR_DEV_NET_CFG_MAX_VQP) |
				    BIT_ULL(VDPA_ATTR_DEV_FEATURES),
		.supported_features = supported,
		.max_supported_vqs = VQNIC_NET_VQS,
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
