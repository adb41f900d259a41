/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Verilated vqnic_net alone: the switch with its buffers and tables, and in place of the engines, the registers of
 * the vdevs and the wire what a test makes of them. With more vdevs than the reference configuration has, and pairs.
 */
#ifndef SWITCH_MODEL_H
#define SWITCH_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SWITCH_VDEVS 16

struct switch_model;

/* What the transmit engine says of a frame. */
struct switch_tx {
	unsigned int vdev;
	unsigned int pair;
	bool csum;
	uint16_t csum_start;
	uint16_t csum_offset;
};

/* What the receive engine is told of one. */
struct switch_rx {
	uint32_t vdevs;
	bool tagged;
	bool csum_ok;
	unsigned int pair[SWITCH_VDEVS];	/* for each of `vdevs` */
};

enum switch_counter {
	SWITCH_WIRE_RX,
	SWITCH_DROP_ERROR,
	SWITCH_DROP_FILTER,
	SWITCH_SWITCHED,
	SWITCH_WIRE_TX,
	SWITCH_RX_DROP_VLAN,			/* from here on for each vdev */
	SWITCH_TX_DROP_SPOOF,
	SWITCH_TX_DROP_VLAN,
	SWITCH_COUNTERS,
};

struct switch_ops {
	void (*to_wire)(void *opaque, const uint8_t *frame, size_t len);
	void (*to_vdevs)(void *opaque, const struct switch_rx *info, const uint8_t *frame, size_t len);
};

struct switch_model *switch_new(const struct switch_ops *ops, void *opaque, const char *wave_file);
void switch_free(struct switch_model *m);
/* Pulls the reset; what was sent and has not entered is sent afterwards. */
void switch_reset(struct switch_model *m);

/* Registers of the filter bank; offsets are those in the bank. */
uint32_t switch_get(struct switch_model *m, uint32_t offset);
void switch_set(struct switch_model *m, uint32_t offset, uint32_t value);
/* What comes from the vdev's own registers. */
void switch_config(struct switch_model *m, unsigned int vdev, bool enable, uint32_t rx_mode, uint32_t policy,
		   unsigned int pairs);

/* Adds a frame to those that a vdev sends, or (`tx` NULL) that come from the wire. */
void switch_send(struct switch_model *m, const struct switch_tx *tx, const uint8_t *frame, size_t len);

/* Out of 256 cycles, on average so many are taken away from the wire out, the wire in, both engines. */
void switch_stall(struct switch_model *m, unsigned int wire_tx, unsigned int wire_rx, unsigned int engines,
		  uint64_t seed);

void switch_run(struct switch_model *m, unsigned int cycles);
/* No frame is anywhere, nor anything else to be done. */
bool switch_idle(const struct switch_model *m);
/* Tables are being cleared. */
bool switch_clearing(const struct switch_model *m);
/* Frames that have not entered the switch's buffers yet. */
size_t switch_waiting(const struct switch_model *m);

uint64_t switch_count(const struct switch_model *m, enum switch_counter counter, unsigned int vdev);

#ifdef __cplusplus
}
#endif
#endif
