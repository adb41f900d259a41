/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest memory as the client lends it: ranges of bus addresses, each with a permission and, if the client sent one, a
 * file behind it. What lies outside the ranges cannot be reached.
 */
#ifndef VFIO_USER_DMA_H
#define VFIO_USER_DMA_H

#include <stddef.h>
#include <stdint.h>

#define DMA_PAGE_SIZE 4096u
#define DMA_RANGES_MAX 65535u

struct dma;

/* An empty map, or NULL. Takes over SIGBUS: a file that its owner cuts short costs an access, not the process. */
struct dma *dma_new(void);
void dma_free(struct dma *dma);

/*
 * Adds the range [address, address + size). `flags` is VFIO_USER_DMA_*. `fd` (not kept) with `offset` is the memory
 * behind the range; -1: the range exists but no access to it succeeds. Returns 0, or: -EINVAL not whole pages, an end
 * beyond 2^64, no or unknown flags, or a file that is not regular or too short; -EEXIST it overlaps another;
 * -ENOSPC too many; or the error of mmap.
 */
int dma_add(struct dma *dma, uint64_t address, uint64_t size, uint32_t flags, int fd, uint64_t offset);

/*
 * Removes the ranges that lie within [address, address + size); there may be none. -EINVAL, and nothing is removed,
 * if that would cut a range in two or the end lies beyond 2^64.
 */
int dma_remove(struct dma *dma, uint64_t address, uint64_t size);
void dma_remove_all(struct dma *dma);

/*
 * Copies from or to guest memory; the access must lie within one range. -EFAULT: no such memory, or it vanished;
 * -EACCES: the range does not permit it. An aligned access of 1, 2, 4 or 8 bytes is not torn. A read is ordered
 * before what follows it, a write after what went before it.
 */
int dma_read(struct dma *dma, uint64_t address, void *data, size_t len);
int dma_write(struct dma *dma, uint64_t address, const void *data, size_t len);

size_t dma_ranges(const struct dma *dma);

#endif
