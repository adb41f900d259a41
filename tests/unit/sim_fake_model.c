// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <string.h>

#include "sim_fake_model.h"

struct vqnic_model fake;

struct vqnic_model *vqnic_model_new(const struct pcie_config *pcie, const struct vqnic_model_ops *ops, void *opaque)
{
	fake = (struct vqnic_model){ .ops = ops, .opaque = opaque };
	if (pcie)
		fake.pcie = *pcie;
	return &fake;
}

void vqnic_model_free(struct vqnic_model *m)
{
	(void)m;
}

void vqnic_model_reset(struct vqnic_model *m)
{
	m->resets++;
	m->busy = m->waiting = 0;
	memset(m->registers, 0, sizeof(m->registers));
}

uint32_t vqnic_model_read(struct vqnic_model *m, uint32_t offset)
{
	m->reads++;
	return m->registers[offset / 4];
}

void vqnic_model_write(struct vqnic_model *m, uint32_t offset, uint32_t value, uint8_t strobe)
{
	m->writes++;
	m->last_write = (struct fake_access){ offset, value, strobe };
	for (unsigned int i = 0; i < 4; i++)
		if (strobe & 1u << i)
			memcpy((uint8_t *)&m->registers[offset / 4] + i, (uint8_t *)&value + i, 1);
}

void vqnic_model_doorbell(struct vqnic_model *m, uint32_t offset, uint32_t value)
{
	m->doorbells++;
	m->last_doorbell = (struct fake_access){ offset, value, 0xf };
}

bool vqnic_model_rx_frame(struct vqnic_model *m, const void *frame, size_t len, bool bad)
{
	(void)bad;
	if (m->waiting == FAKE_RX_FRAMES)
		return false;
	m->waiting++;
	m->rx_frames++;
	memcpy(m->last_frame, frame, len);
	m->last_frame_len = len;
	return true;
}

void vqnic_model_set_link(struct vqnic_model *m, bool up)
{
	m->link = up;
}

uint64_t vqnic_model_run(struct vqnic_model *m, uint64_t max_cycles)
{
	uint64_t n;

	for (n = 0; n < max_cycles && (m->busy || m->waiting); n++) {
		m->busy -= m->busy > 0;
		m->waiting -= m->waiting > 0;
	}
	m->cycles += n;
	return n;
}

bool vqnic_model_idle(const struct vqnic_model *m)
{
	return !m->busy && !m->waiting;
}

uint64_t vqnic_model_cycles(const struct vqnic_model *m)
{
	return m->cycles;
}

const char *vqnic_model_violation(const struct vqnic_model *m)
{
	(void)m;
	return NULL;
}

int vqnic_model_trace_start(struct vqnic_model *m, const char *path)
{
	(void)path;
	if (m->tracing)
		return -EBUSY;
	m->tracing = true;
	return 0;
}

void vqnic_model_trace_stop(struct vqnic_model *m)
{
	m->tracing = false;
}
