// SPDX-License-Identifier: Apache-2.0
/*
 * netlink_fuzz WHO MESSAGES SEED STATE DEV...: sends so many messages to the generic netlink family "vqnic" that a careless
 * or hostile program could send: random ones, and right ones with wrong bytes, lengths, types, nests, twice or missing.
 * STATE is a state of the first DEV, as `vqnicctl migrate save` writes it. WHO:
 *
 *   root      what is refused must have changed nothing of the devices
 *   nobody    nothing must change, whatever is sent; what changes something must be refused with -EPERM
 *   many      four processes at once, and one that listens to events and never reads them
 *
 * The devices must not be used, but they may run, and nobody else may change them. Exit status 0: all is well; otherwise one line says what is wrong.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/genetlink.h>
#include <linux/netlink.h>

#include "vhost.h"

#define NOBODY 65534
#define PROCESSES 4
#define MESSAGE_BYTES 70000
#define REPLY_BYTES (1 << 20)

static struct message {
	size_t len;
	_Alignas(8) uint8_t bytes[MESSAGE_BYTES];
} m;

static uint8_t reply[REPLY_BYTES];
static int sock;
static uint16_t family;
static char **devs;
static unsigned int dev_count;
static struct vqnic_state state;

/* ---- messages ---- */

/* Adds bytes, random ones if there are none; what has no room is left out. */
static void put(const void *data, size_t len)
{
	if (m.len + NLMSG_ALIGN(len) > sizeof(m.bytes))
		return;
	for (size_t i = 0; i < len; i++)
		m.bytes[m.len + i] = data ? ((const uint8_t *)data)[i] : (uint8_t)random64();
	memset(m.bytes + m.len + len, 0, NLMSG_ALIGN(len) - len);
	m.len += NLMSG_ALIGN(len);
}

static void put_attr(uint16_t type, const void *data, size_t len)
{
	struct nlattr attr = { .nla_type = type, .nla_len = (uint16_t)(sizeof(attr) + len) };

	put(&attr, sizeof(attr));
	put(data, len);
}

static size_t begin_nest(uint16_t type)
{
	struct nlattr attr = { .nla_type = type | NLA_F_NESTED };
	size_t at = m.len;

	put(&attr, sizeof(attr));
	return at;
}

static void end_nest(size_t at)
{
	uint16_t len = (uint16_t)(m.len - at);

	memcpy(m.bytes + at, &len, sizeof(len));
}

static void begin(uint16_t type, uint16_t flags, uint8_t command)
{
	struct nlmsghdr header = { .nlmsg_type = type, .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags };
	struct genlmsghdr genl = { .cmd = command, .version = 1 };

	m.len = 0;
	put(&header, sizeof(header));
	put(&genl, sizeof(genl));
}

/* Sends `len` bytes of it. Returns what the kernel answers: 0, a negative errno, or 1: nothing. *size: bytes of replies. */
static int send_message(size_t len, size_t *size)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	int verdict = 1;
	ssize_t got;

	memcpy(m.bytes, &(uint32_t){ (uint32_t)len }, sizeof(uint32_t));
	*size = 0;
	if (sendto(sock, m.bytes, len, 0, (struct sockaddr *)&kernel, sizeof(kernel)) < 0)
		return -errno;
	/* The kernel has answered when send() returns; the rest of a dump comes as it is read. */
	while ((got = recv(sock, reply + *size, sizeof(reply) - *size, MSG_DONTWAIT)) > 0) {
		const struct nlmsghdr *header = (const void *)(reply + *size);

		if (header->nlmsg_type == NLMSG_ERROR)
			verdict = ((const struct nlmsgerr *)NLMSG_DATA(header))->error;
		else if (header->nlmsg_type == NLMSG_DONE)
			verdict = 0;
		*size += NLMSG_ALIGN((size_t)got);
		if (*size + 65536 > sizeof(reply))
			*size = 0;
	}
	return verdict;
}

