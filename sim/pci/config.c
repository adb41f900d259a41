// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "config.h"
#include "vqnic_regs.h"

#define PM_CAP 0x40
#define EXP_CAP 0x50
#define MSIX_CAP 0x90

#define CLASS_NETWORK_ETHERNET 0x020000u
#define REVISION 1

/* A x16 link of 8 GT/s carries what the reference data path does: 512 bit at 250 MHz. */
#define LINK_SPEED PCI_EXP_LNKCAP_SLS_8_0GB
#define LINK_WIDTH 16u

static void put16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)value;
	at[1] = (uint8_t)(value >> 8);
}

static void put32(uint8_t *at, uint32_t value)
{
	put16(at, (uint16_t)value);
	put16(at + 2, (uint16_t)(value >> 16));
}

static uint16_t get16(const uint8_t *at)
{
	return (uint16_t)(at[0] | at[1] << 8);
}

/* A base address register of `size` bytes: the bits below the size read 0, so that software can find it. */
static void init_bar(struct pci_config *config, unsigned int bar, uint64_t size, uint32_t type)
{
	size_t at = PCI_BASE_ADDRESS_0 + 4 * bar;

	put32(&config->bytes[at], type);
	put32(&config->writable[at], (uint32_t)~(size - 1) & PCI_BASE_ADDRESS_MEM_MASK);
	if (type & PCI_BASE_ADDRESS_MEM_TYPE_64)
		put32(&config->writable[at + 4], (uint32_t)(~(size - 1) >> 32));
}

static void init_header(struct pci_config *config)
{
	uint8_t *bytes = config->bytes, *writable = config->writable;

	put16(&bytes[PCI_VENDOR_ID], VQNIC_PCI_VENDOR_ID);
	put16(&bytes[PCI_DEVICE_ID], VQNIC_PCI_DEVICE_ID);
	put16(&bytes[PCI_STATUS], PCI_STATUS_CAP_LIST);
	put32(&bytes[PCI_CLASS_REVISION], CLASS_NETWORK_ETHERNET << 8 | REVISION);
	put16(&bytes[PCI_SUBSYSTEM_VENDOR_ID], VQNIC_PCI_VENDOR_ID);
	put16(&bytes[PCI_SUBSYSTEM_ID], VQNIC_PCI_DEVICE_ID);
	bytes[PCI_CAPABILITY_LIST] = PM_CAP;
	put16(&writable[PCI_COMMAND], PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_PARITY |
				      PCI_COMMAND_SERR | PCI_COMMAND_INTX_DISABLE);
	writable[PCI_CACHE_LINE_SIZE] = 0xff;
	writable[PCI_INTERRUPT_LINE] = 0xff;
	init_bar(config, VQNIC_BAR_REGS, VQNIC_BAR_REGS_SIZE, PCI_BASE_ADDRESS_MEM_TYPE_32);
	init_bar(config, VQNIC_BAR_DOORBELLS, VQNIC_BAR_DOORBELLS_SIZE,
		 PCI_BASE_ADDRESS_MEM_TYPE_64 | PCI_BASE_ADDRESS_MEM_PREFETCH);
	init_bar(config, VQNIC_BAR_MSIX, VQNIC_BAR_MSIX_SIZE, PCI_BASE_ADDRESS_MEM_TYPE_32);
}

static void init_power_management(struct pci_config *config, uint8_t next)
{
	uint8_t *bytes = &config->bytes[PM_CAP];

	bytes[PCI_CAP_LIST_ID] = PCI_CAP_ID_PM;
	bytes[PCI_CAP_LIST_NEXT] = next;
	put16(&bytes[PCI_PM_PMC], 3);
	/* The card keeps its state in D3hot, so there is nothing to be reset on the way back to D0. */
	put16(&bytes[PCI_PM_CTRL], PCI_PM_CTRL_NO_SOFT_RESET);
	config->writable[PM_CAP + PCI_PM_CTRL] = PCI_PM_CTRL_STATE_MASK;
}

