// SPDX-License-Identifier: Apache-2.0
/* The host: see host.h. */
#include "host.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "test.h"

/* A test that has not ended after so many cycles hangs. */
#define CYCLE_LIMIT 40000000
/* The same for one whose card is idle, so that no cycles go by. */
#define RUN_LIMIT 20000000
/* The widest data bus, bytes: reads come in whole words of it. */
#define BUS_BYTES 64
/* A reset is over after so many cycles, if nothing is in flight: the card's tables are clear. */
#define CLEAR_CYCLES 1000
#define REGION_GAP (1ull << 28)
#define PAGE 4096ull

struct region {
	uint64_t base;
	size_t size;
	uint8_t *bytes;
	uint8_t *rights;
	bool owned;
};

static struct host *current;

void host_fail(struct host *h, const char *format, ...)
{
	va_list args;

	if (h->failure[0])
		return;
	va_start(args, format);
	vsnprintf(h->failure, sizeof(h->failure), format, args);
	va_end(args);
}

/* The number of regions that begin at or below `addr`. */
static size_t regions_below(const struct host *h, uint64_t addr)
{
	size_t low = 0, high = h->region_count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (h->regions[middle]->base <= addr)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct region *find(struct host *h, uint64_t addr)
{
	size_t n = regions_below(h, addr);

	return n && addr - h->regions[n - 1]->base < h->regions[n - 1]->size ? h->regions[n - 1] : NULL;
}

static void hash(struct host *h, uint64_t value)
{
	h->hash = (h->hash ^ value) * 0x100000001b3u;
}

static void hash_bytes(struct host *h, const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		hash(h, data[i]);
}

static void hash_event(struct host *h, char kind, uint64_t what, size_t len)
{
	hash(h, vqnic_model_cycles(h->model) << 8 | (unsigned char)kind);
	hash(h, what);
	hash(h, len);
}

static bool any_right(const uint8_t *rights, size_t len, uint8_t right)
{
	for (size_t i = 0; i < len; i++)
		if (rights[i] & right)
			return true;
	return false;
}

#define out_of_bounds(h, ...) \
	do { \
		if (!(h)->hostile) \
			host_fail(h, __VA_ARGS__); \
	} while (0)

/*
 * AXI reads come in whole bus words, so a read may fetch bytes around those that the card wants: each word of it must
 * hold at least one byte that the card may read.
 */
static int dma_read(void *opaque, uint64_t addr, void *data, size_t len)
{
	struct host *h = opaque;
	struct region *r = find(h, addr);
	size_t at;

	hash_event(h, 'r', addr, len);
	if (!r || addr + len - r->base > r->size) {
		out_of_bounds(h, "DMA read of %zu bytes at 0x%" PRIx64 ": no memory there", len, addr);
		return -EFAULT;
	}
	at = addr - r->base;
	if (any_right(r->rights + at, len, HOST_FAULT))
		return -EFAULT;
	for (size_t done = 0, part; done < len; done += part) {
		part = BUS_BYTES - (addr + done) % BUS_BYTES;
		part = part < len - done ? part : len - done;
		if (!any_right(r->rights + at + done, part, HOST_READ)) {
			out_of_bounds(h, "DMA read of %zu bytes at 0x%" PRIx64 ": nothing to be read at byte %zu", len,
				      addr, done);
			return -EFAULT;
		}
	}
	memcpy(data, r->bytes + at, len);
	return 0;
}

static int dma_write(void *opaque, uint64_t addr, const void *data, size_t len)
{
	struct host *h = opaque;
	struct region *r = find(h, addr);
	size_t at;

	hash_event(h, 'w', addr, len);
	hash_bytes(h, data, len);
	if (!r || addr + len - r->base > r->size) {
		out_of_bounds(h, "DMA write of %zu bytes at 0x%" PRIx64 ": no memory there", len, addr);
		return -EFAULT;
	}
	at = addr - r->base;
	if (any_right(r->rights + at, len, HOST_FAULT))
		return -EFAULT;
	for (size_t i = 0; i < len; i++) {
		if (!(r->rights[at + i] & HOST_WRITE)) {
			out_of_bounds(h, "DMA write of %zu bytes at 0x%" PRIx64 ": byte %zu is not the card's to write",
				      len, addr, i);
			return -EFAULT;
		}
	}
	memcpy(r->bytes + at, data, len);
	h->write_addr = addr;
	if (h->on_write)
		h->on_write(h->listener, r->bytes + at, len);
	return 0;
}

static void msix(void *opaque, unsigned int vector)
{
	struct host *h = opaque;

	hash_event(h, 'm', vector, 0);
	if (vector >= VQNIC_MSIX_VECTOR_COUNT)
		return;		/* the model's checks say so */
	h->msix_seen[vector]++;
	h->msix_pending[vector] = true;
	if (h->on_msix)
		h->on_msix(h->listener, vector);
}

static void tx_frame(void *opaque, const void *frame, size_t len)
{
	struct host *h = opaque;

	hash_event(h, 't', 0, len);
	hash_bytes(h, frame, len);
	if (h->on_tx)
		h->on_tx(h->listener, frame, len);
	else
		h->sink_frames++;
}

struct host *host_new(uint64_t seed, const struct pcie_config *pcie)
{
	static const struct vqnic_model_ops ops = {
		.dma_read = dma_read,
		.dma_write = dma_write,
		.msix = msix,
		.tx_frame = tx_frame,
	};
	struct host *h = calloc(1, sizeof(*h));

	if (h)
		h->model = vqnic_model_new(pcie, &ops, h);
	if (!h || !h->model) {
		fprintf(stderr, "out of memory\n");
		exit(1);
	}
	host_cleanup();
	current = h;
	h->rng = seed;
	h->cycle_limit = CYCLE_LIMIT;
	vqnic_model_set_link(h->model, true);
	vqnic_model_run(h->model, CLEAR_CYCLES);
	if (test_wave_file()) {
		int err = vqnic_model_trace_start(h->model, test_wave_file());

		if (err) {
			fprintf(stderr, "%s: %s\n", test_wave_file(), strerror(-err));
			exit(1);
		}
	}
	return h;
}

void host_cleanup(void)
{
	if (!current)
		return;
	vqnic_model_free(current->model);
	for (size_t i = 0; i < current->region_count; i++) {
		struct region *r = current->regions[i];

		if (r->owned) {
			host_free(r->bytes, r->size);
			host_free(r->rights, r->size);
		}
		free(r);
	}
	free(current->regions);
	free(current);
	current = NULL;
}

struct pcie_config host_random_link(uint64_t *rng)
{
	static const uint32_t round_trips[] = { 0, 0, 1, 5, 30, 120, 200 };
	static const uint32_t rates[] = { 0, 0, 4, 16, 63 };
	static const uint8_t stalls[] = { 0, 0, 10, 80, 200 };
	struct pcie_config config = {
		.round_trip = round_trips[rng_range(rng, 0, 6)],
		.bytes_per_cycle_up = rates[rng_range(rng, 0, 4)],
		.bytes_per_cycle_down = rates[rng_range(rng, 0, 4)],
		.reorder = rng_chance(rng, 128),
		.stall = stalls[rng_range(rng, 0, 4)],
		.seed = rng_next(rng),
	};

	config.jitter = rng_chance(rng, 128) ? (uint32_t)rng_range(rng, 1, 100) : 0;
	return config;
}

void *host_alloc(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED) {
		fprintf(stderr, "out of memory\n");
		exit(1);
	}
	return p;
}

