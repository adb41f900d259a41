// SPDX-License-Identifier: Apache-2.0
/*
 * vhost_ctrl NAME TEST [SEED]: the control queue of vDPA device NAME, which is bound to vhost_vdpa, driven by hand: what
 * a guest may send, and what a hostile one does. After each command it is asked of the driver what the guest wishes.
 * Exit status 0: the test passed; otherwise one line says what failed.
 */
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/virtio_net.h>
#include <linux/virtio_ring.h>

#include "vhost.h"

#define CTRL_SIZE 64			/* descriptors */
#define COMMAND_MAX (16 * KIB4)
#define RING_IOVA UINT64_C(0x100000)	/* a page */
#define COMMAND_IOVA UINT64_C(0x200000)	/* COMMAND_MAX bytes */
#define ACK_IOVA UINT64_C(0x300000)	/* a page */
#define UNTOUCHED 0xa5

#define BIT64(n) (UINT64_C(1) << (n))
#define CTRL_FEATURES (BIT64(VIRTIO_NET_F_CTRL_RX) | BIT64(VIRTIO_NET_F_CTRL_RX_EXTRA) | \
		       BIT64(VIRTIO_NET_F_CTRL_VLAN) | BIT64(VIRTIO_NET_F_CTRL_MAC_ADDR) | BIT64(VIRTIO_NET_F_MQ) | \
		       BIT64(VIRTIO_NET_F_CTRL_GUEST_OFFLOADS) | BIT64(VIRTIO_NET_F_GUEST_CSUM))

static struct {
	uint8_t *ring;
	uint8_t *command;
	uint8_t *ack;
	uint16_t avail, used;
	int kick, call;
	unsigned int pairs;		/* of the device */
	char mac[18];			/* as it was given */
	char state[4096];		/* see state() */
} c;

static struct vqnic *vq;

/*
 * What the driver says that the guest wishes, as text.
 */

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *format, ...)
{
	size_t len = strlen(c.state);
	va_list args;

	va_start(args, format);
	vsnprintf(c.state + len, sizeof(c.state) - len, format, args);
	va_end(args);
}

