// SPDX-License-Identifier: Apache-2.0
/* The vfio-user server (sim/vfio-user/server.c): every command, and everything that a client can get wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "protocol.h"
#include "server.h"

#define VECTORS 16u
#define BAR_SIZE 0x1000u
#define RW (VFIO_USER_DMA_READABLE | VFIO_USER_DMA_WRITEABLE)

static struct vfio_user *server;
static int client;
static unsigned int descriptors;	/* open before the test */

/* What the device was asked to do */
static struct {
	uint8_t bar[BAR_SIZE];
	unsigned int reads, writes, resets, ready;
	int result;
} device;

static int device_read(void *opaque, uint32_t region, uint64_t offset, void *data, size_t len)
{
	(void)opaque, (void)region;
	device.reads++;
	memcpy(data, device.bar + offset, len);
	return device.result;
}

static int device_write(void *opaque, uint32_t region, uint64_t offset, const void *data, size_t len)
{
	(void)opaque, (void)region;
	device.writes++;
	memcpy(device.bar + offset, data, len);
	return device.result;
}

static void device_reset(void *opaque)
{
	(void)opaque;
	device.resets++;
}

static void device_vector_ready(void *opaque, uint32_t vector)
{
	(void)opaque;
	device.ready |= 1u << vector;
}

static unsigned int open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int n = 0;

	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

/* One call that sends `len` bytes with `fd_count` descriptors. */
static void send_bytes(const void *data, size_t len, const int *fds, size_t fd_count)
{
	union {
		struct cmsghdr align;
		uint8_t space[CMSG_SPACE(sizeof(int) * 64)];
	} control = { 0 };
	struct iovec iov = { (void *)data, len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fd_count) {
		struct cmsghdr *c = (struct cmsghdr *)&control;

		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int) * fd_count);
		memcpy(CMSG_DATA(c), fds, sizeof(int) * fd_count);
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * fd_count);
	}
	assert_int_equal(sendmsg(client, &msg, 0), len);
}

static void send_command(uint16_t command, uint32_t flags, const void *payload, size_t len, const int *fds,
			 size_t fd_count)
{
	struct vfio_user_header header = {
		.id = 0x1234, .command = command, .size = (uint32_t)(sizeof(header) + len), .flags = flags,
	};
	uint8_t *message = malloc(header.size);

	memcpy(message, &header, sizeof(header));
	if (len)
		memcpy(message + sizeof(header), payload, len);
	send_bytes(message, header.size, fds, fd_count);
	free(message);
}

/* Takes a reply's header and up to `size` bytes of payload. Returns the payload's length. */
static size_t take_reply(uint16_t command, uint32_t *error, void *payload, size_t size)
{
	struct vfio_user_header header;
	size_t len;

	assert_int_equal(recv(client, &header, sizeof(header), MSG_DONTWAIT), sizeof(header));
	assert_int_equal(header.id, 0x1234);
	assert_int_equal(header.command, command);
	assert_int_equal(header.flags & VFIO_USER_TYPE_MASK, VFIO_USER_TYPE_REPLY);
	assert_int_equal(!!(header.flags & VFIO_USER_ERROR), header.error != 0);
	*error = header.error;
	len = header.size - sizeof(header);
	assert_true(len <= size);
	if (len)
		assert_int_equal(recv(client, payload, len, MSG_DONTWAIT | MSG_WAITALL), len);
	return len;
}

static void no_reply(void)
{
	char byte;

	assert_int_equal(recv(client, &byte, 1, MSG_DONTWAIT), -1);
	assert_int_equal(errno, EAGAIN);
}

/* Sends a command and returns the error of its reply; its payload must be `reply_len` bytes if there is none. */
static uint32_t ask(uint16_t command, const void *payload, size_t len, const int *fds, size_t fd_count, void *reply,
		    size_t reply_len)
{
	uint32_t error;
	size_t got;

	send_command(command, 0, payload, len, fds, fd_count);
	assert_int_equal(vfio_user_serve(server), 0);
	got = take_reply(command, &error, reply, reply_len);
	assert_int_equal(got, error ? 0 : reply_len);
	return error;
}

static void connect_client(void)
{
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	client = ends[0];
	assert_int_equal(vfio_user_connect(server, ends[1]), 0);
}

/* Offers `json` (NULL: none) and returns the server's answer on the heap; NULL: it refused and closed. */
static char *shake_hands(uint16_t major, const char *json)
{
	struct vfio_user_version version = { .major = major };
	size_t len = json ? strlen(json) + 1 : 0;
	uint8_t request[512], reply[512];
	uint32_t error;
	size_t got;
	int rc;

	memcpy(request, &version, sizeof(version));
	if (json)
		memcpy(request + sizeof(version), json, len);
	send_command(VFIO_USER_VERSION, 0, request, sizeof(version) + len, NULL, 0);
	rc = vfio_user_serve(server);
	got = take_reply(VFIO_USER_VERSION, &error, reply, sizeof(reply));
	if (error) {
		assert_int_equal(rc, -EPROTO);
		assert_int_equal(vfio_user_fd(server), -1);
		return NULL;
	}
	assert_int_equal(rc, 0);
	assert_true(got > 4);
	assert_int_equal(reply[got - 1], 0);
	assert_memory_equal(reply, &(struct vfio_user_version){ 0 }, 4);
	return strdup((char *)reply + 4);
}