static void find_family(void)
{
	const struct nlmsghdr *header = (const void *)reply;
	size_t size;

	begin(GENL_ID_CTRL, 0, CTRL_CMD_GETFAMILY);
	put_attr(CTRL_ATTR_FAMILY_NAME, VQNIC_GENL_NAME, sizeof(VQNIC_GENL_NAME));
	if (send_message(m.len, &size) || size < sizeof(*header))
		fail("the driver is not loaded");
	for (size_t at = NLMSG_HDRLEN + GENL_HDRLEN; at + sizeof(struct nlattr) <= header->nlmsg_len;) {
		const struct nlattr *attr = (const void *)(reply + at);

		if (attr->nla_type == CTRL_ATTR_FAMILY_ID)
			memcpy(&family, attr + 1, sizeof(family));
		at += NLA_ALIGN(attr->nla_len);
	}
	if (!family)
		fail("the family has no id");
}

/* A hash of all that the driver says of the devices and what their guests are allowed. */
static uint64_t digest(void)
{
	static const uint8_t commands[] = { VQNIC_CMD_DEV_GET, VQNIC_CMD_FILTER_GET };
	struct message kept = m;
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (unsigned int i = 0; i < dev_count * 2; i++) {
		size_t size;

		begin(family, 0, commands[i % 2]);
		put_attr(VQNIC_A_DEV_NAME, devs[i / 2], strlen(devs[i / 2]) + 1);
		if (send_message(m.len, &size))
			fail("%s is not there any more", devs[i / 2]);
		/* The last message is the verdict, which repeats the request. */
		for (size_t at = NLMSG_HDRLEN; at < ((const struct nlmsghdr *)(void *)reply)->nlmsg_len; at++)
			hash = (hash ^ reply[at]) * UINT64_C(0x100000001b3);
	}
	m = kept;
	return hash;
}

/* ---- what is sent ---- */

static void put_noise(unsigned int depth)
{
	static const uint16_t lengths[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 63, 64, 255, 256, 511, 512, 513, 4096 };
	uint16_t type = (uint16_t)below(VQNIC_A_MAX + 4);

	if (!below(8))
		type = (uint16_t)random64();
	if (depth < 12 && !below(4)) {
		size_t at = begin_nest(type & NLA_TYPE_MASK);

		for (unsigned int i = below(6); i; i--)
			put_noise(depth + 1);
		end_nest(at);
		return;
	}
	put_attr(type, NULL, below(32) ? lengths[below(sizeof(lengths) / sizeof(lengths[0]))] : below(40000));
}

/* A number below the limit, but now and then the limit. */
static unsigned int most(unsigned int limit)
{
	return below(32) ? below(limit) : limit;
}

static void put_policy(void)
{
	size_t at = begin_nest(VQNIC_A_FILTER_POLICY);
	uint8_t macs[VQNIC_POLICY_MACS + 1][VQNIC_MAC_BYTES] = { 0 }, vlans[VQNIC_VLANS_BYTES] = { 0 };

	for (unsigned int i = 0; i <= VQNIC_POLICY_MACS; i++)
		macs[i][0] = below(2000) ? 2 : 3, macs[i][5] = (uint8_t)i;
	for (unsigned int i = below(40); i; i--)
		vlans[below(sizeof(vlans))] |= (uint8_t)(2 << below(6));
	if (below(2))
		put_attr(VQNIC_FILTER_A_SPOOF_CHECK, &(uint8_t){ (uint8_t)most(2) }, 1);
	if (below(2))
		put_attr(VQNIC_FILTER_A_TRUST, &(uint8_t){ (uint8_t)most(2) }, 1);
	if (below(2))
		put_attr(VQNIC_FILTER_A_PORT_VLAN, &(uint16_t){ (uint16_t)most(4095) }, 2);
	if (!below(8))
		put_attr(VQNIC_FILTER_A_PCP, &(uint8_t){ (uint8_t)most(8) }, 1);
	if (!below(3))
		put_attr(VQNIC_FILTER_A_ALL_VLANS, NULL, 0);
	else if (below(2))
		put_attr(VQNIC_FILTER_A_VLANS, vlans, sizeof(vlans));
	if (below(2))
		put_attr(VQNIC_FILTER_A_MACS_MAX, &(uint32_t){ most(97) }, 4);
	if (below(2))
		put_attr(VQNIC_FILTER_A_UNICAST, macs, most(VQNIC_POLICY_MACS + 1) * sizeof(macs[0]));
	end_nest(at);
}

