// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whom frames are for, and what a vdev may send: the card's MAC table, its VLAN tables, and each
 * vdev's receive modes and policy.
 *
 * Two owners, never mixed. The guest's wish comes by the control queue, and is forgotten when the
 * vdev is reset. The operator's policy comes by netlink, and lives as long as the vDPA device. What
 * the card does is the intersection, vqnic_filter_intersect(); both are kept as they were given,
 * so that a policy that is loosened gives the guest what it had asked for before.
 *
 * As in virtio 5.1.6.5.1, receive modes and tables are best effort: a guest may wish what its
 * policy does not allow, and does not learn of it. Its own address is not: that is refused.
 *
 * What a vdev may ask for is bounded so that all vdevs' wishes fit in the card at once: no guest
 * takes room from another.
 */
#include <linux/bitfield.h>
#include <linux/bitmap.h>
#include <linux/etherdevice.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/virtio_net.h>

#include "mactable.h"
#include "vqnic.h"

/* Of the MAC table, what can be filled without fear that a search finds no room. */
#define VQNIC_MAC_FILL(slots) ((slots) * 7 / 8)

/* What the card does for a vdev. */
struct vqnic_in_force {
	unsigned int macs;
	u8 mac[1 + VQNIC_FILTER_MACS][ETH_ALEN];	/* own address first, if it is allowed */
	u32 rx_mode;					/* VQNIC_VDEV_RX_MODE_* */
	u32 policy;					/* VQNIC_VDEV_POLICY_* */
	DECLARE_BITMAP(rx_vlans, VQNIC_VLANS);		/* with VLAN_FILTER */
	DECLARE_BITMAP(tx_vlans, VQNIC_VLANS);		/* with VLAN_CHECK */
};

struct vqnic_filter_vdev {
	bool open;		/* the vdev is used: wish and policy count */
	bool up;		/* the card has `now` */
	u8 given[ETH_ALEN];	/* own address as the operator gave it */
	struct vqnic_wish wish;
	struct vqnic_policy policy;
	struct vqnic_in_force now;
};

struct vqnic_filter {
	struct vqnic_card *card;
	struct mutex lock;	/* of all that follows, and of the filter bank's registers */
	unsigned int macs_max;	/* of a vdev, its own address not counted */
	struct vqnic_mac_table table;
	u32 vlan_rx[VQNIC_VLANS];	/* as the card has them */
	u32 vlan_tx[VQNIC_VLANS];
	struct vqnic_in_force next;	/* scratch */
	struct vqnic_wish old_wish;	/* scratch */
	struct vqnic_policy old_policy;	/* scratch */
	struct vqnic_filter_vdev vdevs[];
};

static struct vqnic_filter_vdev *vqnic_filter_of(const struct vqnic_vdev *vdev)
{
	return &vdev->card->filter->vdevs[vdev->index];
}

static int vqnic_filter_write_slot(struct vqnic_mac_table *table, unsigned int way,
				   unsigned int row, const struct vqnic_mac_slot *slot)
{
	struct vqnic_filter *filter = container_of(table, struct vqnic_filter, table);

	return vqnic_cmd_set_mac_slot(filter->card, way, row, slot->mac, slot->vdevs);
}

/* Whether the operator has given the vdev the unicast address, or allowed it this one. */
static bool vqnic_mac_given(const struct vqnic_filter_vdev *vdev, const u8 *mac)
{
	unsigned int i;

	if (ether_addr_equal(mac, vdev->given))
		return true;
	for (i = 0; i < vdev->policy.unicast; i++)
		if (ether_addr_equal(mac, vdev->policy.macs[i]))
			return true;
	return false;
}

/*
 * Whether the policy lets the vdev have the unicast address. An untrusted vdev may have any with
 * the spoof check off, but not what is another's.
 */
static bool vqnic_mac_allowed(const struct vqnic_filter *filter, unsigned int index, const u8 *mac)
{
	const struct vqnic_filter_vdev *vdev = &filter->vdevs[index];
	unsigned int i;

	if (vqnic_mac_given(vdev, mac))
		return true;
	if (vdev->policy.spoof_check)
		return false;
	for (i = 0; !vdev->policy.trust && i < filter->card->info.vdevs; i++)
		if (filter->vdevs[i].open && vqnic_mac_given(&filter->vdevs[i], mac))
			return false;
	return true;
}

