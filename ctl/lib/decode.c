// SPDX-License-Identifier: Apache-2.0
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netlink/attr.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>

#include "decode.h"

static_assert(VQNIC_A_MAX < 128 && VQNIC_FILTER_A_MAX < 128, "the masks of present attributes have 128 bits");

enum kind { UNKNOWN, U8, U16, U32, U64, BOOL, FLAG, STRING, MAC, MACS, VLANS, BYTES };

/* Where the attribute of the same number goes. */
struct field {
	enum kind kind;
	size_t offset;
};

#define REQUIRED_MAX 6

/* A structure: its first member is `present`. */
struct layout {
	const char *what;
	size_t size;
	int required[REQUIRED_MAX];	/* 0: none */
	struct field fields[VQNIC_A_MAX + 1];
};

static_assert(VQNIC_FILTER_A_MAX <= VQNIC_A_MAX, "a layout has room for either kind of attributes");

static const struct layout card_layout = {
	.what = "card", .size = sizeof(struct vqnic_card), .required = { VQNIC_A_CARD },
	.fields = {
		[VQNIC_A_CARD] = { STRING, offsetof(struct vqnic_card, name) },
		[VQNIC_A_CARD_VERSION] = { U32, offsetof(struct vqnic_card, version) },
		[VQNIC_A_CARD_FEATURES] = { U64, offsetof(struct vqnic_card, features) },
		[VQNIC_A_CARD_CLOCK_HZ] = { U32, offsetof(struct vqnic_card, clock_hz) },
		[VQNIC_A_CARD_DATA_BITS] = { U32, offsetof(struct vqnic_card, data_bits) },
		[VQNIC_A_CARD_VECTORS] = { U32, offsetof(struct vqnic_card, vectors) },
		[VQNIC_A_CARD_VDEVS] = { U32, offsetof(struct vqnic_card, vdevs) },
		[VQNIC_A_CARD_VDEVS_USED] = { U32, offsetof(struct vqnic_card, vdevs_used) },
		[VQNIC_A_CARD_VDEV_VQS] = { U32, offsetof(struct vqnic_card, vdev_vqs) },
		[VQNIC_A_CARD_VQ_SIZE_MAX] = { U32, offsetof(struct vqnic_card, vq_size_max) },
		[VQNIC_A_CARD_MTU_MAX] = { U32, offsetof(struct vqnic_card, mtu_max) },
		[VQNIC_A_CARD_VIRTIO_FEATURES] = { U64, offsetof(struct vqnic_card, virtio_features) },
		[VQNIC_A_CARD_LINK] = { BOOL, offsetof(struct vqnic_card, link) },
		[VQNIC_A_CARD_DEAD] = { FLAG, offsetof(struct vqnic_card, dead) },
		[VQNIC_A_CARD_CYCLES] = { U64, offsetof(struct vqnic_card, cycles) },
		[VQNIC_A_CARD_REFUSAL] = { STRING, offsetof(struct vqnic_card, refusal) },
		[VQNIC_A_CARD_SPACES] = { U32, offsetof(struct vqnic_card, spaces) },
		[VQNIC_A_CARD_SPACES_USED] = { U32, offsetof(struct vqnic_card, spaces_used) },
		[VQNIC_A_CARD_PAIRS] = { U32, offsetof(struct vqnic_card, pairs) },
		[VQNIC_A_CARD_PAIRS_USED] = { U32, offsetof(struct vqnic_card, pairs_used) },
		[VQNIC_A_CARD_DEFAULT_FEATURES] = { U64, offsetof(struct vqnic_card, default_features) },
		[VQNIC_A_CARD_MIGRATABLE_FEATURES] = { U64, offsetof(struct vqnic_card, migratable_features) },
		[VQNIC_A_CARD_MACS_MAX] = { U32, offsetof(struct vqnic_card, macs_max) },
	},
};

