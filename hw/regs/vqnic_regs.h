/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/* Generated from hw/regs/vqnic.toml by hw/regs/generate: do not edit. */
#ifndef VQNIC_REGS_H
#define VQNIC_REGS_H

/* Version of the map described here */
#define VQNIC_VERSION_MAJOR_VALUE 2
#define VQNIC_VERSION_MINOR_VALUE 0

/* Numbers */
/* PCI vendor ID (unassigned by PCI-SIG, as QEMU's edu device) */
#define VQNIC_PCI_VENDOR_ID 0x1234
/* PCI device ID, "vq" */
#define VQNIC_PCI_DEVICE_ID 0x7671
/* what MAGIC reads: "vqnc" as little-endian bytes */
#define VQNIC_MAGIC_VALUE 0x636e7176
/* BAR of the registers */
#define VQNIC_BAR_REGS 0
/* BAR of the doorbells: 64 bit, prefetchable */
#define VQNIC_BAR_DOORBELLS 2
/* BAR of the MSI-X table and pending bits */
#define VQNIC_BAR_MSIX 4
/* bytes */
#define VQNIC_BAR_REGS_SIZE 0x40000
/* bytes */
#define VQNIC_BAR_DOORBELLS_SIZE 0x100000
/* bytes */
#define VQNIC_BAR_MSIX_SIZE 0x2000
/* BAR offset of the bank of address space 0 */
#define VQNIC_AS_BANK_OFFSET 0x20000
/* bytes from one address space's bank to the next */
#define VQNIC_AS_BANK_STRIDE 0x20
/* bytes from the start of the MSI-X BAR */
#define VQNIC_MSIX_PBA_OFFSET 0x1000
/* BAR offset of vdev 0's window */
#define VQNIC_VDEV_WINDOW_OFFSET 0x10000
/* bytes from one vdev's window to the next */
#define VQNIC_VDEV_WINDOW_STRIDE 0x1000
/* bytes of BAR2 for each queue: one page, so that it can be mapped alone */
#define VQNIC_DOORBELL_BYTES 0x1000
/* vdevs of the reference configuration */
#define VQNIC_VDEVS 0x10
/* queue pairs of the pool in the reference configuration */
#define VQNIC_PAIRS 0x40
/* queue pairs that a vdev can have */
#define VQNIC_VDEV_PAIRS_LIMIT 0x10
/* queue number of vdev 0's control queue; below it lie receive queue 2 * pair and transmit queue 2 * pair + 1 of each pair of the pool */
#define VQNIC_CTRL_QUEUE_FIRST 0x80
/* bytes of a vdev's mailbox: what is longer of a command is cut off */
#define VQNIC_MAILBOX_BYTES 0x2000
/* slots of the MAC table where an address can be: one a way */
#define VQNIC_MAC_WAYS 4
/* slots of each way */
#define VQNIC_MAC_ROWS 0x200
/* bits of the MAC table's hash key */
#define VQNIC_MAC_KEY_BITS 0x60
/* VLAN IDs */
#define VQNIC_VLANS 0x1000
/* BAR offset of the filter bank */
#define VQNIC_FILTER_BANK_OFFSET 0x30000
/* largest queue size, descriptors */
#define VQNIC_VQ_SIZE_LIMIT 0x400
/* MSI-X vectors of the reference configuration */
#define VQNIC_MSIX_VECTOR_COUNT 0x100
/* VIRTIO_MSI_NO_VECTOR: no interrupt */
#define VQNIC_NO_VECTOR 0xffff
/* smallest MTU, bytes */
#define VQNIC_MTU_LIMIT_MIN 0x44
/* largest MTU, bytes */
#define VQNIC_MTU_LIMIT_MAX 0x2400
/* longest frame without FCS: MTU_LIMIT_MAX + Ethernet header + one VLAN tag */
#define VQNIC_FRAME_BYTES_MAX 0x2412
/* shortest frame that a guest may send: an Ethernet header */
#define VQNIC_FRAME_BYTES_MIN 0xe
/* struct virtio_net_hdr of a VERSION_1 device, virtio 5.1.6 */
#define VQNIC_VNET_HDR_BYTES 0xc
/* address spaces of the reference configuration, AS_IDENTITY among them */
#define VQNIC_ADDRESS_SPACE_COUNT 0x40
/* address space whose addresses are bus addresses: no table, nothing is refused */
#define VQNIC_AS_IDENTITY 0
/* an IOVA has so many bits: three levels of 512 entries and 4 KiB pages */
#define VQNIC_IOVA_BITS 0x27
/* page table entry: it maps; the access may read */
#define VQNIC_PTE_VALID 1
/* page table entry, leaf: the access may write */
#define VQNIC_PTE_WRITE 2
/* page table entry: a page of 1 GiB, 2 MiB or 4 KiB by level, not a table. Always set in the last level */
#define VQNIC_PTE_LEAF 4
/* clock of the reference configuration */
#define VQNIC_CLOCK_HZ_REFERENCE 0xee6b280

