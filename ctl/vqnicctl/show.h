/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One object of the library, printed. They are callbacks of the library whose `opaque` is a struct show, and return 0,
 * or what the library says when it is asked for more.
 */
#ifndef SHOW_H
#define SHOW_H

#include "out.h"
#include "vqnic/vqnic.h"

struct show {
	struct out *out;
	struct vqnic *stats;	/* asked for the counters that cards and devices are shown with; NULL: they are not */
};

int show_card(const struct vqnic_card *card, void *opaque);
int show_dev(const struct vqnic_dev *dev, void *opaque);
int show_queues(const struct vqnic_dev *dev, void *opaque);
int show_stats(const struct vqnic_stats *stats, void *opaque);
int show_macs(const struct vqnic_filter *filter, void *opaque);
int show_vlans(const struct vqnic_filter *filter, void *opaque);
int show_event(const struct vqnic_event *event, void *opaque);
void show_state(const struct vqnic_state *state, struct show *show);
int show_policy(const struct vqnic_filter *filter, void *opaque);

#endif
