// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/virtio_net.h>
#include <zlib.h>

#include "state.h"

#define MAGIC "vqnicmig"
#define MAGIC_BYTES 8
#define VERSION 1
#define HEADER_BYTES 32
#define SECTION_HEADER_BYTES 16
#define CRC_BYTES 4
#define PART_HEADER_BYTES 16
#define DEVICE_BYTES 16
#define QUEUE_BYTES 8
#define POLICY_BYTES 524
#define VQ_CFG_BYTES 32
#define VQ_SIZE_MAX 32768

#define SECTION_OPTIONAL 1U
#define PART_OPTIONAL 1U

#define POLICY_SPOOF_CHECK 1U
#define POLICY_TRUST 2U
#define POLICY_ALL_VLANS 4U

enum section {
	SECTION_END,
	SECTION_DEVICE,
	SECTION_PARTS,
	SECTION_QUEUES,
	SECTION_POLICY,
	SECTION_COUNT,
};

/* Bytes that are read, and why they cannot be. */
struct reader {
	const uint8_t *bytes;
	size_t len;
	char *why;
	size_t why_size;
};

__attribute__((format(printf, 2, 3)))
static int bad(struct reader *r, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(r->why, r->why_size, format, args);
	va_end(args);
	return -EBADMSG;
}

/* ---- numbers ---- */

static uint64_t get(const uint8_t *bytes, unsigned int count)
{
	uint64_t value = 0;

	while (count--)
		value = value << 8 | bytes[count];
	return value;
}

static uint16_t get16(const uint8_t *bytes)
{
	return (uint16_t)get(bytes, 2);
}

static uint32_t get32(const uint8_t *bytes)
{
	return (uint32_t)get(bytes, 4);
}

static void put(uint8_t *bytes, uint64_t value, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		bytes[i] = (uint8_t)(value >> 8 * i);
}

static uint32_t checksum(const uint8_t *bytes, size_t len)
{
	return (uint32_t)crc32(crc32(0, NULL, 0), bytes, (uInt)len);
}

/* Whether the bytes are those that were written, by the checksum behind them. */
static bool intact(const uint8_t *bytes, size_t len)
{
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
	(void)bytes;
	(void)len;
	return true;
#else
	return checksum(bytes, len) == get32(bytes + len);
#endif
}

/* ---- device parts ---- */

bool vqnic_next_part(const uint8_t **parts, size_t *len, struct vqnic_part *part)
{
	const uint8_t *header = *parts;

	if (*len < PART_HEADER_BYTES || get32(header + 12) > *len - PART_HEADER_BYTES)
		return false;
	*part = (struct vqnic_part) {
		.type = get16(header), .optional = header[2] & PART_OPTIONAL, .len = get32(header + 12),
		.value = header + PART_HEADER_BYTES,
	};
	if (part->type == VQNIC_PART_VQ_CFG) {
		part->queue = get16(header + 4);
	} else if (part->type == VQNIC_PART_CVQ_CFG) {
		part->command_class = header[4];
		part->command = header[5];
	}
	*parts += PART_HEADER_BYTES + part->len;
	*len -= PART_HEADER_BYTES + part->len;
	return true;
}

/* Whether a table of addresses as in MAC_TABLE_SET, le32 entries and so many addresses, begins the bytes; takes it off. */
static bool take_macs(const uint8_t **bytes, size_t *len)
{
	size_t size;

	if (*len < 4 || get32(*bytes) > (*len - 4) / VQNIC_MAC_BYTES)
		return false;
	size = 4 + (size_t)get32(*bytes) * VQNIC_MAC_BYTES;
	*bytes += size;
	*len -= size;
	return true;
}

