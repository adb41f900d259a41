// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/netlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#include "reply.h"

void reply_init(struct reply *r, uint32_t seq)
{
	*r = (struct reply){ .seq = seq };
}

void reply_free(struct reply *r)
{
	for (size_t i = 0; i < r->count; i++)
		free(r->messages[i]);
	free(r->messages);
	*r = (struct reply){ .seq = r->seq };
}

static int keep(struct reply *r, const struct nlmsghdr *msg)
{
	struct nlmsghdr **messages, *copy;

	messages = realloc(r->messages, (r->count + 1) * sizeof(*messages));
	if (!messages)
		return -ENOMEM;
	r->messages = messages;
	copy = malloc(msg->nlmsg_len);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, msg, msg->nlmsg_len);
	r->messages[r->count++] = copy;
	return 0;
}

/* Takes the text out of the attributes of an acknowledgement; a broken attribute ends the search. */
static void take_text(struct reply *r, const struct nlmsghdr *msg, size_t offset)
{
	const struct nlattr *text;
	size_t len = nlmsg_datalen(msg);

	if (!(msg->nlmsg_flags & NLM_F_ACK_TLVS) || offset >= len)
		return;
	text = nla_find((const struct nlattr *)((const char *)nlmsg_data(msg) + offset), (int)(len - offset),
			NLMSGERR_ATTR_MSG);
	if (!text)
		return;
	snprintf(r->text, sizeof(r->text), "%.*s", nla_len(text), (const char *)nla_data(text));
	for (char *c = r->text; *c; c++)
		if (iscntrl((unsigned char)*c))
			*c = ' ';
}

/* NLMSG_ERROR (also the plain acknowledgement) and NLMSG_DONE: both begin with a negative errno or 0. */
static int finish(struct reply *r, const struct nlmsghdr *msg)
{
	size_t len = nlmsg_datalen(msg), offset = NLMSG_ALIGN(sizeof(int));
	struct nlmsgerr err;

	if (msg->nlmsg_type == NLMSG_ERROR) {
		if (len < sizeof(err))
			return -EBADMSG;
		memcpy(&err, nlmsg_data(msg), sizeof(err));
		offset = NLMSG_ALIGN(sizeof(err));
		/* Unless capped, the request follows as a whole. */
		if (!(msg->nlmsg_flags & NLM_F_CAPPED) && err.msg.nlmsg_len > sizeof(err.msg))
			offset += NLMSG_ALIGN((size_t)err.msg.nlmsg_len - sizeof(err.msg));
		r->error = err.error;
	} else if (len >= sizeof(int)) {
		memcpy(&r->error, nlmsg_data(msg), sizeof(int));
	}
	if (r->error > 0)
		return -EBADMSG;
	take_text(r, msg, offset);
	r->done = true;
	return 0;
}

int reply_feed(struct reply *r, const void *data, size_t len)
{
	const struct nlmsghdr *msg = data;
	int remaining = (int)len, ret = 0;

	for (; nlmsg_ok(msg, remaining) && !ret; msg = nlmsg_next((struct nlmsghdr *)msg, &remaining)) {
		if (msg->nlmsg_seq != r->seq || r->done)
			continue;
		if (msg->nlmsg_flags & NLM_F_DUMP_INTR)
			r->interrupted = true;
		if (msg->nlmsg_type == NLMSG_ERROR || msg->nlmsg_type == NLMSG_DONE)
			ret = finish(r, msg);
		else if (msg->nlmsg_type == NLMSG_OVERRUN)
			ret = -EBADMSG;
		else if (msg->nlmsg_type >= NLMSG_MIN_TYPE)
			ret = keep(r, msg);
	}
	return ret ? ret : remaining > 0 ? -EBADMSG : 0;
}
