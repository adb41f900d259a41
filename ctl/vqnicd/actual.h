/* SPDX-License-Identifier: Apache-2.0 */
/* What there is: the cards and devices that the driver has now. */
#ifndef ACTUAL_H
#define ACTUAL_H

#include "address.h"
#include "vqnic/vqnic.h"

struct actual_card {
	char address[ADDRESS_BYTES];
	bool dead;
	uint32_t vdevs, pairs;		/* that it has */
	uint32_t vdev_pairs;		/* of these, that a device can have; 0: not known */
	uint32_t mtu_max;
	uint64_t features;		/* virtio features that it can offer */
	uint64_t default_features;
	uint32_t macs_max;		/* the default of a policy; 0: not known */
};

struct actual_dev {
	char *name;
	char card[ADDRESS_BYTES];
	uint8_t mac[VQNIC_MAC_BYTES];
	uint32_t mtu, pairs;
	uint64_t features;
	struct vqnic_policy policy;	/* all of it */
};

struct actual {
	int missing;			/* -ENOENT: the driver is not loaded; else 0 */
	size_t card_count;
	struct actual_card *cards;
	size_t dev_count;
	struct actual_dev *devs;
};

/*
 * Asks the driver. Returns 0, also if it is not loaded, or a negative errno of which vqnic_error() says more. The caller
 * frees *actual with actual_free().
 */
int actual_read(struct vqnic *vq, struct actual **actual);

/* Frees it; NULL is allowed. */
void actual_free(struct actual *actual);

/* The card or device of that name, or NULL. */
const struct actual_card *actual_find_card(const struct actual *actual, const char *address);
const struct actual_dev *actual_find_dev(const struct actual *actual, const char *name);

#endif
