// SPDX-License-Identifier: Apache-2.0
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <linux/virtio_net.h>
#include <linux/virtio_ring.h>

#include "vhost.h"

struct queue {
	uint8_t *ring;			/* a page: descriptors, avail ring, used ring */
	uint64_t iova;			/* of the page */
	uint16_t avail;
	uint16_t used;
	int kick;
	int call;
};

const char *device_name;
int device_fd = -1;
uint8_t *small, *huge;
struct map maps[MAPS_MAX];
unsigned int map_count;

static struct vqnic *vq;
static struct queue queues[2];
static uint8_t mac[6];
static uint64_t random_state;

void fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	printf("failed: ");
	vprintf(format, args);
	putchar('\n');
	va_end(args);
	exit(1);
}

void random_seed(uint64_t seed)
{
	random_state = seed;
}

uint64_t random64(void)
{
	/* splitmix64 */
	uint64_t z = random_state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

unsigned int below(unsigned int limit)
{
	return (unsigned int)(random64() % limit);
}

uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

void sleep_ms(unsigned int ms)
{
	usleep(ms * 1000);
}

static int take_dev(const struct vqnic_dev *dev, void *opaque)
{
	struct shown *shown = opaque;

	/* A dead card's queues are not shown. The control queue comes last. */
	if (dev->space_count != 2 || (dev->queue_count && dev->queue_count < 2))
		fail("%s has %zu address spaces and %zu queues", device_name, dev->space_count, dev->queue_count);
	snprintf(shown->card, sizeof(shown->card), "%s", dev->card);
	shown->as_data = dev->as_data;
	shown->logged = VQNIC_HAS(dev, VQNIC_A_LOG_IOVA);
	shown->log_iova = dev->log_iova;
	shown->log_size = dev->log_size;
	memcpy(shown->spaces, dev->spaces, sizeof(shown->spaces));
	if (dev->queue_count)
		memcpy(shown->queues, dev->queues, sizeof(shown->queues));
	return 0;
}

struct shown shown(void)
{
	struct shown result = { 0 };

	if (!vq)
		vq = vqnic_new();
	if (!vq)
		fail("out of memory");
	if (vqnic_devs(vq, NULL, device_name, take_dev, &result))
		fail("%s", vqnic_error(vq));
	return result;
}

void device_shown_anew(void)
{
	vqnic_free(vq);
	vq = NULL;
}

/*
 * The device, as a VMM has it.
 */

void device_open(const char *name)
{
	char path[300];
	struct dirent *entry;
	DIR *dir;
	uint64_t wanted = 1 << VHOST_BACKEND_F_IOTLB_MSG_V2 | 1 << VHOST_BACKEND_F_IOTLB_BATCH |
			  1 << VHOST_BACKEND_F_IOTLB_ASID | 1 << VHOST_BACKEND_F_IOTLB_PERSIST |
			  1 << VHOST_BACKEND_F_SUSPEND | 1 << VHOST_BACKEND_F_RESUME |
			  1 << VHOST_BACKEND_F_ENABLE_AFTER_DRIVER_OK;
	uint64_t features;

	snprintf(path, sizeof(path), "/sys/bus/vdpa/devices/%s", name);
	dir = opendir(path);
	if (!dir)
		fail("no vDPA device %s", name);
	do
		entry = readdir(dir);
	while (entry && strncmp(entry->d_name, "vhost-vdpa-", strlen("vhost-vdpa-")));
	if (!entry)
		fail("%s is not bound to vhost_vdpa", name);
	snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
	closedir(dir);
	device_name = name;
	device_fd = open(path, O_RDWR);
	if (device_fd < 0)
		fail("%s: %s", path, strerror(errno));
	if (ioctl(device_fd, VHOST_SET_OWNER) || ioctl(device_fd, VHOST_GET_BACKEND_FEATURES, &features))
		fail("%s: %s", path, strerror(errno));
	if (wanted & ~features)
		fail("backend features %#llx lack %#llx", (unsigned long long)features,
		     (unsigned long long)(wanted & ~features));
	if (ioctl(device_fd, VHOST_SET_BACKEND_FEATURES, &wanted))
		fail("backend features: %s", strerror(errno));
	map_count = 0;
}

int message(uint8_t type, uint32_t asid, uint64_t iova, uint64_t size, const void *memory, uint8_t perm)
{
	struct vhost_msg_v2 msg = {
		.type = VHOST_IOTLB_MSG_V2,
		.asid = asid,
		.iotlb = { .iova = iova, .size = size, .uaddr = (uintptr_t)memory, .perm = perm, .type = type },
	};

	return write(device_fd, &msg, sizeof(msg)) == sizeof(msg) ? 0 : -errno;
}

void expect_errno(const char *what, int got, int expected)
{
	if (got != expected)
		fail("%s: %s, expected %s", what, strerror(-got), strerror(-expected));
}

void batch(bool begin)
{
	expect_errno("batch", message(begin ? VHOST_IOTLB_BATCH_BEGIN : VHOST_IOTLB_BATCH_END, 0, 0, 0, NULL, 0), 0);
}

static bool overlaps(uint64_t iova, uint64_t size)
{
	for (unsigned int i = 0; i < map_count; i++)
		if (iova < maps[i].iova + maps[i].size && maps[i].iova < iova + size)
			return true;
	return false;
}

void map(uint64_t iova, uint64_t size, uint8_t *memory, uint8_t perm)
{
	bool refused = overlaps(iova, size);

	expect_errno("map", message(VHOST_IOTLB_UPDATE, 0, iova, size, memory, perm), refused ? REFUSED : 0);
	if (!refused)
		maps[map_count++] = (struct map) { iova, size, memory, perm };
}

void unmap(unsigned int i)
{
	expect_errno("unmap", message(VHOST_IOTLB_INVALIDATE, 0, maps[i].iova, maps[i].size, NULL, 0), 0);
	maps[i] = maps[--map_count];
}

void unmap_at(uint64_t iova)
{
	for (unsigned int i = 0; i < map_count; i++)
		if (maps[i].iova == iova) {
			unmap(i);
			return;
		}
	fail("the test has nothing mapped at %#llx", (unsigned long long)iova);
}

static void print_as(const char *what, const struct vqnic_as *as)
{
	printf("%s: %llu maps, %llu bytes, leaves %llu of 1 GiB, %llu of 2 MiB, %llu of 4 KiB, %llu tables\n", what,
	       (unsigned long long)as->maps, (unsigned long long)as->bytes, (unsigned long long)as->leaves_1g,
	       (unsigned long long)as->leaves_2m, (unsigned long long)as->leaves_4k, (unsigned long long)as->tables);
}

void check_tables(const char *when)
{
	static uint8_t mid[IOVA_END >> 30], low[IOVA_END >> 21];
	struct vqnic_as expected = { .maps = map_count, .tables = 1 };
	struct vqnic_as got = shown().spaces[0];

	memset(mid, 0, sizeof(mid));
	memset(low, 0, sizeof(low));
	for (unsigned int i = 0; i < map_count; i++) {
		expected.bytes += maps[i].size;
		expected.leaves_2m += maps[i].size == MIB2;
		expected.leaves_4k += maps[i].size == KIB4;
		mid[maps[i].iova >> 30] = 1;
		low[maps[i].iova >> 21] = maps[i].size == KIB4;
	}
	for (size_t i = 0; i < sizeof(mid); i++)
		expected.tables += mid[i];
	for (size_t i = 0; i < sizeof(low); i++)
		expected.tables += low[i];
	if (got.maps != expected.maps || got.bytes != expected.bytes || got.leaves_1g ||
	    got.leaves_2m != expected.leaves_2m || got.leaves_4k != expected.leaves_4k ||
	    got.tables != expected.tables) {
		print_as("shown", &got);
		print_as("expected", &expected);
		fail("%s: the page tables are not what they must be", when);
	}
}

void check_nothing_left(const char *when)
{
	for (unsigned int i = 0; i < 2; i++) {
		struct vqnic_as as = shown().spaces[i];

		if (as.maps || as.bytes || as.leaves_1g || as.leaves_2m || as.leaves_4k || as.tables != 1) {
			print_as("shown", &as);
			fail("%s: something is left in address space %u", when, i);
		}
	}
}

/*
 * The guest: rings and frames.
 */

static struct vring_desc *ring_desc(struct queue *q)
{
	return (struct vring_desc *)q->ring;
}

static volatile uint16_t *ring_avail(struct queue *q)
{
	return (volatile uint16_t *)(q->ring + 0x400);
}

static volatile uint16_t *ring_used(struct queue *q)
{
	return (volatile uint16_t *)(q->ring + 0x800);
}

uint8_t status(void)
{
	uint8_t value;

	if (ioctl(device_fd, VHOST_VDPA_GET_STATUS, &value))
		fail("status: %s", strerror(errno));
	return value;
}

void set_status(uint8_t value)
{
	if (ioctl(device_fd, VHOST_VDPA_SET_STATUS, &value))
		fail("status %#x: %s", value, strerror(errno));
}

uint8_t negotiate(uint64_t features)
{
	uint8_t value = VIRTIO_CONFIG_S_ACKNOWLEDGE | VIRTIO_CONFIG_S_DRIVER;

	features |= UINT64_C(1) << VIRTIO_F_VERSION_1 | UINT64_C(1) << VIRTIO_F_ACCESS_PLATFORM | 1 << VIRTIO_NET_F_MAC;
	set_status(0);
	set_status(value);
	if (ioctl(device_fd, VHOST_SET_FEATURES, &features))
		fail("features: %s", strerror(errno));
	value |= VIRTIO_CONFIG_S_FEATURES_OK;
	set_status(value);
	if (status() != value)
		fail("the features were not accepted: status %#x", status());
	return value;
}

void start_at(unsigned int asid, uint64_t rx_iova, uint64_t tx_iova, uint16_t rx_base, uint16_t tx_base)
{
	const uint16_t bases[2] = { rx_base, tx_base };
	struct {
		struct vhost_vdpa_config head;
		uint8_t mac[6];
	} config = { .head = { .off = 0, .len = sizeof(config.mac) } };
	struct vhost_vring_state group = { 0, asid };
	uint8_t value = negotiate(0);

	if (ioctl(device_fd, VHOST_VDPA_GET_CONFIG, &config))
		fail("configuration: %s", strerror(errno));
	memcpy(mac, config.mac, sizeof(mac));
	if (asid && ioctl(device_fd, VHOST_VDPA_SET_GROUP_ASID, &group))
		fail("address space of the queues: %s", strerror(errno));

	queues[RX].iova = rx_iova;
	queues[TX].iova = tx_iova;
	for (unsigned int i = 0; i < 2; i++) {
		struct queue *q = &queues[i];
		struct vhost_vring_state size = { i, QUEUE_SIZE }, base = { i, bases[i] }, on = { i, 1 };
		struct vhost_vring_addr addr = {
			.index = i, .desc_user_addr = q->iova, .avail_user_addr = q->iova + 0x400,
			.used_user_addr = q->iova + 0x800,
		};
		struct vhost_vring_file file = { .index = i };

		q->ring = small + (SMALL_PAGES - 2 + i) * KIB4;
		q->avail = bases[i];
		q->used = bases[i];
		memset(q->ring, 0, KIB4);
		ring_avail(q)[1] = bases[i];
		ring_used(q)[1] = bases[i];
		if (!q->kick) {
			q->kick = eventfd(0, EFD_NONBLOCK);
			q->call = eventfd(0, EFD_NONBLOCK);
		}
		if (ioctl(device_fd, VHOST_SET_VRING_NUM, &size) || ioctl(device_fd, VHOST_SET_VRING_BASE, &base) ||
		    ioctl(device_fd, VHOST_SET_VRING_ADDR, &addr))
			fail("queue %u: %s", i, strerror(errno));
		file.fd = q->kick;
		if (ioctl(device_fd, VHOST_SET_VRING_KICK, &file))
			fail("queue %u: %s", i, strerror(errno));
		file.fd = q->call;
		if (ioctl(device_fd, VHOST_SET_VRING_CALL, &file) || ioctl(device_fd, VHOST_VDPA_SET_VRING_ENABLE, &on))
			fail("queue %u: %s", i, strerror(errno));
	}
	set_status(value | VIRTIO_CONFIG_S_DRIVER_OK);
	if (!(status() & VIRTIO_CONFIG_S_DRIVER_OK))
		fail("DRIVER_OK was not accepted: status %#x", status());
	if (shown().as_data != shown().spaces[asid].index)
		fail("the queues run in address space %u of the card, not in %u", shown().as_data,
		     shown().spaces[asid].index);
}

void start_in(unsigned int asid, uint64_t rx_iova, uint64_t tx_iova)
{
	start_at(asid, rx_iova, tx_iova, 0, 0);
}

void start(uint64_t rx_iova, uint64_t tx_iova)
{
	start_in(0, rx_iova, tx_iova);
}

uint16_t used_index(unsigned int index)
{
	return ring_used(&queues[index])[1];
}

void move_ring(unsigned int index, uint64_t iova, uint8_t *memory)
{
	struct queue *q = &queues[index];
	struct vhost_vring_addr addr = {
		.index = index, .desc_user_addr = iova, .avail_user_addr = iova + 0x400,
		.used_user_addr = iova + 0x800,
	};

	memcpy(memory, q->ring, KIB4);
	memset(q->ring, 0xff, KIB4);
	q->ring = memory;
	q->iova = iova;
	if (ioctl(device_fd, VHOST_SET_VRING_ADDR, &addr))
		fail("address of queue %u: %s", index, strerror(errno));
}

void offer_quietly(unsigned int index, uint64_t iova, uint32_t len)
{
	struct queue *q = &queues[index];
	unsigned int slot = q->avail % QUEUE_SIZE;
	volatile uint16_t *avail = ring_avail(q);

	ring_desc(q)[slot] = (struct vring_desc) { iova, len, index == RX ? VRING_DESC_F_WRITE : 0, 0 };
	avail[2 + slot] = (uint16_t)slot;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	avail[1] = ++q->avail;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

void offer(unsigned int index, uint64_t iova, uint32_t len)
{
	struct queue *q = &queues[index];
	uint64_t one = 1;

	offer_quietly(index, iova, len);
	if (write(q->kick, &one, sizeof(one)) != sizeof(one))
		fail("kick: %s", strerror(errno));
}

uint32_t take(unsigned int index, unsigned int timeout_ms)
{
	struct queue *q = &queues[index];
	volatile uint16_t *used = ring_used(q);
	uint64_t deadline = now_ms() + timeout_ms, count;
	struct pollfd pollfd = { .fd = q->call, .events = POLLIN };
	uint32_t len;

	while (used[1] == q->used) {
		int left = (int)(deadline - now_ms());

		if (left <= 0)
			return 0;
		poll(&pollfd, 1, left);
		if (read(q->call, &count, sizeof(count)) < 0 && errno != EAGAIN)
			fail("call: %s", strerror(errno));
	}
	memcpy(&len, (const uint8_t *)q->ring + 0x800 + 4 + q->used % QUEUE_SIZE * sizeof(struct vring_used_elem) + 4,
	       sizeof(len));
	q->used++;
	return len ? len : 1;
}

void fill(uint8_t *memory, uint32_t len)
{
	memset(memory, 0, sizeof(struct virtio_net_hdr_v1));
	memory += sizeof(struct virtio_net_hdr_v1);
	len -= sizeof(struct virtio_net_hdr_v1);
	memset(memory, 0xff, 6);
	memcpy(memory + 6, mac, 6);
	memory[12] = 0x88;
	memory[13] = 0xb5;
	for (uint32_t i = 14; i < len; i++)
		memory[i] = (uint8_t)random64();
}

void exchange(const struct map *from, const struct map *to)
{
	const uint32_t header = sizeof(struct virtio_net_hdr_v1);
	uint32_t len = header + 60 + below(900);
	uint64_t tx = below((unsigned int)(from->size - len)), rx = below((unsigned int)(to->size - 2048));
	uint8_t sent[1024];

	fill(from->memory + tx, len);
	memcpy(sent, from->memory + tx, len);
	offer(RX, to->iova + rx, 2048);
	offer(TX, from->iova + tx, len);
	if (!take(TX, TIMEOUT_MS))
		fail("a frame from IOVA %#llx is not sent", (unsigned long long)(from->iova + tx));
	if (take(RX, TIMEOUT_MS) != len)
		fail("a frame of %u bytes to IOVA %#llx does not arrive", len, (unsigned long long)(to->iova + rx));
	if (memcmp(sent + header, to->memory + rx + header, len - header))
		fail("a frame from IOVA %#llx to %#llx is altered", (unsigned long long)(from->iova + tx),
		     (unsigned long long)(to->iova + rx));
}

void expect_fault(unsigned int index, uint32_t code, uint64_t iova)
{
	uint64_t deadline = now_ms() + TIMEOUT_MS;
	struct vqnic_queue got;

	do {
		got = shown().queues[index];
		sleep_ms(5);
	} while (!got.fault && now_ms() < deadline);
	if (got.fault != code || got.fault_info != iova)
		fail("queue %u has fault %u at %#llx, expected %u at %#llx", index, got.fault,
		     (unsigned long long)got.fault_info, code, (unsigned long long)iova);
	if (!(status() & VIRTIO_CONFIG_S_NEEDS_RESET))
		fail("the guest is not told of the fault: status %#x", status());
	if (take(index, 0))
		fail("a buffer was used in spite of the fault");
}

uint64_t bus_address(const void *memory)
{
	int file = open("/proc/self/pagemap", O_RDONLY);
	uint64_t entry;

	if (file < 0 || pread(file, &entry, sizeof(entry), (off_t)((uintptr_t)memory / KIB4 * sizeof(entry))) !=
	    sizeof(entry) || !(entry >> 63))
		fail("cannot find a page's address");
	close(file);
	return (entry & ((UINT64_C(1) << 55) - 1)) * KIB4;
}

void memory_get(void)
{
	struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };

	if (setrlimit(RLIMIT_MEMLOCK, &unlimited))
		fail("memlock: %s", strerror(errno));
	small = mmap(NULL, SMALL_PAGES * KIB4, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	huge = mmap(NULL, HUGE_PAGES * MIB2, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	if (small == MAP_FAILED || huge == MAP_FAILED)
		fail("memory: %s: are there %d huge pages?", strerror(errno), HUGE_PAGES);
	madvise(small, SMALL_PAGES * KIB4, MADV_NOHUGEPAGE);
	memset(small, 0x5a, SMALL_PAGES * KIB4);
	memset(huge, 0x5a, HUGE_PAGES * MIB2);
}
