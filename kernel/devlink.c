// SPDX-License-Identifier: GPL-2.0-only
/*
 * devlink: what the card is, its health, and snapshots of its registers.
 *
 * Three health reporters. "card": the card does not answer, or not as it must; its recovery is a
 * reset by the PCI core, which brings back devices, filters and policies. "queue": a queue has
 * stopped because its rings were wrong; "dma": because memory could not be reached. These two come
 * back when the device's driver resets it: nobody else can know where the ring is to go on.
 *
 * A card is not recovered by itself: what has made it die, and what may be found out of it as it
 * is, somebody should have seen before.
 *
 * Lock order: devlink's lock, the PCI device's, then those of vqnic.h. health.lock is taken with
 * none of these held, and keeps reports away from a devlink that comes or goes.
 */
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/unaligned.h>
#include <net/devlink.h>

#include "compat.h"
#include "vqnic.h"

/* Bytes of the card's bank, and how many snapshots of it are kept. */
#define VQNIC_BANK_BYTES 0x200
#define VQNIC_SNAPSHOTS 8

static struct vqnic_card *vqnic_card_of(struct devlink *devlink)
{
	return *(struct vqnic_card **)devlink_priv(devlink);
}

static int vqnic_devlink_info_get(struct devlink *devlink, struct devlink_info_req *req,
				  struct netlink_ext_ack *extack)
{
	struct vqnic_card *card = vqnic_card_of(devlink);
	u64 serial = pci_get_dsn(card->pdev);
	char text[24];
	int err;

	if (serial) {
		snprintf(text, sizeof(text), "%016llx", serial);
		err = devlink_info_serial_number_put(req, text);
		if (err)
			return err;
	}
	snprintf(text, sizeof(text), "%u.%u", card->info.version >> 16,
		 card->info.version & 0xffff);
	return devlink_info_version_running_put(req, DEVLINK_INFO_VERSION_GENERIC_FW_MGMT_API,
						text);
}

static const struct devlink_ops vqnic_devlink_ops = {
	.info_get = vqnic_devlink_info_get,
};

/* ---- health ---- */

static const char *vqnic_state_text(const struct vqnic_card *card)
{
	switch (READ_ONCE(card->state)) {
	case VQNIC_UP:
		return "up";
	case VQNIC_DOWN:
		return "being reset";
	default:
		return "dead";
	}
}

static int vqnic_card_diagnose(struct devlink_health_reporter *reporter, struct devlink_fmsg *fmsg,
			       struct netlink_ext_ack *extack)
{
	struct vqnic_reporter *own = devlink_health_reporter_priv(reporter);
	struct vqnic_card *card = own->card;
	const char *why;

	vqnic_cmd_check_card(card);
	why = READ_ONCE(card->health.why);
	devlink_fmsg_string_pair_put(fmsg, "state", vqnic_state_text(card));
	devlink_fmsg_u32_pair_put(fmsg, "losses", atomic_read(&own->events));
	if (why)
		devlink_fmsg_string_pair_put(fmsg, "last", why);
	return 0;
}

/* `context`: it is reported at this moment; NULL: somebody asks for it. */
static int vqnic_card_recover(struct devlink_health_reporter *reporter, void *context,
			      struct netlink_ext_ack *extack)
{
	struct vqnic_reporter *own = devlink_health_reporter_priv(reporter);
	struct vqnic_card *card = own->card;
	int err;

	if (context)
		return -EOPNOTSUPP;
	/* It may have come back meanwhile. */
	if (vqnic_card_up(card))
		return 0;
	/* Its configuration space is what it was when the card was last well. */
	pci_restore_state(card->pdev);
	pci_save_state(card->pdev);
	/* Who removes the card waits for devlink, with the device's lock. */
	err = pci_try_reset_function(card->pdev);
	if (!err && !vqnic_card_up(card))
		err = -EIO;
	if (err == -EAGAIN)
		NL_SET_ERR_MSG(extack, "somebody else has the PCI device");
	else if (err)
		NL_SET_ERR_MSG(extack, "the reset has not brought the card back");
	return err;
}

