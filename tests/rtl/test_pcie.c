// SPDX-License-Identifier: Apache-2.0
/* The PCIe model on its own: time, order, splitting, errors. */
#include "pcie.h"

#include <string.h>

#include "rng.h"
#include "test.h"

#define MEMORY_BYTES 65536

static struct pcie *link;
static uint8_t memory[MEMORY_BYTES];
static uint64_t now, bad_addr;
static unsigned int writes, messages;
static struct { uint64_t addr; size_t len; } last_write;

static int host_read(void *opaque, uint64_t addr, void *data, size_t len)
{
	(void)opaque;
	if (addr <= bad_addr && bad_addr < addr + len)
		return -1;
	memcpy(data, memory + addr, len);
	return 0;
}

static int host_write(void *opaque, uint64_t addr, const void *data, size_t len)
{
	(void)opaque;
	if (addr <= bad_addr && bad_addr < addr + len)
		return -1;
	memcpy(memory + addr, data, len);
	writes++;
	last_write.addr = addr;
	last_write.len = len;
	return 0;
}

static void host_msix(void *opaque, unsigned int vector)
{
	(void)opaque;
	messages += vector;
}

static void cleanup(void)
{
	pcie_free(link);
	link = NULL;
}

static void start(const struct pcie_config *config)
{
	static const struct pcie_host host = { host_read, host_write, host_msix };
	uint64_t rng = config->seed;

	for (size_t i = 0; i < MEMORY_BYTES; i++)
		memory[i] = (uint8_t)rng_next(&rng);
	cleanup();
	link = pcie_new(config, &host, NULL);
	test_check(link, "out of memory");
	now = 0;
	bad_addr = UINT64_MAX;
	writes = messages = 0;
}

static void tick(void)
{
	pcie_tick(link);
	now++;
}

/* Waits for the next beat. */
static struct pcie_beat take(void)
{
	struct pcie_beat beat;

	while (!pcie_take(link, &beat)) {
		test_check(now < 1000000, "no answer");
		tick();
	}
	return beat;
}

/* Reads `len` bytes and returns the cycle in which the last one came. */
static uint64_t read_all(uint8_t id, uint64_t addr, size_t len)
{
	struct pcie_beat beat;
	uint64_t at = addr;

	do {
		beat = take();
		test_equal(beat.id, id, "read");
		test_equal(beat.addr, at, "read");
		test_check(!memcmp(beat.data, memory + at, beat.len), "wrong data");
		at += beat.len;
		test_equal(beat.last, at == addr + len, "read");
	} while (!beat.last);
	return now;
}

static void test_round_trip(uint64_t seed)
{
	static const uint32_t round_trips[] = { 0, 1, 2, 50, 200 };

	for (unsigned int i = 0; i < 5; i++) {
		uint32_t expected = round_trips[i] ? round_trips[i] : 1;

		start(&(struct pcie_config){ .round_trip = round_trips[i], .seed = seed });
		pcie_read(link, 3, 100, 1000, 64);
		test_check(!pcie_idle(link), "idle with a read in flight");
		test_equal(take().addr, 100, "first beat");
		test_equal(now, expected, "first data");
		test_equal(read_all(3, 128, 972), expected, "last data, unlimited rate");
		test_check(pcie_idle(link), "not idle after the last read");
	}
}

static void test_beats(uint64_t seed)
{
	uint64_t rng = seed;

	start(&(struct pcie_config){ .seed = seed });
	for (unsigned int i = 0; i < 1000; i++) {
		uint64_t addr = rng_range(&rng, 0, MEMORY_BYTES - PCIE_BURST_MAX);
		size_t len = rng_range(&rng, 1, PCIE_BURST_MAX), beat_bytes = 1u << rng_range(&rng, 0, 6);
		struct pcie_beat beat;
		uint64_t at = addr;

		pcie_read(link, (uint8_t)i, addr, len, beat_bytes);
		do {
			beat = take();
			test_equal(beat.addr, at, "beat");
			test_check(beat.addr / beat_bytes == (beat.addr + beat.len - 1) / beat_bytes, "beat too long");
			at += beat.len;
			test_check(beat.last || at % beat_bytes == 0, "beat too short");
		} while (!beat.last);
		test_equal(at, addr + len, "end of the read");
	}
}

