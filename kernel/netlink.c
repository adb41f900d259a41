// SPDX-License-Identifier: GPL-2.0-only
/*
 * Generic netlink family "vqnic", include/uapi/linux/vqnic.h: cards, vDPA devices, filters and
 * counters as they are now, the operator's policy, and dirty logs.
 *
 * Cards are listed by ascending id, so that a dump that goes on in a next message finds its place
 * again whatever was added or removed meanwhile. vqnic_cards_lock keeps a card from being removed
 * while it is looked at.
 */
#include <linux/if_vlan.h>
#include <linux/notifier.h>
#include <linux/sizes.h>
#include <net/genetlink.h>

#include "vqnic.h"

/* A message has room for a device of all queues that one can have, and for its filters. */
#define VQNIC_MESSAGE_SIZE SZ_16K
/* One that a read of a log answers with, for its bitmap besides. */
#define VQNIC_LOG_MESSAGE_SIZE (VQNIC_LOG_READ_MAX / SZ_4K / 8 + SZ_1K)

static DEFINE_MUTEX(vqnic_cards_lock);
static LIST_HEAD(vqnic_cards);
static u32 vqnic_next_id;
static struct vqnic_filter_show vqnic_filter_shown;	/* vqnic_cards_lock; scratch */
static struct vqnic_parts vqnic_parts;			/* vqnic_cards_lock; scratch */

static_assert(VQNIC_RX_PROMISC == VQNIC_VDEV_RX_MODE_PROMISC);
static_assert(VQNIC_RX_ALLMULTI == VQNIC_VDEV_RX_MODE_ALLMULTI);
static_assert(VQNIC_RX_ALLUNI == VQNIC_VDEV_RX_MODE_ALLUNI);
static_assert(VQNIC_RX_NOMULTI == VQNIC_VDEV_RX_MODE_NOMULTI);
static_assert(VQNIC_RX_NOUNI == VQNIC_VDEV_RX_MODE_NOUNI);
static_assert(VQNIC_RX_NOBCAST == VQNIC_VDEV_RX_MODE_NOBCAST);
static_assert(VQNIC_VLANS_BYTES * 8 == VQNIC_VLANS);

static struct genl_family vqnic_genl;

static const struct vqnic_fault_text vqnic_fault_texts[] = {
#define VQNIC_FAULT_TEXT(name, value, doc) { value, #name, doc },
	VQNIC_FAULTS(VQNIC_FAULT_TEXT)
};

struct vqnic_counter {
	const char *name;
	u16 reg;
};

#define VQNIC_COUNTER(reg, name) { #name, VQNIC_REG_##reg },

static const struct vqnic_counter vqnic_card_counters[] = {
	VQNIC_CARD_COUNTERS(VQNIC_COUNTER)
};

static const struct vqnic_counter vqnic_vdev_counters[] = {
	VQNIC_VDEV_COUNTERS(VQNIC_COUNTER)
};

/* What a VQNIC_FAULT_* is called and means. A card of a later minor version may have more of them.
 */
const struct vqnic_fault_text *vqnic_fault_text(u8 code)
{
	static const struct vqnic_fault_text unknown = {
		.name = "UNKNOWN",
		.meaning = "a fault that this driver does not know",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(vqnic_fault_texts); i++)
		if (vqnic_fault_texts[i].code == code)
			return &vqnic_fault_texts[i];
	return &unknown;
}

static int vqnic_put_u64(struct sk_buff *msg, int type, u64 value)
{
	return nla_put_u64_64bit(msg, type, value, VQNIC_A_PAD);
}

static int vqnic_put_card_name(struct sk_buff *msg, const struct vqnic_card *card)
{
	return nla_put_string(msg, VQNIC_A_CARD, pci_name(card->pdev));
}

/*
 * The fill functions put one message's attributes and return 0, -EMSGSIZE, or another error that a
 * do passes on and a dump skips. card->lock is held.
 */

static int vqnic_put_live_card(struct sk_buff *msg, bool link, u64 cycles)
{
	if (nla_put_u8(msg, VQNIC_A_CARD_LINK, link) ||
	    vqnic_put_u64(msg, VQNIC_A_CARD_CYCLES, cycles))
		return -EMSGSIZE;
	return 0;
}

static int vqnic_fill_card(struct sk_buff *msg, struct vqnic_card *card, struct vqnic_vdev *unused)
{
	const struct vqnic_info *info = &card->info;
	u32 used = 0;
	unsigned int i;

	for (i = 0; i < info->vdevs; i++)
		used += card->vdevs[i].used;

	if (vqnic_put_card_name(msg, card) ||
	    nla_put_u32(msg, VQNIC_A_CARD_VERSION, info->version) ||
	    vqnic_put_u64(msg, VQNIC_A_CARD_FEATURES, info->features) ||
	    nla_put_u32(msg, VQNIC_A_CARD_CLOCK_HZ, info->clock_hz) ||
	    nla_put_u32(msg, VQNIC_A_CARD_DATA_BITS, info->data_bits) ||
	    nla_put_u32(msg, VQNIC_A_CARD_VECTORS, READ_ONCE(card->vectors)) ||
	    nla_put_u32(msg, VQNIC_A_CARD_VDEVS, info->vdevs) ||
	    nla_put_u32(msg, VQNIC_A_CARD_VDEVS_USED, used) ||
	    nla_put_u32(msg, VQNIC_A_CARD_VDEV_VQS, card->mgmtdev.max_supported_vqs) ||
	    nla_put_u32(msg, VQNIC_A_CARD_PAIRS, info->pairs) ||
	    nla_put_u32(msg, VQNIC_A_CARD_PAIRS_USED,
			bitmap_weight(card->pairs_used, info->pairs)) ||
	    vqnic_put_u64(msg, VQNIC_A_CARD_DEFAULT_FEATURES, card->default_features) ||
	    vqnic_put_u64(msg, VQNIC_A_CARD_MIGRATABLE_FEATURES, card->migratable_features) ||
	    nla_put_u32(msg, VQNIC_A_CARD_VQ_SIZE_MAX, info->vq_size_max) ||
	    nla_put_u32(msg, VQNIC_A_CARD_MTU_MAX, info->mtu_max) ||
	    nla_put_u32(msg, VQNIC_A_CARD_MACS_MAX, vqnic_filter_macs_max(card)) ||
	    vqnic_put_u64(msg, VQNIC_A_CARD_VIRTIO_FEATURES, card->mgmtdev.supported_features))
		return -EMSGSIZE;
	if (vqnic_has_iommu(card) &&
	    (nla_put_u32(msg, VQNIC_A_CARD_SPACES, info->spaces) ||
	     nla_put_u32(msg, VQNIC_A_CARD_SPACES_USED,
			 bitmap_weight(card->spaces_used, info->spaces))))
		return -EMSGSIZE;
	if (card->refusal[0] && nla_put_string(msg, VQNIC_A_CARD_REFUSAL, card->refusal))
		return -EMSGSIZE;

	vqnic_cmd_check_card(card);
	if (vqnic_card_up(card)) {
		bool link = vqnic_cmd_card_link(card);
		u64 cycles = vqnic_cmd_card_cycles(card);

		/* Reading may have shown that the card is gone. */
		if (vqnic_card_up(card))
			return vqnic_put_live_card(msg, link, cycles);
	}
	return nla_put_flag(msg, VQNIC_A_CARD_DEAD) ? -EMSGSIZE : 0;
}

