// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdlib.h>

#include <linux/genetlink.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

#include "decode.h"
#include "handle.h"

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
		return handle_fail(vq, -EBADMSG, "the driver has no multicast group \"%s\"", VQNIC_GENL_EVENTS);
	ret = nl_socket_add_membership(vq->events, (int)group);
	if (ret)
		return handle_fail(vq, -EIO, "cannot listen to events: %s", nl_geterror(ret));
	vq->events_family = nla_get_u16(id);
	return 0;
}

static int open_events(struct vqnic *vq)
{
	int ret;

	vq->events = nl_socket_alloc();
	if (!vq->events)
		return handle_fail(vq, -ENOMEM, "out of memory");
	nl_socket_disable_seq_check(vq->events);
	ret = genl_connect(vq->events);
	if (!ret)
		ret = nl_socket_set_nonblocking(vq->events);
	/* Families that come, among them this one when the driver is loaded anew. */
	if (!ret)
		ret = nl_socket_add_membership(vq->events, GENL_ID_CTRL);
	if (ret)
		return handle_fail(vq, -EIO, "cannot listen to events: %s", nl_geterror(ret));
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
		ret = handle_ask_for_family(vq, HANDLE_VQNIC, &reply);
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
	ret = decode_event(&d, msg);
	if (ret)
		handle_fail(vq, ret, "%s", ret == -ENOMEM ? "out of memory" : d.why);
	else
		ret = fn(&d.event, opaque);
	decoded_free(&d);
	return ret;
}

int vqnic_events(struct vqnic *vq, vqnic_event_fn fn, void *opaque)
{
	int ret = 0;

	if (!vq->events)
		return handle_fail(vq, -EINVAL, "vqnic_listen() comes first");
	while (!ret) {
		struct sockaddr_nl from;
		unsigned char *data = NULL;
		struct nlmsghdr *msg;
		int len = nl_recv(vq->events, &from, &data, NULL);

		if (len == -NLE_AGAIN || !len)
			return 0;
		/* What ENOBUFS is to libnl. */
		if (len == -NLE_NOMEM)
			return handle_fail(vq, -ENOBUFS, "events were lost");
		if (len < 0)
			return handle_fail(vq, -EIO, "cannot read events: %s", nl_geterror(len));
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
