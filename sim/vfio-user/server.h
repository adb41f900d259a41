/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A vfio-user server for one PCI device and one client at a time. It never blocks: the caller polls the connection and
 * calls vfio_user_serve. Whatever the client sends costs at most its connection.
 */
#ifndef VFIO_USER_SERVER_H
#define VFIO_USER_SERVER_H

#include <linux/vfio.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The largest region access, and file descriptors in a message, that the server takes */
#define VFIO_USER_DATA_MAX (1u << 20)
#define VFIO_USER_FDS_MAX 16

struct vfio_user;

/* The device behind the server. Every callback is required and runs inside vfio_user_serve. */
struct vfio_user_device {
	uint64_t region_size[VFIO_PCI_NUM_REGIONS];	/* bytes; 0: no such region */
	uint32_t irq_count[VFIO_PCI_NUM_IRQS];		/* only VFIO_PCI_MSIX_IRQ_INDEX may be non-zero */
	/* `len` > 0, and the access lies within the region. Return 0, or a negative errno: an error for the client. */
	int (*region_read)(void *opaque, uint32_t region, uint64_t offset, void *data, size_t len);
	int (*region_write)(void *opaque, uint32_t region, uint64_t offset, const void *data, size_t len);
	/* The client resets the device. */
	void (*reset)(void *opaque);
	/* The client now listens to MSI-X message `vector`. */
	void (*vector_ready)(void *opaque, uint32_t vector);
};

/* Copies *device. NULL: out of memory. */
struct vfio_user *vfio_user_new(const struct vfio_user_device *device, void *opaque);
void vfio_user_free(struct vfio_user *vu);

/* Takes over the stream socket `fd` of a new client; there must be none. Returns 0 or -errno, with `fd` closed. */
int vfio_user_connect(struct vfio_user *vu, int fd);

/* Ends the connection, if there is one: guest memory is given back, event descriptors are closed. */
void vfio_user_disconnect(struct vfio_user *vu);

/* The connection's socket, or -1, and the poll(2) events that vfio_user_serve waits for. */
int vfio_user_fd(const struct vfio_user *vu);
short vfio_user_poll_events(const struct vfio_user *vu);

/*
 * Handles what has arrived, up to a few dozen messages. Returns 0, or -errno after the connection has ended:
 * -ECONNRESET the client left, -EPROTO it broke the protocol beyond repair, others from the system.
 */
int vfio_user_serve(struct vfio_user *vu);

/* Guest memory: see dma_read and dma_write. */
int vfio_user_dma_read(struct vfio_user *vu, uint64_t address, void *data, size_t len);
int vfio_user_dma_write(struct vfio_user *vu, uint64_t address, const void *data, size_t len);

/* Sends MSI-X message `vector`. -ENOENT: the client does not listen to it, or there is no such vector. */
int vfio_user_msix(struct vfio_user *vu, uint32_t vector);

#endif
