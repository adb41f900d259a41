// SPDX-License-Identifier: Apache-2.0
/*
 * vhost_map NAME TEST [SEED]: maps memory for vDPA device NAME, which is bound to vhost_vdpa, lets frames go through
 * it, and compares what the driver says of its page tables with what they must be. The wire must be a loopback. Exit
 * status 0: the test passed; otherwise one line says what failed.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vhost.h"

/* Rings at the two ends of what can be mapped, and the last two small pages behind them. */
#define RX_RING (IOVA_END - KIB4)
#define TX_RING UINT64_C(0)

static void map_rings(void)
{
	map(RX_RING, KIB4, small_page(SMALL_PAGES - 2), VHOST_ACCESS_RW);
	map(TX_RING, KIB4, small_page(SMALL_PAGES - 1), VHOST_ACCESS_RW);
}

/* Page sizes, permissions, and what is left of them. */
static void test_sizes(void)
{
	uint64_t base = UINT64_C(5) << 30;
	struct map unaligned = { base + 9 * MIB2 + KIB4, MIB2, huge + MIB2, VHOST_ACCESS_RW };

	check_tables("nothing mapped");
	map_rings();
	map(base, KIB4, small_page(0), VHOST_ACCESS_RO);
	map(base + KIB4, KIB4, small_page(1), VHOST_ACCESS_WO);
	map(base + MIB2, MIB2, huge, VHOST_ACCESS_RW);
	check_tables("pages of both sizes");
	start(RX_RING, TX_RING);
	exchange(&maps[2], &maps[3]);
	exchange(&maps[4], &maps[3]);
	exchange(&maps[2], &maps[4]);
	/* A huge page that does not lie so that the card can have it whole. */
	expect_errno("map", message(VHOST_IOTLB_UPDATE, 0, unaligned.iova, MIB2, unaligned.memory, VHOST_ACCESS_RW), 0);
	if (shown().spaces[0].leaves_2m != 1 || shown().spaces[0].leaves_4k != 4 + MIB2 / KIB4)
		fail("an unaligned huge page is mapped by %llu entries of 2 MiB and %llu of 4 KiB",
		     (unsigned long long)shown().spaces[0].leaves_2m, (unsigned long long)shown().spaces[0].leaves_4k);
	exchange(&maps[2], &unaligned);
	expect_errno("unmap", message(VHOST_IOTLB_INVALIDATE, 0, unaligned.iova, MIB2, NULL, 0), 0);
	check_tables("the unaligned one unmapped");
	while (map_count)
		unmap(0);
	check_tables("everything unmapped");
}

/* Maps that random steps leave alone: the rings, a page to send from, a page to receive into. */
#define FIXED_MAPS 4

static void map_fixed(void)
{
	map_rings();
	map(UINT64_C(5) << 30, KIB4, small_page(SMALL_PAGES - 4), VHOST_ACCESS_RW);
	map((UINT64_C(5) << 30) + KIB4, KIB4, small_page(SMALL_PAGES - 3), VHOST_ACCESS_RW);
}

/* A random step: a page mapped or unmapped, in one of a few places, so that small and huge ones take turns there. */
static void random_step(void)
{
	uint64_t place = (uint64_t)below(24) * UINT64_C(0x1347a00000) % IOVA_END & ~(MIB2 - 1);

	if (below(5) < 2 && map_count > FIXED_MAPS) {
		unmap(FIXED_MAPS + below(map_count - FIXED_MAPS));
	} else if (below(4)) {
		map(place + below(MIB2 / KIB4) * KIB4, KIB4, small_page(below(SMALL_PAGES - 4)), VHOST_ACCESS_RW);
	} else {
		/* Makes room for a huge page. */
		for (unsigned int i = map_count; i-- > FIXED_MAPS;)
			if (maps[i].iova >> 21 == place >> 21)
				unmap(i);
		map(place, MIB2, huge + below(HUGE_PAGES) * MIB2, VHOST_ACCESS_RW);
	}
}

