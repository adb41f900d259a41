// SPDX-License-Identifier: Apache-2.0
/* The decoding of the driver's messages (ctl/lib/decode.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>

#include "ctl_message.h"
#include "decode.h"

typedef int (*decode_fn)(struct decoded *, const struct nlmsghdr *);

/* The message in *b as one that ends where its memory does, so that the address sanitizer sees a read beyond it. */
static struct nlmsghdr *message(const struct bytes *b)
{
	struct nlmsghdr *msg = malloc(b->len);

	assert_non_null(msg);
	memcpy(msg, b->data, b->len);
	return msg;
}

/* The decoder says that `what` is wrong with the attribute. */
static void refused(decode_fn decode, const struct bytes *b, const char *what, int attribute)
{
	struct nlmsghdr *msg = message(b);
	struct decoded d;
	char why[128];

	snprintf(why, sizeof(why), "the driver's reply is malformed: %s (attribute %d)", what, attribute);
	assert_int_equal(decode(&d, msg), -EBADMSG);
	assert_string_equal(d.why, why);
	decoded_free(&d);
	free(msg);
}

static void a_card(void **state)
{
	struct bytes b = { 0 };
	struct nlmsghdr *msg;
	struct decoded d;

	(void)state;
	put_card(&b, 0);
	msg = message(&b);
	assert_int_equal(decode_card(&d, msg), 0);
	assert_string_equal(d.card.name, "0000:00:05.0");
	assert_int_equal(d.card.version, 0x10002);
	assert_int_equal(d.card.features, 8);
	assert_int_equal(d.card.clock_hz, 250000000);
	assert_int_equal(d.card.data_bits, 512);
	assert_int_equal(d.card.vectors, 32);
	assert_int_equal(d.card.vdevs, 2);
	assert_int_equal(d.card.vdevs_used, 1);
	assert_int_equal(d.card.vdev_vqs, 3);
	assert_int_equal(d.card.vq_size_max, 1024);
	assert_int_equal(d.card.mtu_max, 9216);
	assert_true(d.card.virtio_features == (UINT64_C(1) << 5 | UINT64_C(1) << 32 | UINT64_C(1) << 44));
	assert_true(d.card.link);
	assert_true(VQNIC_HAS(&d.card, VQNIC_A_CARD_LINK));
	assert_false(d.card.dead);
	assert_false(VQNIC_HAS(&d.card, VQNIC_A_CARD_DEAD));
	assert_true(d.card.cycles == UINT64_C(0x123456789abcdef0));
	assert_string_equal(d.card.refusal, "pci/0000:00:05.0: MTU 9217 is above 9216");
	assert_int_equal(d.card.spaces, 16);
	assert_int_equal(d.card.spaces_used, 5);
	decoded_free(&d);
	free(msg);
}

