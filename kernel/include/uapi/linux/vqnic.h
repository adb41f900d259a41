/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * Generic netlink family "vqnic": what the vqnic driver says of its cards, vDPA devices, filters
 * and counters, what the operator lets guests do, and the state with which devices go elsewhere.
 *
 * Every request is a do, for one object, or a dump. What a do names and what a reply carries
 * stands at each command. A dump takes nothing, or VQNIC_A_CARD for the objects of one card.
 * Reading needs no privilege, changing CAP_NET_ADMIN. An unknown card or device is -ENODEV, an
 * attribute too few or an impossible value -EINVAL, live values of a dead card -EIO, always with
 * an extack message. Cards are seen from the initial network namespace only.
 */
#ifndef _UAPI_LINUX_VQNIC_H
#define _UAPI_LINUX_VQNIC_H

#define VQNIC_GENL_NAME "vqnic"
#define VQNIC_GENL_VERSION 1
/* The multicast group that VQNIC_CMD_EVENT is sent to. Listening needs no privilege. */
#define VQNIC_GENL_EVENTS "events"

enum vqnic_cmd {
	VQNIC_CMD_UNSPEC,
	/*
	 * do: CARD. Reply: CARD and CARD_*; of a dead card CARD_DEAD and what was known of it, not
	 * CARD_LINK and CARD_CYCLES.
	 */
	VQNIC_CMD_CARD_GET,
	/*
	 * do: DEV_NAME, and CARD if it is to be on that one. Reply: CARD, DEV_*, a QUEUE for
	 * each queue, and an AS for each address space, if the card has an IOMMU; LOG_IOVA and
	 * LOG_SIZE, if there is a dirty log; of a dead card's device CARD, DEV_NAME, DEV_INDEX,
	 * DEV_MAC, DEV_MTU, DEV_OFFERED, each AS, and of the log.
	 */
	VQNIC_CMD_DEV_GET,
	/*
	 * do: CARD for the card's counters, or DEV_NAME (and CARD) for a device's. Reply: CARD,
	 * DEV_NAME where the counters are a device's, and a STAT for each counter. A dump has each
	 * card's and then its devices', dead cards left out.
	 */
	VQNIC_CMD_STATS_GET,
	/*
	 * do: DEV_NAME, and CARD if it is to be on that one. Reply: CARD, DEV_NAME, and three nests
	 * of VQNIC_FILTER_A_*: FILTER_GUEST, what the guest wishes, by its control queue;
	 * FILTER_POLICY, what the operator allows it; FILTER_CARD, what the card does of both,
	 * absent if the card is dead or being reset.
	 */
	VQNIC_CMD_FILTER_GET,
	/*
	 * do, which needs CAP_NET_ADMIN: DEV_NAME, CARD if it is to be on that one, and
	 * FILTER_POLICY with what is to change, of SPOOF_CHECK, TRUST, PORT_VLAN, PCP, MACS_MAX,
	 * UNICAST, and either VLANS or ALL_VLANS. All of it is in force when the answer comes, or
	 * nothing has changed.
	 */
	VQNIC_CMD_POLICY_SET,
	/*
	 * do, which needs CAP_NET_ADMIN: DEV_NAME, CARD if it is to be on that one, LOG_IOVA and
	 * LOG_SIZE. From the answer on the card logs which pages of 4 KiB it writes there, in the
	 * address space of the data queues; what it wrote before is in memory. The log is of the
	 * socket that sent this: the others' LOG_ requests are refused (-EBUSY), and it ends with
	 * the socket, or with the device. It takes 256 KiB of contiguous memory for each GiB from
	 * IOVA 0 to its end; -ENOMEM: there is none. Without a platform IOMMU, Linux has 4 MiB
	 * at most, 16 GiB. -EOPNOTSUPP: the device has no address space of its own.
	 */
	VQNIC_CMD_LOG_START,
	/*
	 * do, which needs CAP_NET_ADMIN: as LOG_START, with pages that are logged, at most
	 * VQNIC_LOG_READ_MAX bytes. Reply: CARD, DEV_NAME, LOG_IOVA, LOG_SIZE and LOG_BITMAP, which
	 * pages were written since they were last read (or since LOG_START); that is forgotten
	 * then. What the card wrote to these is there for whoever reads them after the answer. A
	 * page may be reported once more than it was written; after a reset of the card, all are.
	 * If there is no answer, or an error, all of them are to be taken for written. -ENODATA:
	 * there is no log.
	 */
	VQNIC_CMD_LOG_READ,
	/*
	 * do, which needs CAP_NET_ADMIN: DEV_NAME, and CARD if it is to be on that one. Ends the
	 * log. -ENODATA: there is none.
	 */
	VQNIC_CMD_LOG_STOP,
	/*
	 * No request: what has just happened. CARD, EVENT; DEV_NAME and DEV_INDEX if it has
	 * happened to a device; and what stands at the event. Who listens too slowly is told so by
	 * its socket (ENOBUFS): it has missed some then.
	 */
	VQNIC_CMD_EVENT,
	/*
	 * do, which needs CAP_NET_ADMIN: DEV_NAME, and CARD if it is to be on that one. When the
	 * answer comes nothing of the device is in flight, and nothing begins until it is resumed,
	 * by VQNIC_CMD_RESUME or by who drives it, or reset. -EBUSY: it does not run.
	 */
	VQNIC_CMD_SUSPEND,
	/*
	 * do, which needs CAP_NET_ADMIN: DEV_NAME, and CARD if it is to be on that one. -EBUSY: it
	 * is not suspended.
	 */
	VQNIC_CMD_RESUME,
	/*
	 * do, which needs CAP_NET_ADMIN: DEV_NAME, and CARD if it is to be on that one. What a
	 * device elsewhere needs to go on where this one was suspended. Reply: CARD, DEV_NAME,
	 * DEV_MAC, DEV_MTU, DEV_PAIRS, DEV_PARTS; for each queue that runs a QUEUE with
	 * QUEUE_INDEX, QUEUE_AVAIL and QUEUE_USED; FILTER_POLICY. -EBUSY: it is not suspended, or
	 * has faulted.
	 */
	VQNIC_CMD_STATE_GET,
	/*
	 * do, which needs CAP_NET_ADMIN: what STATE_GET replies, with the name of another device,
	 * and CARD if it is to be on that one. Of FILTER_POLICY what POLICY_SET takes: it is in
	 * force when the answer comes. The rest waits, through resets, until a driver sets
	 * DRIVER_OK, and is forgotten then: it takes effect if that driver has accepted the same
	 * features, and says nothing else of its queues. On an error nothing has changed. -EBUSY: a
	 * driver runs the device. -EINVAL, -EOPNOTSUPP: it cannot be such a one.
	 */
	VQNIC_CMD_STATE_SET,

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
	VQNIC_A_CARD_CYCLES,		/* u64: clock cycles since the card's reset */
	VQNIC_A_CARD_REFUSAL,		/* string: why the last dev_add failed, if it did */

