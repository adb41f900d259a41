// SPDX-License-Identifier: Apache-2.0
//
// The VLAN table: for each VLAN the vdevs that receive it and those that may send it.

module vqnic_vlan_table #(
  parameter int unsigned VDEVS = 2,
  parameter int unsigned WALK  = 512,
  localparam int unsigned Vlans = vqnic_regs_pkg::VLANS,
  localparam int unsigned VlanW = $clog2(Vlans),
  localparam int unsigned RowW  = $clog2(WALK)
) (
  input  logic             clk_i,
  input  logic             rst_ni,

  input  logic             clear_i,
  input  logic [RowW-1:0]  clear_row_i,

  // The owner's: rx_o and tx_o are those of the VLAN selected, two cycles after.
  input  logic             select_i,
  input  logic             write_i,
  input  logic [VlanW-1:0] vlan_i,
  input  logic [VDEVS-1:0] rx_i,
  input  logic [VDEVS-1:0] tx_i,
  output logic [VDEVS-1:0] rx_o,
  output logic [VDEVS-1:0] tx_o,

  // A frame's: the answer comes in the cycle after one with look_ready_o.
  input  logic             look_i,
  output logic             look_ready_o,
  input  logic [VlanW-1:0] look_vlan_i,
  output logic [VDEVS-1:0] look_rx_o,
  output logic [VDEVS-1:0] look_tx_o
);

  logic selected_q;

  // What the owner reads cannot wait; a frame can, and accesses leave it every other cycle.
  assign look_ready_o = !select_i;

  vqnic_table_ram #(
    .WIDTH(2 * VDEVS),
    .DEPTH(Vlans),
    .WALK (WALK)
  ) u_ram (
    .clk_i,
    .clear_i,
    .clear_row_i,
    .write_i,
    .write_addr_i(vlan_i),
    .write_data_i({tx_i, rx_i}),
    .read_i      (select_i || look_i),
    .read_addr_i (select_i ? vlan_i : look_vlan_i),
    .read_data_o ({look_tx_o, look_rx_o})
  );

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      selected_q <= 1'b0;
      rx_o       <= '0;
      tx_o       <= '0;
    end else begin
      selected_q <= select_i;
      if (selected_q) begin
        rx_o <= look_rx_o;
        tx_o <= look_tx_o;
      end else if (write_i) begin
        rx_o <= rx_i;
        tx_o <= tx_i;
      end
    end
  end

endmodule
