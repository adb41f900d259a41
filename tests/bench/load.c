// SPDX-License-Identifier: Apache-2.0
/*
 * Load for tests/bench/guest: frames as fast as an interface takes them.
 *
 *   load send INTERFACE MAC SIZE COUNT    sends COUNT frames of SIZE bytes to MAC
 *   load serve INTERFACE                  does so whenever somebody asks by a frame; the frames go to who asked
 *   load ask INTERFACE MAC SIZE COUNT     asks; with a SIZE of 0, to compute for COUNT milliseconds instead
 *
 * SIZE is that of the frame with its 14 bytes of header and without the checksum (FCS). The types are those for local
 * experiments (IEEE 802): nobody answers them, and the kernels along the way only pass them on.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/ether.h>
#include <netpacket/packet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define TYPE_REQUEST 0x88b5
#define TYPE_LOAD 0x88b6
#define SIZE_MAX_FRAME 9014
#define SEND_BUFFER (4 << 20)

struct request {
	struct ether_header header;
	uint32_t size;
	uint32_t count;
} __attribute__((packed));

static int fd;
static uint8_t own[ETH_ALEN];
static uint8_t frame[SIZE_MAX_FRAME];

static void fail(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void open_interface(const char *name, uint16_t type)
{
	struct sockaddr_ll address = { .sll_family = AF_PACKET, .sll_protocol = htons(type) };
	struct ifreq request = { 0 };

	fd = socket(AF_PACKET, SOCK_RAW, 0);
	if (fd < 0)
		fail("socket");
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if (ioctl(fd, SIOCGIFHWADDR, &request))
		fail(name);
	memcpy(own, request.ifr_hwaddr.sa_data, ETH_ALEN);
	address.sll_ifindex = (int)if_nametoindex(name);
	/* So much that the interface's ring is the limit, not the socket. */
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &(int) { SEND_BUFFER }, sizeof(int)))
		fail("send buffer");
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)))
		fail(name);
}

static void fill_header(struct ether_header *header, const uint8_t *to, uint16_t type)
{
	memcpy(header->ether_dhost, to, ETH_ALEN);
	memcpy(header->ether_shost, own, ETH_ALEN);
	header->ether_type = htons(type);
}

static void send_load(const uint8_t *to, uint32_t size, uint32_t count)
{
	if (size < sizeof(struct ether_header) || size > sizeof(frame)) {
		errno = EINVAL;
		fail("size");
	}
	fill_header((struct ether_header *)frame, to, TYPE_LOAD);
	while (count)
		if (send(fd, frame, size, 0) == size)
			count--;
		else if (errno != ENOBUFS)
			fail("send");
}

static void compute(uint32_t ms)
{
	struct timespec start, now;

	clock_gettime(CLOCK_MONOTONIC, &start);
	do
		clock_gettime(CLOCK_MONOTONIC, &now);
	while ((now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1000000 < (int64_t)ms);
}

static void serve(void)
{
	struct request request;
	struct sockaddr_ll from;
	socklen_t size = sizeof(from);

	for (;;) {
		if (recvfrom(fd, &request, sizeof(request), MSG_TRUNC, (struct sockaddr *)&from, &size) <
		    (ssize_t)sizeof(request) || from.sll_pkttype != PACKET_HOST)
			continue;
		if (request.size)
			send_load(request.header.ether_shost, ntohl(request.size), ntohl(request.count));
		else
			compute(ntohl(request.count));
	}
}

static void ask(const uint8_t *to, uint32_t size, uint32_t count)
{
	struct request request = { .size = htonl(size), .count = htonl(count) };

	fill_header(&request.header, to, TYPE_REQUEST);
	if (send(fd, &request, sizeof(request), 0) != sizeof(request))
		fail("send");
}

int main(int argc, char **argv)
{
	struct ether_addr *to = argc == 6 ? ether_aton(argv[3]) : NULL;

	if (argc == 3 && !strcmp(argv[1], "serve")) {
		open_interface(argv[2], TYPE_REQUEST);
		serve();
	} else if (to && !strcmp(argv[1], "send")) {
		open_interface(argv[2], TYPE_LOAD);
		send_load(to->ether_addr_octet, (uint32_t)atoi(argv[4]), (uint32_t)atoi(argv[5]));
	} else if (to && !strcmp(argv[1], "ask")) {
		open_interface(argv[2], TYPE_REQUEST);
		ask(to->ether_addr_octet, (uint32_t)atoi(argv[4]), (uint32_t)atoi(argv[5]));
	} else {
		fprintf(stderr, "usage: load send|ask INTERFACE MAC SIZE COUNT | load serve INTERFACE\n");
		return 2;
	}
	return 0;
}
