// SPDX-License-Identifier: Apache-2.0
/*
 * vhost_log NAME TEST [SEED]: the dirty log of vDPA device NAME, which is bound to vhost_vdpa: what is logged, what is
 * refused, and what becomes of the log when something else goes away. The wire must be a loopback. Exit status 0: the
 * test passed; otherwise one line says what failed.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vhost.h"

/* Maps: the rings, pages to receive into, and one to send from, which the card only reads. */
#define RX_RING (17 * MIB2)
#define TX_RING (17 * MIB2 + KIB4)
#define BUFFERS (32 * MIB2 + 3 * KIB4)
#define BUFFER_COUNT 40
#define SOURCE (64 * MIB2)
#define FIRST_BUFFER 2
#define SOURCE_MAP (FIRST_BUFFER + BUFFER_COUNT)

/* What is logged, from the middle of the first 2 MiB on. */
#define LOG_IOVA (5 * KIB4)
#define LOG_SIZE (80 * MIB2 + 7 * KIB4)
#define LOG_PAGES (LOG_SIZE / KIB4)

static struct vqnic *tracker;

static struct vqnic *handle(void)
{
	struct vqnic *vq = vqnic_new();

	if (!vq)
		fail("out of memory");
	return vq;
}

static void map_all(void)
{
	map(RX_RING, KIB4, small_page(SMALL_PAGES - 2), VHOST_ACCESS_RW);
	map(TX_RING, KIB4, small_page(SMALL_PAGES - 1), VHOST_ACCESS_RW);
	for (unsigned int i = 0; i < BUFFER_COUNT; i++)
		map(BUFFERS + i * KIB4, KIB4, small_page(i), VHOST_ACCESS_RW);
	map(SOURCE, KIB4, small_page(BUFFER_COUNT), VHOST_ACCESS_RO);
}

static void log_start(void)
{
	if (vqnic_log_start(tracker, NULL, device_name, LOG_IOVA, LOG_SIZE))
		fail("start of the log: %s", vqnic_error(tracker));
}

static void log_stop(void)
{
	if (vqnic_log_stop(tracker, NULL, device_name))
		fail("end of the log: %s", vqnic_error(tracker));
}

/* Reads a part of the log, in pages. */
static void log_read(uint64_t first, uint64_t pages, uint8_t *bitmap)
{
	memset(bitmap, 0, (pages + 7) / 8);
	if (vqnic_log_read(tracker, NULL, device_name, LOG_IOVA + first * KIB4, pages * KIB4, bitmap))
		fail("reading the log: %s", vqnic_error(tracker));
}

/* What the card wrote since it was last read, as the test believes it, by page of the log. */
static bool written[LOG_PAGES];

static void expect_written(uint64_t iova)
{
	written[(iova - LOG_IOVA) / KIB4] = true;
}

/* Reads the part and compares it. */
static void check_part(const char *when, uint64_t first, uint64_t pages)
{
	static uint8_t bitmap[LOG_PAGES / 8 + 1];

	log_read(first, pages, bitmap);
	for (uint64_t i = 0; i < pages; i++) {
		bool got = bitmap[i / 8] >> i % 8 & 1;

		if (got != written[first + i])
			fail("%s: IOVA %#llx was %swritten, the log says that it was %s", when,
			     (unsigned long long)(LOG_IOVA + (first + i) * KIB4), written[first + i] ? "" : "not ",
			     got ? "" : "not");
		written[first + i] = false;
	}
	for (uint64_t i = pages; i < (pages + 7) / 8 * 8; i++)
		if (bitmap[i / 8] >> i % 8 & 1)
			fail("%s: the bitmap goes on behind its last page", when);
}

static void check_log(const char *when)
{
	check_part(when, 0, LOG_PAGES);
}

/* A frame into buffer `index`. */
static void receive(unsigned int index)
{
	exchange(&maps[SOURCE_MAP], &maps[FIRST_BUFFER + index]);
	expect_written(RX_RING);
	expect_written(TX_RING);
	/* exchange() puts it so that it ends before the page does. */
	expect_written(BUFFERS + index * KIB4);
}