static int vqnic_fill_queue(struct sk_buff *msg, struct vqnic_vdev *vdev, unsigned int index)
{
	const struct vqnic_vq *vq = &vdev->vqs[index];
	struct vqnic_vq_counters counters;
	struct vqnic_vq_state state;
	struct nlattr *nest;
	int err;

	err = vqnic_cmd_vq_state(vdev, index, &state);
	if (!err)
		err = vqnic_cmd_vq_counters(vdev, index, &counters);
	if (err)
		return err;
	nest = nla_nest_start(msg, VQNIC_A_QUEUE);
	if (!nest)
		return -EMSGSIZE;
	if (nla_put_u32(msg, VQNIC_A_QUEUE_INDEX, index) ||
	    nla_put_u32(msg, VQNIC_A_QUEUE_SIZE, vq->num) ||
	    nla_put_u8(msg, VQNIC_A_QUEUE_READY, vq->ready) ||
	    nla_put_u32(msg, VQNIC_A_QUEUE_AVAIL, state.avail) ||
	    nla_put_u32(msg, VQNIC_A_QUEUE_USED, state.used) ||
	    nla_put_u32(msg, VQNIC_A_QUEUE_NUMBER, vq->number) ||
	    (vq->irq.irq && (nla_put_u32(msg, VQNIC_A_QUEUE_IRQ, vq->irq.irq) ||
			     nla_put_u8(msg, VQNIC_A_QUEUE_SHARED, !vq->irq.own))) ||
	    vqnic_put_u64(msg, VQNIC_A_QUEUE_FRAMES, counters.frames) ||
	    vqnic_put_u64(msg, VQNIC_A_QUEUE_BYTES, counters.bytes) ||
	    vqnic_put_u64(msg, VQNIC_A_QUEUE_DROPS, counters.drops) ||
	    nla_put_u32(msg, VQNIC_A_QUEUE_FAULT, state.fault.code))
		return -EMSGSIZE;
	if (state.fault.code && (nla_put_string(msg, VQNIC_A_QUEUE_FAULT_NAME,
						vqnic_fault_text(state.fault.code)->name) ||
				 vqnic_put_u64(msg, VQNIC_A_QUEUE_FAULT_INFO, state.fault.info)))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

/* What the driver knows of the vdev's address space `asid`. vdev->lock is held. */
static int vqnic_fill_as(struct sk_buff *msg, struct vqnic_vdev *vdev, unsigned int asid)
{
	const struct vqnic_as *as = &vdev->spaces[asid];
	const struct vqnic_as_stats *stats = &as->shown;
	struct nlattr *nest = nla_nest_start(msg, VQNIC_A_AS);

	if (!nest || nla_put_u32(msg, VQNIC_A_AS_ASID, asid) ||
	    nla_put_u32(msg, VQNIC_A_AS_INDEX, as->index) ||
	    vqnic_put_u64(msg, VQNIC_A_AS_MAPS, stats->maps) ||
	    vqnic_put_u64(msg, VQNIC_A_AS_BYTES, stats->bytes) ||
	    vqnic_put_u64(msg, VQNIC_A_AS_LEAVES_1G, stats->leaves[VQNIC_LEVEL_1G]) ||
	    vqnic_put_u64(msg, VQNIC_A_AS_LEAVES_2M, stats->leaves[VQNIC_LEVEL_2M]) ||
	    vqnic_put_u64(msg, VQNIC_A_AS_LEAVES_4K, stats->leaves[VQNIC_LEVEL_4K]) ||
	    vqnic_put_u64(msg, VQNIC_A_AS_TABLES, stats->tables))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

/* What only a live card can tell. vdev->lock is held. */
static int vqnic_fill_live_dev(struct sk_buff *msg, struct vqnic_vdev *vdev)
{
	bool link = vqnic_vdev_link(vdev);
	u8 status = vqnic_vdev_status(vdev);
	u64 accepted = vqnic_cmd_get_features(vdev);
	unsigned int i;
	int err;

	if (!vqnic_card_up(vdev->card))
		return -EIO;
	if (nla_put_u8(msg, VQNIC_A_DEV_LINK, link) ||
	    nla_put_u8(msg, VQNIC_A_DEV_STATUS, status) ||
	    vqnic_put_u64(msg, VQNIC_A_DEV_ACCEPTED, accepted))
		return -EMSGSIZE;
	if (vqnic_has_iommu(vdev->card) &&
	    (nla_put_u32(msg, VQNIC_A_DEV_AS_DATA, vqnic_cmd_get_as(vdev, VQNIC_GROUP_DATA)) ||
	     nla_put_u32(msg, VQNIC_A_DEV_AS_CTRL, vqnic_cmd_get_as(vdev, VQNIC_GROUP_CTRL))))
		return -EMSGSIZE;
	for (i = 0; i < vdev->nvqs; i++) {
		err = vqnic_fill_queue(msg, vdev, i);
		if (err)
			return err;
	}
	return 0;
}

static int vqnic_put_log_range(struct sk_buff *msg, u64 iova, u64 size)
{
	if (vqnic_put_u64(msg, VQNIC_A_LOG_IOVA, iova) ||
	    vqnic_put_u64(msg, VQNIC_A_LOG_SIZE, size))
		return -EMSGSIZE;
	return 0;
}

static int vqnic_put_dev_name(struct sk_buff *msg, const struct vqnic_vdev *vdev)
{
	return nla_put_string(msg, VQNIC_A_DEV_NAME, dev_name(&vdev->shown->vdpa.dev));
}

static int vqnic_fill_dev(struct sk_buff *msg, struct vqnic_card *card, struct vqnic_vdev *vdev)
{
	const struct vqnic_offer *offer = &vdev->offer;
	unsigned int i;
	const void *live;
	int err = 0;

	if (vqnic_put_card_name(msg, card) ||
	    vqnic_put_dev_name(msg, vdev) ||
	    nla_put_u32(msg, VQNIC_A_DEV_INDEX, vdev->index) ||
	    nla_put(msg, VQNIC_A_DEV_MAC, sizeof(offer->mac), offer->mac) ||
	    nla_put_u32(msg, VQNIC_A_DEV_MTU, offer->mtu) ||
	    nla_put_u32(msg, VQNIC_A_DEV_PAIRS, offer->pairs) ||
	    vqnic_put_u64(msg, VQNIC_A_DEV_OFFERED, offer->features))
		return -EMSGSIZE;
	if (vdev->log.bytes && vqnic_put_log_range(msg, vdev->log.iova, vdev->log.size))
		return -EMSGSIZE;

	mutex_lock(&vdev->lock);
	if (nla_put_u32(msg, VQNIC_A_DEV_STATE, vqnic_vdev_state(vdev)) ||
	    nla_put_u32(msg, VQNIC_A_DEV_PAIRS_USED, vdev->cvq.pairs) ||
	    vqnic_put_u64(msg, VQNIC_A_DEV_OFFLOADS, vdev->cvq.offloads) ||
	    vqnic_put_u64(msg, VQNIC_A_DEV_COMMANDS, vdev->cvq.commands) ||
	    vqnic_put_u64(msg, VQNIC_A_DEV_COMMANDS_REFUSED, vdev->cvq.refused))
		err = -EMSGSIZE;
	for (i = 0; !err && i < vqnic_vdev_spaces(card); i++)
		err = vqnic_fill_as(msg, vdev, i);
	live = skb_tail_pointer(msg);
	if (!err)
		err = vqnic_fill_live_dev(msg, vdev);
	mutex_unlock(&vdev->lock);
	/* Of a dead card's device, all or nothing of it. */
	if (err == -EIO) {
		nlmsg_trim(msg, live);
		err = 0;
	}
	return err;
}

static int vqnic_put_stat(struct sk_buff *msg, const char *name, u64 value)
{
	struct nlattr *nest = nla_nest_start(msg, VQNIC_A_STAT);

	if (!nest || nla_put_string(msg, VQNIC_A_STAT_NAME, name) ||
	    vqnic_put_u64(msg, VQNIC_A_STAT_VALUE, value))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

/* Without a vdev the card's own. */
static int vqnic_fill_stats(struct sk_buff *msg, struct vqnic_card *card, struct vqnic_vdev *vdev)
{
	const struct vqnic_counter *counters = vdev ? vqnic_vdev_counters : vqnic_card_counters;
	unsigned int count = vdev ? ARRAY_SIZE(vqnic_vdev_counters)
				  : ARRAY_SIZE(vqnic_card_counters);
	unsigned int i;
	u64 value;

	if (vqnic_put_card_name(msg, card) || (vdev && vqnic_put_dev_name(msg, vdev)))
		return -EMSGSIZE;
	for (i = 0; i < count; i++) {
		value = vdev ? vqnic_cmd_vdev_counter(vdev, counters[i].reg) :
			       vqnic_cmd_card_counter(card, counters[i].reg);
		if (!vqnic_card_up(card))
			return -EIO;
		if (vqnic_put_stat(msg, counters[i].name, value))
			return -EMSGSIZE;
	}
	return 0;
}

/* A flag if all VLANs are meant, else which. */
static int vqnic_put_vlans(struct sk_buff *msg, int all_type, bool all, int type,
			   const unsigned long *vlans)
{
	struct nlattr *attr;
	unsigned int vid;
	u8 *bytes;

	if (all)
		return nla_put_flag(msg, all_type);
	attr = nla_reserve(msg, type, VQNIC_VLANS_BYTES);
	if (!attr)
		return -EMSGSIZE;
	bytes = nla_data(attr);
	memset(bytes, 0, VQNIC_VLANS_BYTES);
	for_each_set_bit(vid, vlans, VQNIC_VLANS)
		bytes[vid / 8] |= 1 << vid % 8;
	return 0;
}

static int vqnic_put_macs(struct sk_buff *msg, const u8 (*macs)[ETH_ALEN], unsigned int unicast,
			  unsigned int multicast)
{
	if (nla_put(msg, VQNIC_FILTER_A_UNICAST, unicast * ETH_ALEN, macs) ||
	    nla_put(msg, VQNIC_FILTER_A_MULTICAST, multicast * ETH_ALEN, macs + unicast))
		return -EMSGSIZE;
	return 0;
}

static int vqnic_put_port_vlan(struct sk_buff *msg, const struct vqnic_policy *policy)
{
	if (nla_put_u16(msg, VQNIC_FILTER_A_PORT_VLAN, policy->port_vlan) ||
	    (policy->port_vlan && nla_put_u8(msg, VQNIC_FILTER_A_PCP, policy->pcp)))
		return -EMSGSIZE;
	return 0;
}

static int vqnic_put_guest(struct sk_buff *msg, const struct vqnic_wish *wish)
{
	struct nlattr *nest = nla_nest_start(msg, VQNIC_A_FILTER_GUEST);

	if (!nest || nla_put(msg, VQNIC_FILTER_A_MAC, ETH_ALEN, wish->mac) ||
	    vqnic_put_macs(msg, wish->macs, wish->unicast, wish->multicast) ||
	    nla_put_u32(msg, VQNIC_FILTER_A_RX_MODE, wish->rx_mode) ||
	    vqnic_put_vlans(msg, VQNIC_FILTER_A_ALL_VLANS, !wish->vlan_filter,
			    VQNIC_FILTER_A_VLANS, wish->vlans))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

static int vqnic_put_policy(struct sk_buff *msg, const struct vqnic_filter_show *show)
{
	const struct vqnic_policy *policy = &show->policy;
	struct nlattr *nest = nla_nest_start(msg, VQNIC_A_FILTER_POLICY);

	if (!nest || nla_put(msg, VQNIC_FILTER_A_MAC, ETH_ALEN, show->given) ||
	    nla_put_u32(msg, VQNIC_FILTER_A_MACS_MAX, policy->macs_max) ||
	    nla_put(msg, VQNIC_FILTER_A_UNICAST, policy->unicast * ETH_ALEN, policy->macs) ||
	    nla_put_u8(msg, VQNIC_FILTER_A_SPOOF_CHECK, policy->spoof_check) ||
	    nla_put_u8(msg, VQNIC_FILTER_A_TRUST, policy->trust) ||
	    vqnic_put_port_vlan(msg, policy) ||
	    vqnic_put_vlans(msg, VQNIC_FILTER_A_ALL_VLANS, policy->all_vlans,
			    VQNIC_FILTER_A_VLANS, policy->vlans))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

static int vqnic_put_in_force(struct sk_buff *msg, const struct vqnic_filter_show *show)
{
	struct nlattr *nest = nla_nest_start(msg, VQNIC_A_FILTER_CARD);

	if (!nest || vqnic_put_macs(msg, show->macs, show->unicast, show->multicast) ||
	    nla_put_u32(msg, VQNIC_FILTER_A_RX_MODE, show->rx_mode) ||
	    vqnic_put_port_vlan(msg, &show->policy) ||
	    vqnic_put_vlans(msg, VQNIC_FILTER_A_ALL_VLANS, show->rx_all_vlans,
			    VQNIC_FILTER_A_VLANS, show->rx_vlans) ||
	    vqnic_put_vlans(msg, VQNIC_FILTER_A_ALL_TX_VLANS, show->tx_all_vlans,
			    VQNIC_FILTER_A_TX_VLANS, show->tx_vlans))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

static int vqnic_fill_filter(struct sk_buff *msg, struct vqnic_card *card, struct vqnic_vdev *vdev)
{
	struct vqnic_filter_show *show = &vqnic_filter_shown;

	lockdep_assert_held(&vqnic_cards_lock);
	vqnic_filter_show(vdev, show);
	if (vqnic_put_card_name(msg, card) || vqnic_put_dev_name(msg, vdev) ||
	    vqnic_put_guest(msg, &show->wish) || vqnic_put_policy(msg, show) ||
	    (show->up && vqnic_card_up(card) && vqnic_put_in_force(msg, show)))
		return -EMSGSIZE;
	return 0;
}

/* What a command is about, and how to tell it. */
struct vqnic_view {
	int (*fill)(struct sk_buff *msg, struct vqnic_card *card, struct vqnic_vdev *vdev);
	bool of_card;	/* there is one of the card ... */
	bool of_dev;	/* ... and one of each of its devices */
};

static const struct vqnic_view vqnic_views[VQNIC_CMD_MAX + 1] = {
	[VQNIC_CMD_CARD_GET] = { .fill = vqnic_fill_card, .of_card = true },
	[VQNIC_CMD_DEV_GET] = { .fill = vqnic_fill_dev, .of_dev = true },
	[VQNIC_CMD_STATS_GET] = { .fill = vqnic_fill_stats, .of_card = true, .of_dev = true },
	[VQNIC_CMD_FILTER_GET] = { .fill = vqnic_fill_filter, .of_dev = true },
};

/* Puts one whole message; on an error none of it. card->lock is held. */
static int vqnic_put_message(struct sk_buff *msg, u32 portid, u32 seq, int flags, u8 cmd,
			     struct vqnic_card *card, struct vqnic_vdev *vdev)
{
	void *hdr = genlmsg_put(msg, portid, seq, &vqnic_genl, flags, cmd);
	int err;

	if (!hdr)
		return -EMSGSIZE;
	err = vqnic_views[cmd].fill(msg, card, vdev);
	if (err)
		genlmsg_cancel(msg, hdr);
	else
		genlmsg_end(msg, hdr);
	return err;
}

/* vqnic_cards_lock is held. */
static struct vqnic_card *vqnic_find_card(const struct nlattr *name)
{
	struct vqnic_card *card;

	list_for_each_entry(card, &vqnic_cards, list)
		if (!nla_strcmp(name, pci_name(card->pdev)))
			return card;
	return NULL;
}

/* card->lock is held. */
static struct vqnic_vdev *vqnic_find_dev(struct vqnic_card *card, const struct nlattr *name)
{
	unsigned int i;

	for (i = 0; i < card->info.vdevs; i++) {
		struct vqnic_vdev *vdev = &card->vdevs[i];

		if (vdev->shown && !nla_strcmp(name, dev_name(&vdev->shown->vdpa.dev)))
			return vdev;
	}
	return NULL;
}

/*
 * The card that a do names, or whose device `dev_name` it names, with card->lock held; or an error.
 * *vdev: the device, NULL if none is named. vqnic_cards_lock is held.
 */
static struct vqnic_card *vqnic_lock_named(struct genl_info *info, const struct nlattr *dev_name,
					   struct vqnic_vdev **vdev)
{
	const struct nlattr *card_name = info->attrs[VQNIC_A_CARD];
	struct vqnic_card *card;

	if (card_name && !vqnic_find_card(card_name)) {
		NL_SET_ERR_MSG_ATTR(info->extack, card_name, "no such vqnic card");
		return ERR_PTR(-ENODEV);
	}
	list_for_each_entry(card, &vqnic_cards, list) {
		if (card_name && nla_strcmp(card_name, pci_name(card->pdev)))
			continue;
		mutex_lock(&card->lock);
		*vdev = dev_name ? vqnic_find_dev(card, dev_name) : NULL;
		if (*vdev || !dev_name)
			return card;
		mutex_unlock(&card->lock);
	}
	NL_SET_ERR_MSG_ATTR(info->extack, dev_name, "no such vDPA device of a vqnic card");
	return ERR_PTR(-ENODEV);
}

static int vqnic_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	const struct vqnic_view *view = &vqnic_views[info->genlhdr->cmd];
	const struct nlattr *dev_name = NULL;
	struct vqnic_vdev *vdev;
	struct vqnic_card *card;
	struct sk_buff *msg;
	int err;

	if (view->of_dev)
		dev_name = info->attrs[VQNIC_A_DEV_NAME];
	if (!view->of_card && GENL_REQ_ATTR_CHECK(info, VQNIC_A_DEV_NAME)) {
		NL_SET_ERR_MSG(info->extack, "a vDPA device must be named");
		return -EINVAL;
	}
	if (!info->attrs[VQNIC_A_CARD] && !dev_name) {
		NL_SET_ERR_ATTR_MISS(info->extack, NULL, VQNIC_A_CARD);
		NL_SET_ERR_MSG(info->extack, "a card must be named");
		return -EINVAL;
	}
	msg = genlmsg_new(VQNIC_MESSAGE_SIZE, GFP_KERNEL);
	if (!msg)
		return -ENOMEM;
	mutex_lock(&vqnic_cards_lock);
	card = vqnic_lock_named(info, dev_name, &vdev);
	err = PTR_ERR_OR_ZERO(card);
	if (!err) {
		err = vqnic_put_message(msg, info->snd_portid, info->snd_seq, 0, info->genlhdr->cmd,
					card, vdev);
		mutex_unlock(&card->lock);
	}
	mutex_unlock(&vqnic_cards_lock);
	if (err == -EIO)
		NL_SET_ERR_MSG(info->extack, "the card does not answer");
	if (err) {
		nlmsg_free(msg);
		return err;
	}
	return genlmsg_reply(msg, info);
}

/* Tells of an event of the vdev's. card->lock is held. */
static void vqnic_notify_unlocked(struct vqnic_vdev *vdev, u32 what)
{
	mutex_lock(&vdev->lock);
	vqnic_notify_dev(vdev, what);
	mutex_unlock(&vdev->lock);
}

/* Takes the VLANs that a policy allows. */
static int vqnic_parse_vlans(struct genl_info *info, const struct nlattr *attr,
			     struct vqnic_policy *policy)
{
	const u8 *bytes = nla_data(attr);
	unsigned int vid;

	policy->all_vlans = false;
	for (vid = 0; vid < VQNIC_VLANS; vid++)
		__assign_bit(vid, policy->vlans, bytes[vid / 8] >> vid % 8 & 1);
	/* IEEE 802.1Q: 0 is no VLAN, and the last one is reserved. */
	if (test_bit(0, policy->vlans) || test_bit(VQNIC_VLANS - 1, policy->vlans)) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr, "a VLAN ID is not between 1 and 4094");
		return -EINVAL;
	}
	return 0;
}

/* Takes the addresses that a policy allows. */
static int vqnic_parse_macs(struct genl_info *info, const struct nlattr *attr,
			    struct vqnic_policy *policy)
{
	unsigned int i;

	if (nla_len(attr) % ETH_ALEN) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr, "addresses have 6 bytes each");
		return -EINVAL;
	}
	policy->unicast = nla_len(attr) / ETH_ALEN;
	memcpy(policy->macs, nla_data(attr), nla_len(attr));
	for (i = 0; i < policy->unicast; i++)
		if (!is_valid_ether_addr(policy->macs[i])) {
			NL_SET_ERR_MSG_ATTR(info->extack, attr,
					    "one of them is no unicast address");
			return -EINVAL;
		}
	return 0;
}

/* Changes *policy by what the request names, all of it or nothing that counts. */
static int vqnic_parse_policy(struct genl_info *info, struct nlattr **attrs,
			      struct vqnic_card *card, struct vqnic_policy *policy)
{
	int err = 0;

	if (attrs[VQNIC_FILTER_A_SPOOF_CHECK])
		policy->spoof_check = nla_get_u8(attrs[VQNIC_FILTER_A_SPOOF_CHECK]);
	if (attrs[VQNIC_FILTER_A_TRUST])
		policy->trust = nla_get_u8(attrs[VQNIC_FILTER_A_TRUST]);
	if (attrs[VQNIC_FILTER_A_PORT_VLAN]) {
		policy->port_vlan = nla_get_u16(attrs[VQNIC_FILTER_A_PORT_VLAN]);
		policy->pcp = 0;
	}
	if (attrs[VQNIC_FILTER_A_PCP]) {
		if (!policy->port_vlan) {
			NL_SET_ERR_MSG_ATTR(info->extack, attrs[VQNIC_FILTER_A_PCP],
					    "a priority needs a port VLAN");
			return -EINVAL;
		}
		policy->pcp = nla_get_u8(attrs[VQNIC_FILTER_A_PCP]);
	}
	if (attrs[VQNIC_FILTER_A_ALL_VLANS] && attrs[VQNIC_FILTER_A_VLANS]) {
		NL_SET_ERR_MSG_ATTR(info->extack, attrs[VQNIC_FILTER_A_VLANS],
				    "either all VLANs or these");
		return -EINVAL;
	}
	if (attrs[VQNIC_FILTER_A_ALL_VLANS]) {
		policy->all_vlans = true;
		bitmap_zero(policy->vlans, VQNIC_VLANS);
	}
	if (attrs[VQNIC_FILTER_A_MACS_MAX]) {
		unsigned int room = vqnic_filter_macs_max(card);

		policy->macs_max = nla_get_u32(attrs[VQNIC_FILTER_A_MACS_MAX]);
		if (policy->macs_max > room) {
			NL_SET_ERR_MSG_FMT(info->extack,
					   "the card has room for %u addresses of a device", room);
			return -EINVAL;
		}
	}
	if (attrs[VQNIC_FILTER_A_VLANS])
		err = vqnic_parse_vlans(info, attrs[VQNIC_FILTER_A_VLANS], policy);
	if (!err && attrs[VQNIC_FILTER_A_UNICAST])
		err = vqnic_parse_macs(info, attrs[VQNIC_FILTER_A_UNICAST], policy);
	return err;
}

#define VQNIC_SWITCH_POLICY	NLA_POLICY_MAX(NLA_U8, 1)

/* What POLICY_SET takes. */
static const struct nla_policy vqnic_set_policy[VQNIC_FILTER_A_MAX + 1] = {
	[VQNIC_FILTER_A_SPOOF_CHECK] = VQNIC_SWITCH_POLICY,
	[VQNIC_FILTER_A_TRUST] = VQNIC_SWITCH_POLICY,
	[VQNIC_FILTER_A_PORT_VLAN] = NLA_POLICY_MAX(NLA_U16, VLAN_VID_MASK - 1),
	[VQNIC_FILTER_A_PCP] = NLA_POLICY_MAX(NLA_U8, 7),
	[VQNIC_FILTER_A_ALL_VLANS] = { .type = NLA_FLAG },
	[VQNIC_FILTER_A_VLANS] = NLA_POLICY_EXACT_LEN(VQNIC_VLANS_BYTES),
	[VQNIC_FILTER_A_MACS_MAX] = { .type = NLA_U32 },
	[VQNIC_FILTER_A_UNICAST] = { .type = NLA_BINARY, .len = VQNIC_POLICY_MACS * ETH_ALEN },
};

/* Has the device allowed what the request names. */
static int vqnic_change_policy(struct genl_info *info, struct vqnic_vdev *vdev)
{
	struct nlattr *attrs[VQNIC_FILTER_A_MAX + 1];
	struct vqnic_policy policy;
	int err;

	err = nla_parse_nested(attrs, VQNIC_FILTER_A_MAX, info->attrs[VQNIC_A_FILTER_POLICY],
			       vqnic_set_policy, info->extack);
	if (err)
		return err;
	vqnic_filter_get_policy(vdev, &policy);
	err = vqnic_parse_policy(info, attrs, vdev->card, &policy);
	if (err)
		return err;
	err = vqnic_filter_set_policy(vdev, &policy);
	if (err)
		NL_SET_ERR_MSG(info->extack, "the card has no room for what it allows");
	return err;
}

static int vqnic_do_policy_set(struct genl_info *info, struct vqnic_vdev *vdev)
{
	int err;

	if (GENL_REQ_ATTR_CHECK(info, VQNIC_A_FILTER_POLICY)) {
		NL_SET_ERR_MSG(info->extack, "what is to change must be named");
		return -EINVAL;
	}
	err = vqnic_change_policy(info, vdev);
	if (!err)
		vqnic_notify_unlocked(vdev, VQNIC_NTF_POLICY);
	return err;
}

/* Takes the pages that a request is about, and checks that a card can have them. */
static int vqnic_parse_log_range(struct genl_info *info, u64 *iova, u64 *size)
{
	const u64 end = BIT_ULL(VQNIC_IOVA_BITS);

	if (GENL_REQ_ATTR_CHECK(info, VQNIC_A_LOG_IOVA) ||
	    GENL_REQ_ATTR_CHECK(info, VQNIC_A_LOG_SIZE)) {
		NL_SET_ERR_MSG(info->extack, "the pages must be named");
		return -EINVAL;
	}
	*iova = nla_get_u64(info->attrs[VQNIC_A_LOG_IOVA]);
	*size = nla_get_u64(info->attrs[VQNIC_A_LOG_SIZE]);
	if (!*size || !IS_ALIGNED(*iova | *size, SZ_4K)) {
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[VQNIC_A_LOG_SIZE],
				    "not whole pages of 4 KiB");
		return -EINVAL;
	}
	if (*iova >= end || *size > end - *iova) {
		NL_SET_ERR_MSG_ATTR_FMT(info->extack, info->attrs[VQNIC_A_LOG_SIZE],
					"beyond the last IOVA, %#llx", end - 1);
		return -ERANGE;
	}
	return 0;
}

