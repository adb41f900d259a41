// SPDX-License-Identifier: Apache-2.0
/* Guest memory as the client lends it (sim/vfio-user/dma.c). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dma.h"
#include "protocol.h"

#define RW (VFIO_USER_DMA_READABLE | VFIO_USER_DMA_WRITEABLE)
#define PAGES 16

static struct dma *dma;
static int file;
static uint8_t *memory;		/* the guest's view of the file */

static int setup(void **state)
{
	(void)state;
	dma = dma_new();
	file = memfd_create("guest", MFD_CLOEXEC);
	assert_int_equal(ftruncate(file, PAGES * DMA_PAGE_SIZE), 0);
	memory = mmap(NULL, PAGES * DMA_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	assert_ptr_not_equal(memory, MAP_FAILED);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	dma_free(dma);
	munmap(memory, PAGES * DMA_PAGE_SIZE);
	close(file);
	return 0;
}

static void moves_data(void **state)
{
	uint8_t data[4096];

	(void)state;
	assert_int_equal(dma_add(dma, 0x100000, 4 * DMA_PAGE_SIZE, RW, file, 2 * DMA_PAGE_SIZE), 0);
	for (size_t len = 1; len <= sizeof(data); len += len < 20 ? 1 : 509) {
		memset(data, (int)len, len);
		assert_int_equal(dma_write(dma, 0x100000 + 64, data, len), 0);
		assert_memory_equal(memory + 2 * DMA_PAGE_SIZE + 64, data, len);
		memset(data, 0, len);
		assert_int_equal(dma_read(dma, 0x100000 + 64, data, len), 0);
		assert_memory_equal(memory + 2 * DMA_PAGE_SIZE + 64, data, len);
	}
	/* Any alignment, on both sides */
	for (size_t shift = 0; shift < 9; shift++) {
		const uint64_t value = 0x0102030405060708;
		uint64_t got = 0;

		memcpy(data + 9 - shift, &value, sizeof(value));
		assert_int_equal(dma_write(dma, 0x100800 + shift, data + 9 - shift, sizeof(value)), 0);
		assert_int_equal(dma_read(dma, 0x100800 + shift, &got, sizeof(got)), 0);
		assert_true(got == value);
	}
	memory[6 * DMA_PAGE_SIZE - 1] = 0x5a;
	assert_int_equal(dma_read(dma, 0x103fff, data, 1), 0);
	assert_int_equal(data[0], 0x5a);
}

static void outside(void **state)
{
	uint8_t data[DMA_PAGE_SIZE] = { 0 };

	(void)state;
	assert_int_equal(dma_read(dma, 0, data, 1), -EFAULT);
	assert_int_equal(dma_add(dma, 0x10000, DMA_PAGE_SIZE, RW, file, 0), 0);
	assert_int_equal(dma_add(dma, 0x12000, DMA_PAGE_SIZE, RW, file, 0), 0);
	assert_int_equal(dma_read(dma, 0xffff, data, 1), -EFAULT);
	assert_int_equal(dma_read(dma, 0xffff, data, 2), -EFAULT);
	assert_int_equal(dma_read(dma, 0x10fff, data, 1), 0);
	assert_int_equal(dma_read(dma, 0x10fff, data, 2), -EFAULT);
	assert_int_equal(dma_read(dma, 0x11000, data, 1), -EFAULT);	/* the hole */
	assert_int_equal(dma_write(dma, 0x11fff, data, 2), -EFAULT);
	assert_int_equal(dma_write(dma, 0x12000, data, DMA_PAGE_SIZE), 0);
	assert_int_equal(dma_write(dma, 0x13000, data, 1), -EFAULT);
	assert_int_equal(dma_read(dma, UINT64_MAX, data, 1), -EFAULT);
	assert_int_equal(dma_read(dma, UINT64_MAX, data, 2), -EFAULT);
	assert_int_equal(dma_read(dma, 0x10000, data, 0), -EFAULT);
}

static void permission(void **state)
{
	uint8_t data[4] = { 0 };

	(void)state;
	assert_int_equal(dma_add(dma, 0x1000, DMA_PAGE_SIZE, VFIO_USER_DMA_READABLE, file, 0), 0);
	assert_int_equal(dma_add(dma, 0x2000, DMA_PAGE_SIZE, VFIO_USER_DMA_WRITEABLE, file, 0), 0);
	assert_int_equal(dma_read(dma, 0x1000, data, 4), 0);
	assert_int_equal(dma_write(dma, 0x1000, data, 4), -EACCES);
	assert_int_equal(dma_read(dma, 0x2000, data, 4), -EACCES);
	assert_int_equal(dma_write(dma, 0x2000, data, 4), 0);
	assert_int_equal(dma_add(dma, 0x3000, DMA_PAGE_SIZE, 0, file, 0), -EINVAL);
	assert_int_equal(dma_add(dma, 0x3000, DMA_PAGE_SIZE, 4 | RW, file, 0), -EINVAL);
}

static void overlap(void **state)
{
	(void)state;
	assert_int_equal(dma_add(dma, 0x4000, 4 * DMA_PAGE_SIZE, RW, -1, 0), 0);
	assert_int_equal(dma_add(dma, 0x4000, 4 * DMA_PAGE_SIZE, RW, -1, 0), -EEXIST);
	assert_int_equal(dma_add(dma, 0x5000, DMA_PAGE_SIZE, RW, -1, 0), -EEXIST);
	assert_int_equal(dma_add(dma, 0x3000, 2 * DMA_PAGE_SIZE, RW, -1, 0), -EEXIST);
	assert_int_equal(dma_add(dma, 0x7000, 2 * DMA_PAGE_SIZE, RW, -1, 0), -EEXIST);
	assert_int_equal(dma_add(dma, 0, 16 * DMA_PAGE_SIZE, RW, -1, 0), -EEXIST);
	assert_int_equal(dma_add(dma, 0x3000, DMA_PAGE_SIZE, RW, -1, 0), 0);
	assert_int_equal(dma_add(dma, 0x8000, DMA_PAGE_SIZE, RW, -1, 0), 0);
	assert_int_equal(dma_ranges(dma), 3);
}

static void bad_ranges(void **state)
{
	uint64_t top = UINT64_MAX - DMA_PAGE_SIZE + 1;
	uint8_t data[8] = { 0 };

	(void)state;
	assert_int_equal(dma_add(dma, 0x1000, 0, RW, -1, 0), -EINVAL);
	assert_int_equal(dma_add(dma, 0x1001, DMA_PAGE_SIZE, RW, -1, 0), -EINVAL);
	assert_int_equal(dma_add(dma, 0x1000, DMA_PAGE_SIZE + 1, RW, -1, 0), -EINVAL);
	assert_int_equal(dma_add(dma, top, 2 * DMA_PAGE_SIZE, RW, -1, 0), -EINVAL);
	/* Up to the very end of the address space */
	assert_int_equal(dma_add(dma, top, DMA_PAGE_SIZE, RW, file, 0), 0);
	assert_int_equal(dma_write(dma, UINT64_MAX - 7, data, 8), 0);
	assert_int_equal(dma_remove(dma, top, DMA_PAGE_SIZE), 0);
	assert_int_equal(dma_ranges(dma), 0);
}

static void bad_files(void **state)
{
	uint64_t size = PAGES * DMA_PAGE_SIZE;
	int ends[2], sealed;
	char path[64];

	(void)state;
	assert_int_equal(dma_add(dma, 0, size + DMA_PAGE_SIZE, RW, file, 0), -EINVAL);
	assert_int_equal(dma_add(dma, 0, size, RW, file, DMA_PAGE_SIZE), -EINVAL);
	assert_int_equal(dma_add(dma, 0, DMA_PAGE_SIZE, RW, file, size), -EINVAL);
	assert_int_equal(dma_add(dma, 0, DMA_PAGE_SIZE, RW, file, 1), -EINVAL);
	assert_int_equal(dma_add(dma, 0, DMA_PAGE_SIZE, RW, file, 0 - (uint64_t)DMA_PAGE_SIZE), -EINVAL);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(dma_add(dma, 0, DMA_PAGE_SIZE, RW, ends[1], 0), -EINVAL);
	close(ends[0]);
	close(ends[1]);
	/* The file's permission is not enough for the range's. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	sealed = open(path, O_RDONLY);
	assert_true(sealed >= 0);
	assert_int_equal(dma_add(dma, 0, DMA_PAGE_SIZE, RW, sealed, 0), -EACCES);
	assert_int_equal(dma_add(dma, 0, DMA_PAGE_SIZE, VFIO_USER_DMA_READABLE, sealed, 0), 0);
	close(sealed);
	assert_int_equal(dma_ranges(dma), 1);
}

static void without_file(void **state)
{
	uint8_t data[4] = { 0 };

	(void)state;
	assert_int_equal(dma_add(dma, 0x1000, DMA_PAGE_SIZE, RW, -1, 0), 0);
	assert_int_equal(dma_read(dma, 0x1000, data, 4), -EFAULT);
	assert_int_equal(dma_write(dma, 0x1000, data, 4), -EFAULT);
}

static void removal(void **state)
{
	uint8_t data[4] = { 0 };

	(void)state;
	/* Nothing was ever there */
	assert_int_equal(dma_remove(dma, 0x20000, DMA_PAGE_SIZE), 0);
	for (uint64_t i = 0; i < 8; i++)
		assert_int_equal(dma_add(dma, i * 0x10000, 2 * DMA_PAGE_SIZE, RW, file, 0), 0);
	assert_int_equal(dma_read(dma, 0x20000, data, 4), 0);
	assert_int_equal(dma_remove(dma, 0x20000, 2 * DMA_PAGE_SIZE), 0);
	assert_int_equal(dma_read(dma, 0x20000, data, 4), -EFAULT);
	assert_int_equal(dma_ranges(dma), 7);
	/* None there: nothing to be done */
	assert_int_equal(dma_remove(dma, 0x20000, 2 * DMA_PAGE_SIZE), 0);
	/* Several at once */
	assert_int_equal(dma_remove(dma, 0x30000, 0x20000), 0);
	assert_int_equal(dma_ranges(dma), 5);
	assert_int_equal(dma_read(dma, 0x40000, data, 4), -EFAULT);
	assert_int_equal(dma_read(dma, 0x50000, data, 4), 0);
	/* Not a part of one */
	assert_int_equal(dma_remove(dma, 0x50000, DMA_PAGE_SIZE), -EINVAL);
	assert_int_equal(dma_remove(dma, 0x51000, DMA_PAGE_SIZE), -EINVAL);
	assert_int_equal(dma_remove(dma, 0x50000, 0x11000), -EINVAL);
	assert_int_equal(dma_ranges(dma), 5);
	assert_int_equal(dma_remove(dma, 0x50000, 0), -EINVAL);
	assert_int_equal(dma_remove(dma, 0x50000, 0 - (uint64_t)DMA_PAGE_SIZE), -EINVAL);
	assert_int_equal(dma_remove(dma, 0, UINT64_MAX), 0);
	assert_int_equal(dma_ranges(dma), 0);
}

static void many_ranges(void **state)
{
	const uint32_t shuffled = 4096, step = 1531;
	uint8_t data[4];

	(void)state;
	/* Every page once, in no order, and then upwards */
	for (uint32_t i = 0; i < DMA_RANGES_MAX; i++) {
		uint64_t page = i < shuffled ? (uint64_t)i * step % shuffled : i;

		assert_int_equal(dma_add(dma, page << 13, DMA_PAGE_SIZE, RW, i % 100 ? -1 : file, 0), 0);
	}
	for (uint32_t i = 0; i < DMA_RANGES_MAX; i++) {
		uint64_t page = i < shuffled ? (uint64_t)i * step % shuffled : i;

		assert_int_equal(dma_read(dma, page << 13, data, 4), i % 100 ? -EFAULT : 0);
	}
	assert_int_equal(dma_ranges(dma), DMA_RANGES_MAX);
	assert_int_equal(dma_add(dma, 1ull << 40, DMA_PAGE_SIZE, RW, -1, 0), -ENOSPC);
	assert_int_equal(dma_add(dma, 0, DMA_PAGE_SIZE, RW, -1, 0), -EEXIST);
	dma_remove_all(dma);
	assert_int_equal(dma_ranges(dma), 0);
}

/* The client cuts the file short after it was mapped. */
static void vanished(void **state)
{
	uint8_t data[64] = { 0 };

	(void)state;
	/* cmocka takes over SIGBUS before each test: take it back. */
	dma_free(dma);
	dma = dma_new();
	assert_int_equal(dma_add(dma, 0, PAGES * DMA_PAGE_SIZE, RW, file, 0), 0);
	assert_int_equal(ftruncate(file, DMA_PAGE_SIZE), 0);
	for (int i = 0; i < 3; i++) {
		for (size_t len = 1; len <= sizeof(data); len *= 2) {
			assert_int_equal(dma_read(dma, 2 * DMA_PAGE_SIZE, data, len), -EFAULT);
			assert_int_equal(dma_write(dma, 2 * DMA_PAGE_SIZE, data, len), -EFAULT);
			assert_int_equal(dma_write(dma, 0, data, len), 0);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(moves_data, setup, teardown),
		cmocka_unit_test_setup_teardown(outside, setup, teardown),
		cmocka_unit_test_setup_teardown(permission, setup, teardown),
		cmocka_unit_test_setup_teardown(overlap, setup, teardown),
		cmocka_unit_test_setup_teardown(bad_ranges, setup, teardown),
		cmocka_unit_test_setup_teardown(bad_files, setup, teardown),
		cmocka_unit_test_setup_teardown(without_file, setup, teardown),
		cmocka_unit_test_setup_teardown(removal, setup, teardown),
		cmocka_unit_test_setup_teardown(many_ranges, setup, teardown),
		cmocka_unit_test_setup_teardown(vanished, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
