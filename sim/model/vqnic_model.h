/* SPDX-License-Identifier: Apache-2.0 */
/*
 * C interface to one Verilated vqnic card and the PCIe model in front of it.
 *
 * Nothing happens by itself: the caller runs the clock. One thread at a time may use a model; several models may
 * live in one process. Callbacks run on the caller's thread, inside the call that runs the clock, and must not call
 * back into the model.
 */
#ifndef VQNIC_MODEL_H
#define VQNIC_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pcie.h"

#ifdef __cplusplus
extern "C" {
#endif

struct vqnic_model;

/* What the card does to the world. Every callback is required. */
struct vqnic_model_ops {
	/*
	 * The card reads or writes `len` bytes of host memory at bus address `addr`, 1 <= len <= 4096, never across a
	 * 4 KiB boundary. Return 0, or a negative errno: the access then has no effect and the card sees an error
	 * response (SLVERR), as for an unsupported request. A write is exactly the bytes that the card means; a read
	 * may begin or end with others of the same 64 bytes, as an AXI read has no strobes.
	 */
	int (*dma_read)(void *opaque, uint64_t addr, void *data, size_t len);
	int (*dma_write)(void *opaque, uint64_t addr, const void *data, size_t len);
	/* The card sends MSI-X message `vector`, after all writes that it issued before. */
	void (*msix)(void *opaque, unsigned int vector);
	/* A frame leaves on the wire, without FCS. */
	void (*tx_frame)(void *opaque, const void *frame, size_t len);
};

/* Copies *pcie; NULL means an ideal link (no delay), which is what the simulated board uses. NULL: out of memory. */
struct vqnic_model *vqnic_model_new(const struct pcie_config *pcie, const struct vqnic_model_ops *ops, void *opaque);
void vqnic_model_free(struct vqnic_model *m);

/* Pulls the card's reset: everything in flight is lost, all registers take their reset value. */
void vqnic_model_reset(struct vqnic_model *m);

/*
 * BAR0 access through AXI4-Lite; the clock runs until the card has answered. `offset` is a multiple of 4; bit n of
 * `strobe` enables byte n. A read or write beyond the map reads 0 or does nothing.
 */
uint32_t vqnic_model_read(struct vqnic_model *m, uint32_t offset);
void vqnic_model_write(struct vqnic_model *m, uint32_t offset, uint32_t value, uint8_t strobe);

/* BAR2 write. */
void vqnic_model_doorbell(struct vqnic_model *m, uint32_t offset, uint32_t value);

/*
 * Gives the card a frame from the wire, `len` bytes without FCS; `bad` marks it as one with a wrong FCS. The frame is
 * copied and enters the card as the clock runs. False: the previous frames have not all entered yet, try again after
 * running the clock.
 */
bool vqnic_model_rx_frame(struct vqnic_model *m, const void *frame, size_t len, bool bad);

/* Carrier of the wire; down after vqnic_model_new and unchanged by a reset. */
void vqnic_model_set_link(struct vqnic_model *m, bool up);

/*
 * Back-pressure and idle cycles on the wire and the message port, for tests: out of 256 cycles, on average so many are
 * taken away, at random from `seed`. All 0 after vqnic_model_new.
 */
void vqnic_model_set_stall(struct vqnic_model *m, unsigned int tx_wire, unsigned int rx_wire, unsigned int msix,
			   uint64_t seed);

/*
 * Runs up to `max_cycles` of the clock, fewer if the card falls idle with nothing to be given to it. Returns how many.
 */
uint64_t vqnic_model_run(struct vqnic_model *m, uint64_t max_cycles);

/* Nothing is in flight in the card, the PCIe model and the wire: the clock may stand until the next call. */
bool vqnic_model_idle(const struct vqnic_model *m);

/* Cycles run since vqnic_model_new. */
uint64_t vqnic_model_cycles(const struct vqnic_model *m);

/*
 * The first thing that the card did against AXI4, AXI4-Lite or AXI4-Stream (a valid taken back, a burst across 4 KiB, a
 * register access without an answer, ...), or NULL. A defect of the RTL: a test fails on it.
 */
const char *vqnic_model_violation(const struct vqnic_model *m);

/* Writes FST waves to `path` from now on, until stopped. Returns 0 or -errno (-EBUSY: already on). */
int vqnic_model_trace_start(struct vqnic_model *m, const char *path);
void vqnic_model_trace_stop(struct vqnic_model *m);

#ifdef __cplusplus
}
#endif
#endif
