// SPDX-License-Identifier: Apache-2.0
//
// Types and numbers that the modules share. What software sees as well is in vqnic_regs_pkg.

package vqnic_pkg;

  // Feature bits, virtio 1.2 sections 5.1.3 and 6.
  localparam int unsigned F_NET_CSUM = 0;
  localparam int unsigned F_NET_GUEST_CSUM = 1;
  localparam int unsigned F_NET_CTRL_GUEST_OFFLOADS = 2;
  localparam int unsigned F_NET_MTU = 3;
  localparam int unsigned F_NET_MAC = 5;
  localparam int unsigned F_NET_MRG_RXBUF = 15;
  localparam int unsigned F_NET_STATUS = 16;
  localparam int unsigned F_NET_CTRL_VQ = 17;
  localparam int unsigned F_NET_CTRL_RX = 18;
  localparam int unsigned F_NET_CTRL_VLAN = 19;
  localparam int unsigned F_NET_CTRL_RX_EXTRA = 20;
  localparam int unsigned F_NET_GUEST_ANNOUNCE = 21;
  localparam int unsigned F_NET_MQ = 22;
  localparam int unsigned F_NET_CTRL_MAC_ADDR = 23;
  localparam int unsigned F_RING_INDIRECT_DESC = 28;
  localparam int unsigned F_RING_EVENT_IDX = 29;
  localparam int unsigned F_VERSION_1 = 32;
  localparam int unsigned F_ACCESS_PLATFORM = 33;
  localparam int unsigned F_RING_RESET = 40;
  // Of those that need the control queue: software carries out the commands.
  localparam logic [63:0] FEATURES_CTRL = (64'd1 << F_NET_CTRL_VQ) | (64'd1 << F_NET_CTRL_RX) |
      (64'd1 << F_NET_CTRL_VLAN) | (64'd1 << F_NET_CTRL_RX_EXTRA) |
      (64'd1 << F_NET_GUEST_ANNOUNCE) | (64'd1 << F_NET_CTRL_MAC_ADDR) |
      (64'd1 << F_NET_CTRL_GUEST_OFFLOADS) | (64'd1 << F_NET_MQ);
  localparam logic [63:0] FEATURES_SUPPORTED = (64'd1 << F_NET_CSUM) |
      (64'd1 << F_NET_GUEST_CSUM) | (64'd1 << F_NET_MTU) | (64'd1 << F_NET_MAC) |
      (64'd1 << F_NET_MRG_RXBUF) | (64'd1 << F_NET_STATUS) | (64'd1 << F_RING_INDIRECT_DESC) |
      (64'd1 << F_RING_EVENT_IDX) | (64'd1 << F_VERSION_1) | (64'd1 << F_ACCESS_PLATFORM) |
      (64'd1 << F_RING_RESET) | FEATURES_CTRL;

  // Device status bits, virtio 1.2 section 2.1.
  localparam int unsigned STATUS_DRIVER_OK = 2;
  localparam int unsigned STATUS_FEATURES_OK = 3;
  localparam int unsigned STATUS_NEEDS_RESET = 6;

  // The pair of a vdev: receive first.
  localparam int unsigned VQ_RX = 0;
  localparam int unsigned VQ_TX = 1;

  // The number of a page of 4 KiB among bus addresses, as page tables hold it.
  localparam int unsigned FRAME_W = 52 - 12;

  // Bytes of the frame buffers between the engines and the wire: three frames of maximal length.
  localparam int unsigned FRAME_BUFFER_BYTES = 32768;

  // What an engine has to know of a queue while it serves it.
  typedef struct packed {
    logic        run;         // enabled, DRIVER_OK, no fault, no reset asked for, not suspended
    logic        kicked;      // since it was seen empty; or it began to run
    logic        event_idx;   // features that were accepted and are not switched off
    logic        mrg_rxbuf;
    logic        indirect;
    logic        csum;
    logic        guest_csum;
    logic [7:0]  number;      // of the queue: of the doorbell page
    logic [3:0]  vdev;
    logic [3:0]  pair;        // index in the vdev
    logic [10:0] size;        // descriptors, a power of two
    logic [15:0] asid;        // of these addresses and those in the ring
    logic [15:0] mtu;         // of the vdev
    logic [63:0] desc;
    logic [63:0] driver;
    logic [63:0] device;
    logic [15:0] avail;       // next avail index to be taken
    logic [15:0] used;        // next used index to be written
    logic [15:0] seen;        // avail index last read
    logic        armed;       // avail_event was published and no chain taken since
  } vq_ctx_t;
  localparam int unsigned VQ_CTX_W = 7 + 8 + 2 * 4 + 11 + 2 * 16 + 3 * 64 + 3 * 16 + 1;

  // What an engine says of a queue when it is done with it.
  typedef struct packed {
    logic [15:0] avail;       // as in vq_ctx_t, afterwards
    logic [15:0] used;
    logic [15:0] seen;
    logic        armed;
    logic        sleep;       // the ring was seen empty: nothing to do until it is kicked
    logic        irq;         // send the queue's interrupt
    logic        fault;       // the queue stops with:
    logic [7:0]  fault_code;
    logic [63:0] fault_info;
    logic        frame;       // count a frame or command
    logic [15:0] bytes;       // of it
    logic        no_buffer;   // count a frame that was dropped for this reason
    logic        too_long;
    logic        not_ready;
  } vq_rel_t;
  localparam int unsigned VQ_REL_W = 3 * 16 + 4 + 8 + 64 + 1 + 16 + 3;

  // struct virtq_desc, virtio 1.2 section 2.7.5.
  typedef struct packed {
    logic [15:0] next;
    logic [15:0] flags;
    logic [31:0] len;
    logic [63:0] addr;
  } desc_t;
  localparam int unsigned DESC_F_NEXT = 0;   // bits of flags
  localparam int unsigned DESC_F_WRITE = 1;
  localparam int unsigned DESC_F_INDIRECT = 2;
  localparam int unsigned DESC_BYTES = 16;

  // struct virtio_net_hdr, virtio 1.2 section 5.1.6.
  typedef struct packed {
    logic [15:0] num_buffers;
    logic [15:0] csum_offset;
    logic [15:0] csum_start;
    logic [15:0] gso_size;
    logic [15:0] hdr_len;
    logic [7:0]  gso_type;
    logic [7:0]  flags;
  } net_hdr_t;
  localparam int unsigned NET_HDR_F_NEEDS_CSUM = 0;  // bits of flags
  localparam int unsigned NET_HDR_F_DATA_VALID = 1;

  // What the transmit engine says of a frame.
  typedef struct packed {
    logic [15:0] len;          // bytes
    logic [3:0]  vdev;         // who sends it,
    logic [3:0]  pair;         // from which of its pairs
    logic        csum;         // the checksum over all from byte csum_start on is wanted at
    logic [15:0] csum_start;   // csum_start + csum_offset, inside of the frame and behind the
    logic [15:0] csum_offset;  // Ethernet header and a tag
  } tx_info_t;
  localparam int unsigned TX_INFO_W = 16 + 2 * 4 + 1 + 2 * 16;

  // What vqnic_parser finds in a frame. All numbers of bytes count from the frame's first.
  typedef struct packed {
    logic [47:0] dst;
    logic [47:0] src;
    logic        has_tag;    // has an 802.1Q tag
    logic        cut;        // ends inside of one
    logic [15:0] tci;        // of the tag
    logic [31:0] hash;       // of the flow, the same for both directions
    logic        l4;         // holds a whole TCP segment or UDP datagram, with a checksum:
    logic        l4_csum;    // the checksum is not left out
    logic [15:0] l4_start;   // where it begins
    logic [15:0] l4_end;     // and ends
    logic [15:0] l4_field;   // and where its checksum is
    logic [15:0] l4_pseudo;  // sum of its pseudo header
  } frame_t;
  localparam int unsigned FRAME_T_W = 2 * 48 + 2 + 16 + 32 + 2 + 4 * 16;

  localparam logic [15:0] TYPE_VLAN = 16'h8100;  // EtherType of an 802.1Q tag
  localparam int unsigned MAC_BYTES = 12;        // destination and source
  localparam int unsigned TAG_BYTES = 4;         // 802.1Q tag, behind them

  // What vqnic_tag_edit does to a frame.
  typedef enum logic [1:0] {
    TAG_KEEP,
    TAG_INSERT,
    TAG_REPLACE,
    TAG_STRIP
  } tag_edit_e;

  // The sum of 16-bit words in one's complement, from their sum in two's.
  function automatic logic [15:0] fold(input logic [31:0] sum);
    logic [16:0] once;
    once = {1'b0, sum[15:0]} + {1'b0, sum[31:16]};
    fold = once[15:0] + {15'd0, once[16]};
  endfunction

  // Numbers of queues and vdevs.
  localparam int unsigned QUEUE_W = 8;
  localparam int unsigned VDEV_W = 4;

  // Counters of a vdev, by their place from TX_FRAMES on.
  localparam logic [3:0] COUNT_TX_FRAMES = 4'd0;
  localparam logic [3:0] COUNT_TX_BYTES = 4'd1;
  localparam logic [3:0] COUNT_RX_FRAMES = 4'd2;
  localparam logic [3:0] COUNT_RX_BYTES = 4'd3;
  localparam logic [3:0] COUNT_RX_DROP_NO_BUFFER = 4'd4;
  localparam logic [3:0] COUNT_RX_DROP_TOO_LONG = 4'd5;
  localparam logic [3:0] COUNT_RX_DROP_NOT_READY = 4'd6;
  localparam logic [3:0] COUNT_INTERRUPTS = 4'd7;
  localparam logic [3:0] COUNT_RX_DROP_VLAN = 4'd8;
  localparam logic [3:0] COUNT_TX_DROP_SPOOF = 4'd9;
  localparam logic [3:0] COUNT_TX_DROP_VLAN = 4'd10;
  localparam logic [3:0] COUNT_COMMANDS_TAKEN = 4'd11;
  localparam logic [3:0] COUNT_UNUSED = 4'd15;

  // What is to be counted.
  typedef struct packed {
    logic [3:0]  vdev;
    logic        of_queue;    // also of the queue of this number
    logic [7:0]  number;
    logic        frame;       // one in counter frame_idx, `bytes` in counter bytes_idx
    logic [3:0]  frame_idx;
    logic [15:0] bytes;
    logic [3:0]  bytes_idx;
    logic [7:0]  drops;       // in counter drop_idx
    logic [3:0]  drop_idx;
  } event_t;
  localparam int unsigned EVENT_W = 4 + 1 + 8 + 1 + 4 + 16 + 4 + 8 + 4;

  // What vqnic_vring does for an engine.
  typedef enum logic [2:0] {
    RING_INDEX,  // read the avail index
    RING_HEAD,   // read an entry of the avail ring
    RING_DESC,   // read a descriptor
    RING_ARM,    // publish avail_event: notify me of the next chain
    RING_USED    // write a used entry; after the last one the used index, then see whether the
                 // driver wants an interrupt
  } ring_cmd_e;

  // `value` with the bytes that `strb` names taken from `wdata`.
  function automatic logic [31:0] merge(input logic [31:0] value, input logic [31:0] wdata,
                                        input logic [3:0] strb);
    logic [31:0] mask;
    mask = {{8{strb[3]}}, {8{strb[2]}}, {8{strb[1]}}, {8{strb[0]}}};
    merge = (value & ~mask) | (wdata & mask);
  endfunction

  // The vector if the card has it, else NO_VECTOR.
  function automatic logic [15:0] possible_vector(input logic [15:0] vector);
    possible_vector = vector < 16'(vqnic_regs_pkg::MSIX_VECTOR_COUNT) ?
        vector : 16'(vqnic_regs_pkg::NO_VECTOR);
  endfunction

endpackage