/* Adds an address, unless the vdev has as many as are its share of the card's table. */
static void vqnic_force_mac(const struct vqnic_filter *filter, struct vqnic_in_force *force,
			    const u8 *mac)
{
	unsigned int i;

	/* Broadcasts have a mode of their own. */
	if (is_broadcast_ether_addr(mac) || force->macs > filter->macs_max)
		return;
	for (i = 0; i < force->macs; i++)
		if (ether_addr_equal(force->mac[i], mac))
			return;
	ether_addr_copy(force->mac[force->macs++], mac);
}

static u32 vqnic_force_rx_mode(const struct vqnic_filter_vdev *vdev)
{
	const struct vqnic_policy *policy = &vdev->policy;
	const struct vqnic_wish *wish = &vdev->wish;
	const u32 trusted = VQNIC_VDEV_RX_MODE_PROMISC | VQNIC_VDEV_RX_MODE_ALLMULTI |
			    VQNIC_VDEV_RX_MODE_ALLUNI;
	u32 mode = wish->rx_mode;

	if (!policy->trust)
		mode &= ~trusted;
	/* A driver that does not filter, or not yet, gets what it could not ask for. */
	if (!wish->filters)
		mode |= VQNIC_VDEV_RX_MODE_ALLMULTI;
	/* In a port VLAN all frames are of that one, and come without a tag. */
	if (!policy->port_vlan && (wish->vlan_filter || !policy->all_vlans))
		mode |= VQNIC_VDEV_RX_MODE_VLAN_FILTER;
	return mode;
}

static u32 vqnic_force_policy(const struct vqnic_policy *policy)
{
	u32 value = 0;

	if (policy->spoof_check)
		value |= VQNIC_VDEV_POLICY_SPOOF_CHECK;
	if (policy->port_vlan)
		value |= VQNIC_VDEV_POLICY_PORT_VLAN |
			 FIELD_PREP(VQNIC_VDEV_POLICY_PVID, policy->port_vlan) |
			 FIELD_PREP(VQNIC_VDEV_POLICY_PCP, policy->pcp);
	else if (!policy->all_vlans)
		value |= VQNIC_VDEV_POLICY_VLAN_CHECK;
	return value;
}

/* What the card is to do for the vdev: what the guest wishes and the operator allows. */
static void vqnic_filter_intersect(const struct vqnic_filter *filter, unsigned int index,
				   struct vqnic_in_force *force)
{
	const struct vqnic_filter_vdev *vdev = &filter->vdevs[index];
	const struct vqnic_policy *policy = &vdev->policy;
	const struct vqnic_wish *wish = &vdev->wish;
	const u32 all_unicast = VQNIC_VDEV_RX_MODE_PROMISC | VQNIC_VDEV_RX_MODE_ALLUNI;
	unsigned int i, count;

	memset(force, 0, sizeof(*force));
	if (!vdev->open)
		return;
	if (vqnic_mac_allowed(filter, index, wish->mac))
		vqnic_force_mac(filter, force, wish->mac);
	/* More than it may have now it can only have wished for earlier. */
	count = min(wish->unicast + wish->multicast, policy->macs_max);
	for (i = 0; i < count; i++)
		if (i >= wish->unicast || vqnic_mac_allowed(filter, index, wish->macs[i]))
			vqnic_force_mac(filter, force, wish->macs[i]);
	/* Who wishes for all that there is gets what is allowed of it. */
	for (i = 0; wish->rx_mode & all_unicast && i < policy->unicast; i++)
		vqnic_force_mac(filter, force, policy->macs[i]);
	force->rx_mode = vqnic_force_rx_mode(vdev);
	force->policy = vqnic_force_policy(policy);
	if (force->policy & VQNIC_VDEV_POLICY_VLAN_CHECK)
		bitmap_copy(force->tx_vlans, policy->vlans, VQNIC_VLANS);
	if (force->rx_mode & VQNIC_VDEV_RX_MODE_VLAN_FILTER) {
		bitmap_fill(force->rx_vlans, VQNIC_VLANS);
		if (wish->vlan_filter)
			bitmap_copy(force->rx_vlans, wish->vlans, VQNIC_VLANS);
		if (!policy->all_vlans)
			bitmap_and(force->rx_vlans, force->rx_vlans, policy->vlans, VQNIC_VLANS);
	}
}