/* A frame between any two maps. */
static void random_exchange(void)
{
	exchange(&maps[2 + below(map_count - 2)], &maps[2 + below(map_count - 2)]);
}

/* Maps come and go under traffic, one by one and in batches; what stays is there all the while. */
static void test_random(void)
{
	const unsigned int frames = 6;

	map_fixed();
	start(RX_RING, TX_RING);
	for (unsigned int i = 0; i < 150; i++) {
		bool whole = below(2);

		fill(maps[2].memory, 1500);
		for (unsigned int j = 0; j < frames; j++)
			offer(RX, maps[3].iova, KIB4);
		for (unsigned int j = 0; j < frames; j++)
			offer(TX, maps[2].iova, 1500);
		if (whole)
			batch(true);
		for (unsigned int steps = 1 + below(30); steps; steps--)
			random_step();
		if (whole)
			batch(false);
		for (unsigned int j = 0; j < frames; j++)
			if (!take(TX, TIMEOUT_MS) || take(RX, TIMEOUT_MS) != 1500)
				fail("a frame is lost while other memory is mapped and unmapped");
		check_tables(whole ? "after a batch" : "after single steps");
		random_exchange();
	}
	while (map_count)
		unmap(below(map_count));
	check_tables("everything unmapped");
}

static void refused(const char *what, uint32_t asid, uint64_t iova, uint64_t size, const uint8_t *memory, uint8_t perm)
{
	expect_errno(what, message(VHOST_IOTLB_UPDATE, asid, iova, size, memory, perm), REFUSED);
}

/* What cannot be mapped is refused, and what was mapped before stays. */
static void test_errors(void)
{
	struct vhost_vring_state group = { 0, 1 };
	struct rlimit limit;
	struct map a, b;
	unsigned int i;

	map_rings();
	map(MIB2, KIB4, small_page(0), VHOST_ACCESS_RW);
	map(2 * MIB2, MIB2, huge, VHOST_ACCESS_RW);
	a = maps[2];
	b = maps[3];
	refused("beyond the range", 0, IOVA_END, KIB4, small, VHOST_ACCESS_RW);
	refused("across its end", 0, IOVA_END - KIB4, 2 * KIB4, small, VHOST_ACCESS_RW);
	refused("over another", 0, MIB2, MIB2, huge, VHOST_ACCESS_RW);
	refused("no permission", 0, 8 * MIB2, KIB4, small, 0);
	refused("address space 2", 2, 8 * MIB2, KIB4, small, VHOST_ACCESS_RW);
	refused("no memory there", 0, 8 * MIB2, KIB4, NULL, VHOST_ACCESS_RW);
	check_tables("after what was refused");

	getrlimit(RLIMIT_MEMLOCK, &limit);
	limit.rlim_cur = 8 * MIB2;
	setrlimit(RLIMIT_MEMLOCK, &limit);
	refused("beyond memlock", 0, 64 * MIB2, HUGE_PAGES * MIB2, huge, VHOST_ACCESS_RW);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_MEMLOCK, &limit);
	check_tables("after a map beyond memlock");

	/* A batch of which one map cannot be: vhost does not tell, but nothing else is half done. */
	batch(true);
	expect_errno("good", message(VHOST_IOTLB_UPDATE, 0, 8 * MIB2, KIB4, small, VHOST_ACCESS_RW), 0);
	expect_errno("no permission", message(VHOST_IOTLB_UPDATE, 0, 9 * MIB2, KIB4, small, 0), 0);
	batch(false);
	check_tables("after a batch with an impossible map");
	start(RX_RING, TX_RING);
	exchange(&a, &b);
	expect_errno("unmap", message(VHOST_IOTLB_INVALIDATE, 0, 9 * MIB2, KIB4, NULL, 0), 0);
	maps[map_count++] = (struct map) { 8 * MIB2, KIB4, small, VHOST_ACCESS_RW };
	check_tables("without the impossible map");
	exchange(&maps[4], &b);

	if (!ioctl(device_fd, VHOST_VDPA_SET_GROUP_ASID, &group) || errno != EBUSY)
		fail("the address space of a group was changed while it runs");
	set_status(0);

	/* As many maps as vhost takes. */
	for (i = map_count; i < 2048; i++)
		map((16 + i) * MIB2, KIB4, small_page(i % SMALL_PAGES), VHOST_ACCESS_RW);
	refused("one too many", 0, 8192 * MIB2, KIB4, small, VHOST_ACCESS_RW);
	check_tables("2048 maps");
	start(RX_RING, TX_RING);
	exchange(&maps[2047], &maps[1000]);
}

