// SPDX-License-Identifier: GPL-2.0-only
/*
 * The PCI side: finds a card, checks it, makes it known to the vdpa core and to netlink, and
 * survives its loss.
 */
#include <linux/bitmap.h>
#include <linux/dma-mapping.h>
#include <linux/interrupt.h>
#include <linux/module.h>
#include <linux/virtio.h>

#include "vqnic.h"

static irqreturn_t vqnic_event_interrupt(int irq, void *opaque)
{
	struct vqnic_card *card = opaque;

	schedule_work(&card->event_work);
	return IRQ_HANDLED;
}

static int vqnic_break_virtio(struct device *dev, void *unused)
{
	if (is_virtio_device(dev))
		virtio_break_device(dev_to_virtio(dev));
	return 0;
}

/*
 * No queue of the card goes on. virtio_net waits for the answers of its control queue without an
 * end, and with rtnl held, unless the queue is broken; virtio devices of virtio_vdpa are children
 * of the DMA device. Drivers of user space have only the status to go by.
 */
static void vqnic_break_drivers(struct vqnic_card *card)
{
	device_for_each_child(&card->pdev->dev, NULL, vqnic_break_virtio);
}

/* Vdevs may have stopped by a fault, or the card is lost. */
static void vqnic_check_vdevs(struct vqnic_card *card)
{
	unsigned int i;

	/* Before the lock: who holds it may wait for such a driver. */
	if (READ_ONCE(card->state) == VQNIC_DEAD)
		vqnic_break_drivers(card);
	mutex_lock(&card->lock);
	/* Without vdevs the card was lost while it was probed. */
	for (i = 0; card->vdevs && i < card->info.vdevs; i++) {
		if (!card->vdevs[i].used)
			continue;
		if (READ_ONCE(card->state) == VQNIC_DEAD)
			vqnic_vdev_down(&card->vdevs[i]);
		else
			vqnic_vdev_check_faults(&card->vdevs[i]);
	}
	mutex_unlock(&card->lock);
}

/* Runs after a card event, and once when the card is lost. */
static void vqnic_event_work(struct work_struct *work)
{
	struct vqnic_card *card = container_of(work, struct vqnic_card, event_work);
	u32 events = vqnic_cmd_take_events(card);

	/* The vdevs themselves tell their drivers of the link, by their configuration interrupt. */
	if (events & VQNIC_EVENT_LINK) {
		bool link = vqnic_cmd_card_link(card);

		dev_info(&card->pdev->dev, "link is %s\n", link ? "up" : "down");
		vqnic_notify(card, &(struct vqnic_event) {
			.what = VQNIC_NTF_CARD_LINK, .link = link });
	}
	if (events & VQNIC_EVENT_COMMAND)
		vqnic_cvq_event(card);
	if (!vqnic_card_up(card) || events & VQNIC_EVENT_FAULT)
		vqnic_check_vdevs(card);
	vqnic_devlink_update(card);
}

/*
 * The card does not do what it must: it is not touched any more until it is reset by the PCI core,
 * and cannot write to memory that may soon be somebody else's. Its vDPA devices learn of it.
 * Process context.
 */
void vqnic_card_lost(struct vqnic_card *card, const char *why)
{
	bool was_up;

	mutex_lock(&card->state_lock);
	was_up = vqnic_card_up(card);
	if (was_up) {
		WRITE_ONCE(card->state, VQNIC_DEAD);
		pci_clear_master(card->pdev);
		WRITE_ONCE(card->health.why, why);
		atomic_inc(&card->health.reporters[VQNIC_REPORTER_CARD].events);
	}
	mutex_unlock(&card->state_lock);
	if (!was_up)
		return;
	dev_err(&card->pdev->dev, "card is lost: %s\n", why);
	vqnic_notify(card, &(struct vqnic_event) { .what = VQNIC_NTF_CARD_DEAD });
	schedule_work(&card->event_work);
}

