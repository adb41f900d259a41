// SPDX-License-Identifier: GPL-2.0-only
/*
 * The dirty log of a vDPA device: which pages of the address space of its data queues the card has
 * written, for whoever moves its guest to another device while the guest runs.
 *
 * The card logs into memory that is contiguous on the bus and begins with IOVA 0: it sets the byte
 * of a page after it wrote to it, and may then leave the page out until the address space is
 * invalidated (docs/registers.md, AS_LOG). So a read clears the bytes that it finds set, and then
 * invalidates. What the card wrote by the end of that is there for whoever copies the page after
 * the read, and what it writes later is logged anew. A byte that is set again just before it is
 * cleared tells of a write of the first kind: nothing here needs to be atomic.
 *
 * A card that is reset or lost may have written and not logged it: then every page counts as
 * written.
 */
#include <linux/atomic.h>
#include <linux/dma-mapping.h>
#include <linux/sizes.h>

#include "vqnic.h"

static atomic_t vqnic_logs = ATOMIC_INIT(0);

/* Whether any device has a log. */
bool vqnic_log_any(void)
{
	return atomic_read(&vqnic_logs);
}

/* Bytes of memory of a log. */
static size_t vqnic_log_bytes(const struct vqnic_log *log)
{
	return (log->iova + log->size) / SZ_4K;
}

/*
 * Tells the card of the log, or that there is none: for the address space in which the data queues
 * run, or are about to. vdev->lock is held.
 */
void vqnic_log_program(struct vqnic_vdev *vdev)
{
	const struct vqnic_log *log = &vdev->log;
	unsigned int i;

	for (i = 0; i < vqnic_vdev_spaces(vdev->card); i++) {
		u16 index = vdev->spaces[i].index;

		if (log->bytes && i == vdev->asid[VQNIC_GROUP_DATA])
			vqnic_cmd_as_set_log(vdev->card, index, log->dma, vqnic_log_bytes(log));
		else
			vqnic_cmd_as_clear_log(vdev->card, index);
	}
}

/*
 * When this returns, no write of the card is in flight that it has logged before, or did not know
 * that it has to log.
 */
static void vqnic_log_settle(struct vqnic_vdev *vdev)
{
	unsigned int i;

	for (i = 0; i < vqnic_vdev_spaces(vdev->card); i++)
		vqnic_cmd_as_invalidate(vdev->card, vdev->spaces[i].index);
}

/*
 * Begins to log writes to `size` bytes of IOVA from `iova` on, in whole pages of 4 KiB, for the
 * netlink port `owner`. What the card wrote before is in memory when this returns. The vdev has no
 * log, and address spaces. card->lock is held. -ENOMEM: there is no memory that is contiguous for
 * so many; -EIO: the card does not answer.
 */
int vqnic_log_start(struct vqnic_vdev *vdev, u64 iova, u64 size, u32 owner)
{
	struct vqnic_card *card = vdev->card;
	struct vqnic_log log = { .iova = iova, .size = size, .owner = owner };

	if (!vqnic_card_up(card))
		return -EIO;
	log.bytes = dma_alloc_coherent(&card->pdev->dev, vqnic_log_bytes(&log), &log.dma,
				       GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!log.bytes)
		return -ENOMEM;
	atomic_inc(&vqnic_logs);
	mutex_lock(&vdev->lock);
	vdev->log = log;
	vqnic_log_program(vdev);
	mutex_unlock(&vdev->lock);
	vqnic_log_settle(vdev);
	if (vqnic_card_up(card))
		return 0;
	vqnic_log_stop(vdev);
	return -EIO;
}

/* Ends the log, if there is one. card->lock is held. */
void vqnic_log_stop(struct vqnic_vdev *vdev)
{
	struct vqnic_log log = vdev->log;

	if (!log.bytes)
		return;
	mutex_lock(&vdev->lock);
	memset(&vdev->log, 0, sizeof(vdev->log));
	vqnic_log_program(vdev);
	mutex_unlock(&vdev->lock);
	vqnic_log_settle(vdev);
	dma_free_coherent(&vdev->card->pdev->dev, vqnic_log_bytes(&log), log.bytes, log.dma);
	atomic_dec(&vqnic_logs);
}

/*
 * Sets in *bitmap, which is zero, bit i % 8 of byte i / 8 for each of `pages` pages from `iova` on
 * that was written since it was last read, and forgets that it was. The pages are among those that
 * are logged. card->lock is held. -EIO: the card does not answer; nothing was forgotten.
 */
int vqnic_log_read(struct vqnic_vdev *vdev, u64 iova, u32 pages, u8 *bitmap)
{
	u8 *bytes = vdev->log.bytes + iova / SZ_4K;
	u32 i;

	for (i = 0; i < pages; i++) {
		/* Most pages are not written: eight of these are one look. */
		if (pages - i >= sizeof(u64) && IS_ALIGNED((uintptr_t)&bytes[i], sizeof(u64)) &&
		    !READ_ONCE(*(u64 *)&bytes[i])) {
			i += sizeof(u64) - 1;
			continue;
		}
		if (!READ_ONCE(bytes[i]))
			continue;
		WRITE_ONCE(bytes[i], 0);
		bitmap[i / 8] |= 1 << i % 8;
	}
	vqnic_log_settle(vdev);
	if (vqnic_card_up(vdev->card))
		return 0;
	vqnic_log_mark(vdev, iova, pages);
	return -EIO;
}

/* Has the next read report these pages, which are logged. card->lock is held. */
void vqnic_log_mark(struct vqnic_vdev *vdev, u64 iova, u32 pages)
{
	memset(vdev->log.bytes + iova / SZ_4K, 1, pages);
}

/* The same with all pages, if there is a log. The card cannot write now. card->lock is held. */
void vqnic_log_mark_all(struct vqnic_vdev *vdev)
{
	if (vdev->log.bytes)
		vqnic_log_mark(vdev, vdev->log.iova, vdev->log.size / SZ_4K);
}