static void test_pages(void)
{
	map_all();
	start(RX_RING, TX_RING);
	exchange(&maps[SOURCE_MAP], &maps[FIRST_BUFFER]);
	log_start();
	check_log("at the start");
	for (unsigned int round = 0; round < 60; round++) {
		/* The same page again and again: a read makes it news. */
		for (unsigned int frames = below(4); frames; frames--)
			receive(below(round % 3 ? 3 : BUFFER_COUNT));
		if (below(2)) {
			check_log("after some frames");
		} else {
			/* In parts, at any bit. */
			uint64_t first = below(LOG_PAGES), pages = 1 + below((unsigned int)(LOG_PAGES - first));

			check_part("in parts", first, pages);
			first = (BUFFERS - LOG_IOVA) / KIB4 + below(BUFFER_COUNT);
			check_part("in small parts", first, 1 + below(11));
			check_log("what other parts have left");
		}
	}
	log_stop();
	exchange(&maps[SOURCE_MAP], &maps[FIRST_BUFFER]);
	log_start();
	check_log("at the next start");
	receive(7);
	check_log("in the next log");
	log_stop();
}

/* The queues may run in either address space. */
static void test_asid(void)
{
	for (unsigned int i = 0; i < 2; i++)
		expect_errno("map", message(VHOST_IOTLB_UPDATE, 1, i ? TX_RING : RX_RING, KIB4,
					    small_page(SMALL_PAGES - 2 + i), VHOST_ACCESS_RW), 0);
	map_all();
	for (unsigned int i = 0; i < BUFFER_COUNT; i++)
		expect_errno("map", message(VHOST_IOTLB_UPDATE, 1, BUFFERS + i * KIB4, KIB4, small_page(i),
					    VHOST_ACCESS_RW), 0);
	expect_errno("map", message(VHOST_IOTLB_UPDATE, 1, SOURCE, KIB4, small_page(BUFFER_COUNT), VHOST_ACCESS_RO), 0);
	log_start();
	for (unsigned int round = 0; round < 6; round++) {
		start_in(round % 2, RX_RING, TX_RING);
		for (unsigned int i = 0; i < 5; i++)
			receive(below(BUFFER_COUNT));
		check_log("in another address space");
	}
	log_stop();
}

static void expect_log(const char *when, bool expected)
{
	struct shown now = shown();

	if (now.logged != expected)
		fail("%s: the device is shown with%s a log", when, now.logged ? "" : "out");
	if (expected && (now.log_iova != LOG_IOVA || now.log_size != LOG_SIZE))
		fail("%s: the log is shown with %llu bytes from %#llx on", when, (unsigned long long)now.log_size,
		     (unsigned long long)now.log_iova);
}

/* Memory that is free, in KiB. */
static long long memory_free(void)
{
	FILE *file = fopen("/proc/meminfo", "r");
	char line[128];
	long long free_kib = -1;

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "MemFree: %lld", &free_kib) == 1)
			break;
	if (!file || free_kib < 0)
		fail("cannot find out how much memory is free");
	fclose(file);
	return free_kib;
}