static bool vqnic_force_has_mac(const struct vqnic_in_force *force, const u8 *mac)
{
	unsigned int i;

	for (i = 0; i < force->macs; i++)
		if (ether_addr_equal(force->mac[i], mac))
			return true;
	return false;
}

/*
 * Adds to, or takes out of, the MAC table what `some` has and `others` has not. An error ends the
 * adding, with *done the number of addresses looked at.
 */
static int vqnic_filter_add_macs(struct vqnic_filter *filter, unsigned int index,
				 const struct vqnic_in_force *some,
				 const struct vqnic_in_force *others, unsigned int *done)
{
	int err;

	for (*done = 0; *done < some->macs; ++*done) {
		const u8 *mac = some->mac[*done];

		if (vqnic_force_has_mac(others, mac))
			continue;
		err = vqnic_mac_add(&filter->table, mac, BIT(index));
		if (err)
			return err;
	}
	return 0;
}

static void vqnic_filter_del_macs(struct vqnic_filter *filter, unsigned int index,
				  const struct vqnic_in_force *some,
				  const struct vqnic_in_force *others, unsigned int count)
{
	unsigned int i;

	/* Fails only if the card is lost, and then there is nothing to take out. */
	for (i = 0; i < count; i++)
		if (!vqnic_force_has_mac(others, some->mac[i]))
			vqnic_mac_del(&filter->table, some->mac[i], BIT(index));
}

static void vqnic_filter_assign(u32 *vdevs, unsigned int index, bool on)
{
	if (on)
		*vdevs |= BIT(index);
	else
		*vdevs &= ~BIT(index);
}

/*
 * Sets or clears the vdev's bit of each VLAN that `some` has and `others` has not, rx and tx with
 * one change of the card's.
 */
static void vqnic_filter_change_vlans(struct vqnic_filter *filter, unsigned int index,
				      const struct vqnic_in_force *some,
				      const struct vqnic_in_force *others, bool on)
{
	unsigned int i;

	for (i = 0; i < BITS_TO_LONGS(VQNIC_VLANS); i++) {
		unsigned long rx = some->rx_vlans[i] & ~others->rx_vlans[i];
		unsigned long tx = some->tx_vlans[i] & ~others->tx_vlans[i];
		unsigned long left;

		for (left = rx | tx; left; left &= left - 1) {
			unsigned int bit = __ffs(left);
			unsigned int vid = i * BITS_PER_LONG + bit;

			if (rx & BIT(bit))
				vqnic_filter_assign(&filter->vlan_rx[vid], index, on);
			if (tx & BIT(bit))
				vqnic_filter_assign(&filter->vlan_tx[vid], index, on);
			vqnic_cmd_set_vlan(filter->card, vid, filter->vlan_rx[vid],
					   filter->vlan_tx[vid]);
		}
	}
}

/*
 * Makes the card do what wish and policy say now. What is new comes first and what is no more
 * wanted goes last, so that what was there before and is there afterwards is never missed. On an
 * error the card does what it did before. A card that is not up gets it later. filter->lock is
 * held.
 */
static int vqnic_filter_apply(struct vqnic_vdev *vdev)
{
	struct vqnic_filter *filter = vdev->card->filter;
	struct vqnic_filter_vdev *own = vqnic_filter_of(vdev);
	struct vqnic_in_force *next = &filter->next;
	unsigned int done;
	int err;

	lockdep_assert_held(&filter->lock);
	if (!own->up)
		return 0;
	vqnic_filter_intersect(filter, vdev->index, next);
	if (!memcmp(next, &own->now, sizeof(*next)))
		return 0;
	err = vqnic_filter_add_macs(filter, vdev->index, next, &own->now, &done);
	if (err) {
		vqnic_filter_del_macs(filter, vdev->index, next, &own->now, done);
		return err;
	}
	vqnic_filter_change_vlans(filter, vdev->index, next, &own->now, true);
	vqnic_cmd_set_filter(vdev, next->rx_mode, next->policy);
	vqnic_filter_change_vlans(filter, vdev->index, &own->now, next, false);
	vqnic_filter_del_macs(filter, vdev->index, &own->now, next, own->now.macs);
	own->now = *next;
	return 0;
}

