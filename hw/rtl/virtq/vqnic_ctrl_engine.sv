// SPDX-License-Identifier: Apache-2.0
//
// Serves control queues (virtio 1.4 section 5.1.6.5) for software: copies a command into the vdev's
// mailbox, and completes its chain when software has answered.
//
// A command is taken with one visit to its queue and completed with another, so that one that waits
// for its answer holds up its own queue only. The ring state stays that of a queue which has not
// taken the chain until it is completed: where the state is read out, or a reset drops the command,
// nothing has been taken by halves.
//
// The chain is walked to its end, and only a good one reaches the mailbox. Of a command that is
// longer than the mailbox, the rest is not read.

module vqnic_ctrl_engine #(
  parameter int unsigned DATA_W = 512,
  localparam int unsigned Vdevs = vqnic_regs_pkg::VDEVS,
  localparam int unsigned VdevW = vqnic_pkg::VDEV_W,
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

  // vqnic_vdev_regs: the command of this vdev
  output logic [VdevW-1:0]     command_vdev_o,
  output logic                 command_post_o,      // it is in the mailbox
  output logic [15:0]          command_len_o,
  output logic                 command_cut_o,
  output logic                 command_done_o,      // it is completed
  input  logic                 command_pending_i,
  input  logic                 command_answered_i,
  input  logic [7:0]           command_ack_i,
  input  logic [63:0]          mailbox_i,           // bus address, 0: none

  output logic [AsidW-1:0]     asid_o,              // of all DMA requests
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
  input  logic                 wr_beat_ready_i,
  output logic [DATA_W-1:0]    wr_beat_data_o,
  input  logic                 wr_done_i,
  input  logic                 wr_error_i,
  input  logic [7:0]           wr_error_code_i,
  input  logic [63:0]          wr_error_info_i,

  output logic                 idle_o
);

  localparam logic [15:0] MailboxBytes = 16'(vqnic_regs_pkg::MAILBOX_BYTES);
  localparam int unsigned Words = vqnic_regs_pkg::MAILBOX_BYTES / LaneCount;
  localparam int unsigned WordW = $clog2(Words);

  typedef enum logic [3:0] {
    Idle, Look, Index, Arm, Head, Desc, Check, Data, Flush, Put, Post, Ack, Used, Release
  } state_e;

  state_e             state_q, state_d;
  vqnic_pkg::vq_rel_t rel_q;
  logic [15:0]        head_q;
  logic [15:0]        len_q;        // bytes in the buffer
  logic               cut_q;
  logic               ack_valid_q;  // the chain has a writable byte,
  logic [63:0]        ack_addr_q;   // first here
  logic               asked_q;      // the DMA request of Data, Put or Ack was accepted
  logic [63:0]        mailbox_q;    // as it was when the queue was looked at

  vqnic_pkg::vq_ctx_t ctx;
  assign ctx = ctx_i;

  // Commands that wait: the chain's head and where the ack goes.
  logic [79:0] waiting_mem [Vdevs];
  logic [15:0] waiting_head;
  logic [63:0] waiting_addr;
  assign {waiting_head, waiting_addr} = waiting_mem[ctx.vdev[VdevW-1:0]];
  always_ff @(posedge clk_i) begin
    if (command_post_o) waiting_mem[ctx.vdev[VdevW-1:0]] <= {head_q, ack_addr_q};
  end

  // The mailbox is the driver's memory.
  assign asid_o = state_q == Put ? AsidW'(vqnic_regs_pkg::AS_IDENTITY) : ctx.asid[AsidW-1:0];

  // Ring operations.
  logic                 ring_valid, ring_done, ring_fault, ring_notify;
  vqnic_pkg::ring_cmd_e ring_cmd;
  logic [7:0]           ring_fault_code;
  logic [63:0]          ring_fault_info;
  logic [15:0]          ring_value;
  logic [127:0]         ring_desc;
  logic                 ring_rd_valid, ring_wr_valid;
  logic [63:0]          ring_rd_addr, ring_wr_addr;
  logic [15:0]          ring_rd_len, ring_wr_len;
  logic [DATA_W-1:0]    ring_wr_data;

  logic         chain_valid, chain_write, chain_last, chain_fault, chain_ring_valid;
  logic [63:0]  chain_addr, chain_fault_info, chain_ring_addr;
  logic [31:0]  chain_len;
  logic [7:0]   chain_fault_code;

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
    .used_id_i      (waiting_head),
    .used_len_i     (32'd1),
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
    .READABLE(1'b1),
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

  // What is copied of a readable descriptor.
  logic [15:0] room, piece;
  assign room  = MailboxBytes - len_q;
  assign piece = chain_len < {16'd0, room} ? chain_len[15:0] : room;

  // The command, gathered into words.
  logic              packed_valid;
  logic [DATA_W-1:0] packed_word;
  logic [WordW-1:0]  put_q, get_q;
  vqnic_gather #(
    .DATA_W(DATA_W)
  ) u_gather (
    .clk_i,
    .rst_ni,
    .start_i     (state_q == Look),
    .start_lane_i('0),
    .flush_i     (state_q == Flush),
    .beat_valid_i(state_q == Data && rd_beat_valid_i),
    .beat_data_i (rd_beat_data_i),
    .beat_lane_i (rd_beat_lane_i),
    .beat_bytes_i(rd_beat_bytes_i),
    .word_valid_o(packed_valid),
    .word_o      (packed_word)
  );

  logic [DATA_W-1:0] buffer_mem [Words];
  logic [DATA_W-1:0] word_q;
  logic              word_valid_q;  // word_q is word get_q
  always_ff @(posedge clk_i) begin
    if (packed_valid) buffer_mem[put_q] <= packed_word;
    word_q <= buffer_mem[get_q];
  end

  logic put_beat;
  assign put_beat = state_q == Put && word_valid_q && wr_beat_ready_i;

  logic [15:0] ahead;
  assign ahead = ring_value - ctx.avail;

  logic        fault;
  logic [7:0]  fault_code;
  logic [63:0] fault_info;
  always_comb begin
    state_d    = state_q;
    ring_valid = 1'b0;
    ring_cmd   = vqnic_pkg::RING_INDEX;
    fault      = 1'b0;
    fault_code = vqnic_regs_pkg::FAULT_NONE;
    fault_info = '0;
    unique case (state_q)
      Idle: if (work_valid_i) state_d = Look;
      // An answer, a mailbox, or the driver's kick brings the queue back here.
      Look: begin
        if (command_pending_i)          state_d = command_answered_i ? Ack : Release;
        else if (mailbox_i == '0)       state_d = Release;
        else if (ctx.seen == ctx.avail) state_d = Index;
        else                            state_d = Head;
      end
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
        if (!chain_write && room != '0) state_d = Data;
        else                            state_d = chain_last ? Flush : Desc;
      end
      Data: begin
        if (asked_q && rd_done_i) begin
          state_d = chain_last ? Flush : Desc;
          if (rd_error_i) begin
            fault      = 1'b1;
            fault_code = rd_error_code_i;
            fault_info = rd_error_info_i;
          end
        end
      end
      Flush: begin
        state_d = Put;
        if (len_q == '0 || !ack_valid_q) begin
          fault      = 1'b1;
          fault_code = vqnic_regs_pkg::FAULT_CHAIN_SHORT;
          fault_info = {48'd0, len_q};
        end
      end
      Put: begin
        if (asked_q && wr_done_i) begin
          state_d = Post;
          if (wr_error_i) begin
            fault      = 1'b1;
            fault_code = wr_error_code_i;
            fault_info = wr_error_info_i;
          end
        end
      end
      Post: state_d = Release;
      Ack: begin
        if (asked_q && wr_done_i) begin
          state_d = Used;
          if (wr_error_i) begin
            fault      = 1'b1;
            fault_code = wr_error_code_i;
            fault_info = wr_error_info_i;
          end
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

  assign work_take_o = state_q == Idle && work_valid_i;

  assign rd_valid_o = state_q == Data ? !asked_q : ring_rd_valid;
  assign rd_addr_o  = state_q == Data ? chain_addr : ring_rd_addr;
  assign rd_len_o   = state_q == Data ? piece : ring_rd_len;

  always_comb begin
    wr_valid_o      = ring_wr_valid;
    wr_addr_o       = ring_wr_addr;
    wr_len_o        = ring_wr_len;
    wr_beat_valid_o = 1'b1;
    wr_beat_data_o  = ring_wr_data;
    if (state_q == Put) begin
      wr_valid_o      = !asked_q;
      wr_addr_o       = mailbox_q;
      wr_len_o        = len_q;
      wr_beat_valid_o = word_valid_q;
      wr_beat_data_o  = word_q;
    end else if (state_q == Ack) begin
      wr_valid_o      = !asked_q;
      wr_addr_o       = waiting_addr;
      wr_len_o        = 16'd1;
      wr_beat_data_o  = {LaneCount{command_ack_i}};
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q      <= Idle;
      rel_q        <= '0;
      head_q       <= '0;
      len_q        <= '0;
      cut_q        <= 1'b0;
      ack_valid_q  <= 1'b0;
      ack_addr_q   <= '0;
      asked_q      <= 1'b0;
      mailbox_q    <= '0;
      put_q        <= '0;
      get_q        <= '0;
      word_valid_q <= 1'b0;
    end else begin
      state_q <= state_d;
      if (fault) begin
        rel_q.fault      <= 1'b1;
        rel_q.fault_code <= fault_code;
        rel_q.fault_info <= fault_info;
      end
      if (packed_valid) put_q <= put_q + WordW'(1);
      unique case (state_q)
        Look: begin
          rel_q       <= '0;
          rel_q.avail <= ctx.avail;
          rel_q.used  <= ctx.used;
          rel_q.seen  <= ctx.seen;
          rel_q.armed <= ctx.armed;
          rel_q.sleep <= state_d == Release;
          mailbox_q   <= mailbox_i;
          len_q       <= '0;
          cut_q       <= 1'b0;
          ack_valid_q <= 1'b0;
          put_q       <= '0;
          get_q       <= '0;
        end
        Index: begin
          if (ring_done) begin
            rel_q.seen  <= ring_value;
            rel_q.sleep <= state_d == Release;
          end
        end
        Arm:  if (ring_done) rel_q.armed <= 1'b1;
        Head: head_q <= ring_value;
        Check: begin
          if (!chain_write) begin
            if (chain_len > {16'd0, room}) cut_q <= 1'b1;
          end else if (!ack_valid_q) begin
            ack_valid_q <= 1'b1;
            ack_addr_q  <= chain_addr;
          end
        end
        Data: begin
          if (!asked_q) asked_q <= rd_ready_i;
          else if (rd_done_i) begin
            asked_q <= 1'b0;
            len_q   <= len_q + piece;
          end
        end
        Put, Ack: begin
          if (!asked_q)       asked_q <= wr_ready_i;
          else if (wr_done_i) asked_q <= 1'b0;
        end
        Post: begin
          rel_q.sleep <= 1'b1;
          rel_q.frame <= 1'b1;
          rel_q.bytes <= len_q;
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
      // A word is read in the cycle after its number is there.
      word_valid_q <= state_q == Put && !put_beat;
      if (put_beat) get_q <= get_q + WordW'(1);
    end
  end

  assign rel_valid_o    = state_q == Release;
  assign rel_o          = rel_q;
  assign command_vdev_o = ctx.vdev[VdevW-1:0];
  assign command_post_o = state_q == Post;
  assign command_len_o  = len_q;
  assign command_cut_o  = cut_q;
  assign command_done_o = state_q == Used && ring_done;

  assign idle_o = state_q == Idle;

endmodule
