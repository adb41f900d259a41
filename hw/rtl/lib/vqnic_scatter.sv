// SPDX-License-Identifier: Apache-2.0
//
// Deals whole words of a byte stream out into pieces whose bytes lie in any adjacent lanes. A beat
// a cycle.

module vqnic_scatter #(
  parameter int unsigned DATA_W = 512,
  localparam int unsigned LaneW = $clog2(DATA_W / 8)
) (
  input  logic              clk_i,
  input  logic              rst_ni,

  input  logic              start_i,       // a new stream: its first byte is in start_lane_i
  input  logic [LaneW-1:0]  start_lane_i,

  input  logic              word_valid_i,
  output logic              word_ready_o,
  input  logic [DATA_W-1:0] word_i,

  input  logic              beat_want_i,
  input  logic [LaneW-1:0]  beat_lane_i,   // first lane that wants a byte
  input  logic [LaneW:0]    beat_bytes_i,  // number of lanes
  output logic              beat_valid_o,
  input  logic              beat_ready_i,
  output logic [DATA_W-1:0] beat_data_o    // wanted lanes filled, the others anything
);

  localparam int unsigned LaneCount = DATA_W / 8;

  logic              valid_q;
  logic [DATA_W-1:0] word_q;  // the word that holds the next byte,
  logic [LaneW-1:0]  lane_q;  // and the byte's lane

  logic [LaneW+1:0]  lane_next;
  logic              crosses, exhausts, take;
  assign lane_next = {2'b00, lane_q} + {1'b0, beat_bytes_i};
  assign crosses   = lane_next > (LaneW + 2)'(LaneCount);
  assign exhausts  = lane_next >= (LaneW + 2)'(LaneCount);

  assign beat_valid_o = beat_want_i && valid_q && (!crosses || word_valid_i);
  assign take         = beat_valid_o && beat_ready_i;
  assign word_ready_o = !start_i && (!valid_q || (take && exhausts));

  logic [DATA_W-1:0] joined;
  always_comb begin
    joined = word_q;
    if (beat_valid_o && crosses) begin
      joined = (word_q & ({DATA_W{1'b1}} << {lane_q, 3'd0})) |
               (word_i & ~({DATA_W{1'b1}} << {lane_q, 3'd0}));
    end
  end

  vqnic_rotate #(
    .DATA_W(DATA_W)
  ) u_rotate (
    .data_i (joined),
    .bytes_i(beat_valid_o ? beat_lane_i - lane_q : '0),
    .data_o (beat_data_o)
  );

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      valid_q <= 1'b0;
      lane_q  <= '0;
    end else if (start_i) begin
      valid_q <= 1'b0;
      lane_q  <= start_lane_i;
    end else begin
      if (take) lane_q <= lane_next[LaneW-1:0];
      if (word_ready_o) valid_q <= word_valid_i;
    end
  end

  always_ff @(posedge clk_i) begin
    if (word_ready_o && word_valid_i) word_q <= word_i;
  end

endmodule
