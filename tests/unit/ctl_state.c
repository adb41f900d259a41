// SPDX-License-Identifier: Apache-2.0
/*
 * The state of a device as a stream: what is written is read back, streams of earlier versions still are, and nothing that
 * is cut off, altered or made up gets through.
 *
 *   ctl_state --write FILE    writes the full state to a new file of tests/unit/migration
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <linux/virtio_net.h>
#include <zlib.h>

#include "state.h"

#define GOLDEN "tests/unit/migration/v1.state"

/* Parts that are being made. */
struct parts {
	uint8_t bytes[8192];
	size_t len;
};

static void put(uint8_t *bytes, uint64_t value, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		bytes[i] = (uint8_t)(value >> 8 * i);
}

/* Adds a part; `selector` is its first two bytes. */
static void add_part(struct parts *p, uint16_t type, uint8_t flags, uint16_t selector, const void *value, uint32_t len)
{
	uint8_t *at = p->bytes + p->len;

	assert_true(p->len + 16 + len <= sizeof(p->bytes));
	memset(at, 0, 16);
	put(at, type, 2);
	at[2] = flags;
	put(at + 4, selector, 2);
	put(at + 12, len, 4);
	if (len)
		memcpy(at + 16, value, len);
	p->len += 16 + len;
}

static void add_number(struct parts *p, uint16_t type, uint8_t flags, uint16_t selector, uint64_t value, uint32_t len)
{
	uint8_t bytes[8];

	put(bytes, value, 8);
	add_part(p, type, flags, selector, bytes, len);
}

static void add_command(struct parts *p, uint8_t class, uint8_t command, const void *value, uint32_t len)
{
	add_part(p, VQNIC_PART_CVQ_CFG, class == VIRTIO_NET_CTRL_GUEST_OFFLOADS, (uint16_t)(class | command << 8), value, len);
}

static void add_queue(struct parts *p, uint16_t index)
{
	uint8_t cfg[32] = { 0 };

	put(cfg, 256, 2);
	put(cfg + 2, 0xffff, 2);
	put(cfg + 4, 1, 2);
	put(cfg + 8, 0x10000000 + index * 0x10000u, 8);
	put(cfg + 16, 0x10001000 + index * 0x10000u, 8);
	put(cfg + 24, 0x10002000 + index * 0x10000u, 8);
	add_part(p, VQNIC_PART_VQ_CFG, 0, index, cfg, sizeof(cfg));
}

/* A state in which everything occurs. */
static void full_state(struct vqnic_state *s, struct parts *p)
{
	static const uint8_t macs[] = { 1, 0, 0, 0, 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0x33, 0x33, 0, 0, 0, 1, 1, 0, 0x5e, 0, 0, 1 };
	uint8_t vlans[VQNIC_VLANS_BYTES] = { 0 };

	memset(s, 0, sizeof(*s));
	p->len = 0;
	add_number(p, VQNIC_PART_DEV_FEATURES, 1, 0, UINT64_C(0x130ff0023), 8);
	add_number(p, VQNIC_PART_DRV_FEATURES, 0, 0, UINT64_C(0x1300f0023), 8);
	add_number(p, VQNIC_PART_DEVICE_STATUS, 0, 0, 0xf, 1);
	for (uint16_t i = 0; i < 5; i++)
		add_queue(p, i);
	for (uint8_t mode = VIRTIO_NET_CTRL_RX_PROMISC; mode <= VIRTIO_NET_CTRL_RX_NOBCAST; mode++)
		add_command(p, VIRTIO_NET_CTRL_RX, mode, &(uint8_t){ mode % 2 }, 1);
	add_command(p, VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_TABLE_SET, macs, sizeof(macs));
	add_command(p, VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_ADDR_SET, "\x02\0\0\0\0\x07", 6);
	vlans[0] = 2;
	vlans[511] = 0x40;
	add_command(p, VIRTIO_NET_CTRL_VLAN, VIRTIO_NET_CTRL_VLAN_ADD, vlans, sizeof(vlans));
	add_command(p, VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET, "\x02", 2);
	add_command(p, VIRTIO_NET_CTRL_GUEST_OFFLOADS, VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET, "\x02\0\0\0\0\0\0", 8);
	s->parts = p->bytes;
	s->parts_len = p->len;
	memcpy(s->mac, "\x52\x54\0\x12\x34\x56", 6);
	s->mtu = 1500;
	s->pairs = 2;
	s->queue_count = 5;
	for (uint16_t i = 0; i < 5; i++)
		s->queues[i] = (struct vqnic_position) { i, (uint16_t)(0xfffe + i), (uint16_t)(0xfffe + i) };
	s->policy.spoof_check = true;
	s->policy.port_vlan = 42;
	s->policy.pcp = 3;
	s->policy.vlans[1] = 0xff;
	VQNIC_GIVE(&s->policy, VQNIC_FILTER_A_VLANS);
	s->policy.macs_max = 96;
	s->policy.mac_count = 2;
	memcpy(s->policy.macs, "\x02\0\0\0\0\x08\x02\0\0\0\0\x09", 12);
}

struct stream {
	uint8_t *bytes;
	size_t len;
};

