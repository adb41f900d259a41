// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

#include "decode.h"
#include "reply.h"
#include "state.h"
#include "vqnic/vqnic.h"

/* A dump that was overtaken by a change is repeated so often. */
#define DUMP_ATTEMPTS 8

/* Bytes of device parts that the driver takes, and of the longest request, which has them. */
#define PARTS_BYTES_MAX 32768
#define REQUEST_BYTES (PARTS_BYTES_MAX + 8192)

struct vqnic {
	struct nl_sock *socket;		/* NULL: not connected */
	struct nl_sock *events;		/* NULL: not listening */
	uint16_t events_family;		/* whose events it gets */
	uint16_t family;		/* 0: not looked up, or gone */
	char error[320];
};

/* Sets the handle's error and returns `err`. */
__attribute__((format(printf, 3, 4)))
static int fail(struct vqnic *vq, int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(vq->error, sizeof(vq->error), format, args);
	va_end(args);
	return err;
}

struct vqnic *vqnic_new(void)
{
	return calloc(1, sizeof(struct vqnic));
}

void vqnic_free(struct vqnic *vq)
{
	if (!vq)
		return;
	nl_socket_free(vq->socket);
	nl_socket_free(vq->events);
	free(vq);
}

const char *vqnic_error(const struct vqnic *vq)
{
	return vq->error;
}

static int connect_socket(struct vqnic *vq)
{
	const struct timeval timeout = { .tv_sec = VQNIC_TIMEOUT_MS / 1000 };
	const int on = 1;
	int fd, ret;

	if (vq->socket)
		return 0;
	vq->socket = nl_socket_alloc();
	if (!vq->socket)
		return fail(vq, -ENOMEM, "out of memory");
	ret = genl_connect(vq->socket);
	if (ret) {
		nl_socket_free(vq->socket);
		vq->socket = NULL;
		return fail(vq, -EIO, "cannot open a netlink socket: %s", nl_geterror(ret));
	}
	nl_socket_enable_msg_peek(vq->socket);
	fd = nl_socket_get_fd(vq->socket);
	/* Without the first, waits have no bound; without the others, errors only have less to tell. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout))) {
		ret = -errno;
		nl_socket_free(vq->socket);
		vq->socket = NULL;
		return fail(vq, ret, "cannot set the netlink socket's timeout: %s", strerror(-ret));
	}
	setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	return 0;
}

/* Sends `msg` and gathers the kernel's whole answer, which the caller frees. The kernel's verdict is in it. */
static int exchange(struct vqnic *vq, struct nl_msg *msg, struct reply *reply)
{
	int ret;

	reply_init(reply, 0);
	ret = nl_send_auto(vq->socket, msg);
	if (ret < 0)
		return fail(vq, -EIO, "cannot ask the kernel: %s", nl_geterror(ret));
	reply_init(reply, nlmsg_hdr(msg)->nlmsg_seq);
	while (!reply->done) {
		struct sockaddr_nl from;
		unsigned char *data = NULL;
		int len;

		len = nl_recv(vq->socket, &from, &data, NULL);
		if (len == -NLE_AGAIN || !len)
			return fail(vq, -ETIMEDOUT, "the kernel did not answer within %d s", VQNIC_TIMEOUT_MS / 1000);
		if (len < 0)
			return fail(vq, -EIO, "cannot read the kernel's answer: %s", nl_geterror(len));
		/* Other processes may send to this socket: only the kernel is believed. */
		ret = from.nl_pid ? 0 : reply_feed(reply, data, (size_t)len);
		free(data);
		if (ret)
			return fail(vq, ret, "the kernel's answer: %s", strerror(-ret));
	}
	return 0;
}

/* Puts into the request what else it carries. Returns 0, or other than that without memory. */
typedef int (*put_fn)(struct nl_msg *msg, const void *what);

/* A request of generic netlink family `family` with up to two string attributes; NULL: no memory. */
static struct nl_msg *request(uint16_t family, uint8_t command, uint8_t version, int flags, int attribute1,
			      const char *value1, int attribute2, const char *value2)
{
	struct nl_msg *msg = nlmsg_alloc_size(REQUEST_BYTES);

	if (msg && genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, family, 0, flags, command, version) &&
	    (!value1 || !nla_put_string(msg, attribute1, value1)) &&
	    (!value2 || !nla_put_string(msg, attribute2, value2)))
		return msg;
	nlmsg_free(msg);
	return NULL;
}

/* The family is not there: the driver is not either, or this is another network namespace than the cards'. */
static int no_family(struct vqnic *vq)
{
	if (!access("/sys/module/" VQNIC_GENL_NAME, F_OK))
		return fail(vq, -ENONET, "the vqnic driver answers in the initial network namespace only");
	return fail(vq, -ENOENT, "the vqnic driver is not loaded (no generic netlink family \"%s\")", VQNIC_GENL_NAME);
}

