/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A kernel that is played for vqnicctl and the library below it: nl_send_auto() and nl_recv(), and access() to sysfs,
 * are replaced (ld --wrap).
 */
#ifndef CTL_KERNEL_H
#define CTL_KERNEL_H

#include <stdbool.h>

#include "ctl_message.h"
#include "vqnic/vqnic.h"

/* What the kernel answers to requests other than for the family's id, one datagram each, and what it was asked. */
extern struct kernel {
	struct bytes answers[16];
	size_t count, next;
	uint32_t seq;
	bool loaded;		/* the family is there */
	bool module;		/* the driver is, wherever its family can be seen */
	bool mute;		/* the kernel never answers */
	uint32_t sender;	/* port of who answers; 0 is the kernel */
	size_t lookups, requests;
	uint8_t command;
	uint8_t commands[16];	/* of the first requests, in order */
	struct bytes sent;	/* the last request, as libnl would send it */
	bool dump;
	char card[64], dev[64];
	char devs[256];		/* of all requests, in order, each followed by a space */
	struct vqnic_policy policy;	/* as it was asked for */
	uint64_t log_iova, log_size;	/* as they were asked for last */
	struct bytes id_answer;
	bool id_pending;
} k;

/* What the kernel answers next, to be filled. */
struct bytes *answer(void);

/* A cmocka set-up: the driver is loaded, and was asked nothing. */
int kernel_setup(void **state);

/* Runs vqnicctl with the words of `line` and compares all that comes of it. */
void expect(const char *line, int status, const char *out, const char *err);

/* The same with `size` bytes of standard input. */
void expect_of_input(const char *line, const void *input, size_t size, int status, const char *out, const char *err);

#endif