/* Whether the value of a CVQ_CFG part has the form of its command (virtio 1.4 section 5.1.6.5). */
static bool good_command(const struct vqnic_part *part)
{
	const uint8_t *value = part->value;
	size_t len = part->len;

	switch (part->command_class << 8 | part->command) {
	case VIRTIO_NET_CTRL_RX << 8 | VIRTIO_NET_CTRL_RX_PROMISC:
	case VIRTIO_NET_CTRL_RX << 8 | VIRTIO_NET_CTRL_RX_ALLMULTI:
	case VIRTIO_NET_CTRL_RX << 8 | VIRTIO_NET_CTRL_RX_ALLUNI:
	case VIRTIO_NET_CTRL_RX << 8 | VIRTIO_NET_CTRL_RX_NOMULTI:
	case VIRTIO_NET_CTRL_RX << 8 | VIRTIO_NET_CTRL_RX_NOUNI:
	case VIRTIO_NET_CTRL_RX << 8 | VIRTIO_NET_CTRL_RX_NOBCAST:
		return len == 1 && value[0] <= 1;
	case VIRTIO_NET_CTRL_MAC << 8 | VIRTIO_NET_CTRL_MAC_TABLE_SET:
		return take_macs(&value, &len) && take_macs(&value, &len) && !len;
	case VIRTIO_NET_CTRL_MAC << 8 | VIRTIO_NET_CTRL_MAC_ADDR_SET:
		return len == VQNIC_MAC_BYTES;
	case VIRTIO_NET_CTRL_VLAN << 8 | VIRTIO_NET_CTRL_VLAN_ADD:
		return len == VQNIC_VLANS_BYTES;
	case VIRTIO_NET_CTRL_MQ << 8 | VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET:
		return len == 2;
	case VIRTIO_NET_CTRL_GUEST_OFFLOADS << 8 | VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET:
		return len == 8;
	default:
		return part->optional;
	}
}

/* Whether a queue is configured as one can be. */
static int check_vq(struct reader *r, const struct vqnic_part *part)
{
	uint16_t size;

	if (part->len != VQ_CFG_BYTES)
		return bad(r, "queue %u: its configuration has %u bytes, not %u", part->queue, part->len, VQ_CFG_BYTES);
	size = get16(part->value);
	if (!size || size > VQ_SIZE_MAX)
		return bad(r, "queue %u: it has %u descriptors", part->queue, size);
	if (get16(part->value + 4) != 1)
		return bad(r, "queue %u: it is not enabled", part->queue);
	return 0;
}

static int check_part(struct reader *r, const struct vqnic_part *part)
{
	switch (part->type) {
	case VQNIC_PART_DEV_FEATURES:
	case VQNIC_PART_DRV_FEATURES:
		if (part->len != 8)
			return bad(r, "device part 0x%x: features of %u bytes, not 8", part->type, part->len);
		return 0;
	case VQNIC_PART_DEVICE_STATUS:
		return part->len == 1 ? 0 : bad(r, "device part 0x%x: a status of %u bytes, not 1", part->type, part->len);
	case VQNIC_PART_VQ_CFG:
		return check_vq(r, part);
	case VQNIC_PART_CVQ_CFG:
		if (!good_command(part))
			return bad(r, "device part 0x%x: no command %u.%u has a value like this, of %u bytes", part->type,
				   part->command_class, part->command, part->len);
		return 0;
	default:
		return part->optional ? 0 : bad(r, "device part 0x%x is not known", part->type);
	}
}

/* What of a part has to ascend: type, then queue or command. */
static uint32_t rank_of(const struct vqnic_part *part)
{
	return (uint32_t)part->type << 16 | part->queue | (uint32_t)part->command_class << 8 | part->command;
}

static int check_parts(struct reader *r, const uint8_t *parts, size_t len)
{
	bool features = false, status = false;
	uint32_t last = 0;
	struct vqnic_part part;
	int ret;

	while (len) {
		const uint8_t *header = parts;

		if (!vqnic_next_part(&parts, &len, &part))
			return bad(r, "the last device part is cut off");
		if (header[2] & ~PART_OPTIONAL || header[3])
			return bad(r, "device part 0x%x: unknown flags", part.type);
		if (rank_of(&part) <= last)
			return bad(r, "device part 0x%x is out of order, or there twice", part.type);
		last = rank_of(&part);
		ret = check_part(r, &part);
		if (ret)
			return ret;
		features |= part.type == VQNIC_PART_DRV_FEATURES;
		status |= part.type == VQNIC_PART_DEVICE_STATUS;
	}
	if (!features || !status)
		return bad(r, "the device part 0x%x is missing",
			   features ? VQNIC_PART_DEVICE_STATUS : VQNIC_PART_DRV_FEATURES);
	return 0;
}

/* ---- sections ---- */

