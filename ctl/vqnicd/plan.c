// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/virtio_config.h>
#include <linux/virtio_net.h>

#include "plan.h"

#define BIT(bit) (UINT64_C(1) << (bit))

/* What a plan is made from. */
struct planner {
	struct plan *plan;
	const struct config *want;
	const struct actual *actual;
	char *why;
};

__attribute__((format(printf, 3, 4)))
static int refuse(char *why, int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, PLAN_WHY_BYTES, format, args);
	va_end(args);
	return err;
}

const char *change_name(enum change_what what)
{
	static const char *const names[] = {
		[CHANGE_REMOVE] = "remove", [CHANGE_REPLACE] = "replace", [CHANGE_ADD] = "add",
		[CHANGE_MAC] = "mac", [CHANGE_POLICY] = "policy", [CHANGE_WAIT] = "wait",
	};

	return names[what];
}

/* A new change at the plan's end; NULL: no memory. */
static struct change *add_change(struct planner *p, enum change_what what, const char *card, const char *dev,
				 const struct config_dev *want)
{
	struct plan *plan = p->plan;
	struct change *changes = realloc(plan->changes, (plan->count + 1) * sizeof(*changes)), *change;

	if (!changes)
		return NULL;
	plan->changes = changes;
	change = &changes[plan->count];
	*change = (struct change){ .what = what, .want = want, .dev = dev ? strdup(dev) : NULL };
	if (dev && !change->dev)
		return NULL;
	plan->count++;
	snprintf(change->card, sizeof(change->card), "%s", card);
	return change;
}

/* Adds to the list of what differs. */
__attribute__((format(printf, 2, 3)))
static void tell(char text[static CHANGE_TEXT_BYTES], const char *format, ...)
{
	size_t len = strlen(text);
	va_list args;

	if (len)
		len += (size_t)snprintf(text + len, CHANGE_TEXT_BYTES - len, ", ");
	if (len >= CHANGE_TEXT_BYTES)
		return;
	va_start(args, format);
	vsnprintf(text + len, CHANGE_TEXT_BYTES - len, format, args);
	va_end(args);
}

/* ---- what is wanted, and what there is ---- */

/* The virtio features that a device is to offer, as the driver would choose them. */
static uint64_t wanted_features(const struct config_dev *want, const struct actual_card *card)
{
	const uint64_t pairs = BIT(VIRTIO_NET_F_MQ) | BIT(VIRTIO_NET_F_CTRL_VQ);
	const uint64_t basic = BIT(VIRTIO_F_VERSION_1) | BIT(VIRTIO_F_ACCESS_PLATFORM) | BIT(VIRTIO_NET_F_MAC) |
			       BIT(VIRTIO_NET_F_MTU) | BIT(VIRTIO_NET_F_STATUS);

	switch (want->features) {
	case CONFIG_FEATURES_ALL:
		return card->features;
	case CONFIG_FEATURES_BASIC:
		return (basic | (want->pairs > 1 ? pairs : 0)) & card->features;
	default:
		/* With one pair there is nothing to choose. */
		return card->default_features & ~(want->pairs > 1 ? 0 : BIT(VIRTIO_NET_F_MQ));
	}
}

/* What differs of that which a device has for life. */
static void compare_life(char text[static CHANGE_TEXT_BYTES], const struct config_dev *want, const struct actual_dev *is,
			 const struct actual_card *card)
{
	uint64_t features = wanted_features(want, card);

	if (strcmp(want->card, is->card))
		tell(text, "card %s -> %s", is->card, want->card);
	if (want->mtu != is->mtu)
		tell(text, "mtu %u -> %u", is->mtu, want->mtu);
	if (want->pairs != is->pairs)
		tell(text, "max-vqp %u -> %u", is->pairs, want->pairs);
	if (features != is->features)
		tell(text, "features %#llx -> %#llx", (unsigned long long)is->features, (unsigned long long)features);
}