/* Downward: completions of 256 bytes with 20 bytes of headers each. Upward: requests and writes with 24. */
static void test_rates(uint64_t seed)
{
	uint64_t before;

	start(&(struct pcie_config){ .round_trip = 100, .bytes_per_cycle_down = 4, .seed = seed });
	pcie_read(link, 0, 0, 1024, 64);
	test_equal(take().addr, 0, "first beat");
	test_equal(now, 100 + (256 + PCIE_COMPLETION_OVERHEAD) / 4, "first completion");
	test_equal(read_all(0, 64, 960), 100 + 4 * (256 + PCIE_COMPLETION_OVERHEAD) / 4, "last completion");

	/* The first read queues the link for the second. */
	start(&(struct pcie_config){ .bytes_per_cycle_down = 1, .seed = seed });
	pcie_read(link, 0, 0, 256, 64);
	pcie_read(link, 1, 256, 10, 64);
	before = read_all(0, 0, 256);
	test_equal(read_all(1, 256, 10) - before, 12 + PCIE_COMPLETION_OVERHEAD, "second read");

	start(&(struct pcie_config){ .bytes_per_cycle_up = 10, .seed = seed });
	for (unsigned int i = 0; i < 1000; i++) {
		while (!pcie_can_write(link))
			tick();
		pcie_write(link, 0, memory + 4096, NULL, 512);
	}
	test_check(now > 55000 && now <= 56000, "1000 writes of 512 bytes took %llu cycles, not %d",
		   (unsigned long long)now, 1000 * (512 + 2 * PCIE_REQUEST_OVERHEAD) / 10);

	start(&(struct pcie_config){ .bytes_per_cycle_up = 2, .seed = seed });
	pcie_read(link, 0, 0, 4, 64);
	test_equal(read_all(0, 0, 4), 1 + PCIE_REQUEST_OVERHEAD / 2, "the request's own time");
}

static void test_order(uint64_t seed)
{
	bool overtaken = false;

	/* In order of requests, whatever the jitter. */
	start(&(struct pcie_config){ .round_trip = 20, .jitter = 50, .seed = seed });
	for (unsigned int i = 0; i < PCIE_READS_MAX; i++) {
		pcie_read(link, (uint8_t)i, i, 1, 64);
		tick();
	}
	for (unsigned int i = 0; i < PCIE_READS_MAX; i++)
		test_equal(take().id, i, "in order");

	/* With reordering: of one ID in order, of different ones not. */
	start(&(struct pcie_config){ .round_trip = 20, .jitter = 50, .reorder = true, .seed = seed });
	for (unsigned int i = 0; i < PCIE_READS_MAX; i++) {
		pcie_read(link, i % 4, i, 1, 64);
		tick();
	}
	for (unsigned int i = 0, next[4] = { 0, 1, 2, 3 }; i < PCIE_READS_MAX; i++) {
		struct pcie_beat beat = take();

		test_equal(beat.addr, next[beat.id], "order of one ID");
		overtaken |= beat.addr != i;
		next[beat.id] += 4;
	}
	test_check(overtaken, "nothing ever overtook");
}

static void test_tags(uint64_t seed)
{
	start(&(struct pcie_config){ .round_trip = 1000, .seed = seed });
	for (unsigned int i = 0; i < PCIE_READS_MAX; i++) {
		test_check(pcie_can_read(link), "read %u not taken", i);
		pcie_read(link, 0, 0, 1, 1);
	}
	test_check(!pcie_can_read(link), "more reads than tags");
	take();
	test_check(pcie_can_read(link), "tag not free again");
	pcie_reset(link);
	test_check(pcie_idle(link), "not idle after reset");
}

