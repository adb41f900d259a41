// SPDX-License-Identifier: Apache-2.0
//
// Types and numbers that the modules share. What software sees as well is in vqnic_regs_pkg.

package vqnic_pkg;

  // Feature bits, virtio 1.2 sections 5.1.3 and 6.
  localparam int unsigned F_NET_MTU = 3;
  localparam int unsigned F_NET_MAC = 5;
  localparam int unsigned F_NET_STATUS = 16;
  localparam int unsigned F_RING_EVENT_IDX = 29;
  localparam int unsigned F_VERSION_1 = 32;
  localparam int unsigned F_ACCESS_PLATFORM = 33;
  localparam int unsigned F_RING_RESET = 40;
  localparam logic [63:0] FEATURES_SUPPORTED = (64'd1 << F_NET_MTU) | (64'd1 << F_NET_MAC) |
      (64'd1 << F_NET_STATUS) | (64'd1 << F_RING_EVENT_IDX) | (64'd1 << F_VERSION_1) |
      (64'd1 << F_ACCESS_PLATFORM) | (64'd1 << F_RING_RESET);

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

  // What an engine has to know of a queue.
  typedef struct packed {
    logic        run;        // enabled, DRIVER_OK, no fault, no reset asked for
    logic        event_idx;  // RING_EVENT_IDX was accepted
    logic [10:0] size;       // descriptors, a power of two
    logic [15:0] asid;       // of these addresses and those in the ring
    logic [63:0] desc;
    logic [63:0] driver;
    logic [63:0] device;
    logic [15:0] avail;      // next avail index to be taken
    logic [15:0] used;       // next used index to be written
  } vq_ctx_t;
  localparam int unsigned VQ_CTX_W = 1 + 1 + 11 + 3 * 64 + 3 * 16;

  // struct virtq_desc, virtio 1.2 section 2.7.5.
  typedef struct packed {
    logic [15:0] next;
    logic [15:0] flags;
    logic [31:0] len;
    logic [63:0] addr;
  } desc_t;
  localparam int unsigned DESC_F_NEXT = 0;   // bits of flags
  localparam int unsigned DESC_F_WRITE = 1;

  // What vqnic_vring does for an engine.
  typedef enum logic [2:0] {
    RING_INDEX,  // read the avail index
    RING_HEAD,   // read the avail ring's next entry
    RING_DESC,   // read a descriptor
    RING_ARM,    // publish avail_event: notify me of the next chain
    RING_USED    // write a used entry and the used index, see whether the driver wants an interrupt
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
