// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupt vectors. A machine has few of them, some hundred for each CPU, and needs them for other
 * devices too: none is taken before somebody waits for its interrupt.
 *
 * A data queue has a vector of its own, which a guest can be given, as long as it runs and there
 * are some; the configuration and the control queue of a device have one together. Who comes too
 * late shares a vector with others: then each of them is called whenever one of them has something
 * to say. A vector that somebody got as his own is never shared later.
 */
#include <linux/bitmap.h>
#include <linux/cpumask.h>
#include <linux/interrupt.h>

#include "vqnic.h"

/* Own vectors that a card may have for each CPU: a third of those that x86 has. */
#define VQNIC_VECTORS_PER_CPU 64

void vqnic_irq_call(struct vqnic_irq *irq)
{
	unsigned long flags;

	spin_lock_irqsave(&irq->lock, flags);
	if (irq->cb.callback)
		irq->cb.callback(irq->cb.private);
	spin_unlock_irqrestore(&irq->lock, flags);
}

static irqreturn_t vqnic_interrupt(int nr, void *opaque)
{
	vqnic_irq_call(opaque);
	return IRQ_HANDLED;
}

/* Once this returns the callback from before is not running and runs no more. */
void vqnic_irq_set_cb(struct vqnic_irq *irq, const struct vdpa_callback *cb)
{
	spin_lock_irq(&irq->lock);
	irq->cb = *cb;
	spin_unlock_irq(&irq->lock);
}

/* A vector that is nobody's yet; a negative index if there is none. */
static struct msi_map vqnic_vector_alloc(struct vqnic_card *card)
{
	struct msi_map none = { .index = -ENOSPC };
	struct msi_map map;

	lockdep_assert_held(&card->vector_lock);
	if (card->vectors_own >= num_online_cpus() * VQNIC_VECTORS_PER_CPU)
		return none;
	if (card->vectors_fixed) {
		map.index = find_first_zero_bit(card->vectors_used, card->vectors_fixed);
		if (map.index >= card->vectors_fixed)
			return none;
		map.virq = pci_irq_vector(card->pdev, map.index);
		__set_bit(map.index, card->vectors_used);
	} else {
		map = pci_msix_alloc_irq_at(card->pdev, MSI_ANY_INDEX, NULL);
		if (map.index < 0)
			return none;
		/* The table may be longer than what the card can send. */
		if (map.index >= card->info.vectors) {
			pci_msix_free_irq(card->pdev, map);
			return none;
		}
		card->vectors++;
	}
	card->vectors_own++;
	return map;
}

static void vqnic_vector_free(struct vqnic_card *card, struct msi_map map)
{
	lockdep_assert_held(&card->vector_lock);
	if (card->vectors_fixed) {
		__clear_bit(map.index, card->vectors_used);
	} else {
		pci_msix_free_irq(card->pdev, map);
		card->vectors--;
	}
	card->vectors_own--;
}

static int vqnic_irq_request(struct vqnic_irq *irq, struct msi_map map)
{
	int err = request_irq(map.virq, vqnic_interrupt, IRQF_SHARED, irq->name, irq);

	if (err)
		return err;
	irq->vector = map.index;
	irq->irq = map.virq;
	return 0;
}

/*
 * Gives the interrupt, which has none, a vector: its own, or else one of VQNIC_VECTOR_*. Its name
 * stays as it is until vqnic_irq_put().
 */
int vqnic_irq_get(struct vqnic_card *card, struct vqnic_irq *irq, unsigned int shared)
{
	struct msi_map map;
	int err = -ENOSPC;

	mutex_lock(&card->vector_lock);
	map = vqnic_vector_alloc(card);
	if (map.index >= 0) {
		/* Only now the system looks for a CPU that has one left. */
		err = vqnic_irq_request(irq, map);
		if (err)
			vqnic_vector_free(card, map);
	}
	irq->own = !err;
	mutex_unlock(&card->vector_lock);
	return err ? vqnic_irq_request(irq, card->shared[shared]) : 0;
}

/* Gives the interrupt the vector of `with`, which keeps it for longer. */
int vqnic_irq_join(struct vqnic_irq *irq, const struct vqnic_irq *with)
{
	struct msi_map map = { .index = with->vector, .virq = with->irq };

	irq->own = false;
	return vqnic_irq_request(irq, map);
}

/* The card sends it no more. Once this returns it is not being handled either. */
void vqnic_irq_put(struct vqnic_card *card, struct vqnic_irq *irq)
{
	struct msi_map map = { .index = irq->vector, .virq = irq->irq };

	if (!irq->irq)
		return;
	free_irq(irq->irq, irq);
	if (irq->own) {
		mutex_lock(&card->vector_lock);
		vqnic_vector_free(card, map);
		mutex_unlock(&card->vector_lock);
	}
	irq->irq = 0;
	irq->own = false;
}

/* Gets the vectors that are shared. `events` is called with the card when it sends an event. */
int vqnic_irqs_open(struct vqnic_card *card, irq_handler_t events)
{
	struct pci_dev *pdev = card->pdev;
	unsigned int wanted = VQNIC_VECTORS_SHARED;
	bool one_by_one = pci_msix_can_alloc_dyn(pdev);
	unsigned int i;
	int got, err;

	if (!one_by_one)
		wanted += min(4 * num_online_cpus(), VQNIC_VECTORS_FIXED_MAX);
	got = pci_alloc_irq_vectors(pdev, 1, min(wanted, card->info.vectors), PCI_IRQ_MSIX);
	if (got < 0)
		return dev_err_probe(&pdev->dev, got, "cannot have MSI-X vectors\n");
	card->vectors = got;
	card->vectors_fixed = one_by_one ? 0 : got;
	for (i = 0; i < VQNIC_VECTORS_SHARED; i++) {
		card->shared[i].index = min_t(int, i, got - 1);
		card->shared[i].virq = pci_irq_vector(pdev, card->shared[i].index);
		__set_bit(card->shared[i].index, card->vectors_used);
	}
	err = request_irq(card->shared[VQNIC_VECTOR_CARD].virq, events, IRQF_SHARED, pci_name(pdev),
			  card);
	if (err) {
		pci_free_irq_vectors(pdev);
		return dev_err_probe(&pdev->dev, err, "cannot have the interrupt of card events\n");
	}
	return 0;
}

/* All others have put theirs. */
void vqnic_irqs_close(struct vqnic_card *card)
{
	free_irq(card->shared[VQNIC_VECTOR_CARD].virq, card);
	pci_free_irq_vectors(card->pdev);
}