/* Whether the device has a log, and it is the requester's. */
static int vqnic_check_log(struct genl_info *info, struct vqnic_vdev *vdev)
{
	const struct nlattr *dev_name = info->attrs[VQNIC_A_DEV_NAME];

	if (!vdev->log.bytes) {
		NL_SET_ERR_MSG_ATTR(info->extack, dev_name, "the device has no dirty log");
		return -ENODATA;
	}
	if (vdev->log.owner != info->snd_portid) {
		NL_SET_ERR_MSG_ATTR(info->extack, dev_name,
				    "the device's dirty log is another program's");
		return -EBUSY;
	}
	return 0;
}

static int vqnic_do_log_start(struct genl_info *info, struct vqnic_vdev *vdev)
{
	const struct nlattr *dev_name = info->attrs[VQNIC_A_DEV_NAME];
	u64 iova, size;
	int err;

	err = vqnic_parse_log_range(info, &iova, &size);
	if (err)
		return err;
	if (vdev->log.bytes) {
		NL_SET_ERR_MSG_ATTR(info->extack, dev_name, "the device has a dirty log already");
		return -EBUSY;
	}
	if (!vqnic_has_iommu(vdev->card) || READ_ONCE(vdev->in_identity)) {
		NL_SET_ERR_MSG_ATTR(info->extack, dev_name,
				    "the device has no address space of its own");
		return -EOPNOTSUPP;
	}
	err = vqnic_log_start(vdev, iova, size, info->snd_portid);
	if (err == -ENOMEM)
		NL_SET_ERR_MSG_FMT(info->extack,
				   "no contiguous memory for a log that ends at %#llx",
				   iova + size);
	if (!err)
		vqnic_notify_unlocked(vdev, VQNIC_NTF_LOG_STARTED);
	return err;
}