	VQNIC_A_DEV_NAME,		/* string: the vDPA device */
	VQNIC_A_DEV_INDEX,		/* u32: vdev on the card */
	VQNIC_A_DEV_MAC,		/* 6 bytes */
	VQNIC_A_DEV_MTU,		/* u32: bytes */
	VQNIC_A_DEV_LINK,		/* u8: 1 if the device's driver sees a carrier */
	VQNIC_A_DEV_STATUS,		/* u8: virtio device status */
	VQNIC_A_DEV_OFFERED,		/* u64: features offered */
	VQNIC_A_DEV_ACCEPTED,		/* u64: features accepted */

	VQNIC_A_QUEUE,			/* nest of QUEUE_*, one for each queue */
	VQNIC_A_QUEUE_INDEX,		/* u32 */
	VQNIC_A_QUEUE_SIZE,		/* u32: descriptors */
	VQNIC_A_QUEUE_READY,		/* u8 */
	VQNIC_A_QUEUE_AVAIL,		/* u32: next avail index to be taken */
	VQNIC_A_QUEUE_USED,		/* u32: next used index to be written */
	VQNIC_A_QUEUE_IRQ,		/* u32: Linux interrupt number; absent without one */
	VQNIC_A_QUEUE_FAULT,		/* u32: fault code, see docs/registers.md */
	VQNIC_A_QUEUE_FAULT_NAME,	/* string: its name; absent without a fault */
	VQNIC_A_QUEUE_FAULT_INFO,	/* u64: what the code says it is */

	VQNIC_A_STAT,			/* nest of STAT_*, one for each counter */
	VQNIC_A_STAT_NAME,		/* string: the counter's register, in lower case */
	VQNIC_A_STAT_VALUE,		/* u64 */