static void a_device(void **state)
{
	static const uint8_t mac[6] = { 0x52, 0x54, 0x00, 0x12, 0x34, 0xfe };
	struct bytes b = { 0 };
	struct nlmsghdr *msg;
	struct decoded d;

	(void)state;
	put_dev(&b, 0);
	msg = message(&b);
	assert_int_equal(decode_dev(&d, msg), 0);
	assert_string_equal(d.dev.card, "0000:00:05.0");
	assert_string_equal(d.dev.name, "vdpa0");
	assert_int_equal(d.dev.index, 1);
	assert_memory_equal(d.dev.mac, mac, sizeof(mac));
	assert_int_equal(d.dev.mtu, 1500);
	assert_false(d.dev.link);
	assert_true(VQNIC_HAS(&d.dev, VQNIC_A_DEV_LINK));
	assert_int_equal(d.dev.status, 0x0f);
	assert_true(d.dev.offered == (UINT64_C(1) << 5 | UINT64_C(1) << 33));
	assert_int_equal(d.dev.accepted, 0);
	assert_int_equal(d.dev.queue_count, 2);
	assert_int_equal(d.dev.queues[0].index, 0);
	assert_int_equal(d.dev.queues[0].size, 256);
	assert_true(d.dev.queues[0].ready);
	assert_int_equal(d.dev.queues[0].avail, 65535);
	assert_int_equal(d.dev.queues[0].used, 12);
	assert_int_equal(d.dev.queues[0].irq, 33);
	assert_int_equal(d.dev.queues[0].fault, 0);
	assert_true(VQNIC_HAS(&d.dev.queues[0], VQNIC_A_QUEUE_SHARED));
	assert_false(d.dev.queues[0].shared);
	assert_int_equal(d.dev.queues[0].frames, 7);
	assert_true(d.dev.queues[0].bytes == UINT64_C(0x100000000));
	assert_int_equal(d.dev.queues[0].drops, 2);
	assert_int_equal(d.dev.queues[1].index, 1);
	assert_true(d.dev.queues[1].shared);
	assert_false(VQNIC_HAS(&d.dev.queues[1], VQNIC_A_QUEUE_FRAMES));
	assert_false(VQNIC_HAS(&d.dev.queues[1], VQNIC_A_QUEUE_IRQ));
	assert_int_equal(d.dev.queues[1].fault, 4);
	assert_string_equal(d.dev.queues[1].fault_name, "DESC_INDEX");
	assert_int_equal(d.dev.queues[1].fault_info, 0x1ff);
	assert_int_equal(d.dev.as_data, 3);
	assert_int_equal(d.dev.pairs_used, 4);
	assert_int_equal(d.dev.offloads, 2);
	assert_int_equal(d.dev.commands, 9);
	assert_int_equal(d.dev.commands_refused, 1);
	assert_int_equal(d.dev.log_iova, 0x100000);
	assert_true(d.dev.log_size == UINT64_C(0x200000000));
	assert_int_equal(d.dev.space_count, 2);
	assert_int_equal(d.dev.spaces[0].asid, 0);
	assert_int_equal(d.dev.spaces[0].index, 3);
	assert_int_equal(d.dev.spaces[0].maps, 5);
	assert_true(d.dev.spaces[0].bytes == UINT64_C(0x42003000));
	assert_int_equal(d.dev.spaces[0].leaves_1g, 1);
	assert_int_equal(d.dev.spaces[0].leaves_2m, 16);
	assert_int_equal(d.dev.spaces[0].leaves_4k, 4);
	assert_int_equal(d.dev.spaces[0].tables, 6);
	assert_int_equal(d.dev.spaces[1].asid, 1);
	assert_false(VQNIC_HAS(&d.dev.spaces[1], VQNIC_A_AS_MAPS));
	decoded_free(&d);
	free(msg);
}

static void a_filter(void **state)
{
	static const uint8_t own[6] = { 0x52, 0x54, 0x00, 0x12, 0x34, 0xfe }, other[6] = { 0x02, 0, 0, 0, 0, 0x01 };
	struct bytes b = { 0 };
	struct nlmsghdr *msg;
	struct decoded d;

	(void)state;
	put_filter(&b, 0);
	msg = message(&b);
	assert_int_equal(decode_filter(&d, msg), 0);
	assert_string_equal(d.filter.card, "0000:00:05.0");
	assert_string_equal(d.filter.dev, "vdpa0");
	assert_memory_equal(d.filter.guest->mac, own, 6);
	assert_int_equal(d.filter.guest->unicast.count, 1);
	assert_memory_equal(d.filter.guest->unicast.mac[0], other, 6);
	assert_int_equal(d.filter.guest->multicast.count, 1);
	assert_int_equal(d.filter.guest->rx_mode, VQNIC_RX_PROMISC | VQNIC_RX_NOBCAST | 1 << 30);
	assert_false(d.filter.guest->all_vlans);
	for (unsigned int vid = 0; vid < 4096; vid++)
		assert_int_equal(VQNIC_VLANS_HAS(d.filter.guest->vlans, vid),
				 vid == 1 || (vid >= 7 && vid <= 9) || vid == 4094);
	assert_false(VQNIC_HAS(d.filter.guest, VQNIC_FILTER_A_TRUST));
	assert_int_equal(d.filter.policy->macs_max, 96);
	assert_true(d.filter.policy->spoof_check);
	assert_true(VQNIC_HAS(d.filter.policy, VQNIC_FILTER_A_TRUST));
	assert_false(d.filter.policy->trust);
	assert_int_equal(d.filter.policy->port_vlan, 300);
	assert_int_equal(d.filter.policy->pcp, 5);
	assert_true(d.filter.policy->all_vlans);
	assert_null(d.filter.policy->vlans);
	assert_int_equal(d.filter.in_force->unicast.count, 2);
	assert_memory_equal(d.filter.in_force->unicast.mac[1], other, 6);
	assert_int_equal(d.filter.in_force->multicast.count, 0);
	assert_true(VQNIC_HAS(d.filter.in_force, VQNIC_FILTER_A_MULTICAST));
	assert_true(d.filter.in_force->all_vlans);
	assert_false(d.filter.in_force->all_tx_vlans);
	assert_true(VQNIC_VLANS_HAS(d.filter.in_force->tx_vlans, 8));
	decoded_free(&d);
	free(msg);
}

