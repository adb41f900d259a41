/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The wanted state: cards, their devices, and what their guests are allowed, as YAML. docs/operators-guide.md says what
 * may stand in it.
 */
#ifndef CONFIG_H
#define CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "address.h"
#include "vqnic/vqnic.h"

/* Bytes of the longest file, and devices in it. */
#define CONFIG_BYTES_MAX (1 << 20)
#define CONFIG_DEVS_MAX 4096

#define CONFIG_WHY_BYTES 512

/* A set of virtio features that a device offers. */
enum config_features {
	CONFIG_FEATURES_DEFAULT,	/* what the card's driver offers if nothing is said: a guest can be migrated */
	CONFIG_FEATURES_ALL,		/* what the card can do */
	CONFIG_FEATURES_BASIC,		/* frames as they are: neither offloads nor a control queue, but for several pairs */
};

struct config_dev {
	char *name;
	char card[ADDRESS_BYTES];
	uint8_t mac[VQNIC_MAC_BYTES];
	uint16_t mtu;			/* bytes */
	uint16_t pairs;
	enum config_features features;
	struct vqnic_policy policy;	/* all of it counts; of macs_max that was not given the card's default */
};

struct config {
	size_t card_count;
	char (*cards)[ADDRESS_BYTES];	/* PCI addresses */
	size_t dev_count;
	struct config_dev *devs;	/* in the order of the file */
};

/*
 * Reads the `len` bytes of `text`. Returns 0, -EINVAL with one line "LINE:COLUMN: what is wrong" in `why`, or -ENOMEM. The
 * caller frees *config with config_free().
 */
int config_read(struct config **config, const char *text, size_t len, char why[static CONFIG_WHY_BYTES]);

/* Frees it; NULL is allowed. */
void config_free(struct config *config);

/* One without cards, or NULL without memory. */
struct config *config_none(void);

/* The device of that name, or NULL. */
const struct config_dev *config_find(const struct config *config, const char *name);

/* What a profile of features is called in the file. */
const char *config_features_name(enum config_features features);

#endif