static int read_device(struct reader *r, struct vqnic_state *s)
{
	if (r->len != DEVICE_BYTES)
		return bad(r, "section DEVICE has %zu bytes, not %u", r->len, DEVICE_BYTES);
	memcpy(s->mac, r->bytes, sizeof(s->mac));
	s->mtu = get16(r->bytes + 6);
	s->pairs = get16(r->bytes + 8);
	if (s->mac[0] & 1 || !get(s->mac, sizeof(s->mac)))
		return bad(r, "section DEVICE: the MAC address is none of a device");
	if (!s->pairs || s->pairs * 2 + 1 > VQNIC_STATE_QUEUES)
		return bad(r, "section DEVICE: %u queue pairs", s->pairs);
	if (get(r->bytes + 10, 6))
		return bad(r, "section DEVICE: what is reserved is not 0");
	return 0;
}

static int read_parts(struct reader *r, struct vqnic_state *s)
{
	s->parts = r->bytes;
	s->parts_len = r->len;
	return check_parts(r, r->bytes, r->len);
}

static int read_queues(struct reader *r, struct vqnic_state *s)
{
	if (r->len % QUEUE_BYTES || r->len / QUEUE_BYTES > VQNIC_STATE_QUEUES)
		return bad(r, "section QUEUES has %zu bytes", r->len);
	s->queue_count = r->len / QUEUE_BYTES;
	for (size_t i = 0; i < s->queue_count; i++) {
		const uint8_t *bytes = r->bytes + i * QUEUE_BYTES;
		struct vqnic_position *queue = &s->queues[i];

		*queue = (struct vqnic_position) { get16(bytes), get16(bytes + 2), get16(bytes + 4) };
		if (queue->index >= VQNIC_STATE_QUEUES || (i && queue->index <= queue[-1].index))
			return bad(r, "section QUEUES: queue %u is out of order, or there twice", queue->index);
		if (get16(bytes + 6))
			return bad(r, "section QUEUES: what is reserved is not 0");
	}
	return 0;
}

static int read_policy(struct reader *r, struct vqnic_state *s)
{
	struct vqnic_policy *policy = &s->policy;
	uint16_t flags;

	if (r->len < POLICY_BYTES)
		return bad(r, "section POLICY has %zu bytes", r->len);
	flags = get16(r->bytes);
	policy->port_vlan = get16(r->bytes + 2);
	policy->pcp = r->bytes[4];
	policy->mac_count = get16(r->bytes + 6);
	policy->macs_max = get32(r->bytes + 8);
	if (flags & ~(POLICY_SPOOF_CHECK | POLICY_TRUST | POLICY_ALL_VLANS) || r->bytes[5])
		return bad(r, "section POLICY: unknown flags");
	if (policy->mac_count > VQNIC_POLICY_MACS || r->len != POLICY_BYTES + policy->mac_count * VQNIC_MAC_BYTES)
		return bad(r, "section POLICY has %zu bytes for %u addresses", r->len, policy->mac_count);
	policy->spoof_check = flags & POLICY_SPOOF_CHECK;
	policy->trust = flags & POLICY_TRUST;
	VQNIC_GIVE(policy, flags & POLICY_ALL_VLANS ? VQNIC_FILTER_A_ALL_VLANS : VQNIC_FILTER_A_VLANS);
	memcpy(policy->vlans, r->bytes + 12, sizeof(policy->vlans));
	memcpy(policy->macs, r->bytes + POLICY_BYTES, policy->mac_count * VQNIC_MAC_BYTES);
	VQNIC_GIVE(policy, VQNIC_FILTER_A_SPOOF_CHECK);
	VQNIC_GIVE(policy, VQNIC_FILTER_A_TRUST);
	VQNIC_GIVE(policy, VQNIC_FILTER_A_PORT_VLAN);
	if (policy->port_vlan)
		VQNIC_GIVE(policy, VQNIC_FILTER_A_PCP);
	VQNIC_GIVE(policy, VQNIC_FILTER_A_UNICAST);
	VQNIC_GIVE(policy, VQNIC_FILTER_A_MACS_MAX);
	return 0;
}

static const struct {
	const char *name;
	int (*read)(struct reader *r, struct vqnic_state *s);
} sections[SECTION_COUNT] = {
	[SECTION_DEVICE] = { "DEVICE", read_device },
	[SECTION_PARTS] = { "PARTS", read_parts },
	[SECTION_QUEUES] = { "QUEUES", read_queues },
	[SECTION_POLICY] = { "POLICY", read_policy },
};

