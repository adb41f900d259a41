// SPDX-License-Identifier: Apache-2.0
/*
 * Fuzz target: a hostile vfio-user client. The input is what it does, step by step, at the socket of a whole board
 * (parser, dispatcher, PCI function, guest memory) with a card that does nothing behind it:
 *
 *   byte 0 of the input: bit 0: no handshake before the rest
 *   then steps of: control, command, length (2 bytes, little endian), `length` bytes
 *     control bits 0 to 4: how many descriptors go along; bit 5: the bytes are a payload, and get a header with
 *     `command` and the right size; bit 6: the header asks for no reply; bit 7: the card does DMA and interrupts
 *
 * Besides crashes, it finds descriptors that stay open.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "board.h"
#include "log.h"
#include "protocol.h"
#include "sim_fake_model.h"

#define DESCRIPTORS 31
#define GUEST_BYTES 0x10000

static struct board *board;
static int descriptors[DESCRIPTORS];

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "fuzz_vfio_user: %s\n", what);
	abort();
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	char error[256];

	(void)argc, (void)argv;
	log_to(fopen("/dev/null", "w"), LEVEL_DEBUG);
	board = board_new(&(struct pcie_config){ 0 }, 1, port_open("loopback", error, sizeof(error)));
	for (int i = 0; i < DESCRIPTORS; i++) {
		switch (i % 4) {
		case 0:
			descriptors[i] = memfd_create("guest", MFD_CLOEXEC);
			if (ftruncate(descriptors[i], GUEST_BYTES))
				fail("ftruncate");
			break;
		case 1: descriptors[i] = eventfd(0, EFD_CLOEXEC); break;
		case 2: descriptors[i] = open("/dev/null", O_RDWR | O_CLOEXEC); break;
		default: descriptors[i] = open("/", O_RDONLY | O_CLOEXEC); break;
		}
	}
	return board ? 0 : -1;
}

/* The lowest descriptor that is free: it moves up if one was left open. */
static int lowest_free(void)
{
	int fd = fcntl(STDERR_FILENO, F_DUPFD, 0);

	close(fd);
	return fd;
}

static void send_step(int client, const void *data, size_t len, size_t fd_count, int first_fd)
{
	union {
		struct cmsghdr header;
		uint8_t space[CMSG_SPACE(sizeof(descriptors))];
	} control = { .header = { CMSG_LEN(sizeof(int) * fd_count), SOL_SOCKET, SCM_RIGHTS } };
	struct iovec iov = { (void *)data, len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	for (size_t i = 0; i < fd_count; i++)
		memcpy(CMSG_DATA(&control.header) + i * sizeof(int),
		       &descriptors[((size_t)first_fd + i) % DESCRIPTORS], sizeof(int));
	if (fd_count) {
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * fd_count);
	}
	if (len && sendmsg(client, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		fail("sendmsg");
}

/* The card does what a card does, wherever the client has put its memory. */
static void use_card(void)
{
	static const uint64_t addresses[] = { 0, 0xff0, 0x1000, 0x40000000, UINT64_MAX - 0xfff };
	uint8_t data[4096] = { 0 };

	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		fake.ops->dma_read(fake.opaque, addresses[i], data, 8);
		fake.ops->dma_write(fake.opaque, addresses[i], data, addresses[i] & 0xff0 ? 16 : sizeof(data));
	}
	for (unsigned int vector = 0; vector <= VQNIC_MSIX_VECTOR_COUNT; vector++)
		fake.ops->msix(fake.opaque, vector);
	fake.ops->tx_frame(fake.opaque, data, 60);
	board_run(board, 64);
}

/* Returns false when the server has hung up. */
static bool serve(int client)
{
	static uint8_t replies[1 << 16];
	bool up = board_serve(board);

	while (recv(client, replies, sizeof(replies), MSG_DONTWAIT) > 0)
		;
	return up;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t message[sizeof(struct vfio_user_header) + UINT16_MAX];
	static const uint8_t version[4];
	struct vfio_user_header header = { .command = VFIO_USER_VERSION, .size = sizeof(header) + sizeof(version) };
	int free_before = lowest_free(), ends[2];
	bool up = true;

	if (!size)
		return 0;
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) || board_connect(board, ends[1]))
		fail("no connection");
	if (!(*data & 1)) {
		memcpy(message, &header, sizeof(header));
		memcpy(message + sizeof(header), version, sizeof(version));
		send_step(ends[0], message, header.size, 0, 0);
		up = serve(ends[0]);
	}
	data++, size--;
	while (up && size >= 4) {
		uint8_t control = data[0];
		size_t len = data[2] | (size_t)data[3] << 8, start = 0;

		header = (struct vfio_user_header){ .id = 1, .command = data[1] };
		data += 4, size -= 4;
		if (len > size)
			len = size;
		if (control & 0x20) {
			start = sizeof(header);
			header.size = (uint32_t)(start + len);
			header.flags = control & 0x40 ? VFIO_USER_NO_REPLY : 0;
			memcpy(message, &header, sizeof(header));
		}
		memcpy(message + start, data, len);
		send_step(ends[0], message, start + len, control % DESCRIPTORS & 0x1f, header.command);
		data += len, size -= len;
		up = serve(ends[0]);
		if (control & 0x80)
			use_card();
	}
	close(ends[0]);
	while (up)
		up = board_serve(board);
	if (board_client_fd(board) >= 0)
		fail("the connection did not end");
	if (lowest_free() != free_before)
		fail("a descriptor was left open");
	return 0;
}
