// SPDX-License-Identifier: Apache-2.0
//
// The first of N requests behind the last one served, else the first of all: round robin over many
// sources, in arithmetic instead of a chain of choices. The user keeps what was served.

module vqnic_pick #(
  parameter int unsigned N = 64,
  localparam int unsigned IdxW = $clog2(N)
) (
  input  logic [N-1:0]    req_i,
  input  logic [IdxW-1:0] last_i,
  output logic            valid_o,
  output logic [IdxW-1:0] idx_o
);

  logic [N-1:0] last, behind, from, first;
  assign last   = N'(1) << last_i;
  assign behind = req_i & ~(last | (last - N'(1)));
  assign from   = behind != '0 ? behind : req_i;
  assign first  = from & (~from + N'(1));

  for (genvar b = 0; b < IdxW; b++) begin : gen_idx
    logic [N-1:0] mask;
    for (genvar i = 0; i < N; i++) begin : gen_mask
      assign mask[i] = ((i >> b) & 1) != 0;
    end
    assign idx_o[b] = (first & mask) != '0;
  end
  assign valid_o = req_i != '0;

endmodule
