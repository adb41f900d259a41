// SPDX-License-Identifier: Apache-2.0
//
// Round-robin choice of one of N requests. The choice stands, whatever else is requested, until
// `done_i`; the chosen request must stand as long.

module vqnic_arbiter #(
  parameter int unsigned N = 2,
  localparam int unsigned IdxW = N > 1 ? $clog2(N) : 1
) (
  input  logic            clk_i,
  input  logic            rst_ni,

  input  logic [N-1:0]    req_i,
  output logic            valid_o,
  output logic [IdxW-1:0] idx_o,
  input  logic            done_i   // the choice was served; only with valid_o
);

  logic            held_q;
  logic [IdxW-1:0] idx_q;          // the choice that is held, or the last one served

  // The first request after the last one served, else the first of all.
  always_comb begin
    idx_o = idx_q;
    if (!held_q) begin
      for (int i = N - 1; i >= 0; i--) if (req_i[i]) idx_o = IdxW'(i);
      for (int i = N - 1; i >= 0; i--) if (req_i[i] && IdxW'(i) > idx_q) idx_o = IdxW'(i);
    end
  end
  assign valid_o = |req_i;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      held_q <= 1'b0;
      idx_q  <= '0;
    end else if (valid_o) begin
      held_q <= !done_i;
      idx_q  <= idx_o;
    end
  end

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni) begin
      request_stands: assert (!held_q || req_i[idx_q]);
      done_is_asked:  assert (!done_i || valid_o);
    end
  end
`endif

endmodule