/* Puts what a read of the log says. What is put is forgotten, unless this fails. */
static int vqnic_put_log(struct sk_buff *msg, struct genl_info *info, struct vqnic_vdev *vdev,
			 u64 iova, u64 size)
{
	u32 pages = size / SZ_4K;
	struct nlattr *bitmap;
	void *hdr;
	int err;

	hdr = genlmsg_put_reply(msg, info, &vqnic_genl, 0, info->genlhdr->cmd);
	if (!hdr || vqnic_put_card_name(msg, vdev->card) || vqnic_put_dev_name(msg, vdev) ||
	    vqnic_put_log_range(msg, iova, size))
		return -EMSGSIZE;
	bitmap = nla_reserve(msg, VQNIC_A_LOG_BITMAP, DIV_ROUND_UP(pages, 8));
	if (!bitmap)
		return -EMSGSIZE;
	memset(nla_data(bitmap), 0, nla_len(bitmap));
	err = vqnic_log_read(vdev, iova, pages, nla_data(bitmap));
	if (!err)
		genlmsg_end(msg, hdr);
	return err;
}

static int vqnic_do_log_read(struct genl_info *info, struct vqnic_vdev *vdev)
{
	struct sk_buff *msg;
	u64 iova, size;
	int err;

	err = vqnic_parse_log_range(info, &iova, &size);
	if (err)
		return err;
	if (size > VQNIC_LOG_READ_MAX) {
		NL_SET_ERR_MSG_ATTR_FMT(info->extack, info->attrs[VQNIC_A_LOG_SIZE],
					"one read is of %u bytes at most", VQNIC_LOG_READ_MAX);
		return -ERANGE;
	}
	err = vqnic_check_log(info, vdev);
	if (err)
		return err;
	if (iova < vdev->log.iova || size > vdev->log.size ||
	    iova - vdev->log.iova > vdev->log.size - size) {
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[VQNIC_A_LOG_SIZE],
				    "pages that are not logged");
		return -ERANGE;
	}
	msg = genlmsg_new(VQNIC_LOG_MESSAGE_SIZE, GFP_KERNEL);
	if (!msg)
		return -ENOMEM;
	err = vqnic_put_log(msg, info, vdev, iova, size);
	if (err) {
		nlmsg_free(msg);
		return err;
	}
	err = genlmsg_reply(msg, info);
	/* The requester takes its answers too slowly: it has not learned of this one. */
	if (err)
		vqnic_log_mark(vdev, iova, size / SZ_4K);
	return err;
}

