// SPDX-License-Identifier: Apache-2.0
//
// The steps of a split ring (virtio 1.2 section 2.7) that the engines share: one command at a time,
// carried out by DMA on behalf of an engine. A command stands until `done_o`, in which cycle its
// result is valid.
//
// RING_USED is one command so that its order is in one place: the used entry is acknowledged before
// the used index is written, and that is acknowledged before the driver's wish for an interrupt is
// read. Of several chains that become used together, all but the last say `used_more_i`; the index
// then moves once, from the context's to behind the last entry.

module vqnic_vring #(
  parameter int unsigned DATA_W = 512,
  localparam int unsigned LaneCount = DATA_W / 8,
  localparam int unsigned LaneW = $clog2(LaneCount)
) (
  input  logic                 clk_i,
  input  logic                 rst_ni,

  input  logic                 cmd_valid_i,
  input  vqnic_pkg::ring_cmd_e cmd_i,
  input  logic [vqnic_pkg::VQ_CTX_W-1:0] ctx_i,  // a vq_ctx_t
  input  logic [15:0]          avail_i,      // RING_HEAD: avail index of the entry
  input  logic [63:0]          desc_addr_i,  // RING_DESC: any address
  input  logic [15:0]          used_i,       // RING_USED: used index of the entry
  input  logic                 used_more_i,
  input  logic [15:0]          used_id_i,
  input  logic [31:0]          used_len_i,

  output logic                 done_o,
  output logic                 fault_o,      // the DMA failed; the other results are then void
  output logic [7:0]           fault_code_o,
  output logic [63:0]          fault_info_o,
  output logic [15:0]          value_o,      // RING_INDEX: avail index; RING_HEAD: the entry
  output logic [127:0]         desc_o,       // RING_DESC: a desc_t
  output logic                 notify_o,     // RING_USED: send an interrupt

  // To vqnic_dma_rd; the engine keeps its other beats away while a command is carried out.
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

  // To vqnic_dma_wr; the data is the same for every beat.
  output logic                 wr_valid_o,
  input  logic                 wr_ready_i,
  output logic [63:0]          wr_addr_o,
  output logic [15:0]          wr_len_o,
  output logic [DATA_W-1:0]    wr_data_o,
  input  logic                 wr_done_i,
  input  logic                 wr_error_i,
  input  logic [7:0]           wr_error_code_i,
  input  logic [63:0]          wr_error_info_i
);

  // The rings' layout, virtio 1.2 sections 2.7.6 and 2.7.8.
  localparam logic [63:0] AvailIdx  = 64'd2;
  localparam logic [63:0] AvailRing = 64'd4;
  localparam logic [63:0] UsedIdx   = 64'd2;
  localparam logic [63:0] UsedRing  = 64'd4;

  typedef enum logic [2:0] {
    Start,        // a command is looked at
    Read,         // of whatever the command reads, or of used_event or avail.flags
    WriteEntry,
    StartIndex,
    WriteIndex,
    StartWish,
    WriteArm,
    Done
  } state_e;

  vqnic_pkg::vq_ctx_t ctx;
  assign ctx = ctx_i;

  state_e       state_q;
  logic         error_q;
  logic [7:0]   error_code_q;
  logic [63:0]  error_info_q;

  logic [10:0]  mask;
  logic [63:0]  head_addr, entry_addr, used_event_addr, avail_event_addr;
  assign mask             = ctx.size - 11'd1;
  assign head_addr        = ctx.driver + AvailRing + {52'd0, avail_i[10:0] & mask, 1'd0};
  assign entry_addr       = ctx.device + UsedRing + {50'd0, used_i[10:0] & mask, 3'd0};
  assign used_event_addr  = ctx.driver + AvailRing + {52'd0, ctx.size, 1'd0};
  assign avail_event_addr = ctx.device + UsedRing + {50'd0, ctx.size, 3'd0};

  logic start;
  assign start = state_q == Start && cmd_valid_i;

  always_comb begin
    rd_valid_o = 1'b0;
    rd_addr_o  = ctx.event_idx ? used_event_addr : ctx.driver;
    rd_len_o   = 16'd2;
    wr_valid_o = 1'b0;
    wr_addr_o  = entry_addr;
    wr_len_o   = 16'd8;
    if (state_q == StartIndex) begin
      wr_valid_o = 1'b1;
      wr_addr_o  = ctx.device + UsedIdx;
      wr_len_o   = 16'd2;
    end else if (state_q == StartWish) begin
      rd_valid_o = 1'b1;
    end else if (start) begin
      unique case (cmd_i)
        vqnic_pkg::RING_INDEX: begin
          rd_valid_o = 1'b1;
          rd_addr_o  = ctx.driver + AvailIdx;
        end
        vqnic_pkg::RING_HEAD: begin
          rd_valid_o = 1'b1;
          rd_addr_o  = head_addr;
        end
        vqnic_pkg::RING_DESC: begin
          rd_valid_o = 1'b1;
          rd_addr_o  = desc_addr_i;
          rd_len_o   = 16'(vqnic_pkg::DESC_BYTES);
        end
        vqnic_pkg::RING_ARM: begin
          wr_valid_o = 1'b1;
          wr_addr_o  = avail_event_addr;
          wr_len_o   = 16'd2;
        end
        vqnic_pkg::RING_USED: wr_valid_o = 1'b1;
        default: ;
      endcase
    end
  end

  // What is written is repeated over all lanes: every field lies at a multiple of half its size or
  // of its size.
  logic [63:0] wr_unit;
  logic [15:0] used_next;
  assign used_next = used_i + 16'd1;
  always_comb begin
    if (cmd_i == vqnic_pkg::RING_ARM)    wr_unit = {4{ctx.avail}};
    else if (state_q == WriteIndex)      wr_unit = {4{used_next}};
    else if (entry_addr[2])              wr_unit = {16'd0, used_id_i, used_len_i};
    else                                 wr_unit = {used_len_i, 16'd0, used_id_i};
  end
  assign wr_data_o = {(DATA_W / 64){wr_unit}};

  // The two aligned blocks of 16 bytes from where what was asked for begins; one or more beats.
  logic [63:0]  rd_addr_q;
  logic [255:0] window_q, shifted;
  logic         beat;
  assign beat = state_q == Read && rd_beat_valid_i;
  if (DATA_W <= 128) begin : gen_words
    localparam int unsigned Words = 256 / DATA_W;
    logic [1:0] word_q;  // of the window, that comes next
    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni)         word_q <= '0;
      else if (rd_valid_o) word_q <= DATA_W == 64 ? {1'b0, rd_addr_o[3]} : '0;
      else if (beat)       word_q <= word_q + 2'd1;
    end
    for (genvar i = 0; i < Words; i++) begin : gen_word
      always_ff @(posedge clk_i) begin
        if (beat && word_q == 2'(i)) window_q[i*DATA_W +: DATA_W] <= rd_beat_data_i;
      end
    end
  end else begin : gen_blocks
    logic              second_q;
    logic [DATA_W-1:0] rotated;
    assign rotated = {rd_beat_data_i[127:0], rd_beat_data_i[DATA_W-1:128]};
    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni)         second_q <= 1'b0;
      else if (rd_valid_o) second_q <= 1'b0;
      else if (beat)       second_q <= 1'b1;
    end
    always_ff @(posedge clk_i) begin
      if (beat && !second_q) window_q[127:0] <= rd_beat_data_i[{rd_addr_q[LaneW-1:4], 7'd0} +: 128];
      if (beat)
        window_q[255:128] <= second_q ? rd_beat_data_i[127:0] :
                                        rotated[{rd_addr_q[LaneW-1:4], 7'd0} +: 128];
    end
  end
  assign shifted = window_q >> {rd_addr_q[3:0], 3'd0};

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q      <= Start;
      error_q      <= 1'b0;
      error_code_q <= vqnic_regs_pkg::FAULT_NONE;
      error_info_q <= '0;
      rd_addr_q    <= '0;
    end else begin
      if (rd_valid_o) rd_addr_q <= rd_addr_o;
      unique case (state_q)
        Start: begin
          error_q <= 1'b0;
          if (rd_valid_o && rd_ready_i) begin
            state_q <= Read;
          end else if (wr_valid_o && wr_ready_i) begin
            state_q <= cmd_i == vqnic_pkg::RING_ARM ? WriteArm : WriteEntry;
          end
        end
        Read: begin
          if (rd_done_i) begin
            error_q      <= rd_error_i;
            error_code_q <= rd_error_code_i;
            error_info_q <= rd_error_info_i;
            state_q      <= Done;
          end
        end
        WriteEntry, WriteIndex, WriteArm: begin
          if (wr_done_i) begin
            error_q      <= wr_error_i;
            error_code_q <= wr_error_code_i;
            error_info_q <= wr_error_info_i;
            if (wr_error_i || state_q == WriteArm || (state_q == WriteEntry && used_more_i))
              state_q <= Done;
            else state_q <= state_q == WriteEntry ? StartIndex : StartWish;
          end
        end
        StartIndex: if (wr_ready_i) state_q <= WriteIndex;
        StartWish:  if (rd_ready_i) state_q <= Read;
        Done:       state_q <= Start;
        default:    state_q <= Start;
      endcase
    end
  end

  // vring_need_event() of virtio 1.2 section 2.7.10.1: the driver asked to be told of one of the
  // entries that are new.
  logic [15:0] value, behind, added;
  assign value  = shifted[15:0];
  assign behind = used_i - value;
  assign added  = used_next - ctx.used;

  assign done_o       = state_q == Done;
  assign fault_o      = error_q;
  assign fault_code_o = error_code_q;
  assign fault_info_o = error_info_q;
  assign value_o      = value;
  assign desc_o       = shifted[127:0];
  assign notify_o     = ctx.event_idx ? behind < added : !value[0];

endmodule
