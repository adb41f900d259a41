/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages of the vfio-user protocol, version 0.0, as they lie on the socket: host byte order, no padding. What they
 * share with the kernel's VFIO (flags, indices) is in <linux/vfio.h>. Text of the protocol: QEMU's
 * docs/interop/vfio-user.rst.
 */
#ifndef VFIO_USER_PROTOCOL_H
#define VFIO_USER_PROTOCOL_H

#include <assert.h>
#include <stdint.h>

enum vfio_user_command {
	VFIO_USER_VERSION = 1,
	VFIO_USER_DMA_MAP = 2,
	VFIO_USER_DMA_UNMAP = 3,
	VFIO_USER_DEVICE_GET_INFO = 4,
	VFIO_USER_DEVICE_GET_REGION_INFO = 5,
	VFIO_USER_DEVICE_GET_REGION_IO_FDS = 6,
	VFIO_USER_DEVICE_GET_IRQ_INFO = 7,
	VFIO_USER_DEVICE_SET_IRQS = 8,
	VFIO_USER_REGION_READ = 9,
	VFIO_USER_REGION_WRITE = 10,
	VFIO_USER_DMA_READ = 11,
	VFIO_USER_DMA_WRITE = 12,
	VFIO_USER_DEVICE_RESET = 13,
	VFIO_USER_REGION_WRITE_MULTI = 15,
	VFIO_USER_DEVICE_FEATURE = 16,
	VFIO_USER_MIG_DATA_READ = 17,
	VFIO_USER_MIG_DATA_WRITE = 18,
};

/* vfio_user_header.flags */
#define VFIO_USER_TYPE_MASK 0xfu
#define VFIO_USER_TYPE_COMMAND 0u
#define VFIO_USER_TYPE_REPLY 1u
#define VFIO_USER_NO_REPLY (1u << 4)
#define VFIO_USER_ERROR (1u << 5)

struct vfio_user_header {
	uint16_t id;
	uint16_t command;
	uint32_t size;		/* of the whole message */
	uint32_t flags;
	uint32_t error;		/* errno, in a reply with VFIO_USER_ERROR */
};
static_assert(sizeof(struct vfio_user_header) == 16, "vfio-user header");

/* Followed by JSON, NUL terminated */
struct vfio_user_version {
	uint16_t major;
	uint16_t minor;
};
static_assert(sizeof(struct vfio_user_version) == 4, "vfio-user version");

#define VFIO_USER_DMA_READABLE 1u
#define VFIO_USER_DMA_WRITEABLE 2u

struct vfio_user_dma_map {
	uint32_t argsz;
	uint32_t flags;
	uint64_t offset;	/* in the file that comes along */
	uint64_t address;
	uint64_t size;
};
static_assert(sizeof(struct vfio_user_dma_map) == 32, "vfio-user DMA map");

struct vfio_user_dma_unmap {
	uint32_t argsz;
	uint32_t flags;
	uint64_t address;
	uint64_t size;
};
static_assert(sizeof(struct vfio_user_dma_unmap) == 24, "vfio-user DMA unmap");

/* Followed by data, in a write and in the reply to a read */
struct vfio_user_region_access {
	uint64_t offset;
	uint32_t region;
	uint32_t count;
};
static_assert(sizeof(struct vfio_user_region_access) == 16, "vfio-user region access");

/* Followed by `count` of struct vfio_user_write */
struct vfio_user_write_multi {
	uint64_t count;
};
static_assert(sizeof(struct vfio_user_write_multi) == 8, "vfio-user multiple write");

struct vfio_user_write {
	struct vfio_user_region_access access;
	uint8_t data[8];
};
static_assert(sizeof(struct vfio_user_write) == 24, "vfio-user write");

#endif
