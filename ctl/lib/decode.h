/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Turns one generic netlink message of the family "vqnic" into a structure of the public header.
 *
 * The message may hold anything: it is checked in full. Attributes that this version does not know are skipped. Strings
 * of the result point into the message; what else the result owns is freed by decoded_free(), also after a failure.
 *
 * All return 0, -EBADMSG with one line in `why`, or -ENOMEM.
 */
#ifndef DECODE_H
#define DECODE_H

#include "vqnic/vqnic.h"

struct nlmsghdr;

/* Bytes of a page of a dirty log. */
#define PAGE_BYTES 4096

struct blob {
	size_t len;
	const uint8_t *data;
};

/* Which pages were written; the bitmap points into the message, and has a bit for each page. */
struct log_pages {
	uint64_t present[2];
	const char *card;
	const char *dev;
	uint64_t iova;
	uint64_t size;
	struct blob bitmap;
};

/* The state of a suspended device; the parts point into the message. */
struct dev_state {
	uint64_t present[2];
	const char *card;
	const char *dev;
	uint8_t mac[VQNIC_MAC_BYTES];
	uint32_t mtu;
	uint32_t pairs;
	struct blob parts;
	size_t queue_count;
	const struct vqnic_queue *queues;
	const struct vqnic_filter_part *policy;
};

struct decoded {
	union {
		struct vqnic_card card;
		struct vqnic_dev dev;
		struct vqnic_stats stats;
		struct vqnic_filter filter;
		struct log_pages log;
		struct dev_state state;
		struct vqnic_event event;
	};
	/* behind filter.guest, filter.policy and filter.in_force, or state.policy */
	struct vqnic_filter_part parts[3];
	/* the arrays behind dev.queues and dev.spaces, stats.stats, state.queues, or event.queues */
	void *nests[2];
	char why[128];
};

int decode_card(struct decoded *d, const struct nlmsghdr *msg);
int decode_dev(struct decoded *d, const struct nlmsghdr *msg);
int decode_stats(struct decoded *d, const struct nlmsghdr *msg);
int decode_filter(struct decoded *d, const struct nlmsghdr *msg);
int decode_log(struct decoded *d, const struct nlmsghdr *msg);
int decode_state(struct decoded *d, const struct nlmsghdr *msg);
int decode_event(struct decoded *d, const struct nlmsghdr *msg);

void decoded_free(struct decoded *d);

#endif