static bool has_mac(const struct vqnic_policy *policy, const uint8_t *mac)
{
	for (uint32_t i = 0; i < policy->mac_count; i++)
		if (!memcmp(policy->macs[i], mac, VQNIC_MAC_BYTES))
			return true;
	return false;
}

/* In whatever order: both have no address twice. */
static bool same_macs(const struct vqnic_policy *a, const struct vqnic_policy *b)
{
	for (uint32_t i = 0; i < a->mac_count; i++)
		if (!has_mac(b, a->macs[i]))
			return false;
	return a->mac_count == b->mac_count;
}

static const char *on_off(bool on)
{
	return on ? "on" : "off";
}

/* "none", or its number. */
static const char *vlan_text(char text[static 8], uint16_t vid)
{
	snprintf(text, 8, "%.5u", vid);
	return vid ? text + strspn(text, "0") : "none";
}

/* What a device is to be allowed on that card (NULL: it is not there), with its default where the file says nothing. */
static struct vqnic_policy wanted_policy(const struct config_dev *want, const struct actual_card *card)
{
	struct vqnic_policy policy = want->policy;

	if (!VQNIC_HAS(&policy, VQNIC_FILTER_A_MACS_MAX) && card && card->macs_max) {
		VQNIC_GIVE(&policy, VQNIC_FILTER_A_MACS_MAX);
		policy.macs_max = card->macs_max;
	}
	return policy;
}

static void compare_policy(char text[static CHANGE_TEXT_BYTES], const struct vqnic_policy *want,
			   const struct vqnic_policy *is)
{
	char before[8], after[8];

	if (want->spoof_check != is->spoof_check)
		tell(text, "spoofchk %s -> %s", on_off(is->spoof_check), on_off(want->spoof_check));
	if (want->trust != is->trust)
		tell(text, "trust %s -> %s", on_off(is->trust), on_off(want->trust));
	if (want->port_vlan != is->port_vlan)
		tell(text, "port-vlan %s -> %s", vlan_text(before, is->port_vlan), vlan_text(after, want->port_vlan));
	if (want->pcp != is->pcp)
		tell(text, "pcp %u -> %u", is->pcp, want->pcp);
	if (VQNIC_HAS(want, VQNIC_FILTER_A_ALL_VLANS) != VQNIC_HAS(is, VQNIC_FILTER_A_ALL_VLANS) ||
	    memcmp(want->vlans, is->vlans, sizeof(want->vlans)))
		tell(text, "vlans");
	if (!same_macs(want, is))
		tell(text, "macs %u -> %u", is->mac_count, want->mac_count);
	if (VQNIC_HAS(want, VQNIC_FILTER_A_MACS_MAX) && want->macs_max != is->macs_max)
		tell(text, "macs-max %u -> %u", is->macs_max, want->macs_max);
}

/* All that differs. `card` NULL: that of what is wanted is not there. */
static void compare_dev(char text[static CHANGE_TEXT_BYTES], const struct config_dev *want, const struct actual_dev *is,
			const struct actual_card *card)
{
	struct vqnic_policy policy;

	if (card)
		compare_life(text, want, is, card);
	else if (strcmp(want->card, is->card))
		tell(text, "card %s -> %s", is->card, want->card);
	if (memcmp(want->mac, is->mac, sizeof(want->mac)))
		tell(text, "mac");
	policy = wanted_policy(want, card);
	compare_policy(text, &policy, &is->policy);
}

/* ---- what a card can do ---- */

