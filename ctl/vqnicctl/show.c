// SPDX-License-Identifier: Apache-2.0
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <linux/virtio_net.h>

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
		out_colored(o, "link", up ? OUT_GOOD : OUT_BAD, up ? "up" : "down");
}

static void show_bits(struct out *o, bool given, const char *key, uint64_t bits, const char *(*name)(unsigned int bit))
{
	if (!given)
		return;
	out_line(o);
	out_bits(o, key, bits, name);
}

#define MAC_CHARS sizeof("00:00:00:00:00:00")

static const char *mac_text(const uint8_t *mac, char text[static MAC_CHARS])
{
	snprintf(text, MAC_CHARS, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
	return text;
}

static void show_mac(struct out *o, bool given, const uint8_t *mac)
{
	char text[MAC_CHARS];

	if (given)
		out_colored(o, "mac", OUT_MAC, mac_text(mac, text));
}

static void show_bool(struct out *o, bool given, const char *key, bool value)
{
	if (given)
		out_bool(o, key, value);
}

/* What to give to "vdpa dev add ... device_features", and what in it keeps QEMU from migrating a guest. */
static void show_profile(struct out *o, const struct vqnic_card *card)
{
	if (VQNIC_HAS(card, VQNIC_A_CARD_DEFAULT_FEATURES)) {
		out_line(o);
		out_hex(o, "default_mask", card->default_features);
	}
	if (!VQNIC_HAS(card, VQNIC_A_CARD_MIGRATABLE_FEATURES))
		return;
	out_hex(o, "migratable_mask", card->migratable_features);
	show_bits(o, VQNIC_HAS(card, VQNIC_A_CARD_VIRTIO_FEATURES), "blocks_migration",
		  card->virtio_features & ~card->migratable_features, vqnic_feature_name);
}

static void put_stats(struct out *o, const struct vqnic_stats *stats)
{
	for (size_t i = 0; i < stats->stat_count; i++) {
		out_line(o);
		out_uint(o, stats->stats[i].name, stats->stats[i].value);
	}
}

static int show_own_stats(const struct vqnic_stats *stats, void *opaque)
{
	struct out *o = opaque;

	out_open_object(o, "stats");
	put_stats(o, stats);
	out_close(o);
	return 0;
}

/* The counters of a card come with those of its devices, which are not wanted with it. */
static int show_card_stats(const struct vqnic_stats *stats, void *opaque)
{
	return stats->dev ? 0 : show_own_stats(stats, opaque);
}

/* The counters of a card, or of its device `dev`, if they are wanted. What died or went meanwhile has none. */
static int add_stats(const struct show *show, const char *card, const char *dev)
{
	int ret;

	if (!show->stats)
		return 0;
	ret = vqnic_stats(show->stats, card, dev, dev ? show_own_stats : show_card_stats, show->out);
	return ret == -EIO || ret == -ENODEV ? 0 : ret;
}

int show_card(const struct vqnic_card *card, void *opaque)
{
	struct out *o = ((const struct show *)opaque)->out;
	int ret;

	out_open_object(o, card->name);
	if (VQNIC_HAS(card, VQNIC_A_CARD_VERSION)) {
		char version[sizeof("65535.65535")];

		snprintf(version, sizeof(version), "%u.%u", card->version >> 16, card->version & 0xffff);
		out_string(o, "version", version);
	}
	out_colored(o, "state", card->dead ? OUT_BAD : OUT_GOOD, card->dead ? "dead" : "ok");
	show_link(o, VQNIC_HAS(card, VQNIC_A_CARD_LINK), card->link);
	show_uint(o, VQNIC_HAS(card, VQNIC_A_CARD_VDEVS), "vdevs", card->vdevs);
	show_uint(o, VQNIC_HAS(card, VQNIC_A_CARD_VDEVS_USED), "vdevs_used", card->vdevs_used);
	show_uint(o, VQNIC_HAS(card, VQNIC_A_CARD_VDEV_VQS), "vdev_vqs", card->vdev_vqs);
	show_uint(o, VQNIC_HAS(card, VQNIC_A_CARD_VQ_SIZE_MAX), "vq_size_max", card->vq_size_max);
	show_uint(o, VQNIC_HAS(card, VQNIC_A_CARD_MTU_MAX), "mtu_max", card->mtu_max);
	show_uint(o, VQNIC_HAS(card, VQNIC_A_CARD_MACS_MAX), "macs_max", card->macs_max);
	out_line(o);
	show_uint(o, VQNIC_HAS(card, VQNIC_A_CARD_PAIRS), "pairs", card->pairs);
	show_uint(o, VQNIC_HAS(card, VQNIC_A_CARD_PAIRS_USED), "pairs_used", card->pairs_used);
	show_uint(o, VQNIC_HAS(card, VQNIC_A_CARD_SPACES), "spaces", card->spaces);
	show_uint(o, VQNIC_HAS(card, VQNIC_A_CARD_SPACES_USED), "spaces_used", card->spaces_used);
	show_uint(o, VQNIC_HAS(card, VQNIC_A_CARD_VECTORS), "vectors", card->vectors);
	show_uint(o, VQNIC_HAS(card, VQNIC_A_CARD_DATA_BITS), "data_bits", card->data_bits);
	show_uint(o, VQNIC_HAS(card, VQNIC_A_CARD_CLOCK_HZ), "clock_hz", card->clock_hz);
	show_uint(o, VQNIC_HAS(card, VQNIC_A_CARD_CYCLES), "cycles", card->cycles);
	show_bits(o, VQNIC_HAS(card, VQNIC_A_CARD_FEATURES), "features", card->features, no_name);
	show_bits(o, VQNIC_HAS(card, VQNIC_A_CARD_VIRTIO_FEATURES), "virtio_features", card->virtio_features,
		  vqnic_feature_name);
	show_profile(o, card);
	if (card->refusal) {
		out_line(o);
		out_string(o, "refusal", card->refusal);
	}
	ret = add_stats(opaque, card->name, NULL);
	out_close(o);
	return ret;
}

static void show_fault(struct out *o, const struct vqnic_queue *queue)
{
	if (!queue->fault)
		return;
	out_colored(o, "fault", OUT_BAD, queue->fault_name ? queue->fault_name : "unknown");
	out_uint(o, "fault_code", queue->fault);
	if (VQNIC_HAS(queue, VQNIC_A_QUEUE_FAULT_INFO))
		out_hex(o, "fault_info", queue->fault_info);
}

static void show_queue(struct out *o, const struct vqnic_queue *queue)
{
	out_open_item(o, "queue", "index", queue->index);
	show_uint(o, VQNIC_HAS(queue, VQNIC_A_QUEUE_SIZE), "size", queue->size);
	show_bool(o, VQNIC_HAS(queue, VQNIC_A_QUEUE_READY), "ready", queue->ready);
	show_uint(o, VQNIC_HAS(queue, VQNIC_A_QUEUE_AVAIL), "avail", queue->avail);
	show_uint(o, VQNIC_HAS(queue, VQNIC_A_QUEUE_USED), "used", queue->used);
	show_uint(o, VQNIC_HAS(queue, VQNIC_A_QUEUE_IRQ), "irq", queue->irq);
	show_fault(o, queue);
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
	struct out *o = ((const struct show *)opaque)->out;
	int ret;

	out_open_object(o, dev->name);
	out_colored(o, "card", OUT_NAME, dev->card);
	if (VQNIC_HAS(dev, VQNIC_A_DEV_STATE) && vqnic_state_name(dev->state))
		out_string(o, "state", vqnic_state_name(dev->state));
	show_uint(o, VQNIC_HAS(dev, VQNIC_A_DEV_INDEX), "index", dev->index);
	show_mac(o, VQNIC_HAS(dev, VQNIC_A_DEV_MAC), dev->mac);
	show_link(o, VQNIC_HAS(dev, VQNIC_A_DEV_LINK), dev->link);
	show_uint(o, VQNIC_HAS(dev, VQNIC_A_DEV_MTU), "mtu", dev->mtu);
	show_uint(o, VQNIC_HAS(dev, VQNIC_A_DEV_AS_DATA), "as_data", dev->as_data);
	show_uint(o, VQNIC_HAS(dev, VQNIC_A_DEV_AS_CTRL), "as_ctrl", dev->as_ctrl);
	show_uint(o, VQNIC_HAS(dev, VQNIC_A_DEV_PAIRS), "pairs", dev->pairs);
	show_uint(o, VQNIC_HAS(dev, VQNIC_A_DEV_PAIRS_USED), "pairs_used", dev->pairs_used);
	show_uint(o, VQNIC_HAS(dev, VQNIC_A_DEV_COMMANDS), "commands", dev->commands);
	show_uint(o, VQNIC_HAS(dev, VQNIC_A_DEV_COMMANDS_REFUSED), "commands_refused", dev->commands_refused);
	show_bits(o, VQNIC_HAS(dev, VQNIC_A_DEV_STATUS), "status", dev->status, vqnic_status_name);
	show_bits(o, VQNIC_HAS(dev, VQNIC_A_DEV_OFFERED), "offered", dev->offered, vqnic_feature_name);
	show_bits(o, VQNIC_HAS(dev, VQNIC_A_DEV_ACCEPTED), "accepted", dev->accepted, vqnic_feature_name);
	show_bits(o, VQNIC_HAS(dev, VQNIC_A_DEV_OFFLOADS), "offloads", dev->offloads, vqnic_feature_name);
	if (VQNIC_HAS(dev, VQNIC_A_LOG_IOVA) && VQNIC_HAS(dev, VQNIC_A_LOG_SIZE)) {
		out_line(o);
		out_hex(o, "log_iova", dev->log_iova);
		out_uint(o, "log_size", dev->log_size);
	}
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
	ret = add_stats(opaque, dev->card, dev->name);
	out_close(o);
	return ret;
}

static void show_queue_use(struct out *o, const struct vqnic_queue *queue)
{
	out_open_item(o, "queue", "index", queue->index);
	show_uint(o, VQNIC_HAS(queue, VQNIC_A_QUEUE_NUMBER), "number", queue->number);
	show_bool(o, VQNIC_HAS(queue, VQNIC_A_QUEUE_READY), "ready", queue->ready);
	show_uint(o, VQNIC_HAS(queue, VQNIC_A_QUEUE_IRQ), "irq", queue->irq);
	if (VQNIC_HAS(queue, VQNIC_A_QUEUE_SHARED))
		out_string(o, "vector", queue->shared ? "shared" : "own");
	show_uint(o, VQNIC_HAS(queue, VQNIC_A_QUEUE_FRAMES), "frames", queue->frames);
	show_uint(o, VQNIC_HAS(queue, VQNIC_A_QUEUE_BYTES), "bytes", queue->bytes);
	show_uint(o, VQNIC_HAS(queue, VQNIC_A_QUEUE_DROPS), "drops", queue->drops);
	show_fault(o, queue);
	out_close(o);
}

int show_queues(const struct vqnic_dev *dev, void *opaque)
{
	struct out *o = ((const struct show *)opaque)->out;

	out_open_object(o, dev->name);
	out_colored(o, "card", OUT_NAME, dev->card);
	show_uint(o, VQNIC_HAS(dev, VQNIC_A_DEV_PAIRS_USED), "pairs_used", dev->pairs_used);
	out_open_array(o, "queues");
	for (size_t i = 0; i < dev->queue_count; i++)
		show_queue_use(o, &dev->queues[i]);
	out_close(o);
	out_close(o);
	return 0;
}

static void show_mac_list(struct out *o, bool given, const char *key, const struct vqnic_macs *macs)
{
	char text[MAC_CHARS];

	if (!given)
		return;
	out_line(o);
	out_open_list(o, key);
	for (size_t i = 0; i < macs->count; i++)
		out_item(o, OUT_MAC, mac_text(macs->mac[i], text));
	out_close_list(o);
}

/* What `part` says of addresses. */
static void show_addresses(struct out *o, const struct vqnic_filter_part *part)
{
	show_mac(o, VQNIC_HAS(part, VQNIC_FILTER_A_MAC), part->mac);
	show_uint(o, VQNIC_HAS(part, VQNIC_FILTER_A_MACS_MAX), "macs_max", part->macs_max);
	show_bool(o, VQNIC_HAS(part, VQNIC_FILTER_A_SPOOF_CHECK), "spoofchk", part->spoof_check);
	show_bool(o, VQNIC_HAS(part, VQNIC_FILTER_A_TRUST), "trust", part->trust);
	if (VQNIC_HAS(part, VQNIC_FILTER_A_RX_MODE))
		out_bits(o, "rx_mode", part->rx_mode, vqnic_rx_mode_name);
	show_mac_list(o, VQNIC_HAS(part, VQNIC_FILTER_A_UNICAST), "unicast", &part->unicast);
	show_mac_list(o, VQNIC_HAS(part, VQNIC_FILTER_A_MULTICAST), "multicast", &part->multicast);
}

static void show_part_macs(struct out *o, const char *name, const struct vqnic_filter_part *part)
{
	if (!part)
		return;
	out_open_object(o, name);
	show_addresses(o, part);
	out_close(o);
}

int show_macs(const struct vqnic_filter *filter, void *opaque)
{
	struct out *o = ((const struct show *)opaque)->out;

	out_open_object(o, filter->dev);
	out_colored(o, "card", OUT_NAME, filter->card);
	show_part_macs(o, "guest", filter->guest);
	show_part_macs(o, "policy", filter->policy);
	show_part_macs(o, "in_force", filter->in_force);
	out_close(o);
	return 0;
}

/* A set of VLANs as ranges; `vlans` NULL: all, or not given. */
static void show_vlan_list(struct out *o, const char *key, bool all, const uint8_t *vlans)
{
	if (!all && !vlans)
		return;
	out_open_list(o, key);
	if (all)
		out_item(o, OUT_PLAIN, "all");
	for (unsigned int first = 0, last; vlans && first < VQNIC_VLANS_BYTES * 8; first = last + 1) {
		char text[sizeof("4095-4095")];

		last = first;
		if (!VQNIC_VLANS_HAS(vlans, first))
			continue;
		while (last + 1 < VQNIC_VLANS_BYTES * 8 && VQNIC_VLANS_HAS(vlans, last + 1))
			last++;
		snprintf(text, sizeof(text), first == last ? "%u" : "%u-%u", first & 0xfff, last & 0xfff);
		out_item(o, OUT_PLAIN, text);
	}
	out_close_list(o);
}

static void show_port_vlan(struct out *o, const struct vqnic_filter_part *part)
{
	show_uint(o, VQNIC_HAS(part, VQNIC_FILTER_A_PORT_VLAN), "port_vlan", part->port_vlan);
	show_uint(o, VQNIC_HAS(part, VQNIC_FILTER_A_PCP), "pcp", part->pcp);
}

/* What `part` (NULL: nothing) says of VLANs. */
static void show_part_vlans(struct out *o, const char *name, const struct vqnic_filter_part *part)
{
	if (!part)
		return;
	out_open_object(o, name);
	show_port_vlan(o, part);
	show_vlan_list(o, "vlans", part->all_vlans, part->vlans);
	show_vlan_list(o, "tx_vlans", part->all_tx_vlans, part->tx_vlans);
	out_close(o);
}

int show_vlans(const struct vqnic_filter *filter, void *opaque)
{
	struct out *o = ((const struct show *)opaque)->out;

	out_open_object(o, filter->dev);
	out_colored(o, "card", OUT_NAME, filter->card);
	show_part_vlans(o, "guest", filter->guest);
	show_part_vlans(o, "policy", filter->policy);
	show_part_vlans(o, "in_force", filter->in_force);
	out_close(o);
	return 0;
}

int show_policy(const struct vqnic_filter *filter, void *opaque)
{
	const struct vqnic_filter_part *policy = filter->policy;
	struct out *o = ((const struct show *)opaque)->out;

	out_open_object(o, filter->dev);
	out_colored(o, "card", OUT_NAME, filter->card);
	if (policy) {
		show_mac(o, VQNIC_HAS(policy, VQNIC_FILTER_A_MAC), policy->mac);
		show_bool(o, VQNIC_HAS(policy, VQNIC_FILTER_A_SPOOF_CHECK), "spoofchk", policy->spoof_check);
		show_bool(o, VQNIC_HAS(policy, VQNIC_FILTER_A_TRUST), "trust", policy->trust);
		show_port_vlan(o, policy);
		show_vlan_list(o, "vlans", policy->all_vlans, policy->vlans);
		show_uint(o, VQNIC_HAS(policy, VQNIC_FILTER_A_MACS_MAX), "macs_max", policy->macs_max);
		show_mac_list(o, VQNIC_HAS(policy, VQNIC_FILTER_A_UNICAST), "macs", &policy->unicast);
	}
	out_close(o);
	return 0;
}

/* ---- the state of a device ---- */

static uint64_t number(const uint8_t *bytes, unsigned int count)
{
	uint64_t value = 0;

	memcpy(&value, bytes, count);
	return le64toh(value);
}

/* Takes a table of addresses as in MAC_TABLE_SET off the front. Its form has been checked. */
static const uint8_t *take_macs(const uint8_t *at, struct vqnic_macs *macs)
{
	macs->count = number(at, 4);
	macs->mac = (const uint8_t (*)[VQNIC_MAC_BYTES])(const void *)(at + 4);
	return at + 4 + macs->count * VQNIC_MAC_BYTES;
}

/* What the guest has said by its control queue. */
struct guest_state {
	struct vqnic_filter_part filter;
	bool has_pairs, has_offloads;
	uint64_t pairs_used, offloads;
};

static void take_command(const struct vqnic_part *part, struct guest_state *guest)
{
	struct vqnic_filter_part *filter = &guest->filter;

	switch (part->command_class << 8 | part->command) {
	case VIRTIO_NET_CTRL_MAC << 8 | VIRTIO_NET_CTRL_MAC_TABLE_SET:
		take_macs(take_macs(part->value, &filter->unicast), &filter->multicast);
		VQNIC_GIVE(filter, VQNIC_FILTER_A_UNICAST);
		VQNIC_GIVE(filter, VQNIC_FILTER_A_MULTICAST);
		break;
	case VIRTIO_NET_CTRL_MAC << 8 | VIRTIO_NET_CTRL_MAC_ADDR_SET:
		memcpy(filter->mac, part->value, sizeof(filter->mac));
		VQNIC_GIVE(filter, VQNIC_FILTER_A_MAC);
		break;
	case VIRTIO_NET_CTRL_VLAN << 8 | VIRTIO_NET_CTRL_VLAN_ADD:
		filter->vlans = part->value;
		break;
	case VIRTIO_NET_CTRL_MQ << 8 | VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET:
		guest->has_pairs = true;
		guest->pairs_used = number(part->value, 2);
		break;
	case VIRTIO_NET_CTRL_GUEST_OFFLOADS << 8 | VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET:
		guest->has_offloads = true;
		guest->offloads = number(part->value, 8);
		break;
	default:
		if (part->command_class != VIRTIO_NET_CTRL_RX || part->command > VIRTIO_NET_CTRL_RX_NOBCAST)
			break;
		filter->rx_mode |= (uint32_t)part->value[0] << part->command;
		VQNIC_GIVE(filter, VQNIC_FILTER_A_RX_MODE);
	}
}

/* A queue: how it is configured, and how far it is. */
static void show_state_queue(struct out *o, const struct vqnic_part *part, const struct vqnic_position *position)
{
	out_open_item(o, "queue", "index", part->queue);
	out_uint(o, "size", number(part->value, 2));
	out_uint(o, "avail", position->avail);
	out_uint(o, "used", position->used);
	out_hex(o, "desc", number(part->value + 8, 8));
	out_hex(o, "driver", number(part->value + 16, 8));
	out_hex(o, "device", number(part->value + 24, 8));
	out_close(o);
}

static void show_state_queues(struct out *o, const struct vqnic_state *state)
{
	const struct vqnic_position *position = state->queues;
	const uint8_t *parts = state->parts;
	size_t len = state->parts_len;
	struct vqnic_part part;

	out_open_array(o, "queues");
	/* Both are in the order of queues, and of the same queues. */
	while (vqnic_next_part(&parts, &len, &part))
		if (part.type == VQNIC_PART_VQ_CFG)
			show_state_queue(o, &part, position++);
	out_close(o);
}

static void show_state_policy(struct out *o, const struct vqnic_policy *policy)
{
	const struct vqnic_macs macs = { policy->mac_count, policy->macs };
	const bool all = VQNIC_HAS(policy, VQNIC_FILTER_A_ALL_VLANS);

	out_open_object(o, "policy");
	out_bool(o, "spoofchk", policy->spoof_check);
	out_bool(o, "trust", policy->trust);
	out_uint(o, "port_vlan", policy->port_vlan);
	if (policy->port_vlan)
		out_uint(o, "pcp", policy->pcp);
	show_vlan_list(o, "vlans", all, all ? NULL : policy->vlans);
	out_uint(o, "macs_max", policy->macs_max);
	show_mac_list(o, true, "macs", &macs);
	out_close(o);
}

void show_state(const struct vqnic_state *state, struct show *show)
{
	struct guest_state guest = { 0 };
	const uint8_t *parts = state->parts;
	size_t len = state->parts_len;
	struct out *o = show->out;
	struct vqnic_part part;

	out_line(o);
	show_mac(o, true, state->mac);
	out_uint(o, "mtu", state->mtu);
	out_uint(o, "pairs", state->pairs);
	while (vqnic_next_part(&parts, &len, &part)) {
		if (part.type == VQNIC_PART_DEV_FEATURES)
			show_bits(o, true, "offered", number(part.value, 8), vqnic_feature_name);
		else if (part.type == VQNIC_PART_DRV_FEATURES)
			show_bits(o, true, "accepted", number(part.value, 8), vqnic_feature_name);
		else if (part.type == VQNIC_PART_DEVICE_STATUS)
			show_bits(o, true, "status", part.value[0], vqnic_status_name);
		else if (part.type == VQNIC_PART_CVQ_CFG)
			take_command(&part, &guest);
	}
	show_state_queues(o, state);
	out_open_object(o, "guest");
	show_addresses(o, &guest.filter);
	out_line(o);
	show_vlan_list(o, "vlans", false, guest.filter.vlans);
	show_uint(o, guest.has_pairs, "pairs_used", guest.pairs_used);
	if (guest.has_offloads)
		out_bits(o, "offloads", guest.offloads, vqnic_feature_name);
	out_close(o);
	show_state_policy(o, &state->policy);
}

int show_stats(const struct vqnic_stats *stats, void *opaque)
{
	struct out *o = ((const struct show *)opaque)->out;

	out_open_object(o, stats->dev ? stats->dev : stats->card);
	if (stats->dev)
		out_colored(o, "card", OUT_NAME, stats->card);
	put_stats(o, stats);
	out_close(o);
	return 0;
}

int show_event(const struct vqnic_event *event, void *opaque)
{
	const char *name = vqnic_event_name(event->what);
	struct out *o = ((const struct show *)opaque)->out;

	if (name)
		out_string(o, "event", name);
	else
		out_uint(o, "event", event->what);
	out_colored(o, "card", OUT_NAME, event->card);
	if (event->dev)
		out_colored(o, "dev", OUT_NAME, event->dev);
	show_uint(o, VQNIC_HAS(event, VQNIC_A_DEV_INDEX), "index", event->index);
	show_link(o, VQNIC_HAS(event, VQNIC_A_CARD_LINK), event->link);
	if (event->queue_count) {
		const struct vqnic_queue *queue = &event->queues[0];

		out_uint(o, "queue", queue->index);
		out_colored(o, "fault", OUT_BAD, queue->fault_name ? queue->fault_name : "UNKNOWN");
		show_uint(o, VQNIC_HAS(queue, VQNIC_A_QUEUE_FAULT), "fault_code", queue->fault);
		if (VQNIC_HAS(queue, VQNIC_A_QUEUE_FAULT_INFO))
			out_hex(o, "fault_info", queue->fault_info);
	}
	if (VQNIC_HAS(event, VQNIC_A_LOG_IOVA))
		out_hex(o, "log_iova", event->log_iova);
	show_uint(o, VQNIC_HAS(event, VQNIC_A_LOG_SIZE), "log_size", event->log_size);
	return 0;
}
