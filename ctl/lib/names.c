// SPDX-License-Identifier: Apache-2.0
/* Names of virtio bits: features as the vdpa tool prints them, others in lower case. */
#include <linux/virtio_config.h>
#include <linux/virtio_net.h>
#include <linux/virtio_ring.h>

#include "vqnic/vqnic.h"

static const char *const features[64] = {
	[VIRTIO_NET_F_CSUM] = "CSUM",
	[VIRTIO_NET_F_GUEST_CSUM] = "GUEST_CSUM",
	[VIRTIO_NET_F_CTRL_GUEST_OFFLOADS] = "CTRL_GUEST_OFFLOADS",
	[VIRTIO_NET_F_MTU] = "MTU",
	[VIRTIO_NET_F_MAC] = "MAC",
	[VIRTIO_NET_F_GSO] = "GSO",
	[VIRTIO_NET_F_GUEST_TSO4] = "GUEST_TSO4",
	[VIRTIO_NET_F_GUEST_TSO6] = "GUEST_TSO6",
	[VIRTIO_NET_F_GUEST_ECN] = "GUEST_ECN",
	[VIRTIO_NET_F_GUEST_UFO] = "GUEST_UFO",
	[VIRTIO_NET_F_HOST_TSO4] = "HOST_TSO4",
	[VIRTIO_NET_F_HOST_TSO6] = "HOST_TSO6",
	[VIRTIO_NET_F_HOST_ECN] = "HOST_ECN",
	[VIRTIO_NET_F_HOST_UFO] = "HOST_UFO",
	[VIRTIO_NET_F_MRG_RXBUF] = "MRG_RXBUF",
	[VIRTIO_NET_F_STATUS] = "STATUS",
	[VIRTIO_NET_F_CTRL_VQ] = "CTRL_VQ",
	[VIRTIO_NET_F_CTRL_RX] = "CTRL_RX",
	[VIRTIO_NET_F_CTRL_VLAN] = "CTRL_VLAN",
	[VIRTIO_NET_F_CTRL_RX_EXTRA] = "CTRL_RX_EXTRA",
	[VIRTIO_NET_F_GUEST_ANNOUNCE] = "GUEST_ANNOUNCE",
	[VIRTIO_NET_F_MQ] = "MQ",
	[VIRTIO_NET_F_CTRL_MAC_ADDR] = "CTRL_MAC_ADDR",
	[VIRTIO_F_NOTIFY_ON_EMPTY] = "NOTIFY_ON_EMPTY",
	[VIRTIO_F_ANY_LAYOUT] = "ANY_LAYOUT",
	[VIRTIO_RING_F_INDIRECT_DESC] = "RING_INDIRECT_DESC",
	[VIRTIO_RING_F_EVENT_IDX] = "RING_EVENT_IDX",
	[VIRTIO_F_VERSION_1] = "VERSION_1",
	[VIRTIO_F_ACCESS_PLATFORM] = "ACCESS_PLATFORM",
	[VIRTIO_F_RING_PACKED] = "RING_PACKED",
	[VIRTIO_F_IN_ORDER] = "IN_ORDER",
	[VIRTIO_F_ORDER_PLATFORM] = "ORDER_PLATFORM",
	[VIRTIO_F_SR_IOV] = "SR_IOV",
	[VIRTIO_F_NOTIFICATION_DATA] = "NOTIFICATION_DATA",
	[VIRTIO_F_NOTIF_CONFIG_DATA] = "NOTIF_CONFIG_DATA",
	[VIRTIO_F_RING_RESET] = "RING_RESET",
	[VIRTIO_F_ADMIN_VQ] = "ADMIN_VQ",
	[VIRTIO_NET_F_DEVICE_STATS] = "DEVICE_STATS",
	[VIRTIO_NET_F_VQ_NOTF_COAL] = "VQ_NOTF_COAL",
	[VIRTIO_NET_F_NOTF_COAL] = "NOTF_COAL",
	[VIRTIO_NET_F_GUEST_USO4] = "GUEST_USO4",
	[VIRTIO_NET_F_GUEST_USO6] = "GUEST_USO6",
	[VIRTIO_NET_F_HOST_USO] = "HOST_USO",
	[VIRTIO_NET_F_HASH_REPORT] = "HASH_REPORT",
	[VIRTIO_NET_F_GUEST_HDRLEN] = "GUEST_HDRLEN",
	[VIRTIO_NET_F_RSS] = "RSS",
	[VIRTIO_NET_F_RSC_EXT] = "RSC_EXT",
	[VIRTIO_NET_F_STANDBY] = "STANDBY",
	[VIRTIO_NET_F_SPEED_DUPLEX] = "SPEED_DUPLEX",
};

/* By bit number; the constants VIRTIO_CONFIG_S_ are masks: 1, 2, 4, 8, 0x40, 0x80. */
static const char *const status[8] = {
	[0] = "acknowledge", [1] = "driver", [2] = "driver_ok", [3] = "features_ok", [6] = "needs_reset", [7] = "failed",
};

static const char *const rx_modes[] = { "promisc", "allmulti", "alluni", "nomulti", "nouni", "nobcast" };

const char *vqnic_feature_name(unsigned int bit)
{
	return bit < 64 ? features[bit] : NULL;
}

const char *vqnic_status_name(unsigned int bit)
{
	return bit < 8 ? status[bit] : NULL;
}

const char *vqnic_rx_mode_name(unsigned int bit)
{
	return bit < sizeof(rx_modes) / sizeof(rx_modes[0]) ? rx_modes[bit] : NULL;
}

const char *vqnic_state_name(uint32_t state)
{
	static const char *const names[] = {
		[VQNIC_DEV_STATE_IDLE] = "idle",
		[VQNIC_DEV_STATE_RUNNING] = "running",
		[VQNIC_DEV_STATE_TRACKING] = "tracking",
		[VQNIC_DEV_STATE_SUSPENDED] = "suspended",
		[VQNIC_DEV_STATE_RESTORED] = "restored",
	};

	return state < sizeof(names) / sizeof(names[0]) ? names[state] : NULL;
}

const char *vqnic_event_name(uint32_t what)
{
	static const char *const names[] = {
		[VQNIC_NTF_CARD_ADDED] = "card_added",
		[VQNIC_NTF_CARD_REMOVED] = "card_removed",
		[VQNIC_NTF_CARD_LINK] = "card_link",
		[VQNIC_NTF_CARD_DEAD] = "card_dead",
		[VQNIC_NTF_CARD_DOWN] = "card_down",
		[VQNIC_NTF_CARD_UP] = "card_up",
		[VQNIC_NTF_DEV_ADDED] = "dev_added",
		[VQNIC_NTF_DEV_REMOVED] = "dev_removed",
		[VQNIC_NTF_QUEUE_FAULT] = "queue_fault",
		[VQNIC_NTF_GUEST_SETTINGS] = "guest_settings",
		[VQNIC_NTF_POLICY] = "policy",
		[VQNIC_NTF_SUSPENDED] = "suspended",
		[VQNIC_NTF_RESUMED] = "resumed",
		[VQNIC_NTF_LOG_STARTED] = "log_started",
		[VQNIC_NTF_LOG_STOPPED] = "log_stopped",
		[VQNIC_NTF_RESTORED] = "restored",
	};

	return what < sizeof(names) / sizeof(names[0]) ? names[what] : NULL;
}
