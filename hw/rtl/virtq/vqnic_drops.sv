// SPDX-License-Identifier: Apache-2.0
//
// What the switch drops, as events for vqnic_stats, which takes its time for each.
//
// Of frames for vdevs, those that wait to be counted are added up. Frames of vdevs are kept one by
// one with their pair: no more can wait than the buffer before the switch holds, for the next ones
// take longer to get there.

module vqnic_drops #(
  localparam int unsigned Vdevs = vqnic_regs_pkg::VDEVS,
  localparam int unsigned VdevW = vqnic_pkg::VDEV_W,
  localparam int unsigned SlotW = $clog2(vqnic_regs_pkg::VDEV_PAIRS_LIMIT),
  localparam int unsigned PairW = $clog2(vqnic_regs_pkg::PAIRS)
) (
  input  logic             clk_i,
  input  logic             rst_ni,

  input  logic [Vdevs-1:0] rx_vlan_i,    // one cycle for each frame
  input  logic [Vdevs-1:0] tx_spoof_i,
  input  logic [Vdevs-1:0] tx_vlan_i,
  input  logic [SlotW-1:0] tx_slot_i,    // pair of the vdev that it came from

  // Which pair of the pool that is.
  output logic [VdevW-1:0] look_vdev_o,
  output logic [SlotW-1:0] look_slot_o,
  input  logic             look_valid_i,
  input  logic [PairW-1:0] look_pair_i,

  // An event_t each: of a frame for a vdev, of a frame of a vdev.
  output logic [1:0]       event_valid_o,
  input  logic [1:0]       event_ready_i,
  output logic [1:0][vqnic_pkg::EVENT_W-1:0] event_o,
  output logic             idle_o
);

  (* mem2reg *) logic [7:0] count_q [Vdevs];
  logic [Vdevs-1:0]         waiting_q;
  logic [VdevW-1:0]         rx_vdev, last_q;
  logic                     rx_valid;

  vqnic_pick #(
    .N(Vdevs)
  ) u_pick (
    .req_i  (waiting_q),
    .last_i (last_q),
    .valid_o(rx_valid),
    .idx_o  (rx_vdev)
  );

  logic rx_taken;
  assign rx_taken = rx_valid && event_ready_i[0];
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      waiting_q <= '0;
      last_q    <= '0;
      for (int unsigned i = 0; i < Vdevs; i++) count_q[i] <= '0;
    end else if (rx_taken || rx_vlan_i != '0) begin
      waiting_q <= (waiting_q & ~(rx_taken ? Vdevs'(1) << rx_vdev : '0)) | rx_vlan_i;
      if (rx_taken) last_q <= rx_vdev;
      for (int unsigned i = 0; i < Vdevs; i++) begin
        if (rx_taken && rx_vdev == VdevW'(i)) count_q[i] <= {7'd0, rx_vlan_i[i]};
        else                                  count_q[i] <= count_q[i] + {7'd0, rx_vlan_i[i]};
      end
    end
  end

  logic             tx_push, tx_empty, tx_full, tx_is_spoof;
  logic [VdevW-1:0] tx_vdev;
  always_comb begin
    tx_vdev = '0;
    for (int unsigned i = 0; i < Vdevs; i++)
      if (tx_spoof_i[i] || tx_vlan_i[i]) tx_vdev = VdevW'(i);
  end
  assign tx_push = (tx_spoof_i | tx_vlan_i) != '0;

  vqnic_fifo #(
    .WIDTH(1 + VdevW + SlotW),
    .DEPTH(64)
  ) u_fifo (
    .clk_i,
    .rst_ni,
    .push_i (tx_push && !tx_full),
    .data_i ({tx_spoof_i != '0, tx_vdev, tx_slot_i}),
    .full_o (tx_full),
    .pop_i  (!tx_empty && event_ready_i[1]),
    .data_o ({tx_is_spoof, look_vdev_o, look_slot_o}),
    .empty_o(tx_empty)
  );

  vqnic_pkg::event_t rx_event, tx_event;
  always_comb begin
    rx_event          = '0;
    rx_event.vdev     = rx_vdev;
    rx_event.drops    = count_q[rx_vdev];
    rx_event.drop_idx = vqnic_pkg::COUNT_RX_DROP_VLAN;
    tx_event          = '0;
    tx_event.vdev     = look_vdev_o;
    tx_event.of_queue = look_valid_i;
    tx_event.number   = vqnic_pkg::QUEUE_W'({look_pair_i, 1'b1});
    tx_event.drops    = 8'd1;
    tx_event.drop_idx = tx_is_spoof ? vqnic_pkg::COUNT_TX_DROP_SPOOF :
                                      vqnic_pkg::COUNT_TX_DROP_VLAN;
  end
  assign event_valid_o = {!tx_empty, rx_valid};
  assign event_o       = {tx_event, rx_event};
  assign idle_o        = tx_empty && !rx_valid && !tx_push && rx_vlan_i == '0;

endmodule
