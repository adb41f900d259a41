// SPDX-License-Identifier: Apache-2.0
/*
 * What a VMM waits for when it works with a vDPA device that is bound to vhost_vdpa, for tests/bench/guest. Prints
 * lines "NAME VALUE".
 *
 *   vdev NAME map GIB     maps 1, 16 and 64 GiB, as far as GIB, by leaves of 4 KiB and of 2 MiB: milliseconds
 *   vdev NAME suspend     suspends running queues and reads their state: cycles of the card's clock
 *
 * 64 GiB are 32 MiB of contiguous memory again and again, as vhost takes 2048 pieces. For leaves of 4 KiB they lie
 * 4 KiB aside. POOL huge pages must be free.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vhost.h"

#define GIB (UINT64_C(1) << 30)
#define SUSPENDS 50
#define POOL 96
#define RUN 16
#define PIECE (RUN * MIB2)

static int by_bus_address(const void *a, const void *b)
{
	uint64_t left = bus_address(*(uint8_t *const *)a), right = bus_address(*(uint8_t *const *)b);

	return (left > right) - (left < right);
}

/* Huge pages that lie one behind the other in the machine's memory, and so in the program's. */
static uint8_t *contiguous(void)
{
	int fd = memfd_create("vdev", MFD_HUGETLB | MFD_CLOEXEC);
	uint8_t *pool, *page[POOL], *window;
	unsigned int first = 0, count = 1;

	if (fd < 0 || ftruncate(fd, POOL * MIB2))
		fail("huge pages: %s", strerror(errno));
	pool = mmap(NULL, POOL * MIB2, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	window = mmap(NULL, PIECE + MIB2, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (pool == MAP_FAILED || window == MAP_FAILED)
		fail("huge pages: %s", strerror(errno));
	window = (uint8_t *)(((uintptr_t)window + MIB2 - 1) & ~(MIB2 - 1));
	for (unsigned int i = 0; i < POOL; i++) {
		page[i] = pool + i * MIB2;
		*page[i] = 1;
	}
	qsort(page, POOL, sizeof(page[0]), by_bus_address);
	while (count < RUN) {
		if (first + count == POOL)
			fail("no %d huge pages of %d lie together", RUN, POOL);
		if (bus_address(page[first + count]) == bus_address(page[first + count - 1]) + MIB2) {
			count++;
		} else {
			first += count;
			count = 1;
		}
	}
	for (unsigned int i = 0; i < RUN; i++)
		if (mmap(window + i * MIB2, MIB2, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd,
			 page[first + i] - pool) == MAP_FAILED)
			fail("huge pages: %s", strerror(errno));
	return window;
}

/* In batches, as QEMU does: the driver gets a map whenever one ends. */
static void map_by(const char *leaf, uint64_t aside, unsigned int leaves_each, uint8_t *memory,
		   unsigned int limit)
{
	static const unsigned int gib[] = { 1, 16, 64 };
	uint64_t pieces = 0, began = now_ms(), leaves;

	for (unsigned int i = 0; i < sizeof(gib) / sizeof(gib[0]) && gib[i] <= limit; i++) {
		batch(true);
		for (; pieces < gib[i] * GIB / PIECE; pieces++)
			expect_errno("map", message(VHOST_IOTLB_UPDATE, 0, pieces * PIECE + aside, PIECE, memory,
						    VHOST_ACCESS_RW), 0);
		batch(false);
		printf("set_map_%ug_%s_ms %llu\n", gib[i], leaf, (unsigned long long)(now_ms() - began));
		leaves = aside ? shown().spaces[0].leaves_4k : shown().spaces[0].leaves_2m;
		if (leaves != pieces * leaves_each)
			fail("%llu leaves of %s for %u GiB", (unsigned long long)leaves, leaf, gib[i]);
	}
	began = now_ms();
	expect_errno("unmap", message(VHOST_IOTLB_INVALIDATE, 0, 0, IOVA_END, NULL, 0), 0);
	printf("unmap_%ug_%s_ms %llu\n", limit, leaf, (unsigned long long)(now_ms() - began));
}

static int take_cycles(const struct vqnic_card *card, void *opaque)
{
	*(uint64_t *)opaque = card->cycles;
	return 0;
}

static uint64_t cycles(struct vqnic *vq)
{
	uint64_t value = 0;

	if (vqnic_cards(vq, NULL, take_cycles, &value))
		fail("%s", vqnic_error(vq));
	return value;
}

static void suspend(void)
{
	struct vqnic *vq = vqnic_new();
	struct vhost_vring_state state;
	uint64_t sum = 0, before;

	map(0, KIB4, small_page(SMALL_PAGES - 2), VHOST_ACCESS_RW);
	map(KIB4, KIB4, small_page(SMALL_PAGES - 1), VHOST_ACCESS_RW);
	start(0, KIB4);
	for (unsigned int i = 0; i < SUSPENDS; i++) {
		before = cycles(vq);
		if (ioctl(device_fd, VHOST_VDPA_SUSPEND))
			fail("suspend: %s", strerror(errno));
		for (state.index = 0; state.index < 2; state.index++)
			if (ioctl(device_fd, VHOST_GET_VRING_BASE, &state))
				fail("state of queue %u: %s", state.index, strerror(errno));
		sum += cycles(vq) - before;
		if (ioctl(device_fd, VHOST_VDPA_RESUME))
			fail("resume: %s", strerror(errno));
	}
	printf("suspend_and_state_cycles %llu\n", (unsigned long long)(sum / SUSPENDS));
	vqnic_free(vq);
}

int main(int argc, char **argv)
{
	bool mapping = argc == 4 && !strcmp(argv[2], "map");

	if (!mapping && (argc != 3 || strcmp(argv[2], "suspend")))
		fail("usage: vdev NAME map GIB | vdev NAME suspend");
	memory_get();
	device_open(argv[1]);
	if (mapping) {
		unsigned int limit = (unsigned int)atoi(argv[3]);
		uint8_t *memory = contiguous();

		map_by("2m", 0, PIECE / MIB2, memory, limit);
		map_by("4k", KIB4, PIECE / KIB4, memory, limit);
	} else {
		suspend();
	}
	return 0;
}