static const struct layout dev_layout = {
	.what = "device", .size = sizeof(struct vqnic_dev), .required = { VQNIC_A_CARD, VQNIC_A_DEV_NAME },
	.fields = {
		[VQNIC_A_CARD] = { STRING, offsetof(struct vqnic_dev, card) },
		[VQNIC_A_DEV_NAME] = { STRING, offsetof(struct vqnic_dev, name) },
		[VQNIC_A_DEV_INDEX] = { U32, offsetof(struct vqnic_dev, index) },
		[VQNIC_A_DEV_MAC] = { MAC, offsetof(struct vqnic_dev, mac) },
		[VQNIC_A_DEV_MTU] = { U32, offsetof(struct vqnic_dev, mtu) },
		[VQNIC_A_DEV_LINK] = { BOOL, offsetof(struct vqnic_dev, link) },
		[VQNIC_A_DEV_STATUS] = { U8, offsetof(struct vqnic_dev, status) },
		[VQNIC_A_DEV_OFFERED] = { U64, offsetof(struct vqnic_dev, offered) },
		[VQNIC_A_DEV_ACCEPTED] = { U64, offsetof(struct vqnic_dev, accepted) },
		[VQNIC_A_DEV_AS_DATA] = { U32, offsetof(struct vqnic_dev, as_data) },
		[VQNIC_A_DEV_AS_CTRL] = { U32, offsetof(struct vqnic_dev, as_ctrl) },
		[VQNIC_A_DEV_PAIRS] = { U32, offsetof(struct vqnic_dev, pairs) },
		[VQNIC_A_DEV_PAIRS_USED] = { U32, offsetof(struct vqnic_dev, pairs_used) },
		[VQNIC_A_DEV_OFFLOADS] = { U64, offsetof(struct vqnic_dev, offloads) },
		[VQNIC_A_DEV_COMMANDS] = { U64, offsetof(struct vqnic_dev, commands) },
		[VQNIC_A_DEV_COMMANDS_REFUSED] = { U64, offsetof(struct vqnic_dev, commands_refused) },
		[VQNIC_A_LOG_IOVA] = { U64, offsetof(struct vqnic_dev, log_iova) },
		[VQNIC_A_LOG_SIZE] = { U64, offsetof(struct vqnic_dev, log_size) },
		[VQNIC_A_DEV_STATE] = { U32, offsetof(struct vqnic_dev, state) },
	},
};

static const struct layout queue_layout = {
	.what = "queue", .size = sizeof(struct vqnic_queue), .required = { VQNIC_A_QUEUE_INDEX },
	.fields = {
		[VQNIC_A_QUEUE_INDEX] = { U32, offsetof(struct vqnic_queue, index) },
		[VQNIC_A_QUEUE_SIZE] = { U32, offsetof(struct vqnic_queue, size) },
		[VQNIC_A_QUEUE_READY] = { BOOL, offsetof(struct vqnic_queue, ready) },
		[VQNIC_A_QUEUE_AVAIL] = { U32, offsetof(struct vqnic_queue, avail) },
		[VQNIC_A_QUEUE_USED] = { U32, offsetof(struct vqnic_queue, used) },
		[VQNIC_A_QUEUE_IRQ] = { U32, offsetof(struct vqnic_queue, irq) },
		[VQNIC_A_QUEUE_FAULT] = { U32, offsetof(struct vqnic_queue, fault) },
		[VQNIC_A_QUEUE_FAULT_NAME] = { STRING, offsetof(struct vqnic_queue, fault_name) },
		[VQNIC_A_QUEUE_FAULT_INFO] = { U64, offsetof(struct vqnic_queue, fault_info) },
		[VQNIC_A_QUEUE_NUMBER] = { U32, offsetof(struct vqnic_queue, number) },
		[VQNIC_A_QUEUE_SHARED] = { BOOL, offsetof(struct vqnic_queue, shared) },
		[VQNIC_A_QUEUE_FRAMES] = { U64, offsetof(struct vqnic_queue, frames) },
		[VQNIC_A_QUEUE_BYTES] = { U64, offsetof(struct vqnic_queue, bytes) },
		[VQNIC_A_QUEUE_DROPS] = { U64, offsetof(struct vqnic_queue, drops) },
	},
};

