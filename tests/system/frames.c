// SPDX-License-Identifier: Apache-2.0
/*
 * Frames to and from an interface, to see which pass a filter.
 *
 *   frames send INTERFACE          sends what stdin says, a frame a line: DESTINATION SOURCE VLAN NAME
 *   frames recv INTERFACE READY    makes the file READY, then prints the frames that arrive until one is named "end"
 *
 * VLAN is "-", or the VLAN ID, with /PCP if the priority is not 0. recv prints NAME, and @VLAN if the frame had a tag; it
 * does not make the interface promiscuous, and fails if there is no end within 20 s.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/ether.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define ETHERTYPE	0x88b5 /* IEEE 802: local experiments */
#define TIMEOUT		20     /* s */
#define NAME_MAX_LEN	31
#define VLAN_HLEN	4

static void die(const char *what)
{
	fprintf(stderr, "frames: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int open_socket(const char *interface)
{
	struct sockaddr_ll address = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	int fd = socket(AF_PACKET, SOCK_RAW, 0);

	address.sll_ifindex = if_nametoindex(interface);
	if (fd < 0 || !address.sll_ifindex || bind(fd, (void *)&address, sizeof(address)))
		die(interface);
	return fd;
}

static void put16(unsigned char *at, unsigned int value)
{
	at[0] = value >> 8;
	at[1] = value & 0xff;
}

static unsigned int get16(const unsigned char *at)
{
	return at[0] << 8 | at[1];
}

static int send_frames(const char *interface)
{
	char destination[18], source[18], vlan[10], name[NAME_MAX_LEN + 1];
	int fd = open_socket(interface);
	int words;

	while ((words = scanf("%17s %17s %9s %31s", destination, source, vlan, name)) == 4) {
		unsigned char frame[ETH_ZLEN] = { 0 };
		unsigned int vid, pcp = 0, at = 2 * ETH_ALEN;

		if (!ether_aton_r(destination, (void *)frame) || !ether_aton_r(source, (void *)(frame + ETH_ALEN)) ||
		    (strcmp(vlan, "-") && sscanf(vlan, "%u/%u", &vid, &pcp) < 1)) {
			fprintf(stderr, "frames: not a frame: %s %s %s %s\n", destination, source, vlan, name);
			return 1;
		}
		if (strcmp(vlan, "-")) {
			put16(frame + at, ETH_P_8021Q);
			put16(frame + at + 2, vid | pcp << 13);
			at += VLAN_HLEN;
		}
		put16(frame + at, ETHERTYPE);
		strcpy((char *)frame + at + 2, name);
		if (send(fd, frame, sizeof(frame), 0) != sizeof(frame))
			die("send");
	}
	if (words != EOF) {
		fprintf(stderr, "frames: a frame is DESTINATION SOURCE VLAN NAME\n");
		return 1;
	}
	return 0;
}

/* The VLAN tag that the kernel has taken out of the frame, or -1. */
static int tag_beside(struct msghdr *message)
{
	struct cmsghdr *header;

	for (header = CMSG_FIRSTHDR(message); header; header = CMSG_NXTHDR(message, header)) {
		struct tpacket_auxdata data;

		if (header->cmsg_level != SOL_PACKET || header->cmsg_type != PACKET_AUXDATA)
			continue;
		memcpy(&data, CMSG_DATA(header), sizeof(data));
		if (data.tp_status & TP_STATUS_VLAN_VALID)
			return data.tp_vlan_tci;
	}
	return -1;
}

/* Prints the next frame, if it is one of ours. Returns whether it was the end. */
static bool receive(int fd)
{
	unsigned char frame[2048] = { 0 };
	_Alignas(struct cmsghdr) char control[256];
	struct sockaddr_ll from;
	struct iovec piece = { frame, sizeof(frame) - 1 };
	struct msghdr message = { .msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &piece, .msg_iovlen = 1,
				  .msg_control = control, .msg_controllen = sizeof(control) };
	int at = 2 * ETH_ALEN;
	int tag;

	if (recvmsg(fd, &message, 0) < 0)
		die("receive");
	if (from.sll_pkttype == PACKET_OUTGOING)
		return false;
	tag = tag_beside(&message);
	if (tag < 0 && get16(frame + at) == ETH_P_8021Q) {
		tag = get16(frame + at + 2);
		at += VLAN_HLEN;
	}
	if (get16(frame + at) != ETHERTYPE)
		return false;
	if (!strcmp((char *)frame + at + 2, "end"))
		return true;
	printf("%.*s", NAME_MAX_LEN, frame + at + 2);
	if (tag >= 0)
		printf("@%d", tag & 0xfff);
	if (tag >= 0 && tag >> 13)
		printf("/%d", tag >> 13);
	printf("\n");
	fflush(stdout);
	return false;
}

static int receive_frames(const char *interface, const char *ready)
{
	struct pollfd socket = { .fd = open_socket(interface), .events = POLLIN };
	time_t deadline = time(NULL) + TIMEOUT;
	int one = 1;
	FILE *file;

	if (setsockopt(socket.fd, SOL_PACKET, PACKET_AUXDATA, &one, sizeof(one)))
		die("PACKET_AUXDATA");
	file = fopen(ready, "w");
	if (!file || fclose(file))
		die(ready);
	while (time(NULL) < deadline)
		if (poll(&socket, 1, 100) > 0 && receive(socket.fd))
			return 0;
	printf("no end on %s within %d s\n", interface, TIMEOUT);
	return 1;
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "send"))
		return send_frames(argv[2]);
	if (argc == 4 && !strcmp(argv[1], "recv"))
		return receive_frames(argv[2], argv[3]);
	fprintf(stderr, "usage: frames send INTERFACE | frames recv INTERFACE READY\n");
	return 2;
}