static void put_range(void)
{
	const uint64_t usual[2] = { 0, UINT64_C(0x100000) };

	for (unsigned int i = 0; i < 2; i++) {
		uint64_t value = below(3) ? usual[i] : below(4) ? below(5000) * UINT64_C(4096) : random64();

		put_attr(i ? VQNIC_A_LOG_SIZE : VQNIC_A_LOG_IOVA, &value, sizeof(value));
	}
}

static void put_state(void)
{
	uint8_t *parts = malloc(state.parts_len);
	size_t at;

	if (!parts)
		fail("out of memory");
	memcpy(parts, state.parts, state.parts_len);
	for (unsigned int i = below(2) ? 0 : below(4); i; i--)
		parts[below((unsigned int)state.parts_len)] ^= (uint8_t)(1 << below(8));
	put_attr(VQNIC_A_DEV_MAC, state.mac, sizeof(state.mac));
	put_attr(VQNIC_A_DEV_MTU, &(uint32_t){ state.mtu }, 4);
	put_attr(VQNIC_A_DEV_PAIRS, &(uint32_t){ state.pairs }, 4);
	put_attr(VQNIC_A_DEV_PARTS, parts, below(8) ? state.parts_len : below((unsigned int)state.parts_len));
	free(parts);
	for (size_t i = 0; i < state.queue_count; i++) {
		uint32_t position = below(32) ? state.queues[i].avail : (uint32_t)random64();

		at = begin_nest(VQNIC_A_QUEUE);
		put_attr(VQNIC_A_QUEUE_INDEX, &(uint32_t){ below(32) ? state.queues[i].index : below(70) }, 4);
		put_attr(VQNIC_A_QUEUE_AVAIL, &position, 4);
		put_attr(VQNIC_A_QUEUE_USED, &position, 4);
		end_nest(at);
	}
	put_policy();
}

/* A message that could be right but for what is done to it. */
static uint8_t make_message(void)
{
	uint8_t command = (uint8_t)below(VQNIC_CMD_MAX + 3);

	begin(family, below(8) ? 0 : NLM_F_DUMP, command);
	if (!below(8)) {
		for (unsigned int i = below(8); i; i--)
			put_noise(0);
		return command;
	}
	if (!below(4))
		put_attr(VQNIC_A_CARD, "0000:00:05.0", sizeof("0000:00:05.0"));
	if (below(16)) {
		const char *dev = devs[below(dev_count)];

		put_attr(VQNIC_A_DEV_NAME, dev, strlen(dev) + 1);
	}
	if (command == VQNIC_CMD_POLICY_SET)
		put_policy();
	else if (command == VQNIC_CMD_LOG_START || command == VQNIC_CMD_LOG_READ)
		put_range();
	else if (command == VQNIC_CMD_STATE_SET)
		put_state();
	if (!below(16))
		put_noise(0);
	if (!below(6))
		for (unsigned int i = 1 + below(3); i; i--)
			m.bytes[NLMSG_HDRLEN + below((unsigned int)(m.len - NLMSG_HDRLEN))] ^= (uint8_t)(1 << below(8));
	return command;
}

static bool changes(uint8_t command)
{
	switch (command) {
	case VQNIC_CMD_POLICY_SET:
	case VQNIC_CMD_LOG_START:
	case VQNIC_CMD_LOG_READ:
	case VQNIC_CMD_LOG_STOP:
	case VQNIC_CMD_SUSPEND:
	case VQNIC_CMD_RESUME:
	case VQNIC_CMD_STATE_GET:
	case VQNIC_CMD_STATE_SET:
		return true;
	default:
		return false;
	}
}

