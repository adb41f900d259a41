// SPDX-License-Identifier: Apache-2.0
/*
 * vhost_migrate SOURCE DESTINATION PEER [SEED]: moves a guest between two vDPA devices by the card's dirty log, as a
 * VMM does, while it exchanges frames with a peer on a third device at full rate. All three are bound to vhost_vdpa.
 *
 * This program is the VMM and, by hand, both guests. A guest's memory is what it has mapped for its device; what the
 * guest's processor writes is noted (as KVM would), what the card writes only the card's log tells. Each frame has a
 * number: none may be lost, doubled or out of order, but for those that arrive while the guest is suspended, which the
 * card must count. At each switch the two memories are compared as a whole. Exit status 0: all is well; otherwise one
 * line says what is wrong.
 */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <linux/virtio_net.h>
#include <linux/virtio_ring.h>

#include "vhost.h"

#define MIGRATIONS 6
#define RING 256
/* Frames under way to a guest: always fewer than it has buffers. */
#define WINDOW 200
#define HEADER ((uint32_t)sizeof(struct virtio_net_hdr_v1))
#define FRAME_MAX 1514
/* Two buffers are so far from each other. They begin so that about half of the frames end in the next page. */
#define BUFFER_STRIDE (2 * KIB4)
#define BUFFER_OFFSET 3300
#define RX_BUFFERS 700
#define TX_BUFFERS RING
/* Pages that only the guest's processor writes. */
#define WORK_PAGES 500

/* Two pieces of memory, one below and one above 4 GiB, as a guest has them. */
#define SLOTS 2
#define LOW (UINT64_C(1) << 20)
#define HIGH ((UINT64_C(1) << 32) + 5 * KIB4)
#define LOW_PAGES 1500
#define HIGH_PAGES 3500
#define PAGES (LOW_PAGES + HIGH_PAGES)
#define LOG_IOVA LOW
#define LOG_SIZE (HIGH + HIGH_PAGES * KIB4 - LOW)

static const struct {
	uint64_t iova;
	unsigned int pages;
	unsigned int first;		/* page of the guest */
} slots[SLOTS] = { { LOW, LOW_PAGES, 0 }, { HIGH, HIGH_PAGES, LOW_PAGES } };

/* Frames to a device, as its counters say. */
struct counted {
	uint64_t received;
	uint64_t suspended;		/* dropped: the device was not ready */
	uint64_t dropped;		/* for other reasons */
};

struct device {
	const char *name;
	int fd;
	int kick[2];
	uint8_t mac[6];
	struct counted at_open;
	uint64_t sent_to;		/* frames since then: of two with the same address both get each */
};

struct ring {
	unsigned int queue;
	uint64_t desc, avail, used;	/* pages */
	uint16_t next_avail, next_used;
	uint64_t buffers[RING];		/* by descriptor; 0: the descriptor is free */
	uint64_t pool[RX_BUFFERS];	/* buffers that are not in the ring */
	unsigned int pool_count;
};

struct guest {
	const char *name;
	struct device *device;
	uint8_t *memory;		/* PAGES */
	struct ring rings[2];
	struct guest *other;
	uint64_t work[WORK_PAGES];
	bool card_writes[PAGES];	/* the pages that the card may write */
	uint8_t written[PAGES / 8 + 1];	/* what its processor wrote since the VMM looked */
	uint64_t sent;			/* frames offered to the card, each with the next number */
	uint64_t received;		/* number of the next one to arrive */
};

static struct device devices[3];
static struct guest mover = { .name = "the guest" }, peer = { .name = "the peer", .other = &mover };
static bool peer_sends = true;
static struct vqnic *vq;

/* The device that functions of vhost.h are about. */
static void use(const struct device *device)
{
	device_fd = device->fd;
	device_name = device->name;
}

/*
 * Memory.
 */

static uint64_t page_iova(unsigned int page)
{
	return page < LOW_PAGES ? LOW + page * KIB4 : HIGH + (page - LOW_PAGES) * KIB4;
}

static unsigned int page_of(uint64_t iova)
{
	return (unsigned int)(iova < HIGH ? (iova - LOW) / KIB4 : (iova - HIGH) / KIB4 + LOW_PAGES);
}