/* For who has seen that the card is not up: when this returns, it cannot reach memory either. */
void vqnic_card_settle(struct vqnic_card *card)
{
	mutex_lock(&card->state_lock);
	mutex_unlock(&card->state_lock);
}

/* The PCI core is about to reset the card. */
static void vqnic_card_down(struct vqnic_card *card)
{
	unsigned int i;

	/* Not left to the PCI core: memory may be unmapped as soon as the card is down. */
	mutex_lock(&card->state_lock);
	WRITE_ONCE(card->state, VQNIC_DOWN);
	pci_clear_master(card->pdev);
	mutex_unlock(&card->state_lock);
	vqnic_notify(card, &(struct vqnic_event) { .what = VQNIC_NTF_CARD_DOWN });
	vqnic_break_drivers(card);
	mutex_lock(&card->lock);
	for (i = 0; i < card->info.vdevs; i++)
		if (card->vdevs[i].used)
			vqnic_vdev_down(&card->vdevs[i]);
	mutex_unlock(&card->lock);
}

/*
 * The PCI core has reset the card: the vdevs are given back what they had, their drivers have to
 * set them up.
 */
static void vqnic_card_restart(struct vqnic_card *card)
{
	struct vqnic_info info;
	unsigned int i;
	int err;

	memset(&info, 0, sizeof(info));
	mutex_lock(&card->lock);
	mutex_lock(&card->state_lock);
	WRITE_ONCE(card->state, VQNIC_UP);
	pci_set_master(card->pdev);
	mutex_unlock(&card->state_lock);
	err = vqnic_cmd_identify(card, &info);
	if (!err && memcmp(&info, &card->info, sizeof(info)))
		err = -ENODEV;
	if (!err)
		err = vqnic_cmd_card_reset(card);
	if (!err)
		err = vqnic_cmd_event_vector(card, card->shared[VQNIC_VECTOR_CARD].index);
	if (!err)
		vqnic_filter_restart(card);
	for (i = 0; !err && i < card->info.vdevs; i++)
		if (card->vdevs[i].used)
			err = vqnic_vdev_up(&card->vdevs[i]);
	mutex_unlock(&card->lock);
	if (err) {
		vqnic_card_lost(card, "it did not come back from its reset as it was");
	} else {
		dev_info(&card->pdev->dev, "card is back from its reset\n");
		vqnic_notify(card, &(struct vqnic_event) { .what = VQNIC_NTF_CARD_UP });
		/* devlink learns that it is well. */
		schedule_work(&card->event_work);
	}
}

static int vqnic_map_bars(struct vqnic_card *card)
{
	struct pci_dev *pdev = card->pdev;
	resource_size_t size = pci_resource_len(pdev, VQNIC_BAR_REGS);
	int err;

	/* What is behind the card's own registers, identify checks. */
	if (size < VQNIC_VDEV_WINDOW_STRIDE) {
		dev_err(&pdev->dev, "BAR %u has %pap bytes: too few for the card's registers\n",
			VQNIC_BAR_REGS, &size);
		return -ENODEV;
	}
	err = pci_request_regions(pdev, KBUILD_MODNAME);
	if (err)
		return dev_err_probe(&pdev->dev, err, "cannot have the BARs\n");
	card->regs = pci_iomap(pdev, VQNIC_BAR_REGS, 0);
	if (!card->regs) {
		err = dev_err_probe(&pdev->dev, -ENOMEM, "cannot map BAR %u\n", VQNIC_BAR_REGS);
		goto err_release;
	}
	card->doorbells = pci_iomap(pdev, VQNIC_BAR_DOORBELLS, 0);
	if (!card->doorbells) {
		err = dev_err_probe(&pdev->dev, -ENOMEM, "cannot map BAR %u\n",
				    VQNIC_BAR_DOORBELLS);
		goto err_unmap;
	}
	return 0;

err_unmap:
	pci_iounmap(pdev, card->regs);
err_release:
	pci_release_regions(pdev);
	return err;
}

