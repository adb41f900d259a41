// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/netlink.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>

#include "decode.h"
#include "handle.h"
#include "state.h"

/* Bytes of device parts that the driver takes. */
#define PARTS_BYTES_MAX 32768

/* Puts into the request what else it carries. Returns 0, or other than that without memory. */
typedef int (*put_fn)(struct nl_msg *msg, const void *what);

/* What the driver is asked about, and what else the request carries. */
struct about {
	const char *card;	/* NULL: not named */
	const char *dev;	/* the same */
	put_fn put;		/* NULL: nothing else */
	const void *what;
};

static int put_about(struct nl_msg *msg, const void *what)
{
	const struct about *about = what;

	return (about->card && nla_put_string(msg, VQNIC_A_CARD, about->card)) ||
	       (about->dev && nla_put_string(msg, VQNIC_A_DEV_NAME, about->dev)) ||
	       (about->put && about->put(msg, about->what));
}

/* Asks the driver for `one` object, or for all (of `card`, unless NULL), with what `put` (may be NULL) makes of `what`. */
static int ask_with(struct vqnic *vq, uint8_t command, bool one, const char *card, const char *dev, put_fn put,
		    const void *what, struct reply *reply)
{
	const struct about about = { card, dev, put, what };
	const struct handle_question question = {
		.family = HANDLE_VQNIC, .command = command, .flags = one ? 0 : NLM_F_DUMP,
		.put = put_about, .what = &about,
	};

	return handle_ask(vq, &question, reply);
}

static int ask(struct vqnic *vq, uint8_t command, bool one, const char *card, const char *dev, struct reply *reply)
{
	return ask_with(vq, command, one, card, dev, NULL, NULL, reply);
}

/* Has the driver do what needs no more than the device's name. */
static int order(struct vqnic *vq, uint8_t command, const char *card, const char *dev)
{
	struct reply reply;
	int ret;

	ret = ask_with(vq, command, true, card, dev, NULL, NULL, &reply);
	reply_free(&reply);
	return ret;
}

/* Decodes message `msg`; a failure is the handle's error. */
static int decode_reply(struct vqnic *vq, int (*decode)(struct decoded *, const struct nlmsghdr *), struct decoded *d,
			const struct nlmsghdr *msg)
{
	int ret = decode(d, msg);

	return ret ? handle_fail(vq, ret, "%s", ret == -ENOMEM ? "out of memory" : d->why) : 0;
}

int vqnic_cards(struct vqnic *vq, const char *card, vqnic_card_fn fn, void *opaque)
{
	struct reply reply;
	struct decoded d;
	int ret;

	ret = ask(vq, VQNIC_CMD_CARD_GET, card != NULL, card, NULL, &reply);
	for (size_t i = 0; i < reply.count && !ret; i++) {
		ret = decode_reply(vq, decode_card, &d, reply.messages[i]);
		if (!ret)
			ret = fn(&d.card, opaque);
		decoded_free(&d);
	}
	reply_free(&reply);
	return ret;
}

int vqnic_devs(struct vqnic *vq, const char *card, const char *dev, vqnic_dev_fn fn, void *opaque)
{
	struct reply reply;
	struct decoded d;
	int ret;

	ret = ask(vq, VQNIC_CMD_DEV_GET, dev != NULL, card, dev, &reply);
	for (size_t i = 0; i < reply.count && !ret; i++) {
		ret = decode_reply(vq, decode_dev, &d, reply.messages[i]);
		if (!ret)
			ret = fn(&d.dev, opaque);
		decoded_free(&d);
	}
	reply_free(&reply);
	return ret;
}