	VQNIC_A_CARD_SPACES,		/* u32: address spaces; absent without an IOMMU */
	VQNIC_A_CARD_SPACES_USED,	/* u32: of these, the identity and those of devices */
	VQNIC_A_DEV_AS_DATA,		/* u32: address space on the card of the data queues */

	VQNIC_A_AS,			/* nest of AS_*, one for each address space of a device */
	VQNIC_A_AS_ASID,		/* u32: number in the device, as vhost-vdpa knows it */
	VQNIC_A_AS_INDEX,		/* u32: number on the card */
	VQNIC_A_AS_MAPS,		/* u64: contiguous pieces of memory that are mapped */
	VQNIC_A_AS_BYTES,		/* u64: their size */
	VQNIC_A_AS_LEAVES_1G,		/* u64: page table entries that map 1 GiB */
	VQNIC_A_AS_LEAVES_2M,		/* u64: 2 MiB */
	VQNIC_A_AS_LEAVES_4K,		/* u64: 4 KiB */
	VQNIC_A_AS_TABLES,		/* u64: pages of 4 KiB that the page tables take */

	VQNIC_A_QUEUE_SHARED,		/* u8: 1 if other interrupts have the same vector */
	VQNIC_A_QUEUE_FRAMES,		/* u64: frames, or commands, since the device was made */
	VQNIC_A_QUEUE_BYTES,		/* u64: their bytes */
	VQNIC_A_QUEUE_DROPS,		/* u64: frames that were dropped, for any reason */

	VQNIC_A_DEV_PAIRS_USED,		/* u32: queue pairs that the guest has in use */
	VQNIC_A_DEV_OFFLOADS,		/* u64: guest offloads that are on, as feature bits */
	VQNIC_A_DEV_COMMANDS,		/* u64: commands of the control queue that were answered */
	VQNIC_A_DEV_COMMANDS_REFUSED,	/* u64: of these, with VIRTIO_NET_ERR */

	VQNIC_A_FILTER_GUEST,		/* nest of VQNIC_FILTER_A_* */
	VQNIC_A_FILTER_POLICY,		/* nest of VQNIC_FILTER_A_* */
	VQNIC_A_FILTER_CARD,		/* nest of VQNIC_FILTER_A_* */

	VQNIC_A_CARD_PAIRS,		/* u32: queue pairs of the card */
	VQNIC_A_CARD_PAIRS_USED,	/* u32: of these, devices have */
	VQNIC_A_CARD_DEFAULT_FEATURES,	/* u64: what a device offers for which nothing is said */
	VQNIC_A_CARD_MIGRATABLE_FEATURES, /* u64: of the supported ones, those that QEMU migrates */
	VQNIC_A_DEV_PAIRS,		/* u32: queue pairs of the device */
	VQNIC_A_DEV_AS_CTRL,		/* u32: address space on the card of the control queue */
	VQNIC_A_QUEUE_NUMBER,		/* u32: queue on the card, which its doorbell follows */

	VQNIC_A_LOG_IOVA,		/* u64: first byte of the pages, a multiple of 4 KiB */
	VQNIC_A_LOG_SIZE,		/* u64: their bytes, a multiple of 4 KiB */
	VQNIC_A_LOG_BITMAP,		/* bytes: bit p % 8 of byte p / 8 is page p's, from 0 on */

	VQNIC_A_EVENT,			/* u32: VQNIC_NTF_* */

	VQNIC_A_DEV_STATE,		/* u32: VQNIC_DEV_STATE_* */
	VQNIC_A_DEV_PARTS,		/* bytes: device parts, virtio 1.4 section 2.13 */

	VQNIC_A_CARD_MACS_MAX,		/* u32: the most of FILTER_A_MACS_MAX, and its default */

	__VQNIC_A_MAX,
};

#define VQNIC_A_MAX (__VQNIC_A_MAX - 1)

/* What has happened. */
enum vqnic_ntf {
	VQNIC_NTF_UNSPEC,
	VQNIC_NTF_CARD_ADDED,		/* the driver has the card */
	VQNIC_NTF_CARD_REMOVED,		/* and has it no more */
	VQNIC_NTF_CARD_LINK,		/* CARD_LINK: the wire's carrier has come or gone */
	VQNIC_NTF_CARD_DEAD,		/* the card does not answer, or not as it must */
	VQNIC_NTF_CARD_DOWN,		/* the PCI core is about to reset the card */
	VQNIC_NTF_CARD_UP,		/* it is back, with its devices, filters and policies */
	VQNIC_NTF_DEV_ADDED,
	VQNIC_NTF_DEV_REMOVED,
	VQNIC_NTF_QUEUE_FAULT,		/* QUEUE, with its INDEX and FAULT_*: it has stopped */
	VQNIC_NTF_GUEST_SETTINGS,	/* the guest's control queue has changed something */
	VQNIC_NTF_POLICY,		/* the operator has changed what the guest is allowed */
	VQNIC_NTF_SUSPENDED,
	VQNIC_NTF_RESUMED,
	VQNIC_NTF_LOG_STARTED,		/* LOG_IOVA, LOG_SIZE: its dirty log has begun */
	VQNIC_NTF_LOG_STOPPED,		/* and ended */
	VQNIC_NTF_RESTORED,		/* it got the state of another device */

