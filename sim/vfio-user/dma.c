// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dma.h"
#include "protocol.h"

struct range {
	uint64_t address;
	uint64_t last;		/* the last byte: an end of 2^64 has no uint64_t */
	uint32_t flags;
	uint8_t *memory;	/* NULL: the client sent no file */
};

struct dma {
	struct range *ranges;	/* by address */
	size_t count;
	size_t room;
	size_t hit;		/* where the last access was, most likely the next one too */
};

static sigjmp_buf escape;
static volatile sig_atomic_t copying;

static void on_sigbus(int sig)
{
	static const char message[] = "vqnic-sim: SIGBUS outside of guest memory\n";

	if (copying)
		siglongjmp(escape, 1);
	if (write(STDERR_FILENO, message, sizeof(message) - 1) < 0)
		_exit(1);
	signal(sig, SIG_DFL);
	raise(sig);
}

struct dma *dma_new(void)
{
	/* SA_NODEFER: the handler is left by siglongjmp, with no signal mask to restore. */
	struct sigaction action = { .sa_handler = on_sigbus, .sa_flags = SA_NODEFER };

	sigaction(SIGBUS, &action, NULL);
	return calloc(1, sizeof(struct dma));
}

void dma_free(struct dma *dma)
{
	if (!dma)
		return;
	dma_remove_all(dma);
	free(dma->ranges);
	free(dma);
}

/* Index of the first range whose last byte is at or above `address`; dma->count if there is none. */
static size_t lower_bound(const struct dma *dma, uint64_t address)
{
	size_t low = 0, high = dma->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (dma->ranges[middle].last < address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Maps the file behind a range. Returns 0 or -errno. */
static int map_file(struct range *range, int fd, uint64_t offset)
{
	uint64_t size = range->last - range->address + 1, end;
	int protection = 0;
	struct stat st;
	void *memory;

	if (fstat(fd, &st))
		return -errno;
	/* Beyond the end of its file, memory answers with SIGBUS. */
	if (!S_ISREG(st.st_mode) || offset % DMA_PAGE_SIZE || __builtin_add_overflow(offset, size, &end) ||
	    end > (uint64_t)st.st_size)
		return -EINVAL;
	if (range->flags & VFIO_USER_DMA_READABLE)
		protection |= PROT_READ;
	if (range->flags & VFIO_USER_DMA_WRITEABLE)
		protection |= PROT_WRITE;
	memory = mmap(NULL, size, protection, MAP_SHARED, fd, (off_t)offset);
	if (memory == MAP_FAILED)
		return -errno;
	range->memory = memory;
	return 0;
}

static void unmap(struct range *range)
{
	if (range->memory)
		munmap(range->memory, range->last - range->address + 1);
}

int dma_add(struct dma *dma, uint64_t address, uint64_t size, uint32_t flags, int fd, uint64_t offset)
{
	struct range range = { .address = address, .last = address + size - 1, .flags = flags };
	size_t at;
	int rc;

	if (!size || (address | size) % DMA_PAGE_SIZE || range.last < address ||
	    !flags || flags & ~(VFIO_USER_DMA_READABLE | VFIO_USER_DMA_WRITEABLE))
		return -EINVAL;
	at = lower_bound(dma, address);
	if (at < dma->count && dma->ranges[at].address <= range.last)
		return -EEXIST;
	if (dma->count == DMA_RANGES_MAX)
		return -ENOSPC;
	if (dma->count == dma->room) {
		size_t room = dma->room ? 2 * dma->room : 16;
		struct range *ranges = realloc(dma->ranges, room * sizeof(*ranges));

		if (!ranges)
			return -ENOMEM;
		dma->ranges = ranges;
		dma->room = room;
	}
	if (fd >= 0) {
		rc = map_file(&range, fd, offset);
		if (rc)
			return rc;
	}
	memmove(&dma->ranges[at + 1], &dma->ranges[at], (dma->count - at) * sizeof(range));
	dma->ranges[at] = range;
	dma->count++;
	return 0;
}

int dma_remove(struct dma *dma, uint64_t address, uint64_t size)
{
	uint64_t last = address + size - 1;
	size_t first, end;

	if (!size || last < address)
		return -EINVAL;
	first = lower_bound(dma, address);
	for (end = first; end < dma->count && dma->ranges[end].address <= last; end++)
		if (dma->ranges[end].address < address || dma->ranges[end].last > last)
			return -EINVAL;
	if (first == end)
		return 0;
	for (size_t i = first; i < end; i++)
		unmap(&dma->ranges[i]);
	memmove(&dma->ranges[first], &dma->ranges[end], (dma->count - end) * sizeof(*dma->ranges));
	dma->count -= end - first;
	return 0;
}

void dma_remove_all(struct dma *dma)
{
	for (size_t i = 0; i < dma->count; i++)
		unmap(&dma->ranges[i]);
	dma->count = 0;
}

static bool covers(const struct dma *dma, size_t at, uint64_t address, uint64_t last)
{
	return at < dma->count && dma->ranges[at].address <= address && dma->ranges[at].last >= last;
}

/* Finds the memory for an access. Returns 0 or -errno. */
static int find(struct dma *dma, uint64_t address, size_t len, uint32_t permission, uint8_t **memory)
{
	uint64_t last = address + len - 1;
	const struct range *range;

	if (!len || last < address)
		return -EFAULT;
	if (!covers(dma, dma->hit, address, last)) {
		dma->hit = lower_bound(dma, address);
		if (!covers(dma, dma->hit, address, last))
			return -EFAULT;
	}
	range = &dma->ranges[dma->hit];
	if (!(range->flags & permission))
		return -EACCES;
	if (!range->memory)
		return -EFAULT;
	*memory = range->memory + (address - range->address);
	return 0;
}

/* Rings are shared with running vCPUs: an index must be read and written in one piece, 2, 4 or 8 bytes. */
static void copy_untorn(void *to, const void *from, size_t len)
{
	typedef uint64_t __attribute__((aligned(1), may_alias)) u64;
	typedef uint32_t __attribute__((aligned(1), may_alias)) u32;
	typedef uint16_t __attribute__((aligned(1), may_alias)) u16;

	if (len == 8)
		*(volatile u64 *)to = *(const volatile u64 *)from;
	else if (len == 4)
		*(volatile u32 *)to = *(const volatile u32 *)from;
	else
		*(volatile u16 *)to = *(const volatile u16 *)from;
}

/* Copies `len` > 0 bytes; -EFAULT if the file behind the memory has become too short. */
static int copy(void *to, const void *from, size_t len)
{
	if (sigsetjmp(escape, 0)) {
		copying = 0;
		return -EFAULT;
	}
	copying = 1;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	if (len == 2 || len == 4 || len == 8)
		copy_untorn(to, from, len);
	else
		memcpy(to, from, len);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	copying = 0;
	return 0;
}

int dma_read(struct dma *dma, uint64_t address, void *data, size_t len)
{
	uint8_t *memory;
	int rc = find(dma, address, len, VFIO_USER_DMA_READABLE, &memory);

	if (!rc)
		rc = copy(data, memory, len);
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return rc;
}

int dma_write(struct dma *dma, uint64_t address, const void *data, size_t len)
{
	uint8_t *memory;
	int rc = find(dma, address, len, VFIO_USER_DMA_WRITEABLE, &memory);

	__atomic_thread_fence(__ATOMIC_RELEASE);
	return rc ? rc : copy(memory, data, len);
}

size_t dma_ranges(const struct dma *dma)
{
	return dma->count;
}