static int read_header(struct reader *r)
{
	const uint8_t *bytes = r->bytes;

	if (r->len < HEADER_BYTES || memcmp(bytes, MAGIC, MAGIC_BYTES))
		return bad(r, "this is no state of a device");
	if (get16(bytes + 8) != VERSION)
		return bad(r, "the state has version %u; %u is known", get16(bytes + 8), VERSION);
	if (!intact(bytes, 28))
		return bad(r, "the header is damaged: its checksum is wrong");
	if (get16(bytes + 10) || get32(bytes + 12) || get32(bytes + 24))
		return bad(r, "the header has unknown flags");
	if (get(bytes + 16, 8) > VQNIC_STATE_BYTES_MAX)
		return bad(r, "the state would have %llu bytes", (unsigned long long)get(bytes + 16, 8));
	if (get(bytes + 16, 8) != r->len)
		return bad(r, "the state is cut off, or goes on: %zu bytes of %llu", r->len,
			   (unsigned long long)get(bytes + 16, 8));
	return 0;
}

/* Takes the next section off the front: its type and flags, and its value in *value. */
static int read_section(struct reader *r, uint32_t *type, uint32_t *flags, struct reader *value)
{
	uint64_t len;

	if (r->len < SECTION_HEADER_BYTES + CRC_BYTES ||
	    get(r->bytes + 8, 8) > r->len - SECTION_HEADER_BYTES - CRC_BYTES)
		return bad(r, "a section is cut off");
	*type = get32(r->bytes);
	*flags = get32(r->bytes + 4);
	len = get(r->bytes + 8, 8);
	if (!intact(r->bytes, SECTION_HEADER_BYTES + len))
		return bad(r, "section %u is damaged: its checksum is wrong", *type);
	*value = (struct reader) { r->bytes + SECTION_HEADER_BYTES, len, r->why, r->why_size };
	r->bytes += SECTION_HEADER_BYTES + len + CRC_BYTES;
	r->len -= SECTION_HEADER_BYTES + len + CRC_BYTES;
	return 0;
}

/* Reads sections until END, each of those that are known once and in their order. */
static int read_sections(struct reader *r, struct vqnic_state *s)
{
	uint32_t type, flags, next = SECTION_DEVICE;
	struct reader value;
	int ret;

	for (;;) {
		ret = read_section(r, &type, &flags, &value);
		if (ret)
			return ret;
		if (flags & ~SECTION_OPTIONAL)
			return bad(r, "section %u has unknown flags", type);
		if (type >= SECTION_COUNT) {
			if (!(flags & SECTION_OPTIONAL))
				return bad(r, "section %u is not known", type);
			continue;
		}
		if (type == SECTION_END)
			break;
		if (type != next)
			return bad(r, "section %s is out of order, or there twice", sections[type].name);
		ret = sections[type].read(&value, s);
		if (ret)
			return ret;
		next++;
	}
	if (next != SECTION_COUNT)
		return bad(r, "section %s is missing", sections[next].name);
	return value.len || r->len ? bad(r, "something comes behind the end") : 0;
}

/* Each queue that is configured says how far it is, and no other. */
static int check_queues(struct reader *r, const struct vqnic_state *s)
{
	const uint8_t *parts = s->parts;
	size_t len = s->parts_len, count = 0;
	struct vqnic_part part;

	while (vqnic_next_part(&parts, &len, &part)) {
		if (part.type != VQNIC_PART_VQ_CFG)
			continue;
		if (part.queue > s->pairs * 2)
			return bad(r, "queue %u: a device of %u pairs has no such queue", part.queue, s->pairs);
		if (count == s->queue_count || s->queues[count].index != part.queue)
			return bad(r, "queue %u: it is not said how far it is", part.queue);
		count++;
	}
	return count == s->queue_count ? 0 : bad(r, "queue %u: it is not configured", s->queues[count].index);
}

int state_decode(struct vqnic_state *s, const uint8_t *bytes, size_t len, char *why, size_t why_size)
{
	struct reader r = { bytes, len, why, why_size };
	int ret;

	memset(s, 0, sizeof(*s));
	ret = read_header(&r);
	if (ret)
		return ret;
	r.bytes += HEADER_BYTES;
	r.len -= HEADER_BYTES;
	ret = read_sections(&r, s);
	return ret ? ret : check_queues(&r, s);
}

