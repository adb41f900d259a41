// SPDX-License-Identifier: Apache-2.0
// Generated from hw/regs/vqnic.toml by hw/regs/generate: do not edit.

package vqnic_regs_pkg;

  localparam int unsigned VERSION_MAJOR_VALUE = 2;
  localparam int unsigned VERSION_MINOR_VALUE = 0;

  // PCI vendor ID (unassigned by PCI-SIG, as QEMU's edu device)
  localparam int unsigned PCI_VENDOR_ID = 32'h1234;
  // PCI device ID, "vq"
  localparam int unsigned PCI_DEVICE_ID = 32'h7671;
  // what MAGIC reads: "vqnc" as little-endian bytes
  localparam int unsigned MAGIC_VALUE = 32'h636e7176;
  // BAR of the registers
  localparam int unsigned BAR_REGS = 32'h0;
  // BAR of the doorbells: 64 bit, prefetchable
  localparam int unsigned BAR_DOORBELLS = 32'h2;
  // BAR of the MSI-X table and pending bits
  localparam int unsigned BAR_MSIX = 32'h4;
  // bytes
  localparam int unsigned BAR_REGS_SIZE = 32'h40000;
  // bytes
  localparam int unsigned BAR_DOORBELLS_SIZE = 32'h100000;
  // bytes
  localparam int unsigned BAR_MSIX_SIZE = 32'h2000;
  // BAR offset of the bank of address space 0
  localparam int unsigned AS_BANK_OFFSET = 32'h20000;
  // bytes from one address space's bank to the next
  localparam int unsigned AS_BANK_STRIDE = 32'h20;
  // bytes from the start of the MSI-X BAR
  localparam int unsigned MSIX_PBA_OFFSET = 32'h1000;
  // BAR offset of vdev 0's window
  localparam int unsigned VDEV_WINDOW_OFFSET = 32'h10000;
  // bytes from one vdev's window to the next
  localparam int unsigned VDEV_WINDOW_STRIDE = 32'h1000;
  // bytes of BAR2 for each queue: one page, so that it can be mapped alone
  localparam int unsigned DOORBELL_BYTES = 32'h1000;
  // vdevs of the reference configuration
  localparam int unsigned VDEVS = 32'h10;
  // queue pairs of the pool in the reference configuration
  localparam int unsigned PAIRS = 32'h40;
  // queue pairs that a vdev can have
  localparam int unsigned VDEV_PAIRS_LIMIT = 32'h10;
  // queue number of vdev 0's control queue; below it lie receive queue 2 * pair and transmit queue 2 * pair + 1 of each pair of the pool
  localparam int unsigned CTRL_QUEUE_FIRST = 32'h80;
  // bytes of a vdev's mailbox: what is longer of a command is cut off
  localparam int unsigned MAILBOX_BYTES = 32'h2000;
  // slots of the MAC table where an address can be: one a way
  localparam int unsigned MAC_WAYS = 32'h4;
  // slots of each way
  localparam int unsigned MAC_ROWS = 32'h200;
  // bits of the MAC table's hash key
  localparam int unsigned MAC_KEY_BITS = 32'h60;
  // VLAN IDs
  localparam int unsigned VLANS = 32'h1000;
  // BAR offset of the filter bank
  localparam int unsigned FILTER_BANK_OFFSET = 32'h30000;
  // largest queue size, descriptors
  localparam int unsigned VQ_SIZE_LIMIT = 32'h400;
  // MSI-X vectors of the reference configuration
  localparam int unsigned MSIX_VECTOR_COUNT = 32'h100;
  // VIRTIO_MSI_NO_VECTOR: no interrupt
  localparam int unsigned NO_VECTOR = 32'hffff;
  // smallest MTU, bytes
  localparam int unsigned MTU_LIMIT_MIN = 32'h44;
  // largest MTU, bytes
  localparam int unsigned MTU_LIMIT_MAX = 32'h2400;
  // longest frame without FCS: MTU_LIMIT_MAX + Ethernet header + one VLAN tag
  localparam int unsigned FRAME_BYTES_MAX = 32'h2412;
  // shortest frame that a guest may send: an Ethernet header
  localparam int unsigned FRAME_BYTES_MIN = 32'he;
  // struct virtio_net_hdr of a VERSION_1 device, virtio 5.1.6
  localparam int unsigned VNET_HDR_BYTES = 32'hc;
  // address spaces of the reference configuration, AS_IDENTITY among them
  localparam int unsigned ADDRESS_SPACE_COUNT = 32'h40;
  // address space whose addresses are bus addresses: no table, nothing is refused
  localparam int unsigned AS_IDENTITY = 32'h0;
  // an IOVA has so many bits: three levels of 512 entries and 4 KiB pages
  localparam int unsigned IOVA_BITS = 32'h27;
  // page table entry: it maps; the access may read
  localparam int unsigned PTE_VALID = 32'h1;
  // page table entry, leaf: the access may write
  localparam int unsigned PTE_WRITE = 32'h2;
  // page table entry: a page of 1 GiB, 2 MiB or 4 KiB by level, not a table. Always set in the last level
  localparam int unsigned PTE_LEAF = 32'h4;
  // clock of the reference configuration
  localparam int unsigned CLOCK_HZ_REFERENCE = 32'hee6b280;

  // Registers of bank "card": offset in the bank; width, access
  localparam logic [11:0] REG_MAGIC = 12'h000;  // 32, ro
  localparam logic [11:0] REG_VERSION = 12'h004;  // 32, ro
  localparam int unsigned VERSION_MINOR_LSB = 0;
  localparam int unsigned VERSION_MAJOR_LSB = 16;
  localparam logic [11:0] REG_CARD_FEATURES = 12'h008;  // 64, ro
  localparam logic [11:0] REG_VDEV_COUNT = 12'h010;  // 32, ro
  localparam logic [11:0] REG_PAIR_COUNT = 12'h014;  // 32, ro
  localparam logic [11:0] REG_VQ_SIZE_MAX = 12'h018;  // 32, ro
  localparam logic [11:0] REG_MSIX_VECTORS = 12'h01c;  // 32, ro
  localparam logic [11:0] REG_VDEV_OFFSET = 12'h020;  // 32, ro
  localparam logic [11:0] REG_VDEV_STRIDE = 12'h024;  // 32, ro
  localparam logic [11:0] REG_DOORBELL_STRIDE = 12'h028;  // 32, ro
  localparam logic [11:0] REG_DATA_BITS = 12'h02c;  // 32, ro
  localparam logic [11:0] REG_CLOCK_HZ = 12'h030;  // 32, ro
  localparam logic [11:0] REG_MTU_MAX = 12'h034;  // 32, ro
  localparam logic [11:0] REG_CARD_CONTROL = 12'h040;  // 32, rw
  localparam int unsigned CARD_CONTROL_RESET_LSB = 0;
  localparam logic [11:0] REG_CARD_STATUS = 12'h044;  // 32, ro
  localparam int unsigned CARD_STATUS_LINK_LSB = 0;
  localparam logic [11:0] REG_EVENT_VECTOR = 12'h048;  // 16, rw
  localparam logic [11:0] REG_EVENT = 12'h04c;  // 32, w1c
  localparam int unsigned EVENT_LINK_LSB = 0;
  localparam int unsigned EVENT_FAULT_LSB = 1;
  localparam int unsigned EVENT_COMMAND_LSB = 2;
  localparam logic [11:0] REG_SCRATCH = 12'h050;  // 32, rw
  localparam logic [11:0] REG_CYCLES = 12'h058;  // 64, ro
  localparam logic [11:0] REG_AS_COUNT = 12'h060;  // 32, ro
  localparam logic [11:0] REG_AS_OFFSET = 12'h064;  // 32, ro
  localparam logic [11:0] REG_AS_STRIDE = 12'h068;  // 32, ro
  localparam logic [11:0] REG_IOVA_WIDTH = 12'h06c;  // 32, ro
  localparam logic [11:0] REG_COMMANDS = 12'h070;  // 32, ro
  localparam logic [11:0] REG_FILTER_OFFSET = 12'h074;  // 32, ro
  localparam logic [11:0] REG_MAC_SLOTS = 12'h078;  // 32, ro
  localparam logic [11:0] REG_VDEV_PAIRS_MAX = 12'h07c;  // 32, ro
  localparam logic [11:0] REG_WIRE_RX_FRAMES = 12'h100;  // 64, ro
  localparam logic [11:0] REG_WIRE_RX_BYTES = 12'h108;  // 64, ro
  localparam logic [11:0] REG_WIRE_RX_DROP_ERROR = 12'h110;  // 64, ro
  localparam logic [11:0] REG_WIRE_RX_DROP_FILTER = 12'h118;  // 64, ro
  localparam logic [11:0] REG_SWITCH_FRAMES = 12'h130;  // 64, ro
  localparam logic [11:0] REG_WIRE_TX_FRAMES = 12'h120;  // 64, ro
  localparam logic [11:0] REG_WIRE_TX_BYTES = 12'h128;  // 64, ro

  // Registers of bank "as": offset in the bank; width, access
  localparam logic [11:0] REG_AS_ROOT = 12'h000;  // 64, rw
  localparam logic [11:0] REG_AS_INVALIDATE = 12'h008;  // 32, rw
  localparam int unsigned AS_INVALIDATE_BUSY_LSB = 0;
  localparam logic [11:0] REG_AS_LOG = 12'h010;  // 64, rw
  localparam logic [11:0] REG_AS_LOG_PAGES = 12'h018;  // 32, rw

  // Registers of bank "filter": offset in the bank; width, access
  localparam logic [11:0] REG_MAC_KEY_0 = 12'h000;  // 32, rw
  localparam logic [11:0] REG_MAC_KEY_1 = 12'h004;  // 32, rw
  localparam logic [11:0] REG_MAC_KEY_2 = 12'h008;  // 32, rw
  localparam logic [11:0] REG_MAC_LO = 12'h010;  // 32, rw
  localparam logic [11:0] REG_MAC_HI = 12'h014;  // 32, rw
  localparam logic [11:0] REG_MAC_VDEVS = 12'h018;  // 32, rw
  localparam logic [11:0] REG_MAC_SLOT = 12'h01c;  // 32, rw
  localparam int unsigned MAC_SLOT_ROW_LSB = 0;
  localparam int unsigned MAC_SLOT_WAY_LSB = 16;
  localparam int unsigned MAC_SLOT_READ_LSB = 30;
  localparam int unsigned MAC_SLOT_WRITE_LSB = 31;
  localparam logic [11:0] REG_VLAN_SELECT = 12'h020;  // 32, rw
  localparam logic [11:0] REG_VLAN_RX = 12'h024;  // 32, rw
  localparam logic [11:0] REG_VLAN_TX = 12'h028;  // 32, rw

  // Registers of bank "vdev": offset in the bank; width, access
  localparam logic [11:0] REG_DEVICE_FEATURE_SELECT = 12'h000;  // 32, rw
  localparam logic [11:0] REG_DEVICE_FEATURE = 12'h004;  // 32, ro
  localparam logic [11:0] REG_DRIVER_FEATURE_SELECT = 12'h008;  // 32, rw
  localparam logic [11:0] REG_DRIVER_FEATURE = 12'h00c;  // 32, rw
  localparam logic [11:0] REG_CONFIG_MSIX_VECTOR = 12'h010;  // 16, rw
  localparam logic [11:0] REG_NUM_QUEUES = 12'h012;  // 16, ro
  localparam logic [11:0] REG_DEVICE_STATUS = 12'h014;  // 8, rw
  localparam logic [11:0] REG_CONFIG_GENERATION = 12'h015;  // 8, ro
  localparam logic [11:0] REG_QUEUE_SELECT = 12'h016;  // 16, rw
  localparam logic [11:0] REG_QUEUE_SIZE = 12'h018;  // 16, rw
  localparam logic [11:0] REG_QUEUE_MSIX_VECTOR = 12'h01a;  // 16, rw
  localparam logic [11:0] REG_QUEUE_ENABLE = 12'h01c;  // 16, rw
  localparam logic [11:0] REG_QUEUE_NOTIFY_OFF = 12'h01e;  // 16, ro
  localparam logic [11:0] REG_QUEUE_DESC = 12'h020;  // 64, rw
  localparam logic [11:0] REG_QUEUE_DRIVER = 12'h028;  // 64, rw
  localparam logic [11:0] REG_QUEUE_DEVICE = 12'h030;  // 64, rw
  localparam logic [11:0] REG_QUEUE_NOTIF_CONFIG_DATA = 12'h038;  // 16, ro
  localparam logic [11:0] REG_QUEUE_RESET = 12'h03a;  // 16, rw
  localparam logic [11:0] REG_ADMIN_QUEUE_INDEX = 12'h03c;  // 16, ro
  localparam logic [11:0] REG_ADMIN_QUEUE_NUM = 12'h03e;  // 16, ro
  localparam logic [11:0] REG_NET_MAC_LO = 12'h100;  // 32, ro
  localparam logic [11:0] REG_NET_MAC_HI = 12'h104;  // 16, ro
  localparam logic [11:0] REG_NET_STATUS = 12'h106;  // 16, ro
  localparam logic [11:0] REG_NET_MAX_VQ_PAIRS = 12'h108;  // 16, ro
  localparam logic [11:0] REG_NET_MTU = 12'h10a;  // 16, ro
  localparam logic [11:0] REG_QUEUE_AVAIL_STATE = 12'h400;  // 16, rw
  localparam logic [11:0] REG_QUEUE_USED_STATE = 12'h402;  // 16, rw
  localparam logic [11:0] REG_QUEUE_STATUS = 12'h404;  // 32, ro
  localparam int unsigned QUEUE_STATUS_BUSY_LSB = 0;
  localparam logic [11:0] REG_QUEUE_FAULT = 12'h408;  // 8, ro
  localparam logic [11:0] REG_QUEUE_FAULT_INFO = 12'h410;  // 64, ro
  localparam logic [11:0] REG_QUEUE_FRAMES = 12'h420;  // 64, ro
  localparam logic [11:0] REG_QUEUE_BYTES = 12'h428;  // 64, ro
  localparam logic [11:0] REG_QUEUE_DROPS = 12'h430;  // 64, ro
  localparam logic [11:0] REG_VDEV_CONTROL = 12'h800;  // 32, rw
  localparam int unsigned VDEV_CONTROL_ENABLE_LSB = 0;
  localparam int unsigned VDEV_CONTROL_LINK_LSB = 1;
  localparam int unsigned VDEV_CONTROL_SUSPEND_LSB = 2;
  localparam int unsigned VDEV_CONTROL_ANNOUNCE_LSB = 3;
  localparam logic [11:0] REG_VDEV_STATUS = 12'h804;  // 32, ro
  localparam int unsigned VDEV_STATUS_QUIET_LSB = 0;
  localparam logic [11:0] REG_SUPPORTED_FEATURES = 12'h808;  // 64, ro
  localparam logic [11:0] REG_OFFERED_FEATURES = 12'h810;  // 64, rw
  localparam logic [11:0] REG_VDEV_MAC_LO = 12'h818;  // 32, rw
  localparam logic [11:0] REG_VDEV_MAC_HI = 12'h81c;  // 32, rw
  localparam logic [11:0] REG_VDEV_MTU = 12'h820;  // 32, rw
  localparam logic [11:0] REG_VDEV_DOORBELLS = 12'h828;  // 32, ro
  localparam logic [11:0] REG_VDEV_AS_CTRL = 12'h83a;  // 16, rw
  localparam logic [11:0] REG_VDEV_PAIRS = 12'h83c;  // 16, rw
  localparam logic [11:0] REG_VDEV_CURRENT_PAIRS = 12'h83e;  // 16, rw
  localparam logic [11:0] REG_VDEV_OFFLOADS_OFF = 12'h840;  // 32, rw
  localparam int unsigned VDEV_OFFLOADS_OFF_GUEST_CSUM_LSB = 1;
  localparam logic [11:0] REG_VDEV_RX_MODE = 12'h844;  // 32, rw
  localparam int unsigned VDEV_RX_MODE_PROMISC_LSB = 0;
  localparam int unsigned VDEV_RX_MODE_ALLMULTI_LSB = 1;
  localparam int unsigned VDEV_RX_MODE_ALLUNI_LSB = 2;
  localparam int unsigned VDEV_RX_MODE_NOMULTI_LSB = 3;
  localparam int unsigned VDEV_RX_MODE_NOUNI_LSB = 4;
  localparam int unsigned VDEV_RX_MODE_NOBCAST_LSB = 5;
  localparam int unsigned VDEV_RX_MODE_VLAN_FILTER_LSB = 8;
  localparam logic [11:0] REG_VDEV_POLICY = 12'h848;  // 32, rw
  localparam int unsigned VDEV_POLICY_SPOOF_CHECK_LSB = 0;
  localparam int unsigned VDEV_POLICY_VLAN_CHECK_LSB = 1;
  localparam int unsigned VDEV_POLICY_PORT_VLAN_LSB = 2;
  localparam int unsigned VDEV_POLICY_PVID_LSB = 16;
  localparam int unsigned VDEV_POLICY_PCP_LSB = 29;
  localparam logic [11:0] REG_VDEV_MAILBOX = 12'h850;  // 64, rw
  localparam logic [11:0] REG_VDEV_COMMAND = 12'h858;  // 32, ro
  localparam int unsigned VDEV_COMMAND_LENGTH_LSB = 0;
  localparam int unsigned VDEV_COMMAND_CUT_LSB = 16;
  localparam int unsigned VDEV_COMMAND_TAG_LSB = 24;
  localparam int unsigned VDEV_COMMAND_PENDING_LSB = 31;
  localparam logic [11:0] REG_VDEV_ANSWER = 12'h85c;  // 32, wo
  localparam int unsigned VDEV_ANSWER_ACK_LSB = 0;
  localparam int unsigned VDEV_ANSWER_TAG_LSB = 24;
  localparam logic [11:0] REG_VDEV_AS_DATA = 12'h838;  // 16, rw
  localparam logic [11:0] REG_ACCEPTED_FEATURES = 12'h830;  // 64, ro
  localparam logic [11:0] REG_TX_FRAMES = 12'h900;  // 64, ro
  localparam logic [11:0] REG_TX_BYTES = 12'h908;  // 64, ro
  localparam logic [11:0] REG_RX_FRAMES = 12'h910;  // 64, ro
  localparam logic [11:0] REG_RX_BYTES = 12'h918;  // 64, ro
  localparam logic [11:0] REG_RX_DROP_NO_BUFFER = 12'h920;  // 64, ro
  localparam logic [11:0] REG_RX_DROP_TOO_LONG = 12'h928;  // 64, ro
  localparam logic [11:0] REG_RX_DROP_NOT_READY = 12'h930;  // 64, ro
  localparam logic [11:0] REG_INTERRUPTS = 12'h938;  // 64, ro
  localparam logic [11:0] REG_RX_DROP_VLAN = 12'h940;  // 64, ro
  localparam logic [11:0] REG_TX_DROP_SPOOF = 12'h948;  // 64, ro
  localparam logic [11:0] REG_TX_DROP_VLAN = 12'h950;  // 64, ro
  localparam logic [11:0] REG_COMMANDS_TAKEN = 12'h958;  // 64, ro
  localparam logic [11:0] REG_VDEV_PAIR = 12'ha00;  // 32, rw
  localparam int unsigned VDEV_PAIR_PAIR_LSB = 0;
  localparam int unsigned VDEV_PAIR_VALID_LSB = 31;

  typedef enum logic [7:0] {
    FAULT_NONE = 8'd0,
    FAULT_DMA_READ = 8'd1,
    FAULT_DMA_WRITE = 8'd2,
    FAULT_AVAIL_INDEX = 8'd3,
    FAULT_DESC_INDEX = 8'd4,
    FAULT_CHAIN_LOOP = 8'd5,
    FAULT_DESC_LENGTH = 8'd6,
    FAULT_DESC_FLAGS = 8'd7,
    FAULT_DESC_DIRECTION = 8'd8,
    FAULT_CHAIN_SHORT = 8'd9,
    FAULT_CHAIN_LONG = 8'd10,
    FAULT_HDR_FLAGS = 8'd11,
    FAULT_IOVA_READ = 8'd12,
    FAULT_IOVA_WRITE = 8'd13,
    FAULT_HDR_CSUM = 8'd15,
    FAULT_INDIRECT = 8'd16,
    FAULT_PAGE_TABLE = 8'd14
  } fault_e;

endpackage
