// SPDX-License-Identifier: Apache-2.0
//
// All that lies between the engines and the wire:
//
//   transmit engine -> buffer A -+          +-> buffer C -> wire
//                                +- switch -+
//              wire -> buffer B -+          +-> buffer D -> receive engine
//
// with the tables of the filter and of the receive steering.

module vqnic_net #(
  parameter int unsigned DATA_W = 512,
  parameter int unsigned VDEVS  = 2,
  localparam int unsigned LaneCount = DATA_W / 8,
  localparam int unsigned VdevW = VDEVS > 1 ? $clog2(VDEVS) : 1,
  localparam int unsigned PairW = $clog2(vqnic_regs_pkg::VDEV_PAIRS_LIMIT)
) (
  input  logic                   clk_i,
  input  logic                   rst_ni,
  input  logic                   stop_i,             // take no new frame from the wire

  // The filter's register bank.
  input  logic                   req_i,
  input  logic                   we_i,
  input  logic [11:0]            addr_i,
  input  logic [31:0]            wdata_i,
  input  logic [3:0]             wstrb_i,
  output logic [63:0]            rdata_o,
  output logic                   clearing_o,         // the tables, after a reset

  input  logic [VDEVS-1:0]       enable_i,
  input  logic [VDEVS-1:0][8:0]  rx_mode_i,          // VDEV_RX_MODE
  input  logic [VDEVS-1:0][31:0] policy_i,           // VDEV_POLICY

  // From the transmit engine.
  output logic                   tx_room_o,
  input  logic                   tx_word_valid_i,
  input  logic [DATA_W-1:0]      tx_word_i,
  input  logic                   tx_commit_i,
  input  logic [vqnic_pkg::TX_INFO_W-1:0] tx_info_i,  // a tx_info_t
  input  logic                   tx_drop_i,

  // To the receive engine.
  output logic                   rx_valid_o,
  output logic [15:0]            rx_len_o,
  output logic                   rx_tagged_o,
  output logic [VDEVS-1:0]       rx_vdevs_o,         // whom the frame is for, at least one
  output logic                   rx_csum_ok_o,       // TCP or UDP whose checksum is right
  input  logic                   rx_rewind_i,
  input  logic                   rx_free_i,
  output logic                   rx_word_valid_o,
  input  logic                   rx_word_ready_i,
  output logic [DATA_W-1:0]      rx_word_o,

  // Its request for a queue goes through here, to learn which of the vdev's pairs receives the
  // frame's flow.
  input  logic [VDEVS-1:0][PairW:0] pairs_i,         // VDEV_CURRENT_PAIRS
  input  logic                   rx_get_valid_i,     // stands until the queue is there
  input  logic [VdevW-1:0]       rx_get_vdev_i,
  output logic                   rx_get_valid_o,
  output logic [PairW-1:0]       rx_get_pair_o,

  output logic [DATA_W-1:0]      m_axis_tx_tdata_o,
  output logic [LaneCount-1:0]   m_axis_tx_tkeep_o,
  output logic                   m_axis_tx_tlast_o,
  output logic                   m_axis_tx_tvalid_o,
  input  logic                   m_axis_tx_tready_i,

  input  logic [DATA_W-1:0]      s_axis_rx_tdata_i,
  input  logic [LaneCount-1:0]   s_axis_rx_tkeep_i,
  input  logic                   s_axis_rx_tlast_i,
  input  logic                   s_axis_rx_tuser_i,
  input  logic                   s_axis_rx_tvalid_i,
  output logic                   s_axis_rx_tready_o,

  // One cycle for each frame; `_len_o` holds its bytes.
  output logic                   wire_rx_frame_o,
  output logic [31:0]            wire_rx_len_o,
  output logic                   wire_rx_drop_error_o,
  output logic                   wire_rx_drop_filter_o,
  output logic                   wire_tx_frame_o,
  output logic [15:0]            wire_tx_len_o,
  output logic                   switched_o,         // from a vdev to another
  output logic [VDEVS-1:0]       rx_drop_vlan_o,
  output logic [VDEVS-1:0]       tx_drop_spoof_o,
  output logic [VDEVS-1:0]       tx_drop_vlan_o,
  output logic [PairW-1:0]       tx_drop_pair_o,     // the pair that it was sent on

  output logic                   quiet_o,            // no frame in here
  output logic                   idle_o              // nor anything else to be done
);

  localparam int unsigned BufferWords = vqnic_pkg::FRAME_BUFFER_BYTES / LaneCount;
  localparam int unsigned Frames      = 32;
  // From the wire a beat more may come before it is seen that a frame is too long.
  localparam int unsigned FrameWords  = vqnic_regs_pkg::FRAME_BYTES_MAX / LaneCount + 2;
  localparam int unsigned WayW  = $clog2(vqnic_regs_pkg::MAC_WAYS);
  localparam int unsigned RowW  = $clog2(vqnic_regs_pkg::MAC_ROWS);
  localparam int unsigned VlanW = $clog2(vqnic_regs_pkg::VLANS);

  // Registers and tables.
  logic                                    clear, slot_read, slot_write, slot_done, regs_idle;
  logic [RowW-1:0]                         clear_row, slot_row;
  logic [WayW-1:0]                         slot_way;
  logic [vqnic_regs_pkg::MAC_KEY_BITS-1:0] key;
  logic [47:0]                             slot_mac, slot_mac_read;
  logic [VDEVS-1:0]                        slot_vdevs, slot_vdevs_read;
  logic                                    vlan_select, vlan_write;
  logic [VlanW-1:0]                        vlan;
  logic [VDEVS-1:0]                        vlan_rx, vlan_tx, vlan_rx_read, vlan_tx_read;

  vqnic_filter_regs #(
    .VDEVS(VDEVS)
  ) u_filter_regs (
    .clk_i,
    .rst_ni,
    .req_i,
    .we_i,
    .addr_i,
    .wdata_i,
    .wstrb_i,
    .rdata_o,
    .clear_o      (clear),
    .clear_row_o  (clear_row),
    .key_o        (key),
    .slot_read_o  (slot_read),
    .slot_write_o (slot_write),
    .slot_way_o   (slot_way),
    .slot_row_o   (slot_row),
    .slot_mac_o   (slot_mac),
    .slot_vdevs_o (slot_vdevs),
    .slot_done_i  (slot_done),
    .slot_mac_i   (slot_mac_read),
    .slot_vdevs_i (slot_vdevs_read),
    .vlan_select_o(vlan_select),
    .vlan_write_o (vlan_write),
    .vlan_o       (vlan),
    .vlan_rx_o    (vlan_rx),
    .vlan_tx_o    (vlan_tx),
    .vlan_rx_i    (vlan_rx_read),
    .vlan_tx_i    (vlan_tx_read),
    .idle_o       (regs_idle)
  );
  assign clearing_o = clear;

  logic             hold, mac_look, vlan_look, vlan_look_ready;
  logic [47:0]      mac;
  logic [VlanW-1:0] look_vlan;
  logic [VDEVS-1:0] mac_vdevs, look_rx, look_tx;

  vqnic_mac_table #(
    .VDEVS(VDEVS)
  ) u_mac_table (
    .clk_i,
    .rst_ni,
    .clear_i     (clear),
    .clear_row_i (clear_row),
    .key_i       (key),
    .look_i      (mac_look),
    .look_mac_i  (mac),
    .look_vdevs_o(mac_vdevs),
    .hold_i      (hold),
    .slot_read_i (slot_read),
    .slot_write_i(slot_write),
    .slot_way_i  (slot_way),
    .slot_row_i  (slot_row),
    .slot_mac_i  (slot_mac),
    .slot_vdevs_i(slot_vdevs),
    .slot_done_o (slot_done),
    .slot_mac_o  (slot_mac_read),
    .slot_vdevs_o(slot_vdevs_read)
  );

  vqnic_vlan_table #(
    .VDEVS(VDEVS),
    .WALK (1 << RowW)
  ) u_vlan_table (
    .clk_i,
    .rst_ni,
    .clear_i     (clear),
    .clear_row_i (clear_row),
    .select_i    (vlan_select),
    .write_i     (vlan_write),
    .vlan_i      (vlan),
    .rx_i        (vlan_rx),
    .tx_i        (vlan_tx),
    .rx_o        (vlan_rx_read),
    .tx_o        (vlan_tx_read),
    .look_i      (vlan_look),
    .look_ready_o(vlan_look_ready),
    .look_vlan_i (look_vlan),
    .look_rx_o   (look_rx),
    .look_tx_o   (look_tx)
  );

  logic             learn, steered_q;
  logic [31:0]      rx_hash;
  logic [VdevW-1:0] learn_vdev;
  logic [31:0]      learn_hash;
  logic [PairW-1:0] learn_pair;

  vqnic_steer #(
    .VDEVS(VDEVS),
    .WALK (1 << RowW)
  ) u_steer (
    .clk_i,
    .clear_i     (clear),
    .clear_row_i (clear_row),
    .learn_i     (learn),
    .learn_vdev_i(learn_vdev),
    .learn_hash_i(learn_hash),
    .learn_pair_i(learn_pair),
    .ask_i       (rx_get_valid_i && !steered_q),
    .ask_vdev_i  (rx_get_vdev_i),
    .ask_hash_i  (rx_hash),
    .ask_pairs_i (pairs_i[rx_get_vdev_i]),
    .pair_o      (rx_get_pair_o)
  );

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) steered_q <= 1'b0;
    else         steered_q <= rx_get_valid_i;
  end
  assign rx_get_valid_o = rx_get_valid_i && steered_q;

  // A: what vdevs send.
  vqnic_pkg::tx_info_t             tx_info, a_info;
  logic [vqnic_pkg::TX_INFO_W-1:0] a_info_bits;
  logic                            a_valid, a_stale, a_rewind, a_free;
  logic                            a_word_valid, a_word_ready, a_idle;
  logic [DATA_W-1:0]               a_word;
  assign tx_info = tx_info_i;
  assign a_info  = a_info_bits;

  vqnic_frame_fifo #(
    .DATA_W(DATA_W),
    .WORDS (BufferWords),
    .ROOM  (FrameWords),
    .FRAMES(Frames),
    .INFO_W(vqnic_pkg::TX_INFO_W)
  ) u_a (
    .clk_i,
    .rst_ni,
    .room_o        (tx_room_o),
    .word_valid_i  (tx_word_valid_i),
    .word_i        (tx_word_i),
    .commit_i      (tx_commit_i),
    .info_i        (tx_info_i),
    .drop_i        (tx_drop_i),
    .frame_valid_o (a_valid),
    .frame_info_o  (a_info_bits),
    .frame_rewind_i(a_rewind),
    .frame_free_i  (a_free),
    .word_valid_o  (a_word_valid),
    .word_ready_i  (a_word_ready),
    .word_o        (a_word),
    .idle_o        (a_idle)
  );

  vqnic_stale #(
    .VDEVS (VDEVS),
    .FRAMES(Frames)
  ) u_stale (
    .clk_i,
    .rst_ni,
    .enable_i,
    .commit_i     (tx_commit_i),
    .commit_vdev_i(tx_info.vdev[VdevW-1:0]),
    .free_i       (a_free),
    .free_vdev_i  (a_info.vdev[VdevW-1:0]),
    .stale_o      (a_stale)
  );

  // B: what comes from the wire.
  logic              wire_rx_room, wire_rx_word_valid, wire_rx_commit, wire_rx_drop, wire_rx_idle;
  logic [15:0]       wire_rx_len;
  logic [DATA_W-1:0] wire_rx_word;
  logic              b_valid, b_rewind, b_free, b_word_valid, b_word_ready, b_idle;
  logic [15:0]       b_len;
  logic [DATA_W-1:0] b_word;

  vqnic_wire_rx #(
    .DATA_W(DATA_W)
  ) u_wire_rx (
    .clk_i,
    .rst_ni,
    .stop_i,
    .s_axis_rx_tdata_i,
    .s_axis_rx_tkeep_i,
    .s_axis_rx_tlast_i,
    .s_axis_rx_tuser_i,
    .s_axis_rx_tvalid_i,
    .s_axis_rx_tready_o,
    .room_i      (wire_rx_room),
    .word_valid_o(wire_rx_word_valid),
    .word_o      (wire_rx_word),
    .commit_o    (wire_rx_commit),
    .commit_len_o(wire_rx_len),
    .drop_o      (wire_rx_drop),
    .frame_o     (wire_rx_frame_o),
    .frame_len_o (wire_rx_len_o),
    .drop_error_o(wire_rx_drop_error_o),
    .idle_o      (wire_rx_idle)
  );

  vqnic_frame_fifo #(
    .DATA_W(DATA_W),
    .WORDS (BufferWords),
    .ROOM  (FrameWords),
    .FRAMES(Frames),
    .INFO_W(16)
  ) u_b (
    .clk_i,
    .rst_ni,
    .room_o        (wire_rx_room),
    .word_valid_i  (wire_rx_word_valid),
    .word_i        (wire_rx_word),
    .commit_i      (wire_rx_commit),
    .info_i        (wire_rx_len),
    .drop_i        (wire_rx_drop),
    .frame_valid_o (b_valid),
    .frame_info_o  (b_len),
    .frame_rewind_i(b_rewind),
    .frame_free_i  (b_free),
    .word_valid_o  (b_word_valid),
    .word_ready_i  (b_word_ready),
    .word_o        (b_word),
    .idle_o        (b_idle)
  );

  logic              c_room, c_word_valid, c_commit, d_room, d_word_valid, d_commit, switch_idle;
  logic [DATA_W-1:0] word;
  logic [15:0]       len;
  logic              has_tag, csum_ok;
  logic [VDEVS-1:0]  vdevs;
  logic [31:0]       hash;

  vqnic_switch #(
    .DATA_W(DATA_W),
    .VDEVS (VDEVS)
  ) u_switch (
    .clk_i,
    .rst_ni,
    .stop_i           (clear),
    .enable_i,
    .rx_mode_i,
    .policy_i,
    .a_valid_i        (a_valid),
    .a_len_i          (a_info.len),
    .a_vdev_i         (a_info.vdev[VdevW-1:0]),
    .a_pair_i         (a_info.pair),
    .a_csum_valid_i   (a_info.csum),
    .a_csum_start_i   (a_info.csum_start),
    .a_csum_offset_i  (a_info.csum_offset),
    .a_stale_i        (a_stale),
    .a_rewind_o       (a_rewind),
    .a_free_o         (a_free),
    .a_word_valid_i   (a_word_valid),
    .a_word_ready_o   (a_word_ready),
    .a_word_i         (a_word),
    .b_valid_i        (b_valid),
    .b_len_i          (b_len),
    .b_rewind_o       (b_rewind),
    .b_free_o         (b_free),
    .b_word_valid_i   (b_word_valid),
    .b_word_ready_o   (b_word_ready),
    .b_word_i         (b_word),
    .c_room_i         (c_room),
    .c_word_valid_o   (c_word_valid),
    .c_commit_o       (c_commit),
    .d_room_i         (d_room),
    .d_word_valid_o   (d_word_valid),
    .d_commit_o       (d_commit),
    .word_o           (word),
    .len_o            (len),
    .tagged_o         (has_tag),
    .vdevs_o          (vdevs),
    .csum_ok_o        (csum_ok),
    .hash_o           (hash),
    .hold_o           (hold),
    .mac_look_o       (mac_look),
    .mac_o            (mac),
    .mac_vdevs_i      (mac_vdevs),
    .vlan_look_o      (vlan_look),
    .vlan_look_ready_i(vlan_look_ready),
    .vlan_o           (look_vlan),
    .vlan_rx_i        (look_rx),
    .vlan_tx_i        (look_tx),
    .learn_o          (learn),
    .learn_vdev_o     (learn_vdev),
    .learn_hash_o     (learn_hash),
    .learn_pair_o     (learn_pair),
    .drop_filter_o    (wire_rx_drop_filter_o),
    .switched_o,
    .rx_drop_vlan_o,
    .tx_drop_spoof_o,
    .tx_drop_vlan_o,
    .tx_drop_pair_o,
    .idle_o           (switch_idle)
  );

  // C: what goes to the wire.
  logic              c_valid, c_free, c_out_valid, c_out_ready, c_idle;
  logic [DATA_W-1:0] c_out_word;

  vqnic_frame_fifo #(
    .DATA_W(DATA_W),
    .WORDS (BufferWords),
    .ROOM  (FrameWords),
    .FRAMES(Frames),
    .INFO_W(16)
  ) u_c (
    .clk_i,
    .rst_ni,
    .room_o        (c_room),
    .word_valid_i  (c_word_valid),
    .word_i        (word),
    .commit_i      (c_commit),
    .info_i        (len),
    .drop_i        (1'b0),
    .frame_valid_o (c_valid),
    .frame_info_o  (wire_tx_len_o),
    .frame_rewind_i(1'b0),
    .frame_free_i  (c_free),
    .word_valid_o  (c_out_valid),
    .word_ready_i  (c_out_ready),
    .word_o        (c_out_word),
    .idle_o        (c_idle)
  );

  vqnic_wire_tx #(
    .DATA_W(DATA_W)
  ) u_wire_tx (
    .clk_i,
    .rst_ni,
    .frame_valid_i(c_valid),
    .frame_len_i  (wire_tx_len_o),
    .frame_free_o (c_free),
    .word_valid_i (c_out_valid),
    .word_ready_o (c_out_ready),
    .word_i       (c_out_word),
    .m_axis_tx_tdata_o,
    .m_axis_tx_tkeep_o,
    .m_axis_tx_tlast_o,
    .m_axis_tx_tvalid_o,
    .m_axis_tx_tready_i,
    .frame_o      (wire_tx_frame_o)
  );

  // D: what goes to vdevs.
  logic d_idle;

  vqnic_frame_fifo #(
    .DATA_W(DATA_W),
    .WORDS (BufferWords),
    .ROOM  (FrameWords),
    .FRAMES(Frames),
    .INFO_W(16 + 1 + VDEVS + 1 + 32)
  ) u_d (
    .clk_i,
    .rst_ni,
    .room_o        (d_room),
    .word_valid_i  (d_word_valid),
    .word_i        (word),
    .commit_i      (d_commit),
    .info_i        ({len, has_tag, vdevs, csum_ok, hash}),
    .drop_i        (1'b0),
    .frame_valid_o (rx_valid_o),
    .frame_info_o  ({rx_len_o, rx_tagged_o, rx_vdevs_o, rx_csum_ok_o, rx_hash}),
    .frame_rewind_i(rx_rewind_i),
    .frame_free_i  (rx_free_i),
    .word_valid_o  (rx_word_valid_o),
    .word_ready_i  (rx_word_ready_i),
    .word_o        (rx_word_o),
    .idle_o        (d_idle)
  );

  assign quiet_o = a_idle && wire_rx_idle && b_idle && switch_idle && c_idle && d_idle;
  assign idle_o  = quiet_o && regs_idle;

endmodule