/* A filter of a dead card's device, then one with something wrong in what the guest wishes. */
static void parts_of_a_filter(void **state)
{
	static const struct {
		uint16_t type;
		size_t len;
	} wrong[] = {
		{ VQNIC_FILTER_A_UNICAST, 7 }, { VQNIC_FILTER_A_MULTICAST, 5 }, { VQNIC_FILTER_A_VLANS, 511 },
		{ VQNIC_FILTER_A_VLANS, 0 }, { VQNIC_FILTER_A_MAC, 12 }, { VQNIC_FILTER_A_PORT_VLAN, 4 },
	};
	static const uint8_t zeros[512];
	struct bytes b = { 0 };
	struct nlmsghdr *msg;
	struct decoded d;

	(void)state;
	begin_genl(&b, FAMILY, 0);
	put_string(&b, VQNIC_A_CARD, "0000:00:05.0");
	put_string(&b, VQNIC_A_DEV_NAME, "vdpa0");
	end_nest(&b, begin_nest(&b, VQNIC_A_FILTER_GUEST));
	end_message(&b, 0);
	msg = message(&b);
	assert_int_equal(decode_filter(&d, msg), 0);
	assert_non_null(d.filter.guest);
	assert_null(d.filter.in_force);
	decoded_free(&d);
	free(msg);

	end_nest(&b, begin_nest(&b, VQNIC_A_FILTER_GUEST));
	end_message(&b, 0);
	refused(decode_filter, &b, "filter: given twice", VQNIC_A_FILTER_GUEST);

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		size_t nest;

		memset(&b, 0, sizeof(b));
		begin_genl(&b, FAMILY, 0);
		put_string(&b, VQNIC_A_CARD, "0000:00:05.0");
		put_string(&b, VQNIC_A_DEV_NAME, "vdpa0");
		nest = begin_nest(&b, VQNIC_A_FILTER_GUEST);
		put_attr(&b, wrong[i].type, zeros, wrong[i].len);
		end_nest(&b, nest);
		end_message(&b, 0);
		refused(decode_filter, &b, "part of a filter: bad value", wrong[i].type);
	}
}

static void a_dirty_log(void **state)
{
	static const uint8_t bits[4] = { 0x81, 0, 0xff, 0x03 };
	static const struct {
		uint64_t size;
		size_t len;
	} wrong[] = { { 26 * 4096, 3 }, { 24 * 4096, 4 }, { 26 * 4096 + 1, 4 }, { 0, 1 }, { UINT64_MAX - 4095, 4 } };
	struct bytes b = { 0 };
	struct nlmsghdr *msg;
	struct decoded d;

	(void)state;
	put_log(&b, 0x7000, 26, bits);
	msg = message(&b);
	assert_int_equal(decode_log(&d, msg), 0);
	assert_string_equal(d.log.card, "0000:00:05.0");
	assert_string_equal(d.log.dev, "vdpa0");
	assert_int_equal(d.log.iova, 0x7000);
	assert_int_equal(d.log.size, 26 * 4096);
	assert_int_equal(d.log.bitmap.len, 4);
	assert_memory_equal(d.log.bitmap.data, bits, 4);
	decoded_free(&d);
	free(msg);

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		memset(&b, 0, sizeof(b));
		begin_genl(&b, FAMILY, 0);
		put_string(&b, VQNIC_A_CARD, "0000:00:05.0");
		put_string(&b, VQNIC_A_DEV_NAME, "vdpa0");
		put_u64(&b, VQNIC_A_LOG_IOVA, 0);
		put_u64(&b, VQNIC_A_LOG_SIZE, wrong[i].size);
		put_attr(&b, VQNIC_A_LOG_BITMAP, bits, wrong[i].len);
		end_message(&b, 0);
		refused(decode_log, &b, "dirty log: not a bit for each page", VQNIC_A_LOG_BITMAP);
	}
}

