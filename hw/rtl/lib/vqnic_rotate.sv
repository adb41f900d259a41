// SPDX-License-Identifier: Apache-2.0
//
// Rotates a word to the left by a number of bytes: byte 0 goes to lane `bytes_i`. Combinational.

module vqnic_rotate #(
  parameter int unsigned DATA_W = 512,
  localparam int unsigned LaneW = $clog2(DATA_W / 8)
) (
  input  logic [DATA_W-1:0] data_i,
  input  logic [LaneW-1:0]  bytes_i,
  output logic [DATA_W-1:0] data_o
);

  always_comb begin
    data_o = data_i;
    for (int unsigned i = 0; i < LaneW; i++) begin
      if (bytes_i[i]) data_o = (data_o << (8 << i)) | (data_o >> (DATA_W - (8 << i)));
    end
  end

endmodule