/* Registers of bank "card": offset in the bank; width, access */
#define VQNIC_REG_MAGIC 0x000 /* 32, ro */
#define VQNIC_REG_VERSION 0x004 /* 32, ro */
#define VQNIC_VERSION_MINOR 0x0000ffffu
#define VQNIC_VERSION_MAJOR 0xffff0000u
#define VQNIC_REG_CARD_FEATURES 0x008 /* 64, ro */
#define VQNIC_REG_VDEV_COUNT 0x010 /* 32, ro */
#define VQNIC_REG_PAIR_COUNT 0x014 /* 32, ro */
#define VQNIC_REG_VQ_SIZE_MAX 0x018 /* 32, ro */
#define VQNIC_REG_MSIX_VECTORS 0x01c /* 32, ro */
#define VQNIC_REG_VDEV_OFFSET 0x020 /* 32, ro */
#define VQNIC_REG_VDEV_STRIDE 0x024 /* 32, ro */
#define VQNIC_REG_DOORBELL_STRIDE 0x028 /* 32, ro */
#define VQNIC_REG_DATA_BITS 0x02c /* 32, ro */
#define VQNIC_REG_CLOCK_HZ 0x030 /* 32, ro */
#define VQNIC_REG_MTU_MAX 0x034 /* 32, ro */
#define VQNIC_REG_CARD_CONTROL 0x040 /* 32, rw */
#define VQNIC_CARD_CONTROL_RESET 0x00000001u
#define VQNIC_REG_CARD_STATUS 0x044 /* 32, ro */
#define VQNIC_CARD_STATUS_LINK 0x00000001u
#define VQNIC_REG_EVENT_VECTOR 0x048 /* 16, rw */
#define VQNIC_REG_EVENT 0x04c /* 32, w1c */
#define VQNIC_EVENT_LINK 0x00000001u
#define VQNIC_EVENT_FAULT 0x00000002u
#define VQNIC_EVENT_COMMAND 0x00000004u
#define VQNIC_REG_SCRATCH 0x050 /* 32, rw */
#define VQNIC_REG_CYCLES 0x058 /* 64, ro, latched */
#define VQNIC_REG_AS_COUNT 0x060 /* 32, ro */
#define VQNIC_REG_AS_OFFSET 0x064 /* 32, ro */
#define VQNIC_REG_AS_STRIDE 0x068 /* 32, ro */
#define VQNIC_REG_IOVA_WIDTH 0x06c /* 32, ro */
#define VQNIC_REG_COMMANDS 0x070 /* 32, ro */
#define VQNIC_REG_FILTER_OFFSET 0x074 /* 32, ro */
#define VQNIC_REG_MAC_SLOTS 0x078 /* 32, ro */
#define VQNIC_REG_VDEV_PAIRS_MAX 0x07c /* 32, ro */
#define VQNIC_REG_WIRE_RX_FRAMES 0x100 /* 64, ro, latched */
#define VQNIC_REG_WIRE_RX_BYTES 0x108 /* 64, ro, latched */
#define VQNIC_REG_WIRE_RX_DROP_ERROR 0x110 /* 64, ro, latched */
#define VQNIC_REG_WIRE_RX_DROP_FILTER 0x118 /* 64, ro, latched */
#define VQNIC_REG_SWITCH_FRAMES 0x130 /* 64, ro, latched */
#define VQNIC_REG_WIRE_TX_FRAMES 0x120 /* 64, ro, latched */
#define VQNIC_REG_WIRE_TX_BYTES 0x128 /* 64, ro, latched */

/* Counters: X(register, name) */
#define VQNIC_CARD_COUNTERS(X) \
	X(WIRE_RX_FRAMES, wire_rx_frames) \
	X(WIRE_RX_BYTES, wire_rx_bytes) \
	X(WIRE_RX_DROP_ERROR, wire_rx_drop_error) \
	X(WIRE_RX_DROP_FILTER, wire_rx_drop_filter) \
	X(SWITCH_FRAMES, switch_frames) \
	X(WIRE_TX_FRAMES, wire_tx_frames) \
	X(WIRE_TX_BYTES, wire_tx_bytes)