static int vqnic_do_log_stop(struct genl_info *info, struct vqnic_vdev *vdev)
{
	int err = vqnic_check_log(info, vdev);

	if (err)
		return err;
	vqnic_log_stop(vdev);
	vqnic_notify_unlocked(vdev, VQNIC_NTF_LOG_STOPPED);
	return 0;
}

/* -EBUSY unless the device is suspended. */
static int vqnic_check_suspended(struct genl_info *info, struct vqnic_vdev *vdev)
{
	if (vqnic_vdev_state(vdev) == VQNIC_DEV_STATE_SUSPENDED)
		return 0;
	NL_SET_ERR_MSG(info->extack, "the device is not suspended");
	return -EBUSY;
}

static int vqnic_do_suspend(struct genl_info *info, struct vqnic_vdev *vdev)
{
	switch (vqnic_vdev_state(vdev)) {
	case VQNIC_DEV_STATE_RUNNING:
	case VQNIC_DEV_STATE_TRACKING:
		return vqnic_vdev_suspend(vdev);
	case VQNIC_DEV_STATE_SUSPENDED:
		NL_SET_ERR_MSG(info->extack, "the device is suspended already");
		return -EBUSY;
	default:
		NL_SET_ERR_MSG(info->extack, "no driver runs the device");
		return -EBUSY;
	}
}

static int vqnic_do_resume(struct genl_info *info, struct vqnic_vdev *vdev)
{
	return vqnic_check_suspended(info, vdev) ?: vqnic_vdev_resume(vdev);
}