/* Devices and queue pairs of a card, with those of others that stay. */
static int check_room(const struct planner *p, const struct names *own, const struct actual_card *card)
{
	uint32_t devs = 0, pairs = 0;

	for (size_t i = 0; i < p->want->dev_count; i++) {
		const struct config_dev *want = &p->want->devs[i];

		if (strcmp(want->card, card->address))
			continue;
		devs++;
		pairs += want->pairs;
	}
	for (size_t i = 0; i < p->actual->dev_count; i++) {
		const struct actual_dev *is = &p->actual->devs[i];

		if (strcmp(is->card, card->address) || config_find(p->want, is->name) || names_have(own, is->name))
			continue;
		devs++;
		pairs += is->pairs;
	}
	if (card->vdevs && devs > card->vdevs)
		return refuse(p->why, -ENOSPC, "card %s can have %u devices, and would have %u", card->address,
			      card->vdevs, devs);
	if (card->pairs && pairs > card->pairs)
		return refuse(p->why, -ENOSPC, "card %s has %u queue pairs, and its devices would have %u", card->address,
			      card->pairs, pairs);
	return 0;
}

static int check_dev(const struct planner *p, const struct names *own, const struct config_dev *want,
		     const struct actual_card *card)
{
	const struct actual_dev *is = actual_find_dev(p->actual, want->name);
	const uint64_t needed = BIT(VIRTIO_NET_F_MQ) | BIT(VIRTIO_NET_F_CTRL_VQ);

	if (is && !names_have(own, want->name)) {
		char text[CHANGE_TEXT_BYTES] = "";

		compare_dev(text, want, is, card);
		if (*text)
			return refuse(p->why, -EEXIST, "%s is there, vqnicd has not made it, and it differs: %s", want->name,
				      text);
	}
	if (!card)
		return 0;
	if (card->mtu_max && want->mtu > card->mtu_max)
		return refuse(p->why, -EINVAL, "%s: mtu %u: card %s has %u at most", want->name, want->mtu, card->address,
			      card->mtu_max);
	if (card->vdev_pairs && want->pairs > card->vdev_pairs)
		return refuse(p->why, -EINVAL, "%s: max-vqp %u: a device of card %s has %u at most", want->name,
			      want->pairs, card->address, card->vdev_pairs);
	if (want->pairs > 1 && needed & ~wanted_features(want, card))
		return refuse(p->why, -EINVAL, "%s: max-vqp %u: card %s has no control queue", want->name, want->pairs,
			      card->address);
	return 0;
}

static int check_cards(const struct planner *p, const struct names *own)
{
	int ret = 0;

	for (size_t i = 0; i < p->want->card_count && !ret; i++) {
		const struct actual_card *card = actual_find_card(p->actual, p->want->cards[i]);

		if (card)
			ret = check_room(p, own, card);
	}
	for (size_t i = 0; i < p->want->dev_count && !ret; i++)
		ret = check_dev(p, own, &p->want->devs[i], actual_find_card(p->actual, p->want->devs[i].card));
	return ret;
}

/* ---- the plan ---- */

/* Devices that are not wanted any more. */
static int plan_removals(struct planner *p, const struct names *own)
{
	for (size_t i = 0; i < p->actual->dev_count; i++) {
		const struct actual_dev *is = &p->actual->devs[i];

		if (!config_find(p->want, is->name) && names_have(own, is->name) &&
		    !add_change(p, CHANGE_REMOVE, is->card, is->name, NULL))
			return -ENOMEM;
	}
	return 0;
}

/* Of cards that are not there. */
static int plan_waits(struct planner *p)
{
	for (size_t i = 0; i < p->want->card_count; i++) {
		const char *address = p->want->cards[i];
		const struct actual_card *card = actual_find_card(p->actual, address);
		struct change *change;

		if (card && !card->dead)
			continue;
		change = add_change(p, CHANGE_WAIT, address, NULL, NULL);
		if (!change)
			return -ENOMEM;
		snprintf(change->pending, sizeof(change->pending), "%s",
			 p->actual->missing ? "the vqnic driver is not loaded" :
			 card ? "the card does not answer" : "there is no such card");
	}
	return 0;
}

/* Whether it was left out. */
static bool is_blocked(const struct plan *plan, const char *dev)
{
	for (size_t i = 0; i < plan->count; i++)
		if (plan->changes[i].what == CHANGE_WAIT && plan->changes[i].dev && !strcmp(plan->changes[i].dev, dev))
			return true;
	return false;
}

