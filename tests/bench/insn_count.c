// SPDX-License-Identifier: Apache-2.0
/*
 * A plugin of QEMU's TCG that counts the instructions which a machine executes, those of virtual machines in it apart:
 *
 *   qemu-system-x86_64 -accel tcg -plugin insn_count.so,socket=PATH
 *
 * Whoever connects to the UNIX socket PATH is sent one line, "HOST GUEST NS": how many instructions all virtual CPUs
 * have executed so far as themselves, how many as the guests' (SVM, AMD64 manual volume 2, chapter 15), and for how many
 * nanoseconds they have been the guests'.
 *
 * A virtual CPU is a guest's from VMRUN to #VMEXIT. After that it goes on with the instruction that follows the VMRUN,
 * and interrupts are off (GIF is 0), so that none comes in between: where this instruction lies in physical memory,
 * nothing of a guest's does. A halted CPU executes nothing.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "qemu_plugin.h"

#define VMRUN "\x0f\x01\xd8"
#define VMRUN_SIZE 3
#define SITES_MAX 64
#define PAGE 4096

enum side { HOST, GUEST };

/* What a virtual CPU has executed. Only `executed` is the CPU's own to write while it runs translated code. */
struct counts {
	uint64_t executed;
	uint64_t counted;		/* how much of it is in done[] */
	uint64_t done[2];
	uint64_t guest_ns;
	uint64_t guest_since;		/* time when it became the guest's */
	enum side side;
	unsigned int sequence;		/* odd while the above are changed */
};

/* The VMRUNs seen so far. */
struct site {
	uint64_t next;			/* virtual address behind it */
	const uint8_t *next_memory;
};

QEMU_PLUGIN_EXPORT int qemu_plugin_version = 7;

static struct qemu_plugin_scoreboard *scoreboard;
static struct site sites[SITES_MAX];
static unsigned int site_count;
static pthread_mutex_t sites_lock = PTHREAD_MUTEX_INITIALIZER;
static int listener;

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void switch_to(unsigned int vcpu, enum side side)
{
	struct counts *c = qemu_plugin_scoreboard_find(scoreboard, vcpu);

	if (c->side == side)
		return;
	__atomic_store_n(&c->sequence, c->sequence + 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	c->done[c->side] += c->executed - c->counted;
	c->counted = c->executed;
	c->side = side;
	if (side == GUEST)
		c->guest_since = now_ns();
	else
		c->guest_ns += now_ns() - c->guest_since;
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	__atomic_store_n(&c->sequence, c->sequence + 1, __ATOMIC_RELAXED);
}

static void before_vmrun(unsigned int vcpu, void *data)
{
	(void)data;
	switch_to(vcpu, GUEST);
}

static void after_vmexit(unsigned int vcpu, void *data)
{
	(void)data;
	switch_to(vcpu, HOST);
}

static bool is_vmrun(const struct qemu_plugin_insn *insn)
{
	uint8_t bytes[VMRUN_SIZE];

	return qemu_plugin_insn_data(insn, bytes, sizeof(bytes)) == VMRUN_SIZE && !memcmp(bytes, VMRUN, VMRUN_SIZE);
}

/* A VMRUN that ends a page says nothing of where in physical memory the next page is. */
static bool follows_vmrun(const struct qemu_plugin_insn *insn)
{
	uint64_t address = qemu_plugin_insn_vaddr(insn);
	const uint8_t *memory = qemu_plugin_insn_haddr(insn);
	bool found = false;

	for (unsigned int i = 0; i < site_count && !found; i++)
		found = sites[i].next == address && (sites[i].next_memory == memory || address % PAGE < VMRUN_SIZE);
	return found;
}

static void note_vmrun(const struct qemu_plugin_insn *insn)
{
	struct site site = {
		.next = qemu_plugin_insn_vaddr(insn) + VMRUN_SIZE,
		.next_memory = (const uint8_t *)qemu_plugin_insn_haddr(insn) + VMRUN_SIZE,
	};

	for (unsigned int i = 0; i < site_count; i++)
		if (sites[i].next == site.next && sites[i].next_memory == site.next_memory)
			return;
	if (site_count == SITES_MAX)
		fprintf(stderr, "insn_count: more than %d VMRUNs: the counts are wrong from now on\n", SITES_MAX);
	else
		sites[site_count++] = site;
}

/* VMRUN ends a block of translated code, so that what follows it begins one. */
static void translated(struct qemu_plugin_tb *tb, void *data)
{
	qemu_plugin_u64 executed = { scoreboard, offsetof(struct counts, executed) };
	size_t insns = qemu_plugin_tb_n_insns(tb);

	(void)data;
	pthread_mutex_lock(&sites_lock);
	for (size_t i = 0; i < insns; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);

		if (i == 0 && follows_vmrun(insn))
			qemu_plugin_register_vcpu_insn_exec_cb(insn, after_vmexit, QEMU_PLUGIN_CB_NO_REGS, NULL);
		qemu_plugin_register_vcpu_insn_exec_inline_per_vcpu(insn, QEMU_PLUGIN_INLINE_ADD_U64, executed, 1);
		if (is_vmrun(insn)) {
			note_vmrun(insn);
			qemu_plugin_register_vcpu_insn_exec_cb(insn, before_vmrun, QEMU_PLUGIN_CB_NO_REGS, NULL);
		}
	}
	pthread_mutex_unlock(&sites_lock);
}

static void add_counts(unsigned int vcpu, struct counts *sum)
{
	struct counts *c = qemu_plugin_scoreboard_find(scoreboard, vcpu);
	struct counts copy;
	unsigned int sequence;

	do {
		sequence = __atomic_load_n(&c->sequence, __ATOMIC_ACQUIRE);
		copy = *(volatile struct counts *)c;
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
	} while (sequence & 1 || sequence != __atomic_load_n(&c->sequence, __ATOMIC_RELAXED));
	copy.done[copy.side] += copy.executed - copy.counted;
	if (copy.side == GUEST)
		copy.guest_ns += now_ns() - copy.guest_since;
	sum->done[HOST] += copy.done[HOST];
	sum->done[GUEST] += copy.done[GUEST];
	sum->guest_ns += copy.guest_ns;
}

static void *serve(void *data)
{
	char line[96];

	for (;;) {
		int client = accept(listener, NULL, NULL);
		struct counts sum = { 0 };

		if (client < 0)
			continue;
		for (int i = 0; i < qemu_plugin_num_vcpus(); i++)
			add_counts((unsigned int)i, &sum);
		snprintf(line, sizeof(line), "%llu %llu %llu\n", (unsigned long long)sum.done[HOST],
			 (unsigned long long)sum.done[GUEST], (unsigned long long)sum.guest_ns);
		send(client, line, strlen(line), MSG_NOSIGNAL);
		close(client);
	}
	return data;
}

int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	pthread_t thread;

	(void)info;
	if (argc != 1 || strncmp(argv[0], "socket=", strlen("socket=")) ||
	    strlen(argv[0] + strlen("socket=")) >= sizeof(address.sun_path)) {
		fprintf(stderr, "insn_count: give it one option, socket=PATH\n");
		return -1;
	}
	strcpy(address.sun_path, argv[0] + strlen("socket="));
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	unlink(address.sun_path);
	if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof(address)) || listen(listener, 4)) {
		perror("insn_count: socket");
		return -1;
	}
	scoreboard = qemu_plugin_scoreboard_new(sizeof(struct counts));
	if (pthread_create(&thread, NULL, serve, NULL)) {
		fprintf(stderr, "insn_count: no thread\n");
		return -1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated, NULL);
	return 0;
}
