// SPDX-License-Identifier: Apache-2.0
/*
 * Frames through the rings of both vdevs at once, in both directions: what comes out is what went in, in order, and no
 * notification gets lost, whatever the rings, chains, link and wire are like.
 */
#include <stdio.h>
#include <string.h>

#include "driver.h"
#include "test.h"

/* `frames` frames out of each vdev, and as many into the card, with everything at random in between. */
static void traffic(struct card *c, unsigned int frames)
{
	card_start_traffic(c, frames);
	while (card_busy(c))
		card_step(c);
	card_settle(c);
}

static void check_all_delivered(struct card *c)
{
	for (unsigned int i = 0; i < c->count; i++)
		test_equal(c->vdev[i].tx_wire_seq, c->vdev[i].tx_seq, "vdev %u: frames that left", i);
	card_check_counters(c);
}

static void run_random(uint64_t seed, bool ideal, unsigned int frames)
{
	uint64_t rng = seed;
	struct pcie_config link = host_random_link(&rng);
	struct host *h = host_new(rng, ideal ? NULL : &link);
	struct card *c = card_new(h);

	if (!ideal)
		card_random_stalls(c);
	for (unsigned int i = 0; i < c->count; i++) {
		struct vdev_config config = vdev_random_config(h);

		vdev_start(&c->vdev[i], &config);
	}
	traffic(c, frames);
	check_all_delivered(c);
}

static void test_random(uint64_t seed)
{
	run_random(seed, false, 40);
}

static void test_ideal(uint64_t seed)
{
	run_random(seed, true, 200);
}

/* The same seed is the same run, to the cycle and the byte. */
static void test_same_seed(uint64_t seed)
{
	uint64_t hash[2], cycles[2];

	for (int i = 0; i < 2; i++) {
		uint64_t rng = seed;
		struct pcie_config link = host_random_link(&rng);
		struct host *h = host_new(rng, &link);
		struct card *c = card_new(h);

		card_random_stalls(c);
		for (unsigned int k = 0; k < c->count; k++) {
			struct vdev_config config = vdev_random_config(h);

			vdev_start(&c->vdev[k], &config);
		}
		traffic(c, 15);
		hash[i] = h->hash;
		cycles[i] = vqnic_model_cycles(h->model);
		card_cleanup();
	}
	test_equal(cycles[1], cycles[0], "second run");
	test_equal(hash[1], hash[0], "second run");
}

/* Each frame length, with few and with many descriptors: all ends and alignments of a data path. */
static void test_lengths(uint64_t seed)
{
	struct host *h = host_new(seed, NULL);
	struct card *c = card_new(h);
	struct vdev *d = &c->vdev[seed % c->count];
	struct vdev_config config = {
		.features = 1ull << VIRTIO_RING_F_EVENT_IDX | (seed % 2) << VIRTIO_RING_F_INDIRECT_DESC |
			(seed / 2 % 2) << VIRTIO_NET_F_MRG_RXBUF,
		.size = { 64, 64 }, .mtu = VQNIC_MTU_LIMIT_MAX,
		.chain_max = 12, .rx_bytes_min = 0,
	};
	uint32_t len = VQNIC_FRAME_BYTES_MIN;

	vdev_start(d, &config);
	while (len <= VQNIC_MTU_LIMIT_MAX + 14) {
		/* A chain that just holds the frame, and one with room behind. */
		for (uint32_t room = 0; room < 2; room++) {
			uint64_t received = d->rx_frames;

			test_check(queue_add_rx(&d->queue[RX], len + 200 * room, room ? 1 : 12), "no descriptor");
			queue_publish(&d->queue[RX]);
			queue_maybe_kick(&d->queue[RX]);
			test_check(queue_add_tx(&d->queue[TX], len, room ? 1 : 12), "no descriptor");
			queue_publish(&d->queue[TX]);
			queue_maybe_kick(&d->queue[TX]);
			host_drain(h, 20000);
			test_check(card_send(c, d->mac, len, 1u << d->index), "the wire takes no frame");
			host_drain(h, 20000);
			test_equal(d->rx_frames, received + 1, "length %u", len);
			test_equal(d->tx_wire_seq, d->tx_seq, "length %u", len);
			card_settle(c);
		}
		len += len < 400 || len > 9200 ? 1 : (uint32_t)host_random(h, 1, 200);
	}
	card_check_counters(c);
}