int vqnic_stats(struct vqnic *vq, const char *card, const char *dev, vqnic_stats_fn fn, void *opaque)
{
	struct reply reply;
	struct decoded d;
	int ret;

	ret = ask(vq, VQNIC_CMD_STATS_GET, dev != NULL, card, dev, &reply);
	/* A dump leaves dead cards out; of the one that was asked for, that is an error. */
	if (!ret && card && !reply.count)
		ret = handle_fail(vq, -EIO, "card %s answers no more", card);
	for (size_t i = 0; i < reply.count && !ret; i++) {
		ret = decode_reply(vq, decode_stats, &d, reply.messages[i]);
		if (!ret)
			ret = fn(&d.stats, opaque);
		decoded_free(&d);
	}
	reply_free(&reply);
	return ret;
}

int vqnic_filters(struct vqnic *vq, const char *card, const char *dev, vqnic_filter_fn fn, void *opaque)
{
	struct reply reply;
	struct decoded d;
	int ret;

	ret = ask(vq, VQNIC_CMD_FILTER_GET, dev != NULL, card, dev, &reply);
	for (size_t i = 0; i < reply.count && !ret; i++) {
		ret = decode_reply(vq, decode_filter, &d, reply.messages[i]);
		if (!ret)
			ret = fn(&d.filter, opaque);
		decoded_free(&d);
	}
	reply_free(&reply);
	return ret;
}

/* A put_fn; `what` is a struct vqnic_policy. */
static int put_policy(struct nl_msg *msg, const void *what)
{
	const struct vqnic_policy *policy = what;
	struct nlattr *nest = nla_nest_start(msg, NLA_F_NESTED | VQNIC_A_FILTER_POLICY);

	if (!nest ||
	    (VQNIC_HAS(policy, VQNIC_FILTER_A_SPOOF_CHECK) &&
	     nla_put_u8(msg, VQNIC_FILTER_A_SPOOF_CHECK, policy->spoof_check)) ||
	    (VQNIC_HAS(policy, VQNIC_FILTER_A_TRUST) && nla_put_u8(msg, VQNIC_FILTER_A_TRUST, policy->trust)) ||
	    (VQNIC_HAS(policy, VQNIC_FILTER_A_PORT_VLAN) &&
	     nla_put_u16(msg, VQNIC_FILTER_A_PORT_VLAN, policy->port_vlan)) ||
	    (VQNIC_HAS(policy, VQNIC_FILTER_A_PCP) && nla_put_u8(msg, VQNIC_FILTER_A_PCP, policy->pcp)) ||
	    (VQNIC_HAS(policy, VQNIC_FILTER_A_ALL_VLANS) && nla_put_flag(msg, VQNIC_FILTER_A_ALL_VLANS)) ||
	    (VQNIC_HAS(policy, VQNIC_FILTER_A_VLANS) &&
	     nla_put(msg, VQNIC_FILTER_A_VLANS, sizeof(policy->vlans), policy->vlans)) ||
	    (VQNIC_HAS(policy, VQNIC_FILTER_A_MACS_MAX) && nla_put_u32(msg, VQNIC_FILTER_A_MACS_MAX, policy->macs_max)) ||
	    (VQNIC_HAS(policy, VQNIC_FILTER_A_UNICAST) &&
	     nla_put(msg, VQNIC_FILTER_A_UNICAST, (int)policy->mac_count * VQNIC_MAC_BYTES, policy->macs)))
		return -ENOMEM;
	/* Also if nothing is in it, so that the driver is asked and says whether there is such a device. */
	return nla_nest_end_keep_empty(msg, nest);
}

int vqnic_set_policy(struct vqnic *vq, const char *card, const char *dev, const struct vqnic_policy *policy)
{
	struct reply reply;
	int ret;

	ret = ask_with(vq, VQNIC_CMD_POLICY_SET, true, card, dev, put_policy, policy, &reply);
	reply_free(&reply);
	return ret;
}

/* Of a device's memory, by IOVA. */
struct range {
	uint64_t iova;
	uint64_t size;
};

/* A put_fn; `what` is a struct range. */
static int put_range(struct nl_msg *msg, const void *what)
{
	const struct range *range = what;

	return nla_put_u64(msg, VQNIC_A_LOG_IOVA, range->iova) || nla_put_u64(msg, VQNIC_A_LOG_SIZE, range->size);
}

