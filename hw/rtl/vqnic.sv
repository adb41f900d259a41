// SPDX-License-Identifier: Apache-2.0
//
// vqnic: virtio-net queues in hardware. A vendor's PCIe block bridges to these edges:
//
//   s_axil  BAR0, the registers (docs/registers.md)
//   db      BAR2, the doorbells: writes only
//   m_axi   DMA; bursts never cross 4 KiB, bytes that are not meant are never written. A write
//           response means that the write was accepted in order by the link
//   msix    MSI-X messages to be sent, each after the write responses of what it tells of
//   m_axis_tx, s_axis_rx  the wire: frames without FCS, lanes used without gaps from lane 0
//
// idle_o is high when nothing is pending or in flight: the clock may then stand until an input
// changes.

module vqnic #(
  parameter int unsigned DATA_W   = 512,  // of the DMA and the wire, bits: 64, 128, 256 or 512
  parameter int unsigned ID_W     = 8,    // of the AXI IDs, bits
  parameter int unsigned CLOCK_HZ = vqnic_regs_pkg::CLOCK_HZ_REFERENCE
) (
  input  logic                clk_i,
  input  logic                rst_ni,

  input  logic [17:0]         s_axil_awaddr_i,
  input  logic [2:0]          s_axil_awprot_i,
  input  logic                s_axil_awvalid_i,
  output logic                s_axil_awready_o,
  input  logic [31:0]         s_axil_wdata_i,
  input  logic [3:0]          s_axil_wstrb_i,
  input  logic                s_axil_wvalid_i,
  output logic                s_axil_wready_o,
  output logic [1:0]          s_axil_bresp_o,
  output logic                s_axil_bvalid_o,
  input  logic                s_axil_bready_i,
  input  logic [17:0]         s_axil_araddr_i,
  input  logic [2:0]          s_axil_arprot_i,
  input  logic                s_axil_arvalid_i,
  output logic                s_axil_arready_o,
  output logic [31:0]         s_axil_rdata_o,
  output logic [1:0]          s_axil_rresp_o,
  output logic                s_axil_rvalid_o,
  input  logic                s_axil_rready_i,

  input  logic                db_valid_i,
  output logic                db_ready_o,
  input  logic [19:0]         db_addr_i,
  input  logic [31:0]         db_data_i,

  output logic [ID_W-1:0]     m_axi_awid_o,
  output logic [63:0]         m_axi_awaddr_o,
  output logic [7:0]          m_axi_awlen_o,
  output logic [2:0]          m_axi_awsize_o,
  output logic [1:0]          m_axi_awburst_o,
  output logic                m_axi_awvalid_o,
  input  logic                m_axi_awready_i,
  output logic [DATA_W-1:0]   m_axi_wdata_o,
  output logic [DATA_W/8-1:0] m_axi_wstrb_o,
  output logic                m_axi_wlast_o,
  output logic                m_axi_wvalid_o,
  input  logic                m_axi_wready_i,
  input  logic [ID_W-1:0]     m_axi_bid_i,
  input  logic [1:0]          m_axi_bresp_i,
  input  logic                m_axi_bvalid_i,
  output logic                m_axi_bready_o,
  output logic [ID_W-1:0]     m_axi_arid_o,
  output logic [63:0]         m_axi_araddr_o,
  output logic [7:0]          m_axi_arlen_o,
  output logic [2:0]          m_axi_arsize_o,
  output logic [1:0]          m_axi_arburst_o,
  output logic                m_axi_arvalid_o,
  input  logic                m_axi_arready_i,
  input  logic [ID_W-1:0]     m_axi_rid_i,
  input  logic [DATA_W-1:0]   m_axi_rdata_i,
  input  logic [1:0]          m_axi_rresp_i,
  input  logic                m_axi_rlast_i,
  input  logic                m_axi_rvalid_i,
  output logic                m_axi_rready_o,

  output logic [DATA_W-1:0]   m_axis_tx_tdata_o,
  output logic [DATA_W/8-1:0] m_axis_tx_tkeep_o,
  output logic                m_axis_tx_tlast_o,
  output logic                m_axis_tx_tvalid_o,
  input  logic                m_axis_tx_tready_i,

  input  logic [DATA_W-1:0]   s_axis_rx_tdata_i,
  input  logic [DATA_W/8-1:0] s_axis_rx_tkeep_i,
  input  logic                s_axis_rx_tlast_i,
  input  logic                s_axis_rx_tuser_i,  // with tlast: a bad frame
  input  logic                s_axis_rx_tvalid_i,
  output logic                s_axis_rx_tready_o,

  output logic                msix_valid_o,
  input  logic                msix_ready_i,
  output logic [10:0]         msix_vector_o,

  input  logic                link_up_i,
  output logic                idle_o
);

  localparam int unsigned LaneCount   = DATA_W / 8;
  localparam int unsigned LaneW       = $clog2(LaneCount);
  localparam int unsigned VDEVS       = vqnic_regs_pkg::VDEVS;
  localparam int unsigned VdevW       = vqnic_pkg::VDEV_W;
  localparam int unsigned QueueW      = vqnic_pkg::QUEUE_W;
  localparam int unsigned PairW       = $clog2(vqnic_regs_pkg::PAIRS);
  localparam int unsigned SlotW       = $clog2(vqnic_regs_pkg::VDEV_PAIRS_LIMIT);
  localparam int unsigned WindowsW    = $clog2(vqnic_regs_pkg::VDEV_WINDOW_STRIDE * VDEVS);

  // Clients of the DMA.
  localparam int unsigned Clients = 3;
  localparam int unsigned Tx = 0;
  localparam int unsigned Rx = 1;
  localparam int unsigned Ctrl = 2;

  // Software's reset: no queue starts anything new and no new frame is let in; when all is quiet,
  // everything but the register port and this is reset for a cycle.
  logic reset_ask, reset_q, quiet, core_rst_n;
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) reset_q <= 1'b0;
    else         reset_q <= reset_ask && quiet && !reset_q;
  end
  assign core_rst_n = rst_ni && !reset_q;

  // Registers.
  logic        reg_req, reg_we, reg_ready, reg_latched, axil_idle;
  logic [17:0] reg_addr;
  logic [31:0] reg_wdata;
  logic [3:0]  reg_wstrb;
  logic [63:0] reg_rdata;

  vqnic_axil u_axil (
    .clk_i,
    .rst_ni,
    .s_axil_awaddr_i,
    .s_axil_awvalid_i,
    .s_axil_awready_o,
    .s_axil_wdata_i,
    .s_axil_wstrb_i,
    .s_axil_wvalid_i,
    .s_axil_wready_o,
    .s_axil_bresp_o,
    .s_axil_bvalid_o,
    .s_axil_bready_i,
    .s_axil_araddr_i,
    .s_axil_arvalid_i,
    .s_axil_arready_o,
    .s_axil_rdata_o,
    .s_axil_rresp_o,
    .s_axil_rvalid_o,
    .s_axil_rready_i,
    .req_o    (reg_req),
    .we_o     (reg_we),
    .addr_o   (reg_addr),
    .wdata_o  (reg_wdata),
    .wstrb_o  (reg_wstrb),
    .ready_i  (reg_ready),
    .rdata_i  (reg_rdata),
    .latched_i(reg_latched),
    .idle_o   (axil_idle)
  );

  localparam logic [17-WindowsW:0] Windows =
      (18 - WindowsW)'(vqnic_regs_pkg::VDEV_WINDOW_OFFSET >> WindowsW);

  localparam int unsigned AsBankW = $clog2(vqnic_regs_pkg::AS_BANK_STRIDE *
                                           vqnic_regs_pkg::ADDRESS_SPACE_COUNT);
  localparam logic [17-AsBankW:0] AsBanks =
      (18 - AsBankW)'(vqnic_regs_pkg::AS_BANK_OFFSET >> AsBankW);

  localparam logic [5:0] FilterBanks = 6'(vqnic_regs_pkg::FILTER_BANK_OFFSET >> 12);

  localparam int unsigned VdevBank   = 0;
  localparam int unsigned CardBank   = 1;
  localparam int unsigned AsBank     = 2;
  localparam int unsigned FilterBank = 3;
  localparam int unsigned Banks      = 4;

  logic [Banks-1:0]       bank_hit, bank_ready, bank_latched, bank_idle;
  logic [Banks-1:0][63:0] bank_rdata;
  always_comb begin
    reg_rdata   = '0;
    reg_latched = 1'b0;
    reg_ready   = (bank_hit & ~bank_ready) == '0;
    for (int unsigned i = 0; i < Banks; i++) begin
      if (bank_hit[i]) begin
        reg_rdata   = bank_rdata[i];
        reg_latched = bank_latched[i];
      end
    end
  end

  // What the vdevs are like.
  logic [VDEVS-1:0]          enable, commands, fault;
  logic [VDEVS-1:0][SlotW:0] current_pairs;
  logic [VDEVS-1:0][8:0]     rx_mode;
  logic [VDEVS-1:0][31:0]    policy;

  // What happens to frames in the switch.
  logic [VDEVS-1:0] switch_tx_drop_spoof, switch_tx_drop_vlan, switch_rx_drop_vlan;
  logic [SlotW-1:0] switch_tx_drop_slot;
  logic             switched, clearing;

  // Interrupts.
  logic                                   rx_irq, tx_irq, ctrl_irq, card_irq, msix_idle;
  logic [PairW-1:0]                       rx_irq_pair, tx_irq_pair;
  logic [VdevW-1:0]                       ctrl_irq_vdev, irq_vdev, irq_config_vdev;
  logic [VDEVS-1:0]                       config_irq, ctrl_irq_pending, config_irq_pending;
  logic [vqnic_regs_pkg::PAIRS-1:0]       rx_irq_pending, tx_irq_pending;
  logic [QueueW-1:0]                      irq_queue;
  logic [15:0]                            irq_vector, config_vector, card_vector;
  logic                                   irq_event_valid, irq_event_ready;
  logic [vqnic_pkg::EVENT_W-1:0]          irq_event;

  logic        wire_rx_frame, wire_rx_drop_error, wire_rx_drop_filter, wire_tx_frame;
  logic [31:0] wire_rx_len;
  logic [15:0] wire_tx_len;

  assign bank_hit[CardBank]   = reg_addr[17:12] == '0;
  assign bank_ready[CardBank] = 1'b1;
  vqnic_card_regs #(
    .DATA_W  (DATA_W),
    .VDEVS   (VDEVS),
    .CLOCK_HZ(CLOCK_HZ)
  ) u_card_regs (
    .clk_i,
    .rst_ni               (core_rst_n),
    .req_i                (reg_req && bank_hit[CardBank]),
    .we_i                 (reg_we),
    .addr_i               (reg_addr[11:0]),
    .wdata_i              (reg_wdata),
    .wstrb_i              (reg_wstrb),
    .rdata_o              (bank_rdata[CardBank]),
    .latched_o            (bank_latched[CardBank]),
    .link_i               (link_up_i),
    .fault_i              (fault != '0),
    .commands_i           (commands),
    .reset_o              (reset_ask),
    .clearing_i           (clearing),
    .event_irq_o          (card_irq),
    .event_vector_o       (card_vector),
    .wire_rx_frame_i      (wire_rx_frame),
    .wire_rx_len_i        (wire_rx_len),
    .wire_rx_drop_error_i (wire_rx_drop_error),
    .wire_rx_drop_filter_i(wire_rx_drop_filter),
    .switched_i           (switched),
    .wire_tx_frame_i      (wire_tx_frame),
    .wire_tx_len_i        ({16'd0, wire_tx_len}),
    .idle_o               (bank_idle[CardBank])
  );

  localparam int unsigned AsidW = $clog2(vqnic_regs_pkg::ADDRESS_SPACE_COUNT);

  logic [AsidW-1:0]                               root_asid, invalidate_asid;
  logic                                           root_valid, invalidate;
  logic [vqnic_pkg::FRAME_W-1:0]                  root;
  logic [vqnic_regs_pkg::ADDRESS_SPACE_COUNT-1:0] invalidating;

  logic [vqnic_regs_pkg::ADDRESS_SPACE_COUNT-1:0] logging;
  logic [AsidW-1:0]                               log_asid, log_forget_asid;
  logic [60:0]                                    log_base;
  logic [31:0]                                    log_pages;
  logic                                           log_forget;

  assign bank_hit[AsBank]     = reg_addr[17:AsBankW] == AsBanks;
  assign bank_ready[AsBank]   = 1'b1;
  assign bank_latched[AsBank] = 1'b0;
  vqnic_as_regs u_as_regs (
    .clk_i,
    .rst_ni           (core_rst_n),
    .req_i            (reg_req && bank_hit[AsBank]),
    .we_i             (reg_we),
    .addr_i           (reg_addr[AsBankW-1:0]),
    .wdata_i          (reg_wdata),
    .wstrb_i          (reg_wstrb),
    .rdata_o          (bank_rdata[AsBank]),
    .root_asid_i      (root_asid),
    .root_valid_o     (root_valid),
    .root_o           (root),
    .invalidate_o     (invalidate),
    .invalidate_asid_o(invalidate_asid),
    .invalidating_i   (invalidating),
    .logging_o        (logging),
    .log_asid_i       (log_asid),
    .log_o            (log_base),
    .log_pages_o      (log_pages),
    .forget_o         (log_forget),
    .forget_asid_o    (log_forget_asid)
  );

  // Vdevs and queues. The doorbell of a receive queue says nothing that the receive engine does not
  // find out by itself.
  logic              queue_req, queue_we, queue_counter, vdev_counter, queue_exists, queue_ctrl;
  logic              queue_tx, queue_runs, queue_ready;
  logic [SlotW-1:0]  queue_slot;
  logic [63:0]       queue_rdata;
  logic              pair_we, pair_take, pair_ready, pair_valid;
  logic [PairW-1:0]  pair_wanted, pair_now;
  logic [VdevW-1:0]  op_vdev, ask_vdev, look_vdev;
  logic              op_start, op_stop, op_clear, ask_busy, look_ctrl;
  logic [15:0]       look_asid, look_mtu;
  logic [63:0]       look_features;
  logic [VDEVS-1:0]  ctrl_reset, ctrl_kick;

  // Control engine.
  logic              command_post, command_cut, command_done, command_pending, command_answered;
  logic [VdevW-1:0]  command_vdev;
  logic [15:0]       command_len;
  logic [7:0]        command_ack;
  logic [63:0]       command_mailbox;
  logic              ctrl_work_valid, ctrl_work_take, ctrl_rel_valid;
  logic [vqnic_pkg::VQ_CTX_W-1:0] ctrl_ctx;
  logic [vqnic_pkg::VQ_REL_W-1:0] ctrl_rel;

  assign bank_hit[VdevBank] = reg_addr[17:WindowsW] == Windows;
  vqnic_vdev_regs u_vdev_regs (
    .clk_i,
    .rst_ni            (core_rst_n),
    .req_i             (reg_req && bank_hit[VdevBank]),
    .we_i              (reg_we),
    .vdev_i            (reg_addr[WindowsW-1-:VdevW]),
    .addr_i            (reg_addr[11:0]),
    .wdata_i           (reg_wdata),
    .wstrb_i           (reg_wstrb),
    .ready_o           (bank_ready[VdevBank]),
    .rdata_o           (bank_rdata[VdevBank]),
    .latched_o         (bank_latched[VdevBank]),
    .link_i            (link_up_i),
    .queue_req_o       (queue_req),
    .queue_we_o        (queue_we),
    .queue_counter_o   (queue_counter),
    .vdev_counter_o    (vdev_counter),
    .queue_exists_o    (queue_exists),
    .queue_ctrl_o      (queue_ctrl),
    .queue_tx_o        (queue_tx),
    .queue_slot_o      (queue_slot),
    .queue_runs_o      (queue_runs),
    .queue_ready_i     (queue_ready),
    .queue_rdata_i     (queue_rdata),
    .pair_we_o         (pair_we),
    .pair_valid_o      (pair_take),
    .pair_o            (pair_wanted),
    .pair_ready_i      (pair_ready),
    .pair_valid_i      (pair_valid),
    .pair_i            (pair_now),
    .op_vdev_o         (op_vdev),
    .op_start_o        (op_start),
    .op_stop_o         (op_stop),
    .op_clear_o        (op_clear),
    .ask_vdev_o        (ask_vdev),
    .ask_busy_i        (ask_busy),
    .fault_i           (fault),
    .ctrl_reset_i      (ctrl_reset),
    .look_vdev_i       (look_vdev),
    .look_ctrl_i       (look_ctrl),
    .look_asid_o       (look_asid),
    .look_mtu_o        (look_mtu),
    .look_features_o   (look_features),
    .config_irq_o      (config_irq),
    .config_pending_i  (config_irq_pending),
    .vector_vdev_i     (irq_config_vdev),
    .vector_o          (config_vector),
    .enable_o          (enable),
    .rx_mode_o         (rx_mode),
    .policy_o          (policy),
    .pairs_o           (current_pairs),
    .command_vdev_i    (command_vdev),
    .command_post_i    (command_post),
    .command_len_i     (command_len),
    .command_cut_i     (command_cut),
    .command_done_i    (command_done),
    .command_pending_o (command_pending),
    .command_answered_o(command_answered),
    .command_ack_o     (command_ack),
    .mailbox_o         (command_mailbox),
    .ctrl_kick_o       (ctrl_kick),
    .commands_o        (commands),
    .idle_o            (bank_idle[VdevBank])
  );

  logic              kick, doorbell_idle;
  logic [QueueW-1:0] kick_queue;
  vqnic_doorbell u_doorbell (
    .clk_i,
    .rst_ni      (core_rst_n),
    .db_valid_i,
    .db_ready_o,
    .db_addr_i,
    .kick_o      (kick),
    .kick_queue_o(kick_queue),
    .idle_o      (doorbell_idle)
  );

  logic                           tx_work_valid, tx_work_take, tx_rel_valid;
  logic                           rx_get_valid, rx_ctx_valid, rx_rel_valid, table_idle;
  logic [vqnic_pkg::VQ_CTX_W-1:0] tx_ctx, rx_ctx;
  logic [vqnic_pkg::VQ_REL_W-1:0] tx_rel, rx_rel;
  logic [VdevW-1:0]               rx_get_vdev;
  logic [SlotW-1:0]               rx_steer_pair;
  logic                           rx_steer_valid;

  logic [1:0]                         drop_event_valid, drop_event_ready;
  logic [1:0][vqnic_pkg::EVENT_W-1:0] drop_event;
  logic [VdevW-1:0]                   drop_vdev;
  logic [SlotW-1:0]                   drop_slot;
  logic                               drop_pair_valid, drops_idle;
  logic [PairW-1:0]                   drop_pair;
  vqnic_drops u_drops (
    .clk_i,
    .rst_ni       (core_rst_n),
    .rx_vlan_i    (switch_rx_drop_vlan),
    .tx_spoof_i   (switch_tx_drop_spoof),
    .tx_vlan_i    (switch_tx_drop_vlan),
    .tx_slot_i    (switch_tx_drop_slot),
    .look_vdev_o  (drop_vdev),
    .look_slot_o  (drop_slot),
    .look_valid_i (drop_pair_valid),
    .look_pair_i  (drop_pair),
    .event_valid_o(drop_event_valid),
    .event_ready_i(drop_event_ready),
    .event_o      (drop_event),
    .idle_o       (drops_idle)
  );

  vqnic_vq_table #(
    .EVENTS(3)
  ) u_vq_table (
    .clk_i,
    .rst_ni            (core_rst_n),
    .stop_i            (reset_ask),
    .kick_i            (kick),
    .kick_queue_i      (kick_queue),
    .ctrl_kick_i       (ctrl_kick),
    .reg_req_i         (queue_req),
    .reg_we_i          (queue_we),
    .reg_counter_i     (queue_counter),
    .reg_vdev_counter_i(vdev_counter),
    .reg_vdev_i        (reg_addr[WindowsW-1-:VdevW]),
    .reg_exists_i      (queue_exists),
    .reg_ctrl_i        (queue_ctrl),
    .reg_tx_i          (queue_tx),
    .reg_slot_i        (queue_slot),
    .reg_runs_i        (queue_runs),
    .reg_addr_i        (reg_addr[11:0]),
    .reg_wdata_i       (reg_wdata),
    .reg_wstrb_i       (reg_wstrb),
    .reg_ready_o       (queue_ready),
    .reg_rdata_o       (queue_rdata),
    .pair_we_i         (pair_we),
    .pair_valid_i      (pair_take),
    .pair_i            (pair_wanted),
    .pair_ready_o      (pair_ready),
    .pair_valid_o      (pair_valid),
    .pair_o            (pair_now),
    .op_vdev_i         (op_vdev),
    .op_start_i        (op_start),
    .op_stop_i         (op_stop),
    .op_clear_i        (op_clear),
    .ask_vdev_i        (ask_vdev),
    .ask_busy_o        (ask_busy),
    .ctrl_reset_o      (ctrl_reset),
    .look_vdev_o       (look_vdev),
    .look_ctrl_o       (look_ctrl),
    .look_asid_i       (look_asid),
    .look_mtu_i        (look_mtu),
    .look_features_i   (look_features),
    .rx_irq_o          (rx_irq),
    .rx_irq_pair_o     (rx_irq_pair),
    .tx_irq_o          (tx_irq),
    .tx_irq_pair_o     (tx_irq_pair),
    .ctrl_irq_o        (ctrl_irq),
    .ctrl_irq_vdev_o   (ctrl_irq_vdev),
    .rx_irq_pending_i  (rx_irq_pending),
    .tx_irq_pending_i  (tx_irq_pending),
    .ctrl_irq_pending_i(ctrl_irq_pending),
    .irq_queue_i       (irq_queue),
    .irq_vector_o      (irq_vector),
    .irq_vdev_o        (irq_vdev),
    .fault_o           (fault),
    .event_valid_i     ({drop_event_valid, irq_event_valid}),
    .event_ready_o     ({drop_event_ready, irq_event_ready}),
    .event_i           ({drop_event, irq_event}),
    .look_slot_vdev_i  (drop_vdev),
    .look_slot_i       (drop_slot),
    .look_pair_valid_o (drop_pair_valid),
    .look_pair_o       (drop_pair),
    .tx_work_valid_o   (tx_work_valid),
    .tx_work_take_i    (tx_work_take),
    .tx_ctx_o          (tx_ctx),
    .tx_rel_valid_i    (tx_rel_valid),
    .tx_rel_i          (tx_rel),
    .rx_get_valid_i    (rx_steer_valid),
    .rx_get_vdev_i     (rx_get_vdev),
    .rx_get_pair_i     (rx_steer_pair),
    .rx_ctx_valid_o    (rx_ctx_valid),
    .rx_ctx_o          (rx_ctx),
    .rx_rel_valid_i    (rx_rel_valid),
    .rx_rel_i          (rx_rel),
    .ctrl_work_valid_o (ctrl_work_valid),
    .ctrl_work_take_i  (ctrl_work_take),
    .ctrl_ctx_o        (ctrl_ctx),
    .ctrl_rel_valid_i  (ctrl_rel_valid),
    .ctrl_rel_i        (ctrl_rel),
    .idle_o            (table_idle)
  );

  vqnic_msix u_msix (
    .clk_i,
    .rst_ni          (core_rst_n),
    .rx_irq_i        (rx_irq),
    .rx_pair_i       (rx_irq_pair),
    .tx_irq_i        (tx_irq),
    .tx_pair_i       (tx_irq_pair),
    .ctrl_irq_i      (ctrl_irq),
    .ctrl_vdev_i     (ctrl_irq_vdev),
    .config_irq_i    (config_irq),
    .card_irq_i      (card_irq),
    .rx_pending_o    (rx_irq_pending),
    .tx_pending_o    (tx_irq_pending),
    .ctrl_pending_o  (ctrl_irq_pending),
    .config_pending_o(config_irq_pending),
    .queue_o         (irq_queue),
    .config_vdev_o   (irq_config_vdev),
    .queue_vector_i  (irq_vector),
    .queue_vdev_i    (irq_vdev),
    .config_vector_i (config_vector),
    .card_vector_i   (card_vector),
    .count_valid_o   (irq_event_valid),
    .count_ready_i   (irq_event_ready),
    .count_o         (irq_event),
    .msix_valid_o,
    .msix_ready_i,
    .msix_vector_o,
    .idle_o          (msix_idle)
  );

  // DMA: a reader and a writer for each engine, with addresses of an address space.
  logic [Clients-1:0]                rd_valid, rd_ready, rd_beat_valid, rd_done;
  logic [Clients-1:0]                rd_error, wr_valid, wr_ready, wr_beat_want, wr_beat_valid;
  logic [Clients-1:0]                wr_beat_ready, wr_done, wr_error;
  logic [Clients-1:0][AsidW-1:0]     asid;
  logic [Clients-1:0][63:0]          rd_addr, rd_error_info, wr_addr, wr_error_info;
  logic [Clients-1:0][7:0]           rd_error_code, wr_error_code;
  logic [Clients-1:0][15:0]          rd_len, wr_len;
  logic [Clients-1:0][DATA_W-1:0]    rd_beat_data, wr_beat_data;
  logic [Clients-1:0][LaneW-1:0]     rd_beat_lane, wr_beat_lane;
  logic [Clients-1:0][LaneW:0]       rd_beat_bytes, wr_beat_bytes;

  logic [Clients-1:0]                rd_busy, ar_valid, ar_ready, ar_refused, r_valid;
  logic [Clients-1:0]                wr_busy, aw_valid, aw_ready, aw_refused, b_valid;
  logic [Clients-1:0]                w_valid, w_ready, w_last;
  logic [Clients-1:0][AsidW-1:0]     ar_asid, aw_asid;
  logic [Clients-1:0][63:0]          ar_addr, aw_addr;
  logic [Clients-1:0][7:0]           ar_len, aw_len;
  logic [Clients-1:0][DATA_W-1:0]    w_data;
  logic [Clients-1:0][LaneCount-1:0] w_strb;
  logic [DATA_W-1:0]                 r_data;
  logic                              r_error, b_error;
  logic [7:0]                        refuse_code;
  logic [63:0]                       refuse_info;
  logic [Clients-1:0]                log_valid, log_ready, log_done;
  logic [Clients-1:0][51:0]          log_page;
  logic                              log_error;
  logic [63:0]                       log_error_info;

  for (genvar i = 0; i < Clients; i++) begin : gen_dma
    vqnic_dma_rd #(
      .DATA_W(DATA_W)
    ) u_dma_rd (
      .clk_i,
      .rst_ni       (core_rst_n),
      .req_valid_i  (rd_valid[i]),
      .req_ready_o  (rd_ready[i]),
      .req_asid_i   (asid[i]),
      .req_addr_i   (rd_addr[i]),
      .req_len_i    (rd_len[i]),
      .busy_o       (rd_busy[i]),
      .beat_valid_o (rd_beat_valid[i]),
      .beat_data_o  (rd_beat_data[i]),
      .beat_lane_o  (rd_beat_lane[i]),
      .beat_bytes_o (rd_beat_bytes[i]),
      .done_o       (rd_done[i]),
      .error_o      (rd_error[i]),
      .error_code_o (rd_error_code[i]),
      .error_info_o (rd_error_info[i]),
      .ar_valid_o   (ar_valid[i]),
      .ar_ready_i   (ar_ready[i]),
      .ar_refused_i (ar_refused[i]),
      .refuse_code_i(refuse_code),
      .refuse_info_i(refuse_info),
      .ar_asid_o    (ar_asid[i]),
      .ar_addr_o    (ar_addr[i]),
      .ar_len_o     (ar_len[i]),
      .r_valid_i    (r_valid[i]),
      .r_data_i     (r_data),
      .r_error_i    (r_error)
    );

    vqnic_dma_wr #(
      .DATA_W(DATA_W)
    ) u_dma_wr (
      .clk_i,
      .rst_ni          (core_rst_n),
      .req_valid_i     (wr_valid[i]),
      .req_ready_o     (wr_ready[i]),
      .req_asid_i      (asid[i]),
      .req_addr_i      (wr_addr[i]),
      .req_len_i       (wr_len[i]),
      .busy_o          (wr_busy[i]),
      .beat_want_o     (wr_beat_want[i]),
      .beat_lane_o     (wr_beat_lane[i]),
      .beat_bytes_o    (wr_beat_bytes[i]),
      .beat_valid_i    (wr_beat_valid[i]),
      .beat_ready_o    (wr_beat_ready[i]),
      .beat_data_i     (wr_beat_data[i]),
      .done_o          (wr_done[i]),
      .error_o         (wr_error[i]),
      .error_code_o    (wr_error_code[i]),
      .error_info_o    (wr_error_info[i]),
      .aw_valid_o      (aw_valid[i]),
      .aw_ready_i      (aw_ready[i]),
      .aw_refused_i    (aw_refused[i]),
      .refuse_code_i   (refuse_code),
      .refuse_info_i   (refuse_info),
      .aw_asid_o       (aw_asid[i]),
      .aw_addr_o       (aw_addr[i]),
      .aw_len_o        (aw_len[i]),
      .w_valid_o       (w_valid[i]),
      .w_ready_i       (w_ready[i]),
      .w_data_o        (w_data[i]),
      .w_strb_o        (w_strb[i]),
      .w_last_o        (w_last[i]),
      .b_valid_i       (b_valid[i]),
      .b_error_i       (b_error),
      .logging_i       (logging[aw_asid[i]]),
      .log_valid_o     (log_valid[i]),
      .log_page_o      (log_page[i]),
      .log_ready_i     (log_ready[i]),
      .log_done_i      (log_done[i]),
      .log_error_i     (log_error),
      .log_error_info_i(log_error_info)
    );
  end

  // The dirty logs are written by a writer of their own, with bus addresses.
  logic                 log_aw_valid, log_aw_ready, log_w_valid, log_w_ready, log_b_valid;
  logic [63:0]          log_aw_addr;
  logic [DATA_W-1:0]    log_w_data;
  logic [LaneCount-1:0] log_w_strb;

  vqnic_dirty_log #(
    .DATA_W(DATA_W),
    .N     (Clients)
  ) u_dirty_log (
    .clk_i,
    .rst_ni       (core_rst_n),
    .valid_i      (log_valid),
    .asid_i       (aw_asid),
    .page_i       (log_page),
    .ready_o      (log_ready),
    .done_o       (log_done),
    .error_o      (log_error),
    .error_info_o (log_error_info),
    .log_asid_o   (log_asid),
    .log_on_i     (logging[log_asid]),
    .log_i        (log_base),
    .log_pages_i  (log_pages),
    .forget_i     (log_forget),
    .forget_asid_i(log_forget_asid),
    .aw_valid_o   (log_aw_valid),
    .aw_ready_i   (log_aw_ready),
    .aw_addr_o    (log_aw_addr),
    .w_valid_o    (log_w_valid),
    .w_ready_i    (log_w_ready),
    .w_data_o     (log_w_data),
    .w_strb_o     (log_w_strb),
    .b_valid_i    (log_b_valid),
    .b_error_i    (b_error)
  );

  // Bus addresses. The page table walker is one more reader.
  logic [Clients-1:0]       bus_ar_valid, bus_ar_ready, bus_aw_valid, bus_aw_ready;
  logic [Clients-1:0][63:0] bus_ar_addr, bus_aw_addr;
  logic                     walk_ar_valid, walk_ar_ready, walk_r_valid;
  logic [63:0]              walk_ar_addr;

  vqnic_iommu #(
    .DATA_W(DATA_W),
    .N     (2 * Clients)
  ) u_iommu (
    .clk_i,
    .rst_ni           (core_rst_n),
    .busy_i           ({wr_busy, rd_busy}),
    .write_i          ({{Clients{1'b1}}, {Clients{1'b0}}}),
    .asid_i           ({aw_asid, ar_asid}),
    .valid_i          ({aw_valid, ar_valid}),
    .addr_i           ({aw_addr, ar_addr}),
    .ready_o          ({aw_ready, ar_ready}),
    .refused_o        ({aw_refused, ar_refused}),
    .refuse_code_o    (refuse_code),
    .refuse_info_o    (refuse_info),
    .valid_o          ({bus_aw_valid, bus_ar_valid}),
    .addr_o           ({bus_aw_addr, bus_ar_addr}),
    .ready_i          ({bus_aw_ready, bus_ar_ready}),
    .root_asid_o      (root_asid),
    .root_valid_i     (root_valid),
    .root_i           (root),
    .invalidate_i     (invalidate),
    .invalidate_asid_i(invalidate_asid),
    .invalidating_o   (invalidating),
    .ar_valid_o       (walk_ar_valid),
    .ar_ready_i       (walk_ar_ready),
    .ar_addr_o        (walk_ar_addr),
    .r_valid_i        (walk_r_valid),
    .r_data_i         (r_data),
    .r_error_i        (r_error),
    .idle_o           (bank_idle[AsBank])
  );

  localparam logic [2:0] BeatSize = 3'($clog2(LaneCount));
  localparam logic [2:0] EntrySize = 3'd3;

  vqnic_axi_mux #(
    .DATA_W (DATA_W),
    .ID_W   (ID_W),
    .READERS(Clients + 1),
    .WRITERS(Clients + 1)
  ) u_axi_mux (
    .clk_i,
    .rst_ni    (core_rst_n),
    .ar_valid_i({walk_ar_valid, bus_ar_valid}),
    .ar_ready_o({walk_ar_ready, bus_ar_ready}),
    .ar_addr_i ({walk_ar_addr, bus_ar_addr}),
    .ar_len_i  ({8'd0, ar_len}),
    .ar_size_i ({EntrySize, {Clients{BeatSize}}}),
    .r_valid_o ({walk_r_valid, r_valid}),
    .r_data_o  (r_data),
    .r_error_o (r_error),
    .aw_valid_i({log_aw_valid, bus_aw_valid}),
    .aw_ready_o({log_aw_ready, bus_aw_ready}),
    .aw_addr_i ({log_aw_addr, bus_aw_addr}),
    .aw_len_i  ({8'd0, aw_len}),
    .w_valid_i ({log_w_valid, w_valid}),
    .w_ready_o ({log_w_ready, w_ready}),
    .w_data_i  ({log_w_data, w_data}),
    .w_strb_i  ({log_w_strb, w_strb}),
    .w_last_i  ({1'b1, w_last}),
    .b_valid_o ({log_b_valid, b_valid}),
    .b_error_o (b_error),
    .m_axi_awid_o,
    .m_axi_awaddr_o,
    .m_axi_awlen_o,
    .m_axi_awsize_o,
    .m_axi_awburst_o,
    .m_axi_awvalid_o,
    .m_axi_awready_i,
    .m_axi_wdata_o,
    .m_axi_wstrb_o,
    .m_axi_wlast_o,
    .m_axi_wvalid_o,
    .m_axi_wready_i,
    .m_axi_bid_i,
    .m_axi_bresp_i,
    .m_axi_bvalid_i,
    .m_axi_bready_o,
    .m_axi_arid_o,
    .m_axi_araddr_o,
    .m_axi_arlen_o,
    .m_axi_arsize_o,
    .m_axi_arburst_o,
    .m_axi_arvalid_o,
    .m_axi_arready_i,
    .m_axi_rid_i,
    .m_axi_rdata_i,
    .m_axi_rresp_i,
    .m_axi_rvalid_i,
    .m_axi_rready_o
  );

  // Transmit engine.
  logic              tx_room, tx_word_valid, tx_commit, tx_drop, tx_engine_idle;
  logic [DATA_W-1:0] tx_word;
  logic [vqnic_pkg::TX_INFO_W-1:0] tx_info;

  vqnic_tx_engine #(
    .DATA_W(DATA_W)
  ) u_tx_engine (
    .clk_i,
    .rst_ni         (core_rst_n),
    .work_valid_i   (tx_work_valid),
    .work_take_o    (tx_work_take),
    .ctx_i          (tx_ctx),
    .rel_valid_o    (tx_rel_valid),
    .rel_o          (tx_rel),
    .asid_o         (asid[Tx]),
    .rd_valid_o     (rd_valid[Tx]),
    .rd_ready_i     (rd_ready[Tx]),
    .rd_addr_o      (rd_addr[Tx]),
    .rd_len_o       (rd_len[Tx]),
    .rd_beat_valid_i(rd_beat_valid[Tx]),
    .rd_beat_data_i (rd_beat_data[Tx]),
    .rd_beat_lane_i (rd_beat_lane[Tx]),
    .rd_beat_bytes_i(rd_beat_bytes[Tx]),
    .rd_done_i      (rd_done[Tx]),
    .rd_error_i     (rd_error[Tx]),
    .rd_error_code_i(rd_error_code[Tx]),
    .rd_error_info_i(rd_error_info[Tx]),
    .wr_valid_o     (wr_valid[Tx]),
    .wr_ready_i     (wr_ready[Tx]),
    .wr_addr_o      (wr_addr[Tx]),
    .wr_len_o       (wr_len[Tx]),
    .wr_beat_valid_o(wr_beat_valid[Tx]),
    .wr_beat_data_o (wr_beat_data[Tx]),
    .wr_done_i      (wr_done[Tx]),
    .wr_error_i     (wr_error[Tx]),
    .wr_error_code_i(wr_error_code[Tx]),
    .wr_error_info_i(wr_error_info[Tx]),
    .room_i         (tx_room),
    .word_valid_o   (tx_word_valid),
    .word_o         (tx_word),
    .commit_o       (tx_commit),
    .commit_info_o  (tx_info),
    .drop_o         (tx_drop),
    .idle_o         (tx_engine_idle)
  );

  // Switch and wire.
  logic              rx_engine_idle, net_quiet;
  logic              rx_frame_valid, rx_frame_rewind, rx_frame_free, rx_tagged;
  logic              rx_out_valid, rx_out_ready;
  logic [DATA_W-1:0] rx_out_word;
  logic [15:0]       rx_len;
  logic [VDEVS-1:0]  rx_vdevs;
  logic              rx_csum_ok;

  assign bank_hit[FilterBank]     = reg_addr[17:12] == FilterBanks;
  assign bank_ready[FilterBank]   = 1'b1;
  assign bank_latched[FilterBank] = 1'b0;
  vqnic_net #(
    .DATA_W(DATA_W),
    .VDEVS (VDEVS)
  ) u_net (
    .clk_i,
    .rst_ni               (core_rst_n),
    .stop_i               (reset_ask),
    .req_i                (reg_req && bank_hit[FilterBank]),
    .we_i                 (reg_we),
    .addr_i               (reg_addr[11:0]),
    .wdata_i              (reg_wdata),
    .wstrb_i              (reg_wstrb),
    .rdata_o              (bank_rdata[FilterBank]),
    .clearing_o           (clearing),
    .enable_i             (enable),
    .rx_mode_i            (rx_mode),
    .policy_i             (policy),
    .tx_room_o            (tx_room),
    .tx_word_valid_i      (tx_word_valid),
    .tx_word_i            (tx_word),
    .tx_commit_i          (tx_commit),
    .tx_info_i            (tx_info),
    .tx_drop_i            (tx_drop),
    .rx_valid_o           (rx_frame_valid),
    .rx_len_o             (rx_len),
    .rx_tagged_o          (rx_tagged),
    .rx_vdevs_o           (rx_vdevs),
    .rx_csum_ok_o         (rx_csum_ok),
    .rx_rewind_i          (rx_frame_rewind),
    .rx_free_i            (rx_frame_free),
    .rx_word_valid_o      (rx_out_valid),
    .rx_word_ready_i      (rx_out_ready),
    .rx_word_o            (rx_out_word),
    .pairs_i              (current_pairs),
    .rx_get_valid_i       (rx_get_valid),
    .rx_get_vdev_i        (rx_get_vdev),
    .rx_get_valid_o       (rx_steer_valid),
    .rx_get_pair_o        (rx_steer_pair),
    .m_axis_tx_tdata_o,
    .m_axis_tx_tkeep_o,
    .m_axis_tx_tlast_o,
    .m_axis_tx_tvalid_o,
    .m_axis_tx_tready_i,
    .s_axis_rx_tdata_i,
    .s_axis_rx_tkeep_i,
    .s_axis_rx_tlast_i,
    .s_axis_rx_tuser_i,
    .s_axis_rx_tvalid_i,
    .s_axis_rx_tready_o,
    .wire_rx_frame_o      (wire_rx_frame),
    .wire_rx_len_o        (wire_rx_len),
    .wire_rx_drop_error_o (wire_rx_drop_error),
    .wire_rx_drop_filter_o(wire_rx_drop_filter),
    .wire_tx_frame_o      (wire_tx_frame),
    .wire_tx_len_o        (wire_tx_len),
    .switched_o           (switched),
    .rx_drop_vlan_o       (switch_rx_drop_vlan),
    .tx_drop_spoof_o      (switch_tx_drop_spoof),
    .tx_drop_vlan_o       (switch_tx_drop_vlan),
    .tx_drop_pair_o       (switch_tx_drop_slot),
    .quiet_o              (net_quiet),
    .idle_o               (bank_idle[FilterBank])
  );

  vqnic_rx_engine #(
    .DATA_W(DATA_W),
    .VDEVS (VDEVS)
  ) u_rx_engine (
    .clk_i,
    .rst_ni         (core_rst_n),
    .get_valid_o    (rx_get_valid),
    .get_vdev_o     (rx_get_vdev),
    .ctx_valid_i    (rx_ctx_valid),
    .ctx_i          (rx_ctx),
    .rel_valid_o    (rx_rel_valid),
    .rel_o          (rx_rel),
    .frame_valid_i  (rx_frame_valid),
    .frame_len_i    (rx_len),
    .frame_tagged_i (rx_tagged),
    .frame_vdevs_i  (rx_vdevs),
    .frame_csum_ok_i(rx_csum_ok),
    .frame_rewind_o (rx_frame_rewind),
    .frame_free_o   (rx_frame_free),
    .word_valid_i   (rx_out_valid),
    .word_ready_o   (rx_out_ready),
    .word_i         (rx_out_word),
    .asid_o         (asid[Rx]),
    .rd_valid_o     (rd_valid[Rx]),
    .rd_ready_i     (rd_ready[Rx]),
    .rd_addr_o      (rd_addr[Rx]),
    .rd_len_o       (rd_len[Rx]),
    .rd_beat_valid_i(rd_beat_valid[Rx]),
    .rd_beat_data_i (rd_beat_data[Rx]),
    .rd_done_i      (rd_done[Rx]),
    .rd_error_i     (rd_error[Rx]),
    .rd_error_code_i(rd_error_code[Rx]),
    .rd_error_info_i(rd_error_info[Rx]),
    .wr_valid_o     (wr_valid[Rx]),
    .wr_ready_i     (wr_ready[Rx]),
    .wr_addr_o      (wr_addr[Rx]),
    .wr_len_o       (wr_len[Rx]),
    .wr_beat_want_i (wr_beat_want[Rx]),
    .wr_beat_lane_i (wr_beat_lane[Rx]),
    .wr_beat_bytes_i(wr_beat_bytes[Rx]),
    .wr_beat_valid_o(wr_beat_valid[Rx]),
    .wr_beat_ready_i(wr_beat_ready[Rx]),
    .wr_beat_data_o (wr_beat_data[Rx]),
    .wr_done_i      (wr_done[Rx]),
    .wr_error_i     (wr_error[Rx]),
    .wr_error_code_i(wr_error_code[Rx]),
    .wr_error_info_i(wr_error_info[Rx]),
    .idle_o         (rx_engine_idle)
  );

  // Control queues: commands go to software and come back answered.
  logic ctrl_engine_idle;
  vqnic_ctrl_engine #(
    .DATA_W(DATA_W)
  ) u_ctrl_engine (
    .clk_i,
    .rst_ni            (core_rst_n),
    .work_valid_i      (ctrl_work_valid),
    .work_take_o       (ctrl_work_take),
    .ctx_i             (ctrl_ctx),
    .rel_valid_o       (ctrl_rel_valid),
    .rel_o             (ctrl_rel),
    .command_vdev_o    (command_vdev),
    .command_post_o    (command_post),
    .command_len_o     (command_len),
    .command_cut_o     (command_cut),
    .command_done_o    (command_done),
    .command_pending_i (command_pending),
    .command_answered_i(command_answered),
    .command_ack_i     (command_ack),
    .mailbox_i         (command_mailbox),
    .asid_o            (asid[Ctrl]),
    .rd_valid_o        (rd_valid[Ctrl]),
    .rd_ready_i        (rd_ready[Ctrl]),
    .rd_addr_o         (rd_addr[Ctrl]),
    .rd_len_o          (rd_len[Ctrl]),
    .rd_beat_valid_i   (rd_beat_valid[Ctrl]),
    .rd_beat_data_i    (rd_beat_data[Ctrl]),
    .rd_beat_lane_i    (rd_beat_lane[Ctrl]),
    .rd_beat_bytes_i   (rd_beat_bytes[Ctrl]),
    .rd_done_i         (rd_done[Ctrl]),
    .rd_error_i        (rd_error[Ctrl]),
    .rd_error_code_i   (rd_error_code[Ctrl]),
    .rd_error_info_i   (rd_error_info[Ctrl]),
    .wr_valid_o        (wr_valid[Ctrl]),
    .wr_ready_i        (wr_ready[Ctrl]),
    .wr_addr_o         (wr_addr[Ctrl]),
    .wr_len_o          (wr_len[Ctrl]),
    .wr_beat_valid_o   (wr_beat_valid[Ctrl]),
    .wr_beat_ready_i   (wr_beat_ready[Ctrl]),
    .wr_beat_data_o    (wr_beat_data[Ctrl]),
    .wr_done_i         (wr_done[Ctrl]),
    .wr_error_i        (wr_error[Ctrl]),
    .wr_error_code_i   (wr_error_code[Ctrl]),
    .wr_error_info_i   (wr_error_info[Ctrl]),
    .idle_o            (ctrl_engine_idle)
  );

  assign quiet  = table_idle && tx_engine_idle && net_quiet && rx_engine_idle && ctrl_engine_idle &&
                  msix_idle && drops_idle;
  assign idle_o = quiet && axil_idle && doorbell_idle && bank_idle == '1 && !reset_q;

endmodule