static void test_refused(void)
{
	const uint64_t gib = UINT64_C(1) << 30;
	struct vqnic *other = handle();
	uint8_t bitmap[8] = { 0 };
	pid_t child;
	int how;

	map_all();
	start(RX_RING, TX_RING);
	expect_errno("stop without a log", vqnic_log_stop(tracker, NULL, device_name), -ENODATA);
	expect_errno("read without a log", vqnic_log_read(tracker, NULL, device_name, 0, KIB4, bitmap), -ENODATA);
	expect_errno("no device", vqnic_log_start(tracker, NULL, "nosuch", 0, KIB4), -ENODEV);
	expect_errno("no page", vqnic_log_start(tracker, NULL, device_name, 0, 0), -EINVAL);
	expect_errno("half a page", vqnic_log_start(tracker, NULL, device_name, 0, KIB4 / 2), -EINVAL);
	expect_errno("from half a page on", vqnic_log_start(tracker, NULL, device_name, 8, KIB4), -EINVAL);
	expect_errno("beyond the last", vqnic_log_start(tracker, NULL, device_name, KIB4, IOVA_END), -ERANGE);
	expect_errno("far beyond", vqnic_log_start(tracker, NULL, device_name, -KIB4, 2 * KIB4), -ERANGE);
	expect_log("all refused", false);
	/* 128 MiB in one piece, unless the kernel has set memory aside for this. */
	how = vqnic_log_start(tracker, NULL, device_name, 0, IOVA_END);
	printf("a log of all that the card can address: %s\n", how ? vqnic_error(tracker) : "is there");
	if (how)
		expect_errno("all that the card can address", how, -ENOMEM);
	else
		log_stop();
	expect_errno("16 GiB", vqnic_log_start(tracker, NULL, device_name, 0, 16 * gib), 0);
	log_stop();

	log_start();
	expect_log("started", true);
	expect_errno("a second log", vqnic_log_start(tracker, NULL, device_name, LOG_IOVA, KIB4), -EBUSY);
	expect_errno("another's log", vqnic_log_start(other, NULL, device_name, LOG_IOVA, KIB4), -EBUSY);
	expect_errno("reading another's", vqnic_log_read(other, NULL, device_name, LOG_IOVA, KIB4, bitmap), -EBUSY);
	expect_errno("stopping another's", vqnic_log_stop(other, NULL, device_name), -EBUSY);
	receive(1);
	expect_errno("before the first", vqnic_log_read(tracker, NULL, device_name, LOG_IOVA - KIB4, 2 * KIB4, bitmap),
		     -ERANGE);
	expect_errno("behind the last", vqnic_log_read(tracker, NULL, device_name, LOG_IOVA + LOG_SIZE, KIB4, bitmap),
		     -ERANGE);
	expect_errno("too many", vqnic_log_read(tracker, NULL, device_name, LOG_IOVA, LOG_SIZE + KIB4, bitmap), -ERANGE);
	expect_errno("half a page", vqnic_log_read(tracker, NULL, device_name, LOG_IOVA, KIB4 / 2, bitmap), -EINVAL);
	if (memcmp(bitmap, &(uint64_t){ 0 }, sizeof(bitmap)))
		fail("a bitmap was written by a read that was refused");
	child = fork();
	if (!child) {
		struct vqnic *user = handle();

		if (seteuid(65534))
			fail("seteuid: %s", strerror(errno));
		expect_errno("a start by a user", vqnic_log_start(user, NULL, device_name, LOG_IOVA, KIB4), -EPERM);
		expect_errno("a read by a user", vqnic_log_read(user, NULL, device_name, LOG_IOVA, KIB4, bitmap), -EPERM);
		expect_errno("a stop by a user", vqnic_log_stop(user, NULL, device_name), -EPERM);
		exit(0);
	}
	if (waitpid(child, &how, 0) != child || how)
		fail("the user's requests were not refused");
	check_log("after all that was refused");
	vqnic_free(other);
	expect_log("the other's handle is closed", true);
	vqnic_free(tracker);
	expect_log("its handle is closed", false);
	tracker = handle();
	log_start();
	log_stop();
	expect_log("stopped", false);
}

/* With a platform IOMMU, memory for a log of all that the card can address is contiguous for the card. */
static void test_large(void)
{
	const uint64_t last = IOVA_END - KIB4;
	uint8_t bitmap[1], *all;

	map_all();
	map(last, KIB4, small_page(SMALL_PAGES - 2), VHOST_ACCESS_RW);
	start(last, TX_RING);
	if (vqnic_log_start(tracker, NULL, device_name, 0, IOVA_END))
		fail("start of the log: %s", vqnic_error(tracker));
	for (unsigned int round = 0; round < 5; round++) {
		unsigned int index = below(BUFFER_COUNT);

		exchange(&maps[SOURCE_MAP], &maps[FIRST_BUFFER + index]);
		expect_written(TX_RING);
		expect_written(BUFFERS + index * KIB4);
		check_log("in a large log");
		bitmap[0] = 0;
		if (vqnic_log_read(tracker, NULL, device_name, last - 7 * KIB4, 8 * KIB4, bitmap))
			fail("reading the log: %s", vqnic_error(tracker));
		if (bitmap[0] != 0x80)
			fail("the log says %#x of the last eight pages", bitmap[0]);
	}
	/* All of it, by as many requests as it takes. */
	exchange(&maps[SOURCE_MAP], &maps[FIRST_BUFFER]);
	all = calloc(1, IOVA_END / KIB4 / 8);
	if (!all)
		fail("out of memory");
	if (vqnic_log_read(tracker, NULL, device_name, 0, IOVA_END, all))
		fail("reading the log: %s", vqnic_error(tracker));
	for (uint64_t page = 0; page < IOVA_END / KIB4; page++) {
		bool expected = page == TX_RING / KIB4 || page == BUFFERS / KIB4 || page == last / KIB4;

		if ((all[page / 8] >> page % 8 & 1) != expected)
			fail("the log of everything is wrong of IOVA %#llx", (unsigned long long)(page * KIB4));
	}
	free(all);
	log_stop();
}

