// SPDX-License-Identifier: Apache-2.0
//
// Doorbells of BAR2: a page for each queue, any write to it is a kick. What is written is not
// looked at: the page says which queue, and the ring says how far.

module vqnic_doorbell #(
  localparam int unsigned QueueW = vqnic_pkg::QUEUE_W
) (
  input  logic              clk_i,
  input  logic              rst_ni,

  input  logic              db_valid_i,
  output logic              db_ready_o,
  input  logic [19:0]       db_addr_i,

  output logic              kick_o,        // one cycle for each doorbell
  output logic [QueueW-1:0] kick_queue_o,
  output logic              idle_o
);

  localparam int unsigned PageW = $clog2(vqnic_regs_pkg::DOORBELL_BYTES);
  localparam int unsigned Queues = vqnic_regs_pkg::CTRL_QUEUE_FIRST + vqnic_regs_pkg::VDEVS;

  logic [19-PageW:0] page;
  assign page = db_addr_i[19:PageW];

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      kick_o       <= 1'b0;
      kick_queue_o <= '0;
    end else begin
      kick_o <= db_valid_i && page < (20 - PageW)'(Queues);
      if (db_valid_i) kick_queue_o <= page[QueueW-1:0];
    end
  end

  assign db_ready_o = 1'b1;
  assign idle_o     = !db_valid_i && !kick_o;

endmodule