static void map_in_1(uint64_t iova, uint8_t *page)
{
	expect_errno("map", message(VHOST_IOTLB_UPDATE, 1, iova, KIB4, page, VHOST_ACCESS_RW), 0);
}

/* The queues run in the address space that they were given, and reach no other. */
static void test_asid(void)
{
	struct vhost_vring_state group = { 0, 2 }, query = { TX, 0 };
	struct map page = { 8 * MIB2, KIB4, small_page(0), VHOST_ACCESS_RW };
	unsigned int groups, spaces;

	if (ioctl(device_fd, VHOST_VDPA_GET_GROUP_NUM, &groups) ||
	    ioctl(device_fd, VHOST_VDPA_GET_AS_NUM, &spaces) || groups != 2 || spaces != 2)
		fail("%u groups and %u address spaces, expected 2 and 2", groups, spaces);
	if (ioctl(device_fd, VHOST_VDPA_GET_VRING_GROUP, &query) || query.num)
		fail("the transmit queue is in group %u", query.num);
	if (!ioctl(device_fd, VHOST_VDPA_SET_GROUP_ASID, &group) || errno != EINVAL)
		fail("a group was given address space 2");
	map_rings();
	map(9 * MIB2, KIB4, small_page(1), VHOST_ACCESS_RW);
	map_in_1(RX_RING, small_page(SMALL_PAGES - 2));
	map_in_1(TX_RING, small_page(SMALL_PAGES - 1));
	map_in_1(page.iova, page.memory);
	if (shown().spaces[1].maps != 3 || shown().spaces[0].maps != 3)
		fail("%llu and %llu maps, expected 3 and 3", (unsigned long long)shown().spaces[0].maps,
		     (unsigned long long)shown().spaces[1].maps);
	start(RX_RING, TX_RING);
	exchange(&maps[2], &maps[2]);
	start_in(1, RX_RING, TX_RING);
	exchange(&page, &page);
	offer(TX, maps[2].iova, 100);
	expect_fault(TX, VQNIC_FAULT_IOVA_READ, maps[2].iova);
	/* A reset puts the queues back. */
	start(RX_RING, TX_RING);
	exchange(&maps[2], &maps[2]);
	offer(TX, page.iova, 100);
	expect_fault(TX, VQNIC_FAULT_IOVA_READ, page.iova);
}

/*
 * What is not mapped is not reached, even if the IOVA is the bus address of memory that is there: the card does not
 * take it for one.
 */