/* A log outlives what its device goes through, and loses nothing. */
static void test_resets(void)
{
	static uint8_t bitmap[LOG_PAGES / 8 + 1];
	char path[128];

	map_all();
	start(RX_RING, TX_RING);
	log_start();
	for (unsigned int round = 0; round < 4; round++) {
		receive(below(BUFFER_COUNT));
		start(RX_RING, TX_RING);
		receive(below(BUFFER_COUNT));
		check_log("after a reset of the device");
		close(device_fd);
		device_open(device_name);
		map_all();
		start(RX_RING, TX_RING);
		receive(below(BUFFER_COUNT));
		check_log("after another opened the device");
	}
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/reset", shown().card);
	for (unsigned int round = 0; round < 3; round++) {
		int file = open(path, O_WRONLY);

		receive(below(BUFFER_COUNT));
		if (file < 0 || write(file, "1", 1) != 1)
			fail("%s: %s", path, strerror(errno));
		close(file);
		/* What the card did last nobody knows. */
		log_read(0, LOG_PAGES, bitmap);
		for (uint64_t i = 0; i < LOG_PAGES; i++)
			if (!(bitmap[i / 8] >> i % 8 & 1))
				fail("a page is said not to be written, though the card was reset");
		memset(written, 0, sizeof(written));
		check_log("once after a reset of the card");
		start(RX_RING, TX_RING);
		for (unsigned int i = 0; i < 5; i++)
			receive(below(BUFFER_COUNT));
		check_log("after a reset of the card");
	}
	log_stop();
}

/* Whoever is killed leaves no log, and no memory. */
static void test_kill(void)
{
	long long free_before = 0;

	map_all();
	start(RX_RING, TX_RING);
	for (unsigned int round = 0; round < 20; round++) {
		unsigned int ms = below(60);
		pid_t child = fork();
		int how;

		if (!child) {
			static uint8_t bitmap[LOG_PAGES / 8 + 1];
			struct vqnic *vq = handle();

			for (;;) {
				if (vqnic_log_start(vq, NULL, device_name, 0, UINT64_C(1) << 34))
					fail("start of the log: %s", vqnic_error(vq));
				for (unsigned int i = 0; i < 5; i++)
					vqnic_log_read(vq, NULL, device_name, 0, LOG_SIZE, bitmap);
				if (vqnic_log_stop(vq, NULL, device_name))
					fail("end of the log: %s", vqnic_error(vq));
			}
		}
		for (uint64_t deadline = now_ms() + ms; now_ms() < deadline;)
			exchange(&maps[SOURCE_MAP], &maps[FIRST_BUFFER]);
		kill(child, SIGKILL);
		if (waitpid(child, &how, 0) != child || !WIFSIGNALED(how))
			fail("round %u: the child ended by itself", round);
		expect_log("after a kill", false);
		if (round == 4)
			free_before = memory_free();
	}
	/* 15 logs are 60 MiB. */
	if (memory_free() < free_before - 30 * 1024)
		fail("%lld KiB of memory are free, %lld were before", memory_free(), free_before);
	log_start();
	receive(3);
	check_log("after the kills");
	log_stop();
}

