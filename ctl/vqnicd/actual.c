// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "actual.h"

static int add_card(const struct vqnic_card *from, void *opaque)
{
	struct actual *a = opaque;
	struct actual_card *cards = realloc(a->cards, (a->card_count + 1) * sizeof(*cards)), *card;

	if (!cards)
		return -ENOMEM;
	a->cards = cards;
	card = &cards[a->card_count++];
	*card = (struct actual_card){
		.dead = from->dead,
		.vdevs = from->vdevs,
		.pairs = from->pairs,
		/* Data queues and the control queue. */
		.vdev_pairs = from->vdev_vqs / 2,
		.mtu_max = from->mtu_max,
		.features = from->virtio_features,
		.default_features = from->default_features,
		.macs_max = from->macs_max,
	};
	snprintf(card->address, sizeof(card->address), "%s", from->name);
	return 0;
}

static int add_dev(const struct vqnic_dev *from, void *opaque)
{
	struct actual *a = opaque;
	struct actual_dev *devs = realloc(a->devs, (a->dev_count + 1) * sizeof(*devs)), *dev;

	if (!devs)
		return -ENOMEM;
	a->devs = devs;
	dev = &devs[a->dev_count];
	*dev = (struct actual_dev){
		.name = strdup(from->name),
		.mtu = from->mtu,
		.pairs = from->pairs,
		.features = from->offered,
	};
	if (!dev->name)
		return -ENOMEM;
	a->dev_count++;
	snprintf(dev->card, sizeof(dev->card), "%s", from->card);
	memcpy(dev->mac, from->mac, sizeof(dev->mac));
	return 0;
}

/* Of a device that has come since the devices were read, nothing is kept. */
static int add_policy(const struct vqnic_filter *from, void *opaque)
{
	struct actual_dev *dev = (struct actual_dev *)actual_find_dev(opaque, from->dev);
	const struct vqnic_filter_part *part = from->policy;

	if (!dev || !part || part->unicast.count > VQNIC_POLICY_MACS)
		return 0;
	/* What the operator gave; what a driver shows in the configuration is the guest's. */
	memcpy(dev->mac, part->mac, sizeof(dev->mac));
	dev->policy.spoof_check = part->spoof_check;
	dev->policy.trust = part->trust;
	dev->policy.port_vlan = part->port_vlan;
	dev->policy.pcp = part->pcp;
	dev->policy.macs_max = part->macs_max;
	dev->policy.mac_count = (uint32_t)part->unicast.count;
	memcpy(dev->policy.macs, part->unicast.mac, part->unicast.count * VQNIC_MAC_BYTES);
	if (part->vlans)
		memcpy(dev->policy.vlans, part->vlans, sizeof(dev->policy.vlans));
	VQNIC_GIVE(&dev->policy, part->all_vlans ? VQNIC_FILTER_A_ALL_VLANS : VQNIC_FILTER_A_VLANS);
	return 0;
}

int actual_read(struct vqnic *vq, struct actual **actual)
{
	struct actual *a = calloc(1, sizeof(*a));
	int ret;

	*actual = NULL;
	if (!a)
		return -ENOMEM;
	ret = vqnic_cards(vq, NULL, add_card, a);
	if (!ret)
		ret = vqnic_devs(vq, NULL, NULL, add_dev, a);
	if (!ret)
		ret = vqnic_filters(vq, NULL, NULL, add_policy, a);
	if (ret == -ENOENT) {
		actual_free(a);
		a = calloc(1, sizeof(*a));
		if (!a)
			return -ENOMEM;
		a->missing = ret;
		ret = 0;
	}
	if (ret)
		actual_free(a);
	else
		*actual = a;
	return ret;
}

void actual_free(struct actual *actual)
{
	if (!actual)
		return;
	for (size_t i = 0; i < actual->dev_count; i++)
		free(actual->devs[i].name);
	free(actual->devs);
	free(actual->cards);
	free(actual);
}

const struct actual_card *actual_find_card(const struct actual *actual, const char *address)
{
	for (size_t i = 0; i < actual->card_count; i++)
		if (!strcmp(actual->cards[i].address, address))
			return &actual->cards[i];
	return NULL;
}

const struct actual_dev *actual_find_dev(const struct actual *actual, const char *name)
{
	for (size_t i = 0; i < actual->dev_count; i++)
		if (!strcmp(actual->devs[i].name, name))
			return &actual->devs[i];
	return NULL;
}