static int setup_raw(void **state)
{
	static const struct vfio_user_device description = {
		.region_size = { [VFIO_PCI_BAR0_REGION_INDEX] = BAR_SIZE, [VFIO_PCI_CONFIG_REGION_INDEX] = BAR_SIZE },
		.irq_count = { [VFIO_PCI_MSIX_IRQ_INDEX] = VECTORS },
		.region_read = device_read, .region_write = device_write, .reset = device_reset,
		.vector_ready = device_vector_ready,
	};

	(void)state;
	memset(&device, 0, sizeof(device));
	descriptors = open_descriptors();
	server = vfio_user_new(&description, NULL);
	assert_non_null(server);
	connect_client();
	return 0;
}

static int setup(void **state)
{
	setup_raw(state);
	free(shake_hands(0, NULL));
	return 0;
}

/* Whatever a test did, no descriptor may be left. */
static int teardown(void **state)
{
	(void)state;
	vfio_user_free(server);
	close(client);
	assert_int_equal(open_descriptors(), descriptors);
	return 0;
}

/* Messages that are beyond repair: the server hangs up, and a new client finds it as new. */
static void expect_hang_up(int reason)
{
	ssize_t n;
	char byte;

	assert_int_equal(vfio_user_serve(server), reason);
	assert_int_equal(vfio_user_fd(server), -1);
	/* The end, or a reset if something that was sent has not been read */
	n = recv(client, &byte, 1, MSG_DONTWAIT);
	assert_true(n == 0 || (n < 0 && errno == ECONNRESET));
	close(client);
	connect_client();
	free(shake_hands(0, NULL));
}

static void handshake(void **state)
{
	static const char *const offers[] = {
		"{\"capabilities\":{\"max_msg_fds\":16,\"max_data_xfer_size\":1048576,\"pgsizes\":4096,"
		"\"max_dma_maps\":65535,\"write_multiple\":true}}",
		"{\"capabilities\":{\"max_msg_fds\":8,\"max_data_xfer_size\":4096,\"max_dma_maps\":100}}",
		"{\"capabilities\":{\"max_msg_fds\":128,\"migration\":{\"pgsize\":4096}}}", "{}",
	};
	static const char *const answers[] = {
		"{\"capabilities\":{\"max_msg_fds\":16,\"max_data_xfer_size\":1048576,\"pgsizes\":4096,"
		"\"max_dma_maps\":65535,\"write_multiple\":true}}",
		"{\"capabilities\":{\"max_msg_fds\":8,\"max_data_xfer_size\":4096,\"pgsizes\":4096,"
		"\"max_dma_maps\":100}}",
		"{\"capabilities\":{\"max_msg_fds\":16,\"max_data_xfer_size\":1048576,\"pgsizes\":4096,"
		"\"max_dma_maps\":65535}}",
		"{\"capabilities\":{\"max_data_xfer_size\":1048576,\"pgsizes\":4096,\"max_dma_maps\":65535}}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(offers) / sizeof(offers[0]); i++) {
		char *answer = shake_hands(0, offers[i]);

		assert_non_null(answer);
		assert_string_equal(answer, answers[i]);
		free(answer);
		vfio_user_disconnect(server);
		close(client);
		connect_client();
	}
}

static void bad_handshakes(void **state)
{
	static const char *const offers[] = {
		"", "{", "[]", "17", "{\"capabilities\":5}", "{\"capabilities\":{\"max_msg_fds\":\"many\"}}",
		"{\"capabilities\":{\"max_msg_fds\":-1}}", "{\"capabilities\":{\"max_data_xfer_size\":0}}",
		"{\"capabilities\":{\"pgsizes\":65536}}",
	};
	const uint8_t unterminated[] = { 0, 0, 0, 0, '{', '}' };
	uint32_t error;

	(void)state;
	for (size_t i = 0; i < sizeof(offers) / sizeof(offers[0]); i++) {
		assert_null(shake_hands(0, offers[i]));
		close(client);
		connect_client();
	}
	assert_null(shake_hands(1, NULL));
	close(client);
	connect_client();
	send_command(VFIO_USER_VERSION, 0, unterminated, sizeof(unterminated), NULL, 0);
	assert_int_equal(vfio_user_serve(server), -EPROTO);
	take_reply(VFIO_USER_VERSION, &error, NULL, 0);
	assert_int_equal(error, EINVAL);
	close(client);
	/* Anything else first */
	connect_client();
	send_command(VFIO_USER_DEVICE_RESET, 0, NULL, 0, NULL, 0);
	assert_int_equal(vfio_user_serve(server), -EPROTO);
	take_reply(VFIO_USER_DEVICE_RESET, &error, NULL, 0);
	assert_int_equal(error, EPROTO);
	assert_int_equal(device.resets, 0);
	close(client);
	/* Twice */
	connect_client();
	free(shake_hands(0, "{}"));
	assert_int_equal(ask(VFIO_USER_VERSION, (uint8_t[4]){ 0 }, 4, NULL, 0, NULL, 0), EINVAL);
}