/* The device's queues that have stopped by a fault that is of the reporter's kind. */
static void vqnic_put_faults(struct devlink_fmsg *fmsg, struct vqnic_vdev *vdev,
			     const struct vqnic_reporter *reporter)
{
	struct vqnic_vq_state state;
	unsigned int i;

	lockdep_assert_held(&vdev->lock);
	for (i = 0; i < vdev->nvqs; i++) {
		if (!vdev->vqs[i].running || vqnic_cmd_vq_state(vdev, i, &state) ||
		    !state.fault.code ||
		    vqnic_fault_reporter(vdev->card, state.fault.code) != reporter)
			continue;
		devlink_fmsg_obj_nest_start(fmsg);
		devlink_fmsg_string_pair_put(fmsg, "device", vdev->name ?: "");
		devlink_fmsg_u32_pair_put(fmsg, "vdev", vdev->index);
		devlink_fmsg_u32_pair_put(fmsg, "queue", i);
		devlink_fmsg_string_pair_put(fmsg, "fault",
					     vqnic_fault_text(state.fault.code)->name);
		devlink_fmsg_u64_pair_put(fmsg, "info", state.fault.info);
		devlink_fmsg_u32_pair_put(fmsg, "avail", state.avail);
		devlink_fmsg_u32_pair_put(fmsg, "used", state.used);
		devlink_fmsg_obj_nest_end(fmsg);
	}
}

/* What is wrong now: the queues that have stopped, and whose device was not reset yet. */
static int vqnic_queues_diagnose(struct devlink_health_reporter *reporter,
				 struct devlink_fmsg *fmsg, struct netlink_ext_ack *extack)
{
	struct vqnic_reporter *own = devlink_health_reporter_priv(reporter);
	struct vqnic_card *card = own->card;
	unsigned int i;

	devlink_fmsg_arr_pair_nest_start(fmsg, "queues");
	mutex_lock(&card->lock);
	for (i = 0; i < card->info.vdevs && vqnic_card_up(card); i++) {
		struct vqnic_vdev *vdev = &card->vdevs[i];

		if (!vdev->used)
			continue;
		mutex_lock(&vdev->lock);
		vqnic_put_faults(fmsg, vdev, own);
		mutex_unlock(&vdev->lock);
	}
	mutex_unlock(&card->lock);
	devlink_fmsg_arr_pair_nest_end(fmsg);
	return 0;
}

static int vqnic_queues_dump(struct devlink_health_reporter *reporter, struct devlink_fmsg *fmsg,
			     void *context, struct netlink_ext_ack *extack)
{
	return vqnic_queues_diagnose(reporter, fmsg, extack);
}

/* The registers of the card's bank: of a card that does not answer, what the bus says. */
static void vqnic_read_bank(struct vqnic_card *card, u8 *data)
{
	unsigned int i;

	for (i = 0; i < VQNIC_BANK_BYTES; i += sizeof(u32))
		put_unaligned_le32(vqnic_cmd_peek(card, i), data + i);
}

static int vqnic_card_dump(struct devlink_health_reporter *reporter, struct devlink_fmsg *fmsg,
			   void *context, struct netlink_ext_ack *extack)
{
	struct vqnic_reporter *own = devlink_health_reporter_priv(reporter);
	struct vqnic_card *card = own->card;
	const char *why = READ_ONCE(card->health.why);

	devlink_fmsg_string_pair_put(fmsg, "state", vqnic_state_text(card));
	devlink_fmsg_string_pair_put(fmsg, "why", why ?: "");
	return 0;
}

static const char *const vqnic_reporter_texts[VQNIC_REPORTERS] = {
	[VQNIC_REPORTER_CARD] = "the card is lost",
	[VQNIC_REPORTER_QUEUE] = "a queue has stopped: its ring is wrong",
	[VQNIC_REPORTER_DMA] = "a queue has stopped: it cannot reach memory",
};

static const struct devlink_health_reporter_ops vqnic_reporter_ops[VQNIC_REPORTERS] = {
	[VQNIC_REPORTER_CARD] = {
		.name = "card",
		.recover = vqnic_card_recover,
		.dump = vqnic_card_dump,
		.diagnose = vqnic_card_diagnose,
	},
	[VQNIC_REPORTER_QUEUE] = {
		.name = "queue",
		.dump = vqnic_queues_dump,
		.diagnose = vqnic_queues_diagnose,
	},
	[VQNIC_REPORTER_DMA] = {
		.name = "dma",
		.dump = vqnic_queues_dump,
		.diagnose = vqnic_queues_diagnose,
	},
};

/* health.lock is held. */
static void vqnic_reporter_update(struct vqnic_reporter *own, const char *text, bool bad)
{
	unsigned int events = atomic_read(&own->events);

	if (events == own->reported && bad == own->bad)
		return;
	if (events != own->reported)
		devlink_health_report(own->reporter, text, own);
	/* What was reported may be over. */
	devlink_health_reporter_state_update(own->reporter,
					     bad ? DEVLINK_HEALTH_REPORTER_STATE_ERROR :
						   DEVLINK_HEALTH_REPORTER_STATE_HEALTHY);
	own->reported = events;
	own->bad = bad;
}