	__VQNIC_NTF_MAX,
};

#define VQNIC_NTF_MAX (__VQNIC_NTF_MAX - 1)

/* What a device does. */
enum vqnic_dev_state {
	VQNIC_DEV_STATE_UNSPEC,
	VQNIC_DEV_STATE_IDLE,		/* no driver runs it, or the card has lost it */
	VQNIC_DEV_STATE_RUNNING,
	VQNIC_DEV_STATE_TRACKING,	/* it runs, and has a dirty log */
	VQNIC_DEV_STATE_SUSPENDED,
	VQNIC_DEV_STATE_RESTORED,	/* as IDLE, but with what STATE_SET said */

	__VQNIC_DEV_STATE_MAX,
};

#define VQNIC_DEV_STATE_MAX (__VQNIC_DEV_STATE_MAX - 1)

/* Bytes of IOVA that one VQNIC_CMD_LOG_READ can be about. */
#define VQNIC_LOG_READ_MAX 0x20000000

/* Receive modes, virtio 5.1.6.5.1: each is a bit, by its command in VIRTIO_NET_CTRL_RX. */
#define VQNIC_RX_PROMISC	0x01	/* all that no other device has the address of */
#define VQNIC_RX_ALLMULTI	0x02	/* all multicast frames */
#define VQNIC_RX_ALLUNI		0x04	/* as PROMISC, unicast frames only */
#define VQNIC_RX_NOMULTI	0x08	/* no multicast frames */
#define VQNIC_RX_NOUNI		0x10	/* no unicast frames */
#define VQNIC_RX_NOBCAST	0x20	/* no broadcasts */

/* Bytes of a set of VLANs: bit v % 8 of byte v / 8 is VLAN v's. */
#define VQNIC_VLANS_BYTES 512

/* The most addresses that a policy can allow. */
#define VQNIC_POLICY_MACS 64

/* What the guest wishes (g), the operator's policy allows (p), or the card does (c). */
enum vqnic_filter_attr {
	VQNIC_FILTER_A_UNSPEC,
	VQNIC_FILTER_A_MAC,		/* 6 bytes: g: own address; p: the one that was given */
	VQNIC_FILTER_A_MACS_MAX,	/* u32: p: addresses besides it that a guest can have */
	VQNIC_FILTER_A_UNICAST,		/* 6 bytes each: g, p: besides the own one; c: all */
	VQNIC_FILTER_A_MULTICAST,	/* 6 bytes each: g, c */
	VQNIC_FILTER_A_RX_MODE,		/* u32: g, c: VQNIC_RX_* */
	VQNIC_FILTER_A_ALL_VLANS,	/* flag: g, p, c: instead of VLANS */
	VQNIC_FILTER_A_VLANS,		/* VQNIC_VLANS_BYTES: g, p, c: tagged frames received */
	VQNIC_FILTER_A_ALL_TX_VLANS,	/* flag: c: instead of TX_VLANS */
	VQNIC_FILTER_A_TX_VLANS,	/* VQNIC_VLANS_BYTES: c: tagged frames sent */
	VQNIC_FILTER_A_SPOOF_CHECK,	/* u8: p: 1: no unicast address but MAC and UNICAST */
	VQNIC_FILTER_A_TRUST,		/* u8: p: 1: may have PROMISC, ALLMULTI, ALLUNI */
	VQNIC_FILTER_A_PORT_VLAN,	/* u16: p, c: 1 to 4094; 0: none */
	VQNIC_FILTER_A_PCP,		/* u8: p, c: priority in the port VLAN, 0 to 7 */

	__VQNIC_FILTER_A_MAX,
};

#define VQNIC_FILTER_A_MAX (__VQNIC_FILTER_A_MAX - 1)

#endif /* _UAPI_LINUX_VQNIC_H */