/* Has the kernel describe the driver's family: if this returns 0, in the reply's first message, and the caller frees it. */
static int ask_for_family(struct vqnic *vq, struct reply *reply)
{
	struct nl_msg *msg;
	int ret;

	ret = connect_socket(vq);
	if (ret)
		return ret;
	msg = request(GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1, 0, CTRL_ATTR_FAMILY_NAME, VQNIC_GENL_NAME, 0, NULL);
	if (!msg)
		return fail(vq, -ENOMEM, "out of memory");
	ret = exchange(vq, msg, reply);
	nlmsg_free(msg);
	if (!ret && reply->error == -ENOENT)
		ret = no_family(vq);
	else if (!ret && reply->error)
		ret = fail(vq, reply->error, "cannot look up the generic netlink family \"%s\": %s", VQNIC_GENL_NAME,
			   reply->text[0] ? reply->text : strerror(-reply->error));
	else if (!ret && (!reply->count || !genlmsg_valid_hdr(reply->messages[0], 0)))
		ret = fail(vq, -EBADMSG, "the kernel's answer: no family \"%s\"", VQNIC_GENL_NAME);
	if (ret)
		reply_free(reply);
	return ret;
}

static int find_family(struct vqnic *vq)
{
	const struct nlattr *id;
	struct reply reply;
	int ret;

	if (vq->family)
		return 0;
	ret = ask_for_family(vq, &reply);
	if (ret)
		return ret;
	id = nlmsg_find_attr(reply.messages[0], GENL_HDRLEN, CTRL_ATTR_FAMILY_ID);
	if (id && nla_len(id) == sizeof(uint16_t))
		vq->family = nla_get_u16(id);
	if (!vq->family)
		ret = fail(vq, -EBADMSG, "the kernel's answer: no id of the family \"%s\"", VQNIC_GENL_NAME);
	reply_free(&reply);
	return ret;
}

/*
 * Asks the driver for `one` object, or for all (of `card`, unless NULL), with what `put` (may be NULL) makes of `what`.
 * The caller frees the reply, also after an error. A family that went away since it was looked up (the driver was
 * reloaded) is looked up again, and a dump that a change overtook is repeated.
 */