/* Starts, reads and stops while everything else happens to the device and the card. */
static void test_race(void)
{
	char path[128];
	pid_t child;
	int how;

	map_all();
	start(RX_RING, TX_RING);
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/reset", shown().card);
	child = fork();
	if (!child) {
		static uint8_t bitmap[LOG_PAGES / 8 + 1];
		struct vqnic *vq = handle();

		/* Else it were still open when the parent has closed it. */
		close(device_fd);
		for (;;) {
			/* While the card is being reset, it does not answer. */
			int err = vqnic_log_start(vq, NULL, device_name, LOG_IOVA, LOG_SIZE);

			if (err && err != -EIO)
				fail("start of the log: %s", vqnic_error(vq));
			for (unsigned int i = below(4); !err && i; i--) {
				err = vqnic_log_read(vq, NULL, device_name, LOG_IOVA, LOG_SIZE, bitmap);
				if (err && err != -EIO)
					fail("reading the log: %s", vqnic_error(vq));
				err = 0;
			}
			if (!err && vqnic_log_stop(vq, NULL, device_name))
				fail("end of the log: %s", vqnic_error(vq));
		}
	}
	for (unsigned int round = 0; round < 60; round++) {
		int file;

		switch (below(5)) {
		case 0:
			file = open(path, O_WRONLY);
			if (file < 0 || write(file, "1", 1) != 1)
				fail("%s: %s", path, strerror(errno));
			close(file);
			break;
		case 1:
			close(device_fd);
			device_open(device_name);
			map_all();
			break;
		default:
			map(100 * MIB2, KIB4, small_page(50), VHOST_ACCESS_RW);
			unmap_at(100 * MIB2);
			break;
		}
		start(RX_RING, TX_RING);
		for (unsigned int i = below(6); i; i--)
			exchange(&maps[SOURCE_MAP], &maps[FIRST_BUFFER + below(BUFFER_COUNT)]);
	}
	if (waitpid(child, &how, WNOHANG))
		fail("who starts and stops has given up");
	kill(child, SIGKILL);
	waitpid(child, &how, 0);
}

/* Keeps a log until somebody takes the device away. */
static void test_hold(void)
{
	uint64_t deadline = now_ms() + 60000;
	static uint8_t bitmap[LOG_PAGES / 8 + 1];
	int err;

	log_start();
	printf("held\n");
	do {
		if (now_ms() > deadline)
			fail("nobody took the device away");
		sleep_ms(1);
		err = vqnic_log_read(tracker, NULL, device_name, LOG_IOVA, LOG_SIZE, bitmap);
	} while (!err);
	printf("gone: %s\n", vqnic_error(tracker));
	/* Deleted; its card pulled out, or the driver; the card dead. */
	if (err != -ENODEV && err != -ENOENT && err != -EAGAIN && err != -EIO)
		fail("a log whose device went away: %s", strerror(-err));
	err = vqnic_log_stop(tracker, NULL, device_name);
	if (err && err != -ENODEV && err != -ENOENT && err != -EAGAIN)
		fail("end of a log whose device went away: %s", strerror(-err));
	printf("passed\n");
}

/* The card is killed while its device is logged: what nobody knows is an error, and the memory is given back. */
static void test_dead_card(void)
{
	uint64_t deadline = now_ms() + 60000;
	static uint8_t bitmap[LOG_PAGES / 8 + 1];

	log_start();
	printf("held\n");
	while (access("/tmp/vhost_log.go", F_OK)) {
		if (now_ms() > deadline)
			fail("nobody killed the card");
		sleep_ms(20);
	}
	expect_errno("a read", vqnic_log_read(tracker, NULL, device_name, LOG_IOVA, LOG_SIZE, bitmap), -EIO);
	expect_log("with a dead card", true);
	log_stop();
	expect_log("with a dead card", false);
	expect_errno("a start", vqnic_log_start(tracker, NULL, device_name, LOG_IOVA, LOG_SIZE), -EIO);
	expect_log("with a dead card", false);
	printf("passed\n");
}

static const struct {
	const char *name;
	void (*run)(void);
	bool leaves;			/* the device is not there at the end */
} tests[] = {
	{ "pages", test_pages, false },
	{ "asid", test_asid, false },
	{ "refused", test_refused, false },
	{ "large", test_large, false },
	{ "resets", test_resets, false },
	{ "kill", test_kill, false },
	{ "race", test_race, false },
	{ "hold", test_hold, true },
	{ "dead-card", test_dead_card, true },
};

int main(int argc, char **argv)
{
	uint64_t seed = argc > 3 ? strtoull(argv[3], NULL, 0) : 1;

	if (argc < 3) {
		fprintf(stderr, "usage: vhost_log NAME TEST [SEED]\n");
		return 2;
	}
	setlinebuf(stdout);
	tracker = handle();
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		if (strcmp(argv[2], tests[i].name))
			continue;
		printf("seed %llu\n", (unsigned long long)seed);
		random_seed(seed);
		if (tests[i].leaves) {
			device_name = argv[1];
			tests[i].run();
			return 0;
		}
		memory_get();
		device_open(argv[1]);
		tests[i].run();
		close(device_fd);
		check_nothing_left("after close");
		expect_log("at the end", false);
		return 0;
	}
	fail("no test is called %s", argv[2]);
}