static void test_isolation(void)
{
	uint8_t *canary = huge + MIB2, *copy = malloc(MIB2);
	uint64_t bus = bus_address(canary);
	uint64_t tx_bus = bus_address(small_page(SMALL_PAGES - 1));

	if (!copy)
		fail("out of memory");
	memcpy(copy, canary, MIB2);

	/* Not even the rings. */
	start(bus_address(small_page(SMALL_PAGES - 2)), tx_bus);
	offer(TX, bus, 100);
	expect_fault(TX, VQNIC_FAULT_IOVA_READ, tx_bus + 0x402);

	/* The rings, but no buffer. */
	map_rings();
	map(8 * MIB2, KIB4, small_page(0), VHOST_ACCESS_RW);
	map(9 * MIB2, KIB4, small_page(1), VHOST_ACCESS_RO);
	start(RX_RING, TX_RING);
	offer(TX, bus, 100);
	expect_fault(TX, VQNIC_FAULT_IOVA_READ, bus);
	start(RX_RING, TX_RING);
	offer(RX, bus, 2048);
	fill(maps[2].memory, 100);
	offer(TX, maps[2].iova, 100);
	expect_fault(RX, VQNIC_FAULT_IOVA_WRITE, bus);
	if (!take(TX, TIMEOUT_MS))
		fail("the other queue stopped too");

	/* What may be read is not written. */
	start(RX_RING, TX_RING);
	fill(maps[2].memory, 100);
	memcpy(maps[3].memory, maps[2].memory, 100);
	memcpy(copy, maps[3].memory, KIB4);
	offer(RX, maps[3].iova, 2048);
	offer(TX, maps[3].iova, 100);
	expect_fault(RX, VQNIC_FAULT_IOVA_WRITE, maps[3].iova);
	if (!take(TX, TIMEOUT_MS))
		fail("a frame from memory that may be read is not sent");
	if (memcmp(copy, maps[3].memory, KIB4))
		fail("memory that may be read was written");

	/* A buffer that ends where nothing is mapped. */
	start(RX_RING, TX_RING);
	offer(TX, maps[2].iova + KIB4 - 64, 128);
	expect_fault(TX, VQNIC_FAULT_IOVA_READ, maps[2].iova + KIB4);

	/* Beyond the range. */
	start(RX_RING, TX_RING);
	offer(TX, IOVA_END + maps[2].iova, 100);
	expect_fault(TX, VQNIC_FAULT_IOVA_READ, IOVA_END + maps[2].iova);

	memset(copy, 0x5a, MIB2);
	if (memcmp(copy, canary, MIB2))
		fail("memory that was never mapped has changed");
	free(copy);
}

/* When an unmap returns, the card has written its last byte there; the next frame meets nothing. */
static void test_revoke(void)
{
	unsigned int cut_off = 0;

	map_rings();
	map(8 * MIB2, KIB4, small_page(0), VHOST_ACCESS_RW);
	for (unsigned int round = 0; round < 40; round++) {
		unsigned int received = 0;
		uint8_t copy[KIB4];

		map(9 * MIB2, KIB4, small_page(1), VHOST_ACCESS_RW);
		memset(small_page(1), 0x11, KIB4);
		start(RX_RING, TX_RING);
		fill(small_page(0), 1400);
		for (unsigned int i = 0; i < QUEUE_SIZE; i++)
			offer(RX, 9 * MIB2, 2048);
		for (unsigned int i = 0; i < QUEUE_SIZE; i++)
			offer(TX, 8 * MIB2, 1400);
		usleep(below(4000));
		unmap_at(9 * MIB2);
		memcpy(copy, small_page(1), KIB4);
		for (unsigned int i = 0; i < QUEUE_SIZE; i++)
			if (!take(TX, TIMEOUT_MS))
				fail("round %u: the other queue stopped too", round);
		while (take(RX, 20))
			received++;
		if (received == QUEUE_SIZE) {
			offer(RX, 9 * MIB2, 2048);
			offer(TX, 8 * MIB2, 1400);
		} else {
			cut_off++;
		}
		expect_fault(RX, VQNIC_FAULT_IOVA_WRITE, 9 * MIB2);
		if (memcmp(copy, small_page(1), KIB4))
			fail("round %u: the card wrote to a page after it was unmapped", round);
	}
	printf("in %u of 40 rounds frames were cut off\n", cut_off);
}

/*
 * In a batch vhost lets go of a page long before it tells the card: the page must not become somebody else's until
 * then.
 */
