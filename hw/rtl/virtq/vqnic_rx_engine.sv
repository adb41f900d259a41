// SPDX-License-Identifier: Apache-2.0
//
// Delivers frames from the wire into the receive queues of the vdevs that they are for, one vdev
// after another.
//
// Data is written while the chain is walked, so a frame that is longer than the chain has written
// to the buffers when it is dropped; the chain then stays with the driver's other buffers and the
// next frame takes it. Of a chain that is longer than the frame, descriptors beyond the frame's end
// are not read. A frame that meets a fault counts as dropped because its queue does not run.

module vqnic_rx_engine #(
  parameter int unsigned DATA_W = 512,
  parameter int unsigned VDEVS  = 2,
  localparam int unsigned AsidW = $clog2(vqnic_regs_pkg::ADDRESS_SPACE_COUNT),
  localparam int unsigned LaneCount = DATA_W / 8,
  localparam int unsigned LaneW = $clog2(LaneCount)
) (
  input  logic                 clk_i,
  input  logic                 rst_ni,

  // vqnic_vq_table
  output logic                 get_valid_o,    // until ctx_valid_i
  output logic [3:0]           get_vdev_o,
  input  logic                 ctx_valid_i,    // until rel_valid_o
  input  logic [vqnic_pkg::VQ_CTX_W-1:0] ctx_i,  // a vq_ctx_t
  output logic                 rel_valid_o,
  output logic [vqnic_pkg::VQ_REL_W-1:0] rel_o,  // a vq_rel_t

  // vqnic_frame_fifo from the wire
  input  logic                 frame_valid_i,
  input  logic [15:0]          frame_len_i,
  input  logic                 frame_tagged_i, // has an 802.1Q tag
  input  logic [VDEVS-1:0]     frame_vdevs_i,  // whom it is for, at least one
  output logic                 frame_rewind_o,
  output logic                 frame_free_o,
  input  logic                 word_valid_i,
  output logic                 word_ready_o,
  input  logic [DATA_W-1:0]    word_i,

  output logic [AsidW-1:0]     asid_o,        // of all DMA requests
  // vqnic_dma_rd
  output logic                 rd_valid_o,
  input  logic                 rd_ready_i,
  output logic [63:0]          rd_addr_o,
  output logic [15:0]          rd_len_o,
  input  logic                 rd_beat_valid_i,
  input  logic [DATA_W-1:0]    rd_beat_data_i,
  input  logic                 rd_done_i,
  input  logic                 rd_error_i,
  input  logic [7:0]           rd_error_code_i,
  input  logic [63:0]          rd_error_info_i,
  // vqnic_dma_wr
  output logic                 wr_valid_o,
  input  logic                 wr_ready_i,
  output logic [63:0]          wr_addr_o,
  output logic [15:0]          wr_len_o,
  input  logic                 wr_beat_want_i,
  input  logic [LaneW-1:0]     wr_beat_lane_i,
  input  logic [LaneW:0]       wr_beat_bytes_i,
  output logic                 wr_beat_valid_o,
  input  logic                 wr_beat_ready_i,
  output logic [DATA_W-1:0]    wr_beat_data_o,
  input  logic                 wr_done_i,
  input  logic                 wr_error_i,
  input  logic [7:0]           wr_error_code_i,
  input  logic [63:0]          wr_error_info_i,

  output logic                 idle_o
);

  localparam int unsigned IdxW = VDEVS > 1 ? $clog2(VDEVS) : 1;

  // virtio_net_hdr goes before the frame's words, so that it ends where they begin. Of its fields
  // only num_buffers, the last two bytes, is not zero: 1.
  localparam int unsigned HdrBytes = vqnic_regs_pkg::VNET_HDR_BYTES;
  localparam int unsigned HdrWords = (HdrBytes + LaneCount - 1) / LaneCount;
  localparam int unsigned HdrLane  = HdrWords * LaneCount - HdrBytes;
  localparam logic [DATA_W-1:0] HdrLastWord = {16'd1, {(DATA_W - 16){1'b0}}};

  localparam logic [16:0] EthernetHdr = 17'(vqnic_regs_pkg::FRAME_BYTES_MIN);

  typedef enum logic [3:0] {
    Idle, Select, Get, Accept, Index, Head, Desc, Check, Data, Used, Release
  } state_e;

  state_e           state_q, state_d;
  logic [IdxW-1:0]  vdev_q, select_idx;
  logic [VDEVS-1:0] targets_q;
  vqnic_pkg::vq_rel_t rel_q;
  logic [15:0]      head_q, desc_idx_q, left_q;
  logic [10:0]      count_q;
  logic [127:0]     desc_q;
  logic [1:0]       hdr_left_q;       // words of the header still to go
  logic             data_q;           // the data request of this descriptor was accepted

  vqnic_pkg::vq_ctx_t ctx;
  assign ctx    = ctx_i;
  assign asid_o = ctx.asid[AsidW-1:0];

  vqnic_pkg::desc_t desc;
  assign desc = desc_q;

  // Ring operations.
  logic                 ring_valid, ring_done, ring_fault, ring_notify;
  vqnic_pkg::ring_cmd_e ring_cmd;
  logic [7:0]           ring_fault_code;
  logic [63:0]          ring_fault_info;
  logic [15:0]          ring_value;
  logic [127:0]         ring_desc;
  logic                 ring_wr_valid;
  logic [63:0]          ring_wr_addr;
  logic [15:0]          ring_wr_len;
  logic [DATA_W-1:0]    ring_wr_data;

  vqnic_vring #(
    .DATA_W(DATA_W)
  ) u_vring (
    .clk_i,
    .rst_ni,
    .cmd_valid_i    (ring_valid),
    .cmd_i          (ring_cmd),
    .ctx_i          (ctx),
    .desc_i         (desc_idx_q),
    .used_id_i      (head_q),
    .used_len_i     ({16'd0, frame_len_i} + HdrBytes),
    .done_o         (ring_done),
    .fault_o        (ring_fault),
    .fault_code_o   (ring_fault_code),
    .fault_info_o   (ring_fault_info),
    .value_o        (ring_value),
    .desc_o         (ring_desc),
    .notify_o       (ring_notify),
    .rd_valid_o,
    .rd_ready_i,
    .rd_addr_o,
    .rd_len_o,
    .rd_beat_valid_i,
    .rd_beat_data_i,
    .rd_done_i,
    .rd_error_i,
    .rd_error_code_i,
    .rd_error_info_i,
    .wr_valid_o     (ring_wr_valid),
    .wr_ready_i,
    .wr_addr_o      (ring_wr_addr),
    .wr_len_o       (ring_wr_len),
    .wr_data_o      (ring_wr_data),
    .wr_done_i,
    .wr_error_i,
    .wr_error_code_i,
    .wr_error_info_i
  );

  logic        check_fault;
  logic [7:0]  check_code;
  logic [63:0] check_info;
  vqnic_desc_check #(
    .WRITABLE(1'b1)
  ) u_check (
    .desc_i      (desc_q),
    .index_i     (desc_idx_q),
    .head_i      (head_q),
    .size_i      (ctx.size),
    .count_i     (count_q),
    .fault_o     (check_fault),
    .fault_code_o(check_code),
    .fault_info_o(check_info)
  );

  // The stream of header and frame, and the piece of it that goes to this descriptor.
  logic              stream_ready, piece_valid;
  logic [DATA_W-1:0] stream_word, piece_data;
  logic [15:0]       piece;
  assign stream_word  = hdr_left_q == '0 ? word_i : hdr_left_q == 2'd1 ? HdrLastWord : '0;
  assign word_ready_o = hdr_left_q == '0 && stream_ready;
  assign piece        = desc.len < {16'd0, left_q} ? desc.len[15:0] : left_q;

  vqnic_scatter #(
    .DATA_W(DATA_W)
  ) u_scatter (
    .clk_i,
    .rst_ni,
    .start_i     (state_q == Accept),
    .start_lane_i(LaneW'(HdrLane)),
    .word_valid_i(hdr_left_q != '0 || word_valid_i),
    .word_ready_o(stream_ready),
    .word_i      (stream_word),
    .beat_want_i (state_q == Data && wr_beat_want_i),
    .beat_lane_i (wr_beat_lane_i),
    .beat_bytes_i(wr_beat_bytes_i),
    .beat_valid_o(piece_valid),
    .beat_ready_i(wr_beat_ready_i),
    .beat_data_o (piece_data)
  );

  assign wr_valid_o      = state_q == Data ? !data_q : ring_wr_valid;
  assign wr_addr_o       = state_q == Data ? desc.addr : ring_wr_addr;
  assign wr_len_o        = state_q == Data ? piece : ring_wr_len;
  assign wr_beat_valid_o = state_q == Data ? piece_valid : 1'b1;
  assign wr_beat_data_o  = state_q == Data ? piece_data : ring_wr_data;

  // The next vdev that the frame is for.
  always_comb begin
    select_idx = '0;
    for (int i = VDEVS - 1; i >= 0; i--) if (targets_q[i]) select_idx = IdxW'(i);
  end

  logic [16:0] limit;
  assign limit = {1'b0, ctx.mtu} + EthernetHdr + (frame_tagged_i ? 17'd4 : 17'd0);

  logic [15:0] ahead;
  assign ahead = ring_value - ctx.avail;

  logic        fault, no_buffer, too_long, not_ready;
  logic [7:0]  fault_code;
  logic [63:0] fault_info;
  always_comb begin
    state_d    = state_q;
    ring_valid = 1'b0;
    ring_cmd   = vqnic_pkg::RING_INDEX;
    fault      = 1'b0;
    fault_code = vqnic_regs_pkg::FAULT_NONE;
    fault_info = '0;
    no_buffer  = 1'b0;
    too_long   = 1'b0;
    not_ready  = 1'b0;
    unique case (state_q)
      Idle:   if (frame_valid_i) state_d = Select;
      Select: state_d = targets_q == '0 ? Idle : Get;
      Get:    if (ctx_valid_i) state_d = Accept;
      Accept: begin
        if (!ctx.run) begin
          not_ready = 1'b1;
          state_d   = Release;
        end else if ({1'b0, frame_len_i} > limit) begin
          too_long = 1'b1;
          state_d  = Release;
        end else begin
          state_d = ctx.seen == ctx.avail ? Index : Head;
        end
      end
      Index: begin
        ring_valid = 1'b1;
        if (ring_done) begin
          state_d = Head;
          if (ring_fault) begin
            fault = 1'b1;
          end else if (ahead == '0) begin
            no_buffer = 1'b1;
            state_d   = Release;
          end else if (ahead > {5'd0, ctx.size}) begin
            fault      = 1'b1;
            fault_code = vqnic_regs_pkg::FAULT_AVAIL_INDEX;
            fault_info = {48'd0, ring_value};
          end
        end
      end
      Head: begin
        ring_valid = 1'b1;
        ring_cmd   = vqnic_pkg::RING_HEAD;
        if (ring_done) begin
          state_d = Desc;
          if (ring_value >= {5'd0, ctx.size}) begin
            fault      = 1'b1;
            fault_code = vqnic_regs_pkg::FAULT_DESC_INDEX;
            fault_info = {48'd0, ring_value};
          end
        end
      end
      Desc: begin
        ring_valid = 1'b1;
        ring_cmd   = vqnic_pkg::RING_DESC;
        if (ring_done) state_d = Check;
      end
      Check: begin
        state_d = Data;
        if (check_fault) begin
          fault      = 1'b1;
          fault_code = check_code;
          fault_info = check_info;
        end
      end
      Data: begin
        if (data_q && wr_done_i) begin
          if (wr_error_i) begin
            fault      = 1'b1;
            fault_code = wr_error_code_i;
            fault_info = wr_error_info_i;
          end else if (left_q == '0) begin
            state_d = Used;
          end else if (desc.flags[vqnic_pkg::DESC_F_NEXT]) begin
            state_d = Desc;
          end else begin
            too_long = 1'b1;
            state_d  = Release;
          end
        end
      end
      Used: begin
        ring_valid = 1'b1;
        ring_cmd   = vqnic_pkg::RING_USED;
        if (ring_done) state_d = Release;
      end
      Release: state_d = Select;
      default: state_d = Idle;
    endcase
    if (ring_valid && ring_done && ring_fault) begin
      fault      = 1'b1;
      fault_code = ring_fault_code;
      fault_info = ring_fault_info;
    end
    if (fault) begin
      not_ready = 1'b1;
      state_d   = Release;
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q    <= Idle;
      vdev_q     <= '0;
      targets_q  <= '0;
      rel_q      <= '0;
      head_q     <= '0;
      desc_idx_q <= '0;
      left_q     <= '0;
      count_q    <= '0;
      desc_q     <= '0;
      hdr_left_q <= '0;
      data_q     <= 1'b0;
    end else begin
      state_q <= state_d;
      if (no_buffer) rel_q.no_buffer <= 1'b1;
      if (too_long)  rel_q.too_long  <= 1'b1;
      if (not_ready) rel_q.not_ready <= 1'b1;
      if (fault) begin
        rel_q.fault      <= 1'b1;
        rel_q.fault_code <= fault_code;
        rel_q.fault_info <= fault_info;
      end
      unique case (state_q)
        Idle: targets_q <= frame_vdevs_i;
        Select: begin
          vdev_q <= select_idx;
          targets_q[select_idx] <= 1'b0;
        end
        Get: begin
          rel_q       <= '0;
          rel_q.avail <= ctx.avail;
          rel_q.used  <= ctx.used;
          rel_q.seen  <= ctx.seen;
          rel_q.bytes <= frame_len_i;
        end
        Accept: begin
          left_q     <= frame_len_i + 16'(HdrBytes);
          count_q    <= '0;
          hdr_left_q <= 2'(HdrWords);
        end
        Index: if (ring_done) rel_q.seen <= ring_value;
        Head: begin
          head_q     <= ring_value;
          desc_idx_q <= ring_value;
        end
        Desc: desc_q <= ring_desc;
        Data: begin
          if (!data_q && wr_ready_i) begin
            data_q <= 1'b1;
            left_q <= left_q - piece;
          end else if (data_q && wr_done_i) begin
            data_q     <= 1'b0;
            count_q    <= count_q + 11'd1;
            desc_idx_q <= desc.next;
          end
        end
        Used: begin
          if (ring_done && !ring_fault) begin
            rel_q.avail <= ctx.avail + 16'd1;
            rel_q.used  <= ctx.used + 16'd1;
            rel_q.irq   <= ring_notify;
            rel_q.frame <= 1'b1;
          end
        end
        default: ;
      endcase
      if (state_q != Accept && hdr_left_q != '0 && stream_ready) hdr_left_q <= hdr_left_q - 2'd1;
    end
  end

  assign frame_rewind_o = state_q == Accept;
  assign frame_free_o   = state_q == Select && targets_q == '0;

  assign get_valid_o = state_q == Get;
  assign get_vdev_o  = 4'(vdev_q);
  assign rel_valid_o = state_q == Release;
  assign rel_o       = rel_q;

  assign idle_o = state_q == Idle && !frame_valid_i;

endmodule
