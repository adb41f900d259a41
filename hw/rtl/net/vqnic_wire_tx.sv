// SPDX-License-Identifier: Apache-2.0
//
// Sends the frames of a frame buffer to the wire.

module vqnic_wire_tx #(
  parameter int unsigned DATA_W = 512,
  localparam int unsigned LaneCount = DATA_W / 8
) (
  input  logic                 clk_i,
  input  logic                 rst_ni,

  input  logic                 frame_valid_i,
  input  logic [15:0]          frame_len_i,
  output logic                 frame_free_o,
  input  logic                 word_valid_i,
  output logic                 word_ready_o,
  input  logic [DATA_W-1:0]    word_i,

  output logic [DATA_W-1:0]    m_axis_tx_tdata_o,
  output logic [LaneCount-1:0] m_axis_tx_tkeep_o,
  output logic                 m_axis_tx_tlast_o,
  output logic                 m_axis_tx_tvalid_o,
  input  logic                 m_axis_tx_tready_i,

  output logic                 frame_o      // one cycle for each frame, of frame_len_i bytes
);

  logic        active_q;
  logic [15:0] left_q;  // bytes still to be sent

  logic beat, last;
  assign last = left_q <= 16'(LaneCount);
  assign beat = m_axis_tx_tvalid_o && m_axis_tx_tready_i;

  assign m_axis_tx_tdata_o  = word_i;
  assign m_axis_tx_tkeep_o  = last ? ~({LaneCount{1'b1}} << left_q) : '1;
  assign m_axis_tx_tlast_o  = last;
  assign m_axis_tx_tvalid_o = active_q && word_valid_i;
  assign word_ready_o       = active_q && m_axis_tx_tready_i;
  assign frame_o            = beat && last;
  assign frame_free_o       = frame_o;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      active_q <= 1'b0;
      left_q   <= '0;
    end else if (!active_q) begin
      active_q <= frame_valid_i;
      left_q   <= frame_len_i;
    end else if (beat) begin
      active_q <= !last;
      left_q   <= left_q - 16'(LaneCount);
    end
  end

endmodule