static void vqnic_unmap_bars(struct vqnic_card *card)
{
	pci_iounmap(card->pdev, card->doorbells);
	pci_iounmap(card->pdev, card->regs);
	pci_release_regions(card->pdev);
}

/* On an error too, card->vdevs and card->spaces_used are for the caller to free. */
static int vqnic_make_vdevs(struct vqnic_card *card)
{
	unsigned int i;
	int err;

	if (vqnic_has_iommu(card)) {
		card->spaces_used = bitmap_zalloc(card->info.spaces, GFP_KERNEL);
		if (!card->spaces_used)
			return -ENOMEM;
		__set_bit(VQNIC_AS_IDENTITY, card->spaces_used);
	}
	card->vdevs = kvcalloc(card->info.vdevs, sizeof(*card->vdevs), GFP_KERNEL);
	if (!card->vdevs)
		return -ENOMEM;
	for (i = 0; i < card->info.vdevs; i++) {
		vqnic_vdev_init(card, i);
		err = vqnic_cmd_vdev_identify(&card->vdevs[i]);
		if (err)
			return err;
	}
	return 0;
}

static int vqnic_request_vectors(struct vqnic_card *card)
{
	int err;

	err = vqnic_irqs_open(card, vqnic_event_interrupt);
	if (err)
		return err;
	err = vqnic_cmd_event_vector(card, card->shared[VQNIC_VECTOR_CARD].index);
	if (err) {
		vqnic_irqs_close(card);
		return dev_err_probe(&card->pdev->dev, err,
				     "card does not take the vector of its events\n");
	}
	return 0;
}

static void vqnic_free_vectors(struct vqnic_card *card)
{
	vqnic_irqs_close(card);
	cancel_work_sync(&card->event_work);
}

static int vqnic_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct device *dev = &pdev->dev;
	struct vqnic_card *card;
	int err;

	card = kzalloc(sizeof(*card), GFP_KERNEL);
	if (!card)
		return -ENOMEM;
	card->pdev = pdev;
	mutex_init(&card->lock);
	mutex_init(&card->vector_lock);
	mutex_init(&card->latch_lock);
	mutex_init(&card->state_lock);
	mutex_init(&card->health.lock);
	INIT_WORK(&card->event_work, vqnic_event_work);

	err = pci_enable_device_mem(pdev);
	if (err) {
		dev_err_probe(dev, err, "cannot enable the card\n");
		goto err_free;
	}
	err = vqnic_map_bars(card);
	if (err)
		goto err_disable;
	err = dma_set_mask_and_coherent(dev, DMA_BIT_MASK(64));
	if (err) {
		dev_err_probe(dev, err, "no 64-bit DMA\n");
		goto err_unmap;
	}
	err = vqnic_cmd_identify(card, &card->info);
	if (err)
		goto err_unmap;
	/*
	 * Whoever had the card before may have left it running: it is reset before it may reach
	 * memory.
	 */
	err = vqnic_cmd_card_reset(card);
	if (err)
		goto err_unmap;
	pci_set_master(pdev);
	pci_set_drvdata(pdev, card);

	err = vqnic_make_vdevs(card);
	if (err)
		goto err_clear_master;
	err = vqnic_filter_open(card);
	if (err)
		goto err_clear_master;
	err = vqnic_request_vectors(card);
	if (err)
		goto err_clear_master;
	err = vqnic_mgmtdev_register(card);
	if (err)
		goto err_free_vectors;
	vqnic_netlink_add(card);
	pci_save_state(pdev);
	dev_info(dev,
		 "register map %u.%u, %u vdevs, %u queue pairs, %u address spaces, link is %s\n",
		 card->info.version >> 16, card->info.version & 0xffff, card->info.vdevs,
		 card->info.pairs, card->info.spaces,
		 vqnic_cmd_card_link(card) ? "up" : "down");
	vqnic_devlink_open(card);
	return 0;

err_free_vectors:
	vqnic_free_vectors(card);