static struct stream encoded(const struct vqnic_state *s)
{
	struct stream stream;
	char why[128];

	assert_int_equal(state_encode(s, &stream.bytes, &stream.len, why, sizeof(why)), 0);
	return stream;
}

static void refused(const struct stream *stream, const char *expected)
{
	struct vqnic_state s;
	char why[128] = "";

	assert_int_equal(state_decode(&s, stream->bytes, stream->len, why, sizeof(why)), -EBADMSG);
	if (expected)
		assert_string_equal(why, expected);
	assert_true(strlen(why) > 10);
}

static void check_full(const struct vqnic_state *s, const struct vqnic_state *wanted)
{
	assert_memory_equal(s->mac, wanted->mac, 6);
	assert_int_equal(s->mtu, wanted->mtu);
	assert_int_equal(s->pairs, wanted->pairs);
	assert_int_equal(s->parts_len, wanted->parts_len);
	assert_memory_equal(s->parts, wanted->parts, s->parts_len);
	assert_int_equal(s->queue_count, wanted->queue_count);
	assert_memory_equal(s->queues, wanted->queues, sizeof(s->queues));
	assert_int_equal(s->policy.spoof_check, wanted->policy.spoof_check);
	assert_int_equal(s->policy.trust, wanted->policy.trust);
	assert_int_equal(s->policy.port_vlan, wanted->policy.port_vlan);
	assert_int_equal(s->policy.pcp, wanted->policy.pcp);
	assert_int_equal(VQNIC_HAS(&s->policy, VQNIC_FILTER_A_ALL_VLANS), VQNIC_HAS(&wanted->policy, VQNIC_FILTER_A_ALL_VLANS));
	assert_memory_equal(s->policy.vlans, wanted->policy.vlans, sizeof(s->policy.vlans));
	assert_int_equal(s->policy.macs_max, wanted->policy.macs_max);
	assert_int_equal(s->policy.mac_count, wanted->policy.mac_count);
	assert_memory_equal(s->policy.macs, wanted->policy.macs, sizeof(s->policy.macs));
}

static void there_and_back(void **state)
{
	struct vqnic_state s, back;
	struct stream stream, again;
	struct parts p;
	char why[128];

	(void)state;
	full_state(&s, &p);
	for (unsigned int all = 0; all < 2; all++) {
		if (all) {
			memset(&s.policy, 0, sizeof(s.policy));
			VQNIC_GIVE(&s.policy, VQNIC_FILTER_A_ALL_VLANS);
			s.policy.trust = true;
		}
		stream = encoded(&s);
		assert_int_equal(state_decode(&back, stream.bytes, stream.len, why, sizeof(why)), 0);
		check_full(&back, &s);
		again = encoded(&back);
		assert_int_equal(again.len, stream.len);
		assert_memory_equal(again.bytes, stream.bytes, stream.len);
		free(again.bytes);
		free(stream.bytes);
	}
}

/* Files that were written when their version was new. */
static void earlier_versions(void **state)
{
	struct stream stream = { .bytes = malloc(VQNIC_STATE_BYTES_MAX) };
	FILE *file = fopen(GOLDEN, "r");
	struct vqnic_state s, wanted;
	struct parts p;
	char why[128];

	(void)state;
	assert_non_null(stream.bytes);
	assert_non_null(file);
	stream.len = fread(stream.bytes, 1, VQNIC_STATE_BYTES_MAX, file);
	fclose(file);
	full_state(&wanted, &p);
	assert_int_equal(state_decode(&s, stream.bytes, stream.len, why, sizeof(why)), 0);
	check_full(&s, &wanted);
	free(stream.bytes);
}