/*
 * Tells devlink what has happened since it was last told. With none of vqnic's locks held, in
 * process context.
 */
void vqnic_devlink_update(struct vqnic_card *card)
{
	struct vqnic_health *health = &card->health;
	unsigned int i;

	mutex_lock(&health->lock);
	for (i = 0; health->devlink && i < VQNIC_REPORTERS; i++) {
		struct vqnic_reporter *own = &health->reporters[i];
		bool bad = i == VQNIC_REPORTER_CARD ? READ_ONCE(card->state) == VQNIC_DEAD :
						      atomic_read(&own->stopped);

		vqnic_reporter_update(own, vqnic_reporter_texts[i], bad);
	}
	mutex_unlock(&health->lock);
}

/* ---- snapshots ---- */

static int vqnic_bank_snapshot(struct devlink *devlink, const struct devlink_region_ops *ops,
			       struct netlink_ext_ack *extack, u8 **data)
{
	struct vqnic_card *card = vqnic_card_of(devlink);

	if (!vqnic_card_up(card)) {
		NL_SET_ERR_MSG(extack, "the card does not answer");
		return -EIO;
	}
	*data = kmalloc(VQNIC_BANK_BYTES, GFP_KERNEL);
	if (!*data)
		return -ENOMEM;
	vqnic_read_bank(card, *data);
	return 0;
}

static const struct devlink_region_ops vqnic_bank_ops = {
	.name = "registers",
	.destructor = &kfree,
	.snapshot = vqnic_bank_snapshot,
};

/* ---- coming and going ---- */

static void vqnic_devlink_destroy(struct devlink *devlink, struct vqnic_health *health)
{
	unsigned int i;

	if (health->region)
		devlink_region_destroy(health->region);
	health->region = NULL;
	for (i = 0; i < VQNIC_REPORTERS; i++) {
		struct vqnic_reporter *own = &health->reporters[i];

		if (own->reporter)
			devlink_health_reporter_destroy(own->reporter);
		own->reporter = NULL;
	}
	devlink_free(devlink);
}

static int vqnic_devlink_make(struct devlink *devlink, struct vqnic_card *card)
{
	struct vqnic_health *health = &card->health;
	struct devlink_health_reporter *reporter;
	struct devlink_region *region;
	unsigned int i;

	for (i = 0; i < VQNIC_REPORTERS; i++) {
		struct vqnic_reporter *own = &health->reporters[i];

		own->card = card;
		reporter = vqnic_reporter_create(devlink, &vqnic_reporter_ops[i], own);
		if (IS_ERR(reporter))
			return PTR_ERR(reporter);
		own->reporter = reporter;
	}
	region = devlink_region_create(devlink, &vqnic_bank_ops, VQNIC_SNAPSHOTS,
				       VQNIC_BANK_BYTES);
	if (IS_ERR(region))
		return PTR_ERR(region);
	health->region = region;
	return 0;
}

/* At the end of the probe. Without it the card works all the same. */
void vqnic_devlink_open(struct vqnic_card *card)
{
	struct vqnic_health *health = &card->health;
	struct devlink *devlink;
	int err;

	devlink = devlink_alloc(&vqnic_devlink_ops, sizeof(card), &card->pdev->dev);
	if (!devlink) {
		dev_warn(&card->pdev->dev, "no memory for devlink\n");
		return;
	}
	*(struct vqnic_card **)devlink_priv(devlink) = card;
	err = vqnic_devlink_make(devlink, card);
	if (err) {
		dev_warn(&card->pdev->dev, "no devlink: %pe\n", ERR_PTR(err));
		vqnic_devlink_destroy(devlink, health);
		return;
	}
	devlink_register(devlink);
	mutex_lock(&health->lock);
	health->devlink = devlink;
	mutex_unlock(&health->lock);
	/* It may have been lost meanwhile. */
	vqnic_devlink_update(card);
}

/* Before anything of the card goes. */
void vqnic_devlink_close(struct vqnic_card *card)
{
	struct vqnic_health *health = &card->health;
	struct devlink *devlink;

	mutex_lock(&health->lock);
	devlink = health->devlink;
	health->devlink = NULL;
	mutex_unlock(&health->lock);
	if (!devlink)
		return;
	devlink_unregister(devlink);
	vqnic_devlink_destroy(devlink, health);
}
