// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>

#include "out.h"
#include "show.h"

/* Bits of the card that nobody named yet. */
static const char *no_name(unsigned int bit)
{
	(void)bit;
	return NULL;
}

/* What the driver did not give is not printed. */
static void show_uint(struct out *o, bool given, const char *key, uint64_t value)
{
	if (given)
		out_uint(o, key, value);
}

static void show_link(struct out *o, bool given, bool up)
{
	if (given)
		out_string(o, "link", up ? "up" : "down");
}

static void show_bits(struct out *o, bool given, const char *key, uint64_t bits, const char *(*name)(unsigned int bit))
{
	if (!given)
		return;
	out_line(o);
	out_bits(o, key, bits, name);
}

int show_card(const struct vqnic_card *card, void *opaque)
{
	struct out *o = opaque;

	out_open_object(o, card->name);
	if (VQNIC_HAS(card, VQNIC_A_CARD_VERSION)) {
		char version[sizeof("65535.65535")];

		snprintf(version, sizeof(version), "%u.%u", card->version >> 16, card->version & 0xffff);
		out_string(o, "version", version);
	}
	out_string(o, "state", card->dead ? "dead" : "ok");
	show_link(o, VQNIC_HAS(card, VQNIC_A_CARD_LINK), card->link);
	show_uint(o, VQNIC_HAS(card, VQNIC_A_CARD_VDEVS), "vdevs", card->vdevs);
	show_uint(o, VQNIC_HAS(card, VQNIC_A_CARD_VDEVS_USED), "vdevs_used", card->vdevs_used);
	show_uint(o, VQNIC_HAS(card, VQNIC_A_CARD_VDEV_VQS), "vdev_vqs", card->vdev_vqs);
	show_uint(o, VQNIC_HAS(card, VQNIC_A_CARD_VQ_SIZE_MAX), "vq_size_max", card->vq_size_max);
	show_uint(o, VQNIC_HAS(card, VQNIC_A_CARD_MTU_MAX), "mtu_max", card->mtu_max);
	out_line(o);
	show_uint(o, VQNIC_HAS(card, VQNIC_A_CARD_SPACES), "spaces", card->spaces);
	show_uint(o, VQNIC_HAS(card, VQNIC_A_CARD_SPACES_USED), "spaces_used", card->spaces_used);
	show_uint(o, VQNIC_HAS(card, VQNIC_A_CARD_VECTORS), "vectors", card->vectors);
	show_uint(o, VQNIC_HAS(card, VQNIC_A_CARD_DATA_BITS), "data_bits", card->data_bits);
	show_uint(o, VQNIC_HAS(card, VQNIC_A_CARD_CLOCK_HZ), "clock_hz", card->clock_hz);
	show_uint(o, VQNIC_HAS(card, VQNIC_A_CARD_CYCLES), "cycles", card->cycles);
	show_bits(o, VQNIC_HAS(card, VQNIC_A_CARD_FEATURES), "features", card->features, no_name);
	show_bits(o, VQNIC_HAS(card, VQNIC_A_CARD_VIRTIO_FEATURES), "virtio_features", card->virtio_features,
		  vqnic_feature_name);
	if (card->refusal) {
		out_line(o);
		out_string(o, "refusal", card->refusal);
	}
	out_close(o);
	return 0;
}

static void show_queue(struct out *o, const struct vqnic_queue *queue)
{
	out_open_item(o, "queue", "index", queue->index);
	show_uint(o, VQNIC_HAS(queue, VQNIC_A_QUEUE_SIZE), "size", queue->size);
	if (VQNIC_HAS(queue, VQNIC_A_QUEUE_READY))
		out_bool(o, "ready", queue->ready);
	show_uint(o, VQNIC_HAS(queue, VQNIC_A_QUEUE_AVAIL), "avail", queue->avail);
	show_uint(o, VQNIC_HAS(queue, VQNIC_A_QUEUE_USED), "used", queue->used);
	show_uint(o, VQNIC_HAS(queue, VQNIC_A_QUEUE_IRQ), "irq", queue->irq);
	if (queue->fault) {
		out_string(o, "fault", queue->fault_name ? queue->fault_name : "unknown");
		out_uint(o, "fault_code", queue->fault);
		if (VQNIC_HAS(queue, VQNIC_A_QUEUE_FAULT_INFO))
			out_hex(o, "fault_info", queue->fault_info);
	}
	out_close(o);
}

