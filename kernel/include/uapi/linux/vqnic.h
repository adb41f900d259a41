/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * Generic netlink family "vqnic": what the vqnic driver says of its cards, vDPA devices and counters.
 *
 * Every request is a dump or a do; a do names one card (VQNIC_A_CARD) and, for DEV_GET and STATS_GET, one device
 * (VQNIC_A_DEV_NAME). Replies carry the attributes listed at each command. Reading needs no privilege. An unknown
 * card or device is -ENODEV with an extack message. Cards are seen from the initial network namespace only.
 */
#ifndef _UAPI_LINUX_VQNIC_H
#define _UAPI_LINUX_VQNIC_H

#define VQNIC_GENL_NAME "vqnic"
#define VQNIC_GENL_VERSION 1

enum vqnic_cmd {
	VQNIC_CMD_UNSPEC,
	VQNIC_CMD_CARD_GET,	/* CARD, CARD_*; do and dump */
	VQNIC_CMD_DEV_GET,	/* CARD, DEV_*, QUEUE nests; do (CARD, DEV_NAME) and dump (of one CARD, or of all) */
	VQNIC_CMD_STATS_GET,	/* CARD, STAT nests, and DEV_NAME where the counters are a device's; as DEV_GET */

	__VQNIC_CMD_MAX,
};
#define VQNIC_CMD_MAX (__VQNIC_CMD_MAX - 1)

enum vqnic_attr {
	VQNIC_A_UNSPEC,
	VQNIC_A_PAD,
	VQNIC_A_CARD,			/* string: PCI address, "0000:00:05.0" */

	VQNIC_A_CARD_VERSION,		/* u32: register map, major << 16 | minor */
	VQNIC_A_CARD_FEATURES,		/* u64 */
	VQNIC_A_CARD_CLOCK_HZ,		/* u32 */
	VQNIC_A_CARD_DATA_BITS,		/* u32 */
	VQNIC_A_CARD_VECTORS,		/* u32: interrupt vectors that the driver got */
	VQNIC_A_CARD_VDEVS,		/* u32: vdevs of the card */
	VQNIC_A_CARD_VDEVS_USED,	/* u32: of these, made by dev_add */
	VQNIC_A_CARD_VDEV_VQS,		/* u32: queues of each vdev */
	VQNIC_A_CARD_VQ_SIZE_MAX,	/* u32: descriptors */
	VQNIC_A_CARD_MTU_MAX,		/* u32: bytes */
	VQNIC_A_CARD_VIRTIO_FEATURES,	/* u64: virtio features that a device can offer */
	VQNIC_A_CARD_LINK,		/* u8: 1 if the wire has a carrier */
	VQNIC_A_CARD_DEAD,		/* flag: the card answers no more */
	VQNIC_A_CARD_CYCLES,		/* u64 */

	VQNIC_A_DEV_NAME,		/* string: the vDPA device */
	VQNIC_A_DEV_INDEX,		/* u32: vdev on the card */
	VQNIC_A_DEV_MAC,		/* 6 bytes */
	VQNIC_A_DEV_MTU,		/* u32: bytes */
	VQNIC_A_DEV_STATUS,		/* u8: virtio device status */
	VQNIC_A_DEV_OFFERED,		/* u64: features offered */
	VQNIC_A_DEV_ACCEPTED,		/* u64: features accepted */

	VQNIC_A_QUEUE,			/* nest, one for each queue */
	VQNIC_A_QUEUE_INDEX,		/* u32 */
	VQNIC_A_QUEUE_SIZE,		/* u32: descriptors */
	VQNIC_A_QUEUE_READY,		/* u8 */
	VQNIC_A_QUEUE_AVAIL,		/* u32: next avail index to be taken */
	VQNIC_A_QUEUE_USED,		/* u32: next used index to be written */
	VQNIC_A_QUEUE_IRQ,		/* u32: Linux interrupt number; absent without one */
	VQNIC_A_QUEUE_FAULT,		/* u32: fault code, see docs/registers.md */
	VQNIC_A_QUEUE_FAULT_NAME,	/* string: its name; absent without a fault */
	VQNIC_A_QUEUE_FAULT_INFO,	/* u64: what the code says it is */

	VQNIC_A_STAT,			/* nest, one for each counter */
	VQNIC_A_STAT_NAME,		/* string: the counter's register, in lower case */
	VQNIC_A_STAT_VALUE,		/* u64 */

	__VQNIC_A_MAX,
};
#define VQNIC_A_MAX (__VQNIC_A_MAX - 1)

#endif /* _UAPI_LINUX_VQNIC_H */
