/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Netlink messages built byte by byte, as the kernel or an enemy would send them: independent of libnl, so that the
 * code under test cannot be wrong in the same way. Each user needs only some of the functions.
 */
#ifndef CTL_MESSAGE_H
#define CTL_MESSAGE_H

#include <stdint.h>
#include <string.h>

#include <linux/genetlink.h>
#include <linux/netlink.h>

#include <linux/vqnic.h>

#define FAMILY 0x25
#define SEQ 7

/* A datagram of messages. Alignment is that of malloc. */
struct bytes {
	size_t len;
	_Alignas(16) unsigned char data[32768];
};

static inline size_t put(struct bytes *b, const void *data, size_t len)
{
	size_t at = b->len;

	if (len)
		memcpy(b->data + at, data, len);
	memset(b->data + at + len, 0, NLMSG_ALIGN(len) - len);
	b->len += NLMSG_ALIGN(len);
	return at;
}

/* Starts a message; end_message() sets its length. Returns where it starts. */
static inline size_t begin_message(struct bytes *b, uint16_t type, uint16_t flags)
{
	struct nlmsghdr header = { .nlmsg_type = type, .nlmsg_flags = flags, .nlmsg_seq = SEQ };

	return put(b, &header, sizeof(header));
}

static inline void end_message(struct bytes *b, size_t at)
{
	uint32_t len = (uint32_t)(b->len - at);

	memcpy(b->data + at, &len, sizeof(len));
}

static inline size_t begin_genl(struct bytes *b, uint16_t family, uint16_t flags)
{
	struct genlmsghdr header = { .cmd = VQNIC_CMD_CARD_GET, .version = 1 };
	size_t at = begin_message(b, family, flags);

	put(b, &header, sizeof(header));
	return at;
}

static inline size_t put_attr(struct bytes *b, uint16_t type, const void *data, size_t len)
{
	struct nlattr attr = { .nla_type = type, .nla_len = (uint16_t)(sizeof(attr) + len) };
	size_t at = put(b, &attr, sizeof(attr));

	put(b, data, len);
	return at;
}

static inline void put_string(struct bytes *b, uint16_t type, const char *value)
{
	put_attr(b, type, value, strlen(value) + 1);
}

static inline void put_u8(struct bytes *b, uint16_t type, uint8_t value)
{
	put_attr(b, type, &value, sizeof(value));
}

static inline void put_u32(struct bytes *b, uint16_t type, uint32_t value)
{
	put_attr(b, type, &value, sizeof(value));
}

static inline void put_u64(struct bytes *b, uint16_t type, uint64_t value)
{
	put_attr(b, type, &value, sizeof(value));
}

static inline size_t begin_nest(struct bytes *b, uint16_t type)
{
	return put_attr(b, type | NLA_F_NESTED, NULL, 0);
}

static inline void end_nest(struct bytes *b, size_t at)
{
	uint16_t len = (uint16_t)(b->len - at);

	memcpy(b->data + at, &len, sizeof(len));
}

/* The kernel's verdict on a do, or on a dump that could not start. `text`: extended acknowledgement, or NULL. */
static inline void put_verdict(struct bytes *b, int error, const char *text)
{
	struct nlmsgerr err = { .error = error, .msg = { .nlmsg_len = 64 } };
	size_t at = begin_message(b, NLMSG_ERROR, (text ? NLM_F_ACK_TLVS : 0) | NLM_F_CAPPED);

	put(b, &err, sizeof(err));
	if (text)
		put_string(b, NLMSGERR_ATTR_MSG, text);
	end_message(b, at);
}

static inline void put_done(struct bytes *b, int error)
{
	size_t at = begin_message(b, NLMSG_DONE, NLM_F_MULTI);

	put(b, &error, sizeof(error));
	end_message(b, at);
}

/* Objects with each attribute that the driver can give. */
static inline void put_card(struct bytes *b, uint16_t flags)
{
	size_t at = begin_genl(b, FAMILY, flags);

	put_string(b, VQNIC_A_CARD, "0000:00:05.0");
	put_u32(b, VQNIC_A_CARD_VERSION, 1 << 16 | 2);
	put_u64(b, VQNIC_A_CARD_FEATURES, 1 << 3);
	put_u32(b, VQNIC_A_CARD_CLOCK_HZ, 250000000);
	put_u32(b, VQNIC_A_CARD_DATA_BITS, 512);
	put_u32(b, VQNIC_A_CARD_VECTORS, 32);
	put_u32(b, VQNIC_A_CARD_VDEVS, 2);
	put_u32(b, VQNIC_A_CARD_VDEVS_USED, 1);
	put_u32(b, VQNIC_A_CARD_VDEV_VQS, 3);
	put_u32(b, VQNIC_A_CARD_VQ_SIZE_MAX, 1024);
	put_u32(b, VQNIC_A_CARD_MTU_MAX, 9216);
	put_u64(b, VQNIC_A_CARD_VIRTIO_FEATURES, UINT64_C(1) << 5 | UINT64_C(1) << 32 | UINT64_C(1) << 44);
	put_u8(b, VQNIC_A_CARD_LINK, 1);
	put_u64(b, VQNIC_A_CARD_CYCLES, UINT64_C(0x123456789abcdef0));
	put_string(b, VQNIC_A_CARD_REFUSAL, "pci/0000:00:05.0: MTU 9217 is above 9216");
	put_u32(b, VQNIC_A_CARD_SPACES, 16);
	put_u32(b, VQNIC_A_CARD_SPACES_USED, 5);
	put_u32(b, VQNIC_A_CARD_PAIRS, 64);
	put_u32(b, VQNIC_A_CARD_PAIRS_USED, 7);
	put_u64(b, VQNIC_A_CARD_DEFAULT_FEATURES, UINT64_C(1) << 32 | UINT64_C(1) << 5);
	put_u64(b, VQNIC_A_CARD_MIGRATABLE_FEATURES, UINT64_C(1) << 32 | UINT64_C(1) << 5);
	end_message(b, at);
}