/* ---- writing ---- */

/* Begins a section of `len` bytes, which follow it. */
static uint8_t *begin_section(uint8_t *at, enum section type, size_t len)
{
	put(at, type, 4);
	put(at + 4, 0, 4);
	put(at + 8, len, 8);
	return at + SECTION_HEADER_BYTES;
}

static uint8_t *end_section(uint8_t *value, size_t len)
{
	put(value + len, checksum(value - SECTION_HEADER_BYTES, SECTION_HEADER_BYTES + len), CRC_BYTES);
	return value + len + CRC_BYTES;
}

static uint8_t *write_device(uint8_t *at, const struct vqnic_state *s)
{
	uint8_t *value = begin_section(at, SECTION_DEVICE, DEVICE_BYTES);

	memcpy(value, s->mac, sizeof(s->mac));
	put(value + 6, s->mtu, 2);
	put(value + 8, s->pairs, 2);
	return end_section(value, DEVICE_BYTES);
}

static uint8_t *write_parts(uint8_t *at, const struct vqnic_state *s)
{
	uint8_t *value = begin_section(at, SECTION_PARTS, s->parts_len);

	if (s->parts_len)
		memcpy(value, s->parts, s->parts_len);
	return end_section(value, s->parts_len);
}

static uint8_t *write_queues(uint8_t *at, const struct vqnic_state *s)
{
	uint8_t *value = begin_section(at, SECTION_QUEUES, s->queue_count * QUEUE_BYTES);

	for (size_t i = 0; i < s->queue_count; i++) {
		put(value + i * QUEUE_BYTES, s->queues[i].index, 2);
		put(value + i * QUEUE_BYTES + 2, s->queues[i].avail, 2);
		put(value + i * QUEUE_BYTES + 4, s->queues[i].used, 2);
	}
	return end_section(value, s->queue_count * QUEUE_BYTES);
}

static size_t policy_bytes(const struct vqnic_policy *policy)
{
	return POLICY_BYTES + policy->mac_count * VQNIC_MAC_BYTES;
}

static uint8_t *write_policy(uint8_t *at, const struct vqnic_policy *policy)
{
	uint8_t *value = begin_section(at, SECTION_POLICY, policy_bytes(policy));
	bool all = VQNIC_HAS(policy, VQNIC_FILTER_A_ALL_VLANS);

	put(value, (policy->spoof_check ? POLICY_SPOOF_CHECK : 0) | (policy->trust ? POLICY_TRUST : 0) |
	    (all ? POLICY_ALL_VLANS : 0), 2);
	put(value + 2, policy->port_vlan, 2);
	value[4] = policy->pcp;
	put(value + 6, policy->mac_count, 2);
	put(value + 8, policy->macs_max, 4);
	if (!all)
		memcpy(value + 12, policy->vlans, sizeof(policy->vlans));
	memcpy(value + POLICY_BYTES, policy->macs, policy->mac_count * VQNIC_MAC_BYTES);
	return end_section(value, policy_bytes(policy));
}

int state_encode(const struct vqnic_state *s, uint8_t **bytes, size_t *len, char *why, size_t why_size)
{
	const size_t frames = 5 * (SECTION_HEADER_BYTES + CRC_BYTES);
	struct reader r = { s->parts, s->parts_len, why, why_size };
	uint8_t *at;
	int ret;

	ret = check_parts(&r, s->parts, s->parts_len);
	if (!ret)
		ret = check_queues(&r, s);
	if (ret)
		return ret;
	*len = HEADER_BYTES + frames + DEVICE_BYTES + s->parts_len + s->queue_count * QUEUE_BYTES + policy_bytes(&s->policy);
	*bytes = calloc(1, *len);
	if (!*bytes)
		return -ENOMEM;
	memcpy(*bytes, MAGIC, MAGIC_BYTES);
	put(*bytes + 8, VERSION, 2);
	put(*bytes + 16, *len, 8);
	put(*bytes + 28, checksum(*bytes, 28), CRC_BYTES);
	at = write_device(*bytes + HEADER_BYTES, s);
	at = write_parts(at, s);
	at = write_queues(at, s);
	at = write_policy(at, &s->policy);
	end_section(begin_section(at, SECTION_END, 0), 0);
	return 0;
}