/* How far a queue is. */
static int vqnic_put_position(struct sk_buff *msg, struct vqnic_vdev *vdev, unsigned int index)
{
	struct nlattr *nest;
	u16 position;
	int err;

	err = vqnic_vdev_vq_position(vdev, index, &position);
	if (err)
		return err;
	nest = nla_nest_start(msg, VQNIC_A_QUEUE);
	if (!nest || nla_put_u32(msg, VQNIC_A_QUEUE_INDEX, index) ||
	    nla_put_u32(msg, VQNIC_A_QUEUE_AVAIL, position) ||
	    nla_put_u32(msg, VQNIC_A_QUEUE_USED, position))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

static int vqnic_put_state(struct sk_buff *msg, struct genl_info *info, struct vqnic_vdev *vdev)
{
	const struct vqnic_offer *offer = &vdev->offer;
	unsigned int i;
	void *hdr;
	int err;

	lockdep_assert_held(&vqnic_cards_lock);
	vqnic_state_get_parts(vdev, &vqnic_parts);
	vqnic_filter_show(vdev, &vqnic_filter_shown);
	hdr = genlmsg_put_reply(msg, info, &vqnic_genl, 0, info->genlhdr->cmd);
	if (!hdr || vqnic_put_card_name(msg, vdev->card) || vqnic_put_dev_name(msg, vdev) ||
	    nla_put(msg, VQNIC_A_DEV_MAC, sizeof(offer->mac), offer->mac) ||
	    nla_put_u32(msg, VQNIC_A_DEV_MTU, offer->mtu) ||
	    nla_put_u32(msg, VQNIC_A_DEV_PAIRS, offer->pairs) ||
	    nla_put(msg, VQNIC_A_DEV_PARTS, vqnic_parts.len, vqnic_parts.bytes) ||
	    vqnic_put_policy(msg, &vqnic_filter_shown))
		return -EMSGSIZE;
	for (i = 0; i < vdev->nvqs; i++) {
		err = vdev->vqs[i].ready ? vqnic_put_position(msg, vdev, i) : 0;
		if (err)
			return err;
	}
	/* What was read has shown whether the card is there. */
	if (!vqnic_card_up(vdev->card))
		return -EIO;
	genlmsg_end(msg, hdr);
	return 0;
}

static int vqnic_do_state_get(struct genl_info *info, struct vqnic_vdev *vdev)
{
	struct sk_buff *msg;
	int err;

	err = vqnic_check_suspended(info, vdev);
	if (err)
		return err;
	if (vqnic_vdev_status(vdev) & VIRTIO_CONFIG_S_NEEDS_RESET) {
		NL_SET_ERR_MSG(info->extack, "a queue of the device has stopped by a fault");
		return -EBUSY;
	}
	msg = genlmsg_new(VQNIC_MESSAGE_SIZE, GFP_KERNEL);
	if (!msg)
		return -ENOMEM;
	err = vqnic_put_state(msg, info, vdev);
	if (err) {
		nlmsg_free(msg);
		return err;
	}
	return genlmsg_reply(msg, info);
}

/* The device must be like the one that the state is of. */
static int vqnic_check_shape(struct genl_info *info, const struct vqnic_vdev *vdev)
{
	const struct vqnic_offer *offer = &vdev->offer;
	u32 pairs = nla_get_u32(info->attrs[VQNIC_A_DEV_PAIRS]);
	u32 mtu = nla_get_u32(info->attrs[VQNIC_A_DEV_MTU]);

	if (memcmp(nla_data(info->attrs[VQNIC_A_DEV_MAC]), offer->mac, ETH_ALEN)) {
		NL_SET_ERR_MSG_FMT(info->extack, "the device has another MAC address, %pM",
				   offer->mac);
		return -EINVAL;
	}
	if (mtu != offer->mtu) {
		NL_SET_ERR_MSG_FMT(info->extack, "the device's MTU is %u, not %u", offer->mtu, mtu);
		return -EINVAL;
	}
	if (pairs != offer->pairs) {
		NL_SET_ERR_MSG_FMT(info->extack, "the device has %u queue pairs, not %u",
				   offer->pairs, pairs);
		return -EINVAL;
	}
	return 0;
}

static const struct netlink_range_validation vqnic_position_range = { .max = U16_MAX };

static const struct nla_policy vqnic_position_policy[VQNIC_A_QUEUE_USED + 1] = {
	[VQNIC_A_QUEUE_INDEX] = { .type = NLA_U32 },
	[VQNIC_A_QUEUE_AVAIL] = NLA_POLICY_FULL_RANGE(NLA_U32, &vqnic_position_range),
	[VQNIC_A_QUEUE_USED] = NLA_POLICY_FULL_RANGE(NLA_U32, &vqnic_position_range),
};

/* Takes how far a queue is. */
static int vqnic_parse_position(struct genl_info *info, const struct nlattr *attr,
				const struct vqnic_vdev *vdev, struct vqnic_restored *state)
{
	struct nlattr *attrs[VQNIC_A_QUEUE_USED + 1];
	u32 index, avail;
	int err;

	err = nla_parse_nested(attrs, VQNIC_A_QUEUE_USED, attr, vqnic_position_policy,
			       info->extack);
	if (err)
		return err;
	if (!attrs[VQNIC_A_QUEUE_INDEX] || !attrs[VQNIC_A_QUEUE_AVAIL] ||
	    !attrs[VQNIC_A_QUEUE_USED]) {
		NL_SET_ERR_MSG_ATTR(info->extack, attr, "how far the queue is must be said");
		return -EINVAL;
	}
	index = nla_get_u32(attrs[VQNIC_A_QUEUE_INDEX]);
	avail = nla_get_u32(attrs[VQNIC_A_QUEUE_AVAIL]);
	if (index >= vdev->nvqs || !state->vqs[index].size || state->vqs[index].placed) {
		NL_SET_ERR_MSG_FMT(info->extack, "queue %u does not run, or comes twice", index);
		return -EINVAL;
	}
	if (avail != nla_get_u32(attrs[VQNIC_A_QUEUE_USED])) {
		NL_SET_ERR_MSG_FMT(info->extack, "queue %u has chains in flight", index);
		return -EINVAL;
	}
	state->vqs[index].avail = avail;
	state->vqs[index].placed = true;
	return 0;
}

static int vqnic_parse_positions(struct genl_info *info, const struct vqnic_vdev *vdev,
				 struct vqnic_restored *state)
{
	const struct nlattr *attr;
	unsigned int i;
	int rem, err;

	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, rem) {
		if (nla_type(attr) != VQNIC_A_QUEUE)
			continue;
		err = vqnic_parse_position(info, attr, vdev, state);
		if (err)
			return err;
	}
	for (i = 0; i < vdev->nvqs; i++)
		if (state->vqs[i].size && !state->vqs[i].placed) {
			NL_SET_ERR_MSG_FMT(info->extack, "nothing says how far queue %u is", i);
			return -EINVAL;
		}
	return 0;
}

static int vqnic_do_state_set(struct genl_info *info, struct vqnic_vdev *vdev)
{
	static const int needed[] = { VQNIC_A_DEV_MAC, VQNIC_A_DEV_MTU, VQNIC_A_DEV_PAIRS,
				      VQNIC_A_DEV_PARTS, VQNIC_A_FILTER_POLICY };
	const struct nlattr *parts = info->attrs[VQNIC_A_DEV_PARTS];
	struct vqnic_restored *state;
	unsigned int i;
	int err;

	for (i = 0; i < ARRAY_SIZE(needed); i++)
		if (GENL_REQ_ATTR_CHECK(info, needed[i])) {
			NL_SET_ERR_MSG(info->extack, "a part of the state is missing");
			return -EINVAL;
		}
	if (vdev->status & VIRTIO_CONFIG_S_DRIVER_OK) {
		NL_SET_ERR_MSG(info->extack, "a driver runs the device");
		return -EBUSY;
	}
	err = vqnic_check_shape(info, vdev);
	if (err)
		return err;
	state = vqnic_state_parse(vdev, nla_data(parts), nla_len(parts), info->extack);
	if (IS_ERR(state))
		return PTR_ERR(state);
	err = vqnic_parse_positions(info, vdev, state);
	if (!err)
		err = vqnic_change_policy(info, vdev);
	if (err) {
		kfree(state);
		return err;
	}
	vqnic_state_set(vdev, state);
	vqnic_notify_dev(vdev, VQNIC_NTF_RESTORED);
	return 0;
}

/* What is done with a device. card->lock is held. */
struct vqnic_action {
	int (*act)(struct genl_info *info, struct vqnic_vdev *vdev);
	bool vdev_locked;	/* vdev->lock, too */
};

static const struct vqnic_action vqnic_actions[VQNIC_CMD_MAX + 1] = {
	[VQNIC_CMD_POLICY_SET] = { .act = vqnic_do_policy_set },
	[VQNIC_CMD_LOG_START] = { .act = vqnic_do_log_start },
	[VQNIC_CMD_LOG_READ] = { .act = vqnic_do_log_read },
	[VQNIC_CMD_LOG_STOP] = { .act = vqnic_do_log_stop },
	[VQNIC_CMD_SUSPEND] = { .act = vqnic_do_suspend, .vdev_locked = true },
	[VQNIC_CMD_RESUME] = { .act = vqnic_do_resume, .vdev_locked = true },
	[VQNIC_CMD_STATE_GET] = { .act = vqnic_do_state_get, .vdev_locked = true },
	[VQNIC_CMD_STATE_SET] = { .act = vqnic_do_state_set, .vdev_locked = true },
};