static inline void put_dev(struct bytes *b, uint16_t flags)
{
	static const uint8_t mac[6] = { 0x52, 0x54, 0x00, 0x12, 0x34, 0xfe };
	size_t at = begin_genl(b, FAMILY, flags), nest;

	put_string(b, VQNIC_A_CARD, "0000:00:05.0");
	put_string(b, VQNIC_A_DEV_NAME, "vdpa0");
	put_u32(b, VQNIC_A_DEV_INDEX, 1);
	put_attr(b, VQNIC_A_DEV_MAC, mac, sizeof(mac));
	put_u32(b, VQNIC_A_DEV_MTU, 1500);
	put_u8(b, VQNIC_A_DEV_LINK, 0);
	put_u8(b, VQNIC_A_DEV_STATUS, 0x0f);
	put_u64(b, VQNIC_A_DEV_OFFERED, UINT64_C(1) << 5 | UINT64_C(1) << 33);
	put_u64(b, VQNIC_A_DEV_ACCEPTED, 0);
	nest = begin_nest(b, VQNIC_A_QUEUE);
	put_u32(b, VQNIC_A_QUEUE_INDEX, 0);
	put_u32(b, VQNIC_A_QUEUE_SIZE, 256);
	put_u8(b, VQNIC_A_QUEUE_READY, 1);
	put_u32(b, VQNIC_A_QUEUE_AVAIL, 65535);
	put_u32(b, VQNIC_A_QUEUE_USED, 12);
	put_u32(b, VQNIC_A_QUEUE_IRQ, 33);
	put_u8(b, VQNIC_A_QUEUE_SHARED, 0);
	put_u64(b, VQNIC_A_QUEUE_FRAMES, 7);
	put_u64(b, VQNIC_A_QUEUE_BYTES, UINT64_C(0x100000000));
	put_u64(b, VQNIC_A_QUEUE_DROPS, 2);
	put_u32(b, VQNIC_A_QUEUE_FAULT, 0);
	end_nest(b, nest);
	nest = begin_nest(b, VQNIC_A_QUEUE);
	put_u32(b, VQNIC_A_QUEUE_INDEX, 1);
	put_u8(b, VQNIC_A_QUEUE_READY, 0);
	put_u32(b, VQNIC_A_QUEUE_FAULT, 4);
	put_string(b, VQNIC_A_QUEUE_FAULT_NAME, "DESC_INDEX");
	put_u64(b, VQNIC_A_QUEUE_FAULT_INFO, 0x1ff);
	put_u8(b, VQNIC_A_QUEUE_SHARED, 1);
	end_nest(b, nest);
	put_u32(b, VQNIC_A_DEV_AS_DATA, 3);
	put_u32(b, VQNIC_A_DEV_STATE, VQNIC_DEV_STATE_RUNNING);
	put_u32(b, VQNIC_A_DEV_PAIRS_USED, 4);
	put_u64(b, VQNIC_A_DEV_OFFLOADS, 2);
	put_u64(b, VQNIC_A_DEV_COMMANDS, 9);
	put_u64(b, VQNIC_A_DEV_COMMANDS_REFUSED, 1);
	put_u64(b, VQNIC_A_LOG_IOVA, 0x100000);
	put_u64(b, VQNIC_A_LOG_SIZE, UINT64_C(0x200000000));
	nest = begin_nest(b, VQNIC_A_AS);
	put_u32(b, VQNIC_A_AS_ASID, 0);
	put_u32(b, VQNIC_A_AS_INDEX, 3);
	put_u64(b, VQNIC_A_AS_MAPS, 5);
	put_u64(b, VQNIC_A_AS_BYTES, UINT64_C(0x42003000));
	put_u64(b, VQNIC_A_AS_LEAVES_1G, 1);
	put_u64(b, VQNIC_A_AS_LEAVES_2M, 16);
	put_u64(b, VQNIC_A_AS_LEAVES_4K, 4);
	put_u64(b, VQNIC_A_AS_TABLES, 6);
	end_nest(b, nest);
	nest = begin_nest(b, VQNIC_A_AS);
	put_u32(b, VQNIC_A_AS_ASID, 1);
	end_nest(b, nest);
	end_message(b, at);
}