/* Registers of bank "as": offset in the bank; width, access */
#define VQNIC_REG_AS_ROOT 0x000 /* 64, rw */
#define VQNIC_REG_AS_INVALIDATE 0x008 /* 32, rw */
#define VQNIC_AS_INVALIDATE_BUSY 0x00000001u
#define VQNIC_REG_AS_LOG 0x010 /* 64, rw */
#define VQNIC_REG_AS_LOG_PAGES 0x018 /* 32, rw */

/* Registers of bank "filter": offset in the bank; width, access */
#define VQNIC_REG_MAC_KEY_0 0x000 /* 32, rw */
#define VQNIC_REG_MAC_KEY_1 0x004 /* 32, rw */
#define VQNIC_REG_MAC_KEY_2 0x008 /* 32, rw */
#define VQNIC_REG_MAC_LO 0x010 /* 32, rw */
#define VQNIC_REG_MAC_HI 0x014 /* 32, rw */
#define VQNIC_REG_MAC_VDEVS 0x018 /* 32, rw */
#define VQNIC_REG_MAC_SLOT 0x01c /* 32, rw */
#define VQNIC_MAC_SLOT_ROW 0x0000ffffu
#define VQNIC_MAC_SLOT_WAY 0x00ff0000u
#define VQNIC_MAC_SLOT_READ 0x40000000u
#define VQNIC_MAC_SLOT_WRITE 0x80000000u
#define VQNIC_REG_VLAN_SELECT 0x020 /* 32, rw */
#define VQNIC_REG_VLAN_RX 0x024 /* 32, rw */
#define VQNIC_REG_VLAN_TX 0x028 /* 32, rw */

