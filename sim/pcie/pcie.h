/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Timing and ordering of a PCIe link, seen by the card as a memory behind an AXI4 port.
 *
 * Requests go in, completions come out some cycles later. Posted writes stay in order; a read does not pass the
 * writes before it; completions of different reads may overtake each other. All randomness comes from the seed: the
 * same calls give the same run, to the cycle.
 *
 * The card can observe only the sum of both directions' latency, so all of it lies on the way back: a posted write
 * takes effect as the link accepts it, a read looks at memory when its request arrives and its data comes round_trip
 * later. A write accepted after a read may therefore be seen by it, as PCIe allows.
 */
#ifndef PCIE_H
#define PCIE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* All zero is an ideal link: answers as soon as the port allows, in order. Times are in cycles of the card's clock. */
struct pcie_config {
	uint32_t round_trip;		/* from a read request to its first data; 200 is 800 ns at 250 MHz */
	uint32_t jitter;		/* up to so many cycles more, at random, for each read */
	uint32_t bytes_per_cycle_up;	/* link rate from card to host; 0: unlimited. Headers are charged */
	uint32_t bytes_per_cycle_down;	/* link rate from host to card; 0: unlimited */
	bool reorder;			/* completions of different AXI IDs may overtake each other */
	uint8_t stall;			/* out of 256 cycles, so many without a ready or valid on the AXI port */
	uint64_t seed;
};

/* Sizes that the link splits by, and what a TLP costs on the wire besides its data (64-bit addresses), bytes. */
#define PCIE_MAX_PAYLOAD 256
#define PCIE_MAX_READ_REQUEST 512
#define PCIE_REQUEST_OVERHEAD 24
#define PCIE_COMPLETION_OVERHEAD 20

/* Longest read or write of one call: an AXI4 burst that does not cross 4 KiB. */
#define PCIE_BURST_MAX 4096
/* Reads in flight: the tags of the link. */
#define PCIE_READS_MAX 256

/* What lies behind the link. Addresses and lengths as in struct vqnic_model_ops; nonzero is an error response. */
struct pcie_host {
	int (*read)(void *opaque, uint64_t addr, void *data, size_t len);
	int (*write)(void *opaque, uint64_t addr, const void *data, size_t len);
	void (*msix)(void *opaque, unsigned int vector);
};

/* Bytes of one read that reach the card in one cycle. */
struct pcie_beat {
	uint8_t id;
	uint64_t addr;			/* of the first byte */
	size_t len;
	const uint8_t *data;		/* valid until the next call for this link */
	bool error;			/* the read failed; the bytes are 0 */
	bool last;			/* of the read */
};

struct pcie;

/* A link to `host`. Both structures are copied. NULL: out of memory. */
struct pcie *pcie_new(const struct pcie_config *config, const struct pcie_host *host, void *opaque);
void pcie_free(struct pcie *p);

/* Forgets everything in flight; time goes on. */
void pcie_reset(struct pcie *p);

/* Starts the next cycle: time passes, and reads that arrive look at memory. */
void pcie_tick(struct pcie *p);

/* At random, how often the configuration says: is a ready or valid to be taken away now? Each call draws anew. */
bool pcie_stalled(struct pcie *p);

/* The link takes a posted write or a message in this cycle; a read too, if a tag is free. */
bool pcie_can_write(const struct pcie *p);
bool pcie_can_read(const struct pcie *p);

/*
 * A posted write of 1 <= len <= PCIE_BURST_MAX bytes, those with a nonzero byte in `strobe` (NULL: all). Each run of
 * strobed bytes is one write of the host; it takes effect before the return. Returns 0 or the host's first error,
 * after which the rest of the burst is dropped.
 */
int pcie_write(struct pcie *p, uint64_t addr, const uint8_t *data, const uint8_t *strobe, size_t len);

/* A message, ordered as a posted write. */
void pcie_msix(struct pcie *p, unsigned int vector);

/*
 * A read of 1 <= len <= PCIE_BURST_MAX bytes. Needs pcie_can_read(). Reads of one `id` are answered in order. The beats
 * of the answer end at multiples of `beat_bytes`, a power of two.
 */
void pcie_read(struct pcie *p, uint8_t id, uint64_t addr, size_t len, size_t beat_bytes);

/* Takes the next bytes that have come back, at most one beat a cycle. False: none yet. */
bool pcie_take(struct pcie *p, struct pcie_beat *beat);

/* No read is in flight. */
bool pcie_idle(const struct pcie *p);

#ifdef __cplusplus
}
#endif
#endif
