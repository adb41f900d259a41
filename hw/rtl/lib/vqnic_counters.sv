// SPDX-License-Identifier: Apache-2.0
//
// N counters of 64 bits, one read port.

module vqnic_counters #(
  parameter int unsigned N = 8,
  localparam int unsigned IdxW = $clog2(N)
) (
  input  logic                clk_i,
  input  logic                rst_ni,

  input  logic [N-1:0]        count_i,   // add amount_i
  input  logic [N-1:0][31:0]  amount_i,

  input  logic                read_i,
  input  logic [IdxW-1:0]     idx_i,
  output logic [63:0]         value_o    // of counter idx_i, if read_i; else 0
);

  logic [N-1:0][63:0] value_q;

  for (genvar i = 0; i < N; i++) begin : gen_counter
    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni)         value_q[i] <= '0;
      else if (count_i[i]) value_q[i] <= value_q[i] + {32'd0, amount_i[i]};
    end
  end

  always_comb begin
    value_o = '0;
    if (read_i) begin
      for (int unsigned i = 0; i < N; i++) if (idx_i == IdxW'(i)) value_o = value_q[i];
    end
  end

endmodule
