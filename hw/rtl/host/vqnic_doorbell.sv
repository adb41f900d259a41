// SPDX-License-Identifier: Apache-2.0
//
// Doorbells of BAR2: a page for each queue, any write to it is a kick. What is written is not
// looked at: the page says which queue, and the ring says how far.

module vqnic_doorbell #(
  parameter int unsigned N = 4
) (
  input  logic         clk_i,
  input  logic         rst_ni,

  input  logic         db_valid_i,
  output logic         db_ready_o,
  input  logic [19:0]  db_addr_i,

  output logic [N-1:0] kick_o,  // one cycle for each doorbell; queues of all vdevs in a row
  output logic         idle_o
);

  localparam int unsigned PageW = $clog2(vqnic_regs_pkg::DOORBELL_BYTES);

  for (genvar i = 0; i < N; i++) begin : gen_queue
    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni) kick_o[i] <= 1'b0;
      else         kick_o[i] <= db_valid_i && db_addr_i[19:PageW] == (20 - PageW)'(i);
    end
  end

  assign db_ready_o = 1'b1;
  assign idle_o     = !db_valid_i && kick_o == '0;

endmodule
