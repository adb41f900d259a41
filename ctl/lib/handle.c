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
#include <linux/vdpa.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

#include "handle.h"

/* A dump that was overtaken by a change is repeated so often. */
#define DUMP_ATTEMPTS 8

/* Of the longest request, which has a device's parts. */
#define REQUEST_BYTES 40960

static const struct family {
	const char *name;
	uint8_t version;
} families[HANDLE_FAMILIES] = {
	[HANDLE_VQNIC] = { VQNIC_GENL_NAME, VQNIC_GENL_VERSION },
	[HANDLE_VDPA] = { VDPA_GENL_NAME, VDPA_GENL_VERSION },
};

int handle_fail(struct vqnic *vq, int err, const char *format, ...)
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
		return handle_fail(vq, -ENOMEM, "out of memory");
	ret = genl_connect(vq->socket);
	if (ret) {
		nl_socket_free(vq->socket);
		vq->socket = NULL;
		return handle_fail(vq, -EIO, "cannot open a netlink socket: %s", nl_geterror(ret));
	}
	nl_socket_enable_msg_peek(vq->socket);
	fd = nl_socket_get_fd(vq->socket);
	/* Without the first, waits have no bound; without the others, errors only have less to tell. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout))) {
		ret = -errno;
		nl_socket_free(vq->socket);
		vq->socket = NULL;
		return handle_fail(vq, ret, "cannot set the netlink socket's timeout: %s", strerror(-ret));
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
		return handle_fail(vq, -EIO, "cannot ask the kernel: %s", nl_geterror(ret));
	reply_init(reply, nlmsg_hdr(msg)->nlmsg_seq);
	while (!reply->done) {
		struct sockaddr_nl from;
		unsigned char *data = NULL;
		int len;

		len = nl_recv(vq->socket, &from, &data, NULL);
		if (len == -NLE_AGAIN || !len)
			return handle_fail(vq, -ETIMEDOUT, "the kernel did not answer within %d s", VQNIC_TIMEOUT_MS / 1000);
		if (len < 0)
			return handle_fail(vq, -EIO, "cannot read the kernel's answer: %s", nl_geterror(len));
		/* Other processes may send to this socket: only the kernel is believed. */
		ret = from.nl_pid ? 0 : reply_feed(reply, data, (size_t)len);
		free(data);
		if (ret)
			return handle_fail(vq, ret, "the kernel's answer: %s", strerror(-ret));
	}
	return 0;
}

/* A request; NULL: no memory. */
static struct nl_msg *request(uint16_t id, uint8_t command, uint8_t version, int flags)
{
	struct nl_msg *msg = nlmsg_alloc_size(REQUEST_BYTES);

	if (msg && genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, id, 0, flags, command, version))
		return msg;
	nlmsg_free(msg);
	return NULL;
}

static int not_loaded(struct vqnic *vq)
{
	return handle_fail(vq, -ENOENT, "the vqnic driver is not loaded (no generic netlink family \"%s\")",
			   VQNIC_GENL_NAME);
}

/* Whether the driver is there, and not just coming or going. */
static bool is_live(void)
{
	FILE *file;
	char state[16] = "";

	if (access("/sys/module/" VQNIC_GENL_NAME, F_OK))
		return false;
	/* What is part of the kernel has no such file. */
	file = fopen("/sys/module/" VQNIC_GENL_NAME "/initstate", "re");
	if (!file)
		return true;
	if (!fgets(state, sizeof(state), file))
		*state = '\0';
	fclose(file);
	return !strcmp(state, "live\n");
}

/* The family is not there: its driver is not either, or this is another network namespace than the cards'. */
static int no_family(struct vqnic *vq, enum handle_family family)
{
	if (family == HANDLE_VDPA)
		return handle_fail(vq, -ENOENT, "vDPA devices cannot be made: the kernel module vdpa is not loaded");
	if (is_live())
		return handle_fail(vq, -ENONET, "the vqnic driver answers in the initial network namespace only");
	return not_loaded(vq);
}

int handle_ask_for_family(struct vqnic *vq, enum handle_family family, struct reply *reply)
{
	const char *name = families[family].name;
	struct nl_msg *msg;
	int ret;

	ret = connect_socket(vq);
	if (ret)
		return ret;
	msg = request(GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1, 0);
	if (!msg || nla_put_string(msg, CTRL_ATTR_FAMILY_NAME, name)) {
		nlmsg_free(msg);
		return handle_fail(vq, -ENOMEM, "out of memory");
	}
	ret = exchange(vq, msg, reply);
	nlmsg_free(msg);
	if (!ret && reply->error == -ENOENT)
		ret = no_family(vq, family);
	else if (!ret && reply->error)
		ret = handle_fail(vq, reply->error, "cannot look up the generic netlink family \"%s\": %s", name,
				  reply->text[0] ? reply->text : strerror(-reply->error));
	else if (!ret && (!reply->count || !genlmsg_valid_hdr(reply->messages[0], 0)))
		ret = handle_fail(vq, -EBADMSG, "the kernel's answer: no family \"%s\"", name);
	if (ret)
		reply_free(reply);
	return ret;
}

static int find_family(struct vqnic *vq, enum handle_family family)
{
	const struct nlattr *id;
	struct reply reply;
	int ret;

	if (vq->families[family])
		return 0;
	ret = handle_ask_for_family(vq, family, &reply);
	if (ret)
		return ret;
	id = nlmsg_find_attr(reply.messages[0], GENL_HDRLEN, CTRL_ATTR_FAMILY_ID);
	if (id && nla_len(id) == sizeof(uint16_t))
		vq->families[family] = nla_get_u16(id);
	if (!vq->families[family])
		ret = handle_fail(vq, -EBADMSG, "the kernel's answer: no id of the family \"%s\"",
				  families[family].name);
	reply_free(&reply);
	return ret;
}

int handle_ask(struct vqnic *vq, const struct handle_question *question, struct reply *reply)
{
	const enum handle_family family = question->family;
	int ret;

	reply_init(reply, 0);
	for (int attempt = 0; attempt < DUMP_ATTEMPTS; attempt++) {
		struct nl_msg *msg;

		ret = find_family(vq, family);
		if (!ret)
			ret = connect_socket(vq);
		if (ret)
			return ret;
		msg = request(vq->families[family], question->command, families[family].version, question->flags);
		if (!msg || (question->put && question->put(msg, question->what))) {
			nlmsg_free(msg);
			return handle_fail(vq, -ENOMEM, "out of memory");
		}
		reply_free(reply);
		ret = exchange(vq, msg, reply);
		nlmsg_free(msg);
		if (ret)
			return ret;
		if (reply->error == -ENOENT && family == HANDLE_VQNIC) {
			vq->families[family] = 0;
			continue;
		}
		/* Netlink's word for a module that is being removed. */
		if (reply->error == -EPROTONOSUPPORT && family == HANDLE_VQNIC)
			return not_loaded(vq);
		if (reply->error)
			return handle_fail(vq, reply->error, "%s",
					   reply->text[0] ? reply->text : strerror(-reply->error));
		if (!reply->interrupted)
			return 0;
	}
	return handle_fail(vq, -EAGAIN, "cards or devices kept coming and going while they were read");
}