/* Does what the command says with the device that must be named. */
static int vqnic_dev_doit(struct sk_buff *skb, struct genl_info *info)
{
	const struct vqnic_action *action = &vqnic_actions[info->genlhdr->cmd];
	struct vqnic_vdev *vdev;
	struct vqnic_card *card;
	int err;

	if (GENL_REQ_ATTR_CHECK(info, VQNIC_A_DEV_NAME)) {
		NL_SET_ERR_MSG(info->extack, "a vDPA device must be named");
		return -EINVAL;
	}
	mutex_lock(&vqnic_cards_lock);
	card = vqnic_lock_named(info, info->attrs[VQNIC_A_DEV_NAME], &vdev);
	err = PTR_ERR_OR_ZERO(card);
	if (!err) {
		if (action->vdev_locked)
			mutex_lock(&vdev->lock);
		err = action->act(info, vdev);
		if (action->vdev_locked)
			mutex_unlock(&vdev->lock);
		mutex_unlock(&card->lock);
	}
	mutex_unlock(&vqnic_cards_lock);
	if (err == -EIO)
		NL_SET_ERR_MSG(info->extack, "the card does not answer");
	return err;
}

/* Ends the logs of a socket that was closed. */
static void vqnic_log_stop_all(u32 owner)
{
	struct vqnic_card *card;
	unsigned int i;

	mutex_lock(&vqnic_cards_lock);
	list_for_each_entry(card, &vqnic_cards, list) {
		mutex_lock(&card->lock);
		for (i = 0; i < card->info.vdevs; i++) {
			struct vqnic_vdev *vdev = &card->vdevs[i];

			if (!vdev->log.bytes || vdev->log.owner != owner)
				continue;
			vqnic_log_stop(vdev);
			vqnic_notify_unlocked(vdev, VQNIC_NTF_LOG_STOPPED);
		}
		mutex_unlock(&card->lock);
	}
	mutex_unlock(&vqnic_cards_lock);
}

/* Every socket's end comes here. */
static int vqnic_netlink_event(struct notifier_block *nb, unsigned long event, void *data)
{
	const struct netlink_notify *notify = data;

	if (event == NETLINK_URELEASE && notify->protocol == NETLINK_GENERIC &&
	    net_eq(notify->net, &init_net) && vqnic_log_any())
		vqnic_log_stop_all(notify->portid);
	return NOTIFY_DONE;
}

static struct notifier_block vqnic_netlink_notifier = {
	.notifier_call = vqnic_netlink_event,
};

enum { VQNIC_GROUP_EVENTS };

static const struct genl_multicast_group vqnic_genl_groups[] = {
	[VQNIC_GROUP_EVENTS] = { .name = VQNIC_GENL_EVENTS },
};

static int vqnic_put_fault(struct sk_buff *msg, const struct vqnic_event *event)
{
	struct nlattr *nest = nla_nest_start(msg, VQNIC_A_QUEUE);

	if (!nest || nla_put_u32(msg, VQNIC_A_QUEUE_INDEX, event->queue) ||
	    nla_put_u32(msg, VQNIC_A_QUEUE_FAULT, event->fault.code) ||
	    nla_put_string(msg, VQNIC_A_QUEUE_FAULT_NAME,
			   vqnic_fault_text(event->fault.code)->name) ||
	    vqnic_put_u64(msg, VQNIC_A_QUEUE_FAULT_INFO, event->fault.info))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

static int vqnic_put_event(struct sk_buff *msg, const struct vqnic_card *card,
			   const struct vqnic_event *event)
{
	const struct vqnic_vdev *vdev = event->vdev;

	if (vqnic_put_card_name(msg, card) || nla_put_u32(msg, VQNIC_A_EVENT, event->what))
		return -EMSGSIZE;
	if (vdev && (nla_put_string(msg, VQNIC_A_DEV_NAME, vdev->name) ||
		     nla_put_u32(msg, VQNIC_A_DEV_INDEX, vdev->index)))
		return -EMSGSIZE;
	switch (event->what) {
	case VQNIC_NTF_CARD_LINK:
		return nla_put_u8(msg, VQNIC_A_CARD_LINK, event->link);
	case VQNIC_NTF_QUEUE_FAULT:
		return vqnic_put_fault(msg, event);
	case VQNIC_NTF_LOG_STARTED:
		return vqnic_put_log_range(msg, vdev->log.iova, vdev->log.size);
	default:
		return 0;
	}
}

/*
 * Tells who listens what has happened. Process context; the lock of event->vdev is held. Without
 * memory nobody is told: events are no more than a hint to look.
 */
void vqnic_notify(const struct vqnic_card *card, const struct vqnic_event *event)
{
	struct sk_buff *msg;
	void *hdr;

	if ((event->vdev && !event->vdev->name) ||
	    !genl_has_listeners(&vqnic_genl, &init_net, VQNIC_GROUP_EVENTS))
		return;
	msg = genlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);
	if (!msg)
		return;
	hdr = genlmsg_put(msg, 0, 0, &vqnic_genl, 0, VQNIC_CMD_EVENT);
	if (!hdr || vqnic_put_event(msg, card, event)) {
		nlmsg_free(msg);
		return;
	}
	genlmsg_end(msg, hdr);
	genlmsg_multicast(&vqnic_genl, msg, 0, VQNIC_GROUP_EVENTS, GFP_KERNEL);
}

/*
 * Where a dump goes on: at item 0, the card itself, or 1 + vdev, of the first card whose id is not
 * below this.
 */
struct vqnic_dump {
	u32 card_id;
	u32 item;
};

/* Dumps the rest of one card's messages. */
static int vqnic_dump_card(struct sk_buff *msg, struct netlink_callback *cb,
			   struct vqnic_card *card, u8 cmd)
{
	struct vqnic_dump *dump = (struct vqnic_dump *)cb->ctx;
	const struct vqnic_view *view = &vqnic_views[cmd];
	int err = 0;

	mutex_lock(&card->lock);
	for (; dump->item <= card->info.vdevs; dump->item++) {
		struct vqnic_vdev *vdev = dump->item ? &card->vdevs[dump->item - 1] : NULL;

		if (vdev ? !view->of_dev || !vdev->shown : !view->of_card)
			continue;
		err = vqnic_put_message(msg, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
					NLM_F_MULTI, cmd, card, vdev);
		if (err == -EMSGSIZE)
			break;
		err = 0;
	}
	mutex_unlock(&card->lock);
	return err;
}

/* The greatest message must fit, or a dump would not get on. */
static int vqnic_get_start(struct netlink_callback *cb)
{
	cb->min_dump_alloc = VQNIC_MESSAGE_SIZE;
	return 0;
}

static int vqnic_get_dumpit(struct sk_buff *msg, struct netlink_callback *cb)
{
	struct vqnic_dump *dump = (struct vqnic_dump *)cb->ctx;
	const struct genl_info *info = genl_info_dump(cb);
	const struct nlattr *name = info->attrs[VQNIC_A_CARD];
	struct vqnic_card *card;
	int err = 0;

	static_assert(sizeof(struct vqnic_dump) <= sizeof(cb->ctx));
	mutex_lock(&vqnic_cards_lock);
	if (name && !vqnic_find_card(name)) {
		NL_SET_ERR_MSG_ATTR(cb->extack, name, "no such vqnic card");
		err = -ENODEV;
		goto out;
	}
	list_for_each_entry(card, &vqnic_cards, list) {
		if (card->id < dump->card_id || (name && nla_strcmp(name, pci_name(card->pdev))))
			continue;
		if (card->id != dump->card_id) {
			dump->card_id = card->id;
			dump->item = 0;
		}
		err = vqnic_dump_card(msg, cb, card, info->genlhdr->cmd);
		if (err)
			break;
		dump->card_id = card->id + 1;
		dump->item = 0;
	}
out:
	mutex_unlock(&vqnic_cards_lock);
	return err;
}

/* A PCI address, and a name of a device as sysfs allows it. */
#define VQNIC_CARD_POLICY	{ .type = NLA_NUL_STRING, .len = 63 }
#define VQNIC_DEV_NAME_POLICY	{ .type = NLA_NUL_STRING, .len = 255 }

static const struct nla_policy vqnic_card_policy[VQNIC_A_CARD + 1] = {
	[VQNIC_A_CARD] = VQNIC_CARD_POLICY,
};

static const struct nla_policy vqnic_dev_policy[VQNIC_A_DEV_NAME + 1] = {
	[VQNIC_A_CARD] = VQNIC_CARD_POLICY,
	[VQNIC_A_DEV_NAME] = VQNIC_DEV_NAME_POLICY,
};

