// SPDX-License-Identifier: Apache-2.0
//
// A table in RAM, with a port to write and one to read, that can be cleared by a walk over WALK
// rows however deep it is: each row holds DEPTH / WALK entries, each in a RAM of its own.
//
// An entry that is read while it is written reads as it was before.

module vqnic_table_ram #(
  parameter int unsigned WIDTH = 32,
  parameter int unsigned DEPTH = 4096,  // entries, a power of two, WALK or more
  parameter int unsigned WALK  = 512,   // a power of two
  localparam int unsigned AddrW = $clog2(DEPTH),
  localparam int unsigned RowW  = $clog2(WALK)
) (
  input  logic             clk_i,

  input  logic             clear_i,     // clears a row; nothing is written meanwhile
  input  logic [RowW-1:0]  clear_row_i,

  input  logic             write_i,
  input  logic [AddrW-1:0] write_addr_i,
  input  logic [WIDTH-1:0] write_data_i,

  input  logic             read_i,
  input  logic [AddrW-1:0] read_addr_i,
  output logic [WIDTH-1:0] read_data_o  // from the next cycle on, until the next read
);

  localparam int unsigned Banks = DEPTH / WALK;
  localparam int unsigned BankW = Banks > 1 ? $clog2(Banks) : 1;

  logic [BankW-1:0]            write_bank, read_bank_q;
  logic [RowW-1:0]             row;
  logic [Banks-1:0][WIDTH-1:0] data_q;
  assign write_bank  = BankW'(write_addr_i >> RowW);
  assign row         = clear_i ? clear_row_i : write_addr_i[RowW-1:0];
  assign read_data_o = data_q[read_bank_q];

  always_ff @(posedge clk_i) begin
    if (read_i) read_bank_q <= BankW'(read_addr_i >> RowW);
  end

  for (genvar i = 0; i < Banks; i++) begin : gen_bank
    logic [WIDTH-1:0] mem [WALK];
    always_ff @(posedge clk_i) begin
      if (clear_i || (write_i && write_bank == BankW'(i))) mem[row] <= clear_i ? '0 : write_data_i;
      if (read_i) data_q[i] <= mem[read_addr_i[RowW-1:0]];
    end
  end

endmodule