static void show_as(struct out *o, const struct vqnic_as *as)
{
	out_open_item(o, "space", "asid", as->asid);
	show_uint(o, VQNIC_HAS(as, VQNIC_A_AS_INDEX), "index", as->index);
	show_uint(o, VQNIC_HAS(as, VQNIC_A_AS_MAPS), "maps", as->maps);
	show_uint(o, VQNIC_HAS(as, VQNIC_A_AS_BYTES), "bytes", as->bytes);
	show_uint(o, VQNIC_HAS(as, VQNIC_A_AS_LEAVES_1G), "leaves_1g", as->leaves_1g);
	show_uint(o, VQNIC_HAS(as, VQNIC_A_AS_LEAVES_2M), "leaves_2m", as->leaves_2m);
	show_uint(o, VQNIC_HAS(as, VQNIC_A_AS_LEAVES_4K), "leaves_4k", as->leaves_4k);
	show_uint(o, VQNIC_HAS(as, VQNIC_A_AS_TABLES), "tables", as->tables);
	out_close(o);
}

int show_dev(const struct vqnic_dev *dev, void *opaque)
{
	struct out *o = opaque;

	out_open_object(o, dev->name);
	out_string(o, "card", dev->card);
	show_uint(o, VQNIC_HAS(dev, VQNIC_A_DEV_INDEX), "index", dev->index);
	if (VQNIC_HAS(dev, VQNIC_A_DEV_MAC)) {
		char mac[sizeof("00:00:00:00:00:00")];

		snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", dev->mac[0], dev->mac[1], dev->mac[2],
			 dev->mac[3], dev->mac[4], dev->mac[5]);
		out_string(o, "mac", mac);
	}
	show_link(o, VQNIC_HAS(dev, VQNIC_A_DEV_LINK), dev->link);
	show_uint(o, VQNIC_HAS(dev, VQNIC_A_DEV_MTU), "mtu", dev->mtu);
	show_uint(o, VQNIC_HAS(dev, VQNIC_A_DEV_AS_DATA), "as_data", dev->as_data);
	show_bits(o, VQNIC_HAS(dev, VQNIC_A_DEV_STATUS), "status", dev->status, vqnic_status_name);
	show_bits(o, VQNIC_HAS(dev, VQNIC_A_DEV_OFFERED), "offered", dev->offered, vqnic_feature_name);
	show_bits(o, VQNIC_HAS(dev, VQNIC_A_DEV_ACCEPTED), "accepted", dev->accepted, vqnic_feature_name);
	out_open_array(o, "queues");
	for (size_t i = 0; i < dev->queue_count; i++)
		show_queue(o, &dev->queues[i]);
	out_close(o);
	if (dev->space_count) {
		out_open_array(o, "spaces");
		for (size_t i = 0; i < dev->space_count; i++)
			show_as(o, &dev->spaces[i]);
		out_close(o);
	}
	out_close(o);
	return 0;
}

int show_stats(const struct vqnic_stats *stats, void *opaque)
{
	struct out *o = opaque;

	out_open_object(o, stats->dev ? stats->dev : stats->card);
	if (stats->dev)
		out_string(o, "card", stats->card);
	for (size_t i = 0; i < stats->stat_count; i++) {
		out_line(o);
		out_uint(o, stats->stats[i].name, stats->stats[i].value);
	}
	out_close(o);
	return 0;
}