static void information(void **state)
{
	uint32_t info[4] = { 16 };
	struct vfio_region_info region = { .argsz = sizeof(region) };
	struct vfio_irq_info irq = { .argsz = sizeof(irq) };

	(void)state;
	assert_int_equal(ask(VFIO_USER_DEVICE_GET_INFO, info, sizeof(info), NULL, 0, info, sizeof(info)), 0);
	assert_int_equal(info[0], 16);
	assert_int_equal(info[1], VFIO_DEVICE_FLAGS_RESET | VFIO_DEVICE_FLAGS_PCI);
	assert_int_equal(info[2], VFIO_PCI_NUM_REGIONS);
	assert_int_equal(info[3], VFIO_PCI_NUM_IRQS);
	info[0] = 15;
	assert_int_equal(ask(VFIO_USER_DEVICE_GET_INFO, info, sizeof(info), NULL, 0, NULL, 0), EINVAL);
	for (uint32_t i = 0; i < VFIO_PCI_NUM_REGIONS; i++) {
		bool there = i == VFIO_PCI_BAR0_REGION_INDEX || i == VFIO_PCI_CONFIG_REGION_INDEX;

		region = (struct vfio_region_info){ .argsz = sizeof(region), .index = i };
		assert_int_equal(ask(VFIO_USER_DEVICE_GET_REGION_INFO, &region, sizeof(region), NULL, 0, &region,
				     sizeof(region)), 0);
		assert_int_equal(region.index, i);
		assert_int_equal(region.size, there ? BAR_SIZE : 0);
		/* Never to be mapped: that would end posted writes */
		assert_int_equal(region.flags, there ? VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE : 0);
	}
	region.index = VFIO_PCI_NUM_REGIONS;
	assert_int_equal(ask(VFIO_USER_DEVICE_GET_REGION_INFO, &region, sizeof(region), NULL, 0, NULL, 0), EINVAL);
	region = (struct vfio_region_info){ .argsz = sizeof(region) - 1 };
	assert_int_equal(ask(VFIO_USER_DEVICE_GET_REGION_INFO, &region, sizeof(region), NULL, 0, NULL, 0), EINVAL);
	for (uint32_t i = 0; i < VFIO_PCI_NUM_IRQS; i++) {
		irq = (struct vfio_irq_info){ .argsz = sizeof(irq), .index = i };
		assert_int_equal(ask(VFIO_USER_DEVICE_GET_IRQ_INFO, &irq, sizeof(irq), NULL, 0, &irq, sizeof(irq)), 0);
		assert_int_equal(irq.count, i == VFIO_PCI_MSIX_IRQ_INDEX ? VECTORS : 0);
		assert_int_equal(irq.flags, irq.count ? VFIO_IRQ_INFO_EVENTFD : 0);
	}
	irq.index = VFIO_PCI_NUM_IRQS;
	assert_int_equal(ask(VFIO_USER_DEVICE_GET_IRQ_INFO, &irq, sizeof(irq), NULL, 0, NULL, 0), EINVAL);
}

static void region_access(void **state)
{
	struct {
		struct vfio_user_region_access access;
		uint8_t data[4];
	} __attribute__((packed)) message = { { 0x10, 0, 4 }, { 1, 2, 3, 4 } }, reply;
	struct vfio_user_region_access bad;
	const struct vfio_user_region_access impossible[] = {
		{ 0, 0, 0 }, { BAR_SIZE, 0, 1 }, { BAR_SIZE - 1, 0, 2 }, { 0, 0, BAR_SIZE + 1 }, { UINT64_MAX, 0, 1 },
		{ UINT64_MAX - 3, 0, 8 }, { 0, 1, 1 }, { 0, VFIO_PCI_NUM_REGIONS, 1 }, { 0, UINT32_MAX, 1 },
		{ 0, 0, UINT32_MAX }, { 0, 0, VFIO_USER_DATA_MAX + 1 },
	};
	uint8_t whole[sizeof(bad) + BAR_SIZE];

	(void)state;
	assert_int_equal(ask(VFIO_USER_REGION_WRITE, &message, sizeof(message), NULL, 0, &bad, sizeof(bad)), 0);
	assert_memory_equal(&bad, &message.access, sizeof(bad));
	assert_memory_equal(device.bar + 0x10, message.data, 4);
	assert_int_equal(ask(VFIO_USER_REGION_READ, &message.access, sizeof(message.access), NULL, 0, &reply,
			     sizeof(reply)), 0);
	assert_memory_equal(&reply, &message, sizeof(message));
	bad = (struct vfio_user_region_access){ 0, VFIO_PCI_CONFIG_REGION_INDEX, BAR_SIZE };
	assert_int_equal(ask(VFIO_USER_REGION_READ, &bad, sizeof(bad), NULL, 0, whole, sizeof(whole)), 0);
	assert_memory_equal(whole + sizeof(bad), device.bar, BAR_SIZE);
	device.reads = device.writes = 0;
	for (size_t i = 0; i < sizeof(impossible) / sizeof(impossible[0]); i++) {
		assert_int_equal(ask(VFIO_USER_REGION_READ, &impossible[i], sizeof(bad), NULL, 0, NULL, 0), EINVAL);
		assert_int_equal(ask(VFIO_USER_REGION_WRITE, &impossible[i], sizeof(bad), NULL, 0, NULL, 0), EINVAL);
	}
	/* More or less data than the count says */
	message.access.count = 3;
	assert_int_equal(ask(VFIO_USER_REGION_WRITE, &message, sizeof(message), NULL, 0, NULL, 0), EINVAL);
	message.access.count = 5;
	assert_int_equal(ask(VFIO_USER_REGION_WRITE, &message, sizeof(message), NULL, 0, NULL, 0), EINVAL);
	assert_int_equal(device.reads + device.writes, 0);
	/* What the device refuses */
	message.access.count = 4;
	device.result = -EPERM;
	assert_int_equal(ask(VFIO_USER_REGION_WRITE, &message, sizeof(message), NULL, 0, NULL, 0), EPERM);
	assert_int_equal(ask(VFIO_USER_REGION_READ, &message.access, 16, NULL, 0, NULL, 0), EPERM);
}