static void init_express(struct pci_config *config, uint8_t next)
{
	uint8_t *bytes = &config->bytes[EXP_CAP], *writable = &config->writable[EXP_CAP];

	bytes[PCI_CAP_LIST_ID] = PCI_CAP_ID_EXP;
	bytes[PCI_CAP_LIST_NEXT] = next;
	put16(&bytes[PCI_EXP_FLAGS], 2 | PCI_EXP_TYPE_ENDPOINT << 4);
	put32(&bytes[PCI_EXP_DEVCAP], PCI_EXP_DEVCAP_FLR | PCI_EXP_DEVCAP_RBER | PCI_EXP_DEVCAP_EXT_TAG |
				      1 /* payloads to 256 bytes */);
	put16(&bytes[PCI_EXP_DEVCTL], PCI_EXP_DEVCTL_RELAX_EN | PCI_EXP_DEVCTL_EXT_TAG | PCI_EXP_DEVCTL_NOSNOOP_EN |
				      PCI_EXP_DEVCTL_READRQ_512B);
	put16(&writable[PCI_EXP_DEVCTL], PCI_EXP_DEVCTL_CERE | PCI_EXP_DEVCTL_NFERE | PCI_EXP_DEVCTL_FERE |
					 PCI_EXP_DEVCTL_URRE | PCI_EXP_DEVCTL_RELAX_EN | PCI_EXP_DEVCTL_PAYLOAD |
					 PCI_EXP_DEVCTL_EXT_TAG | PCI_EXP_DEVCTL_NOSNOOP_EN | PCI_EXP_DEVCTL_READRQ);
	put32(&bytes[PCI_EXP_LNKCAP], LINK_SPEED | LINK_WIDTH << 4);
	put16(&writable[PCI_EXP_LNKCTL], PCI_EXP_LNKCTL_RCB | PCI_EXP_LNKCTL_CCC | PCI_EXP_LNKCTL_ES);
	put16(&bytes[PCI_EXP_LNKSTA], LINK_SPEED | LINK_WIDTH << 4);
	put32(&bytes[PCI_EXP_DEVCAP2], PCI_EXP_DEVCAP2_COMP_TMOUT_DIS);
	put16(&writable[PCI_EXP_DEVCTL2], PCI_EXP_DEVCTL2_COMP_TMOUT_DIS);
	put32(&bytes[PCI_EXP_LNKCAP2], PCI_EXP_LNKCAP2_SLS_2_5GB | PCI_EXP_LNKCAP2_SLS_5_0GB |
				       PCI_EXP_LNKCAP2_SLS_8_0GB);
	put16(&bytes[PCI_EXP_LNKCTL2], PCI_EXP_LNKCTL2_TLS_8_0GT);
}

static void init_msix(struct pci_config *config)
{
	uint8_t *bytes = &config->bytes[MSIX_CAP];

	bytes[PCI_CAP_LIST_ID] = PCI_CAP_ID_MSIX;
	put16(&bytes[PCI_MSIX_FLAGS], VQNIC_MSIX_VECTOR_COUNT - 1);
	put32(&bytes[PCI_MSIX_TABLE], VQNIC_BAR_MSIX);
	put32(&bytes[PCI_MSIX_PBA], VQNIC_MSIX_PBA_OFFSET | VQNIC_BAR_MSIX);
	put16(&config->writable[MSIX_CAP + PCI_MSIX_FLAGS], PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL);
}

static void init_serial(struct pci_config *config)
{
	uint8_t *bytes = &config->bytes[PCI_CFG_SPACE_SIZE];

	/* Version 1, and no capability after it. */
	put32(bytes, PCI_EXT_CAP_ID_DSN | 1 << 16);
	put32(bytes + 4, (uint32_t)config->serial);
	put32(bytes + 8, (uint32_t)(config->serial >> 32));
}

void pci_config_init(struct pci_config *config, uint64_t serial)
{
	*config = (struct pci_config){ .serial = serial };
	init_header(config);
	init_power_management(config, EXP_CAP);
	init_express(config, MSIX_CAP);
	init_msix(config);
	init_serial(config);
}

void pci_config_reset(struct pci_config *config)
{
	uint8_t *control = &config->bytes[EXP_CAP + PCI_EXP_DEVCTL];
	uint16_t payload = get16(control) & PCI_EXP_DEVCTL_PAYLOAD;

	pci_config_init(config, config->serial);
	put16(control, get16(control) | payload);
}

void pci_config_read(const struct pci_config *config, size_t offset, void *data, size_t len)
{
	memcpy(data, &config->bytes[offset], len);
}

bool pci_config_write(struct pci_config *config, size_t offset, const void *data, size_t len)
{
	const size_t power = PM_CAP + PCI_PM_CTRL, reset = EXP_CAP + PCI_EXP_DEVCTL + 1;
	uint8_t state = config->bytes[power] & PCI_PM_CTRL_STATE_MASK, asked;
	const uint8_t *from = data;

	for (size_t i = 0; i < len; i++) {
		uint8_t mask = config->writable[offset + i];

		config->bytes[offset + i] = (uint8_t)((config->bytes[offset + i] & ~mask) | (from[i] & mask));
	}
	/* There is no D1 and D2: asking for them changes nothing, 7.5.2.2. */
	asked = config->bytes[power] & PCI_PM_CTRL_STATE_MASK;
	if (asked == 1 || asked == 2)
		config->bytes[power] = (uint8_t)((config->bytes[power] & ~PCI_PM_CTRL_STATE_MASK) | state);
	return offset <= reset && reset - offset < len && from[reset - offset] & PCI_EXP_DEVCTL_BCR_FLR >> 8;
}

static bool in_d0(const struct pci_config *config)
{
	return !(config->bytes[PM_CAP + PCI_PM_CTRL] & PCI_PM_CTRL_STATE_MASK);
}

bool pci_config_memory_enabled(const struct pci_config *config)
{
	return in_d0(config) && config->bytes[PCI_COMMAND] & PCI_COMMAND_MEMORY;
}

bool pci_config_bus_master(const struct pci_config *config)
{
	return in_d0(config) && config->bytes[PCI_COMMAND] & PCI_COMMAND_MASTER;
}

bool pci_config_msix_enabled(const struct pci_config *config)
{
	return get16(&config->bytes[MSIX_CAP + PCI_MSIX_FLAGS]) & PCI_MSIX_FLAGS_ENABLE;
}