/* A fault of vdpa0's queue 1. */
static void put_fault_event(struct bytes *b, bool what)
{
	size_t nest;

	begin_genl(b, FAMILY, 0);
	put_string(b, VQNIC_A_CARD, "0000:00:05.0");
	if (what)
		put_u32(b, VQNIC_A_EVENT, VQNIC_NTF_QUEUE_FAULT);
	put_string(b, VQNIC_A_DEV_NAME, "vdpa0");
	put_u32(b, VQNIC_A_DEV_INDEX, 3);
	nest = begin_nest(b, VQNIC_A_QUEUE);
	put_u32(b, VQNIC_A_QUEUE_INDEX, 1);
	put_u32(b, VQNIC_A_QUEUE_FAULT, 12);
	put_string(b, VQNIC_A_QUEUE_FAULT_NAME, "IOVA_READ");
	put_u64(b, VQNIC_A_QUEUE_FAULT_INFO, 0x1000);
	end_nest(b, nest);
	end_message(b, 0);
}

static void events(void **state)
{
	struct bytes fault = { 0 }, link = { 0 }, without = { 0 };
	struct nlmsghdr *msg;
	struct decoded d;

	(void)state;
	put_fault_event(&fault, true);
	msg = message(&fault);
	assert_int_equal(decode_event(&d, msg), 0);
	assert_string_equal(d.event.card, "0000:00:05.0");
	assert_string_equal(vqnic_event_name(d.event.what), "queue_fault");
	assert_string_equal(d.event.dev, "vdpa0");
	assert_int_equal(d.event.index, 3);
	assert_false(VQNIC_HAS(&d.event, VQNIC_A_CARD_LINK));
	assert_int_equal(d.event.queue_count, 1);
	assert_int_equal(d.event.queues[0].index, 1);
	assert_string_equal(d.event.queues[0].fault_name, "IOVA_READ");
	assert_int_equal(d.event.queues[0].fault_info, 0x1000);
	decoded_free(&d);
	free(msg);

	begin_genl(&link, FAMILY, 0);
	put_string(&link, VQNIC_A_CARD, "0000:00:05.0");
	put_u32(&link, VQNIC_A_EVENT, VQNIC_NTF_CARD_LINK);
	put_u8(&link, VQNIC_A_CARD_LINK, 1);
	end_message(&link, 0);
	msg = message(&link);
	assert_int_equal(decode_event(&d, msg), 0);
	assert_null(d.event.dev);
	assert_int_equal(d.event.queue_count, 0);
	assert_true(d.event.link);
	decoded_free(&d);
	free(msg);

	put_fault_event(&without, false);
	refused(decode_event, &without, "event: missing", VQNIC_A_EVENT);
	for (uint32_t what = VQNIC_NTF_UNSPEC + 1; what <= VQNIC_NTF_MAX; what++)
		assert_non_null(vqnic_event_name(what));
	assert_null(vqnic_event_name(VQNIC_NTF_UNSPEC));
	assert_null(vqnic_event_name(VQNIC_NTF_MAX + 1));
}

static void counters(void **state)
{
	struct bytes card = { 0 }, dev = { 0 };
	struct nlmsghdr *msg;
	struct decoded d;

	(void)state;
	put_stats(&card, 0, NULL);
	msg = message(&card);
	assert_int_equal(decode_stats(&d, msg), 0);
	assert_null(d.stats.dev);
	assert_int_equal(d.stats.stat_count, 2);
	assert_string_equal(d.stats.stats[0].name, "wire_rx_frames");
	assert_true(d.stats.stats[0].value == UINT64_MAX);
	assert_string_equal(d.stats.stats[1].name, "wire_rx_bytes");
	assert_int_equal(d.stats.stats[1].value, 0);
	decoded_free(&d);
	free(msg);

	put_stats(&dev, 0, "vdpa0");
	msg = message(&dev);
	assert_int_equal(decode_stats(&d, msg), 0);
	assert_string_equal(d.stats.dev, "vdpa0");
	decoded_free(&d);
	free(msg);
}

/* What an older driver does not give is absent, not an error. */
static void an_older_driver(void **state)
{
	struct bytes b = { 0 };
	struct nlmsghdr *msg;
	struct decoded d;

	(void)state;
	begin_genl(&b, FAMILY, 0);
	put_string(&b, VQNIC_A_CARD, "0000:00:05.0");
	put_attr(&b, VQNIC_A_CARD_DEAD, NULL, 0);
	end_message(&b, 0);
	msg = message(&b);
	assert_int_equal(decode_card(&d, msg), 0);
	assert_true(d.card.dead);
	assert_false(VQNIC_HAS(&d.card, VQNIC_A_CARD_MTU_MAX));
	assert_null(d.card.refusal);
	decoded_free(&d);
	free(msg);
}

