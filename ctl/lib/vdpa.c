// SPDX-License-Identifier: Apache-2.0
/* Devices come and go by the kernel's own family "vdpa", as with "vdpa dev add" of iproute2. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <linux/vdpa.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>

#include "handle.h"

/* A device, and what it is to have. */
struct order {
	const char *card;			/* NULL: it is there already */
	const char *dev;
	const struct vqnic_dev_spec *spec;	/* NULL: nothing */
};

static int put_order(struct nl_msg *msg, const void *what)
{
	const struct order *order = what;
	const struct vqnic_dev_spec *spec = order->spec;

	if (nla_put_string(msg, VDPA_ATTR_DEV_NAME, order->dev) ||
	    (order->card && (nla_put_string(msg, VDPA_ATTR_MGMTDEV_BUS_NAME, "pci") ||
			     nla_put_string(msg, VDPA_ATTR_MGMTDEV_DEV_NAME, order->card))))
		return -ENOMEM;
	if (!spec)
		return 0;
	return (VQNIC_HAS(spec, VQNIC_A_DEV_MAC) &&
		nla_put(msg, VDPA_ATTR_DEV_NET_CFG_MACADDR, sizeof(spec->mac), spec->mac)) ||
	       (VQNIC_HAS(spec, VQNIC_A_DEV_MTU) && nla_put_u16(msg, VDPA_ATTR_DEV_NET_CFG_MTU, spec->mtu)) ||
	       (VQNIC_HAS(spec, VQNIC_A_DEV_PAIRS) && nla_put_u16(msg, VDPA_ATTR_DEV_NET_CFG_MAX_VQP, spec->pairs)) ||
	       (VQNIC_HAS(spec, VQNIC_A_DEV_OFFERED) && nla_put_u64(msg, VDPA_ATTR_DEV_FEATURES, spec->features));
}

static int give(struct vqnic *vq, uint8_t command, const struct order *order)
{
	const struct handle_question question = {
		.family = HANDLE_VDPA, .command = command, .put = put_order, .what = order,
	};
	struct reply reply;
	int ret;

	ret = handle_ask(vq, &question, &reply);
	reply_free(&reply);
	return ret;
}

/* Keeps why the card's driver refused, as "NAME: REASON": the family "vdpa" has no way to tell. */
static int keep_refusal(const struct vqnic_card *card, void *opaque)
{
	snprintf(opaque, sizeof(((struct vqnic *)NULL)->error), "%s", card->refusal ? card->refusal : "");
	return 0;
}

int vqnic_dev_add(struct vqnic *vq, const char *card, const char *dev, const struct vqnic_dev_spec *spec)
{
	const struct order order = { card, dev, spec };
	char said[sizeof(vq->error)], refusal[sizeof(vq->error)] = "";
	size_t name = strlen(dev);
	int ret;

	/* Also so that nobody waits for a driver that is not there. */
	ret = vqnic_cards(vq, card, keep_refusal, refusal);
	if (ret)
		return ret;
	ret = give(vq, VDPA_CMD_DEV_NEW, &order);
	if (!ret)
		return 0;
	if (ret == -EEXIST)
		return handle_fail(vq, ret, "there is a device of that name already");
	snprintf(said, sizeof(said), "%s", vq->error);
	if (vqnic_cards(vq, card, keep_refusal, refusal) || strncmp(refusal, dev, name) || refusal[name] != ':')
		return handle_fail(vq, ret, "%s", said);
	return handle_fail(vq, ret, "%s", refusal + name + 1 + strspn(refusal + name + 1, " "));
}

/*
 * Whether somebody has the device open, as QEMU has it: the kernel would wait for them to close it, with all others who
 * make or remove devices.
 */
static bool is_open(const char *dev)
{
	char path[512];
	struct dirent *entry;
	bool open_now = false;
	DIR *dir;

	snprintf(path, sizeof(path), "/sys/bus/vdpa/devices/%s", dev);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		int fd;

		if (strncmp(entry->d_name, "vhost-vdpa-", strlen("vhost-vdpa-")))
			continue;
		snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
		fd = open(path, O_RDWR | O_CLOEXEC);
		/* Of no permission: it was given to somebody else. Without a node nobody can have opened it. */
		open_now = fd < 0 && errno != ENOENT && errno != ENXIO;
		if (fd >= 0)
			close(fd);
	}
	if (dir)
		closedir(dir);
	return open_now;
}

static int ignore_dev(const struct vqnic_dev *dev, void *opaque)
{
	(void)dev;
	(void)opaque;
	return 0;
}

int vqnic_dev_del(struct vqnic *vq, const char *card, const char *dev)
{
	const struct order order = { .dev = dev };
	int ret;

	/* The family "vdpa" would remove other drivers' devices, too. */
	ret = vqnic_devs(vq, card, dev, ignore_dev, NULL);
	if (ret)
		return ret;
	if (is_open(dev))
		return handle_fail(vq, -EBUSY, "somebody has its vhost-vdpa device open");
	return give(vq, VDPA_CMD_DEV_DEL, &order);
}

int vqnic_dev_set_mac(struct vqnic *vq, const char *card, const char *dev, const uint8_t mac[VQNIC_MAC_BYTES])
{
	struct vqnic_dev_spec spec = { 0 };
	const struct order order = { .dev = dev, .spec = &spec };
	int ret;

	ret = vqnic_devs(vq, card, dev, ignore_dev, NULL);
	if (ret)
		return ret;
	memcpy(spec.mac, mac, sizeof(spec.mac));
	VQNIC_GIVE(&spec, VQNIC_A_DEV_MAC);
	return give(vq, VDPA_CMD_DEV_ATTR_SET, &order);
}
