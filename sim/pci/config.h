/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PCI configuration space of the card: type 0 header, power management, PCI Express endpoint, MSI-X, device serial
 * number. Section numbers are those of the PCI Express Base Specification 5.0.
 */
#ifndef PCI_CONFIG_H
#define PCI_CONFIG_H

#include <linux/pci_regs.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pci_config {
	uint8_t bytes[PCI_CFG_SPACE_EXP_SIZE];
	uint8_t writable[PCI_CFG_SPACE_EXP_SIZE];	/* the bits that software can write */
	uint64_t serial;
};

/* State after power-on. `serial`: EUI-64, 7.9.3. */
void pci_config_init(struct pci_config *config, uint64_t serial);

/* State after a function level reset, 6.6.2: that of power-on, but for Max_Payload_Size. */
void pci_config_reset(struct pci_config *config);

/* offset + len <= PCI_CFG_SPACE_EXP_SIZE. */
void pci_config_read(const struct pci_config *config, size_t offset, void *data, size_t len);

/* As above. Returns true if the write asks for a function level reset, which the caller then does. */
bool pci_config_write(struct pci_config *config, size_t offset, const void *data, size_t len);

/* The function answers memory requests: Memory Space Enable is set and it is in D0. */
bool pci_config_memory_enabled(const struct pci_config *config);

/* The function may send requests of its own: Bus Master Enable is set and it is in D0. */
bool pci_config_bus_master(const struct pci_config *config);

bool pci_config_msix_enabled(const struct pci_config *config);

#endif