static int ask_with(struct vqnic *vq, uint8_t command, bool one, const char *card, const char *dev, put_fn put,
		    const void *what, struct reply *reply)
{
	int ret;

	reply_init(reply, 0);
	for (int attempt = 0; attempt < DUMP_ATTEMPTS; attempt++) {
		struct nl_msg *msg;

		ret = find_family(vq);
		if (!ret)
			ret = connect_socket(vq);
		if (ret)
			return ret;
		msg = request(vq->family, command, VQNIC_GENL_VERSION, one ? 0 : NLM_F_DUMP, VQNIC_A_CARD, card,
			      VQNIC_A_DEV_NAME, dev);
		if (!msg || (put && put(msg, what))) {
			nlmsg_free(msg);
			return fail(vq, -ENOMEM, "out of memory");
		}
		reply_free(reply);
		ret = exchange(vq, msg, reply);
		nlmsg_free(msg);
		if (ret)
			return ret;
		if (reply->error == -ENOENT) {
			vq->family = 0;
			continue;
		}
		if (reply->error)
			return fail(vq, reply->error, "%s", reply->text[0] ? reply->text : strerror(-reply->error));
		if (!reply->interrupted)
			return 0;
	}
	return fail(vq, -EAGAIN, "cards or devices kept coming and going while they were read");
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

	return ret ? fail(vq, ret, "%s", ret == -ENOMEM ? "out of memory" : d->why) : 0;
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
		ret = fail(vq, -EIO, "card %s answers no more", card);
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
		ret = fail(vq, -EBADMSG, "the driver answers with %zu dirty logs", reply.count);
	if (!ret)
		ret = decode_reply(vq, decode_log, &d, reply.messages[0]);
	if (!ret && (d.log.iova != range->iova || d.log.size != range->size))
		ret = fail(vq, -EBADMSG, "the driver answers with a dirty log of other pages");
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
		return fail(vq, -EBADMSG, "the driver's state of %s is of no device that there can be", given->dev);
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
		ret = fail(vq, -EBADMSG, "the driver answers with %zu states", reply.count);
	if (!ret)
		ret = decode_reply(vq, decode_state, &d, reply.messages[0]);
	if (!ret)
		ret = take_state(vq, &state, &d.state);
	if (!ret) {
		ret = state_encode(&state, bytes, len, why, sizeof(why));
		if (ret)
			fail(vq, ret, "the driver's state of %s: %s", dev, ret == -ENOMEM ? "out of memory" : why);
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
		ret = fail(vq, -E2BIG, "its device parts have %zu bytes, more than the driver takes", state.parts_len);
	if (ret)
		return ret;
	ret = ask_with(vq, VQNIC_CMD_STATE_SET, true, card, dev, put_state, &state, &reply);
	reply_free(&reply);
	return ret;
}

int vqnic_state_read(struct vqnic *vq, const uint8_t *bytes, size_t len, struct vqnic_state *state)
{
	char why[128];

	return state_decode(state, bytes, len, why, sizeof(why)) ? fail(vq, -EBADMSG, "%s", why) : 0;
}

/* The multicast group of events in a description of the family; 0: there is none. */
static uint32_t find_group(struct nlmsghdr *family)
{
	const struct nlattr *groups, *group;
	int remaining;

	groups = nlmsg_find_attr(family, GENL_HDRLEN, CTRL_ATTR_MCAST_GROUPS);
	if (!groups)
		return 0;
	nla_for_each_nested(group, groups, remaining) {
		const struct nlattr *name = nla_find(nla_data(group), nla_len(group), CTRL_ATTR_MCAST_GRP_NAME);
		const struct nlattr *id = nla_find(nla_data(group), nla_len(group), CTRL_ATTR_MCAST_GRP_ID);

		if (name && !nla_strcmp(name, VQNIC_GENL_EVENTS) && id && nla_len(id) == sizeof(uint32_t))
			return nla_get_u32(id);
	}
	return 0;
}

/* Takes the driver's events from now on, by a description of its family. */
static int join(struct vqnic *vq, struct nlmsghdr *family)
{
	const struct nlattr *id = nlmsg_find_attr(family, GENL_HDRLEN, CTRL_ATTR_FAMILY_ID);
	uint32_t group = find_group(family);
	int ret;

	if (!group || !id || nla_len(id) != sizeof(uint16_t))
		return fail(vq, -EBADMSG, "the driver has no multicast group \"%s\"", VQNIC_GENL_EVENTS);
	ret = nl_socket_add_membership(vq->events, (int)group);
	if (ret)
		return fail(vq, -EIO, "cannot listen to events: %s", nl_geterror(ret));
	vq->events_family = nla_get_u16(id);
	return 0;
}

static int open_events(struct vqnic *vq)
{
	int ret;

	vq->events = nl_socket_alloc();
	if (!vq->events)
		return fail(vq, -ENOMEM, "out of memory");
	nl_socket_disable_seq_check(vq->events);
	ret = genl_connect(vq->events);
	if (!ret)
		ret = nl_socket_set_nonblocking(vq->events);
	/* Families that come, among them this one when the driver is loaded anew. */
	if (!ret)
		ret = nl_socket_add_membership(vq->events, GENL_ID_CTRL);
	if (ret)
		return fail(vq, -EIO, "cannot listen to events: %s", nl_geterror(ret));
	nl_socket_enable_msg_peek(vq->events);
	return 0;
}

int vqnic_listen(struct vqnic *vq)
{
	struct reply reply;
	int ret;

	if (vq->events)
		return 0;
	ret = open_events(vq);
	if (!ret)
		ret = ask_for_family(vq, &reply);
	if (!ret) {
		ret = join(vq, reply.messages[0]);
		reply_free(&reply);
	}
	if (ret) {
		nl_socket_free(vq->events);
		vq->events = NULL;
	}
	return ret;
}

int vqnic_event_fd(const struct vqnic *vq)
{
	return vq->events ? nl_socket_get_fd(vq->events) : -1;
}

/* The driver was loaded anew, if the message says that. */
static int family_message(struct vqnic *vq, struct nlmsghdr *msg)
{
	const struct nlattr *name;

	if (!genlmsg_valid_hdr(msg, 0) || genlmsg_hdr(msg)->cmd != CTRL_CMD_NEWFAMILY)
		return 0;
	name = nlmsg_find_attr(msg, GENL_HDRLEN, CTRL_ATTR_FAMILY_NAME);
	return name && !nla_strcmp(name, VQNIC_GENL_NAME) ? join(vq, msg) : 0;
}

static int event_message(struct vqnic *vq, struct nlmsghdr *msg, vqnic_event_fn fn, void *opaque)
{
	struct decoded d;
	int ret;

	if (!genlmsg_valid_hdr(msg, 0) || genlmsg_hdr(msg)->cmd != VQNIC_CMD_EVENT)
		return 0;
	ret = decode_reply(vq, decode_event, &d, msg);
	if (!ret)
		ret = fn(&d.event, opaque);
	decoded_free(&d);
	return ret;
}

int vqnic_events(struct vqnic *vq, vqnic_event_fn fn, void *opaque)
{
	int ret = 0;

	if (!vq->events)
		return fail(vq, -EINVAL, "vqnic_listen() comes first");
	while (!ret) {
		struct sockaddr_nl from;
		unsigned char *data = NULL;
		struct nlmsghdr *msg;
		int len = nl_recv(vq->events, &from, &data, NULL);

		if (len == -NLE_AGAIN || !len)
			return 0;
		/* What ENOBUFS is to libnl. */
		if (len == -NLE_NOMEM)
			return fail(vq, -ENOBUFS, "events were lost");
		if (len < 0)
			return fail(vq, -EIO, "cannot read events: %s", nl_geterror(len));
		/* Other processes may send to this socket: only the kernel is believed. */
		for (msg = (struct nlmsghdr *)data; !from.nl_pid && !ret && nlmsg_ok(msg, len);
		     msg = nlmsg_next(msg, &len)) {
			if (msg->nlmsg_type == GENL_ID_CTRL)
				ret = family_message(vq, msg);
			else if (msg->nlmsg_type == vq->events_family)
				ret = event_message(vq, msg, fn, opaque);
		}
		free(data);
	}
	return ret;
}