static void say_mac(const uint8_t *mac)
{
	say("%02x:%02x:%02x:%02x:%02x:%02x ", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
}

static int say_filter(const struct vqnic_filter *filter, void *opaque)
{
	const struct vqnic_filter_part *guest = filter->guest;

	(void)opaque;
	if (!guest)
		fail("the driver does not say what the guest wishes");
	say_mac(guest->mac);
	say("mode %#x unicast ", guest->rx_mode);
	for (size_t i = 0; i < guest->unicast.count; i++)
		say_mac(guest->unicast.mac[i]);
	say("multicast ");
	for (size_t i = 0; i < guest->multicast.count; i++)
		say_mac(guest->multicast.mac[i]);
	say("vlans %s", guest->all_vlans ? "all " : "");
	for (unsigned int vid = 0; guest->vlans && vid < 4096; vid++)
		if (VQNIC_VLANS_HAS(guest->vlans, vid))
			say("%u ", vid);
	return 0;
}

static int say_dev(const struct vqnic_dev *dev, void *opaque)
{
	(void)opaque;
	say("pairs %u offloads %#llx", dev->pairs_used, (unsigned long long)dev->offloads);
	return 0;
}

static const char *state(void)
{
	if (!vq)
		vq = vqnic_new();
	c.state[0] = '\0';
	if (!vq || vqnic_filters(vq, NULL, device_name, say_filter, NULL) ||
	    vqnic_devs(vq, NULL, device_name, say_dev, NULL))
		fail("%s", vq ? vqnic_error(vq) : "out of memory");
	return c.state;
}

static void expect_state(const char *when, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void expect_state(const char *when, const char *format, ...)
{
	char expected[4096];
	va_list args;

	va_start(args, format);
	vsnprintf(expected, sizeof(expected), format, args);
	va_end(args);
	if (strcmp(state(), expected))
		fail("%s: the guest wishes\n  %s\nexpected\n  %s", when, c.state, expected);
}

/*
 * The control queue.
 */

static void map_page(uint64_t iova, uint8_t *memory, uint64_t size)
{
	expect_errno("map", message(VHOST_IOTLB_UPDATE, 0, iova, size, memory, VHOST_ACCESS_RW), 0);
}

static void open_ctrl(void)
{
	c.ring = small_page(0);
	c.ack = small_page(1);
	c.command = small_page(2);
	map_page(RING_IOVA, c.ring, KIB4);
	map_page(ACK_IOVA, c.ack, KIB4);
	map_page(COMMAND_IOVA, c.command, COMMAND_MAX);
	c.kick = eventfd(0, EFD_NONBLOCK);
	c.call = eventfd(0, EFD_NONBLOCK);
}

/* Resets the device and starts it with VERSION_1, CTRL_VQ and `features`, its control queue alone. */
static void start_ctrl(uint64_t features)
{
	struct virtio_net_config *config;
	struct {
		struct vhost_vdpa_config head;
		uint8_t data[sizeof(*config)];
	} ask = { .head = { .off = 0, .len = sizeof(*config) } };
	struct vhost_vring_addr addr = {
		.desc_user_addr = RING_IOVA, .avail_user_addr = RING_IOVA + 0x400, .used_user_addr = RING_IOVA + 0x800,
	};
	uint8_t value = negotiate(features | BIT64(VIRTIO_NET_F_CTRL_VQ));
	struct vhost_vring_file file;
	unsigned int index;

	if (ioctl(device_fd, VHOST_VDPA_GET_CONFIG, &ask))
		fail("configuration: %s", strerror(errno));
	config = (struct virtio_net_config *)ask.data;
	c.pairs = config->max_virtqueue_pairs;
	snprintf(c.mac, sizeof(c.mac), "%02x:%02x:%02x:%02x:%02x:%02x", config->mac[0], config->mac[1], config->mac[2],
		 config->mac[3], config->mac[4], config->mac[5]);

	/* virtio 5.1.2 */
	index = features & BIT64(VIRTIO_NET_F_MQ) ? 2 * c.pairs : 2;
	c.avail = 0;
	c.used = 0;
	memset(c.ring, 0, KIB4);
	addr.index = index;
	file = (struct vhost_vring_file) { index, c.kick };
	if (ioctl(device_fd, VHOST_SET_VRING_NUM, &(struct vhost_vring_state) { index, CTRL_SIZE }) ||
	    ioctl(device_fd, VHOST_SET_VRING_BASE, &(struct vhost_vring_state) { index, 0 }) ||
	    ioctl(device_fd, VHOST_SET_VRING_ADDR, &addr) || ioctl(device_fd, VHOST_SET_VRING_KICK, &file))
		fail("control queue %u: %s", index, strerror(errno));
	file.fd = c.call;
	if (ioctl(device_fd, VHOST_SET_VRING_CALL, &file) ||
	    ioctl(device_fd, VHOST_VDPA_SET_VRING_ENABLE, &(struct vhost_vring_state) { index, 1 }))
		fail("control queue %u: %s", index, strerror(errno));
	set_status(value | VIRTIO_CONFIG_S_DRIVER_OK);
	if (!(status() & VIRTIO_CONFIG_S_DRIVER_OK))
		fail("DRIVER_OK was not accepted: status %#x", status());
}

/* Makes the `len` bytes at c.command a chain of random pieces, and gives it to the card. */
static void send_command(uint32_t len)
{
	struct vring_desc *desc = (struct vring_desc *)c.ring;
	volatile uint16_t *avail = (volatile uint16_t *)(c.ring + 0x400);
	uint64_t one = 1;
	uint32_t at = 0;
	uint16_t i = 0;

	while (at < len) {
		uint32_t piece = i < CTRL_SIZE - 2 && below(3) ? 1 + below(len - at) : len - at;

		desc[i] = (struct vring_desc) { COMMAND_IOVA + at, piece, VRING_DESC_F_NEXT, (uint16_t)(i + 1) };
		at += piece;
		i++;
	}
	desc[i] = (struct vring_desc) { ACK_IOVA, 1, VRING_DESC_F_WRITE, 0 };
	memset(c.ack, UNTOUCHED, KIB4);
	avail[2 + c.avail % CTRL_SIZE] = 0;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	avail[1] = ++c.avail;
	if (write(c.kick, &one, sizeof(one)) != sizeof(one))
		fail("kick: %s", strerror(errno));
}

/* Sends the command and waits for its answer, which is returned. */
static uint8_t command(uint32_t len)
{
	volatile uint16_t *used = (volatile uint16_t *)(c.ring + 0x800);
	uint64_t deadline = now_ms() + TIMEOUT_MS, count;
	struct pollfd pollfd = { .fd = c.call, .events = POLLIN };
	uint32_t written;

	send_command(len);
	while (used[1] == c.used) {
		int left = (int)(deadline - now_ms());

		if (left <= 0)
			fail("a command of %u bytes is not answered", len);
		poll(&pollfd, 1, left);
		if (read(c.call, &count, sizeof(count)) < 0 && errno != EAGAIN)
			fail("call: %s", strerror(errno));
	}
	memcpy(&written, c.ring + 0x800 + 4 + c.used % CTRL_SIZE * sizeof(struct vring_used_elem) + 4, sizeof(written));
	c.used++;
	if (written != 1 || c.ack[1] != UNTOUCHED)
		fail("the answer has %u bytes", written);
	return c.ack[0];
}

/* Puts a command together; returns its length. */
static uint32_t make(uint8_t class, uint8_t number, const void *data, size_t len)
{
	c.command[0] = class;
	c.command[1] = number;
	if (len)
		memcpy(c.command + 2, data, len);
	return (uint32_t)len + 2;
}

static void accepted(const char *what, uint8_t class, uint8_t number, const void *data, size_t len)
{
	uint8_t ack = command(make(class, number, data, len));

	if (ack != VIRTIO_NET_OK)
		fail("%s is answered by %u", what, ack);
}

/* The command at c.command is answered by an error; whether it changes something is for the caller to see. */
static void rejected_raw(const char *what, uint32_t len)
{
	uint8_t ack = command(len);

	if (ack != VIRTIO_NET_ERR)
		fail("%s is answered by %u", what, ack);
}

static void rejected(const char *what, uint8_t class, uint8_t number, const void *data, size_t len)
{
	rejected_raw(what, make(class, number, data, len));
}

/* The command at c.command is refused, and nothing changes. */
static void refused_raw(const char *what, uint32_t len)
{
	char before[sizeof(c.state)];

	memcpy(before, state(), sizeof(before));
	rejected_raw(what, len);
	if (strcmp(state(), before))
		fail("%s changes something: it was\n  %s\nand is\n  %s", what, before, c.state);
}

static void refused(const char *what, uint8_t class, uint8_t number, const void *data, size_t len)
{
	refused_raw(what, make(class, number, data, len));
}

/* Data of MAC_TABLE_SET, of addresses that say where they are in their table; returns its length. */
static size_t make_table(uint8_t *data, uint32_t unicasts, uint32_t multicasts)
{
	size_t at = 0;

	for (unsigned int table = 0; table < 2; table++) {
		uint32_t count = table ? multicasts : unicasts;

		memcpy(data + at, &count, 4);
		at += 4;
		for (uint32_t i = 0; i < count; i++) {
			const uint8_t mac[6] = { table ? 0x33 : 0x02, 0, 0, 0, (uint8_t)(i >> 8), (uint8_t)i };

			memcpy(data + at, mac, 6);
			at += 6;
		}
	}
	return at;
}

/* Each command of virtio 5.1.6.5 does what it says, and a reset takes it all back. */
static void test_commands(void)
{
	uint8_t data[64], on = 1, off = 0, mac[6] = { 0x02, 1, 2, 3, 4, 5 };
	uint16_t vid = 4095, pairs;
	uint64_t offloads = 0;

	start_ctrl(CTRL_FEATURES);
	expect_state("at first", "%s mode 0x1 unicast multicast vlans pairs 1 offloads 0x2", c.mac);
	for (uint8_t i = 0; i <= VIRTIO_NET_CTRL_RX_NOBCAST; i++) {
		accepted("a receive mode", VIRTIO_NET_CTRL_RX, i, &on, 1);
		expect_state("a receive mode", "%s mode %#x unicast multicast vlans pairs 1 offloads 0x2", c.mac,
			     (1U << (i + 1)) - 1);
	}
	for (uint8_t i = 0; i <= VIRTIO_NET_CTRL_RX_NOBCAST; i++)
		accepted("a receive mode", VIRTIO_NET_CTRL_RX, i, &off, 1);
	expect_state("without modes", "%s mode 0 unicast multicast vlans pairs 1 offloads 0x2", c.mac);
	accepted("a table", VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_TABLE_SET, data, make_table(data, 2, 1));
	expect_state("a table", "%s mode 0 unicast 02:00:00:00:00:00 02:00:00:00:00:01 multicast 33:00:00:00:00:00 "
		     "vlans pairs 1 offloads 0x2", c.mac);
	accepted("an empty table", VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_TABLE_SET, data, make_table(data, 0, 0));
	accepted("an address", VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_ADDR_SET, mac, 6);
	accepted("a VLAN", VIRTIO_NET_CTRL_VLAN, VIRTIO_NET_CTRL_VLAN_ADD, &vid, 2);
	vid = 7;
	accepted("a VLAN", VIRTIO_NET_CTRL_VLAN, VIRTIO_NET_CTRL_VLAN_ADD, &vid, 2);
	expect_state("two VLANs", "02:01:02:03:04:05 mode 0 unicast multicast vlans 7 4095 pairs 1 offloads 0x2");
	accepted("no VLAN", VIRTIO_NET_CTRL_VLAN, VIRTIO_NET_CTRL_VLAN_DEL, &vid, 2);
	accepted("no offloads", VIRTIO_NET_CTRL_GUEST_OFFLOADS, VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET, &offloads, 8);
	for (pairs = (uint16_t)c.pairs; pairs; pairs--)
		accepted("pairs", VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET, &pairs, 2);
	pairs = (uint16_t)c.pairs;
	accepted("all pairs", VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET, &pairs, 2);
	expect_state("a state", "02:01:02:03:04:05 mode 0 unicast multicast vlans 4095 pairs %u offloads 0", c.pairs);

	start_ctrl(CTRL_FEATURES & ~BIT64(VIRTIO_NET_F_CTRL_VLAN));
	expect_state("after the reset", "%s mode 0x1 unicast multicast vlans all pairs 1 offloads 0x2", c.mac);
}

/* What is not a command that the guest may send is refused, and nothing of it happens. */
static void test_malformed(void)
{
	static uint8_t data[COMMAND_MAX];
	const uint8_t zero[6] = { 0 }, multicast[6] = { 0x33, 1, 2, 3, 4, 5 };
	char before[sizeof(c.state)];
	uint8_t bytes[16] = { 0 };
	uint32_t count;
	uint16_t number;
	size_t len;

	start_ctrl(CTRL_FEATURES);
	len = make_table(data, 1, 1);
	accepted("a table", VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_TABLE_SET, data, len);

	make(VIRTIO_NET_CTRL_RX, 0, NULL, 0);
	refused_raw("half a header", 1);
	for (uint8_t i = 0; i <= VIRTIO_NET_CTRL_RX_NOBCAST; i++) {
		bytes[0] = 0;
		refused("a receive mode without a value", VIRTIO_NET_CTRL_RX, i, NULL, 0);
		refused("a receive mode of two bytes", VIRTIO_NET_CTRL_RX, i, bytes, 2);
		bytes[0] = 2;
		refused("a receive mode of 2", VIRTIO_NET_CTRL_RX, i, bytes, 1);
	}
	memcpy(before, state(), sizeof(before));
	for (unsigned int class = 0; class < 256; class++) {
		bytes[0] = 0;
		rejected("an unknown command", (uint8_t)class, 99, bytes, 1);
		if (class > VIRTIO_NET_CTRL_GUEST_OFFLOADS)
			rejected("an unknown class", (uint8_t)class, 0, bytes, 1);
	}
	if (strcmp(state(), before))
		fail("an unknown command changes something: it was\n  %s\nand is\n  %s", before, c.state);

	for (size_t cut = 0; cut < len; cut++)
		refused("a table that is cut off", VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_TABLE_SET, data, cut);
	refused("a table and more", VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_TABLE_SET, data, len + 1);
	for (unsigned int shift = 0; shift < 32; shift++) {
		count = UINT32_C(1) << shift;
		if (count == 1)
			continue;
		len = make_table(data, 1, 1);
		memcpy(data, &count, 4);
		refused("a table of more than there is", VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_TABLE_SET, data, len);
		/* 6 bytes each: its size overflows 32 bits to what is there. */
		count = UINT32_MAX / 6 + 2;
		memcpy(data, &count, 4);
		refused("a table that overflows", VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_TABLE_SET, data, len);
	}
	len = make_table(data, 60, 60);
	refused("too many addresses", VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_TABLE_SET, data, len);
	len = make_table(data, 0, 1300);
	refused("far too many addresses", VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_TABLE_SET, data, len);
	len = make_table(data, 0, 2000);
	refused("what the mailbox does not hold", VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_TABLE_SET, data, len);
	len = make_table(data, 2, 1);
	memcpy(data + 4 + 6, multicast, 6);
	refused("a multicast address among unicast ones", VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_TABLE_SET, data, len);
	memcpy(data + 4 + 6, zero, 6);
	refused("address zero", VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_TABLE_SET, data, len);
	len = make_table(data, 1, 2);
	data[4 + 6 + 4 + 6] = 0x02;
	refused("a unicast address among multicast ones", VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_TABLE_SET, data, len);

	refused("own address zero", VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_ADDR_SET, zero, 6);
	refused("a multicast own address", VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_ADDR_SET, multicast, 6);
	memset(bytes, 2, sizeof(bytes));
	refused("a short own address", VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_ADDR_SET, bytes, 5);
	refused("a long own address", VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_ADDR_SET, bytes, 7);

	for (uint8_t i = 0; i < 2; i++) {
		number = 4096;
		refused("VLAN 4096", VIRTIO_NET_CTRL_VLAN, i, &number, 2);
		refused("a VLAN of one byte", VIRTIO_NET_CTRL_VLAN, i, bytes, 1);
		refused("a VLAN of three bytes", VIRTIO_NET_CTRL_VLAN, i, bytes, 3);
	}
	number = 0;
	refused("no pairs", VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET, &number, 2);
	number = (uint16_t)(c.pairs + 1);
	refused("one pair too many", VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET, &number, 2);
	number = 0x8000;
	refused("32768 pairs", VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET, &number, 2);
	memset(bytes, 0, sizeof(bytes));
	refused("offloads of 7 bytes", VIRTIO_NET_CTRL_GUEST_OFFLOADS, VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET, bytes, 7);
	bytes[0] = 1 << VIRTIO_NET_F_GUEST_TSO4 % 8;
	refused("an offload that was not accepted", VIRTIO_NET_CTRL_GUEST_OFFLOADS, VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET,
		bytes, 8);
}

/* A command whose feature was not accepted is none. */
static void test_features(void)
{
	static const struct {
		uint8_t class, number, feature, len;
	} commands[] = {
		{ VIRTIO_NET_CTRL_RX, VIRTIO_NET_CTRL_RX_PROMISC, VIRTIO_NET_F_CTRL_RX, 1 },
		{ VIRTIO_NET_CTRL_RX, VIRTIO_NET_CTRL_RX_ALLMULTI, VIRTIO_NET_F_CTRL_RX, 1 },
		{ VIRTIO_NET_CTRL_RX, VIRTIO_NET_CTRL_RX_ALLUNI, VIRTIO_NET_F_CTRL_RX_EXTRA, 1 },
		{ VIRTIO_NET_CTRL_RX, VIRTIO_NET_CTRL_RX_NOBCAST, VIRTIO_NET_F_CTRL_RX_EXTRA, 1 },
		{ VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_TABLE_SET, VIRTIO_NET_F_CTRL_RX, 8 },
		{ VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_ADDR_SET, VIRTIO_NET_F_CTRL_MAC_ADDR, 6 },
		{ VIRTIO_NET_CTRL_VLAN, VIRTIO_NET_CTRL_VLAN_ADD, VIRTIO_NET_F_CTRL_VLAN, 2 },
		{ VIRTIO_NET_CTRL_VLAN, VIRTIO_NET_CTRL_VLAN_DEL, VIRTIO_NET_F_CTRL_VLAN, 2 },
		{ VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET, VIRTIO_NET_F_MQ, 2 },
		{ VIRTIO_NET_CTRL_GUEST_OFFLOADS, VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET,
		  VIRTIO_NET_F_CTRL_GUEST_OFFLOADS, 8 },
	};
	const size_t count = sizeof(commands) / sizeof(commands[0]);

	for (size_t without = 0; without < count; without++) {
		start_ctrl(CTRL_FEATURES & ~BIT64(commands[without].feature));
		for (size_t i = 0; i < count; i++) {
			/* Right for all of them but the own address. */
			uint8_t data[8] = { commands[i].len == 2 };

			if (commands[i].len == 6)
				data[0] = 2;
			if (commands[i].feature == commands[without].feature)
				refused("a command whose feature was not accepted", commands[i].class,
					commands[i].number, data, commands[i].len);
			else
				accepted("a command whose feature was accepted", commands[i].class,
					 commands[i].number, data, commands[i].len);
		}
	}
}

/* Bytes without sense, for as long as it takes: all are answered, the device goes on. */
static void test_random(void)
{
	uint8_t on = 1;

	start_ctrl(CTRL_FEATURES);
	for (unsigned int i = 0; i < 400; i++) {
		uint32_t len = 1 + below(below(4) ? 40 : 9000);

		for (uint32_t at = 0; at < len; at++)
			c.command[at] = (uint8_t)random64();
		if (len > 1 && below(2)) {
			c.command[0] = (uint8_t)below(VIRTIO_NET_CTRL_GUEST_OFFLOADS + 1);
			c.command[1] = (uint8_t)below(3);
		}
		if (command(len) > VIRTIO_NET_ERR)
			fail("a command is answered by neither OK nor ERR");
	}
	accepted("a command after all that", VIRTIO_NET_CTRL_RX, VIRTIO_NET_CTRL_RX_PROMISC, &on, 1);
}

/* The device is reset while commands are on their way. */
static void test_reset(void)
{
	uint8_t data[64];
	size_t len = make_table(data, 3, 3);

	for (unsigned int i = 0; i < 100; i++) {
		start_ctrl(CTRL_FEATURES);
		send_command(make(VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_TABLE_SET, data, len));
		usleep(below(2000));
	}
	start_ctrl(CTRL_FEATURES);
	expect_state("after resets", "%s mode 0x1 unicast multicast vlans pairs 1 offloads 0x2", c.mac);
	accepted("a table", VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_TABLE_SET, data, len);
}

/* Commands that change the filters, one after the other, until /tmp/vhost_ctrl.stop appears. */
static void test_flood(void)
{
	uint64_t deadline = now_ms() + 120000;
	unsigned int count = 0;
	uint8_t data[1024];
	uint16_t vid;

	start_ctrl(CTRL_FEATURES);
	printf("begun\n");
	while (access("/tmp/vhost_ctrl.stop", F_OK)) {
		size_t len = make_table(data, 1 + count % 20, 20 - count % 20);

		accepted("a table", VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_TABLE_SET, data, len);
		vid = (uint16_t)(1 + count % 4094);
		accepted("a VLAN", VIRTIO_NET_CTRL_VLAN, VIRTIO_NET_CTRL_VLAN_ADD, &vid, 2);
		rejected("half a VLAN", VIRTIO_NET_CTRL_VLAN, VIRTIO_NET_CTRL_VLAN_ADD, &vid, 1);
		count += 3;
		if (now_ms() > deadline)
			fail("nobody ends the flood");
	}
	printf("%u commands\n", count);
}

static const struct {
	const char *name;
	void (*run)(void);
} tests[] = {
	{ "commands", test_commands },
	{ "malformed", test_malformed },
	{ "features", test_features },
	{ "random", test_random },
	{ "reset", test_reset },
	{ "flood", test_flood },
};

int main(int argc, char **argv)
{
	uint64_t seed = argc > 3 ? strtoull(argv[3], NULL, 0) : 1;

	if (argc < 3) {
		fprintf(stderr, "usage: vhost_ctrl NAME TEST [SEED]\n");
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
		open_ctrl();
		tests[i].run();
		close(device_fd);
		return 0;
	}
	fail("no test is called %s", argv[2]);
}