int vqnic_log_start(struct vqnic *vq, const char *card, const char *dev, uint64_t iova, uint64_t size)
{
	const struct range range = { iova, size };
	struct reply reply;
	int ret;

	ret = ask_with(vq, VQNIC_CMD_LOG_START, true, card, dev, put_range, &range, &reply);
	reply_free(&reply);
	return ret;
}

/* Reads what a single request can be about. */
static int read_log(struct vqnic *vq, const char *card, const char *dev, const struct range *range, uint8_t *bitmap)
{
	struct reply reply;
	struct decoded d = { 0 };
	int ret;

	ret = ask_with(vq, VQNIC_CMD_LOG_READ, true, card, dev, put_range, range, &reply);
	if (!ret && reply.count != 1)
		ret = handle_fail(vq, -EBADMSG, "the driver answers with %zu dirty logs", reply.count);
	if (!ret)
		ret = decode_reply(vq, decode_log, &d, reply.messages[0]);
	if (!ret && (d.log.iova != range->iova || d.log.size != range->size))
		ret = handle_fail(vq, -EBADMSG, "the driver answers with a dirty log of other pages");
	for (size_t i = 0; !ret && i < d.log.bitmap.len; i++)
		bitmap[i] |= d.log.bitmap.data[i];
	decoded_free(&d);
	reply_free(&reply);
	return ret;
}

int vqnic_log_read(struct vqnic *vq, const char *card, const char *dev, uint64_t iova, uint64_t size, uint8_t *bitmap)
{
	struct range range = { .iova = iova };
	int ret;

	/* Also if there is nothing to read, so that the driver is asked and says what is wrong with it. */
	do {
		range.size = size < VQNIC_LOG_READ_MAX ? size : VQNIC_LOG_READ_MAX;
		ret = read_log(vq, card, dev, &range, bitmap);
		range.iova += range.size;
		size -= range.size;
		bitmap += range.size / PAGE_BYTES / 8;
	} while (!ret && size);
	return ret;
}

int vqnic_log_stop(struct vqnic *vq, const char *card, const char *dev)
{
	return order(vq, VQNIC_CMD_LOG_STOP, card, dev);
}

int vqnic_suspend(struct vqnic *vq, const char *card, const char *dev)
{
	return order(vq, VQNIC_CMD_SUSPEND, card, dev);
}

int vqnic_resume(struct vqnic *vq, const char *card, const char *dev)
{
	return order(vq, VQNIC_CMD_RESUME, card, dev);
}

/* What the driver says of a policy, as what is to be changed: all of it. */
static void take_policy(struct vqnic_policy *policy, const struct vqnic_filter_part *part)
{
	memset(policy, 0, sizeof(*policy));
	policy->spoof_check = part->spoof_check;
	policy->trust = part->trust;
	policy->port_vlan = part->port_vlan;
	policy->pcp = part->pcp;
	policy->macs_max = part->macs_max;
	policy->mac_count = (uint32_t)part->unicast.count;
	memcpy(policy->macs, part->unicast.mac, part->unicast.count * VQNIC_MAC_BYTES);
	if (part->vlans)
		memcpy(policy->vlans, part->vlans, sizeof(policy->vlans));
	VQNIC_GIVE(policy, part->all_vlans ? VQNIC_FILTER_A_ALL_VLANS : VQNIC_FILTER_A_VLANS);
}

