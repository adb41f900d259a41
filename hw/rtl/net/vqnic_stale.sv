// SPDX-License-Identifier: Apache-2.0
//
// Knows which frames of a frame buffer were sent by a vdev that was disabled since: they must not
// go out under the policy of whoever gets the vdev next. Counts each vdev's frames in the buffer.

module vqnic_stale #(
  parameter int unsigned VDEVS  = 2,
  parameter int unsigned FRAMES = 32,   // that the buffer holds
  localparam int unsigned VdevW = VDEVS > 1 ? $clog2(VDEVS) : 1
) (
  input  logic             clk_i,
  input  logic             rst_ni,

  input  logic [VDEVS-1:0] enable_i,
  input  logic             commit_i,       // a frame of this vdev enters
  input  logic [VdevW-1:0] commit_vdev_i,
  input  logic             free_i,         // the oldest frame, of this vdev, leaves
  input  logic [VdevW-1:0] free_vdev_i,
  output logic             stale_o         // it is one of those
);

  localparam int unsigned CountW = $clog2(FRAMES + 1);

  logic [VDEVS-1:0] stale;
  assign stale_o = stale[free_vdev_i];

  for (genvar i = 0; i < VDEVS; i++) begin : gen_vdev
    logic [CountW-1:0] count_q, count_d;  // frames in the buffer,
    logic [CountW-1:0] stale_q;           // and how many of them, the oldest, are stale
    logic              leaves;
    assign leaves   = free_i && free_vdev_i == VdevW'(i);
    assign count_d  = count_q + CountW'(commit_i && commit_vdev_i == VdevW'(i)) - CountW'(leaves);
    assign stale[i] = stale_q != '0 || !enable_i[i];
    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni) begin
        count_q <= '0;
        stale_q <= '0;
      end else begin
        count_q <= count_d;
        if (!enable_i[i])                   stale_q <= count_d;
        else if (leaves && stale_q != '0)   stale_q <= stale_q - CountW'(1);
      end
    end
  end

endmodule
