// SPDX-License-Identifier: Apache-2.0
//
// What is wrong with a descriptor, if anything (virtio 1.2 sections 2.7.4 and 2.7.5).
// Combinational; the first rule that is broken counts.

module vqnic_desc_check #(
  parameter bit READABLE = 1'b1,      // the chain may have descriptors that the device reads,
  parameter bit WRITABLE = 1'b0       // and behind them such that it writes
) (
  input  logic [127:0] desc_i,        // a desc_t
  input  logic [15:0]  index_i,       // its index
  input  logic [15:0]  head_i,        // of the chain
  input  logic [10:0]  size_i,        // of the queue
  input  logic [10:0]  entries_i,     // of the table that it lies in
  input  logic [10:0]  count_i,       // descriptors of the chain before this one in this table
  input  logic         indirect_ok_i, // it may refer to an indirect table
  input  logic         writing_i,     // a writable one came before it

  output logic         fault_o,
  output logic [7:0]   fault_code_o,
  output logic [63:0]  fault_info_o
);

  vqnic_pkg::desc_t desc;
  assign desc = desc_i;

  logic        next, write, indirect, bad_flags, bad_direction, bad_table;
  logic [64:0] last;
  assign next     = desc.flags[vqnic_pkg::DESC_F_NEXT];
  assign write    = desc.flags[vqnic_pkg::DESC_F_WRITE];
  assign indirect = desc.flags[vqnic_pkg::DESC_F_INDIRECT];
  assign last     = {1'b0, desc.addr} + {33'd0, desc.len} - 65'd1;

  assign bad_flags = desc.flags[15:3] != '0 || (indirect && (!indirect_ok_i || next));
  // WRITE says nothing of a descriptor that refers to a table, section 2.7.5.3.2.
  assign bad_direction = !indirect && (write ? !WRITABLE : !READABLE || writing_i);
  assign bad_table     = indirect && (desc.len == '0 || desc.len[3:0] != '0 ||
                                      desc.len > {17'd0, size_i, 4'd0});

  always_comb begin
    fault_o      = 1'b1;
    fault_code_o = vqnic_regs_pkg::FAULT_NONE;
    fault_info_o = '0;
    if (bad_flags) begin
      fault_code_o = vqnic_regs_pkg::FAULT_DESC_FLAGS;
      fault_info_o = {48'd0, desc.flags};
    end else if (bad_direction) begin
      fault_code_o = vqnic_regs_pkg::FAULT_DESC_DIRECTION;
      fault_info_o = {48'd0, index_i};
    end else if (bad_table) begin
      fault_code_o = vqnic_regs_pkg::FAULT_INDIRECT;
      fault_info_o = {32'd0, desc.len};
    end else if (desc.len == '0 || last[64]) begin
      fault_code_o = vqnic_regs_pkg::FAULT_DESC_LENGTH;
      fault_info_o = {32'd0, desc.len};
    end else if (next && count_i + 11'd1 == entries_i) begin
      fault_code_o = vqnic_regs_pkg::FAULT_CHAIN_LOOP;
      fault_info_o = {48'd0, head_i};
    end else if (next && desc.next >= {5'd0, entries_i}) begin
      fault_code_o = vqnic_regs_pkg::FAULT_DESC_INDEX;
      fault_info_o = {48'd0, desc.next};
    end else begin
      fault_o = 1'b0;
    end
  end

endmodule
