// SPDX-License-Identifier: Apache-2.0
//
// Takes frames from the wire into a frame buffer and drops the bad ones.

module vqnic_wire_rx #(
  parameter int unsigned DATA_W = 512,
  localparam int unsigned LaneCount = DATA_W / 8,
  localparam int unsigned LaneW = $clog2(LaneCount)
) (
  input  logic                  clk_i,
  input  logic                  rst_ni,
  input  logic                  stop_i,     // take no new frame

  input  logic [DATA_W-1:0]     s_axis_rx_tdata_i,
  input  logic [LaneCount-1:0]  s_axis_rx_tkeep_i,
  input  logic                  s_axis_rx_tlast_i,
  input  logic                  s_axis_rx_tuser_i,  // with tlast: a bad frame
  input  logic                  s_axis_rx_tvalid_i,
  output logic                  s_axis_rx_tready_o,

  input  logic                  room_i,
  output logic                  word_valid_o,
  output logic [DATA_W-1:0]     word_o,
  output logic                  commit_o,
  output logic [15:0]           commit_len_o,
  output logic                  drop_o,

  // One cycle for each frame.
  output logic                  frame_o,
  output logic [31:0]           frame_len_o,
  output logic                  drop_error_o,

  output logic                  idle_o
);

  localparam logic [31:0] TaggedMin = vqnic_regs_pkg::FRAME_BYTES_MIN + vqnic_pkg::TAG_BYTES;

  typedef enum logic [1:0] {
    Start,   // between frames
    Frame,   // inside one
    Decide   // after its last beat
  } state_e;

  state_e       state_q;
  logic         bad_q;
  logic [31:0]  len_q;
  logic [15:0]  type_q;  // what follows its source

  logic beat, store;
  assign s_axis_rx_tready_o = state_q == Frame || (state_q == Start && !stop_i && room_i);
  assign beat         = s_axis_rx_tvalid_i && s_axis_rx_tready_o;
  // Of a frame that is too long only the length is of interest.
  assign store        = state_q == Start || len_q <= vqnic_regs_pkg::FRAME_BYTES_MAX;
  assign word_valid_o = beat && store;
  assign word_o       = s_axis_rx_tdata_i;

  logic [LaneW:0] beat_bytes;
  always_comb begin
    beat_bytes = (LaneW + 1)'(LaneCount);
    if (s_axis_rx_tvalid_i && s_axis_rx_tlast_i) begin
      beat_bytes = '0;
      for (int unsigned i = 0; i < LaneCount; i++)
        beat_bytes = beat_bytes + (LaneW + 1)'(s_axis_rx_tkeep_i[i]);
    end
  end

  // The type is in the first beat, or in the second.
  localparam int unsigned TypeBeat = vqnic_pkg::MAC_BYTES / LaneCount;
  localparam int unsigned TypeLane = vqnic_pkg::MAC_BYTES % LaneCount;
  logic type_beat;
  if (TypeBeat == 0) begin : gen_type_first
    assign type_beat = state_q == Start;
  end else begin : gen_type_second
    assign type_beat = state_q == Frame && len_q == 32'(TypeBeat * LaneCount);
  end
  always_ff @(posedge clk_i) begin
    if (beat && type_beat) begin
      type_q <= {s_axis_rx_tdata_i[TypeLane*8 +: 8], s_axis_rx_tdata_i[TypeLane*8 + 8 +: 8]};
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q <= Start;
      bad_q   <= 1'b0;
      len_q   <= '0;
    end else begin
      unique case (state_q)
        Start, Frame: begin
          if (beat) begin
            len_q   <= (state_q == Start ? '0 : len_q) + 32'(beat_bytes);
            bad_q   <= s_axis_rx_tlast_i && s_axis_rx_tuser_i;
            state_q <= s_axis_rx_tlast_i ? Decide : Frame;
          end
        end
        Decide:  state_q <= Start;
        default: state_q <= Start;
      endcase
    end
  end

  logic error, decide;
  assign error  = bad_q || len_q < vqnic_regs_pkg::FRAME_BYTES_MIN ||
                  (type_q == vqnic_pkg::TYPE_VLAN && len_q < TaggedMin) ||
                  len_q > vqnic_regs_pkg::FRAME_BYTES_MAX;
  assign decide = state_q == Decide;

  assign commit_o     = decide && !error;
  assign commit_len_o = len_q[15:0];
  assign drop_o       = decide && error;

  assign frame_o      = decide;
  assign frame_len_o  = len_q;
  assign drop_error_o = decide && error;

  assign idle_o = state_q == Start && (!s_axis_rx_tvalid_i || stop_i);

endmodule
