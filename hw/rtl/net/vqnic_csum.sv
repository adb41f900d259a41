// SPDX-License-Identifier: Apache-2.0
//
// The one's complement sum (RFC 1071) of a range of a frame's bytes, taken as 16-bit words from the
// range's first byte on, plus a seed. An odd last byte counts as a word that ends with zero.

module vqnic_csum #(
  parameter int unsigned DATA_W = 512
) (
  input  logic              clk_i,
  input  logic              rst_ni,

  input  logic              start_i,       // the next word is a frame's first
  input  logic [15:0]       from_i,        // the range, stable from then on
  input  logic [15:0]       to_i,          // its end, not before from_i
  input  logic [15:0]       seed_i,

  input  logic              word_valid_i,
  input  logic [DATA_W-1:0] word_i,

  output logic              busy_o,        // words are on their way into sum_o
  output logic [15:0]       sum_o
);

  localparam int unsigned LaneCount = DATA_W / 8;
  localparam int unsigned LaneW = $clog2(LaneCount);

  // Lanes of this word below a position in the frame.
  function automatic logic [LaneCount-1:0] below(input logic [15:0] at,
                                                 input logic [15:0] position);
    logic [15:0] lanes;
    lanes = at - position;
    below = at <= position ? '0 :
            lanes >= 16'(LaneCount) ? '1 : ~({LaneCount{1'b1}} << lanes[LaneW-1:0]);
  endfunction

  logic [15:0]          position_q;  // of the word to come
  logic [LaneCount-1:0] in_range;
  assign in_range = below(to_i, position_q) & ~below(from_i, position_q);

  logic [31:0] part, part_q, sum_q;
  always_comb begin
    part = '0;
    for (int unsigned i = 0; i < LaneCount; i += 2) begin
      part = part + {16'd0, in_range[i]   ? word_i[i*8 +: 8]     : 8'd0,
                            in_range[i+1] ? word_i[i*8 + 8 +: 8] : 8'd0};
    end
  end

  // Words that begin in an odd byte were summed with their bytes swapped.
  logic [15:0] folded, ordered;
  assign folded  = vqnic_pkg::fold(sum_q);
  assign ordered = from_i[0] ? {folded[7:0], folded[15:8]} : folded;

  logic [2:0] valid_q;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      position_q <= '0;
      part_q     <= '0;
      sum_q      <= '0;
      sum_o      <= '0;
      valid_q    <= '0;
    end else if (start_i) begin
      position_q <= '0;
      sum_q      <= '0;
      valid_q    <= '0;
    end else begin
      valid_q <= {valid_q[1:0], word_valid_i};
      part_q  <= part;
      if (word_valid_i) position_q <= position_q + 16'(LaneCount);
      if (valid_q[0])   sum_q      <= sum_q + part_q;
      sum_o <= vqnic_pkg::fold({16'd0, ordered} + {16'd0, seed_i});
    end
  end
  assign busy_o = valid_q != '0;

endmodule
