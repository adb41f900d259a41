/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A host with one card: memory in which every byte has a right of its own, messages, the wire, and the registers.
 *
 * The card may touch only bytes that it was given. Anything else, and everything that the model's protocol checks find,
 * fails the test.
 */
#ifndef HOST_H
#define HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "filter.h"
#include "rng.h"
#include "vqnic_model.h"
#include "vqnic_regs.h"

#define HOST_READ 1		/* the card may read the byte */
#define HOST_WRITE 2		/* the card may write the byte */
#define HOST_FAULT 4		/* accesses get an error response, and are no failure of the test */

#define HOST_FRAME_MAX 20000

struct host {
	struct vqnic_model *model;
	uint64_t rng;			/* of the test */
	uint64_t hash;			/* of everything that the card did, and when */
	uint64_t cycle_limit;
	unsigned int runs;		/* of the clock */
	char failure[512];		/* first failure found in a callback */

	unsigned int msix_seen[VQNIC_MSIX_VECTOR_COUNT];
	bool msix_pending[VQNIC_MSIX_VECTOR_COUNT];
	bool hostile;			/* the card may try to access anything: an error, but no failure */
	unsigned int sink_frames;	/* what the card sent while on_tx is not set */

	uint64_t write_addr;		/* bus address of the write that on_write is called for */

	/* Called inside the model; NULL: nobody listens. */
	void (*on_write)(void *listener, const uint8_t *memory, size_t len);
	void (*on_msix)(void *listener, unsigned int vector);
	void (*on_tx)(void *listener, const uint8_t *frame, size_t len);
	void *listener;

	struct region **regions;	/* by bus address */
	size_t region_count, region_room;
};

/* The host that the running test made, for host_cleanup(). `pcie` NULL: an ideal link. Link is up. */
struct host *host_new(uint64_t seed, const struct pcie_config *pcie);
void host_cleanup(void);

/* A link with properties chosen at random. */
struct pcie_config host_random_link(uint64_t *rng);

/* New memory without any rights at a random bus address, aligned to `align` and to nothing more. */
uint64_t host_map(struct host *h, size_t size, size_t align);
/*
 * A bus address for `size` bytes where nothing is, of those that page tables can name; `align` is a power of two, 4096
 * or more.
 */
uint64_t host_place(struct host *h, uint64_t size, uint64_t align);
/* Puts memory that somebody else owns, each byte with its rights, at a bus address; takes it away from there. */
void host_add(struct host *h, uint64_t base, size_t size, uint8_t *bytes, uint8_t *rights);
void host_remove(struct host *h, uint64_t base);
/* Memory full of zeros, from the system and back. */
void *host_alloc(size_t size);
void host_free(void *memory, size_t size);
/* Memory at a bus address that was mapped. */
void *host_at(struct host *h, uint64_t addr, size_t len);
void host_allow(struct host *h, uint64_t addr, size_t len, uint8_t rights);
void host_deny(struct host *h, uint64_t addr, size_t len, uint8_t rights);

/* Records a failure from inside a callback; it ends the test in the next host_run(). */
void host_fail(struct host *h, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Runs the clock, up to `cycles` if the card is not idle earlier; fails the test if anything went wrong meanwhile. */
uint64_t host_run(struct host *h, uint64_t cycles);
/* Runs until the card is idle; fails the test if it is not within `limit` cycles. */
void host_drain(struct host *h, uint64_t limit);

/* A random number in [low, high]; true `percent` times out of 100. */
static inline uint64_t host_random(struct host *h, uint64_t low, uint64_t high)
{
	return rng_range(&h->rng, low, high);
}

static inline bool host_chance(struct host *h, unsigned int percent)
{
	return rng_range(&h->rng, 0, 99) < percent;
}

/* A frame from the wire; runs the clock until it has entered the model. */
void host_send(struct host *h, const uint8_t *frame, size_t len, bool bad);

/* Registers of 1, 2, 4 or 8 bytes, as a driver accesses them. */
uint64_t host_get(struct host *h, uint32_t offset, unsigned int bytes);
void host_set(struct host *h, uint32_t offset, unsigned int bytes, uint64_t value);

/* The card's filter bank. */
struct filter_access host_filter(struct host *h);

static inline uint32_t vdev_reg(unsigned int vdev, uint32_t offset)
{
	return VQNIC_VDEV_WINDOW_OFFSET + vdev * VQNIC_VDEV_WINDOW_STRIDE + offset;
}

#endif