/* A read sees the writes before it; a write takes effect at once, so a message never overtakes it. */
static void test_posted(uint64_t seed)
{
	uint8_t value = (uint8_t)~memory[0];
	struct pcie_beat beat;

	start(&(struct pcie_config){ .round_trip = 10, .jitter = 20, .bytes_per_cycle_up = 1, .seed = seed });
	pcie_write(link, 500, &value, NULL, 1);
	pcie_msix(link, 5);
	test_equal(memory[500], value, "memory at the message");
	test_equal(messages, 5, "message");
	pcie_read(link, 0, 500, 1, 64);
	beat = take();
	test_equal(beat.data[0], value, "read after write");
}

static void test_strobes(uint64_t seed)
{
	uint64_t rng = seed;

	start(&(struct pcie_config){ .seed = seed });
	for (unsigned int i = 0; i < 1000; i++) {
		uint8_t before[256], data[256], strobe[256];
		size_t len = rng_range(&rng, 1, 256);
		unsigned int runs = 0, had = writes;

		memcpy(before, memory, sizeof(before));
		for (size_t k = 0; k < len; k++) {
			data[k] = (uint8_t)rng_next(&rng);
			strobe[k] = rng_chance(&rng, i % 256);
			runs += strobe[k] && (k == 0 || !strobe[k - 1]);
		}
		test_equal(pcie_write(link, 0, data, strobe, len), 0, "write");
		test_equal(writes - had, runs, "runs of strobed bytes");
		for (size_t k = 0; k < len; k++)
			test_equal(memory[k], strobe[k] ? data[k] : before[k], "byte %zu", k);
	}
}

static void test_errors(uint64_t seed)
{
	uint8_t data[8] = { 0 };
	struct pcie_beat beat;

	start(&(struct pcie_config){ .seed = seed });
	bad_addr = 130;
	pcie_read(link, 0, 0, 200, 64);
	pcie_read(link, 1, 200, 4, 64);
	for (unsigned int i = 0; i < 4; i++) {
		beat = take();
		test_check(beat.id == 0 && beat.error, "beat %u of the failed read is no error", i);
		for (size_t k = 0; k < beat.len; k++)
			test_equal(beat.data[k], 0, "byte of a failed read");
	}
	beat = take();
	test_check(beat.id == 1 && !beat.error, "the next read fails too");
	test_check(pcie_write(link, 128, data, NULL, 8) != 0, "the write did not fail");
	test_equal(pcie_write(link, 131, data, NULL, 8), 0, "the next write");
	test_equal(last_write.addr, 131, "the next write");
}

static void test_stall(uint64_t seed)
{
	unsigned int stalls = 0;

	start(&(struct pcie_config){ .seed = seed });
	for (unsigned int i = 0; i < 1000; i++)
		test_check(!pcie_stalled(link), "stalled without being told to");
	start(&(struct pcie_config){ .stall = 64, .seed = seed });
	for (unsigned int i = 0; i < 100000; i++)
		stalls += pcie_stalled(link);
	test_check(stalls > 24000 && stalls < 26000, "%u stalls out of 100000 instead of a quarter", stalls);
}

static const struct test tests[] = {
	{ "round_trip", test_round_trip, 1 },
	{ "beats", test_beats, 2 },
	{ "rates", test_rates, 1 },
	{ "order", test_order, 5 },
	{ "tags", test_tags, 1 },
	{ "posted", test_posted, 5 },
	{ "strobes", test_strobes, 2 },
	{ "errors", test_errors, 1 },
	{ "stall", test_stall, 1 },
};

int main(int argc, char **argv)
{
	return test_main(argc, argv, tests, sizeof(tests) / sizeof(tests[0]), cleanup);
}
