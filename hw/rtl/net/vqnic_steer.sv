// SPDX-License-Identifier: Apache-2.0
//
// Automatic receive steering (virtio 5.1.6.5.5.1): a flow is received on the pair on which the
// vdev last sent it. What is remembered may be lost or out of date: with a pair that the vdev does
// not receive on, or a flow that is not known, the hash chooses among those that it does.

module vqnic_steer #(
  parameter int unsigned VDEVS = 2,
  parameter int unsigned FLOWS = 4096,  // a power of two
  parameter int unsigned WALK  = 512,
  localparam int unsigned VdevW = VDEVS > 1 ? $clog2(VDEVS) : 1,
  localparam int unsigned PairW = $clog2(vqnic_regs_pkg::VDEV_PAIRS_LIMIT),
  localparam int unsigned RowW  = $clog2(WALK)
) (
  input  logic             clk_i,

  input  logic             clear_i,
  input  logic [RowW-1:0]  clear_row_i,

  input  logic             learn_i,
  input  logic [VdevW-1:0] learn_vdev_i,
  input  logic [31:0]      learn_hash_i,
  input  logic [PairW-1:0] learn_pair_i,

  input  logic             ask_i,
  input  logic [VdevW-1:0] ask_vdev_i,
  input  logic [31:0]      ask_hash_i,
  input  logic [PairW:0]   ask_pairs_i,  // VDEV_CURRENT_PAIRS of the vdev
  output logic [PairW-1:0] pair_o        // in the next cycle and until the next question
);

  localparam int unsigned FlowW = $clog2(FLOWS);
  localparam int unsigned TagW  = 4;   // bits of the hash that are compared

  // Vdevs begin in different places, so that the same flow seen by two of them has two entries.
  function automatic logic [FlowW-1:0] entry(input logic [VdevW-1:0] vdev,
                                             input logic [FlowW-1:0] hash);
    entry = hash ^ (FlowW'(vdev) << (FlowW - VdevW));
  endfunction

  logic             valid;
  logic [VdevW-1:0] vdev, ask_vdev_q;
  logic [TagW-1:0]  tag;
  logic [PairW-1:0] pair;
  logic [31:0]      ask_hash_q;
  logic [PairW:0]   ask_pairs_q;

  vqnic_table_ram #(
    .WIDTH(1 + VdevW + TagW + PairW),
    .DEPTH(FLOWS),
    .WALK (WALK)
  ) u_ram (
    .clk_i,
    .clear_i,
    .clear_row_i,
    .write_i     (learn_i),
    .write_addr_i(entry(learn_vdev_i, learn_hash_i[FlowW-1:0])),
    .write_data_i({1'b1, learn_vdev_i, learn_hash_i[FlowW +: TagW], learn_pair_i}),
    .read_i      (ask_i),
    .read_addr_i (entry(ask_vdev_i, ask_hash_i[FlowW-1:0])),
    .read_data_o ({valid, vdev, tag, pair})
  );

  always_ff @(posedge clk_i) begin
    if (ask_i) begin
      ask_vdev_q  <= ask_vdev_i;
      ask_hash_q  <= ask_hash_i;
      ask_pairs_q <= ask_pairs_i;
    end
  end

  // The hash's upper half, scaled to the number of pairs.
  logic [PairW+16:0] scaled;
  assign scaled = (PairW + 17)'(ask_hash_q[31:16]) * (PairW + 17)'(ask_pairs_q);

  logic known;
  assign known  = valid && vdev == ask_vdev_q && tag == ask_hash_q[FlowW +: TagW] &&
                  {1'b0, pair} < ask_pairs_q;
  assign pair_o = known ? pair : scaled[16 +: PairW];

endmodule