void host_free(void *memory, size_t size)
{
	munmap(memory, size);
}

/* Below 4 GiB, across it, or anywhere below `limit`. */
static uint64_t random_base(struct host *h, uint64_t size, uint64_t limit)
{
	switch (host_random(h, 0, 3)) {
	case 0:
		return host_random(h, 1, (1ull << 32) - size);
	case 1:
		return (1ull << 32) - host_random(h, 0, size);
	case 2:
		return host_random(h, 1ull << 32, (1ull << 52) - size);
	default:
		return host_random(h, 1ull << 32, limit - size);
	}
}

/* A place with a page free on either side. */
static uint64_t place(struct host *h, uint64_t size, uint64_t align, uint64_t limit)
{
	uint64_t base;
	size_t n;

	do {
		base = random_base(h, size, limit) & ~(align - 1);
		n = regions_below(h, base + size + PAGE - 1);
	} while (!base || (n && h->regions[n - 1]->base + h->regions[n - 1]->size + PAGE > base));
	return base;
}

uint64_t host_place(struct host *h, uint64_t size, uint64_t align)
{
	return place(h, size, align, 1ull << 52);
}

static void add(struct host *h, uint64_t base, size_t size, uint8_t *bytes, uint8_t *rights, bool owned)
{
	size_t at = regions_below(h, base);
	struct region *r = malloc(sizeof(*r));

	if (h->region_count == h->region_room) {
		h->region_room = h->region_room ? 2 * h->region_room : 64;
		h->regions = realloc(h->regions, h->region_room * sizeof(*h->regions));
	}
	if (!r || !h->regions) {
		fprintf(stderr, "out of memory\n");
		exit(1);
	}
	*r = (struct region){ .base = base, .size = size, .bytes = bytes, .rights = rights, .owned = owned };
	memmove(&h->regions[at + 1], &h->regions[at], (h->region_count - at) * sizeof(*h->regions));
	h->regions[at] = r;
	h->region_count++;
}