/* Ring indices pass 65535, those of one small and one large ring. */
static void test_index_wrap(uint64_t seed)
{
	struct host *h = host_new(seed, NULL);
	struct card *c = card_new(h);

	for (unsigned int i = 0; i < 2; i++) {
		struct vdev_config config = {
			.features = i == seed % 2 ? 1ull << VIRTIO_RING_F_EVENT_IDX : 0,
			.size = { 8, 8 }, .first_index = { 65000, 65000 }, .mtu = VQNIC_MTU_LIMIT_MIN,
			.chain_max = 1, .rx_bytes_min = 100,
		};

		if (i == 0)
			config.size[RX] = config.size[TX] = VQNIC_VQ_SIZE_LIMIT;
		vdev_start(&c->vdev[i], &config);
		c->vdev[i].tx_quota = 2000;
		c->vdev[i].rx_posting = true;
	}
	while (c->vdev[0].tx_quota || c->vdev[1].tx_quota || c->vdev[0].rx_frames < 2000 ||
	       c->vdev[1].rx_frames < 2000) {
		for (unsigned int i = 0; i < 2; i++) {
			vdev_step(&c->vdev[i]);
			if (c->vdev[i].rx_frames < 2000)
				card_send(c, c->vdev[i].mac, 14, 1u << i);
		}
		host_run(h, host_random(h, 1, 400));
	}
	card_settle(c);
	check_all_delivered(c);
}

/* Chains as long as the ring, at every ring size. */
static void test_long_chains(uint64_t seed)
{
	struct host *h = host_new(seed, NULL);
	struct card *c = card_new(h);
	struct vdev *d = &c->vdev[seed % c->count];

	for (uint16_t size = 2; size <= VQNIC_VQ_SIZE_LIMIT; size *= 2) {
		struct vdev_config config = {
			.features = (host_chance(h, 50) ? 1ull << VIRTIO_RING_F_EVENT_IDX : 0) |
				(host_chance(h, 50) ? 1ull << VIRTIO_RING_F_INDIRECT_DESC : 0),
			.size = { size, size }, .mtu = 1500, .chain_max = size, .rx_bytes_min = 1518,
		};

		vdev_start(d, &config);
		for (unsigned int i = 0; i < 3; i++) {
			/* One byte a descriptor, as far as the length goes. */
			uint32_t len = size < 26 ? 14 : size - VQNIC_VNET_HDR_BYTES;
			uint64_t received = d->rx_frames;

			queue_add_rx(&d->queue[RX], len, size);
			queue_publish(&d->queue[RX]);
			queue_maybe_kick(&d->queue[RX]);
			queue_add_tx(&d->queue[TX], len, size);
			queue_publish(&d->queue[TX]);
			queue_maybe_kick(&d->queue[TX]);
			host_run(h, 10);
			card_send(c, d->mac, len, 1u << d->index);
			host_drain(h, 100000);
			test_equal(d->rx_frames, received + 1, "ring of %u", size);
			card_settle(c);
		}
		vdev_reset(d);
	}
	check_all_delivered(c);
}

/* Posts a chain of a header and up to `room_max` bytes, and returns what it has room for. */
static uint32_t post_small(struct vdev *d, uint32_t room_max, unsigned int descs)
{
	uint32_t room = (uint32_t)host_random(d->host, 0, room_max);

	test_check(queue_add_rx(&d->queue[RX], room, (unsigned int)host_random(d->host, 1, descs)), "no descriptor");
	return VQNIC_VNET_HDR_BYTES + room;
}

/*
 * Frames of all lengths over many small buffers (virtio 5.1.6.4): none is taken while they do not suffice, then all
 * become used at once, and one interrupt comes if the driver asked to hear of any of them. The header may lie in pieces.
 */
