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

/* Which pages were written; the bitmap points into the message, and has a bit for each page. */
struct log_pages {
	uint64_t present[2];
	const char *card;
	const char *dev;
	uint64_t iova;
	uint64_t size;
	struct bitmap {
		size_t len;		/* bytes */
		const uint8_t *bits;
	} bitmap;
};

struct decoded {
	union {
		struct vqnic_card card;
		struct vqnic_dev dev;
		struct vqnic_stats stats;
		struct vqnic_filter filter;
		struct log_pages log;
		struct vqnic_event event;
	};
	struct vqnic_filter_part parts[3];	/* behind filter.guest, filter.policy and filter.in_force */
	void *nests[2];			/* the arrays behind dev.queues and dev.spaces, stats.stats, or event.queues */
	char why[128];
};

int decode_card(struct decoded *d, const struct nlmsghdr *msg);
int decode_dev(struct decoded *d, const struct nlmsghdr *msg);
int decode_stats(struct decoded *d, const struct nlmsghdr *msg);
int decode_filter(struct decoded *d, const struct nlmsghdr *msg);
int decode_log(struct decoded *d, const struct nlmsghdr *msg);
int decode_event(struct decoded *d, const struct nlmsghdr *msg);

void decoded_free(struct decoded *d);

#endif