/* What is given to a vdev came or went: others may have less or more. filter->lock is held. */
static void vqnic_filter_apply_others(struct vqnic_vdev *vdev)
{
	struct vqnic_card *card = vdev->card;
	unsigned int i;

	/* Without room for an address that is allowed again, the others stay as they are. */
	for (i = 0; i < card->info.vdevs; i++)
		if (i != vdev->index)
			vqnic_filter_apply(&card->vdevs[i]);
}

/* Begins a change of the guest's wish, which vqnic_filter_end_wish() ends. */
static struct vqnic_wish *vqnic_filter_begin_wish(struct vqnic_vdev *vdev)
{
	struct vqnic_filter *filter = vdev->card->filter;
	struct vqnic_wish *wish = &vqnic_filter_of(vdev)->wish;

	mutex_lock(&filter->lock);
	filter->old_wish = *wish;
	return wish;
}

/* On an error of the caller's, or of the card's, the wish is as it was. */
static int vqnic_filter_end_wish(struct vqnic_vdev *vdev, int err)
{
	struct vqnic_filter *filter = vdev->card->filter;

	if (!err)
		err = vqnic_filter_apply(vdev);
	if (err)
		vqnic_filter_of(vdev)->wish = filter->old_wish;
	mutex_unlock(&filter->lock);
	return err;
}

/* What a vdev has after its reset. As QEMU's, it is promiscuous until its driver says otherwise. */
static void vqnic_wish_default(const struct vqnic_filter_vdev *own, struct vqnic_wish *wish)
{
	memset(wish, 0, sizeof(*wish));
	ether_addr_copy(wish->mac, own->given);
	wish->rx_mode = VQNIC_VDEV_RX_MODE_PROMISC;
}

/* The guest's own address: -EINVAL if it is none, -EPERM if the policy does not allow it. */
int vqnic_filter_set_mac(struct vqnic_vdev *vdev, const u8 *mac)
{
	struct vqnic_wish *wish = vqnic_filter_begin_wish(vdev);
	int err = 0;

	memcpy(wish->mac, mac, ETH_ALEN);
	if (!is_valid_ether_addr(wish->mac))
		err = -EINVAL;
	else if (!vqnic_mac_allowed(vdev->card->filter, vdev->index, wish->mac))
		err = -EPERM;
	return vqnic_filter_end_wish(vdev, err);
}

/*
 * Fills in as many addresses as *wish has. -ENOSPC: more than a vdev can have. -EINVAL: one of them
 * is not what it is said to be.
 */
int vqnic_filter_fill_macs(const struct vqnic_card *card, struct vqnic_wish *wish,
			   const u8 *unicast, const u8 *multicast)
{
	unsigned int max = card->filter->macs_max;
	unsigned int i;

	if (wish->unicast > max || wish->multicast > max - wish->unicast)
		return -ENOSPC;
	memcpy(wish->macs, unicast, wish->unicast * ETH_ALEN);
	memcpy(wish->macs + wish->unicast, multicast, wish->multicast * ETH_ALEN);
	for (i = 0; i < wish->unicast + wish->multicast; i++)
		if (i < wish->unicast ? !is_valid_ether_addr(wish->macs[i]) :
					!is_multicast_ether_addr(wish->macs[i]))
			return -EINVAL;
	return 0;
}

/*
 * The guest's other addresses, which replace those from before. -ENOSPC: more than a vdev can have.
 * -EINVAL: one of them is not what it is said to be.
 */
