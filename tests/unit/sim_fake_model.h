/* SPDX-License-Identifier: Apache-2.0 */
/* A card that only remembers what was done to it, behind vqnic_model.h: there is one, `fake`. */
#ifndef SIM_FAKE_MODEL_H
#define SIM_FAKE_MODEL_H

#include "vqnic_model.h"
#include "vqnic_regs.h"

#define FAKE_RX_FRAMES 4

struct fake_access {
	uint32_t offset, value;
	uint8_t strobe;
};

extern struct vqnic_model {
	const struct vqnic_model_ops *ops;
	void *opaque;
	struct pcie_config pcie;
	uint32_t registers[VQNIC_BAR_REGS_SIZE / 4];
	unsigned int reads, writes, doorbells, resets, rx_frames;
	struct fake_access last_write, last_doorbell;
	uint64_t cycles, busy;		/* `busy` cycles from now on it is idle */
	bool link, tracing;
	/* The frames that it was given and has not yet taken in; it takes one in a cycle. */
	unsigned int waiting;
	uint8_t last_frame[65536];
	size_t last_frame_len;
} fake;

#endif