/* What the driver says of a device, as the state that a stream holds. */
static int take_state(struct vqnic *vq, struct vqnic_state *state, const struct dev_state *given)
{
	if (given->queue_count > VQNIC_STATE_QUEUES || given->policy->unicast.count > VQNIC_POLICY_MACS ||
	    given->mtu > UINT16_MAX || given->pairs > UINT16_MAX)
		return handle_fail(vq, -EBADMSG, "the driver's state of %s is of no device that there can be", given->dev);
	memcpy(state->mac, given->mac, sizeof(state->mac));
	state->mtu = (uint16_t)given->mtu;
	state->pairs = (uint16_t)given->pairs;
	state->parts = given->parts.data;
	state->parts_len = given->parts.len;
	state->queue_count = given->queue_count;
	for (size_t i = 0; i < given->queue_count; i++)
		state->queues[i] = (struct vqnic_position){
			.index = (uint16_t)given->queues[i].index, .avail = (uint16_t)given->queues[i].avail,
			.used = (uint16_t)given->queues[i].used,
		};
	take_policy(&state->policy, given->policy);
	return 0;
}

int vqnic_state_save(struct vqnic *vq, const char *card, const char *dev, uint8_t **bytes, size_t *len)
{
	struct decoded d = { 0 };
	struct vqnic_state state;
	struct reply reply;
	char why[128];
	int ret;

	ret = ask(vq, VQNIC_CMD_STATE_GET, true, card, dev, &reply);
	if (!ret && reply.count != 1)
		ret = handle_fail(vq, -EBADMSG, "the driver answers with %zu states", reply.count);
	if (!ret)
		ret = decode_reply(vq, decode_state, &d, reply.messages[0]);
	if (!ret)
		ret = take_state(vq, &state, &d.state);
	if (!ret) {
		ret = state_encode(&state, bytes, len, why, sizeof(why));
		if (ret)
			handle_fail(vq, ret, "the driver's state of %s: %s", dev, ret == -ENOMEM ? "out of memory" : why);
	}
	decoded_free(&d);
	reply_free(&reply);
	return ret;
}

/* A put_fn; `what` is a struct vqnic_state. */
static int put_state(struct nl_msg *msg, const void *what)
{
	const struct vqnic_state *state = what;

	if (nla_put(msg, VQNIC_A_DEV_MAC, sizeof(state->mac), state->mac) ||
	    nla_put_u32(msg, VQNIC_A_DEV_MTU, state->mtu) || nla_put_u32(msg, VQNIC_A_DEV_PAIRS, state->pairs) ||
	    nla_put(msg, VQNIC_A_DEV_PARTS, (int)state->parts_len, state->parts))
		return -ENOMEM;
	for (size_t i = 0; i < state->queue_count; i++) {
		const struct vqnic_position *queue = &state->queues[i];
		struct nlattr *nest = nla_nest_start(msg, NLA_F_NESTED | VQNIC_A_QUEUE);

		if (!nest || nla_put_u32(msg, VQNIC_A_QUEUE_INDEX, queue->index) ||
		    nla_put_u32(msg, VQNIC_A_QUEUE_AVAIL, queue->avail) ||
		    nla_put_u32(msg, VQNIC_A_QUEUE_USED, queue->used))
			return -ENOMEM;
		nla_nest_end(msg, nest);
	}
	return put_policy(msg, &state->policy);
}

int vqnic_state_load(struct vqnic *vq, const char *card, const char *dev, const uint8_t *bytes, size_t len)
{
	struct vqnic_state state;
	struct reply reply;
	int ret;

	ret = vqnic_state_read(vq, bytes, len, &state);
	if (!ret && state.parts_len > PARTS_BYTES_MAX)
		ret = handle_fail(vq, -E2BIG, "its device parts have %zu bytes, more than the driver takes", state.parts_len);
	if (ret)
		return ret;
	ret = ask_with(vq, VQNIC_CMD_STATE_SET, true, card, dev, put_state, &state, &reply);
	reply_free(&reply);
	return ret;
}

int vqnic_state_read(struct vqnic *vq, const uint8_t *bytes, size_t len, struct vqnic_state *state)
{
	char why[128];

	return state_decode(state, bytes, len, why, sizeof(why)) ? handle_fail(vq, -EBADMSG, "%s", why) : 0;
}
