/* SPDX-License-Identifier: Apache-2.0 */
/* One object of the library, printed. `opaque` is the struct out; they are callbacks of the library and return 0. */
#ifndef SHOW_H
#define SHOW_H

#include "vqnic/vqnic.h"

int show_card(const struct vqnic_card *card, void *opaque);
int show_dev(const struct vqnic_dev *dev, void *opaque);
int show_queues(const struct vqnic_dev *dev, void *opaque);
int show_stats(const struct vqnic_stats *stats, void *opaque);
int show_macs(const struct vqnic_filter *filter, void *opaque);
int show_vlans(const struct vqnic_filter *filter, void *opaque);
int show_event(const struct vqnic_event *event, void *opaque);
int show_policy(const struct vqnic_filter *filter, void *opaque);

#endif