static void test_mergeable(uint64_t seed)
{
	struct host *h = host_new(seed, NULL);
	struct card *c = card_new(h);
	struct vdev *d = &c->vdev[seed % c->count];
	struct queue *q = &d->queue[RX];
	struct vdev_config config = {
		.features = 1ull << VIRTIO_RING_F_EVENT_IDX | 1ull << VIRTIO_NET_F_MRG_RXBUF |
			(seed % 2) << VIRTIO_RING_F_INDIRECT_DESC,
		.size = { VQNIC_VQ_SIZE_LIMIT, 2 }, .mtu = VQNIC_MTU_LIMIT_MAX, .chain_max = 12,
		.first_index = { (uint16_t)host_random(h, 64000, 65535) },
	};
	uint64_t dropped = 0;

	vdev_start(d, &config);
	h->cycle_limit *= 10;
	for (unsigned int i = 0; i < 16; i++) {
		/* Buffers that hold nothing but a header; a byte or two more; and larger ones. */
		uint32_t room_max = i < 2 ? 0 : i < 4 ? 2 : (uint32_t)host_random(h, 10, 3000), room = 0, last;
		uint32_t len = i % 2 ? (uint32_t)host_random(h, VQNIC_FRAME_BYTES_MIN, VQNIC_MTU_LIMIT_MAX + 14) :
			VQNIC_MTU_LIMIT_MAX + 14u - (uint32_t)host_random(h, 0, 3);
		uint16_t begin = q->seen, need, wish;
		uint64_t received = d->rx_frames, skipped = d->rx_skipped;
		unsigned int interrupts;

		do {
			last = post_small(d, room_max, !room ? VQNIC_VNET_HDR_BYTES : room_max < 200 ? 1 : 4);
			room += last;
		} while (room < VQNIC_VNET_HDR_BYTES + len);
		need = (uint16_t)(q->added - begin);
		/* One buffer is missing. */
		if (need > 1 && host_chance(h, 60)) {
			q->added--;
			queue_publish(q);
			q->added++;
			test_check(card_send(c, d->mac, len, 1u << d->index), "not sent");
			host_drain(h, 2000000);
			test_equal(vdev_get(d, VQNIC_REG_RX_DROP_NO_BUFFER, 8), ++dropped, "without enough buffers");
			test_equal(q->seen, begin, "used index of a frame without enough buffers");
			test_equal(queue_get(q, VQNIC_REG_QUEUE_AVAIL_STATE, 2), begin, "avail state");
		}
		queue_publish(q);
		wish = (uint16_t)host_random(h, 0, need + 2u);
		q->armed = *queue_used_event(q) = (uint16_t)(begin - 1 + wish);
		interrupts = h->msix_seen[q->vector];
		test_check(card_send(c, d->mac, len, 1u << d->index), "not sent");
		host_drain(h, 2000000);
		test_equal(d->rx_frames, received + 1, "%u bytes in %u buffers", len, need);
		test_equal((uint16_t)(q->seen - begin), need, "used buffers");
		test_equal(d->rx_skipped - skipped, dropped - skipped, "frames that did not arrive");
		test_equal(h->msix_seen[q->vector] - interrupts, wish >= 1 && wish <= need,
			   "interrupts, of %u buffers wanted for number %u", need, wish);
		while (queue_take_used(q))
			;
	}
	vdev_reset(d);
	card_check_counters(c);
}