int vqnic_filter_set_macs(struct vqnic_vdev *vdev, const u8 *unicast, unsigned int unicasts,
			  const u8 *multicast, unsigned int multicasts)
{
	struct vqnic_wish *wish = vqnic_filter_begin_wish(vdev);
	unsigned int max = vqnic_filter_of(vdev)->policy.macs_max;
	int err = -ENOSPC;

	if (unicasts <= max && multicasts <= max - unicasts) {
		wish->filters = true;
		wish->unicast = unicasts;
		wish->multicast = multicasts;
		err = vqnic_filter_fill_macs(vdev->card, wish, unicast, multicast);
	}
	return vqnic_filter_end_wish(vdev, err);
}

/* One of the guest's VQNIC_VDEV_RX_MODE_*, other than VLAN_FILTER. */
int vqnic_filter_set_rx_mode(struct vqnic_vdev *vdev, u32 mode, bool on)
{
	struct vqnic_wish *wish = vqnic_filter_begin_wish(vdev);

	wish->filters = true;
	wish->rx_mode = on ? wish->rx_mode | mode : wish->rx_mode & ~mode;
	return vqnic_filter_end_wish(vdev, 0);
}

/* Whether the guest wants frames of the VLAN, which is below VQNIC_VLANS. */
int vqnic_filter_set_vlan(struct vqnic_vdev *vdev, u16 vid, bool on)
{
	struct vqnic_wish *wish = vqnic_filter_begin_wish(vdev);

	__assign_bit(vid, wish->vlans, on);
	return vqnic_filter_end_wish(vdev, 0);
}

/* What the guest wished for elsewhere, but for whether it chooses its VLANs. */
int vqnic_filter_set_wish(struct vqnic_vdev *vdev, const struct vqnic_wish *wish)
{
	struct vqnic_wish *own = vqnic_filter_begin_wish(vdev);
	bool vlan_filter = own->vlan_filter;

	*own = *wish;
	own->vlan_filter = vlan_filter;
	return vqnic_filter_end_wish(vdev, 0);
}

void vqnic_filter_get_wish(struct vqnic_vdev *vdev, struct vqnic_wish *wish)
{
	struct vqnic_filter *filter = vdev->card->filter;

	mutex_lock(&filter->lock);
	*wish = vqnic_filter_of(vdev)->wish;
	mutex_unlock(&filter->lock);
}

/* The wish of a vdev whose driver has said nothing. */
void vqnic_filter_default_wish(struct vqnic_vdev *vdev, struct vqnic_wish *wish)
{
	struct vqnic_filter *filter = vdev->card->filter;

	mutex_lock(&filter->lock);
	vqnic_wish_default(vqnic_filter_of(vdev), wish);
	mutex_unlock(&filter->lock);
}

/* The vdev's driver has set DRIVER_OK, and has accepted `features`. */
int vqnic_filter_vdev_start(struct vqnic_vdev *vdev, u64 features)
{
	struct vqnic_wish *wish = vqnic_filter_begin_wish(vdev);

	wish->vlan_filter = features & BIT_ULL(VIRTIO_NET_F_CTRL_VLAN);
	return vqnic_filter_end_wish(vdev, 0);
}

/* The vdev was reset: its driver has to say again what it wants. */
void vqnic_filter_vdev_reset(struct vqnic_vdev *vdev)
{
	struct vqnic_filter *filter = vdev->card->filter;
	struct vqnic_filter_vdev *own = vqnic_filter_of(vdev);

	mutex_lock(&filter->lock);
	vqnic_wish_default(own, &own->wish);
	/* Fails only if the card is lost: there is room for the address that a vdev was given. */
	vqnic_filter_apply(vdev);
	mutex_unlock(&filter->lock);
}

/* The address that the vdev's driver is to see in the configuration (virtio 5.1.6.5.2). */
void vqnic_filter_get_mac(struct vqnic_vdev *vdev, u8 *mac)
{
	struct vqnic_filter *filter = vdev->card->filter;

	mutex_lock(&filter->lock);
	memcpy(mac, vqnic_filter_of(vdev)->wish.mac, ETH_ALEN);
	mutex_unlock(&filter->lock);
}

/*
 * The operator gives the vdev another address. A guest that did not choose one itself has it from
 * now on. On an error the one from before stays.
 */