static const struct layout as_layout = {
	.what = "address space", .size = sizeof(struct vqnic_as), .required = { VQNIC_A_AS_ASID },
	.fields = {
		[VQNIC_A_AS_ASID] = { U32, offsetof(struct vqnic_as, asid) },
		[VQNIC_A_AS_INDEX] = { U32, offsetof(struct vqnic_as, index) },
		[VQNIC_A_AS_MAPS] = { U64, offsetof(struct vqnic_as, maps) },
		[VQNIC_A_AS_BYTES] = { U64, offsetof(struct vqnic_as, bytes) },
		[VQNIC_A_AS_LEAVES_1G] = { U64, offsetof(struct vqnic_as, leaves_1g) },
		[VQNIC_A_AS_LEAVES_2M] = { U64, offsetof(struct vqnic_as, leaves_2m) },
		[VQNIC_A_AS_LEAVES_4K] = { U64, offsetof(struct vqnic_as, leaves_4k) },
		[VQNIC_A_AS_TABLES] = { U64, offsetof(struct vqnic_as, tables) },
	},
};

static const struct layout stats_layout = {
	.what = "statistics", .size = sizeof(struct vqnic_stats), .required = { VQNIC_A_CARD },
	.fields = {
		[VQNIC_A_CARD] = { STRING, offsetof(struct vqnic_stats, card) },
		[VQNIC_A_DEV_NAME] = { STRING, offsetof(struct vqnic_stats, dev) },
	},
};

static const struct layout stat_layout = {
	.what = "counter", .size = sizeof(struct vqnic_stat),
	.required = { VQNIC_A_STAT_NAME, VQNIC_A_STAT_VALUE },
	.fields = {
		[VQNIC_A_STAT_NAME] = { STRING, offsetof(struct vqnic_stat, name) },
		[VQNIC_A_STAT_VALUE] = { U64, offsetof(struct vqnic_stat, value) },
	},
};

static const struct layout filter_layout = {
	.what = "filter", .size = sizeof(struct vqnic_filter), .required = { VQNIC_A_CARD, VQNIC_A_DEV_NAME },
	.fields = {
		[VQNIC_A_CARD] = { STRING, offsetof(struct vqnic_filter, card) },
		[VQNIC_A_DEV_NAME] = { STRING, offsetof(struct vqnic_filter, dev) },
	},
};

static const struct layout filter_part_layout = {
	.what = "part of a filter", .size = sizeof(struct vqnic_filter_part),
	.fields = {
		[VQNIC_FILTER_A_MAC] = { MAC, offsetof(struct vqnic_filter_part, mac) },
		[VQNIC_FILTER_A_MACS_MAX] = { U32, offsetof(struct vqnic_filter_part, macs_max) },
		[VQNIC_FILTER_A_UNICAST] = { MACS, offsetof(struct vqnic_filter_part, unicast) },
		[VQNIC_FILTER_A_MULTICAST] = { MACS, offsetof(struct vqnic_filter_part, multicast) },
		[VQNIC_FILTER_A_RX_MODE] = { U32, offsetof(struct vqnic_filter_part, rx_mode) },
		[VQNIC_FILTER_A_ALL_VLANS] = { FLAG, offsetof(struct vqnic_filter_part, all_vlans) },
		[VQNIC_FILTER_A_VLANS] = { VLANS, offsetof(struct vqnic_filter_part, vlans) },
		[VQNIC_FILTER_A_ALL_TX_VLANS] = { FLAG, offsetof(struct vqnic_filter_part, all_tx_vlans) },
		[VQNIC_FILTER_A_TX_VLANS] = { VLANS, offsetof(struct vqnic_filter_part, tx_vlans) },
		[VQNIC_FILTER_A_SPOOF_CHECK] = { BOOL, offsetof(struct vqnic_filter_part, spoof_check) },
		[VQNIC_FILTER_A_TRUST] = { BOOL, offsetof(struct vqnic_filter_part, trust) },
		[VQNIC_FILTER_A_PORT_VLAN] = { U16, offsetof(struct vqnic_filter_part, port_vlan) },
		[VQNIC_FILTER_A_PCP] = { U8, offsetof(struct vqnic_filter_part, pcp) },
	},
};