static void agreed_size(void **state)
{
	struct vfio_user_region_access access = { 0, 0, 65 };
	uint8_t reply[16 + 64];

	(void)state;
	free(shake_hands(0, "{\"capabilities\":{\"max_data_xfer_size\":64}}"));
	assert_int_equal(ask(VFIO_USER_REGION_READ, &access, sizeof(access), NULL, 0, NULL, 0), EINVAL);
	access.count = 64;
	assert_int_equal(ask(VFIO_USER_REGION_READ, &access, sizeof(access), NULL, 0, reply, sizeof(reply)), 0);
}

static void posted_writes(void **state)
{
	struct {
		struct vfio_user_region_access access;
		uint8_t data[4];
	} __attribute__((packed)) message = { { 0, 0, 4 }, { 0 } };

	(void)state;
	for (uint32_t i = 0; i < 1000; i++) {
		message.access.offset = 4 * (i % 8);
		memcpy(message.data, &i, 4);
		send_command(VFIO_USER_REGION_WRITE, VFIO_USER_NO_REPLY, &message, sizeof(message), NULL, 0);
		if (i % 50 == 49)
			assert_int_equal(vfio_user_serve(server), 0);
	}
	while (device.writes < 1000)
		assert_int_equal(vfio_user_serve(server), 0);
	assert_int_equal(device.bar[0x1c] | device.bar[0x1d] << 8, 999);
	/* Not even an error is replied to. */
	message.access.region = 77;
	send_command(VFIO_USER_REGION_WRITE, VFIO_USER_NO_REPLY, &message, sizeof(message), NULL, 0);
	assert_int_equal(vfio_user_serve(server), 0);
	no_reply();
}

static void write_multi(void **state)
{
	struct {
		uint64_t count;
		struct vfio_user_write writes[3];
	} message = {
		3, { { { 0, 0, 8 }, { 1, 2, 3, 4, 5, 6, 7, 8 } }, { { 8, 0, 2 }, { 9, 10 } }, { { 10, 0, 1 }, { 11 } } },
	};
	const uint64_t counts[] = { 2, 4, UINT64_MAX, UINT64_MAX / 24, 1ull << 61 };
	uint64_t done;

	(void)state;
	assert_int_equal(ask(VFIO_USER_REGION_WRITE_MULTI, &message, sizeof(message), NULL, 0, &done, sizeof(done)), 0);
	assert_int_equal(done, 3);
	for (uint8_t i = 0; i < 11; i++)
		assert_int_equal(device.bar[i], i + 1);
	device.writes = 0;
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		message.count = counts[i];
		assert_int_equal(ask(VFIO_USER_REGION_WRITE_MULTI, &message, sizeof(message), NULL, 0, NULL, 0),
				 EINVAL);
	}
	message.count = 3;
	message.writes[2].access.count = 9;
	assert_int_equal(ask(VFIO_USER_REGION_WRITE_MULTI, &message, sizeof(message), NULL, 0, NULL, 0), EINVAL);
	message.writes[2].access = (struct vfio_user_region_access){ BAR_SIZE - 1, 0, 2 };
	assert_int_equal(ask(VFIO_USER_REGION_WRITE_MULTI, &message, sizeof(message), NULL, 0, NULL, 0), EINVAL);
	/* All or nothing */
	assert_int_equal(device.writes, 0);
	message.count = 0;
	assert_int_equal(ask(VFIO_USER_REGION_WRITE_MULTI, &message.count, 8, NULL, 0, &done, sizeof(done)), 0);
}