/* Cut off anywhere, or longer; each bit of it wrong. */
static void damage(void **state)
{
	struct stream whole, part;
	struct vqnic_state s;
	struct parts p;

	(void)state;
	full_state(&s, &p);
	whole = encoded(&s);
	part.bytes = malloc(whole.len + 1);
	assert_non_null(part.bytes);
	memcpy(part.bytes, whole.bytes, whole.len);
	part.bytes[whole.len] = 0;
	for (part.len = 0; part.len <= whole.len + 1; part.len++)
		if (part.len != whole.len) {
			/* Bytes behind the end are seen by the sanitizer. */
			struct stream exact = { malloc(part.len ? part.len : 1), part.len };

			assert_non_null(exact.bytes);
			memcpy(exact.bytes, part.bytes, part.len);
			refused(&exact, NULL);
			free(exact.bytes);
		}
	part.len = whole.len;
	for (size_t bit = 0; bit < whole.len * 8; bit++) {
		part.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		refused(&part, NULL);
		part.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	free(part.bytes);
	free(whole.bytes);
}

/* The stream's sections with right checksums again. */
static void seal(struct stream *stream)
{
	uint8_t *at = stream->bytes + 32, *end = stream->bytes + stream->len;

	put(stream->bytes + 28, crc32(0, stream->bytes, 28), 4);
	while (at + 20 <= end) {
		uint64_t len = 0;

		for (unsigned int i = 8; i--;)
			len = len << 8 | at[8 + i];
		if (len > (uint64_t)(end - at - 20))
			return;
		put(at + 16 + len, crc32(0, at, (uInt)(16 + len)), 4);
		at += 20 + len;
	}
}

/* Alters a byte of a full stream, or two, makes the checksums right, and says what must be said of it. */
static void made_up(void **state)
{
	static const struct {
		size_t at;
		unsigned int value;
		const char *why;
	} cases[] = {
		{ 0, 'V', "this is no state of a device" },
		{ 8, 2, "the state has version 2; 1 is known" },
		{ 10, 1, "the header has unknown flags" },
		{ 24, 1, "the header has unknown flags" },
		{ 19, 0x7f, NULL },
		{ 32, 2, "section PARTS is out of order, or there twice" },
		{ 32, 9, "section 9 is not known" },
		{ 36, 2, "section 1 has unknown flags" },
		{ 48, 0x53, "section DEVICE: the MAC address is none of a device" },
		{ 56, 0, "section DEVICE: 0 queue pairs" },
		{ 56, 17, "section DEVICE: 17 queue pairs" },
		{ 56, 1, "queue 3: a device of 1 pairs has no such queue" },
		{ 58, 1, "section DEVICE: what is reserved is not 0" },
	};
	struct stream stream;
	struct vqnic_state s;
	struct parts p;

	(void)state;
	full_state(&s, &p);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		stream = encoded(&s);
		stream.bytes[cases[i].at] = (uint8_t)cases[i].value;
		seal(&stream);
		refused(&stream, cases[i].why);
		free(stream.bytes);
	}
}

/* Parts that no device has. */
static void wrong_parts(void **state)
{
	struct parts p;
	struct vqnic_state s;
	struct stream stream;
	char why[128];

	(void)state;
#define REFUSED(text) do { \
		s.parts_len = p.len; \
		assert_int_equal(state_encode(&s, &stream.bytes, &stream.len, why, sizeof(why)), -EBADMSG); \
		assert_string_equal(why, text); \
		full_state(&s, &p); \
	} while (0)
	full_state(&s, &p);
	p.len = 0;
	REFUSED("the device part 0x101 is missing");
	p.len--;
	REFUSED("the last device part is cut off");
	p.bytes[3] = 1;
	REFUSED("device part 0x100: unknown flags");
	p.bytes[12] = 7;
	REFUSED("device part 0x100: features of 7 bytes, not 8");
	add_number(&p, VQNIC_PART_DRV_FEATURES, 0, 0, 0, 8);
	REFUSED("device part 0x101 is out of order, or there twice");
	add_number(&p, 0x201, 0, 0, 0, 8);
	REFUSED("device part 0x201 is not known");
	add_command(&p, VIRTIO_NET_CTRL_GUEST_OFFLOADS, 1, "", 0);
	p.bytes[p.len - 14] = 0;
	REFUSED("device part 0x200: no command 5.1 has a value like this, of 0 bytes");
	s.queues[4].index = 5;
	REFUSED("queue 4: it is not said how far it is");
	s.queue_count = 6;
	s.queues[5].index = 5;
	REFUSED("queue 5: it is not configured");
#undef REFUSED
}

/* What is new and may be skipped, is; also what is behind the parts that are known. */
static void later_versions(void **state)
{
	struct stream stream, longer;
	struct vqnic_state s, back;
	struct parts p;
	char why[128];

	(void)state;
	full_state(&s, &p);
	add_number(&p, 0x201, 1, 0, 77, 8);
	s.parts_len = p.len;
	stream = encoded(&s);
	longer = (struct stream) { malloc(stream.len + 23), stream.len + 23 };
	assert_non_null(longer.bytes);
	memcpy(longer.bytes, stream.bytes, stream.len - 20);
	memset(longer.bytes + stream.len - 20, 0, 43);
	put(longer.bytes + stream.len - 20, 1000, 4);
	put(longer.bytes + stream.len - 16, 1, 4);
	put(longer.bytes + stream.len - 12, 3, 8);
	put(longer.bytes + 16, longer.len, 8);
	seal(&longer);
	assert_int_equal(state_decode(&back, longer.bytes, longer.len, why, sizeof(why)), 0);
	check_full(&back, &s);
	put(longer.bytes + stream.len - 16, 0, 4);
	seal(&longer);
	refused(&longer, "section 1000 is not known");
	free(longer.bytes);
	free(stream.bytes);
}

static int write_golden(const char *name)
{
	FILE *file = fopen(name, "wx");
	struct stream stream;
	struct vqnic_state s;
	struct parts p;
	char why[128];

	full_state(&s, &p);
	if (!file || state_encode(&s, &stream.bytes, &stream.len, why, sizeof(why)) ||
	    fwrite(stream.bytes, stream.len, 1, file) != 1 || fclose(file)) {
		perror(name);
		return 1;
	}
	free(stream.bytes);
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(earlier_versions),
		cmocka_unit_test(damage),
		cmocka_unit_test(made_up),
		cmocka_unit_test(wrong_parts),
		cmocka_unit_test(later_versions),
	};

	if (argc == 3 && !strcmp(argv[1], "--write"))
		return write_golden(argv[2]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