static void test_held(void)
{
	const unsigned int pages = 4096;
	uint8_t *page = mmap(NULL, KIB4, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	uint8_t *others;
	uint64_t bus;

	map_fixed();
	map(8 * MIB2, KIB4, page, VHOST_ACCESS_RW);
	bus = bus_address(page);
	start(RX_RING, TX_RING);
	exchange(&maps[2], &maps[4]);
	batch(true);
	unmap_at(8 * MIB2);
	munmap(page, KIB4);
	others = mmap(NULL, pages * KIB4, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	madvise(others, pages * KIB4, MADV_NOHUGEPAGE);
	memset(others, 0x77, pages * KIB4);
	fill(maps[2].memory, 1500);
	offer(RX, 8 * MIB2, KIB4);
	offer(TX, maps[2].iova, 1500);
	if (!take(TX, TIMEOUT_MS))
		fail("a frame is not sent");
	sleep_ms(100);
	for (unsigned int i = 0; i < pages; i++)
		if (bus_address(others + i * KIB4) == bus)
			fail("a page that the card may write to was given away: byte 20 is %#x", others[i * KIB4 + 20]);
	batch(false);
	check_tables("after the batch");
	munmap(others, pages * KIB4);
}

/* Numbers of pages pinned and unpinned since boot. */
static void pins(uint64_t *pinned, uint64_t *unpinned)
{
	FILE *file = fopen("/proc/sys/vm/stat_refresh", "w");
	unsigned long long value;
	char key[64];

	/* Each CPU counts for itself until then. */
	if (!file || fputs("1", file) < 0 || fclose(file))
		fail("/proc/sys/vm/stat_refresh: %s", strerror(errno));
	file = fopen("/proc/vmstat", "r");
	if (!file)
		fail("/proc/vmstat: %s", strerror(errno));
	while (fscanf(file, "%63s %llu", key, &value) == 2) {
		if (!strcmp(key, "nr_foll_pin_acquired"))
			*pinned = value;
		else if (!strcmp(key, "nr_foll_pin_released"))
			*unpinned = value;
	}
	fclose(file);
}

static unsigned long long huge_pages_free(void)
{
	FILE *file = fopen("/proc/meminfo", "r");
	unsigned long long value = 0;
	char line[128];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "HugePages_Free: %llu", &value) == 1)
			break;
	if (file)
		fclose(file);
	return value;
}

/* The VMM is killed at any moment: all that it had mapped is given back. */
static void test_kill(void)
{
	uint64_t pinned, unpinned, pinned_after, unpinned_after;
	unsigned long long free_before;

	/* Only the children have it. */
	close(device_fd);
	munmap(huge, HUGE_PAGES * MIB2);
	munmap(small, SMALL_PAGES * KIB4);
	free_before = huge_pages_free();
	pins(&pinned, &unpinned);
	for (unsigned int round = 0; round < 30; round++) {
		unsigned int ms = below(400);
		uint64_t seed = random64();
		pid_t child = fork();

		if (!child) {
			random_seed(seed);
			device_shown_anew();
			memory_get();
			device_open(device_name);
			map_fixed();
			start(RX_RING, TX_RING);
			for (;;) {
				random_step();
				random_exchange();
			}
		}
		sleep_ms(ms);
		kill(child, SIGKILL);
		int how;

		if (waitpid(child, &how, 0) != child || !WIFSIGNALED(how))
			fail("round %u: the child ended by itself", round);
		check_nothing_left("after a kill");
	}
	pins(&pinned_after, &unpinned_after);
	if (pinned_after - unpinned_after != pinned - unpinned)
		fail("%lld pages are left pinned", (long long)(pinned_after - unpinned_after - pinned + unpinned));
	if (pinned_after == pinned)
		fail("nothing was ever pinned");
	if (huge_pages_free() != free_before)
		fail("%llu huge pages are free, %llu were before", huge_pages_free(), free_before);
	device_open(device_name);
}

