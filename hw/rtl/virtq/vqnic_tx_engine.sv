// SPDX-License-Identifier: Apache-2.0
//
// Serves transmit queues, one chain of one queue at a time. A frame is gathered whole before the
// wire sees it, so that a chain that turns out bad leaves nothing behind.
//
// A chain is begun only when the frame buffer has room for it, so that a wire that stands still
// holds up neither the DMA nor the reset of a queue.
//
// A queue sleeps only after its ring was seen empty. With EVENT_IDX that look must come after
// avail_event was published, or a kick could be missed (virtio 1.2 section 2.7.10).
//
// A checksum that virtio_net_hdr asks for (section 5.1.6.2) is checked here and filled in by who
// takes the frame. It may not lie in the Ethernet header or a VLAN tag, which decide where a frame
// may go.

module vqnic_tx_engine #(
  parameter int unsigned DATA_W = 512,
  localparam int unsigned AsidW = $clog2(vqnic_regs_pkg::ADDRESS_SPACE_COUNT),
  localparam int unsigned LaneCount = DATA_W / 8,
  localparam int unsigned LaneW = $clog2(LaneCount)
) (
  input  logic                 clk_i,
  input  logic                 rst_ni,

  // vqnic_vq_table
  input  logic                 work_valid_i,
  output logic                 work_take_o,
  input  logic [vqnic_pkg::VQ_CTX_W-1:0] ctx_i,  // a vq_ctx_t, from work_take_o to rel_valid_o
  output logic                 rel_valid_o,
  output logic [vqnic_pkg::VQ_REL_W-1:0] rel_o,  // a vq_rel_t

  output logic [AsidW-1:0]     asid_o,        // of all DMA requests
  // vqnic_dma_rd
  output logic                 rd_valid_o,
  input  logic                 rd_ready_i,
  output logic [63:0]          rd_addr_o,
  output logic [15:0]          rd_len_o,
  input  logic                 rd_beat_valid_i,
  input  logic [DATA_W-1:0]    rd_beat_data_i,
  input  logic [LaneW-1:0]     rd_beat_lane_i,
  input  logic [LaneW:0]       rd_beat_bytes_i,
  input  logic                 rd_done_i,
  input  logic                 rd_error_i,
  input  logic [7:0]           rd_error_code_i,
  input  logic [63:0]          rd_error_info_i,
  // vqnic_dma_wr
  output logic                 wr_valid_o,
  input  logic                 wr_ready_i,
  output logic [63:0]          wr_addr_o,
  output logic [15:0]          wr_len_o,
  output logic                 wr_beat_valid_o,
  output logic [DATA_W-1:0]    wr_beat_data_o,
  input  logic                 wr_done_i,
  input  logic                 wr_error_i,
  input  logic [7:0]           wr_error_code_i,
  input  logic [63:0]          wr_error_info_i,

  // vqnic_frame_fifo
  input  logic                 room_i,
  output logic                 word_valid_o,
  output logic [DATA_W-1:0]    word_o,
  output logic                 commit_o,
  output logic [vqnic_pkg::TX_INFO_W-1:0] commit_info_o,  // a tx_info_t
  output logic                 drop_o,

  output logic                 idle_o
);

  // virtio_net_hdr is gathered so that the frame behind it begins a word.
  localparam int unsigned HdrBytes = vqnic_regs_pkg::VNET_HDR_BYTES;
  localparam int unsigned HdrWords = (HdrBytes + LaneCount - 1) / LaneCount;
  localparam int unsigned HdrLane  = HdrWords * LaneCount - HdrBytes;

  localparam logic [31:0] ChainMin = HdrBytes + vqnic_regs_pkg::FRAME_BYTES_MIN;
  localparam logic [31:0] ChainMax = HdrBytes + vqnic_regs_pkg::FRAME_BYTES_MAX;

  // Destination, source, tag, type: no checksum lies there.
  localparam logic [16:0] HeaderMax = 17'(vqnic_regs_pkg::FRAME_BYTES_MIN) + 17'd4;

  typedef enum logic [3:0] {
    Idle, Look, Index, Arm, Head, Desc, Check, Data, Flush, Commit, Used, Release
  } state_e;

  state_e          state_q, state_d;
  vqnic_pkg::vq_rel_t rel_q;
  logic [15:0]     head_q;
  logic [31:0]     total_q;         // bytes of the chain so far
  logic [1:0]      hdr_left_q;      // words of the header still to come

  vqnic_pkg::vq_ctx_t ctx;
  assign ctx    = ctx_i;
  assign asid_o = ctx.asid[AsidW-1:0];

  // The chain. A descriptor's length is below ChainMax when it is read.
  logic         chain_valid, chain_write, chain_last, chain_fault, chain_ring_valid;
  logic [63:0]  chain_addr, chain_fault_info, chain_ring_addr;
  logic [31:0]  chain_len;
  logic [7:0]   chain_fault_code;

  assign work_take_o = state_q == Idle && room_i && work_valid_i;

  // Ring operations.
  logic                 ring_valid, ring_done, ring_fault, ring_notify;
  vqnic_pkg::ring_cmd_e ring_cmd;
  logic [7:0]           ring_fault_code;
  logic [63:0]          ring_fault_info;
  logic [15:0]          ring_value;
  logic [127:0]         ring_desc;
  logic                 ring_rd_valid;
  logic [63:0]          ring_rd_addr;
  logic [15:0]          ring_rd_len;

  vqnic_vring #(
    .DATA_W(DATA_W)
  ) u_vring (
    .clk_i,
    .rst_ni,
    .cmd_valid_i    (ring_valid || chain_ring_valid),
    .cmd_i          (chain_ring_valid ? vqnic_pkg::RING_DESC : ring_cmd),
    .ctx_i          (ctx),
    .avail_i        (ctx.avail),
    .desc_addr_i    (chain_ring_addr),
    .used_i         (ctx.used),
    .used_more_i    (1'b0),
    .used_id_i      (head_q),
    .used_len_i     (32'd0),
    .done_o         (ring_done),
    .fault_o        (ring_fault),
    .fault_code_o   (ring_fault_code),
    .fault_info_o   (ring_fault_info),
    .value_o        (ring_value),
    .desc_o         (ring_desc),
    .notify_o       (ring_notify),
    .rd_valid_o     (ring_rd_valid),
    .rd_ready_i,
    .rd_addr_o      (ring_rd_addr),
    .rd_len_o       (ring_rd_len),
    .rd_beat_valid_i,
    .rd_beat_data_i,
    .rd_done_i,
    .rd_error_i,
    .rd_error_code_i,
    .rd_error_info_i,
    .wr_valid_o,
    .wr_ready_i,
    .wr_addr_o,
    .wr_len_o,
    .wr_data_o      (wr_beat_data_o),
    .wr_done_i,
    .wr_error_i,
    .wr_error_code_i,
    .wr_error_info_i
  );
  assign wr_beat_valid_o = 1'b1;

  vqnic_chain #(
    .READABLE(1'b1),
    .WRITABLE(1'b0)
  ) u_chain (
    .clk_i,
    .rst_ni,
    .ctx_i,
    .begin_i          (state_q == Head && ring_done),
    .head_i           (ring_value),
    .next_i           (state_q == Desc),
    .valid_o          (chain_valid),
    .addr_o           (chain_addr),
    .len_o            (chain_len),
    .write_o          (chain_write),
    .last_o           (chain_last),
    .fault_o          (chain_fault),
    .fault_code_o     (chain_fault_code),
    .fault_info_o     (chain_fault_info),
    .ring_valid_o     (chain_ring_valid),
    .ring_addr_o      (chain_ring_addr),
    .ring_done_i      (ring_done),
    .ring_fault_i     (ring_fault),
    .ring_fault_code_i(ring_fault_code),
    .ring_fault_info_i(ring_fault_info),
    .ring_desc_i      (ring_desc)
  );

  logic [32:0] total_next;
  logic        too_long;
  assign total_next = {1'b0, total_q} + {1'b0, chain_len};
  assign too_long   = total_next > {1'b0, ChainMax};

  // The frame's bytes. Header words end here.
  logic              packed_valid, data_q;
  logic [DATA_W-1:0] packed_word;

  vqnic_gather #(
    .DATA_W(DATA_W)
  ) u_gather (
    .clk_i,
    .rst_ni,
    .start_i     (state_q == Look),
    .start_lane_i(LaneW'(HdrLane)),
    .flush_i     (state_q == Flush),
    .beat_valid_i(state_q == Data && rd_beat_valid_i),
    .beat_data_i (rd_beat_data_i),
    .beat_lane_i (rd_beat_lane_i),
    .beat_bytes_i(rd_beat_bytes_i),
    .word_valid_o(packed_valid),
    .word_o      (packed_word)
  );
  assign word_valid_o = packed_valid && hdr_left_q == '0;
  assign word_o       = packed_word;

  logic [95:0]         hdr_q;
  vqnic_pkg::net_hdr_t hdr;
  assign hdr = hdr_q;
  if (HdrWords == 1) begin : gen_hdr
    always_ff @(posedge clk_i) begin
      if (packed_valid && hdr_left_q != '0) hdr_q <= packed_word[DATA_W-1 -: 96];
    end
  end else begin : gen_hdr_narrow
    always_ff @(posedge clk_i) begin
      if (packed_valid && hdr_left_q != '0) hdr_q <= {packed_word, hdr_q[95:DATA_W]};
    end
  end

  vqnic_pkg::tx_info_t info;
  always_comb begin
    info.len         = total_q[15:0] - 16'(HdrBytes);
    info.vdev        = ctx.vdev;
    info.pair        = ctx.pair;
    info.csum        = ctx.csum && hdr.flags[vqnic_pkg::NET_HDR_F_NEEDS_CSUM];
    info.csum_start  = hdr.csum_start;
    info.csum_offset = hdr.csum_offset;
  end

  logic        bad_csum;
  logic [16:0] csum_at;
  assign csum_at    = {1'b0, hdr.csum_start} + {1'b0, hdr.csum_offset};
  assign bad_csum   = csum_at < HeaderMax || csum_at + 17'd2 > {1'b0, info.len};

  logic        fault;
  logic [7:0]  fault_code;
  logic [63:0] fault_info;
  logic        rd_go;  // the data request of this descriptor was accepted
  assign rd_go = state_q == Data && !data_q && rd_ready_i;

  logic [15:0] ahead;
  assign ahead = ring_value - ctx.avail;

  always_comb begin
    state_d    = state_q;
    ring_valid = 1'b0;
    ring_cmd   = vqnic_pkg::RING_INDEX;
    fault      = 1'b0;
    fault_code = vqnic_regs_pkg::FAULT_NONE;
    fault_info = '0;
    unique case (state_q)
      Idle: if (work_take_o) state_d = Look;
      Look: state_d = ctx.seen == ctx.avail ? Index : Head;
      Index: begin
        ring_valid = 1'b1;
        if (ring_done) begin
          if (ahead == '0) begin
            state_d = ctx.event_idx && !rel_q.armed ? Arm : Release;
          end else begin
            state_d = Head;
          end
          if (ahead > {5'd0, ctx.size}) begin
            fault      = 1'b1;
            fault_code = vqnic_regs_pkg::FAULT_AVAIL_INDEX;
            fault_info = {48'd0, ring_value};
          end
        end
      end
      Arm: begin
        ring_valid = 1'b1;
        ring_cmd   = vqnic_pkg::RING_ARM;
        if (ring_done) state_d = Index;
      end
      Head: begin
        ring_valid = 1'b1;
        ring_cmd   = vqnic_pkg::RING_HEAD;
        if (ring_done) state_d = Desc;
      end
      Desc: begin
        if (chain_valid) state_d = Check;
        if (chain_fault) begin
          fault      = 1'b1;
          fault_code = chain_fault_code;
          fault_info = chain_fault_info;
        end
      end
      Check: begin
        state_d = Data;
        if (too_long) begin
          fault      = 1'b1;
          fault_code = vqnic_regs_pkg::FAULT_CHAIN_LONG;
          fault_info = {31'd0, total_next};
        end
      end
      Data: begin
        if (data_q && rd_done_i) begin
          state_d = chain_last ? Flush : Desc;
          if (rd_error_i) begin
            fault      = 1'b1;
            fault_code = rd_error_code_i;
            fault_info = rd_error_info_i;
          end
        end
      end
      Flush: begin
        state_d = Commit;
        if (total_q < ChainMin) begin
          fault      = 1'b1;
          fault_code = vqnic_regs_pkg::FAULT_CHAIN_SHORT;
          fault_info = {32'd0, total_q};
        end
      end
      Commit: begin
        state_d = Used;
        if (hdr.flags[7:1] != '0 || hdr.gso_type != '0 ||
            (hdr.flags[vqnic_pkg::NET_HDR_F_NEEDS_CSUM] && !ctx.csum)) begin
          fault      = 1'b1;
          fault_code = vqnic_regs_pkg::FAULT_HDR_FLAGS;
          fault_info = {48'd0, hdr.gso_type, hdr.flags};
        end else if (info.csum && bad_csum) begin
          fault      = 1'b1;
          fault_code = vqnic_regs_pkg::FAULT_HDR_CSUM;
          fault_info = {32'd0, hdr.csum_offset, hdr.csum_start};
        end
      end
      Used: begin
        ring_valid = 1'b1;
        ring_cmd   = vqnic_pkg::RING_USED;
        if (ring_done) state_d = Release;
      end
      Release: state_d = Idle;
      default: state_d = Idle;
    endcase
    if (ring_valid && ring_done && ring_fault) begin
      fault      = 1'b1;
      fault_code = ring_fault_code;
      fault_info = ring_fault_info;
    end
    if (fault) state_d = Release;
  end

  assign rd_valid_o = state_q == Data ? !data_q : ring_rd_valid;
  assign rd_addr_o  = state_q == Data ? chain_addr : ring_rd_addr;
  assign rd_len_o   = state_q == Data ? chain_len[15:0] : ring_rd_len;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q    <= Idle;
      rel_q      <= '0;
      head_q     <= '0;
      total_q    <= '0;
      data_q     <= 1'b0;
      hdr_left_q <= '0;
    end else begin
      state_q <= state_d;
      if (fault) begin
        rel_q.fault      <= 1'b1;
        rel_q.fault_code <= fault_code;
        rel_q.fault_info <= fault_info;
      end
      if (commit_o) begin
        rel_q.frame <= 1'b1;
        rel_q.bytes <= info.len;
      end
      unique case (state_q)
        Look: begin
          rel_q       <= '0;
          rel_q.avail <= ctx.avail;
          rel_q.used  <= ctx.used;
          rel_q.seen  <= ctx.seen;
          rel_q.armed <= ctx.armed;
          total_q     <= '0;
          hdr_left_q  <= 2'(HdrWords);
        end
        Index: begin
          if (ring_done) begin
            rel_q.seen  <= ring_value;
            rel_q.sleep <= state_d == Release;
          end
        end
        Arm: if (ring_done) rel_q.armed <= 1'b1;
        Head: head_q <= ring_value;
        Check: total_q <= total_next[31:0];
        Data: begin
          if (rd_go)                    data_q <= 1'b1;
          else if (data_q && rd_done_i) data_q <= 1'b0;
        end
        Used: begin
          if (ring_done && !ring_fault) begin
            rel_q.avail <= ctx.avail + 16'd1;
            rel_q.used  <= ctx.used + 16'd1;
            rel_q.armed <= 1'b0;
            rel_q.irq   <= ring_notify;
          end
        end
        default: ;
      endcase
      if (packed_valid && hdr_left_q != '0) hdr_left_q <= hdr_left_q - 2'd1;
    end
  end

  assign rel_valid_o  = state_q == Release;
  assign rel_o        = rel_q;
  assign commit_o     = state_q == Commit && !fault;
  assign commit_info_o = info;

  assign drop_o       = fault;

  assign idle_o = state_q == Idle;

endmodule
