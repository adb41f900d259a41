// SPDX-License-Identifier: Apache-2.0
/*
 * vhost_state NAME TEST [SEED]: suspends and resumes vDPA device NAME, which is bound to vhost_vdpa, and reads and writes
 * the state of its queues. The wire must be a loopback. Exit status 0: the test passed; otherwise one line says what
 * failed.
 *
 * vhost_state NAME continue <STATE: is the driver that goes on with a state that the device was given, its queues but
 * for the control queue left disabled, until the file /tmp/vhost_state.stop is there.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/vhost.h>

#include "vhost.h"

#define RX_RING UINT64_C(0x10000000)
#define TX_RING UINT64_C(0x10001000)
#define OTHER_RING UINT64_C(0x10002000)
#define BUFFERS UINT64_C(0x20000000)

/* Rings, a page to send from, a page to receive into, and one for a ring that moves. */
static void map_all(void)
{
	map(RX_RING, KIB4, small_page(SMALL_PAGES - 2), VHOST_ACCESS_RW);
	map(TX_RING, KIB4, small_page(SMALL_PAGES - 1), VHOST_ACCESS_RW);
	map(BUFFERS, KIB4, small_page(0), VHOST_ACCESS_RO);
	map(BUFFERS + KIB4, KIB4, small_page(1), VHOST_ACCESS_WO);
	map(OTHER_RING, KIB4, small_page(2), VHOST_ACCESS_RW);
}

static void suspend(void)
{
	if (ioctl(device_fd, VHOST_VDPA_SUSPEND))
		fail("suspend: %s", strerror(errno));
}

static void resume(void)
{
	if (ioctl(device_fd, VHOST_VDPA_RESUME))
		fail("resume: %s", strerror(errno));
}

static uint16_t base(unsigned int queue)
{
	struct vhost_vring_state state = { queue, 0 };

	if (ioctl(device_fd, VHOST_GET_VRING_BASE, &state))
		fail("state of queue %u: %s", queue, strerror(errno));
	return (uint16_t)state.num;
}

static int set_base(unsigned int queue, uint16_t value)
{
	struct vhost_vring_state state = { queue, value };

	return ioctl(device_fd, VHOST_SET_VRING_BASE, &state) ? -errno : 0;
}

static void expect_base(const char *when, unsigned int queue, uint16_t expected)
{
	if (base(queue) != expected)
		fail("%s: queue %u goes on at %u, expected %u", when, queue, base(queue), expected);
}

static void take_both(const char *when)
{
	if (!take(TX, TIMEOUT_MS))
		fail("%s: frame %u is not sent", when, used_index(TX));
	if (!take(RX, TIMEOUT_MS))
		fail("%s: frame %u does not arrive", when, used_index(RX));
}

static void offer_both(void)
{
	offer(RX, BUFFERS + KIB4, KIB4);
	offer(TX, BUFFERS, 100);
}

/* Suspended, the device takes and uses nothing, and forgets nothing of what is offered meanwhile. */
static void test_suspend(void)
{
	map_all();
	start(RX_RING, TX_RING);
	fill(small_page(0), 100);
	if (set_base(RX, 7) != -EINVAL)
		fail("the state of a running queue was set");
	for (unsigned int i = 1; i <= 20; i++) {
		exchange(&maps[2], &maps[3]);
		suspend();
		expect_base("suspended", RX, (uint16_t)(2 * i - 1));
		expect_base("suspended", TX, (uint16_t)(2 * i - 1));
		fill(small_page(0), 100);
		offer_both();
		sleep_ms(5);
		if (used_index(RX) != 2 * i - 1 || used_index(TX) != 2 * i - 1)
			fail("a suspended device used a buffer");
		suspend();
		resume();
		take_both("resumed");
		resume();
	}
}

/* Under traffic, the state is that of the rings to the index, and what is offered is sent once. */
static void test_traffic(void)
{
	const unsigned int frames = 8;
	unsigned int within = 0, waiting = 0;

	map_all();
	start(RX_RING, TX_RING);
	fill(small_page(0), 100);
	for (unsigned int round = 1; round <= 60; round++) {
		uint16_t rx, tx;

		for (; waiting < frames; waiting++)
			offer(RX, BUFFERS + KIB4, KIB4);
		for (unsigned int i = 0; i < frames; i++)
			offer(TX, BUFFERS, 100);
		for (unsigned int spins = below(2000000); spins; spins--)
			__asm__ volatile("");
		suspend();
		rx = base(RX);
		tx = base(TX);
		within += tx != (uint16_t)(round * frames);
		if (used_index(RX) != rx || used_index(TX) != tx)
			fail("the rings are at %u and %u, the state says %u and %u", used_index(RX), used_index(TX), rx, tx);
		sleep_ms(2);
		expect_base("suspended", RX, rx);
		expect_base("suspended", TX, tx);
		if (used_index(RX) != rx || used_index(TX) != tx)
			fail("the rings move on though the device is suspended");
		resume();
		for (unsigned int i = 0; i < frames; i++)
			if (!take(TX, TIMEOUT_MS))
				fail("a frame is not sent after the resumption");
		if (used_index(TX) != (uint16_t)(round * frames))
			fail("%u frames were sent, %u were offered", used_index(TX), round * frames);
		/* What came back while it was suspended was dropped. */
		while (waiting && take(RX, 1))
			waiting--;
	}
	printf("suspended with work to do %u times of 60\n", within);
	if (!within)
		fail("the device was never suspended with work to do");
}

