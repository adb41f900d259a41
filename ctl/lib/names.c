// SPDX-License-Identifier: Apache-2.0
/* Names of virtio bits: those of <linux/virtio_*.h> in lower case, without their prefix. */
#include <linux/virtio_config.h>
#include <linux/virtio_net.h>
#include <linux/virtio_ring.h>

#include "vqnic/vqnic.h"

static const char *const features[64] = {
	[VIRTIO_NET_F_CSUM] = "csum",
	[VIRTIO_NET_F_GUEST_CSUM] = "guest_csum",
	[VIRTIO_NET_F_CTRL_GUEST_OFFLOADS] = "ctrl_guest_offloads",
	[VIRTIO_NET_F_MTU] = "mtu",
	[VIRTIO_NET_F_MAC] = "mac",
	[VIRTIO_NET_F_GSO] = "gso",
	[VIRTIO_NET_F_GUEST_TSO4] = "guest_tso4",
	[VIRTIO_NET_F_GUEST_TSO6] = "guest_tso6",
	[VIRTIO_NET_F_GUEST_ECN] = "guest_ecn",
	[VIRTIO_NET_F_GUEST_UFO] = "guest_ufo",
	[VIRTIO_NET_F_HOST_TSO4] = "host_tso4",
	[VIRTIO_NET_F_HOST_TSO6] = "host_tso6",
	[VIRTIO_NET_F_HOST_ECN] = "host_ecn",
	[VIRTIO_NET_F_HOST_UFO] = "host_ufo",
	[VIRTIO_NET_F_MRG_RXBUF] = "mrg_rxbuf",
	[VIRTIO_NET_F_STATUS] = "status",
	[VIRTIO_NET_F_CTRL_VQ] = "ctrl_vq",
	[VIRTIO_NET_F_CTRL_RX] = "ctrl_rx",
	[VIRTIO_NET_F_CTRL_VLAN] = "ctrl_vlan",
	[VIRTIO_NET_F_CTRL_RX_EXTRA] = "ctrl_rx_extra",
	[VIRTIO_NET_F_GUEST_ANNOUNCE] = "guest_announce",
	[VIRTIO_NET_F_MQ] = "mq",
	[VIRTIO_NET_F_CTRL_MAC_ADDR] = "ctrl_mac_addr",
	[VIRTIO_F_NOTIFY_ON_EMPTY] = "notify_on_empty",
	[VIRTIO_F_ANY_LAYOUT] = "any_layout",
	[VIRTIO_RING_F_INDIRECT_DESC] = "ring_indirect_desc",
	[VIRTIO_RING_F_EVENT_IDX] = "ring_event_idx",
	[VIRTIO_F_VERSION_1] = "version_1",
	[VIRTIO_F_ACCESS_PLATFORM] = "access_platform",
	[VIRTIO_F_RING_PACKED] = "ring_packed",
	[VIRTIO_F_IN_ORDER] = "in_order",
	[VIRTIO_F_ORDER_PLATFORM] = "order_platform",
	[VIRTIO_F_SR_IOV] = "sr_iov",
	[VIRTIO_F_NOTIFICATION_DATA] = "notification_data",
	[VIRTIO_F_NOTIF_CONFIG_DATA] = "notif_config_data",
	[VIRTIO_F_RING_RESET] = "ring_reset",
	[VIRTIO_F_ADMIN_VQ] = "admin_vq",
	[VIRTIO_NET_F_DEVICE_STATS] = "device_stats",
	[VIRTIO_NET_F_VQ_NOTF_COAL] = "vq_notf_coal",
	[VIRTIO_NET_F_NOTF_COAL] = "notf_coal",
	[VIRTIO_NET_F_GUEST_USO4] = "guest_uso4",
	[VIRTIO_NET_F_GUEST_USO6] = "guest_uso6",
	[VIRTIO_NET_F_HOST_USO] = "host_uso",
	[VIRTIO_NET_F_HASH_REPORT] = "hash_report",
	[VIRTIO_NET_F_GUEST_HDRLEN] = "guest_hdrlen",
	[VIRTIO_NET_F_RSS] = "rss",
	[VIRTIO_NET_F_RSC_EXT] = "rsc_ext",
	[VIRTIO_NET_F_STANDBY] = "standby",
	[VIRTIO_NET_F_SPEED_DUPLEX] = "speed_duplex",
};

/* By bit number; the constants VIRTIO_CONFIG_S_ are masks: 1, 2, 4, 8, 0x40, 0x80. */
static const char *const status[8] = {
	[0] = "acknowledge", [1] = "driver", [2] = "driver_ok", [3] = "features_ok", [6] = "needs_reset", [7] = "failed",
};

const char *vqnic_feature_name(unsigned int bit)
{
	return bit < 64 ? features[bit] : NULL;
}

const char *vqnic_status_name(unsigned int bit)
{
	return bit < 8 ? status[bit] : NULL;
}
