// SPDX-License-Identifier: Apache-2.0
//
// Packs pieces of a byte stream, each with its bytes in any adjacent lanes, into whole words. A
// beat a cycle.
//
// Each input byte is rotated to its lane of the output. A beat completes at most one word; what is
// left over starts the next.

module vqnic_gather #(
  parameter int unsigned DATA_W = 512,
  localparam int unsigned LaneW = $clog2(DATA_W / 8)
) (
  input  logic              clk_i,
  input  logic              rst_ni,

  input  logic              start_i,       // forget what is left over; next byte: start_lane_i
  input  logic [LaneW-1:0]  start_lane_i,
  input  logic              flush_i,       // what is left over is a word; not with beat_valid_i

  input  logic              beat_valid_i,
  input  logic [DATA_W-1:0] beat_data_i,
  input  logic [LaneW-1:0]  beat_lane_i,   // first lane with a byte
  input  logic [LaneW:0]    beat_bytes_i,  // number of lanes

  output logic              word_valid_o,
  output logic [DATA_W-1:0] word_o
);

  localparam int unsigned LaneCount = DATA_W / 8;

  logic [LaneW-1:0]  fill_q;  // lanes of left_q that are in use
  logic [DATA_W-1:0] left_q, rotated, keep;
  logic [LaneW+1:0]  fill_next;
  logic              completes;

  vqnic_rotate #(
    .DATA_W(DATA_W)
  ) u_rotate (
    .data_i (beat_data_i),
    .bytes_i(beat_valid_i ? fill_q - beat_lane_i : '0),
    .data_o (rotated)
  );

  always_comb begin
    keep   = '1;
    word_o = left_q;
    if (beat_valid_i) begin
      keep   = ~({DATA_W{1'b1}} << {fill_q, 3'd0});
      word_o = (left_q & keep) | (rotated & ~keep);
    end
  end

  assign fill_next    = {2'b00, fill_q} + {1'b0, beat_bytes_i};
  assign completes    = beat_valid_i && fill_next >= (LaneW + 2)'(LaneCount);
  assign word_valid_o = completes || (flush_i && fill_q != '0);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      fill_q <= '0;
    end else if (start_i) begin
      fill_q <= start_lane_i;
    end else if (beat_valid_i) begin
      fill_q <= fill_next[LaneW-1:0];
    end else if (flush_i) begin
      fill_q <= '0;
    end
  end

  always_ff @(posedge clk_i) begin
    if (beat_valid_i) left_q <= completes ? rotated : word_o;
  end

endmodule
