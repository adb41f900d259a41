// SPDX-License-Identifier: Apache-2.0
/* The card as a PCI function (sim/pci): what software can write, what a reset undoes, what reaches the card. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "function.h"
#include "sim_fake_model.h"

static struct pci_function function;

#define SERIAL UINT64_C(0x0123456789abcdef)

static int setup(void **state)
{
	static const struct vqnic_model_ops none;

	(void)state;
	pci_function_init(&function, vqnic_model_new(NULL, &none, NULL), SERIAL);
	return 0;
}

static uint32_t get(size_t offset, size_t len)
{
	uint32_t value = 0;

	pci_config_read(&function.config, offset, &value, len);
	return value;
}

static void put(size_t offset, size_t len, uint32_t value)
{
	pci_function_config_write(&function, offset, &value, len);
}

/* The offset of a capability, found as software does it; 0: there is none. */
static size_t capability(uint8_t id)
{
	size_t at = get(PCI_CAPABILITY_LIST, 1);

	for (int i = 0; at && i < 48; i++) {
		if (get(at, 1) == id)
			return at;
		at = get(at + PCI_CAP_LIST_NEXT, 1);
	}
	return 0;
}

static void enable(void)
{
	put(PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

static void identity(void **state)
{
	size_t at;

	(void)state;
	assert_int_equal(get(PCI_VENDOR_ID, 2), VQNIC_PCI_VENDOR_ID);
	assert_int_equal(get(PCI_DEVICE_ID, 2), VQNIC_PCI_DEVICE_ID);
	assert_int_equal(get(PCI_CLASS_REVISION, 4) >> 8, 0x020000);
	assert_int_equal(get(PCI_HEADER_TYPE, 1), PCI_HEADER_TYPE_NORMAL);
	assert_int_equal(get(PCI_INTERRUPT_PIN, 1), 0);
	assert_int_equal(get(PCI_COMMAND, 2), 0);
	at = capability(PCI_CAP_ID_EXP);
	assert_int_not_equal(at, 0);
	assert_true(get(at + PCI_EXP_DEVCAP, 4) & PCI_EXP_DEVCAP_FLR);
	at = capability(PCI_CAP_ID_MSIX);
	assert_int_not_equal(at, 0);
	assert_int_equal(get(at + PCI_MSIX_FLAGS, 2), VQNIC_MSIX_VECTOR_COUNT - 1);
	assert_int_equal(get(at + PCI_MSIX_TABLE, 4), VQNIC_BAR_MSIX);
	assert_int_equal(get(at + PCI_MSIX_PBA, 4), VQNIC_BAR_MSIX | VQNIC_MSIX_PBA_OFFSET);
	assert_int_not_equal(capability(PCI_CAP_ID_PM), 0);
	/* The only extended capability */
	assert_int_equal(get(PCI_CFG_SPACE_SIZE, 4), PCI_EXT_CAP_ID_DSN | 1 << 16);
	assert_int_equal(get(PCI_CFG_SPACE_SIZE + 4, 4), SERIAL & UINT32_MAX);
	assert_int_equal(get(PCI_CFG_SPACE_SIZE + 8, 4), SERIAL >> 32);
	pci_config_reset(&function.config);
	assert_int_equal(get(PCI_CFG_SPACE_SIZE + 4, 4), SERIAL & UINT32_MAX);
}

static uint64_t probe_bar(size_t at)
{
	uint64_t mask;

	put(at, 4, ~0u);
	mask = get(at, 4) & PCI_BASE_ADDRESS_MEM_MASK;
	if (get(at, 4) & PCI_BASE_ADDRESS_MEM_TYPE_64) {
		put(at + 4, 4, ~0u);
		mask |= (uint64_t)get(at + 4, 4) << 32;
	} else {
		mask |= ~(uint64_t)0 << 32;
	}
	return ~mask + 1;
}

static void bar_sizes(void **state)
{
	(void)state;
	assert_int_equal(get(PCI_BASE_ADDRESS_0, 4), 0);
	assert_int_equal(get(PCI_BASE_ADDRESS_2, 4), PCI_BASE_ADDRESS_MEM_TYPE_64 | PCI_BASE_ADDRESS_MEM_PREFETCH);
	assert_int_equal(probe_bar(PCI_BASE_ADDRESS_0), VQNIC_BAR_REGS_SIZE);
	assert_int_equal(probe_bar(PCI_BASE_ADDRESS_2), VQNIC_BAR_DOORBELLS_SIZE);
	assert_int_equal(probe_bar(PCI_BASE_ADDRESS_4), VQNIC_BAR_MSIX_SIZE);
	put(PCI_BASE_ADDRESS_1, 4, ~0u);
	put(PCI_BASE_ADDRESS_5, 4, ~0u);
	put(PCI_ROM_ADDRESS, 4, ~0u);
	assert_int_equal(get(PCI_BASE_ADDRESS_1, 4) | get(PCI_BASE_ADDRESS_5, 4) | get(PCI_ROM_ADDRESS, 4), 0);
}

/* All ones, and then all zeroes, to all of configuration space change what software can write and nothing else. */
static void write_masks(void **state)
{
	static const uint8_t ones[PCI_CFG_SPACE_EXP_SIZE] = { [0 ... PCI_CFG_SPACE_EXP_SIZE - 1] = 0xff };
	static const uint8_t zeroes[PCI_CFG_SPACE_EXP_SIZE];
	struct pci_config before = function.config;
	size_t express = capability(PCI_CAP_ID_EXP), power = capability(PCI_CAP_ID_PM);
	size_t msix = capability(PCI_CAP_ID_MSIX), writable = 0;

	(void)state;
	assert_true(pci_config_write(&function.config, 0, ones, sizeof(ones)));
	assert_int_equal(get(PCI_COMMAND, 2), PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_PARITY |
						      PCI_COMMAND_SERR | PCI_COMMAND_INTX_DISABLE);
	assert_int_equal(get(PCI_STATUS, 2), PCI_STATUS_CAP_LIST);
	assert_int_equal(get(express + PCI_EXP_DEVCTL, 2), 0x79ff);
	assert_int_equal(get(express + PCI_EXP_DEVSTA, 2), 0);
	assert_int_equal(get(power + PCI_PM_CTRL, 2), PCI_PM_CTRL_NO_SOFT_RESET | 3);
	assert_int_equal(get(msix + PCI_MSIX_FLAGS, 2), 0xc000 | (VQNIC_MSIX_VECTOR_COUNT - 1));
	assert_false(pci_config_write(&function.config, 0, zeroes, sizeof(zeroes)));
	for (size_t i = 0; i < PCI_CFG_SPACE_EXP_SIZE; i++) {
		uint8_t mask = before.writable[i];

		writable += mask != 0;
		assert_int_equal(function.config.bytes[i] & ~mask, before.bytes[i] & ~mask);
		assert_int_equal(function.config.bytes[i] & mask, 0);
	}
	assert_in_range(writable, 16, 64);
}

static void bus_master(void **state)
{
	(void)state;
	assert_false(pci_config_bus_master(&function.config));
	assert_false(pci_config_memory_enabled(&function.config));
	put(PCI_COMMAND, 2, PCI_COMMAND_MASTER);
	assert_true(pci_config_bus_master(&function.config));
	assert_false(pci_config_memory_enabled(&function.config));
	put(PCI_COMMAND, 1, PCI_COMMAND_MEMORY);
	assert_false(pci_config_bus_master(&function.config));
	assert_true(pci_config_memory_enabled(&function.config));
}

static void power_states(void **state)
{
	size_t at = capability(PCI_CAP_ID_PM) + PCI_PM_CTRL;

	(void)state;
	enable();
	for (uint32_t missing = 1; missing <= 2; missing++) {
		put(at, 2, missing);
		assert_int_equal(get(at, 2) & PCI_PM_CTRL_STATE_MASK, 0);
	}
	put(at, 2, 3);
	assert_int_equal(get(at, 2) & PCI_PM_CTRL_STATE_MASK, 3);
	assert_false(pci_config_bus_master(&function.config));
	assert_false(pci_config_memory_enabled(&function.config));
	put(at, 2, 1);
	assert_int_equal(get(at, 2) & PCI_PM_CTRL_STATE_MASK, 3);
	put(at, 2, 0);
	assert_true(pci_config_bus_master(&function.config));
	assert_true(pci_config_memory_enabled(&function.config));
	/* No_Soft_Reset */
	assert_int_equal(fake.resets, 0);
}

static void function_level_reset(void **state)
{
	size_t control = capability(PCI_CAP_ID_EXP) + PCI_EXP_DEVCTL, msix = capability(PCI_CAP_ID_MSIX);
	const struct {
		size_t offset, len;
		uint32_t value;
	} ways[] = {
		{ control, 2, 0xa820 }, { control + 1, 1, 0xa8 }, { control, 4, 0xa820 }, { control - 4, 8, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		uint8_t eight[8] = { [4] = 0x20, [5] = 0x80 };

		setup(NULL);
		enable();
		put(control, 2, 0x2820);	/* payloads of 256 bytes */
		put(msix + PCI_MSIX_FLAGS, 2, PCI_MSIX_FLAGS_ENABLE);
		put(PCI_BASE_ADDRESS_0, 4, 0xfe000000);
		put(PCI_INTERRUPT_LINE, 1, 11);
		assert_int_equal(fake.resets, 0);
		if (ways[i].len == 8)
			pci_function_config_write(&function, ways[i].offset, eight, 8);
		else
			put(ways[i].offset, ways[i].len, ways[i].value);
		assert_int_equal(fake.resets, 1);
		assert_int_equal(function.resets, 1);
		assert_int_equal(get(PCI_COMMAND, 2), 0);
		assert_int_equal(get(PCI_BASE_ADDRESS_0, 4), 0);
		assert_int_equal(get(PCI_INTERRUPT_LINE, 1), 0);
		assert_false(pci_config_msix_enabled(&function.config));
		assert_int_equal(get(control, 2) & PCI_EXP_DEVCTL_PAYLOAD, 0x20);
		assert_int_equal(get(control, 2) & PCI_EXP_DEVCTL_BCR_FLR, 0);
	}
	/* Its neighbours do not ask for a reset. */
	put(control + 2, 2, 0xffff);
	put(control, 1, 0xffff);
	assert_int_equal(fake.resets, 1);
}

static void register_access(void **state)
{
	const uint64_t value = 0x1122334455667788;
	uint64_t got = 0;

	(void)state;
	enable();
	assert_int_equal(pci_function_bar_write(&function, 0, 0x50, &value, 4), 0);
	assert_int_equal(fake.last_write.offset, 0x50);
	assert_int_equal(fake.last_write.value, 0x55667788);
	assert_int_equal(fake.last_write.strobe, 0xf);
	assert_int_equal(pci_function_bar_write(&function, 0, 0x16, &value, 2), 0);
	assert_int_equal(fake.last_write.offset, 0x14);
	assert_int_equal(fake.last_write.value, 0x77880000);
	assert_int_equal(fake.last_write.strobe, 0xc);
	assert_int_equal(pci_function_bar_write(&function, 0, 0x15, &value, 1), 0);
	assert_int_equal(fake.last_write.offset, 0x14);
	assert_int_equal(fake.last_write.value, 0x8800);
	assert_int_equal(fake.last_write.strobe, 0x2);
	fake.writes = 0;
	assert_int_equal(pci_function_bar_write(&function, 0, 0x20, &value, 8), 0);
	assert_int_equal(fake.writes, 2);
	assert_int_equal(fake.last_write.offset, 0x24);
	assert_int_equal(fake.last_write.value, 0x11223344);
	assert_int_equal(pci_function_bar_read(&function, 0, 0x20, &got, 8), 0);
	assert_true(got == value);
	/* Across two words */
	got = 0;
	assert_int_equal(pci_function_bar_read(&function, 0, 0x22, &got, 4), 0);
	assert_int_equal(got, 0x33445566);
	assert_int_equal(pci_function_bar_write(&function, 0, 0x33, &value, 2), 0);
	assert_int_equal(fake.registers[0x30 / 4], 0x88000000);
	assert_int_equal(fake.registers[0x34 / 4], 0x77);
	got = 0;
	assert_int_equal(pci_function_bar_read(&function, 0, 0x25, &got, 1), 0);
	assert_int_equal(got, 0x33);
	for (size_t len = 0; len <= 9; len++)
		assert_int_equal(pci_function_bar_read(&function, 0, 0, (uint8_t[16]){ 0 }, len),
				 len == 1 || len == 2 || len == 4 || len == 8 ? 0 : -EINVAL);
	assert_int_equal(pci_function_bar_write(&function, 0, 0, &value, 3), -EINVAL);
}

static void doorbells(void **state)
{
	const uint32_t value = 0x12340001;
	uint32_t got = 1;

	(void)state;
	enable();
	assert_int_equal(pci_function_bar_write(&function, 2, 0x3000, &value, 4), 0);
	assert_int_equal(fake.last_doorbell.offset, 0x3000);
	assert_int_equal(fake.last_doorbell.value, 0x12340001);
	assert_int_equal(pci_function_bar_write(&function, 2, 0x1000, &value, 2), 0);
	assert_int_equal(fake.last_doorbell.offset, 0x1000);
	assert_int_equal(fake.last_doorbell.value, 1);
	assert_int_equal(function.doorbells, 2);
	assert_int_equal(pci_function_bar_read(&function, 2, 0x1000, &got, 4), 0);
	assert_int_equal(got, 0);
	assert_int_equal(fake.reads + fake.writes, 0);
}

static void msix_bar(void **state)
{
	const uint32_t value = 0xfee00000;
	uint32_t got = 0;

	(void)state;
	enable();
	assert_int_equal(pci_function_bar_read(&function, 4, PCI_MSIX_ENTRY_VECTOR_CTRL, &got, 4), 0);
	assert_int_equal(got, PCI_MSIX_ENTRY_CTRL_MASKBIT);
	assert_int_equal(pci_function_bar_write(&function, 4, 0x10, &value, 4), 0);
	assert_int_equal(pci_function_bar_read(&function, 4, 0x10, &got, 4), 0);
	assert_int_equal(got, value);
	memcpy(function.msix_pending, (uint8_t[4]){ 0x01, 0, 0, 0x80 }, 4);
	function.msix_pending[sizeof(function.msix_pending) - 1] = 0x40;
	assert_int_equal(pci_function_bar_write(&function, 4, VQNIC_MSIX_PBA_OFFSET, &value, 4), 0);
	assert_int_equal(pci_function_bar_read(&function, 4, VQNIC_MSIX_PBA_OFFSET, &got, 4), 0);
	assert_int_equal(got, 0x80000001);
	assert_int_equal(pci_function_bar_read(&function, 4, VQNIC_MSIX_PBA_OFFSET + sizeof(function.msix_pending) - 4,
					       &got, 4), 0);
	assert_int_equal(got, 0x40000000);
	/* The last bytes of the table, of the pending bits, and of the BAR */
	assert_int_equal(pci_function_bar_write(&function, 4, sizeof(function.msix_table) - 4, (uint64_t[1]){ 0 }, 8),
			 0);
	assert_int_equal(pci_function_bar_read(&function, 4, VQNIC_BAR_MSIX_SIZE - 4, &got, 4), 0);
	assert_int_equal(got, 0);
	pci_function_reset(&function);
	assert_int_equal(function.msix_pending[0], 0);
	assert_int_equal(function.msix_pending[sizeof(function.msix_pending) - 1], 0);
	assert_int_equal(function.msix_table[0x13], 0);
}

static void no_answer(void **state)
{
	const uint32_t value = 1;
	uint32_t got;

	(void)state;
	for (int asleep = 0; asleep < 2; asleep++) {
		if (asleep) {
			enable();
			put(capability(PCI_CAP_ID_PM) + PCI_PM_CTRL, 2, 3);
		}
		for (unsigned int bar = 0; bar < PCI_FUNCTION_BARS; bar += 2) {
			got = 0;
			assert_int_equal(pci_function_bar_read(&function, bar, 0, &got, 4), 0);
			assert_int_equal(got, 0xffffffff);
			assert_int_equal(pci_function_bar_write(&function, bar, 0, &value, 4), 0);
		}
	}
	assert_int_equal(fake.reads + fake.writes + fake.doorbells, 0);
	assert_int_equal(function.msix_table[0], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(identity, setup),
		cmocka_unit_test_setup(bar_sizes, setup),
		cmocka_unit_test_setup(write_masks, setup),
		cmocka_unit_test_setup(bus_master, setup),
		cmocka_unit_test_setup(power_states, setup),
		cmocka_unit_test_setup(function_level_reset, setup),
		cmocka_unit_test_setup(register_access, setup),
		cmocka_unit_test_setup(doorbells, setup),
		cmocka_unit_test_setup(msix_bar, setup),
		cmocka_unit_test_setup(no_answer, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
