// SPDX-License-Identifier: Apache-2.0
//
// Delivers frames into the receive queues of the vdevs that they are for, one vdev after another.
//
// With MRG_RXBUF a frame takes as many chains as it needs (virtio 1.2 section 5.1.6.4); they become
// used together, when the number of them has been written into the header of the first one.
//
// Data is written while the chains are walked, so a frame that is longer than what there is has
// written to the buffers when it is dropped; the chains then stay with the driver's other buffers
// and the next frame takes them. Of a chain that is longer than the frame, descriptors beyond the
// frame's end are not read. A frame that meets a fault counts as dropped because its queue does not
// run.
//
// A queue that was seen empty is not looked at again until it is kicked: a frame that is lost for
// want of buffers costs those of others no DMA. That look must come after avail_event was
// published, or a kick could be missed (virtio 1.2 section 2.7.10).

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
  input  logic                 frame_csum_ok_i, // its transport checksum was checked
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

  // virtio_net_hdr goes before the frame's words, so that it ends where they begin.
  localparam int unsigned HdrBytes = vqnic_regs_pkg::VNET_HDR_BYTES;
  localparam int unsigned HdrWords = (HdrBytes + LaneCount - 1) / LaneCount;
  localparam int unsigned HdrLane  = HdrWords * LaneCount - HdrBytes;

  // Where the bytes of num_buffers are in the stream of header and frame.
  localparam logic [15:0] CountLo = 16'(HdrBytes) - 16'd2;
  localparam logic [15:0] CountHi = 16'(HdrBytes) - 16'd1;

  localparam logic [16:0] EthernetHdr = 17'(vqnic_regs_pkg::FRAME_BYTES_MIN);

  localparam int unsigned ChainsMax = vqnic_regs_pkg::VQ_SIZE_LIMIT;
  localparam int unsigned ChainW = $clog2(ChainsMax);

  typedef enum logic [4:0] {
    Idle,
    Select,    // the next vdev of the frame
    Get,       // its queue
    Accept,
    Look,      // for the next chain
    Index,
    Arm,
    Head,
    Desc,
    Check,
    Data,
    Chain,     // one is full, or has all there was left
    Patch,     // num_buffers,
    PatchHi,   // or its second byte, if it lies elsewhere
    Fetch,     // a chain out of the list
    Used,
    Release
  } state_e;

  state_e           state_q, state_d;
  logic [IdxW-1:0]  vdev_q;
  logic [VDEVS-1:0] targets_q;
  vqnic_pkg::vq_rel_t rel_q;
  logic [15:0]      head_q;           // of the chain that is walked,
  logic [15:0]      written_q;        // and bytes written to it
  logic [15:0]      pos_q, left_q;    // bytes of header and frame: written, still to come
  logic [63:0]      lo_q, hi_q;       // where the bytes of num_buffers were written
  logic [1:0]       hdr_left_q;       // words of the header still to go
  logic             data_q;           // the write of this state was accepted
  logic [ChainW:0]  chains_q;         // chains in the list,
  logic [ChainW:0]  used_q;           // and how many of them have become used

  vqnic_pkg::vq_ctx_t ctx;
  assign ctx    = ctx_i;
  assign asid_o = ctx.asid[AsidW-1:0];

  // The chains that the frame has filled: head and bytes. A queue has no more.
  logic [31:0] list [ChainsMax];
  logic [31:0] list_q;
  always_ff @(posedge clk_i) begin
    if (state_q == Chain) list[chains_q[ChainW-1:0]] <= {head_q, written_q};
    list_q <= list[used_q[ChainW-1:0]];
  end

  logic [15:0]     avail_next;   // avail index of the next chain
  logic [ChainW:0] used_next;
  assign avail_next = ctx.avail + 16'(chains_q);
  assign used_next  = used_q + (ChainW + 1)'(1);

  // The chain.
  logic        chain_valid, chain_write, chain_last, chain_fault, chain_ring_valid;
  logic [63:0] chain_addr, chain_fault_info, chain_ring_addr;
  logic [31:0] chain_len;
  logic [7:0]  chain_fault_code;

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
    .cmd_valid_i    (ring_valid || chain_ring_valid),
    .cmd_i          (chain_ring_valid ? vqnic_pkg::RING_DESC : ring_cmd),
    .ctx_i          (ctx),
    .avail_i        (avail_next),
    .desc_addr_i    (chain_ring_addr),
    .used_i         (ctx.used + 16'(used_q)),
    .used_more_i    (used_next != chains_q),
    .used_id_i      (list_q[31:16]),
    .used_len_i     ({16'd0, list_q[15:0]}),
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

  vqnic_chain #(
    .READABLE(1'b0),
    .WRITABLE(1'b1)
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

  // Each chain has room for the header at least, section 5.1.6.3.2.
  logic [32:0] chain_bytes;
  logic        chain_short;
  assign chain_bytes = {1'b0, chain_len} + {17'd0, written_q};
  assign chain_short = chain_last && chain_bytes < 33'(HdrBytes);

  vqnic_pkg::net_hdr_t hdr;
  always_comb begin
    hdr             = '0;
    hdr.num_buffers = 16'd1;
    hdr.flags[vqnic_pkg::NET_HDR_F_DATA_VALID] = frame_csum_ok_i && ctx.guest_csum;
  end

  // The stream of header and frame, and the piece of it that goes to this descriptor.
  logic              stream_ready, piece_valid;
  logic [DATA_W-1:0] stream_word, piece_data;
  logic [15:0]       piece;
  logic [HdrWords*DATA_W-1:0] hdr_words;
  assign hdr_words    = {hdr, {(HdrLane * 8){1'b0}}};
  assign stream_word  = hdr_left_q == '0   ? word_i :
                        hdr_left_q == 2'd1 ? hdr_words[HdrWords*DATA_W-1 -: DATA_W] :
                                             hdr_words[DATA_W-1:0];
  assign word_ready_o = hdr_left_q == '0 && stream_ready;
  assign piece        = chain_len < {16'd0, left_q} ? chain_len[15:0] : left_q;

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

  // num_buffers is written in one piece, if its bytes lie in one. Either byte of what is repeated
  // comes to the lanes of its address.
  logic        count_joined;
  logic [15:0] count, count_lanes;
  assign count_joined = hi_q == lo_q + 64'd1;
  assign count        = 16'(chains_q);
  assign count_lanes  = (state_q == Patch ? lo_q[0] : !hi_q[0]) ? {count[7:0], count[15:8]} : count;

  always_comb begin
    wr_valid_o      = ring_wr_valid;
    wr_addr_o       = ring_wr_addr;
    wr_len_o        = ring_wr_len;
    wr_beat_valid_o = 1'b1;
    wr_beat_data_o  = ring_wr_data;
    unique case (state_q)
      Data: begin
        wr_valid_o      = !data_q;
        wr_addr_o       = chain_addr;
        wr_len_o        = piece;
        wr_beat_valid_o = piece_valid;
        wr_beat_data_o  = piece_data;
      end
      Patch: begin
        wr_valid_o     = !data_q;
        wr_addr_o      = lo_q;
        wr_len_o       = count_joined ? 16'd2 : 16'd1;
        wr_beat_data_o = {(LaneCount / 2){count_lanes}};
      end
      PatchHi: begin
        wr_valid_o     = !data_q;
        wr_addr_o      = hi_q;
        wr_len_o       = 16'd1;
        wr_beat_data_o = {(LaneCount / 2){count_lanes}};
      end
      default: ;
    endcase
  end

  // The next vdev that the frame is for.
  logic [IdxW-1:0] select_idx;
  always_comb begin
    select_idx = '0;
    for (int i = VDEVS - 1; i >= 0; i--) if (targets_q[i]) select_idx = IdxW'(i);
  end

  logic [16:0] limit;
  assign limit = {1'b0, ctx.mtu} + EthernetHdr + (frame_tagged_i ? 17'd4 : 17'd0);

  logic [15:0] ahead;
  logic        empty;   // not one chain; else it may do for a smaller frame
  assign ahead = ring_value - ctx.avail;
  assign empty = ahead == '0 && chains_q == '0;

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
        end else if (!ctx.kicked) begin
          no_buffer = 1'b1;
          state_d   = Release;
        end else begin
          state_d = Look;
        end
      end
      Look: state_d = rel_q.seen == avail_next ? Index : Head;
      Index: begin
        ring_valid = 1'b1;
        if (ring_done) begin
          state_d = Head;
          if (ring_fault) begin
            fault = 1'b1;
          end else if (empty && ctx.event_idx && !rel_q.armed) begin
            state_d = Arm;
          end else if (ring_value == avail_next) begin
            no_buffer = 1'b1;
            state_d   = Release;
          end else if (ahead > {5'd0, ctx.size} || ahead < 16'(chains_q)) begin
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
        if (chain_short) begin
          fault      = 1'b1;
          fault_code = vqnic_regs_pkg::FAULT_CHAIN_SHORT;
          fault_info = {31'd0, chain_bytes};
        end
      end
      Data: begin
        if (data_q && wr_done_i) state_d = left_q == '0 || chain_last ? Chain : Desc;
      end
      Chain: begin
        if (left_q == '0) begin
          state_d = chains_q == '0 ? Fetch : Patch;
        end else if (ctx.mrg_rxbuf) begin
          state_d = Look;
        end else begin
          too_long = 1'b1;
          state_d  = Release;
        end
      end
      Patch:   if (data_q && wr_done_i) state_d = count_joined ? Fetch : PatchHi;
      PatchHi: if (data_q && wr_done_i) state_d = Fetch;
      Fetch:   state_d = Used;
      Used: begin
        ring_valid = 1'b1;
        ring_cmd   = vqnic_pkg::RING_USED;
        if (ring_done) state_d = used_next == chains_q ? Release : Fetch;
      end
      Release: state_d = Select;
      default: state_d = Idle;
    endcase
    if (ring_valid && ring_done && ring_fault) begin
      fault      = 1'b1;
      fault_code = ring_fault_code;
      fault_info = ring_fault_info;
    end
    if (data_q && wr_done_i && wr_error_i) begin
      fault      = 1'b1;
      fault_code = wr_error_code_i;
      fault_info = wr_error_info_i;
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
      written_q  <= '0;
      pos_q      <= '0;
      left_q     <= '0;
      lo_q       <= '0;
      hi_q       <= '0;
      chains_q   <= '0;
      used_q     <= '0;
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
          rel_q.armed <= ctx.armed;
          rel_q.sleep <= !ctx.kicked;
          rel_q.bytes <= frame_len_i;
        end
        Accept: begin
          pos_q      <= '0;
          left_q     <= frame_len_i + 16'(HdrBytes);
          hdr_left_q <= 2'(HdrWords);
          chains_q   <= '0;
          used_q     <= '0;
        end
        Index: begin
          if (ring_done) begin
            rel_q.seen  <= ring_value;
            rel_q.sleep <= empty;
          end
        end
        Arm: if (ring_done) rel_q.armed <= 1'b1;
        Head: begin
          head_q    <= ring_value;
          written_q <= '0;
        end
        Data: begin
          if (!data_q && wr_ready_i) begin
            written_q <= written_q + piece;
            pos_q     <= pos_q + piece;
            left_q    <= left_q - piece;
            // Before these bytes the address is that of a later descriptor's, which comes yet.
            if (pos_q <= CountLo) lo_q <= chain_addr + 64'(CountLo - pos_q);
            if (pos_q <= CountHi) hi_q <= chain_addr + 64'(CountHi - pos_q);
          end
        end
        Chain: chains_q <= chains_q + (ChainW + 1)'(1);
        Used: begin
          if (ring_done && !ring_fault) begin
            used_q <= used_next;
            if (used_next == chains_q) begin
              rel_q.avail <= avail_next;
              rel_q.used  <= ctx.used + 16'(chains_q);
              rel_q.armed <= 1'b0;
              rel_q.irq   <= ring_notify;
              rel_q.frame <= 1'b1;
            end
          end
        end
        default: ;
      endcase
      if (state_q == Data || state_q == Patch || state_q == PatchHi) begin
        if (!data_q)        data_q <= wr_ready_i;
        else if (wr_done_i) data_q <= 1'b0;
      end
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