/* Registers of bank "vdev": offset in the bank; width, access */
#define VQNIC_REG_DEVICE_FEATURE_SELECT 0x000 /* 32, rw */
#define VQNIC_REG_DEVICE_FEATURE 0x004 /* 32, ro */
#define VQNIC_REG_DRIVER_FEATURE_SELECT 0x008 /* 32, rw */
#define VQNIC_REG_DRIVER_FEATURE 0x00c /* 32, rw */
#define VQNIC_REG_CONFIG_MSIX_VECTOR 0x010 /* 16, rw */
#define VQNIC_REG_NUM_QUEUES 0x012 /* 16, ro */
#define VQNIC_REG_DEVICE_STATUS 0x014 /* 8, rw */
#define VQNIC_REG_CONFIG_GENERATION 0x015 /* 8, ro */
#define VQNIC_REG_QUEUE_SELECT 0x016 /* 16, rw */
#define VQNIC_REG_QUEUE_SIZE 0x018 /* 16, rw */
#define VQNIC_REG_QUEUE_MSIX_VECTOR 0x01a /* 16, rw */
#define VQNIC_REG_QUEUE_ENABLE 0x01c /* 16, rw */
#define VQNIC_REG_QUEUE_NOTIFY_OFF 0x01e /* 16, ro */
#define VQNIC_REG_QUEUE_DESC 0x020 /* 64, rw */
#define VQNIC_REG_QUEUE_DRIVER 0x028 /* 64, rw */
#define VQNIC_REG_QUEUE_DEVICE 0x030 /* 64, rw */
#define VQNIC_REG_QUEUE_NOTIF_CONFIG_DATA 0x038 /* 16, ro */
#define VQNIC_REG_QUEUE_RESET 0x03a /* 16, rw */
#define VQNIC_REG_ADMIN_QUEUE_INDEX 0x03c /* 16, ro */
#define VQNIC_REG_ADMIN_QUEUE_NUM 0x03e /* 16, ro */
#define VQNIC_REG_NET_MAC_LO 0x100 /* 32, ro */
#define VQNIC_REG_NET_MAC_HI 0x104 /* 16, ro */
#define VQNIC_REG_NET_STATUS 0x106 /* 16, ro */
#define VQNIC_REG_NET_MAX_VQ_PAIRS 0x108 /* 16, ro */
#define VQNIC_REG_NET_MTU 0x10a /* 16, ro */
#define VQNIC_REG_QUEUE_AVAIL_STATE 0x400 /* 16, rw */
#define VQNIC_REG_QUEUE_USED_STATE 0x402 /* 16, rw */
#define VQNIC_REG_QUEUE_STATUS 0x404 /* 32, ro */
#define VQNIC_QUEUE_STATUS_BUSY 0x00000001u
#define VQNIC_REG_QUEUE_FAULT 0x408 /* 8, ro */
#define VQNIC_REG_QUEUE_FAULT_INFO 0x410 /* 64, ro */
#define VQNIC_REG_QUEUE_FRAMES 0x420 /* 64, ro, latched */
#define VQNIC_REG_QUEUE_BYTES 0x428 /* 64, ro, latched */
#define VQNIC_REG_QUEUE_DROPS 0x430 /* 64, ro, latched */
#define VQNIC_REG_VDEV_CONTROL 0x800 /* 32, rw */
#define VQNIC_VDEV_CONTROL_ENABLE 0x00000001u
#define VQNIC_VDEV_CONTROL_LINK 0x00000002u
#define VQNIC_VDEV_CONTROL_SUSPEND 0x00000004u
#define VQNIC_VDEV_CONTROL_ANNOUNCE 0x00000008u
#define VQNIC_REG_VDEV_STATUS 0x804 /* 32, ro */
#define VQNIC_VDEV_STATUS_QUIET 0x00000001u
#define VQNIC_REG_SUPPORTED_FEATURES 0x808 /* 64, ro */
#define VQNIC_REG_OFFERED_FEATURES 0x810 /* 64, rw */
#define VQNIC_REG_VDEV_MAC_LO 0x818 /* 32, rw */
#define VQNIC_REG_VDEV_MAC_HI 0x81c /* 32, rw */
#define VQNIC_REG_VDEV_MTU 0x820 /* 32, rw */
#define VQNIC_REG_VDEV_DOORBELLS 0x828 /* 32, ro */
#define VQNIC_REG_VDEV_AS_CTRL 0x83a /* 16, rw */
#define VQNIC_REG_VDEV_PAIRS 0x83c /* 16, rw */
#define VQNIC_REG_VDEV_CURRENT_PAIRS 0x83e /* 16, rw */
#define VQNIC_REG_VDEV_OFFLOADS_OFF 0x840 /* 32, rw */
#define VQNIC_VDEV_OFFLOADS_OFF_GUEST_CSUM 0x00000002u
#define VQNIC_REG_VDEV_RX_MODE 0x844 /* 32, rw */
#define VQNIC_VDEV_RX_MODE_PROMISC 0x00000001u
#define VQNIC_VDEV_RX_MODE_ALLMULTI 0x00000002u
#define VQNIC_VDEV_RX_MODE_ALLUNI 0x00000004u
#define VQNIC_VDEV_RX_MODE_NOMULTI 0x00000008u
#define VQNIC_VDEV_RX_MODE_NOUNI 0x00000010u
#define VQNIC_VDEV_RX_MODE_NOBCAST 0x00000020u
#define VQNIC_VDEV_RX_MODE_VLAN_FILTER 0x00000100u
#define VQNIC_REG_VDEV_POLICY 0x848 /* 32, rw */
#define VQNIC_VDEV_POLICY_SPOOF_CHECK 0x00000001u
#define VQNIC_VDEV_POLICY_VLAN_CHECK 0x00000002u
#define VQNIC_VDEV_POLICY_PORT_VLAN 0x00000004u
#define VQNIC_VDEV_POLICY_PVID 0x0fff0000u
#define VQNIC_VDEV_POLICY_PCP 0xe0000000u
#define VQNIC_REG_VDEV_MAILBOX 0x850 /* 64, rw */
#define VQNIC_REG_VDEV_COMMAND 0x858 /* 32, ro */
#define VQNIC_VDEV_COMMAND_LENGTH 0x0000ffffu
#define VQNIC_VDEV_COMMAND_CUT 0x00010000u
#define VQNIC_VDEV_COMMAND_TAG 0x7f000000u
#define VQNIC_VDEV_COMMAND_PENDING 0x80000000u
#define VQNIC_REG_VDEV_ANSWER 0x85c /* 32, wo */
#define VQNIC_VDEV_ANSWER_ACK 0x000000ffu
#define VQNIC_VDEV_ANSWER_TAG 0x7f000000u
#define VQNIC_REG_VDEV_AS_DATA 0x838 /* 16, rw */
#define VQNIC_REG_ACCEPTED_FEATURES 0x830 /* 64, ro */
#define VQNIC_REG_TX_FRAMES 0x900 /* 64, ro, latched */
#define VQNIC_REG_TX_BYTES 0x908 /* 64, ro, latched */
#define VQNIC_REG_RX_FRAMES 0x910 /* 64, ro, latched */
#define VQNIC_REG_RX_BYTES 0x918 /* 64, ro, latched */
#define VQNIC_REG_RX_DROP_NO_BUFFER 0x920 /* 64, ro, latched */
#define VQNIC_REG_RX_DROP_TOO_LONG 0x928 /* 64, ro, latched */
#define VQNIC_REG_RX_DROP_NOT_READY 0x930 /* 64, ro, latched */
#define VQNIC_REG_INTERRUPTS 0x938 /* 64, ro, latched */
#define VQNIC_REG_RX_DROP_VLAN 0x940 /* 64, ro, latched */
#define VQNIC_REG_TX_DROP_SPOOF 0x948 /* 64, ro, latched */
#define VQNIC_REG_TX_DROP_VLAN 0x950 /* 64, ro, latched */
#define VQNIC_REG_COMMANDS_TAKEN 0x958 /* 64, ro, latched */
#define VQNIC_REG_VDEV_PAIR 0xa00 /* 32, rw */
#define VQNIC_VDEV_PAIR_PAIR 0x0000ffffu
#define VQNIC_VDEV_PAIR_VALID 0x80000000u