static int plan_dev(struct planner *p, enum change_what what, const struct config_dev *want)
{
	const struct actual_card *card = actual_find_card(p->actual, want->card);
	const struct actual_dev *is = actual_find_dev(p->actual, want->name);
	const struct vqnic_policy policy = wanted_policy(want, card);
	char life[CHANGE_TEXT_BYTES] = "", text[CHANGE_TEXT_BYTES] = "";
	struct change *change;

	if (!card || card->dead || is_blocked(p->plan, want->name))
		return 0;
	if (is)
		compare_life(life, want, is, card);
	switch (what) {
	case CHANGE_ADD:
		if (is)
			return 0;
		break;
	case CHANGE_REPLACE:
		if (!*life)
			return 0;
		snprintf(text, sizeof(text), "%s", life);
		break;
	case CHANGE_MAC:
		if (!is || *life || !memcmp(want->mac, is->mac, sizeof(want->mac)))
			return 0;
		break;
	case CHANGE_POLICY:
		if (is && !*life)
			compare_policy(text, &policy, &is->policy);
		if (!*text)
			return 0;
		break;
	default:
		return 0;
	}
	change = add_change(p, what, want->card, want->name, want);
	if (!change)
		return -ENOMEM;
	snprintf(change->text, sizeof(change->text), "%s", text);
	change->policy = policy;
	return 0;
}

/* Checks what is wanted. What cannot be is the plan's end, or is left out of it. */
static int check_want(struct planner *p, enum plan_mode mode, const struct names *own)
{
	int ret = 0;

	if (mode == PLAN_ALL)
		return check_cards(p, own);
	for (size_t i = 0; i < p->want->dev_count && !ret; i++) {
		const struct config_dev *want = &p->want->devs[i];
		struct change *change;

		if (!check_dev(p, own, want, actual_find_card(p->actual, want->card)))
			continue;
		change = add_change(p, CHANGE_WAIT, want->card, want->name, want);
		if (!change)
			return refuse(p->why, -ENOMEM, "out of memory");
		snprintf(change->pending, sizeof(change->pending), "%.255s", p->why);
	}
	return 0;
}

int plan_make(struct plan **plan, enum plan_mode mode, const struct config *want, const struct names *own,
	      const struct actual *actual, char why[static PLAN_WHY_BYTES])
{
	static const enum change_what order[] = { CHANGE_REPLACE, CHANGE_ADD, CHANGE_MAC, CHANGE_POLICY };
	struct planner p = { .want = want, .actual = actual, .why = why };
	int ret;

	*plan = NULL;
	p.plan = calloc(1, sizeof(*p.plan));
	if (!p.plan)
		return refuse(why, -ENOMEM, "out of memory");
	ret = check_want(&p, mode, own);
	if (ret) {
		plan_free(p.plan);
		return ret;
	}
	ret = plan_removals(&p, own);
	if (!ret)
		ret = plan_waits(&p);
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		for (size_t k = 0; k < want->dev_count && !ret; k++)
			ret = plan_dev(&p, order[i], &want->devs[k]);
	if (ret) {
		plan_free(p.plan);
		return refuse(why, ret, "out of memory");
	}
	*plan = p.plan;
	return 0;
}

void plan_free(struct plan *plan)
{
	if (!plan)
		return;
	for (size_t i = 0; i < plan->count; i++)
		free(plan->changes[i].dev);
	free(plan->changes);
	free(plan);
}

size_t plan_pending(const struct plan *plan)
{
	size_t pending = 0;

	for (size_t i = 0; i < plan->count; i++)
		pending += plan->changes[i].pending[0] != '\0';
	return pending;
}

/* ---- doing it ---- */

/* Keeps what the card's driver would choose. */
static int keep_card(const struct vqnic_card *card, void *opaque)
{
	struct actual_card *keep = opaque;

	keep->features = card->virtio_features;
	keep->default_features = card->default_features;
	keep->macs_max = card->macs_max;
	return 0;
}