static void guest_memory(void **state)
{
	struct vfio_user_dma_map map = { .argsz = sizeof(map), .flags = RW, .address = 0x40000000, .size = 0x4000 };
	struct vfio_user_dma_unmap unmap = { .argsz = sizeof(unmap), .address = 0x40000000, .size = 0x4000 }, reply;
	int fds[2] = { memfd_create("guest", MFD_CLOEXEC), open("/dev/null", O_RDWR) };
	uint32_t value = 0x12345678;

	(void)state;
	assert_int_equal(ftruncate(fds[0], 0x8000), 0);
	assert_int_equal(ask(VFIO_USER_DMA_MAP, &map, sizeof(map), fds, 1, NULL, 0), 0);
	assert_int_equal(vfio_user_dma_write(server, 0x40000100, &value, 4), 0);
	assert_int_equal(pread(fds[0], &value, 4, 0x100), 4);
	assert_int_equal(value, 0x12345678);
	assert_int_equal(vfio_user_dma_write(server, 0x40004000, &value, 4), -EFAULT);
	assert_int_equal(ask(VFIO_USER_DMA_MAP, &map, sizeof(map), fds, 1, NULL, 0), EEXIST);
	map.address = 0x50000000;
	assert_int_equal(ask(VFIO_USER_DMA_MAP, &map, sizeof(map), fds, 2, NULL, 0), EINVAL);
	assert_int_equal(ask(VFIO_USER_DMA_MAP, &map, sizeof(map), fds + 1, 1, NULL, 0), EINVAL);
	map.size = 0x9000;
	assert_int_equal(ask(VFIO_USER_DMA_MAP, &map, sizeof(map), fds, 1, NULL, 0), EINVAL);
	map.argsz = 16;
	assert_int_equal(ask(VFIO_USER_DMA_MAP, &map, sizeof(map), fds, 1, NULL, 0), EINVAL);
	/* Without a file it is there, but cannot be reached. */
	map.argsz = sizeof(map);
	assert_int_equal(ask(VFIO_USER_DMA_MAP, &map, sizeof(map), NULL, 0, NULL, 0), 0);
	assert_int_equal(vfio_user_dma_read(server, 0x50000000, &value, 4), -EFAULT);
	unmap.size = 0x1000;
	assert_int_equal(ask(VFIO_USER_DMA_UNMAP, &unmap, sizeof(unmap), NULL, 0, NULL, 0), EINVAL);
	unmap.size = 0x4000;
	unmap.flags = 4;
	assert_int_equal(ask(VFIO_USER_DMA_UNMAP, &unmap, sizeof(unmap), NULL, 0, NULL, 0), EINVAL);
	unmap.flags = 0;
	assert_int_equal(ask(VFIO_USER_DMA_UNMAP, &unmap, sizeof(unmap), NULL, 0, &reply, sizeof(reply)), 0);
	assert_memory_equal(&unmap, &reply, sizeof(reply));
	assert_int_equal(vfio_user_dma_read(server, 0x40000100, &value, 4), -EFAULT);
	unmap.flags = VFIO_DMA_UNMAP_FLAG_ALL;
	assert_int_equal(ask(VFIO_USER_DMA_UNMAP, &unmap, sizeof(unmap), NULL, 0, NULL, 0), EINVAL);
	unmap.address = unmap.size = 0;
	assert_int_equal(ask(VFIO_USER_DMA_UNMAP, &unmap, sizeof(unmap), NULL, 0, &reply, sizeof(reply)), 0);
	map.size = 0x1000;
	assert_int_equal(ask(VFIO_USER_DMA_MAP, &map, sizeof(map), fds, 1, NULL, 0), 0);
	/* A client that goes takes its memory along. */
	vfio_user_disconnect(server);
	assert_int_equal(vfio_user_dma_read(server, 0x50000000, &value, 4), -EFAULT);
	close(fds[0]);
	close(fds[1]);
}

static uint32_t set_irqs(uint32_t flags, uint32_t index, uint32_t start, uint32_t count, const void *data, size_t len,
			 const int *fds, size_t fd_count)
{
	struct {
		struct vfio_irq_set set;
		uint8_t data[64];
	} __attribute__((packed)) message = {
		.set = { .argsz = (uint32_t)(sizeof(struct vfio_irq_set) + len), .flags = flags, .index = index,
			 .start = start, .count = count },
	};

	if (len)
		memcpy(message.data, data, len);
	return ask(VFIO_USER_DEVICE_SET_IRQS, &message, sizeof(struct vfio_irq_set) + len, fds, fd_count, NULL, 0);
}

/* How often an event descriptor was signalled since the last look. */
static uint64_t signalled(int fd)
{
	uint64_t n = 0;

	return read(fd, &n, sizeof(n)) == sizeof(n) ? n : 0;
}

#define TRIGGER VFIO_IRQ_SET_ACTION_TRIGGER

static void interrupts(void **state)
{
	const uint8_t bools[4] = { 0, 1, 0, 1 };
	int fds[8];

	(void)state;
	for (size_t i = 0; i < 8; i++)
		fds[i] = eventfd(0, EFD_NONBLOCK);
	assert_int_equal(vfio_user_msix(server, 0), -ENOENT);
	assert_int_equal(set_irqs(VFIO_IRQ_SET_DATA_EVENTFD | TRIGGER, 2, 0, 4, NULL, 0, fds, 4), 0);
	assert_int_equal(device.ready, 0xf);
	assert_int_equal(set_irqs(VFIO_IRQ_SET_DATA_EVENTFD | TRIGGER, 2, 6, 2, NULL, 0, fds + 6, 2), 0);
	assert_int_equal(device.ready, 0xcf);
	assert_int_equal(vfio_user_msix(server, 1), 0);
	assert_int_equal(signalled(fds[1]), 1);
	assert_int_equal(vfio_user_msix(server, 4), -ENOENT);
	assert_int_equal(vfio_user_msix(server, VECTORS), -ENOENT);
	/* The client fires them itself. */
	assert_int_equal(set_irqs(VFIO_IRQ_SET_DATA_BOOL | TRIGGER, 2, 0, 4, bools, 4, NULL, 0), 0);
	assert_int_equal(set_irqs(VFIO_IRQ_SET_DATA_NONE | TRIGGER, 2, 3, 1, NULL, 0, NULL, 0), 0);
	assert_int_equal(signalled(fds[0]), 0);
	assert_int_equal(signalled(fds[1]), 1);
	assert_int_equal(signalled(fds[3]), 2);
	/* Replaced, taken away one by one, and all at once */
	assert_int_equal(set_irqs(VFIO_IRQ_SET_DATA_EVENTFD | TRIGGER, 2, 0, 1, NULL, 0, fds + 5, 1), 0);
	assert_int_equal(vfio_user_msix(server, 0), 0);
	assert_int_equal(signalled(fds[0]), 0);
	assert_int_equal(signalled(fds[5]), 1);
	assert_int_equal(set_irqs(VFIO_IRQ_SET_DATA_EVENTFD | TRIGGER, 2, 0, 2, NULL, 0, NULL, 0), 0);
	assert_int_equal(vfio_user_msix(server, 0), -ENOENT);
	assert_int_equal(vfio_user_msix(server, 2), 0);
	assert_int_equal(set_irqs(VFIO_IRQ_SET_DATA_NONE | TRIGGER, 2, 0, 0, NULL, 0, NULL, 0), 0);
	assert_int_equal(vfio_user_msix(server, 2), -ENOENT);
	/* Disabling what is not there is no error: QEMU does it for every kind. */
	assert_int_equal(set_irqs(VFIO_IRQ_SET_DATA_NONE | TRIGGER, 0, 0, 0, NULL, 0, NULL, 0), 0);
	for (size_t i = 0; i < 8; i++)
		close(fds[i]);
}