static const struct nla_policy vqnic_policy_set_policy[VQNIC_A_FILTER_POLICY + 1] = {
	[VQNIC_A_CARD] = VQNIC_CARD_POLICY,
	[VQNIC_A_DEV_NAME] = VQNIC_DEV_NAME_POLICY,
	[VQNIC_A_FILTER_POLICY] = NLA_POLICY_NESTED(vqnic_set_policy),
};

static const struct nla_policy vqnic_log_policy[VQNIC_A_LOG_SIZE + 1] = {
	[VQNIC_A_CARD] = VQNIC_CARD_POLICY,
	[VQNIC_A_DEV_NAME] = VQNIC_DEV_NAME_POLICY,
	[VQNIC_A_LOG_IOVA] = { .type = NLA_U64 },
	[VQNIC_A_LOG_SIZE] = { .type = NLA_U64 },
};

static const struct nla_policy vqnic_state_policy[VQNIC_A_DEV_PARTS + 1] = {
	[VQNIC_A_CARD] = VQNIC_CARD_POLICY,
	[VQNIC_A_DEV_NAME] = VQNIC_DEV_NAME_POLICY,
	[VQNIC_A_DEV_MAC] = NLA_POLICY_EXACT_LEN(ETH_ALEN),
	[VQNIC_A_DEV_MTU] = { .type = NLA_U32 },
	[VQNIC_A_DEV_PAIRS] = { .type = NLA_U32 },
	[VQNIC_A_DEV_PARTS] = { .type = NLA_BINARY, .len = SZ_32K },
	[VQNIC_A_QUEUE] = NLA_POLICY_NESTED(vqnic_position_policy),
	[VQNIC_A_FILTER_POLICY] = NLA_POLICY_NESTED(vqnic_set_policy),
};

static const struct genl_split_ops vqnic_genl_ops[] = {
	{
		.cmd = VQNIC_CMD_CARD_GET,
		.doit = vqnic_get_doit,
		.policy = vqnic_card_policy,
		.maxattr = VQNIC_A_CARD,
		.flags = GENL_CMD_CAP_DO,
	},
	{
		.cmd = VQNIC_CMD_CARD_GET,
		.start = vqnic_get_start,
		.dumpit = vqnic_get_dumpit,
		.policy = vqnic_card_policy,
		.maxattr = VQNIC_A_CARD,
		.flags = GENL_CMD_CAP_DUMP,
	},
	{
		.cmd = VQNIC_CMD_DEV_GET,
		.doit = vqnic_get_doit,
		.policy = vqnic_dev_policy,
		.maxattr = VQNIC_A_DEV_NAME,
		.flags = GENL_CMD_CAP_DO,
	},
	{
		.cmd = VQNIC_CMD_DEV_GET,
		.start = vqnic_get_start,
		.dumpit = vqnic_get_dumpit,
		.policy = vqnic_card_policy,
		.maxattr = VQNIC_A_CARD,
		.flags = GENL_CMD_CAP_DUMP,
	},
	{
		.cmd = VQNIC_CMD_STATS_GET,
		.doit = vqnic_get_doit,
		.policy = vqnic_dev_policy,
		.maxattr = VQNIC_A_DEV_NAME,
		.flags = GENL_CMD_CAP_DO,
	},
	{
		.cmd = VQNIC_CMD_STATS_GET,
		.start = vqnic_get_start,
		.dumpit = vqnic_get_dumpit,
		.policy = vqnic_card_policy,
		.maxattr = VQNIC_A_CARD,
		.flags = GENL_CMD_CAP_DUMP,
	},
	{
		.cmd = VQNIC_CMD_FILTER_GET,
		.doit = vqnic_get_doit,
		.policy = vqnic_dev_policy,
		.maxattr = VQNIC_A_DEV_NAME,
		.flags = GENL_CMD_CAP_DO,
	},
	{
		.cmd = VQNIC_CMD_FILTER_GET,
		.start = vqnic_get_start,
		.dumpit = vqnic_get_dumpit,
		.policy = vqnic_card_policy,
		.maxattr = VQNIC_A_CARD,
		.flags = GENL_CMD_CAP_DUMP,
	},
	{
		.cmd = VQNIC_CMD_POLICY_SET,
		.doit = vqnic_dev_doit,
		.policy = vqnic_policy_set_policy,
		.maxattr = VQNIC_A_FILTER_POLICY,
		.flags = GENL_CMD_CAP_DO | GENL_ADMIN_PERM,
	},
	{
		.cmd = VQNIC_CMD_LOG_START,
		.doit = vqnic_dev_doit,
		.policy = vqnic_log_policy,
		.maxattr = VQNIC_A_LOG_SIZE,
		.flags = GENL_CMD_CAP_DO | GENL_ADMIN_PERM,
	},
	{
		.cmd = VQNIC_CMD_LOG_READ,
		.doit = vqnic_dev_doit,
		.policy = vqnic_log_policy,
		.maxattr = VQNIC_A_LOG_SIZE,
		.flags = GENL_CMD_CAP_DO | GENL_ADMIN_PERM,
	},
	{
		.cmd = VQNIC_CMD_LOG_STOP,
		.doit = vqnic_dev_doit,
		.policy = vqnic_dev_policy,
		.maxattr = VQNIC_A_DEV_NAME,
		.flags = GENL_CMD_CAP_DO | GENL_ADMIN_PERM,
	},
	{
		.cmd = VQNIC_CMD_SUSPEND,
		.doit = vqnic_dev_doit,
		.policy = vqnic_dev_policy,
		.maxattr = VQNIC_A_DEV_NAME,
		.flags = GENL_CMD_CAP_DO | GENL_ADMIN_PERM,
	},
	{
		.cmd = VQNIC_CMD_RESUME,
		.doit = vqnic_dev_doit,
		.policy = vqnic_dev_policy,
		.maxattr = VQNIC_A_DEV_NAME,
		.flags = GENL_CMD_CAP_DO | GENL_ADMIN_PERM,
	},
	{
		.cmd = VQNIC_CMD_STATE_GET,
		.doit = vqnic_dev_doit,
		.policy = vqnic_dev_policy,
		.maxattr = VQNIC_A_DEV_NAME,
		.flags = GENL_CMD_CAP_DO | GENL_ADMIN_PERM,
	},
	{
		.cmd = VQNIC_CMD_STATE_SET,
		.doit = vqnic_dev_doit,
		.policy = vqnic_state_policy,
		.maxattr = VQNIC_A_DEV_PARTS,
		.flags = GENL_CMD_CAP_DO | GENL_ADMIN_PERM,
	},
};

static struct genl_family vqnic_genl __ro_after_init = {
	.name		= VQNIC_GENL_NAME,
	.version	= VQNIC_GENL_VERSION,
	.module		= THIS_MODULE,
	.split_ops	= vqnic_genl_ops,
	.n_split_ops	= ARRAY_SIZE(vqnic_genl_ops),
	.mcgrps		= vqnic_genl_groups,
	.n_mcgrps	= ARRAY_SIZE(vqnic_genl_groups),
};

int vqnic_netlink_register(void)
{
	int err;

	err = netlink_register_notifier(&vqnic_netlink_notifier);
	if (err)
		return err;
	err = genl_register_family(&vqnic_genl);
	if (err)
		netlink_unregister_notifier(&vqnic_netlink_notifier);
	return err;
}

void vqnic_netlink_unregister(void)
{
	genl_unregister_family(&vqnic_genl);
	netlink_unregister_notifier(&vqnic_netlink_notifier);
}

void vqnic_netlink_add(struct vqnic_card *card)
{
	mutex_lock(&vqnic_cards_lock);
	card->id = vqnic_next_id++;
	list_add_tail(&card->list, &vqnic_cards);
	mutex_unlock(&vqnic_cards_lock);
	vqnic_notify(card, &(struct vqnic_event) { .what = VQNIC_NTF_CARD_ADDED });
}

void vqnic_netlink_del(struct vqnic_card *card)
{
	mutex_lock(&vqnic_cards_lock);
	list_del(&card->list);
	mutex_unlock(&vqnic_cards_lock);
	vqnic_notify(card, &(struct vqnic_event) { .what = VQNIC_NTF_CARD_REMOVED });
}

MODULE_ALIAS_GENL_FAMILY(VQNIC_GENL_NAME);