/* Makes the device with all that it is to have, or not at all. */
static int add_dev(struct vqnic *vq, const struct config_dev *want, char *why)
{
	struct vqnic_dev_spec spec = { .mtu = want->mtu, .pairs = want->pairs };
	struct actual_card card = { 0 };
	struct vqnic_policy policy;
	int ret;

	ret = vqnic_cards(vq, want->card, keep_card, &card);
	if (ret)
		return refuse(why, ret, "%s", vqnic_error(vq));
	spec.features = wanted_features(want, &card);
	memcpy(spec.mac, want->mac, sizeof(spec.mac));
	VQNIC_GIVE(&spec, VQNIC_A_DEV_MAC);
	VQNIC_GIVE(&spec, VQNIC_A_DEV_MTU);
	VQNIC_GIVE(&spec, VQNIC_A_DEV_PAIRS);
	VQNIC_GIVE(&spec, VQNIC_A_DEV_OFFERED);
	ret = vqnic_dev_add(vq, want->card, want->name, &spec);
	if (ret)
		return refuse(why, ret, "%s", vqnic_error(vq));
	policy = wanted_policy(want, &card);
	ret = vqnic_set_policy(vq, want->card, want->name, &policy);
	if (ret) {
		refuse(why, ret, "%s", vqnic_error(vq));
		vqnic_dev_del(vq, want->card, want->name);
	}
	return ret;
}

/* Does of a change what makes room for others. */
static int make_room(struct change *change, struct vqnic *vq, char *why)
{
	int ret = 0;

	if (change->what == CHANGE_REMOVE || change->what == CHANGE_REPLACE)
		ret = vqnic_dev_del(vq, NULL, change->dev);
	return ret ? refuse(why, ret, "%s", vqnic_error(vq)) : 0;
}

/* Does the rest. */
static int make_dev(struct change *change, struct vqnic *vq, char *why)
{
	const struct config_dev *want = change->want;
	int ret = 0;

	switch (change->what) {
	case CHANGE_REPLACE:
	case CHANGE_ADD:
		ret = add_dev(vq, want, why);
		change->taken = ret == -EEXIST;
		return ret;
	case CHANGE_MAC:
		ret = vqnic_dev_set_mac(vq, want->card, want->name, want->mac);
		break;
	case CHANGE_POLICY:
		ret = vqnic_set_policy(vq, want->card, want->name, &change->policy);
		break;
	case CHANGE_REMOVE:
	case CHANGE_WAIT:
		break;
	}
	return ret ? refuse(why, ret, "%s", vqnic_error(vq)) : 0;
}

/* Whether what failed so may go well later: the card, the driver or the device is away, or the device is in use. */
static bool may_pass(int err)
{
	return err == -EBUSY || err == -ENODEV || err == -ENOENT || err == -EIO;
}

/* Does one half of all changes. */
static int run(struct plan *plan, enum plan_mode mode, struct vqnic *vq,
	       int (*half)(struct change *change, struct vqnic *vq, char *why),
	       char why[static PLAN_WHY_BYTES])
{
	for (size_t i = 0; i < plan->count; i++) {
		struct change *change = &plan->changes[i];
		char said[PLAN_WHY_BYTES];
		int ret = *change->pending ? 0 : half(change, vq, said);

		if (ret && !may_pass(ret) && mode == PLAN_ALL)
			return refuse(why, ret, "%s%s%s: %.400s", change_name(change->what), change->dev ? " " : "",
				      change->dev ? change->dev : "", said);
		if (ret)
			snprintf(change->pending, sizeof(change->pending), "%.255s", said);
		change->done = !*change->pending;
	}
	return 0;
}

int plan_run(struct plan *plan, enum plan_mode mode, struct vqnic *vq, char why[static PLAN_WHY_BYTES])
{
	int ret;

	/* One after the other would not do: of two devices that change places, each needs the other's. */
	ret = run(plan, mode, vq, make_room, why);
	return ret ? ret : run(plan, mode, vq, make_dev, why);
}