int vqnic_filter_set_given(struct vqnic_vdev *vdev, const u8 *mac)
{
	struct vqnic_filter *filter = vdev->card->filter;
	struct vqnic_filter_vdev *own = vqnic_filter_of(vdev);
	u8 before[ETH_ALEN];
	int err;

	mutex_lock(&filter->lock);
	filter->old_wish = own->wish;
	memcpy(before, own->given, ETH_ALEN);
	if (!memcmp(own->wish.mac, own->given, ETH_ALEN))
		memcpy(own->wish.mac, mac, ETH_ALEN);
	memcpy(own->given, mac, ETH_ALEN);
	err = vqnic_filter_apply(vdev);
	if (err && vqnic_card_up(vdev->card)) {
		own->wish = filter->old_wish;
		memcpy(own->given, before, ETH_ALEN);
	} else {
		vqnic_filter_apply_others(vdev);
		err = 0;
	}
	mutex_unlock(&filter->lock);
	return err;
}

void vqnic_filter_get_policy(struct vqnic_vdev *vdev, struct vqnic_policy *policy)
{
	struct vqnic_filter *filter = vdev->card->filter;

	mutex_lock(&filter->lock);
	*policy = vqnic_filter_of(vdev)->policy;
	mutex_unlock(&filter->lock);
}

/* The most addresses besides its own that a policy can let a vdev have. */
unsigned int vqnic_filter_macs_max(const struct vqnic_card *card)
{
	return card->filter->macs_max;
}

/* The operator's policy, all of it. On an error the one from before stays. */
int vqnic_filter_set_policy(struct vqnic_vdev *vdev, const struct vqnic_policy *policy)
{
	struct vqnic_filter *filter = vdev->card->filter;
	struct vqnic_filter_vdev *own = vqnic_filter_of(vdev);
	int err;

	mutex_lock(&filter->lock);
	filter->old_policy = own->policy;
	own->policy = *policy;
	err = vqnic_filter_apply(vdev);
	/* A card that went away meanwhile gets it when it is back. */
	if (err && vqnic_card_up(vdev->card)) {
		own->policy = filter->old_policy;
	} else {
		vqnic_filter_apply_others(vdev);
		err = 0;
	}
	mutex_unlock(&filter->lock);
	return err;
}

/* Copies what the vdev's guest wishes, its operator allows and the card does. */
void vqnic_filter_show(struct vqnic_vdev *vdev, struct vqnic_filter_show *show)
{
	struct vqnic_filter *filter = vdev->card->filter;
	struct vqnic_filter_vdev *own = vqnic_filter_of(vdev);
	unsigned int i;

	memset(show, 0, sizeof(*show));
	mutex_lock(&filter->lock);
	show->wish = own->wish;
	show->policy = own->policy;
	ether_addr_copy(show->given, own->given);
	if (own->up) {
		show->up = true;
		show->rx_mode = own->now.rx_mode & ~VQNIC_VDEV_RX_MODE_VLAN_FILTER;
		show->rx_all_vlans = !(own->now.rx_mode & VQNIC_VDEV_RX_MODE_VLAN_FILTER);
		show->tx_all_vlans = !(own->now.policy & VQNIC_VDEV_POLICY_VLAN_CHECK);
		bitmap_copy(show->rx_vlans, own->now.rx_vlans, VQNIC_VLANS);
		bitmap_copy(show->tx_vlans, own->now.tx_vlans, VQNIC_VLANS);
		for (i = 0; i < own->now.macs; i++)
			if (!is_multicast_ether_addr(own->now.mac[i]))
				ether_addr_copy(show->macs[show->unicast++], own->now.mac[i]);
		for (i = 0; i < own->now.macs; i++)
			if (is_multicast_ether_addr(own->now.mac[i]))
				ether_addr_copy(show->macs[show->unicast + show->multicast++],
						own->now.mac[i]);
	}
	mutex_unlock(&filter->lock);
}