/* The dirty log of so many pages, of which `bits` has those that were written. */
static inline void put_log(struct bytes *b, uint64_t iova, uint32_t pages, const uint8_t *bits)
{
	size_t at = begin_genl(b, FAMILY, 0);

	put_string(b, VQNIC_A_CARD, "0000:00:05.0");
	put_string(b, VQNIC_A_DEV_NAME, "vdpa0");
	put_u64(b, VQNIC_A_LOG_IOVA, iova);
	put_u64(b, VQNIC_A_LOG_SIZE, UINT64_C(4096) * pages);
	put_attr(b, VQNIC_A_LOG_BITMAP, bits, pages / 8 + (pages % 8 != 0));
	end_message(b, at);
}

/* A set of the VLANs 1, 7 to 9, and 4094. */
static inline void put_vlans(struct bytes *b, uint16_t type)
{
	uint8_t vlans[VQNIC_VLANS_BYTES] = { [0] = 0x82, [1] = 0x03, [511] = 0x40 };

	put_attr(b, type, vlans, sizeof(vlans));
}

static inline void put_filter(struct bytes *b, uint16_t flags)
{
	static const uint8_t macs[3][6] = {
		{ 0x52, 0x54, 0x00, 0x12, 0x34, 0xfe }, { 0x02, 0, 0, 0, 0, 0x01 }, { 0x33, 0x33, 0, 0, 0, 0x01 },
	};
	size_t at = begin_genl(b, FAMILY, flags), nest;

	put_string(b, VQNIC_A_CARD, "0000:00:05.0");
	put_string(b, VQNIC_A_DEV_NAME, "vdpa0");
	nest = begin_nest(b, VQNIC_A_FILTER_GUEST);
	put_attr(b, VQNIC_FILTER_A_MAC, macs[0], 6);
	put_attr(b, VQNIC_FILTER_A_UNICAST, macs[1], 6);
	put_attr(b, VQNIC_FILTER_A_MULTICAST, macs[2], 6);
	put_u32(b, VQNIC_FILTER_A_RX_MODE, VQNIC_RX_PROMISC | VQNIC_RX_NOBCAST | 1 << 30);
	put_vlans(b, VQNIC_FILTER_A_VLANS);
	end_nest(b, nest);
	nest = begin_nest(b, VQNIC_A_FILTER_POLICY);
	put_attr(b, VQNIC_FILTER_A_MAC, macs[0], 6);
	put_u32(b, VQNIC_FILTER_A_MACS_MAX, 96);
	put_attr(b, VQNIC_FILTER_A_UNICAST, macs[1], 6);
	put_u8(b, VQNIC_FILTER_A_SPOOF_CHECK, 1);
	put_u8(b, VQNIC_FILTER_A_TRUST, 0);
	put_attr(b, VQNIC_FILTER_A_PORT_VLAN, &(uint16_t){ 300 }, 2);
	put_u8(b, VQNIC_FILTER_A_PCP, 5);
	put_attr(b, VQNIC_FILTER_A_ALL_VLANS, NULL, 0);
	end_nest(b, nest);
	nest = begin_nest(b, VQNIC_A_FILTER_CARD);
	put_attr(b, VQNIC_FILTER_A_UNICAST, macs, 12);
	put_attr(b, VQNIC_FILTER_A_MULTICAST, NULL, 0);
	put_u32(b, VQNIC_FILTER_A_RX_MODE, 0);
	put_attr(b, VQNIC_FILTER_A_PORT_VLAN, &(uint16_t){ 0 }, 2);
	put_attr(b, VQNIC_FILTER_A_ALL_VLANS, NULL, 0);
	put_vlans(b, VQNIC_FILTER_A_TX_VLANS);
	end_nest(b, nest);
	end_message(b, at);
}

/* `dev` NULL: a card's counters. */
static inline void put_stats(struct bytes *b, uint16_t flags, const char *dev)
{
	size_t at = begin_genl(b, FAMILY, flags), nest;

	put_string(b, VQNIC_A_CARD, "0000:00:05.0");
	if (dev)
		put_string(b, VQNIC_A_DEV_NAME, dev);
	nest = begin_nest(b, VQNIC_A_STAT);
	put_string(b, VQNIC_A_STAT_NAME, dev ? "tx_frames" : "wire_rx_frames");
	put_u64(b, VQNIC_A_STAT_VALUE, UINT64_MAX);
	end_nest(b, nest);
	nest = begin_nest(b, VQNIC_A_STAT);
	put_string(b, VQNIC_A_STAT_NAME, dev ? "tx_bytes" : "wire_rx_bytes");
	put_u64(b, VQNIC_A_STAT_VALUE, 0);
	end_nest(b, nest);
	end_message(b, at);
}

#endif