/* The state moves to another ring, or another device: indices other than 0, and beyond 65535. */
static void test_state(void)
{
	uint16_t rx, tx;

	map_all();
	start_at(0, RX_RING, TX_RING, 0xfffd, 0x1234);
	expect_base("running", RX, 0xfffd);
	for (unsigned int i = 0; i < 6; i++)
		exchange(&maps[2], &maps[3]);
	suspend();
	rx = base(RX);
	tx = base(TX);
	if (rx != 3 || tx != 0x1234 + 6)
		fail("after 6 frames the queues are at %u and %u", rx, tx);
	/* Another ring, while it is suspended; then the same as a new device would. */
	move_ring(RX, OTHER_RING, small_page(2));
	expect_errno("the state of a suspended queue", set_base(RX, rx), 0);
	expect_base("set while suspended", RX, rx);
	resume();
	for (unsigned int i = 0; i < 20; i++)
		exchange(&maps[2], &maps[3]);
	suspend();
	rx = base(RX);
	tx = base(TX);
	set_status(0);
	expect_base("after a reset", RX, 0);
	start_at(0, RX_RING, TX_RING, rx, tx);
	for (unsigned int i = 0; i < 20; i++)
		exchange(&maps[2], &maps[3]);
	suspend();
	expect_base("at the end", RX, (uint16_t)(rx + 20));
	expect_base("at the end", TX, (uint16_t)(tx + 20));
}

/* A doorbell of each queue can be mapped as a page, and rings its queue; no other page can be. */
static void test_doorbells(void)
{
	volatile uint32_t *page[2];

	map_all();
	start(RX_RING, TX_RING);
	fill(small_page(0), 100);
	for (unsigned int i = 0; i < 2; i++) {
		void *mapped = mmap(NULL, KIB4, PROT_WRITE, MAP_SHARED, device_fd, (off_t)(i * KIB4));

		if (mapped == MAP_FAILED)
			fail("doorbell of queue %u: %s", i, strerror(errno));
		page[i] = mapped;
	}
	if (mmap(NULL, KIB4, PROT_WRITE, MAP_SHARED, device_fd, (off_t)(3 * KIB4)) != MAP_FAILED ||
	    mmap(NULL, KIB4, PROT_WRITE, MAP_SHARED, device_fd, (off_t)(65535 * KIB4)) != MAP_FAILED)
		fail("a page can be mapped for a queue that there is not");
	for (unsigned int i = 0; i < 20; i++) {
		offer_quietly(RX, BUFFERS + KIB4, KIB4);
		*page[RX] = RX;
		offer_quietly(TX, BUFFERS, 100);
		*page[TX] = TX;
		take_both("by a mapped doorbell");
	}
	/* As soon as nobody rings nothing is sent. */
	offer_quietly(TX, BUFFERS, 100);
	if (take(TX, 50))
		fail("a frame is sent without a doorbell");
}

static void test_continue(void)
{
	static uint8_t bytes[65536];
	size_t bytes_len = fread(bytes, 1, sizeof(bytes), stdin), len;
	struct vqnic *vq = vqnic_new();
	uint64_t features = 0;
	struct vqnic_state state;
	const uint8_t *parts;
	struct vqnic_part part;
	uint8_t value;

	if (!vq || vqnic_state_read(vq, bytes, bytes_len, &state))
		fail("state: %s", vq ? vqnic_error(vq) : "out of memory");
	parts = state.parts;
	len = state.parts_len;
	while (vqnic_next_part(&parts, &len, &part))
		if (part.type == VQNIC_PART_DRV_FEATURES)
			memcpy(&features, part.value, sizeof(features));
	value = negotiate(features);
	parts = state.parts;
	len = state.parts_len;
	while (vqnic_next_part(&parts, &len, &part)) {
		struct vhost_vring_state size = { .index = part.queue };

		if (part.type != VQNIC_PART_VQ_CFG)
			continue;
		memcpy(&size.num, part.value, 2);
		if (ioctl(device_fd, VHOST_SET_VRING_NUM, &size))
			fail("size of queue %u: %s", part.queue, strerror(errno));
	}
	set_status(value | VIRTIO_CONFIG_S_DRIVER_OK);
	if (status() != (value | VIRTIO_CONFIG_S_DRIVER_OK))
		fail("the device does not run: status %#x", status());
	for (size_t i = 0; i < state.queue_count; i++)
		expect_base("continued", state.queues[i].index, state.queues[i].avail);
	printf("running\n");
	while (access("/tmp/vhost_state.stop", F_OK))
		sleep_ms(20);
	vqnic_free(vq);
}

static const struct {
	const char *name;
	void (*run)(void);
} tests[] = {
	{ "continue", test_continue },
	{ "suspend", test_suspend },
	{ "traffic", test_traffic },
	{ "state", test_state },
	{ "doorbells", test_doorbells },
};

int main(int argc, char **argv)
{
	uint64_t seed = argc > 3 ? strtoull(argv[3], NULL, 0) : 1;

	if (argc < 3) {
		fprintf(stderr, "usage: vhost_state NAME TEST [SEED]\n");
		return 2;
	}
	setlinebuf(stdout);
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		if (strcmp(argv[2], tests[i].name))
			continue;
		printf("seed %llu\n", (unsigned long long)seed);
		random_seed(seed);
		memory_get();
		device_open(argv[1]);
		tests[i].run();
		close(device_fd);
		return 0;
	}
	fail("no test is called %s", argv[2]);
}