/* What a newer driver gives besides is skipped, at each level, whatever its type says. */
static void a_newer_driver(void **state)
{
	struct bytes b = { 0 };
	struct nlmsghdr *msg;
	struct decoded d;
	size_t nest;

	(void)state;
	begin_genl(&b, FAMILY, 0);
	put_u64(&b, VQNIC_A_MAX + 1, 1);
	put_u64(&b, (uint16_t)NLA_TYPE_MASK, 2);
	put_u64(&b, VQNIC_A_UNSPEC, 3);
	put_attr(&b, VQNIC_A_PAD, NULL, 0);
	put_u32(&b, VQNIC_A_QUEUE_INDEX, 9);
	put_string(&b, VQNIC_A_CARD, "0000:00:05.0");
	put_string(&b, VQNIC_A_DEV_NAME, "vdpa0");
	nest = begin_nest(&b, VQNIC_A_QUEUE);
	put_u32(&b, VQNIC_A_QUEUE_INDEX, 0);
	put_string(&b, VQNIC_A_MAX + 2, "new");
	end_nest(&b, nest);
	end_message(&b, 0);
	msg = message(&b);
	assert_int_equal(decode_dev(&d, msg), 0);
	assert_string_equal(d.dev.name, "vdpa0");
	assert_int_equal(d.dev.queue_count, 1);
	decoded_free(&d);
	free(msg);
}

static void what_must_be_there(void **state)
{
	struct bytes card = { 0 }, dev = { 0 }, queue = { 0 }, as = { 0 }, stat = { 0 }, log = { 0 };
	size_t nest;

	(void)state;
	begin_genl(&card, FAMILY, 0);
	put_u32(&card, VQNIC_A_CARD_MTU_MAX, 1);
	end_message(&card, 0);
	refused(decode_card, &card, "card: missing", VQNIC_A_CARD);

	begin_genl(&dev, FAMILY, 0);
	put_string(&dev, VQNIC_A_DEV_NAME, "vdpa0");
	end_message(&dev, 0);
	refused(decode_dev, &dev, "device: missing", VQNIC_A_CARD);

	begin_genl(&queue, FAMILY, 0);
	put_string(&queue, VQNIC_A_CARD, "0000:00:05.0");
	put_string(&queue, VQNIC_A_DEV_NAME, "vdpa0");
	nest = begin_nest(&queue, VQNIC_A_QUEUE);
	put_u32(&queue, VQNIC_A_QUEUE_SIZE, 1);
	end_nest(&queue, nest);
	end_message(&queue, 0);
	refused(decode_dev, &queue, "queue: missing", VQNIC_A_QUEUE_INDEX);

	begin_genl(&as, FAMILY, 0);
	put_string(&as, VQNIC_A_CARD, "0000:00:05.0");
	put_string(&as, VQNIC_A_DEV_NAME, "vdpa0");
	nest = begin_nest(&as, VQNIC_A_AS);
	put_u32(&as, VQNIC_A_AS_INDEX, 1);
	end_nest(&as, nest);
	end_message(&as, 0);
	refused(decode_dev, &as, "address space: missing", VQNIC_A_AS_ASID);

	begin_genl(&stat, FAMILY, 0);
	put_string(&stat, VQNIC_A_CARD, "0000:00:05.0");
	nest = begin_nest(&stat, VQNIC_A_STAT);
	put_string(&stat, VQNIC_A_STAT_NAME, "tx_frames");
	end_nest(&stat, nest);
	end_message(&stat, 0);
	refused(decode_stats, &stat, "counter: missing", VQNIC_A_STAT_VALUE);

	begin_genl(&log, FAMILY, 0);
	put_string(&log, VQNIC_A_CARD, "0000:00:05.0");
	put_string(&log, VQNIC_A_DEV_NAME, "vdpa0");
	put_u64(&log, VQNIC_A_LOG_IOVA, 0);
	put_u64(&log, VQNIC_A_LOG_SIZE, 4096);
	end_message(&log, 0);
	refused(decode_log, &log, "dirty log: missing", VQNIC_A_LOG_BITMAP);
}

/* Card messages with one wrong attribute after the name. */
static void wrong_attribute(uint16_t type, const void *data, size_t len, const char *what)
{
	struct bytes b = { 0 };

	begin_genl(&b, FAMILY, 0);
	put_string(&b, VQNIC_A_CARD, "0000:00:05.0");
	put_attr(&b, type, data, len);
	end_message(&b, 0);
	refused(decode_card, &b, what, type);
}

