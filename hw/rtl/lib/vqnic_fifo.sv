// SPDX-License-Identifier: Apache-2.0
//
// A small synchronous FIFO; the oldest entry is on the output. The writer looks at full_o, the
// reader at empty_o.

module vqnic_fifo #(
  parameter int unsigned WIDTH = 8,
  parameter int unsigned DEPTH = 16  // a power of two
) (
  input  logic             clk_i,
  input  logic             rst_ni,

  input  logic             push_i,
  input  logic [WIDTH-1:0] data_i,
  output logic             full_o,

  input  logic             pop_i,
  output logic [WIDTH-1:0] data_o,
  output logic             empty_o
);

  localparam int unsigned PtrW = $clog2(DEPTH);

  logic [WIDTH-1:0] mem [DEPTH];
  logic [PtrW:0]    head_q, tail_q;  // one bit more than the address, to tell full from empty

  assign full_o  = tail_q - head_q == (PtrW + 1)'(DEPTH);
  assign empty_o = tail_q == head_q;
  assign data_o  = mem[head_q[PtrW-1:0]];

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      head_q <= '0;
      tail_q <= '0;
    end else begin
      if (push_i) tail_q <= tail_q + (PtrW + 1)'(1);
      if (pop_i)  head_q <= head_q + (PtrW + 1)'(1);
    end
  end

  always_ff @(posedge clk_i) begin
    if (push_i) mem[tail_q[PtrW-1:0]] <= data_i;
  end

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni) begin
      no_overflow:  assert (!push_i || !full_o);
      no_underflow: assert (!pop_i || !empty_o);
    end
  end
`endif

endmodule