static uint8_t *at(const struct guest *g, uint64_t iova)
{
	return g->memory + page_of(iova) * KIB4 + iova % KIB4;
}

static bool bit(const uint8_t *bits, unsigned int i)
{
	return bits[i / 8] >> i % 8 & 1;
}

/* The guest's processor writes. */
static void write_at(struct guest *g, uint64_t iova, const void *data, size_t len)
{
	memcpy(at(g, iova), data, len);
	for (unsigned int page = page_of(iova); page <= page_of(iova + len - 1); page++)
		g->written[page / 8] |= (uint8_t)(1 << page % 8);
}

static uint8_t *memory_new(void)
{
	uint8_t *memory = mmap(NULL, PAGES * KIB4, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		fail("memory: %s", strerror(errno));
	return memory;
}

static void fill_random(uint8_t *data, size_t len)
{
	for (size_t i = 0; i + sizeof(uint64_t) <= len; i += sizeof(uint64_t))
		memcpy(data + i, &(uint64_t){ random64() }, sizeof(uint64_t));
}

/* Gives the device all of the memory, or takes it away. */
static void map_memory(const struct device *device, const uint8_t *memory, bool on)
{
	use(device);
	for (unsigned int i = 0; i < SLOTS; i++)
		expect_errno("map", message(on ? VHOST_IOTLB_UPDATE : VHOST_IOTLB_INVALIDATE, 0, slots[i].iova,
					    slots[i].pages * KIB4, memory + slots[i].first * KIB4, VHOST_ACCESS_RW), 0);
}

/* Deals the guest's pages out in random order: rings, buffers of two pages, and what its processor works on. */
static void layout(struct guest *g)
{
	static unsigned int order[PAGES / 2];
	unsigned int count = 0, next = 0;

	/* No pair spans the two pieces of memory. */
	_Static_assert(LOW_PAGES % 2 == 0 && PAGES % 2 == 0, "pairs of pages");
	for (unsigned int pair = 0; pair < PAGES / 2; pair++) {
		unsigned int place = below(++count);

		order[count - 1] = order[place];
		order[place] = 2 * pair;
	}
	for (unsigned int q = 0; q < 2; q++) {
		struct ring *r = &g->rings[q];

		r->queue = q;
		r->desc = page_iova(order[next]);
		r->avail = page_iova(order[next++] + 1);
		r->used = page_iova(order[next++]);
		g->card_writes[page_of(r->used)] = true;
		for (unsigned int i = 0; i < (q == RX ? RX_BUFFERS : TX_BUFFERS); i++, next++) {
			r->pool[r->pool_count++] = page_iova(order[next]) + BUFFER_OFFSET;
			g->card_writes[order[next]] = q == RX;
			g->card_writes[order[next] + 1] = q == RX;
		}
	}
	for (unsigned int i = 0; i < WORK_PAGES; i++)
		g->work[i] = page_iova(order[next++]);
	g->memory = memory_new();
	fill_random(g->memory, PAGES * KIB4);
	for (unsigned int q = 0; q < 2; q++) {
		memset(at(g, g->rings[q].avail), 0, KIB4);
		memset(at(g, g->rings[q].used), 0, KIB4);
	}
	_Static_assert(4 + RX_BUFFERS + TX_BUFFERS + WORK_PAGES <= PAGES / 2, "there are as many pairs of pages");
}

/*
 * What a guest does: frames and other work.
 */

/* The words of a frame behind its Ethernet header: its number, then what follows from it. */
static uint64_t frame_word(const struct guest *sender, uint64_t number, uint32_t i)
{
	uint64_t z = (number << 8 | (sender == &peer)) + i * UINT64_C(0x9e3779b97f4a7c15);

	return i ? (z ^ z >> 29) * UINT64_C(0xbf58476d1ce4e5b9) : number;
}

static uint32_t frame_len(const struct guest *sender, uint64_t number)
{
	return 60 + (uint32_t)(frame_word(sender, number, 1) >> 32) % (FRAME_MAX - 60 + 1);
}

/* Makes the frame with its virtio_net_hdr. Returns the bytes of both. */
static uint32_t frame_make(const struct guest *sender, uint64_t number, uint8_t *data)
{
	uint32_t len = frame_len(sender, number);

	memset(data, 0, HEADER);
	data += HEADER;
	memcpy(data, sender->other->device->mac, 6);
	memcpy(data + 6, sender->device->mac, 6);
	data[12] = 0x88;
	data[13] = 0xb5;
	for (uint32_t i = 0; 14 + i * 8 < len; i++) {
		uint64_t word = frame_word(sender, number, i);

		memcpy(data + 14 + i * 8, &word, len - 14 - i * 8 < 8 ? len - 14 - i * 8 : 8);
	}
	return HEADER + len;
}

/* The next buffer that the card has used, or 0: there is none. */
static uint64_t take_used(struct guest *g, struct ring *r, uint32_t *len)
{
	struct vring_used_elem elem;
	uint64_t buffer;

	if (*(volatile uint16_t *)(at(g, r->used) + 2) == r->next_used)
		return 0;
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	memcpy(&elem, at(g, r->used) + 4 + r->next_used % RING * sizeof(elem), sizeof(elem));
	if (elem.id >= RING || !r->buffers[elem.id])
		fail("%s, queue %u: the card has used descriptor %u, which it does not have", g->name, r->queue, elem.id);
	*len = elem.len;
	buffer = r->buffers[elem.id];
	r->buffers[elem.id] = 0;
	r->next_used++;
	return buffer;
}

/* Offers any buffer of the pool to the card; the caller has filled it. */
static void put_avail(struct guest *g, struct ring *r, uint64_t buffer, uint32_t len)
{
	uint16_t slot = r->next_avail % RING;
	struct vring_desc desc = { buffer, len, r->queue == RX ? VRING_DESC_F_WRITE : 0, 0 };

	if (r->buffers[slot])
		fail("%s, queue %u: the card uses descriptors out of order", g->name, r->queue);
	r->buffers[slot] = buffer;
	write_at(g, r->desc + slot * sizeof(desc), &desc, sizeof(desc));
	write_at(g, r->avail + 4 + slot * sizeof(slot), &slot, sizeof(slot));
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	r->next_avail++;
	write_at(g, r->avail + 2, &r->next_avail, sizeof(r->next_avail));
}

static uint64_t take_from_pool(struct ring *r)
{
	unsigned int place = below(r->pool_count);
	uint64_t buffer = r->pool[place];

	r->pool[place] = r->pool[--r->pool_count];
	return buffer;
}

static void kick(const struct device *device, unsigned int queue)
{
	if (write(device->kick[queue], &(uint64_t){ 1 }, sizeof(uint64_t)) != sizeof(uint64_t))
		fail("kick: %s", strerror(errno));
}

static unsigned int in_ring(const struct ring *r)
{
	return (uint16_t)(r->next_avail - r->next_used);
}

/* Takes what has arrived, and compares it with what was sent. */
static void take_received(struct guest *g)
{
	uint8_t expected[HEADER + FRAME_MAX];
	struct ring *r = &g->rings[RX];
	uint64_t buffer;
	uint32_t len;

	while ((buffer = take_used(g, r, &len))) {
		uint64_t number;

		memcpy(&number, at(g, buffer) + HEADER + 14, sizeof(number));
		if (number != g->received || number >= g->other->sent)
			fail("%s: frame %llu arrives, %llu is the next one of %llu", g->name, (unsigned long long)number,
			     (unsigned long long)g->received, (unsigned long long)g->other->sent);
		/* Addresses are those of the device that it was sent by and to, which may be another one by now. */
		if (len != frame_make(g->other, number, expected) ||
		    memcmp(at(g, buffer) + HEADER + 14, expected + HEADER + 14, len - HEADER - 14))
			fail("%s: frame %llu of %u bytes is altered", g->name, (unsigned long long)number, len);
		g->received++;
		r->pool[r->pool_count++] = buffer;
	}
}

/* Takes back what was sent. */
static void take_sent(struct guest *g)
{
	struct ring *r = &g->rings[TX];
	uint64_t buffer;
	uint32_t len;

	while ((buffer = take_used(g, r, &len)))
		r->pool[r->pool_count++] = buffer;
}

static void post_receive(struct guest *g)
{
	struct ring *r = &g->rings[RX];
	bool news = false;

	for (; in_ring(r) < RING; news = true)
		put_avail(g, r, take_from_pool(r), HEADER + FRAME_MAX);
	if (news)
		kick(g->device, RX);
}

/* Sends up to `most` frames, as many as the other guest has buffers for. */
static void send_frames(struct guest *g, unsigned int most)
{
	struct ring *r = &g->rings[TX];
	uint8_t frame[HEADER + FRAME_MAX];
	unsigned int count = 0;

	for (; count < most && in_ring(r) < RING && g->sent - g->other->received < WINDOW; count++) {
		uint64_t buffer = take_from_pool(r);
		uint32_t len = frame_make(g, g->sent++, frame);

		for (unsigned int i = 0; i < 3; i++)
			devices[i].sent_to += !memcmp(devices[i].mac, g->other->device->mac, sizeof(devices[i].mac));
		write_at(g, buffer, frame, len);
		put_avail(g, r, buffer, len);
	}
	if (count)
		kick(g->device, TX);
}

/* Whatever both guests have to do at the moment; `running`: the mover's processor is not stopped. */
static void pump(bool running)
{
	take_received(&peer);
	take_sent(&peer);
	post_receive(&peer);
	if (!running)
		return;
	take_received(&mover);
	take_sent(&mover);
	post_receive(&mover);
	if (peer_sends)
		send_frames(&peer, RING);
	send_frames(&mover, RING);
	for (unsigned int i = below(3); i; i--)
		write_at(&mover, mover.work[below(WORK_PAGES)] + 8 * below(512), &(uint64_t){ random64() }, 8);
	sched_yield();
}

/* Lets them run until so many frames have arrived. */
static void run_until(uint64_t at_guest, uint64_t at_peer)
{
	uint64_t deadline = now_ms() + 3 * TIMEOUT_MS;

	while (mover.received < at_guest || peer.received < at_peer) {
		if (now_ms() > deadline)
			fail("frames do not arrive: %llu of %llu at the guest, %llu of %llu at the peer",
			     (unsigned long long)mover.received, (unsigned long long)peer.sent,
			     (unsigned long long)peer.received, (unsigned long long)mover.sent);
		pump(true);
	}
}

/* Lets them run until so many more frames have arrived, both ways. */
static void run_frames(unsigned int count)
{
	run_until(mover.received + count, peer.received + count);
}

/*
 * Devices.
 */

static uint64_t bases(unsigned int queue)
{
	struct vhost_vring_state state = { queue, 0 };

	if (ioctl(device_fd, VHOST_GET_VRING_BASE, &state))
		fail("state of queue %u: %s", queue, strerror(errno));
	return state.num;
}

static void suspend(const struct device *device)
{
	if (ioctl(device->fd, VHOST_VDPA_SUSPEND))
		fail("suspend: %s", strerror(errno));
}

static void resume(const struct device *device)
{
	if (ioctl(device->fd, VHOST_VDPA_RESUME))
		fail("resume: %s", strerror(errno));
}

/* By vhost or by the driver's netlink: the device is the same then, but vhost does not know of the latter. */
static void suspend_somehow(const struct device *device)
{
	if (below(2))
		suspend(device);
	else if (vqnic_suspend(vq, NULL, device->name))
		fail("suspend: %s", vqnic_error(vq));
}

static void resume_somehow(const struct device *device)
{
	if (below(2))
		resume(device);
	else if (vqnic_resume(vq, NULL, device->name))
		fail("resume: %s", vqnic_error(vq));
}

/* The other device is to go on as this one would. */
static void hand_over_state(const struct device *from, const struct device *to)
{
	uint8_t *bytes;
	size_t len;

	if (vqnic_state_save(vq, NULL, from->name, &bytes, &len))
		fail("state: %s", vqnic_error(vq));
	if (vqnic_state_load(vq, NULL, to->name, bytes, len))
		fail("state of %zu bytes for the destination: %s", len, vqnic_error(vq));
	free(bytes);
}

/* Without a `base` the queue begins where the device knows that it is to. */
static void set_up_queue(const struct guest *g, unsigned int queue, const uint16_t *base)
{
	const struct ring *r = &g->rings[queue];
	struct vhost_vring_state size = { queue, RING }, state = { queue, base ? *base : 0 }, on = { queue, 1 };
	struct vhost_vring_addr addr = {
		.index = queue, .desc_user_addr = r->desc, .avail_user_addr = r->avail, .used_user_addr = r->used,
	};
	struct vhost_vring_file file = { queue, g->device->kick[queue] };

	if (ioctl(device_fd, VHOST_SET_VRING_NUM, &size) || ioctl(device_fd, VHOST_SET_VRING_ADDR, &addr) ||
	    (base && ioctl(device_fd, VHOST_SET_VRING_BASE, &state)) || ioctl(device_fd, VHOST_SET_VRING_KICK, &file) ||
	    ioctl(device_fd, VHOST_VDPA_SET_VRING_ENABLE, &on))
		fail("queue %u: %s", queue, strerror(errno));
}

/*
 * Lets the guest run on its device, its queues going on at `base` (NULL: where the device knows); by way of a suspended
 * device, if it is to be so.
 */
static void start_guest(struct guest *g, const uint16_t *base, bool suspended)
{
	uint8_t value;

	use(g->device);
	value = negotiate(0);
	if (suspended) {
		value |= VIRTIO_CONFIG_S_DRIVER_OK;
		set_status(value);
		suspend(g->device);
	}
	for (unsigned int queue = 0; queue < 2; queue++)
		set_up_queue(g, queue, base ? &base[queue] : NULL);
	if (suspended) {
		resume(g->device);
	} else {
		value |= VIRTIO_CONFIG_S_DRIVER_OK;
		set_status(value);
	}
	if (status() != value)
		fail("the device does not run: status %#x", status());
	/* What was rung while nothing ran is in the rings. */
	for (unsigned int queue = 0; queue < 2; queue++)
		kick(g->device, queue);
}

static int take_counters(const struct vqnic_stats *stats, void *opaque)
{
	struct counted *counted = opaque;

	for (size_t i = 0; i < stats->stat_count; i++) {
		const char *name = stats->stats[i].name;

		if (!strcmp(name, "rx_frames"))
			counted->received = stats->stats[i].value;
		else if (!strcmp(name, "rx_drop_not_ready"))
			counted->suspended = stats->stats[i].value;
		else if (!strncmp(name, "rx_drop_", strlen("rx_drop_")))
			counted->dropped += stats->stats[i].value;
	}
	return 0;
}

/* Since the device was opened. */
static struct counted counted(const struct device *device)
{
	struct counted now = { 0 };

	if (vqnic_stats(vq, NULL, device->name, take_counters, &now))
		fail("counters: %s", vqnic_error(vq));
	now.received -= device->at_open.received;
	now.suspended -= device->at_open.suspended;
	now.dropped -= device->at_open.dropped;
	return now;
}

static void open_device(struct device *device, const char *name)
{
	struct {
		struct vhost_vdpa_config head;
		uint8_t mac[6];
	} config = { .head = { .off = 0, .len = sizeof(config.mac) } };

	device_open(name);
	device->name = name;
	device->fd = device_fd;
	for (unsigned int queue = 0; queue < 2; queue++) {
		device->kick[queue] = eventfd(0, EFD_NONBLOCK);
		if (device->kick[queue] < 0)
			fail("eventfd: %s", strerror(errno));
	}
	if (ioctl(device_fd, VHOST_VDPA_GET_CONFIG, &config))
		fail("configuration: %s", strerror(errno));
	memcpy(device->mac, config.mac, sizeof(device->mac));
	device->at_open = counted(device);
}

/*
 * The migration.
 */

/* Adds to `pages` those of the guest that the card's log has: read by pieces of memory, or by random parts. */
static unsigned int read_log(const struct device *device, uint8_t *pages)
{
	static uint8_t bitmap[PAGES / 8 + 1];
	unsigned int count = 0;

	for (unsigned int i = 0; i < SLOTS; i++) {
		bool parts = below(2);

		for (unsigned int page = 0, len; page < slots[i].pages; page += len) {
			len = slots[i].pages - page;
			if (parts)
				len = 1 + below(len);
			memset(bitmap, 0, sizeof(bitmap));
			if (vqnic_log_read(vq, NULL, device->name, slots[i].iova + page * KIB4, len * KIB4, bitmap))
				fail("reading the log: %s", vqnic_error(vq));
			for (unsigned int j = 0; j < len; j++) {
				unsigned int number = slots[i].first + page + j;

				if (!bit(bitmap, j))
					continue;
				if (!mover.card_writes[number])
					fail("page %u is logged, but not the card's to write", number);
				pages[number / 8] |= (uint8_t)(1 << number % 8);
				count++;
			}
		}
	}
	return count;
}

/* Copies what `pages` has; while the guest runs, traffic goes on between any two of them. */
static unsigned int copy(uint8_t *to, const uint8_t *pages, bool running)
{
	unsigned int count = 0;

	for (unsigned int page = 0; page < PAGES; page++) {
		if (pages && !bit(pages, page))
			continue;
		memcpy(to + page * KIB4, mover.memory + page * KIB4, KIB4);
		count++;
		if (running && !below(pages ? 16 : 64))
			pump(true);
	}
	return count;
}

/* A round: copies what card and processor have written since the last one. */
static void copy_round(const struct device *device, uint8_t *to, bool running)
{
	uint8_t pages[sizeof(mover.written)];
	unsigned int by_card, by_cpu = 0;

	memcpy(pages, mover.written, sizeof(pages));
	memset(mover.written, 0, sizeof(mover.written));
	for (unsigned int page = 0; page < PAGES; page++)
		by_cpu += bit(pages, page);
	by_card = read_log(device, pages);
	printf(" %u+%u>%u", by_card, by_cpu, copy(to, pages, running));
}

/*
 * The guest is suspended: what it was sent meanwhile is lost, and counted. All that the card has received so far is in
 * the guest's memory. Returns how many frames are lost.
 */
static uint64_t settle_lost(const struct device *device, uint64_t suspended_before)
{
	uint64_t deadline = now_ms() + TIMEOUT_MS, lost;
	struct counted now;

	/* The peer does not wait for what is lost. */
	do {
		pump(false);
		now = counted(device);
		if (now_ms() > deadline)
			fail("of %llu frames to the device, it has received %llu and dropped %llu",
			     (unsigned long long)device->sent_to, (unsigned long long)now.received,
			     (unsigned long long)now.suspended);
	} while (now.received + now.suspended != device->sent_to);
	if (now.dropped)
		fail("the card has dropped %llu frames for want of buffers, or for other reasons",
		     (unsigned long long)now.dropped);
	take_received(&mover);
	take_sent(&mover);
	lost = peer.sent - mover.received;
	if (lost != now.suspended - suspended_before)
		fail("%llu frames to the guest are missing, the card has dropped %llu", (unsigned long long)lost,
		     (unsigned long long)(now.suspended - suspended_before));
	mover.received = peer.sent;
	return lost;
}

static void expect_rings(const char *when)
{
	for (unsigned int queue = 0; queue < 2; queue++) {
		uint16_t used = *(volatile uint16_t *)(at(&mover, mover.rings[queue].used) + 2);

		if (bases(queue) != used)
			fail("%s: queue %u is at %u, the ring says %u", when, queue, (unsigned int)bases(queue), used);
	}
}

/* Moves the guest to the other device and the other memory; or lets it go on where it was, if that is given up. */
static uint8_t *migrate(struct device *to, uint8_t *copy_memory, bool cancelled, const char *name)
{
	struct device *from = mover.device;
	uint64_t suspended_before = counted(from).suspended, began, lost;
	uint8_t *old = mover.memory;
	uint16_t base[2];

	printf("%s: pages by card+processor>copied:", name);
	run_frames(below(200));
	fill_random(copy_memory, PAGES * KIB4);
	memset(mover.written, 0, sizeof(mover.written));
	if (vqnic_log_start(vq, NULL, from->name, LOG_IOVA, LOG_SIZE))
		fail("start of the log: %s", vqnic_error(vq));
	copy(copy_memory, NULL, true);
	for (unsigned int rounds = below(5); rounds; rounds--) {
		copy_round(from, copy_memory, true);
		run_frames(below(100));
	}

	/* Who is not sent anything loses nothing, and sends all the more. */
	if (!below(3)) {
		peer_sends = false;
		run_until(peer.sent, peer.received);
	}
	began = now_ms();
	use(from);
	suspend_somehow(from);
	if (peer_sends && below(2))
		send_frames(&peer, below(WINDOW));
	base[RX] = (uint16_t)bases(RX);
	base[TX] = (uint16_t)bases(TX);
	expect_rings("suspended");
	copy_round(from, copy_memory, false);
	printf(", %llu ms", (unsigned long long)(now_ms() - began));
	for (unsigned int page = 0; page < PAGES; page++)
		if (memcmp(mover.memory + page * KIB4, copy_memory + page * KIB4, KIB4))
			fail("page %u, which the card %s, is not the same in the copy", page,
			     mover.card_writes[page] ? "may write" : "does not write");
	lost = settle_lost(from, suspended_before);
	/* It got quiet before it said so. */
	if (memcmp(mover.memory, copy_memory, PAGES * KIB4) || bases(RX) != base[RX] || bases(TX) != base[TX])
		fail("the device goes on though it is suspended");
	printf(", %llu frames to it lost", (unsigned long long)lost);
	if (lost && !peer_sends)
		fail("%llu frames are lost that came before", (unsigned long long)lost);
	peer_sends = true;

	if (!cancelled) {
		bool state = below(2);

		if (state)
			hand_over_state(from, to);
		mover.memory = copy_memory;
		mover.device = to;
		/* What is not told of a queue before the device runs, its state tells only then. */
		start_guest(&mover, state ? NULL : base, !state && below(2));
		printf(", %s", state ? "by the device's state" : "by vhost");
	}
	if (vqnic_log_stop(vq, NULL, from->name))
		fail("end of the log: %s", vqnic_error(vq));
	use(from);
	if (cancelled) {
		resume_somehow(from);
		run_frames(100);
		printf(", given up\n");
		return copy_memory;
	}
	/* Nothing of what was can help any more. */
	set_status(0);
	fill_random(old, PAGES * KIB4);
	run_frames(100);
	map_memory(from, old, false);
	map_memory(from, old, true);
	printf(", moved to %s\n", to->name);
	return old;
}

int main(int argc, char **argv)
{
	struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	uint64_t seed = argc > 4 ? strtoull(argv[4], NULL, 0) : 1;
	uint8_t *spare;

	if (argc < 4) {
		fprintf(stderr, "usage: vhost_migrate SOURCE DESTINATION PEER [SEED]\n");
		return 2;
	}
	setlinebuf(stdout);
	printf("seed %llu\n", (unsigned long long)seed);
	random_seed(seed);
	if (setrlimit(RLIMIT_MEMLOCK, &unlimited))
		fail("memlock: %s", strerror(errno));
	vq = vqnic_new();
	if (!vq)
		fail("out of memory");
	for (unsigned int i = 0; i < 3; i++)
		open_device(&devices[i], argv[1 + i]);
	mover.other = &peer;
	mover.device = &devices[0];
	peer.device = &devices[2];
	layout(&mover);
	layout(&peer);
	spare = memory_new();
	map_memory(&devices[0], mover.memory, true);
	map_memory(&devices[1], spare, true);
	map_memory(&devices[2], peer.memory, true);
	start_guest(&mover, (uint16_t[]){ 0, 0 }, false);
	start_guest(&peer, (uint16_t[]){ 0, 0 }, false);
	post_receive(&mover);
	post_receive(&peer);
	for (unsigned int i = 0; i < MIGRATIONS; i++) {
		char name[32];
		struct device *to = &devices[mover.device == &devices[0]];

		snprintf(name, sizeof(name), "migration %u", i + 1);
		spare = migrate(to, spare, i % 3 == 2, name);
	}
	/* Nothing is under way any more, and every frame was seen once. */
	for (uint64_t deadline = now_ms() + TIMEOUT_MS; mover.received < peer.sent || peer.received < mover.sent;) {
		if (now_ms() > deadline)
			fail("the last frames do not arrive");
		take_received(&mover);
		take_received(&peer);
	}
	printf("%llu frames from the guest, %llu to it\n", (unsigned long long)mover.sent, (unsigned long long)peer.sent);
	return 0;
}