void host_add(struct host *h, uint64_t base, size_t size, uint8_t *bytes, uint8_t *rights)
{
	add(h, base, size, bytes, rights, false);
}

void host_remove(struct host *h, uint64_t base)
{
	size_t n = regions_below(h, base);

	test_check(n && h->regions[n - 1]->base == base, "the test itself removes no memory at 0x%" PRIx64, base);
	free(h->regions[n - 1]);
	memmove(&h->regions[n - 1], &h->regions[n], (h->region_count - n) * sizeof(*h->regions));
	h->region_count--;
}

uint64_t host_map(struct host *h, size_t size, size_t align)
{
	const size_t room = (size + 3 * PAGE) / PAGE * PAGE;
	uint64_t base = place(h, room, PAGE, UINT64_MAX - REGION_GAP);

	add(h, base, room, host_alloc(room), host_alloc(room), true);
	return base + PAGE + host_random(h, 0, (PAGE - 1) / align) * align;
}

void *host_at(struct host *h, uint64_t addr, size_t len)
{
	struct region *r = find(h, addr);

	test_check(r && addr + len - r->base <= r->size, "the test itself uses no memory at 0x%" PRIx64, addr);
	return r->bytes + (addr - r->base);
}

void host_allow(struct host *h, uint64_t addr, size_t len, uint8_t rights)
{
	struct region *r = find(h, addr);

	for (size_t i = 0; i < len; i++)
		r->rights[addr - r->base + i] |= rights;
}

void host_deny(struct host *h, uint64_t addr, size_t len, uint8_t rights)
{
	struct region *r = find(h, addr);

	for (size_t i = 0; i < len; i++)
		r->rights[addr - r->base + i] &= (uint8_t)~rights;
}

static void check(struct host *h)
{
	const char *violation = vqnic_model_violation(h->model);

	test_check(!violation, "cycle %" PRIu64 ": %s", vqnic_model_cycles(h->model), violation);
	test_check(!h->failure[0], "cycle %" PRIu64 ": %s", vqnic_model_cycles(h->model), h->failure);
	test_check(vqnic_model_cycles(h->model) < h->cycle_limit, "hangs: not done after %" PRIu64 " cycles",
		   h->cycle_limit);
}

uint64_t host_run(struct host *h, uint64_t cycles)
{
	uint64_t ran = vqnic_model_run(h->model, cycles);

	test_check(h->runs++ < RUN_LIMIT, "hangs: the clock was started %d times", RUN_LIMIT);
	check(h);
	return ran;
}

void host_drain(struct host *h, uint64_t limit)
{
	host_run(h, limit);
	test_check(vqnic_model_idle(h->model), "the card is not idle after %" PRIu64 " cycles", limit);
}

void host_send(struct host *h, const uint8_t *frame, size_t len, bool bad)
{
	while (!vqnic_model_rx_frame(h->model, frame, len, bad))
		host_run(h, 1);
}

uint64_t host_get(struct host *h, uint32_t offset, unsigned int bytes)
{
	uint64_t value = vqnic_model_read(h->model, offset & ~3u) >> offset % 4 * 8;

	if (bytes == 8)
		value |= (uint64_t)vqnic_model_read(h->model, offset + 4) << 32;
	else if (bytes < 4)
		value &= (1u << bytes * 8) - 1;
	check(h);
	return value;
}

void host_set(struct host *h, uint32_t offset, unsigned int bytes, uint64_t value)
{
	unsigned int lane = offset % 4;

	vqnic_model_write(h->model, offset & ~3u, (uint32_t)value << lane * 8,
			  bytes >= 4 ? 0xf : (uint8_t)(((1u << bytes) - 1) << lane));
	if (bytes == 8)
		vqnic_model_write(h->model, offset + 4, (uint32_t)(value >> 32), 0xf);
	check(h);
}

static uint32_t filter_get(void *opaque, uint32_t offset)
{
	return (uint32_t)host_get(opaque, VQNIC_FILTER_BANK_OFFSET + offset, 4);
}

static void filter_set(void *opaque, uint32_t offset, uint32_t value)
{
	host_set(opaque, VQNIC_FILTER_BANK_OFFSET + offset, 4, value);
}

static void filter_wait(void *opaque)
{
	host_run(opaque, 1);
}

struct filter_access host_filter(struct host *h)
{
	return (struct filter_access){ .opaque = h, .get = filter_get, .set = filter_set, .wait = filter_wait };
}
