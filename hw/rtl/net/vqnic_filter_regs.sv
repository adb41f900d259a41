// SPDX-License-Identifier: Apache-2.0
//
// The register bank of the filter, and the walk that clears the tables after a reset.
//
// MAC_SLOT works on a slot between two frames, which takes some cycles. Until then, and until the
// tables are clear, what the work needs takes no writes.

module vqnic_filter_regs #(
  parameter int unsigned VDEVS = 2,
  localparam int unsigned WayW  = $clog2(vqnic_regs_pkg::MAC_WAYS),
  localparam int unsigned RowW  = $clog2(vqnic_regs_pkg::MAC_ROWS),
  localparam int unsigned KeyW  = vqnic_regs_pkg::MAC_KEY_BITS,
  localparam int unsigned VlanW = $clog2(vqnic_regs_pkg::VLANS)
) (
  input  logic             clk_i,
  input  logic             rst_ni,

  input  logic             req_i,
  input  logic             we_i,
  input  logic [11:0]      addr_i,
  input  logic [31:0]      wdata_i,
  input  logic [3:0]       wstrb_i,
  output logic [63:0]      rdata_o,

  output logic             clear_o,
  output logic [RowW-1:0]  clear_row_o,

  // vqnic_mac_table
  output logic [KeyW-1:0]  key_o,
  output logic             slot_read_o,
  output logic             slot_write_o,
  output logic [WayW-1:0]  slot_way_o,
  output logic [RowW-1:0]  slot_row_o,
  output logic [47:0]      slot_mac_o,
  output logic [VDEVS-1:0] slot_vdevs_o,
  input  logic             slot_done_i,
  input  logic [47:0]      slot_mac_i,
  input  logic [VDEVS-1:0] slot_vdevs_i,

  // vqnic_vlan_table
  output logic             vlan_select_o,
  output logic             vlan_write_o,
  output logic [VlanW-1:0] vlan_o,
  output logic [VDEVS-1:0] vlan_rx_o,
  output logic [VDEVS-1:0] vlan_tx_o,
  input  logic [VDEVS-1:0] vlan_rx_i,
  input  logic [VDEVS-1:0] vlan_tx_i,

  output logic             idle_o
);

  logic [KeyW-1:0]  key_q;
  logic [47:0]      mac_q;
  logic [VDEVS-1:0] vdevs_q;
  logic [WayW-1:0]  way_q;
  logic [RowW-1:0]  row_q, clear_row_q;
  logic             read_q, write_q, clear_q;
  logic [VlanW-1:0] vlan_q;

  logic        write, slot_busy;
  logic [11:0] word;
  logic [31:0] rword, wword;
  assign slot_busy = read_q || write_q;
  assign write     = req_i && we_i && !clear_q;
  assign word      = {addr_i[11:2], 2'b00};
  assign rword     = addr_i[2] ? rdata_o[63:32] : rdata_o[31:0];
  assign wword     = vqnic_pkg::merge(rword, wdata_i, wstrb_i);

  // The slot that is asked for; there is no work on one that does not exist.
  logic [7:0]  ask_way;
  logic [15:0] ask_row;
  logic        ask_exists;
  assign ask_way    = wword[vqnic_regs_pkg::MAC_SLOT_WAY_LSB +: 8];
  assign ask_row    = wword[vqnic_regs_pkg::MAC_SLOT_ROW_LSB +: 16];
  assign ask_exists = ask_way < 8'(vqnic_regs_pkg::MAC_WAYS) &&
                      ask_row < 16'(vqnic_regs_pkg::MAC_ROWS);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      clear_q     <= 1'b1;
      clear_row_q <= '0;
      key_q       <= '0;
      mac_q       <= '0;
      vdevs_q     <= '0;
      way_q       <= '0;
      row_q       <= '0;
      read_q      <= 1'b0;
      write_q     <= 1'b0;
      vlan_q      <= '0;
    end else begin
      if (clear_q) clear_row_q <= clear_row_q + RowW'(1);
      if (clear_row_q == '1) clear_q <= 1'b0;

      if (slot_busy) begin
        if (slot_done_i) begin
          read_q  <= 1'b0;
          write_q <= 1'b0;
          if (read_q) begin
            mac_q   <= slot_mac_i;
            vdevs_q <= slot_vdevs_i;
          end
        end
      end else if (write) begin
        unique case (word)
          vqnic_regs_pkg::REG_MAC_KEY_0: key_q[31:0]  <= wword;
          vqnic_regs_pkg::REG_MAC_KEY_1: key_q[63:32] <= wword;
          vqnic_regs_pkg::REG_MAC_KEY_2: key_q[95:64] <= wword;
          vqnic_regs_pkg::REG_MAC_LO:    mac_q[31:0]  <= wword;
          vqnic_regs_pkg::REG_MAC_HI:    mac_q[47:32] <= wword[15:0];
          vqnic_regs_pkg::REG_MAC_VDEVS: vdevs_q      <= wword[VDEVS-1:0];
          vqnic_regs_pkg::REG_MAC_SLOT:
            if (ask_exists) begin
              way_q   <= ask_way[WayW-1:0];
              row_q   <= ask_row[RowW-1:0];
              write_q <= wword[vqnic_regs_pkg::MAC_SLOT_WRITE_LSB];
              read_q  <= wword[vqnic_regs_pkg::MAC_SLOT_READ_LSB] &&
                         !wword[vqnic_regs_pkg::MAC_SLOT_WRITE_LSB];
            end
          default: ;
        endcase
      end
      if (vlan_select_o) vlan_q <= vlan_o;
    end
  end

  assign vlan_select_o = write && word == vqnic_regs_pkg::REG_VLAN_SELECT;
  assign vlan_write_o  = write && (word == vqnic_regs_pkg::REG_VLAN_RX ||
                                   word == vqnic_regs_pkg::REG_VLAN_TX);
  assign vlan_o        = vlan_select_o ? wword[VlanW-1:0] : vlan_q;
  assign vlan_rx_o     = word == vqnic_regs_pkg::REG_VLAN_RX ? wword[VDEVS-1:0] : vlan_rx_i;
  assign vlan_tx_o     = word == vqnic_regs_pkg::REG_VLAN_TX ? wword[VDEVS-1:0] : vlan_tx_i;

  always_comb begin
    rdata_o = '0;
    if (req_i) begin
      unique case ({addr_i[11:3], 3'b000})
        vqnic_regs_pkg::REG_MAC_KEY_0:   rdata_o = key_q[63:0];
        vqnic_regs_pkg::REG_MAC_KEY_2:   rdata_o = {32'd0, key_q[95:64]};
        vqnic_regs_pkg::REG_MAC_LO:      rdata_o = {16'd0, mac_q};
        vqnic_regs_pkg::REG_MAC_VDEVS: begin
          rdata_o[VDEVS-1:0] = vdevs_q;
          rdata_o[32 + vqnic_regs_pkg::MAC_SLOT_ROW_LSB +: RowW] = row_q;
          rdata_o[32 + vqnic_regs_pkg::MAC_SLOT_WAY_LSB +: WayW] = way_q;
          rdata_o[32 + vqnic_regs_pkg::MAC_SLOT_READ_LSB]  = read_q;
          rdata_o[32 + vqnic_regs_pkg::MAC_SLOT_WRITE_LSB] = write_q;
        end
        vqnic_regs_pkg::REG_VLAN_SELECT: rdata_o = {32'(vlan_rx_i), 32'(vlan_q)};
        vqnic_regs_pkg::REG_VLAN_TX:     rdata_o = 64'(vlan_tx_i);
        default: ;
      endcase
    end
  end

  assign clear_o      = clear_q;
  assign clear_row_o  = clear_row_q;
  assign key_o        = key_q;
  assign slot_read_o  = read_q;
  assign slot_write_o = write_q;
  assign slot_way_o   = way_q;
  assign slot_row_o   = row_q;
  assign slot_mac_o   = mac_q;
  assign slot_vdevs_o = vdevs_q;

  assign idle_o = !clear_q && !slot_busy;

endmodule