err_clear_master:
	pci_clear_master(pdev);
err_unmap:
	/* A card that was lost meanwhile has scheduled it. */
	cancel_work_sync(&card->event_work);
	vqnic_filter_close(card);
	kvfree(card->vdevs);
	bitmap_free(card->spaces_used);
	vqnic_unmap_bars(card);
err_disable:
	pci_disable_device(pdev);
err_free:
	kfree(card);
	return err;
}

static void vqnic_remove(struct pci_dev *pdev)
{
	struct vqnic_card *card = pci_get_drvdata(pdev);

	vqnic_devlink_close(card);
	vqnic_netlink_del(card);
	vqnic_mgmtdev_unregister(card);
	if (vqnic_card_up(card))
		vqnic_cmd_card_reset(card);
	vqnic_free_vectors(card);
	pci_clear_master(pdev);
	vqnic_filter_close(card);
	kvfree(card->vdevs);
	bitmap_free(card->spaces_used);
	vqnic_unmap_bars(card);
	pci_disable_device(pdev);
	kfree(card);
}

/* Function reset, from sysfs or by another driver. */
static void vqnic_reset_prepare(struct pci_dev *pdev)
{
	struct vqnic_card *card = pci_get_drvdata(pdev);

	/* The PCI core ends bus mastering before the reset: what is in flight is refused then. */
	vqnic_cmd_card_reset(card);
	vqnic_card_down(card);
}

static void vqnic_reset_done(struct pci_dev *pdev)
{
	/* The PCI core's copy was for this reset. */
	pci_save_state(pdev);
	vqnic_card_restart(pci_get_drvdata(pdev));
}

/* Errors that the root port reports. */
static pci_ers_result_t vqnic_error_detected(struct pci_dev *pdev, pci_channel_state_t state)
{
	struct vqnic_card *card = pci_get_drvdata(pdev);

	vqnic_card_down(card);
	if (state == pci_channel_io_perm_failure)
		return PCI_ERS_RESULT_DISCONNECT;
	pci_disable_device(pdev);
	return PCI_ERS_RESULT_NEED_RESET;
}

static pci_ers_result_t vqnic_slot_reset(struct pci_dev *pdev)
{
	if (pci_enable_device_mem(pdev))
		return PCI_ERS_RESULT_DISCONNECT;
	pci_restore_state(pdev);
	pci_save_state(pdev);
	return PCI_ERS_RESULT_RECOVERED;
}

static const struct pci_error_handlers vqnic_err_handlers = {
	.error_detected	= vqnic_error_detected,
	.slot_reset	= vqnic_slot_reset,
	.resume		= vqnic_reset_done,
	.reset_prepare	= vqnic_reset_prepare,
	.reset_done	= vqnic_reset_done,
};

static const struct pci_device_id vqnic_pci_ids[] = {
	{ PCI_DEVICE(VQNIC_PCI_VENDOR_ID, VQNIC_PCI_DEVICE_ID) },
	{ }
};
MODULE_DEVICE_TABLE(pci, vqnic_pci_ids);

static struct pci_driver vqnic_pci_driver = {
	.name		= KBUILD_MODNAME,
	.id_table	= vqnic_pci_ids,
	.probe		= vqnic_probe,
	.remove		= vqnic_remove,
	.err_handler	= &vqnic_err_handlers,
};

static int __init vqnic_init(void)
{
	int err;

	err = vqnic_netlink_register();
	if (err)
		return err;
	err = pci_register_driver(&vqnic_pci_driver);
	if (err)
		vqnic_netlink_unregister();
	return err;
}

static void __exit vqnic_exit(void)
{
	pci_unregister_driver(&vqnic_pci_driver);
	vqnic_netlink_unregister();
}

module_init(vqnic_init);
module_exit(vqnic_exit);

MODULE_DESCRIPTION("vDPA driver of the vqnic SmartNIC");
MODULE_AUTHOR("The vqnic project");
MODULE_LICENSE("GPL");