/* The slot becomes a device, with vdev->offer: no wish yet, and the default policy. */
void vqnic_filter_vdev_open(struct vqnic_vdev *vdev)
{
	struct vqnic_filter *filter = vdev->card->filter;
	struct vqnic_filter_vdev *own = vqnic_filter_of(vdev);

	mutex_lock(&filter->lock);
	memset(own, 0, sizeof(*own));
	own->open = true;
	own->policy.all_vlans = true;
	own->policy.macs_max = filter->macs_max;
	ether_addr_copy(own->given, vdev->offer.mac);
	vqnic_wish_default(own, &own->wish);
	mutex_unlock(&filter->lock);
}

/* The card has nothing of the vdev and is to have all. Before the vdev is enabled. */
int vqnic_filter_vdev_up(struct vqnic_vdev *vdev)
{
	struct vqnic_filter *filter = vdev->card->filter;
	struct vqnic_filter_vdev *own = vqnic_filter_of(vdev);
	int err;

	mutex_lock(&filter->lock);
	own->up = true;
	memset(&own->now, 0, sizeof(own->now));
	err = vqnic_filter_apply(vdev);
	own->up = !err;
	if (!err)
		vqnic_filter_apply_others(vdev);
	mutex_unlock(&filter->lock);
	return err;
}

/* The card has lost all of the vdev. */
void vqnic_filter_vdev_down(struct vqnic_vdev *vdev)
{
	struct vqnic_filter *filter = vdev->card->filter;

	mutex_lock(&filter->lock);
	vqnic_filter_of(vdev)->up = false;
	mutex_unlock(&filter->lock);
}

/* The device is no more: neither is what the card did for it. After the vdev was disabled. */
void vqnic_filter_vdev_close(struct vqnic_vdev *vdev)
{
	struct vqnic_filter *filter = vdev->card->filter;
	struct vqnic_filter_vdev *own = vqnic_filter_of(vdev);

	mutex_lock(&filter->lock);
	own->open = false;
	vqnic_filter_apply(vdev);
	own->up = false;
	vqnic_filter_apply_others(vdev);
	mutex_unlock(&filter->lock);
}

/*
 * The card was reset: its tables are empty, and get a new key. Each vdev that is open needs
 * vqnic_filter_vdev_up().
 */
void vqnic_filter_restart(struct vqnic_card *card)
{
	struct vqnic_filter *filter = card->filter;
	struct vqnic_mac_table *table = &filter->table;

	mutex_lock(&filter->lock);
	memset(filter->vlan_rx, 0, sizeof(filter->vlan_rx));
	memset(filter->vlan_tx, 0, sizeof(filter->vlan_tx));
	memset(table->slots, 0, sizeof(*table->slots) * table->ways * table->rows);
	/* Unknown to guests, who could otherwise choose addresses that all lie in the same rows. */
	get_random_bytes(table->key, sizeof(table->key));
	vqnic_cmd_set_mac_key(card, table->key);
	mutex_unlock(&filter->lock);
}

/* At probe, after the card's reset; vdevs are not open. */
int vqnic_filter_open(struct vqnic_card *card)
{
	const struct vqnic_info *info = &card->info;
	unsigned int slots = info->mac_ways * info->mac_rows;
	struct vqnic_filter *filter;

	filter = kvzalloc(struct_size(filter, vdevs, info->vdevs), GFP_KERNEL);
	if (!filter)
		return -ENOMEM;
	filter->table.slots = kvcalloc(slots, sizeof(*filter->table.slots), GFP_KERNEL);
	if (!filter->table.slots) {
		kvfree(filter);
		return -ENOMEM;
	}
	filter->card = card;
	mutex_init(&filter->lock);
	filter->macs_max = min_t(unsigned int, VQNIC_MAC_FILL(slots) / info->vdevs,
				 1 + VQNIC_FILTER_MACS) - 1;
	filter->table.ways = info->mac_ways;
	filter->table.rows = info->mac_rows;
	filter->table.write = vqnic_filter_write_slot;
	card->filter = filter;
	vqnic_filter_restart(card);
	return 0;
}

void vqnic_filter_close(struct vqnic_card *card)
{
	if (!card->filter)
		return;
	kvfree(card->filter->table.slots);
	kvfree(card->filter);
	card->filter = NULL;
}