/* Adds to a sum of big-endian 16-bit words; an odd last byte is followed by a zero. */
static uint32_t sum_words(uint32_t sum, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		sum += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* A frame with TCP or UDP over IPv4 or IPv6 and a checksum that is right. Returns its length. */
static size_t make_packet(struct vdev *d, uint8_t *frame, size_t payload, bool udp, bool ipv6)
{
	const size_t ip = 14, l4 = ip + (ipv6 ? 40 : 20), l4_len = (udp ? 8 : 20) + payload;
	const size_t field = l4 + (udp ? 6 : 16), addrs = ip + (ipv6 ? 8 : 12);
	const uint8_t pseudo[] = { 0, udp ? 17 : 6, (uint8_t)(l4_len >> 8), (uint8_t)l4_len };
	uint32_t sum;

	for (size_t i = 0; i < l4 + l4_len; i++)
		frame[i] = (uint8_t)rng_next(&d->host->rng);
	memcpy(frame, d->mac, 6);
	frame[6] = 0x0a;
	frame[12] = ipv6 ? 0x86 : 0x08;
	frame[13] = ipv6 ? 0xdd : 0x00;
	if (ipv6) {
		frame[ip] = 0x60;
		frame[ip + 4] = (uint8_t)(l4_len >> 8);
		frame[ip + 5] = (uint8_t)l4_len;
		frame[ip + 6] = pseudo[1];
	} else {
		frame[ip] = 0x45;
		frame[ip + 2] = (uint8_t)((20 + l4_len) >> 8);
		frame[ip + 3] = (uint8_t)(20 + l4_len);
		frame[ip + 6] = 0x40;			/* no fragment */
		frame[ip + 7] = 0;
		frame[ip + 9] = pseudo[1];
		memset(frame + ip + 10, 0, 2);
		sum = ~sum_words(0, frame + ip, 20);
		frame[ip + 10] = (uint8_t)(sum >> 8);
		frame[ip + 11] = (uint8_t)sum;
	}
	if (udp) {
		frame[l4 + 4] = (uint8_t)(l4_len >> 8);
		frame[l4 + 5] = (uint8_t)l4_len;
	} else {
		frame[l4 + 12] = 0x50;
	}
	memset(frame + field, 0, 2);
	sum = sum_words(0, pseudo, sizeof(pseudo));
	sum = sum_words(sum, frame + addrs, ipv6 ? 32 : 8);
	sum = sum_words(sum, frame + l4, l4_len);
	sum = sum == 0xffff ? sum : ~sum;
	frame[field] = (uint8_t)(sum >> 8);
	frame[field + 1] = (uint8_t)sum;
	return l4 + l4_len;
}

/* A driver that accepted GUEST_CSUM, and no other, is told of a transport checksum that is right. */
static void test_guest_csum(uint64_t seed)
{
	bool accepted = seed % 2;
	struct host *h = host_new(seed, NULL);
	struct card *c = card_new(h);
	struct vdev *d = &c->vdev[seed / 2 % c->count];
	struct queue *q = &d->queue[RX];
	struct vdev_config config = {
		.features = accepted ? 1ull << VIRTIO_NET_F_GUEST_CSUM : 0,
		.size = { 64, 64 }, .mtu = 1500, .chain_max = 1, .rx_bytes_min = 1518,
	};
	uint8_t frame[HOST_FRAME_MAX];

	vdev_start(d, &config);
	for (unsigned int i = 0; i < 32; i++) {
		bool broken = host_chance(h, 40);
		size_t len = make_packet(d, frame, host_random(h, 1, 1400), i % 2, i / 2 % 2);
		const uint8_t *got;

		if (broken)
			frame[len - 1 - host_random(h, 0, 8)] ^= (uint8_t)(1u << host_random(h, 0, 7));
		test_check(queue_add_rx(q, 1518, 1), "no descriptor");
		queue_publish(q);
		q->raw = true;
		test_check(vqnic_model_rx_frame(h->model, frame, len, false), "not sent");
		host_drain(h, 20000);
		test_equal(q->seen, q->published, "used index");
		got = space_at(d->space, q->desc[q->posted[(uint16_t)(q->seen - 1) % q->size]].addr,
			       VQNIC_VNET_HDR_BYTES + len);
		test_equal(got[0], accepted && !broken ? VIRTIO_NET_HDR_F_DATA_VALID : 0, "flags of frame %u", i);
		test_check(!memcmp(got + VQNIC_VNET_HDR_BYTES, frame, len), "frame %u differs", i);
		q->raw = false;
	}
}

static const struct test tests[] = {
	{ "random", test_random, 50 },
	{ "ideal", test_ideal, 15 },
	{ "same_seed", test_same_seed, 3 },
	{ "lengths", test_lengths, 2 },
	{ "long_chains", test_long_chains, 2 },
	{ "mergeable", test_mergeable, 4 },
	{ "guest_csum", test_guest_csum, 4 },
	{ "index_wrap", test_index_wrap, 1 },
};

int main(int argc, char **argv)
{
	return test_main(argc, argv, tests, sizeof(tests) / sizeof(tests[0]), card_cleanup);
}