static void bad_interrupts(void **state)
{
	const struct {
		uint32_t flags, index, start, count;
		size_t len, fd_count;
		uint32_t error;
	} bad[] = {
		{ VFIO_IRQ_SET_DATA_EVENTFD | TRIGGER, 2, 0, 2, 0, 1, EINVAL },
		{ VFIO_IRQ_SET_DATA_EVENTFD | TRIGGER, 2, 0, 1, 0, 2, EINVAL },
		{ VFIO_IRQ_SET_DATA_EVENTFD | TRIGGER, 2, 0, 0, 0, 0, EINVAL },
		{ VFIO_IRQ_SET_DATA_EVENTFD | TRIGGER, 2, VECTORS - 1, 2, 0, 2, EINVAL },
		{ VFIO_IRQ_SET_DATA_EVENTFD | TRIGGER, 2, UINT32_MAX, 2, 0, 2, EINVAL },
		{ VFIO_IRQ_SET_DATA_EVENTFD | TRIGGER, 2, 1, UINT32_MAX, 0, 0, EINVAL },
		{ VFIO_IRQ_SET_DATA_EVENTFD | TRIGGER, 0, 0, 1, 0, 1, EINVAL },
		{ VFIO_IRQ_SET_DATA_EVENTFD | TRIGGER, VFIO_PCI_NUM_IRQS, 0, 1, 0, 1, EINVAL },
		{ VFIO_IRQ_SET_DATA_EVENTFD | TRIGGER, 2, 0, 1, 4, 1, EINVAL },
		{ VFIO_IRQ_SET_DATA_NONE | TRIGGER, 2, 0, 1, 0, 1, EINVAL },
		{ VFIO_IRQ_SET_DATA_NONE | TRIGGER, 2, 0, VECTORS + 1, 0, 0, EINVAL },
		{ VFIO_IRQ_SET_DATA_BOOL | TRIGGER, 2, 0, 4, 3, 0, EINVAL },
		{ VFIO_IRQ_SET_DATA_BOOL | TRIGGER, 2, 0, 4, 5, 0, EINVAL },
		{ VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_DATA_BOOL | TRIGGER, 2, 0, 1, 1, 0, EINVAL },
		{ VFIO_IRQ_SET_DATA_NONE, 2, 0, 1, 0, 0, EINVAL },
		{ TRIGGER, 2, 0, 1, 0, 0, EINVAL },
		{ VFIO_IRQ_SET_DATA_NONE | TRIGGER | VFIO_IRQ_SET_ACTION_MASK, 2, 0, 1, 0, 0, EINVAL },
		{ VFIO_IRQ_SET_DATA_NONE | TRIGGER | 1u << 20, 2, 0, 1, 0, 0, EINVAL },
		{ VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_MASK, 2, 0, 1, 0, 0, ENOTSUP },
		{ VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_UNMASK, 2, 0, 1, 0, 0, ENOTSUP },
	};
	int fds[2] = { eventfd(0, EFD_NONBLOCK), eventfd(0, EFD_NONBLOCK) };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(set_irqs(bad[i].flags, bad[i].index, bad[i].start, bad[i].count, "\1\1\1\1\1",
					  bad[i].len, fds, bad[i].fd_count), bad[i].error);
	assert_int_equal(device.ready, 0);
	assert_int_equal(signalled(fds[0]) + signalled(fds[1]), 0);
	close(fds[0]);
	close(fds[1]);
}

/* A descriptor that would block when it is full must not stop the simulator. */
static void full_eventfd(void **state)
{
	const uint64_t full = UINT64_MAX - 1;
	int fd = eventfd(0, 0);

	(void)state;
	assert_int_equal(write(fd, &full, sizeof(full)), sizeof(full));
	assert_int_equal(set_irqs(VFIO_IRQ_SET_DATA_EVENTFD | TRIGGER, 2, 0, 1, NULL, 0, &fd, 1), 0);
	assert_int_equal(vfio_user_msix(server, 0), 0);
	close(fd);
}

static void reset(void **state)
{
	(void)state;
	assert_int_equal(ask(VFIO_USER_DEVICE_RESET, NULL, 0, NULL, 0, NULL, 0), 0);
	assert_int_equal(device.resets, 1);
}