/* Counters: X(register, name) */
#define VQNIC_VDEV_COUNTERS(X) \
	X(TX_FRAMES, tx_frames) \
	X(TX_BYTES, tx_bytes) \
	X(RX_FRAMES, rx_frames) \
	X(RX_BYTES, rx_bytes) \
	X(RX_DROP_NO_BUFFER, rx_drop_no_buffer) \
	X(RX_DROP_TOO_LONG, rx_drop_too_long) \
	X(RX_DROP_NOT_READY, rx_drop_not_ready) \
	X(INTERRUPTS, interrupts) \
	X(RX_DROP_VLAN, rx_drop_vlan) \
	X(TX_DROP_SPOOF, tx_drop_spoof) \
	X(TX_DROP_VLAN, tx_drop_vlan) \
	X(COMMANDS_TAKEN, commands_taken)

/* fault codes */
#define VQNIC_FAULT_NONE 0
#define VQNIC_FAULT_DMA_READ 1
#define VQNIC_FAULT_DMA_WRITE 2
#define VQNIC_FAULT_AVAIL_INDEX 3
#define VQNIC_FAULT_DESC_INDEX 4
#define VQNIC_FAULT_CHAIN_LOOP 5
#define VQNIC_FAULT_DESC_LENGTH 6
#define VQNIC_FAULT_DESC_FLAGS 7
#define VQNIC_FAULT_DESC_DIRECTION 8
#define VQNIC_FAULT_CHAIN_SHORT 9
#define VQNIC_FAULT_CHAIN_LONG 10
#define VQNIC_FAULT_HDR_FLAGS 11
#define VQNIC_FAULT_IOVA_READ 12
#define VQNIC_FAULT_IOVA_WRITE 13
#define VQNIC_FAULT_HDR_CSUM 15
#define VQNIC_FAULT_INDIRECT 16
#define VQNIC_FAULT_PAGE_TABLE 14

/* X(name, value, what it means) */
#define VQNIC_FAULTS(X) \
	X(NONE, 0, "the queue has no fault") \
	X(DMA_READ, 1, "a read of the ring or of a buffer got an error response") \
	X(DMA_WRITE, 2, "a write to the ring, to a buffer or to the dirty log got an error response") \
	X(AVAIL_INDEX, 3, "the avail index is ahead of the last one taken by more than the queue size") \
	X(DESC_INDEX, 4, "a head or a next field is not below the queue size") \
	X(CHAIN_LOOP, 5, "a chain has more descriptors than the queue size, or than entries in its indirect table") \
	X(DESC_LENGTH, 6, "a descriptor's length is 0, or its end wraps around the address space") \
	X(DESC_FLAGS, 7, "INDIRECT without the feature, in an indirect table or together with NEXT; or an unknown flag bit") \
	X(DESC_DIRECTION, 8, "a writable descriptor in a transmit chain, a readable one in a receive chain or behind a writable one in a control chain") \
	X(CHAIN_SHORT, 9, "a transmit chain shorter than virtio_net_hdr and an Ethernet header, a receive chain shorter than virtio_net_hdr, or a control chain without a readable or without a writable byte") \
	X(CHAIN_LONG, 10, "a transmit chain longer than virtio_net_hdr and FRAME_BYTES_MAX") \
	X(HDR_FLAGS, 11, "virtio_net_hdr asks for an offload that was not negotiated") \
	X(IOVA_READ, 12, "a read of an address that the address space does not map") \
	X(IOVA_WRITE, 13, "a write to an address that the address space does not map, or maps read-only") \
	X(HDR_CSUM, 15, "the checksum that virtio_net_hdr asks for lies outside of the frame, or in its Ethernet header or VLAN tag: before byte 18") \
	X(INDIRECT, 16, "an indirect table whose length is 0, no multiple of 16, or more descriptors than the queue size") \
	X(PAGE_TABLE, 14, "a page table could not be read, or an entry has reserved bits set")

#endif /* VQNIC_REGS_H */