static void wrong_lengths(void **state)
{
	(void)state;
	wrong_attribute(VQNIC_A_CARD_VERSION, "\1\2\3", 3, "card: bad value");
	wrong_attribute(VQNIC_A_CARD_VERSION, "\1\2\3\4\5\6\7\10", 8, "card: bad value");
	wrong_attribute(VQNIC_A_CARD_FEATURES, "\1\2\3\4", 4, "card: bad value");
	wrong_attribute(VQNIC_A_CARD_LINK, NULL, 0, "card: bad value");
	wrong_attribute(VQNIC_A_CARD_DEAD, "\1", 1, "card: bad value");
	wrong_attribute(VQNIC_A_CARD_REFUSAL, "no end", 6, "card: bad value");
	wrong_attribute(VQNIC_A_CARD, "twice", 6, "card: given twice");
}

static void cut_off(void **state)
{
	struct bytes b = { 0 };
	uint16_t beyond = 64;
	struct nlmsghdr *msg;
	struct decoded d;

	(void)state;
	begin_genl(&b, FAMILY, 0);
	put_string(&b, VQNIC_A_CARD, "0000:00:05.0");
	memcpy(b.data + put_attr(&b, VQNIC_A_CARD_VERSION, "\1\2\3\4", 4), &beyond, sizeof(beyond));
	end_message(&b, 0);
	refused(decode_card, &b, "card: cut off after the last", VQNIC_A_CARD_VERSION);

	memset(&b, 0, sizeof(b));
	begin_message(&b, FAMILY, 0);
	end_message(&b, 0);
	msg = message(&b);
	assert_int_equal(decode_card(&d, msg), -EBADMSG);
	assert_string_equal(d.why, "the driver's reply is malformed: 16 bytes");
	free(msg);
}

/* Every message cut at every length, and with every byte changed to several values, is survived. */
static void any_damage_is_survived(void **state)
{
	static const unsigned char values[] = { 0x00, 0x01, 0x02, 0x05, 0x7f, 0x80, 0xff };
	static const decode_fn decoders[] = { decode_card, decode_dev, decode_stats, decode_filter, decode_log, decode_event };
	struct decoded d;

	(void)state;
	for (size_t i = 0; i < sizeof(decoders) / sizeof(decoders[0]); i++) {
		struct bytes b = { 0 };
		struct nlmsghdr *msg;
		uint32_t whole;

		if (i == 0)
			put_card(&b, 0);
		else if (i == 1)
			put_dev(&b, 0);
		else if (i == 2)
			put_stats(&b, 0, "vdpa0");
		else if (i == 3)
			put_filter(&b, 0);
		else if (i == 4)
			put_log(&b, 0x1000, 20, (const uint8_t[]){ 1, 2, 3 });
		else
			put_fault_event(&b, true);
		whole = (uint32_t)b.len;
		for (uint32_t len = sizeof(*msg); len < whole; len++) {
			b.len = len;
			memcpy(b.data, &len, sizeof(len));
			msg = message(&b);
			decoders[i](&d, msg);
			decoded_free(&d);
			free(msg);
		}
		b.len = whole;
		memcpy(b.data, &whole, sizeof(whole));
		/* The header's length was checked when the reply was gathered. */
		for (size_t at = sizeof(whole); at < whole; at++) {
			unsigned char was = b.data[at];

			for (size_t v = 0; v < sizeof(values); v++) {
				b.data[at] = values[v];
				msg = message(&b);
				decoders[i](&d, msg);
				decoded_free(&d);
				free(msg);
			}
			b.data[at] = was;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_card),
		cmocka_unit_test(a_device),
		cmocka_unit_test(a_filter),
		cmocka_unit_test(parts_of_a_filter),
		cmocka_unit_test(a_dirty_log),
		cmocka_unit_test(counters),
		cmocka_unit_test(an_older_driver),
		cmocka_unit_test(events),
		cmocka_unit_test(a_newer_driver),
		cmocka_unit_test(what_must_be_there),
		cmocka_unit_test(wrong_lengths),
		cmocka_unit_test(cut_off),
		cmocka_unit_test(any_damage_is_survived),
	};

	return cmocka_run_group_tests_name("ctl_decode", tests, NULL, NULL);
}
