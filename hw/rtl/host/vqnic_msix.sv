// SPDX-License-Identifier: Apache-2.0
//
// Collects interrupts of N sources and sends them one by one. An interrupt that is raised again
// before it is sent is sent once. A source without a vector sends nothing.

module vqnic_msix #(
  parameter int unsigned N = 7
) (
  input  logic               clk_i,
  input  logic               rst_ni,

  input  logic [N-1:0]       irq_i,      // raise
  input  logic [N-1:0][15:0] vector_i,   // possible vectors or NO_VECTOR
  output logic [N-1:0]       pending_o,  // raised and not yet sent
  output logic [N-1:0]       sent_o,

  output logic               msix_valid_o,
  input  logic               msix_ready_i,
  output logic [10:0]        msix_vector_o
);

  localparam int unsigned IdxW = $clog2(N);

  logic [N-1:0]    pending_q, take, sending;
  logic            ask, go, valid_q;
  logic [IdxW-1:0] idx, idx_q;
  logic [15:0]     vector;
  logic [10:0]     vector_q;

  vqnic_arbiter #(
    .N(N)
  ) u_arbiter (
    .clk_i,
    .rst_ni,
    .req_i  (pending_q),
    .valid_o(ask),
    .idx_o  (idx),
    .done_i (go)
  );

  assign go     = ask && (!valid_q || msix_ready_i);
  assign vector = vector_i[idx];

  for (genvar i = 0; i < N; i++) begin : gen_source
    assign take[i]    = go && idx == IdxW'(i);
    assign sending[i] = valid_q && idx_q == IdxW'(i);
    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni) pending_q[i] <= 1'b0;
      else         pending_q[i] <= irq_i[i] || (pending_q[i] && !take[i]);
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      valid_q  <= 1'b0;
      idx_q    <= '0;
      vector_q <= '0;
    end else if (!valid_q || msix_ready_i) begin
      valid_q  <= go && vector != 16'(vqnic_regs_pkg::NO_VECTOR);
      idx_q    <= idx;
      vector_q <= vector[10:0];
    end
  end

  assign pending_o     = pending_q | sending;
  assign sent_o        = msix_ready_i ? sending : '0;
  assign msix_valid_o  = valid_q;
  assign msix_vector_o = vector_q;

endmodule