/* The card is reset by the PCI core: the guest is told, and finds its memory where it was. */
static void test_function_reset(void)
{
	char path[128];
	int file;

	map_rings();
	map(8 * MIB2, KIB4, small_page(0), VHOST_ACCESS_RW);
	map(9 * MIB2, MIB2, huge, VHOST_ACCESS_RW);
	start(RX_RING, TX_RING);
	exchange(&maps[2], &maps[3]);
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/reset", shown().card);
	for (unsigned int round = 0; round < 3; round++) {
		struct vhost_vring_state off = { TX, 0 }, on = { TX, 1 };

		file = open(path, O_WRONLY);
		if (file < 0 || write(file, "1", 1) != 1)
			fail("%s: %s", path, strerror(errno));
		close(file);
		if (!(status() & VIRTIO_CONFIG_S_NEEDS_RESET))
			fail("the guest is not told of the reset: status %#x", status());
		/* A guest that does not care: its queue must not run, least of all with bus addresses. */
		if (ioctl(device_fd, VHOST_VDPA_SET_VRING_ENABLE, &off) ||
		    ioctl(device_fd, VHOST_VDPA_SET_VRING_ENABLE, &on))
			fail("enabling a queue: %s", strerror(errno));
		set_status(status());
		offer(TX, bus_address(small_page(0)), 100);
		if (take(TX, 200))
			fail("a queue runs before the guest has reset the device");
		check_tables("after a reset of the card");
		start(RX_RING, TX_RING);
		exchange(&maps[2], &maps[3]);
	}
}

/* Both queues have stopped, until /tmp/vhost_map.go appears: then the device is reset. */
static void test_stopped(void)
{
	uint64_t deadline = now_ms() + 60000, nowhere = 20 * MIB2;

	map_rings();
	map(8 * MIB2, KIB4, small_page(0), VHOST_ACCESS_RW);
	start(RX_RING, TX_RING);
	fill(maps[2].memory, 100);
	offer(RX, nowhere, 2048);
	offer(TX, maps[2].iova, 100);
	expect_fault(RX, VQNIC_FAULT_IOVA_WRITE, nowhere);
	if (!take(TX, TIMEOUT_MS))
		fail("the other queue stopped too");
	offer(TX, nowhere, 100);
	expect_fault(TX, VQNIC_FAULT_IOVA_READ, nowhere);
	printf("stopped\n");
	while (access("/tmp/vhost_map.go", F_OK)) {
		if (now_ms() > deadline)
			fail("nobody went on");
		sleep_ms(20);
	}
}

/* The card is dead by the time that /tmp/vhost_map.go appears: maps come and go all the same. */
static void test_dead_card(void)
{
	uint64_t deadline = now_ms() + 60000;

	map_rings();
	map(8 * MIB2, KIB4, small_page(0), VHOST_ACCESS_RW);
	start(RX_RING, TX_RING);
	printf("mapped\n");
	while (access("/tmp/vhost_map.go", F_OK)) {
		if (now_ms() > deadline)
			fail("nobody killed the card");
		sleep_ms(20);
	}
	if (!(status() & VIRTIO_CONFIG_S_NEEDS_RESET))
		fail("the guest is not told that the card is dead: status %#x", status());
	for (unsigned int i = 0; i < 200; i++)
		random_step();
	check_tables("with a dead card");
}

static const struct {
	const char *name;
	void (*run)(void);
} tests[] = {
	{ "sizes", test_sizes },
	{ "random", test_random },
	{ "errors", test_errors },
	{ "asid", test_asid },
	{ "isolation", test_isolation },
	{ "revoke", test_revoke },
	{ "held", test_held },
	{ "kill", test_kill },
	{ "function-reset", test_function_reset },
	{ "stopped", test_stopped },
	{ "dead-card", test_dead_card },
};

int main(int argc, char **argv)
{
	uint64_t seed = argc > 3 ? strtoull(argv[3], NULL, 0) : 1;

	if (argc < 3) {
		fprintf(stderr, "usage: vhost_map NAME TEST [SEED]\n");
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
		check_nothing_left("after close");
		return 0;
	}
	fail("no test is called %s", argv[2]);
}