static const struct layout log_layout = {
	.what = "dirty log", .size = sizeof(struct log_pages),
	.required = { VQNIC_A_CARD, VQNIC_A_DEV_NAME, VQNIC_A_LOG_IOVA, VQNIC_A_LOG_SIZE, VQNIC_A_LOG_BITMAP },
	.fields = {
		[VQNIC_A_CARD] = { STRING, offsetof(struct log_pages, card) },
		[VQNIC_A_DEV_NAME] = { STRING, offsetof(struct log_pages, dev) },
		[VQNIC_A_LOG_IOVA] = { U64, offsetof(struct log_pages, iova) },
		[VQNIC_A_LOG_SIZE] = { U64, offsetof(struct log_pages, size) },
		[VQNIC_A_LOG_BITMAP] = { BYTES, offsetof(struct log_pages, bitmap) },
	},
};

static const struct layout state_layout = {
	.what = "state", .size = sizeof(struct dev_state),
	.required = { VQNIC_A_CARD, VQNIC_A_DEV_NAME, VQNIC_A_DEV_MAC, VQNIC_A_DEV_MTU, VQNIC_A_DEV_PAIRS,
		      VQNIC_A_DEV_PARTS },
	.fields = {
		[VQNIC_A_CARD] = { STRING, offsetof(struct dev_state, card) },
		[VQNIC_A_DEV_NAME] = { STRING, offsetof(struct dev_state, dev) },
		[VQNIC_A_DEV_MAC] = { MAC, offsetof(struct dev_state, mac) },
		[VQNIC_A_DEV_MTU] = { U32, offsetof(struct dev_state, mtu) },
		[VQNIC_A_DEV_PAIRS] = { U32, offsetof(struct dev_state, pairs) },
		[VQNIC_A_DEV_PARTS] = { BYTES, offsetof(struct dev_state, parts) },
	},
};

static const struct layout event_layout = {
	.what = "event", .size = sizeof(struct vqnic_event), .required = { VQNIC_A_CARD, VQNIC_A_EVENT },
	.fields = {
		[VQNIC_A_CARD] = { STRING, offsetof(struct vqnic_event, card) },
		[VQNIC_A_EVENT] = { U32, offsetof(struct vqnic_event, what) },
		[VQNIC_A_DEV_NAME] = { STRING, offsetof(struct vqnic_event, dev) },
		[VQNIC_A_DEV_INDEX] = { U32, offsetof(struct vqnic_event, index) },
		[VQNIC_A_CARD_LINK] = { BOOL, offsetof(struct vqnic_event, link) },
		[VQNIC_A_LOG_IOVA] = { U64, offsetof(struct vqnic_event, log_iova) },
		[VQNIC_A_LOG_SIZE] = { U64, offsetof(struct vqnic_event, log_size) },
	},
};

static int bad(struct decoded *d, const char *what, const char *problem, int attribute)
{
	snprintf(d->why, sizeof(d->why), "the driver's reply is malformed: %s: %s (attribute %d)", what, problem,
		 attribute);
	return -EBADMSG;
}

/* Puts one attribute where it belongs; false: its length is wrong, or it is a string without an end. */
static bool take(const struct nlattr *attr, enum kind kind, void *member)
{
	static const size_t lengths[] = {
		[U8] = 1, [U16] = 2, [U32] = 4, [U64] = 8, [BOOL] = 1, [FLAG] = 0, [MAC] = VQNIC_MAC_BYTES,
		[VLANS] = VQNIC_VLANS_BYTES,
	};
	const char *data = nla_data(attr);
	size_t len = (size_t)nla_len(attr);

	if (kind == STRING) {
		if (!memchr(data, '\0', len))
			return false;
		*(const char **)member = data;
		return true;
	}
	if (kind == MACS) {
		*(struct vqnic_macs *)member = (struct vqnic_macs){
			.count = len / VQNIC_MAC_BYTES, .mac = (const uint8_t (*)[VQNIC_MAC_BYTES])(const void *)data,
		};
		return len % VQNIC_MAC_BYTES == 0;
	}
	if (kind == BYTES) {
		*(struct blob *)member = (struct blob){ .len = len, .data = (const uint8_t *)data };
		return true;
	}
	if (len != lengths[kind])
		return false;
	if (kind == VLANS)
		*(const uint8_t **)member = (const uint8_t *)data;
	else if (kind == BOOL)
		*(bool *)member = *data != 0;
	else if (kind == FLAG)
		*(bool *)member = true;
	else
		memcpy(member, data, len);
	return true;
}

