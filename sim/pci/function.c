// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <string.h>

#include "function.h"
#include "log.h"

static void reset_msix(struct pci_function *function)
{
	memset(function->msix_table, 0, sizeof(function->msix_table));
	for (size_t v = 0; v < VQNIC_MSIX_VECTOR_COUNT; v++)
		function->msix_table[v * PCI_MSIX_ENTRY_SIZE + PCI_MSIX_ENTRY_VECTOR_CTRL] =
			PCI_MSIX_ENTRY_CTRL_MASKBIT;
	memset(function->msix_pending, 0, sizeof(function->msix_pending));
}

void pci_function_init(struct pci_function *function, struct vqnic_model *model, uint64_t serial)
{
	*function = (struct pci_function){ .model = model };
	pci_config_init(&function->config, serial);
	reset_msix(function);
}

void pci_function_reset(struct pci_function *function)
{
	function->resets++;
	vqnic_model_reset(function->model);
	pci_config_reset(&function->config);
	reset_msix(function);
}

uint64_t pci_function_bar_size(unsigned int bar)
{
	switch (bar) {
	case VQNIC_BAR_REGS:
		return VQNIC_BAR_REGS_SIZE;
	case VQNIC_BAR_DOORBELLS:
		return VQNIC_BAR_DOORBELLS_SIZE;
	case VQNIC_BAR_MSIX:
		return VQNIC_BAR_MSIX_SIZE;
	default:
		return 0;
	}
}

static bool mmio_size(size_t len)
{
	return len == 1 || len == 2 || len == 4 || len == 8;
}

/* The part of an access that lies in one 32-bit word of the card. */
struct word {
	uint32_t offset;	/* of the word */
	unsigned int lane;	/* its first byte that is meant */
	size_t bytes;		/* how many are */
};

static struct word word_at(uint64_t offset, size_t len)
{
	unsigned int lane = offset % 4;

	return (struct word){ (uint32_t)(offset - lane), lane, len < 4 - lane ? len : 4 - lane };
}

static void read_registers(struct pci_function *function, uint64_t offset, uint8_t *data, size_t len)
{
	while (len) {
		struct word w = word_at(offset, len);
		uint32_t value = vqnic_model_read(function->model, w.offset);

		if (function->forced && w.offset == function->forced_offset)
			value = function->forced_value;
		for (size_t i = 0; i < w.bytes; i++)
			data[i] = (uint8_t)(value >> 8 * (w.lane + i));
		offset += w.bytes;
		data += w.bytes;
		len -= w.bytes;
	}
}

static void write_words(struct pci_function *function, unsigned int bar, uint64_t offset, const uint8_t *data,
			size_t len)
{
	while (len) {
		struct word w = word_at(offset, len);
		uint32_t value = 0;

		for (size_t i = 0; i < w.bytes; i++)
			value |= (uint32_t)data[i] << 8 * (w.lane + i);
		if (bar == VQNIC_BAR_REGS)
			vqnic_model_write(function->model, w.offset, value, (uint8_t)(((1u << w.bytes) - 1) << w.lane));
		else
			vqnic_model_doorbell(function->model, w.offset, value);
		offset += w.bytes;
		data += w.bytes;
		len -= w.bytes;
	}
}

/* QEMU keeps the table itself; it and the pending bits are here for a client that does not. */
static uint8_t read_msix(const struct pci_function *function, uint64_t offset)
{
	if (offset < sizeof(function->msix_table))
		return function->msix_table[offset];
	if (offset >= VQNIC_MSIX_PBA_OFFSET && offset < VQNIC_MSIX_PBA_OFFSET + sizeof(function->msix_pending))
		return function->msix_pending[offset - VQNIC_MSIX_PBA_OFFSET];
	return 0;
}

int pci_function_bar_read(struct pci_function *function, unsigned int bar, uint64_t offset, void *data, size_t len)
{
	uint8_t *to = data;

	if (!mmio_size(len))
		return -EINVAL;
	function->mmio_reads++;
	memset(data, 0xff, len);
	if (!pci_config_memory_enabled(&function->config))
		return 0;
	if (bar == VQNIC_BAR_REGS)
		read_registers(function, offset, to, len);
	else if (bar == VQNIC_BAR_DOORBELLS)
		memset(data, 0, len);
	else
		for (size_t i = 0; i < len; i++)
			to[i] = read_msix(function, offset + i);
	return 0;
}

int pci_function_bar_write(struct pci_function *function, unsigned int bar, uint64_t offset, const void *data,
			   size_t len)
{
	const uint8_t *from = data;

	if (!mmio_size(len))
		return -EINVAL;
	if (bar == VQNIC_BAR_DOORBELLS)
		function->doorbells++;
	else
		function->mmio_writes++;
	if (!pci_config_memory_enabled(&function->config))
		return 0;
	if (bar != VQNIC_BAR_MSIX)
		write_words(function, bar, offset, from, len);
	else
		for (size_t i = 0; i < len && offset + i < sizeof(function->msix_table); i++)
			function->msix_table[offset + i] = from[i];
	return 0;
}

void pci_function_config_read(struct pci_function *function, size_t offset, void *data, size_t len)
{
	function->config_reads++;
	pci_config_read(&function->config, offset, data, len);
}

void pci_function_config_write(struct pci_function *function, size_t offset, const void *data, size_t len)
{
	function->config_writes++;
	if (pci_config_write(&function->config, offset, data, len)) {
		log_info("function level reset");
		pci_function_reset(function);
	}
}
