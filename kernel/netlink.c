// SPDX-License-Identifier: GPL-2.0-only
/*
 * Generic netlink family "vqnic", include/uapi/linux/vqnic.h: cards, vDPA devices and counters as
 * they are now.
 *
 * Cards are listed by ascending id, so that a dump that goes on in a next message finds its place
 * again whatever was added or removed meanwhile. vqnic_cards_lock keeps a card from being removed
 * while it is looked at.
 */
#include <net/genetlink.h>
#include <uapi/linux/vqnic.h>

#include "vqnic.h"

static DEFINE_MUTEX(vqnic_cards_lock);
static LIST_HEAD(vqnic_cards);
static u32 vqnic_next_id;

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
	    nla_put_u32(msg, VQNIC_A_CARD_VECTORS, card->vectors) ||
	    nla_put_u32(msg, VQNIC_A_CARD_VDEVS, info->vdevs) ||
	    nla_put_u32(msg, VQNIC_A_CARD_VDEVS_USED, used) ||
	    nla_put_u32(msg, VQNIC_A_CARD_VDEV_VQS, info->vdev_vqs) ||
	    nla_put_u32(msg, VQNIC_A_CARD_VQ_SIZE_MAX, info->vq_size_max) ||
	    nla_put_u32(msg, VQNIC_A_CARD_MTU_MAX, info->mtu_max) ||
	    vqnic_put_u64(msg, VQNIC_A_CARD_VIRTIO_FEATURES, card->mgmtdev.supported_features))
		return -EMSGSIZE;
	if (vqnic_has_iommu(card) &&
	    (nla_put_u32(msg, VQNIC_A_CARD_SPACES, info->spaces) ||
	     nla_put_u32(msg, VQNIC_A_CARD_SPACES_USED,
			 bitmap_weight(card->spaces_used, info->spaces))))
		return -EMSGSIZE;
	if (card->refusal[0] && nla_put_string(msg, VQNIC_A_CARD_REFUSAL, card->refusal))
		return -EMSGSIZE;

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
	struct vqnic_vq_state state;
	struct nlattr *nest;
	int err;

	err = vqnic_cmd_vq_state(vdev, index, &state);
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
	    nla_put_u32(msg, VQNIC_A_QUEUE_IRQ, vq->irq.irq) ||
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
	    nla_put_u32(msg, VQNIC_A_DEV_AS_DATA, vqnic_cmd_get_data_as(vdev)))
		return -EMSGSIZE;
	for (i = 0; i < VQNIC_NET_VQS; i++) {
		err = vqnic_fill_queue(msg, vdev, i);
		if (err)
			return err;
	}
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
	    vqnic_put_u64(msg, VQNIC_A_DEV_OFFERED, offer->features))
		return -EMSGSIZE;

	mutex_lock(&vdev->lock);
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
 * Answers a do with what is said of `card`, or of its device `dev_name`; -ENODEV if it has no such
 * device.
 */
static int vqnic_answer(struct sk_buff *msg, struct genl_info *info, struct vqnic_card *card,
			const struct nlattr *dev_name)
{
	struct vqnic_vdev *vdev = NULL;
	int err = -ENODEV;

	mutex_lock(&card->lock);
	if (dev_name)
		vdev = vqnic_find_dev(card, dev_name);
	if (vdev || !dev_name)
		err = vqnic_put_message(msg, info->snd_portid, info->snd_seq, 0, info->genlhdr->cmd,
					card, vdev);
	mutex_unlock(&card->lock);
	if (err == -EIO)
		NL_SET_ERR_MSG(info->extack, "the card does not answer");
	return err;
}

static int vqnic_get_locked(struct sk_buff *msg, struct genl_info *info)
{
	const struct nlattr *card_name = info->attrs[VQNIC_A_CARD];
	const struct nlattr *dev_name = NULL;
	struct vqnic_card *card;
	int err = -ENODEV;

	if (vqnic_views[info->genlhdr->cmd].of_dev)
		dev_name = info->attrs[VQNIC_A_DEV_NAME];
	if (card_name) {
		card = vqnic_find_card(card_name);
		if (!card) {
			NL_SET_ERR_MSG_ATTR(info->extack, card_name, "no such vqnic card");
			return -ENODEV;
		}
		err = vqnic_answer(msg, info, card, dev_name);
	} else {
		list_for_each_entry(card, &vqnic_cards, list) {
			err = vqnic_answer(msg, info, card, dev_name);
			if (err != -ENODEV)
				break;
		}
	}
	if (err == -ENODEV)
		NL_SET_ERR_MSG_ATTR(info->extack, dev_name, "no such vDPA device of a vqnic card");
	return err;
}

static int vqnic_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	const struct vqnic_view *view = &vqnic_views[info->genlhdr->cmd];
	struct sk_buff *msg;
	int err;

	if (!view->of_card && GENL_REQ_ATTR_CHECK(info, VQNIC_A_DEV_NAME)) {
		NL_SET_ERR_MSG(info->extack, "a vDPA device must be named");
		return -EINVAL;
	}
	if (!info->attrs[VQNIC_A_CARD] && !(view->of_dev && info->attrs[VQNIC_A_DEV_NAME])) {
		NL_SET_ERR_ATTR_MISS(info->extack, NULL, VQNIC_A_CARD);
		NL_SET_ERR_MSG(info->extack, "a card must be named");
		return -EINVAL;
	}
	msg = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!msg)
		return -ENOMEM;
	mutex_lock(&vqnic_cards_lock);
	err = vqnic_get_locked(msg, info);
	mutex_unlock(&vqnic_cards_lock);
	if (err) {
		nlmsg_free(msg);
		return err;
	}
	return genlmsg_reply(msg, info);
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
		.dumpit = vqnic_get_dumpit,
		.policy = vqnic_card_policy,
		.maxattr = VQNIC_A_CARD,
		.flags = GENL_CMD_CAP_DUMP,
	},
};

static struct genl_family vqnic_genl __ro_after_init = {
	.name		= VQNIC_GENL_NAME,
	.version	= VQNIC_GENL_VERSION,
	.module		= THIS_MODULE,
	.split_ops	= vqnic_genl_ops,
	.n_split_ops	= ARRAY_SIZE(vqnic_genl_ops),
};

int vqnic_netlink_register(void)
{
	return genl_register_family(&vqnic_genl);
}

void vqnic_netlink_unregister(void)
{
	genl_unregister_family(&vqnic_genl);
}

void vqnic_netlink_add(struct vqnic_card *card)
{
	mutex_lock(&vqnic_cards_lock);
	card->id = vqnic_next_id++;
	list_add_tail(&card->list, &vqnic_cards);
	mutex_unlock(&vqnic_cards_lock);
}

void vqnic_netlink_del(struct vqnic_card *card)
{
	mutex_lock(&vqnic_cards_lock);
	list_del(&card->list);
	mutex_unlock(&vqnic_cards_lock);
}

MODULE_ALIAS_GENL_FAMILY(VQNIC_GENL_NAME);
