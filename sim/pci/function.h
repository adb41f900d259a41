/* SPDX-License-Identifier: Apache-2.0 */
/* The card as a PCI function: configuration space and BARs in front of the model. */
#ifndef PCI_FUNCTION_H
#define PCI_FUNCTION_H

#include <stdbool.h>

#include "config.h"
#include "vqnic_model.h"
#include "vqnic_regs.h"

#define PCI_FUNCTION_BARS 6

struct pci_function {
	struct vqnic_model *model;	/* not owned */
	struct pci_config config;
	uint8_t msix_table[VQNIC_MSIX_VECTOR_COUNT * PCI_MSIX_ENTRY_SIZE];
	uint8_t msix_pending[VQNIC_MSIX_VECTOR_COUNT / 8];	/* the pending bit array */
	/* A register word that answers something else than the card says, for tests of a driver. Kept across resets. */
	bool forced;
	uint32_t forced_offset, forced_value;
	/* since the start */
	uint64_t mmio_reads, mmio_writes, doorbells, config_reads, config_writes, resets;
};
_Static_assert(VQNIC_MSIX_VECTOR_COUNT % 64 == 0, "the pending bit array is made of quadwords");
_Static_assert(VQNIC_MSIX_PBA_OFFSET >= VQNIC_MSIX_VECTOR_COUNT * PCI_MSIX_ENTRY_SIZE, "the table lies in front of it");

/* `serial`: EUI-64 of the card. */
void pci_function_init(struct pci_function *function, struct vqnic_model *model, uint64_t serial);

/* Bytes of a BAR; 0: there is no such BAR. */
uint64_t pci_function_bar_size(unsigned int bar);

/*
 * An access to a BAR, within its size. Returns 0, or -EINVAL: `len` is not 1, 2, 4 or 8. A function that does not
 * answer (memory disabled, D3hot) reads all ones and takes no write.
 */
int pci_function_bar_read(struct pci_function *function, unsigned int bar, uint64_t offset, void *data, size_t len);
int pci_function_bar_write(struct pci_function *function, unsigned int bar, uint64_t offset, const void *data,
			   size_t len);

/* An access to configuration space, within PCI_CFG_SPACE_EXP_SIZE. A write may reset the function. */
void pci_function_config_read(struct pci_function *function, size_t offset, void *data, size_t len);
void pci_function_config_write(struct pci_function *function, size_t offset, const void *data, size_t len);

/* Resets the card and what software can write in configuration space. */
void pci_function_reset(struct pci_function *function);

#endif