static void run(unsigned int messages, bool watch, bool nobody)
{
	unsigned int done[VQNIC_CMD_MAX + 3] = { 0 }, refused = 0;

	for (unsigned int i = 0; i < messages; i++) {
		uint8_t command = make_message();
		size_t len = m.len, size;
		uint64_t before = 0;
		int verdict;

		if (!below(20))
			len = NLMSG_HDRLEN + below((unsigned int)(len - NLMSG_HDRLEN + 1));
		if (watch)
			before = digest();
		verdict = send_message(len, &size);
		/* What flipping a bit has made of the command is not known here, but the privilege is looked at first. */
		command = len >= NLMSG_HDRLEN + GENL_HDRLEN ? m.bytes[NLMSG_HDRLEN] : 0;
		if (verdict < 0)
			refused++;
		else if (command < sizeof(done) / sizeof(done[0]))
			done[command]++;
		if (nobody && changes(command) && verdict >= 0)
			fail("message %u: command %u is done for nobody", i, command);
		if (watch && (nobody || verdict < 0) && digest() != before)
			fail("message %u: command %u, answered with %d, has changed something", i, command, verdict);
	}
	printf("%u messages, %u refused; done of each command:", messages, refused);
	for (unsigned int i = 1; i <= VQNIC_CMD_MAX; i++)
		printf(" %u", done[i]);
	printf("\n");
	/* Or the test has tried nothing. */
	for (uint8_t i = 1; watch && !nobody && i <= VQNIC_CMD_MAX; i++)
		if (changes(i) && !done[i])
			fail("command %u was never done", i);
}

static void open_socket(void)
{
	const int size = REPLY_BYTES;

	sock = socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC);
	if (sock < 0 || setsockopt(sock, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)))
		fail("socket: %s", strerror(errno));
}

static void run_many(unsigned int messages, uint64_t seed)
{
	struct vqnic *listener = vqnic_new();
	int status;

	if (!listener || vqnic_listen(listener))
		fail("events: %s", listener ? vqnic_error(listener) : "out of memory");
	fflush(stdout);
	for (unsigned int i = 0; i < PROCESSES; i++) {
		if (fork())
			continue;
		random_seed(seed + i);
		open_socket();
		run(messages / PROCESSES, false, false);
		exit(0);
	}
	for (unsigned int i = 0; i < PROCESSES; i++)
		if (wait(&status) < 0 || status)
			fail("a process ended with %#x", status);
	vqnic_free(listener);
}

static void read_state(const char *name)
{
	static uint8_t bytes[65536];
	struct vqnic *vq = vqnic_new();
	FILE *file = fopen(name, "r");
	size_t len;

	if (!file || !vq)
		fail("%s: %s", name, strerror(errno));
	len = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	if (vqnic_state_read(vq, bytes, len, &state))
		fail("%s: %s", name, vqnic_error(vq));
	vqnic_free(vq);
}

int main(int argc, char **argv)
{
	unsigned int messages;
	uint64_t seed;

	if (argc < 6) {
		fprintf(stderr, "usage: netlink_fuzz root|nobody|many MESSAGES SEED STATE DEV...\n");
		return 2;
	}
	setlinebuf(stdout);
	messages = (unsigned int)strtoul(argv[2], NULL, 0);
	seed = strtoull(argv[3], NULL, 0);
	printf("seed %llu\n", (unsigned long long)seed);
	random_seed(seed);
	read_state(argv[4]);
	devs = argv + 5;
	dev_count = (unsigned int)argc - 5;
	open_socket();
	find_family();
	if (!strcmp(argv[1], "many")) {
		run_many(messages, seed);
		return 0;
	}
	if (!strcmp(argv[1], "nobody") && (setresgid(NOBODY, NOBODY, NOBODY) || setresuid(NOBODY, NOBODY, NOBODY)))
		fail("cannot be nobody: %s", strerror(errno));
	/* Who opened a socket may do with it what he may himself. */
	close(sock);
	open_socket();
	run(messages, true, !strcmp(argv[1], "nobody"));
	return 0;
}
