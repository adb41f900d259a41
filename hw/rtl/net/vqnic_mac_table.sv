// SPDX-License-Identifier: Apache-2.0
//
// The MAC table: which vdevs have an address. MAC_WAYS ways of MAC_ROWS slots, the row of each way
// taken from a keyed hash of the address, so that a guest that may choose addresses cannot choose
// their rows.

module vqnic_mac_table #(
  parameter int unsigned VDEVS = 2,
  localparam int unsigned Ways = vqnic_regs_pkg::MAC_WAYS,
  localparam int unsigned Rows = vqnic_regs_pkg::MAC_ROWS,
  localparam int unsigned WayW = $clog2(Ways),
  localparam int unsigned RowW = $clog2(Rows),
  localparam int unsigned KeyW = vqnic_regs_pkg::MAC_KEY_BITS
) (
  input  logic             clk_i,
  input  logic             rst_ni,

  input  logic             clear_i,
  input  logic [RowW-1:0]  clear_row_i,
  input  logic [KeyW-1:0]  key_i,

  input  logic             look_i,
  input  logic [47:0]      look_mac_i,
  output logic [VDEVS-1:0] look_vdevs_o,  // in the next cycle

  // A slot is read or written as soon as hold_i is low. The request stands until done_o, which
  // for a read comes with the slot.
  input  logic             hold_i,        // a frame's addresses are looked up; high with look_i
  input  logic             slot_read_i,
  input  logic             slot_write_i,
  input  logic [WayW-1:0]  slot_way_i,
  input  logic [RowW-1:0]  slot_row_i,
  input  logic [47:0]      slot_mac_i,
  input  logic [VDEVS-1:0] slot_vdevs_i,
  output logic             slot_done_o,
  output logic [47:0]      slot_mac_o,
  output logic [VDEVS-1:0] slot_vdevs_o
);

  localparam int unsigned HashW = Ways * RowW;

  logic [HashW-1:0] hash;
  for (genvar i = 0; i < HashW; i++) begin : gen_hash
    assign hash[i] = ^(look_mac_i & key_i[i +: 48]);
  end

  logic        write_go, read_go, read_q;
  logic [47:0] look_mac_q;
  assign write_go = slot_write_i && !hold_i;
  assign read_go  = slot_read_i && !hold_i && !read_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) read_q <= 1'b0;
    else         read_q <= read_go;
  end
  always_ff @(posedge clk_i) begin
    if (look_i) look_mac_q <= look_mac_i;
  end

  logic [Ways-1:0][47:0]      entry_mac;
  logic [Ways-1:0][VDEVS-1:0] entry_vdevs;

  for (genvar i = 0; i < Ways; i++) begin : gen_way
    vqnic_table_ram #(
      .WIDTH(48 + VDEVS),
      .DEPTH(Rows),
      .WALK (Rows)
    ) u_ram (
      .clk_i,
      .clear_i,
      .clear_row_i,
      .write_i     (write_go && slot_way_i == WayW'(i)),
      .write_addr_i(slot_row_i),
      .write_data_i({slot_vdevs_i, slot_mac_i}),
      .read_i      (look_i || read_go),
      .read_addr_i (look_i ? hash[i * RowW +: RowW] : slot_row_i),
      .read_data_o ({entry_vdevs[i], entry_mac[i]})
    );
  end

  always_comb begin
    look_vdevs_o = '0;
    for (int unsigned i = 0; i < Ways; i++) begin
      if (entry_mac[i] == look_mac_q) look_vdevs_o = look_vdevs_o | entry_vdevs[i];
    end
  end

  assign slot_done_o  = write_go || read_q;
  assign slot_mac_o   = entry_mac[slot_way_i];
  assign slot_vdevs_o = entry_vdevs[slot_way_i];

endmodule