/* Decodes the attributes in `head` to `object`, which is laid out so and was zeroed; each may come once. */
static int decode(struct decoded *d, const struct layout *layout, void *object, const struct nlattr *head, int len)
{
	const struct nlattr *attr;
	uint64_t *present = object;
	int remaining;

	nla_for_each_attr(attr, (struct nlattr *)head, len, remaining) {
		int type = nla_type(attr);
		const struct field *field = type <= VQNIC_A_MAX ? &layout->fields[type] : NULL;

		if (!field || field->kind == UNKNOWN)
			continue;
		if (present[type / 64] >> type % 64 & 1)
			return bad(d, layout->what, "given twice", type);
		if (!take(attr, field->kind, (char *)object + field->offset))
			return bad(d, layout->what, "bad value", type);
		present[type / 64] |= UINT64_C(1) << type % 64;
	}
	if (remaining > 0)
		return bad(d, layout->what, "cut off after the last", nla_type(attr));
	for (int i = 0; i < REQUIRED_MAX && layout->required[i]; i++)
		if (!(present[layout->required[i] / 64] >> layout->required[i] % 64 & 1))
			return bad(d, layout->what, "missing", layout->required[i]);
	return 0;
}

/* Decodes all nests `type` in `head` to *nests, an array of objects, which decoded_free() frees. */
static int decode_nests(struct decoded *d, void **nests, const struct layout *layout, int type,
			const struct nlattr *head, int len, size_t *count)
{
	const struct nlattr *attr;
	int remaining, ret;
	size_t n = 0;

	nla_for_each_attr(attr, (struct nlattr *)head, len, remaining)
		n += nla_type(attr) == type;
	*nests = calloc(n ? n : 1, layout->size);
	if (!*nests)
		return -ENOMEM;
	*count = 0;
	nla_for_each_attr(attr, (struct nlattr *)head, len, remaining) {
		if (nla_type(attr) != type)
			continue;
		ret = decode(d, layout, (char *)*nests + *count * layout->size, nla_data(attr), nla_len(attr));
		if (ret)
			return ret;
		++*count;
	}
	return 0;
}

/* Checks the headers of a message, clears *d and tells where the attributes are. */
static int open_message(struct decoded *d, const struct nlmsghdr *msg, const struct nlattr **head, int *len)
{
	struct genlmsghdr *header;

	memset(d, 0, sizeof(*d));
	if (!genlmsg_valid_hdr((struct nlmsghdr *)msg, 0)) {
		snprintf(d->why, sizeof(d->why), "the driver's reply is malformed: %u bytes", msg->nlmsg_len);
		return -EBADMSG;
	}
	header = genlmsg_hdr((struct nlmsghdr *)msg);
	*head = genlmsg_attrdata(header, 0);
	*len = genlmsg_attrlen(header, 0);
	return 0;
}

int decode_card(struct decoded *d, const struct nlmsghdr *msg)
{
	const struct nlattr *head;
	int len, ret;

	ret = open_message(d, msg, &head, &len);
	return ret ? ret : decode(d, &card_layout, &d->card, head, len);
}

int decode_dev(struct decoded *d, const struct nlmsghdr *msg)
{
	const struct nlattr *head;
	int len, ret;

	ret = open_message(d, msg, &head, &len);
	if (!ret)
		ret = decode(d, &dev_layout, &d->dev, head, len);
	if (!ret)
		ret = decode_nests(d, &d->nests[0], &queue_layout, VQNIC_A_QUEUE, head, len, &d->dev.queue_count);
	if (!ret)
		ret = decode_nests(d, &d->nests[1], &as_layout, VQNIC_A_AS, head, len, &d->dev.space_count);
	d->dev.queues = d->nests[0];
	d->dev.spaces = d->nests[1];
	return ret;
}