static void unknown_commands(void **state)
{
	const uint16_t unknown[] = {
		0, VFIO_USER_DEVICE_GET_REGION_IO_FDS, VFIO_USER_DMA_READ, VFIO_USER_DMA_WRITE, 14,
		VFIO_USER_DEVICE_FEATURE, VFIO_USER_MIG_DATA_READ, VFIO_USER_MIG_DATA_WRITE, 19, 255, UINT16_MAX,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
		assert_int_equal(ask(unknown[i], "payload", 7, NULL, 0, NULL, 0), ENOTSUP);
}

/* Each command with too short and too long a payload */
static void wrong_sizes(void **state)
{
	const struct {
		uint16_t command;
		size_t len;
	} sizes[] = {
		{ VFIO_USER_DMA_MAP, 31 }, { VFIO_USER_DMA_MAP, 33 }, { VFIO_USER_DMA_MAP, 0 },
		{ VFIO_USER_DMA_UNMAP, 23 }, { VFIO_USER_DMA_UNMAP, 25 }, { VFIO_USER_DEVICE_GET_INFO, 15 },
		{ VFIO_USER_DEVICE_GET_INFO, 17 }, { VFIO_USER_DEVICE_GET_REGION_INFO, 31 },
		{ VFIO_USER_DEVICE_GET_REGION_INFO, 33 }, { VFIO_USER_DEVICE_GET_IRQ_INFO, 15 },
		{ VFIO_USER_DEVICE_GET_IRQ_INFO, 17 }, { VFIO_USER_DEVICE_SET_IRQS, 19 },
		{ VFIO_USER_REGION_READ, 15 }, { VFIO_USER_REGION_READ, 17 }, { VFIO_USER_REGION_WRITE, 15 },
		{ VFIO_USER_DEVICE_RESET, 1 }, { VFIO_USER_REGION_WRITE_MULTI, 7 }, { VFIO_USER_VERSION, 3 },
	};
	static const uint8_t zeroes[64];

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		assert_int_equal(ask(sizes[i].command, zeroes, sizes[i].len, NULL, 0, NULL, 0), EINVAL);
	assert_int_equal(device.reads + device.writes + device.resets, 0);
}

static void beyond_repair(void **state)
{
	const struct vfio_user_header bad[] = {
		{ .command = VFIO_USER_DEVICE_RESET, .size = 15 },
		{ .command = VFIO_USER_DEVICE_RESET, .size = 0 },
		{ .command = VFIO_USER_DEVICE_RESET, .size = UINT32_MAX },
		{ .command = VFIO_USER_REGION_WRITE, .size = VFIO_USER_DATA_MAX + 33 },
		{ .command = VFIO_USER_DEVICE_RESET, .size = 16, .flags = VFIO_USER_TYPE_REPLY },
		{ .command = VFIO_USER_DMA_READ, .size = 16, .flags = VFIO_USER_TYPE_REPLY | VFIO_USER_ERROR },
		{ .command = VFIO_USER_DEVICE_RESET, .size = 16, .flags = 2 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		send_bytes(&bad[i], sizeof(bad[i]), NULL, 0);
		expect_hang_up(-EPROTO);
	}
	assert_int_equal(device.resets, 0);
}

/* The largest message that there can be arrives in pieces and is answered. */
static void largest_message(void **state)
{
	size_t len = sizeof(struct vfio_user_region_access) + VFIO_USER_DATA_MAX, sent = 0;
	struct vfio_user_region_access access = { 0, 0, VFIO_USER_DATA_MAX };
	struct vfio_user_header header = {
		.id = 0x1234, .command = VFIO_USER_REGION_WRITE, .size = (uint32_t)(sizeof(header) + len),
	};
	uint8_t *message = calloc(1, header.size);
	uint32_t error;

	(void)state;
	memcpy(message, &header, sizeof(header));
	memcpy(message + sizeof(header), &access, sizeof(access));
	while (sent < header.size) {
		ssize_t n = send(client, message + sent, header.size - sent, MSG_DONTWAIT);

		sent += n > 0 ? (size_t)n : 0;
		assert_int_equal(vfio_user_serve(server), 0);
	}
	take_reply(VFIO_USER_REGION_WRITE, &error, NULL, 0);
	assert_int_equal(error, EINVAL);	/* longer than the region */
	free(message);
}

/* Byte by byte, with a wait in between */
static void torn_messages(void **state)
{
	struct {
		struct vfio_user_header header;
		struct vfio_user_region_access access;
		uint8_t data[4];
	} __attribute__((packed)) message = {
		{ .id = 0x1234, .command = VFIO_USER_REGION_WRITE, .size = sizeof(message) }, { 0x20, 0, 4 },
		{ 5, 6, 7, 8 },
	};
	uint32_t error;

	(void)state;
	for (size_t i = 0; i < sizeof(message); i++) {
		assert_int_equal(device.writes, 0);
		send_bytes((uint8_t *)&message + i, 1, NULL, 0);
		assert_int_equal(vfio_user_serve(server), 0);
	}
	assert_int_equal(device.writes, 1);
	take_reply(VFIO_USER_REGION_WRITE, &error, &message.access, sizeof(message.access));
	assert_int_equal(error, 0);
}

/* At every byte of a message, with and without descriptors, the client can be gone. */
static void client_leaves(void **state)
{
	struct {
		struct vfio_user_header header;
		struct vfio_user_dma_map map;
	} message = {
		{ .command = VFIO_USER_DMA_MAP, .size = sizeof(message) },
		{ .argsz = sizeof(message.map), .flags = RW, .size = 0x1000 },
	};
	int fd = memfd_create("guest", MFD_CLOEXEC);

	(void)state;
	assert_int_equal(ftruncate(fd, 0x1000), 0);
	for (size_t len = 0; len <= sizeof(message); len++) {
		if (len)
			send_bytes(&message, len, &fd, 1);
		shutdown(client, SHUT_WR);
		assert_int_equal(vfio_user_serve(server), -ECONNRESET);
		close(client);
		connect_client();
		free(shake_hands(0, NULL));
	}
	close(fd);
}

/* Descriptors that no command asked for, and more than can be received */
static void stray_descriptors(void **state)
{
	int fds[40];
	struct vfio_user_region_access access = { 0, 0, 1 };

	(void)state;
	for (size_t i = 0; i < 40; i++)
		fds[i] = eventfd(0, EFD_NONBLOCK);
	assert_int_equal(ask(VFIO_USER_DEVICE_RESET, NULL, 0, fds, 1, NULL, 0), EINVAL);
	assert_int_equal(ask(VFIO_USER_REGION_READ, &access, sizeof(access), fds, 3, NULL, 0), EINVAL);
	assert_int_equal(ask(77, NULL, 0, fds, 16, NULL, 0), ENOTSUP);
	for (size_t count = 17; count <= 40; count += 23) {
		assert_int_equal(set_irqs(VFIO_IRQ_SET_DATA_EVENTFD | TRIGGER, 2, 0, 16, NULL, 0, fds, count), EINVAL);
		assert_int_equal(ask(VFIO_USER_DEVICE_RESET, NULL, 0, fds, count, NULL, 0), EINVAL);
	}
	assert_int_equal(device.resets, 0);
	assert_int_equal(set_irqs(VFIO_IRQ_SET_DATA_EVENTFD | TRIGGER, 2, 0, 16, NULL, 0, fds, 16), 0);
	for (size_t i = 0; i < 40; i++)
		close(fds[i]);
}

/* Some descriptors with each byte of one message */
static void creeping_descriptors(void **state)
{
	struct vfio_user_header header = { .id = 0x1234, .command = VFIO_USER_DEVICE_RESET, .size = sizeof(header) };
	int fds[5];
	uint32_t error;

	(void)state;
	for (size_t i = 0; i < 5; i++)
		fds[i] = eventfd(0, EFD_NONBLOCK);
	for (size_t i = 0; i < sizeof(header); i++) {
		send_bytes((uint8_t *)&header + i, 1, fds, 5);
		assert_int_equal(vfio_user_serve(server), 0);
	}
	take_reply(VFIO_USER_DEVICE_RESET, &error, NULL, 0);
	assert_int_equal(error, EINVAL);
	for (size_t i = 0; i < 5; i++)
		close(fds[i]);
}

/* A client that sends and never reads: the server keeps one reply, takes no more requests, and goes on later. */
static void deaf_client(void **state)
{
	struct {
		struct vfio_user_header header;
		struct vfio_user_region_access access;
	} request = {
		{ .id = 0x1234, .command = VFIO_USER_REGION_READ, .size = sizeof(request) },
		{ 0, VFIO_PCI_CONFIG_REGION_INDEX, BAR_SIZE },
	};
	uint8_t reply[16 + 16 + BAR_SIZE];
	unsigned int asked = 0, served;

	(void)state;
	while (send(client, &request, sizeof(request), MSG_DONTWAIT) == sizeof(request)) {
		asked++;
		assert_int_equal(vfio_user_serve(server), 0);
	}
	served = device.reads;
	assert_true(served < asked);
	assert_int_equal(vfio_user_poll_events(server), POLLOUT);
	assert_int_equal(vfio_user_serve(server), 0);
	assert_int_equal(device.reads, served);
	for (unsigned int i = 0; i < asked; i++) {
		size_t got = 0;

		while (got < sizeof(reply)) {
			ssize_t n = recv(client, reply + got, sizeof(reply) - got, MSG_DONTWAIT);

			got += n > 0 ? (size_t)n : 0;
			assert_int_equal(vfio_user_serve(server), 0);
		}
		assert_memory_equal(reply + 16, &request.access, sizeof(request.access));
	}
	assert_int_equal(device.reads, asked);
	assert_int_equal(vfio_user_poll_events(server), POLLIN);
	no_reply();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(handshake, setup_raw, teardown),
		cmocka_unit_test_setup_teardown(bad_handshakes, setup_raw, teardown),
		cmocka_unit_test_setup_teardown(information, setup, teardown),
		cmocka_unit_test_setup_teardown(region_access, setup, teardown),
		cmocka_unit_test_setup_teardown(agreed_size, setup_raw, teardown),
		cmocka_unit_test_setup_teardown(posted_writes, setup, teardown),
		cmocka_unit_test_setup_teardown(write_multi, setup, teardown),
		cmocka_unit_test_setup_teardown(guest_memory, setup, teardown),
		cmocka_unit_test_setup_teardown(interrupts, setup, teardown),
		cmocka_unit_test_setup_teardown(bad_interrupts, setup, teardown),
		cmocka_unit_test_setup_teardown(full_eventfd, setup, teardown),
		cmocka_unit_test_setup_teardown(reset, setup, teardown),
		cmocka_unit_test_setup_teardown(unknown_commands, setup, teardown),
		cmocka_unit_test_setup_teardown(wrong_sizes, setup, teardown),
		cmocka_unit_test_setup_teardown(beyond_repair, setup, teardown),
		cmocka_unit_test_setup_teardown(largest_message, setup, teardown),
		cmocka_unit_test_setup_teardown(torn_messages, setup, teardown),
		cmocka_unit_test_setup_teardown(client_leaves, setup, teardown),
		cmocka_unit_test_setup_teardown(stray_descriptors, setup, teardown),
		cmocka_unit_test_setup_teardown(creeping_descriptors, setup, teardown),
		cmocka_unit_test_setup_teardown(deaf_client, setup, teardown),
	};

	alarm(60);	/* a server that stops answering must not stop the tests */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