int decode_stats(struct decoded *d, const struct nlmsghdr *msg)
{
	const struct nlattr *head;
	int len, ret;

	ret = open_message(d, msg, &head, &len);
	if (!ret)
		ret = decode(d, &stats_layout, &d->stats, head, len);
	if (!ret)
		ret = decode_nests(d, &d->nests[0], &stat_layout, VQNIC_A_STAT, head, len, &d->stats.stat_count);
	d->stats.stats = d->nests[0];
	return ret;
}

/* Decodes the nest `type` in `head`, if it is there, to *part, and points *given to it. */
static int decode_part(struct decoded *d, int type, const struct nlattr *head, int len,
		       struct vqnic_filter_part *part, const struct vqnic_filter_part **given)
{
	const struct nlattr *attr;
	int remaining;

	nla_for_each_attr(attr, (struct nlattr *)head, len, remaining) {
		if (nla_type(attr) != type)
			continue;
		if (*given)
			return bad(d, filter_layout.what, "given twice", type);
		*given = part;
		if (decode(d, &filter_part_layout, part, nla_data(attr), nla_len(attr)))
			return -EBADMSG;
	}
	return 0;
}

int decode_filter(struct decoded *d, const struct nlmsghdr *msg)
{
	const struct nlattr *head;
	int len, ret;

	ret = open_message(d, msg, &head, &len);
	if (!ret)
		ret = decode(d, &filter_layout, &d->filter, head, len);
	if (!ret)
		ret = decode_part(d, VQNIC_A_FILTER_GUEST, head, len, &d->parts[0], &d->filter.guest);
	if (!ret)
		ret = decode_part(d, VQNIC_A_FILTER_POLICY, head, len, &d->parts[1], &d->filter.policy);
	if (!ret)
		ret = decode_part(d, VQNIC_A_FILTER_CARD, head, len, &d->parts[2], &d->filter.in_force);
	return ret;
}

int decode_log(struct decoded *d, const struct nlmsghdr *msg)
{
	const struct nlattr *head;
	uint64_t pages;
	int len, ret;

	ret = open_message(d, msg, &head, &len);
	if (!ret)
		ret = decode(d, &log_layout, &d->log, head, len);
	if (ret)
		return ret;
	pages = d->log.size / PAGE_BYTES;
	if (d->log.size % PAGE_BYTES || d->log.bitmap.len != pages / 8 + (pages % 8 != 0))
		return bad(d, log_layout.what, "not a bit for each page", VQNIC_A_LOG_BITMAP);
	return 0;
}

int decode_state(struct decoded *d, const struct nlmsghdr *msg)
{
	const struct nlattr *head;
	int len, ret;

	ret = open_message(d, msg, &head, &len);
	if (!ret)
		ret = decode(d, &state_layout, &d->state, head, len);
	if (!ret)
		ret = decode_nests(d, &d->nests[0], &queue_layout, VQNIC_A_QUEUE, head, len, &d->state.queue_count);
	d->state.queues = d->nests[0];
	if (!ret)
		ret = decode_part(d, VQNIC_A_FILTER_POLICY, head, len, &d->parts[0], &d->state.policy);
	if (!ret && !d->state.policy)
		ret = bad(d, state_layout.what, "missing", VQNIC_A_FILTER_POLICY);
	return ret;
}

int decode_event(struct decoded *d, const struct nlmsghdr *msg)
{
	const struct nlattr *head;
	int len, ret;

	ret = open_message(d, msg, &head, &len);
	if (!ret)
		ret = decode(d, &event_layout, &d->event, head, len);
	if (!ret)
		ret = decode_nests(d, &d->nests[0], &queue_layout, VQNIC_A_QUEUE, head, len, &d->event.queue_count);
	d->event.queues = d->nests[0];
	return ret;
}

void decoded_free(struct decoded *d)
{
	for (size_t i = 0; i < sizeof(d->nests) / sizeof(d->nests[0]); i++) {
		free(d->nests[i]);
		d->nests[i] = NULL;
	}
}
