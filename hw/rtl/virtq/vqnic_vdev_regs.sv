// SPDX-License-Identifier: Apache-2.0
//
// The register window of one vdev: the common configuration of virtio 1.2 section 4.1.4.3, the
// device configuration of section 5.1.4, and the registers of its owner.
//
// A reset (DEVICE_STATUS written 0, or VDEV_CONTROL.ENABLE cleared) stops the queues and takes
// effect when nothing is in flight; until then the guest's registers take no writes.

module vqnic_vdev_regs #(
  parameter int unsigned INDEX = 0,
  localparam int unsigned Vqs = vqnic_regs_pkg::VQS_PER_VDEV
) (
  input  logic        clk_i,
  input  logic        rst_ni,

  input  logic        req_i,
  input  logic        we_i,
  input  logic [11:0] addr_i,
  input  logic [31:0] wdata_i,
  input  logic [3:0]  wstrb_i,
  output logic [63:0] rdata_o,
  output logic        latched_o,

  input  logic        link_i,
  input  logic        stop_i,          // the card is about to be reset: no queue runs
  output logic        enable_o,
  output logic [15:0] mtu_o,
  output logic [8:0]  rx_mode_o,       // VDEV_RX_MODE
  output logic [31:0] policy_o,        // VDEV_POLICY

  output logic [Vqs-1:0][vqnic_pkg::VQ_CTX_W-1:0] ctx_o,
  input  logic [Vqs-1:0]       busy_i,
  input  logic [Vqs-1:0]       rel_valid_i,   // an engine is done with the queue
  input  logic [Vqs-1:0][vqnic_pkg::VQ_REL_W-1:0] rel_i,  // vq_rel_t each

  // Interrupts of the queues, then that of configuration changes.
  output logic [Vqs:0][15:0]   vector_o,
  input  logic [Vqs:0]         irq_pending_i,
  output logic                 config_irq_o,

  // One cycle for each frame or message.
  input  logic        rx_drop_vlan_i,
  input  logic        tx_drop_spoof_i,
  input  logic        tx_drop_vlan_i,
  input  logic        interrupt_i,

  output logic        idle_o
);

  localparam logic [15:0] MtuReset = 16'd1500;
  localparam int unsigned SelectW = $clog2(Vqs);
  localparam logic [8:0]  RxModes  = 9'h13f;        // bits of VDEV_RX_MODE
  localparam logic [31:0] Policies = 32'hefff0007;  // and of VDEV_POLICY
  localparam int unsigned AsidW = $clog2(vqnic_regs_pkg::ADDRESS_SPACE_COUNT);

  vqnic_pkg::vq_rel_t rx_rel, tx_rel;
  logic               rx_done, tx_done, fault;
  assign rx_rel  = rel_i[vqnic_pkg::VQ_RX];
  assign tx_rel  = rel_i[vqnic_pkg::VQ_TX];
  assign rx_done = rel_valid_i[vqnic_pkg::VQ_RX];
  assign tx_done = rel_valid_i[vqnic_pkg::VQ_TX];
  assign fault   = (rx_done && rx_rel.fault) || (tx_done && tx_rel.fault);

  logic [31:0] device_select_q, driver_select_q;
  logic [63:0] offered_q, accepted_q;
  logic [1:0]  refused_q;  // this half of the features was written with bits not offered
  logic [15:0] vector_q, queue_select_q;
  logic [7:0]  status_q, generation_q;
  logic        reset_q, enable_q, link_q;
  logic [47:0] mac_q;
  logic [15:0] mtu_q;
  logic [8:0]  rx_mode_q;
  logic [31:0] policy_q;
  logic [AsidW-1:0] asid_q;
  logic        net_link_q;

  logic        write, guest_write;
  logic [11:0] word;
  logic [31:0] rword, wword;
  assign write       = req_i && we_i;
  assign guest_write = write && enable_q && !reset_q;
  assign word        = {addr_i[11:2], 2'b00};
  assign rword       = addr_i[2] ? rdata_o[63:32] : rdata_o[31:0];
  assign wword       = vqnic_pkg::merge(rword, wdata_i, wstrb_i);

  logic [31:0] offered_half;
  assign offered_half = driver_select_q[0] ? offered_q[63:32] : offered_q[31:0];

  // Status bits are only ever added, except by a reset. FEATURES_OK needs features that make sense,
  // DRIVER_OK needs FEATURES_OK.
  logic       status_write;
  logic [7:0] status_next;
  always_comb begin
    status_write = guest_write && word == vqnic_regs_pkg::REG_DEVICE_STATUS && wstrb_i[0];
    status_next  = status_q;
    if (status_write) begin
      status_next = status_q | wdata_i[7:0];
      status_next[vqnic_pkg::STATUS_NEEDS_RESET] = status_q[vqnic_pkg::STATUS_NEEDS_RESET];
      if (!accepted_q[vqnic_pkg::F_VERSION_1] || refused_q != '0)
        status_next[vqnic_pkg::STATUS_FEATURES_OK] = status_q[vqnic_pkg::STATUS_FEATURES_OK];
      if (!status_next[vqnic_pkg::STATUS_FEATURES_OK])
        status_next[vqnic_pkg::STATUS_DRIVER_OK] = 1'b0;
    end
    if (fault) status_next[vqnic_pkg::STATUS_NEEDS_RESET] = 1'b1;
  end

  logic owner_disables, reset_ask, reset_now;
  assign owner_disables = write && word == vqnic_regs_pkg::REG_VDEV_CONTROL && wstrb_i[0] &&
                          !wdata_i[vqnic_regs_pkg::VDEV_CONTROL_ENABLE_LSB] && enable_q;
  assign reset_ask = owner_disables || (status_write && wdata_i[7:0] == '0);
  assign reset_now = reset_q && busy_i == '0 && irq_pending_i == '0;

  logic driver_ok;
  assign driver_ok = status_q[vqnic_pkg::STATUS_DRIVER_OK] && !reset_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      device_select_q <= '0;
      driver_select_q <= '0;
      accepted_q      <= '0;
      refused_q       <= '0;
      vector_q        <= 16'(vqnic_regs_pkg::NO_VECTOR);
      queue_select_q  <= '0;
      status_q        <= '0;
      reset_q         <= 1'b0;
    end else if (reset_now) begin
      device_select_q <= '0;
      driver_select_q <= '0;
      accepted_q      <= '0;
      refused_q       <= '0;
      vector_q        <= 16'(vqnic_regs_pkg::NO_VECTOR);
      queue_select_q  <= '0;
      status_q        <= '0;
      reset_q         <= 1'b0;
    end else begin
      status_q <= status_next;
      if (reset_ask) reset_q <= 1'b1;
      if (guest_write) begin
        unique case (word)
          vqnic_regs_pkg::REG_DEVICE_FEATURE_SELECT: device_select_q <= wword;
          vqnic_regs_pkg::REG_DRIVER_FEATURE_SELECT: driver_select_q <= wword;
          vqnic_regs_pkg::REG_DRIVER_FEATURE:
            if (driver_select_q[31:1] == '0 && !status_q[vqnic_pkg::STATUS_FEATURES_OK]) begin
              if (driver_select_q[0]) accepted_q[63:32] <= wword & offered_half;
              else                    accepted_q[31:0]  <= wword & offered_half;
              refused_q[driver_select_q[0]] <= (wword & ~offered_half) != '0;
            end
          vqnic_regs_pkg::REG_CONFIG_MSIX_VECTOR:
            vector_q <= vqnic_pkg::possible_vector(wword[15:0]);
          vqnic_regs_pkg::REG_DEVICE_STATUS:  // and QUEUE_SELECT
            queue_select_q <= wword[31:16];
          default: ;
        endcase
      end
    end
  end

  // The device configuration as the guest sees it; any change of it is told.
  logic [64:0] config_now, config_q;
  logic        config_changed;
  assign config_now     = {net_link_q, mtu_q, mac_q};
  assign config_changed = config_now != config_q;
  assign config_irq_o   = enable_q && driver_ok && (config_changed || fault);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      enable_q     <= 1'b0;
      link_q       <= 1'b0;
      offered_q    <= vqnic_pkg::FEATURES_SUPPORTED;
      mac_q        <= '0;
      mtu_q        <= MtuReset;
      rx_mode_q    <= '0;
      policy_q     <= '0;
      asid_q       <= '0;
      net_link_q   <= 1'b0;
      generation_q <= '0;
      config_q     <= {1'b0, MtuReset, 48'd0};
    end else begin
      net_link_q   <= link_i && link_q;
      config_q     <= config_now;
      if (config_changed) generation_q <= generation_q + 8'd1;
      if (write) begin
        unique case (word)
          vqnic_regs_pkg::REG_VDEV_CONTROL: begin
            enable_q <= wword[vqnic_regs_pkg::VDEV_CONTROL_ENABLE_LSB];
            link_q   <= wword[vqnic_regs_pkg::VDEV_CONTROL_LINK_LSB];
          end
          vqnic_regs_pkg::REG_OFFERED_FEATURES:
            offered_q[31:0] <= wword & vqnic_pkg::FEATURES_SUPPORTED[31:0];
          vqnic_regs_pkg::REG_OFFERED_FEATURES + 12'd4:
            offered_q[63:32] <= wword & vqnic_pkg::FEATURES_SUPPORTED[63:32];
          vqnic_regs_pkg::REG_VDEV_MAC_LO: mac_q[31:0]  <= wword;
          vqnic_regs_pkg::REG_VDEV_MAC_HI: mac_q[47:32] <= wword[15:0];
          vqnic_regs_pkg::REG_VDEV_MTU:    mtu_q        <= wword[15:0];
          vqnic_regs_pkg::REG_VDEV_RX_MODE: rx_mode_q   <= wword[8:0] & RxModes;
          vqnic_regs_pkg::REG_VDEV_POLICY:  policy_q    <= wword & Policies;
          vqnic_regs_pkg::REG_VDEV_AS_DATA:
            if (!status_q[vqnic_pkg::STATUS_DRIVER_OK] &&
                wword[15:0] < 16'(vqnic_regs_pkg::ADDRESS_SPACE_COUNT)) begin
              asid_q <= wword[AsidW-1:0];
            end
          default: ;
        endcase
      end
    end
  end

  assign enable_o      = enable_q;
  assign mtu_o         = mtu_q;
  assign rx_mode_o     = rx_mode_q;
  assign policy_o      = policy_q;
  assign vector_o[Vqs] = vector_q;

  logic [Vqs-1:0][63:0] queue_rdata;
  logic [Vqs-1:0]       queue_idle;
  logic                 queue_exists;
  assign queue_exists = queue_select_q < 16'(Vqs);

  for (genvar i = 0; i < Vqs; i++) begin : gen_vq
    vqnic_vq_regs #(
      .INDEX(i)
    ) u_vq_regs (
      .clk_i,
      .rst_ni,
      .clear_i     (reset_now),
      .req_i,
      .write_i     (guest_write && queue_select_q == 16'(i)),
      .addr_i,
      .wdata_i,
      .wstrb_i,
      .rdata_o     (queue_rdata[i]),
      .vdev_runs_i (driver_ok && !stop_i),
      .features_i  (accepted_q),
      .asid_i      (16'(asid_q)),
      .ctx_o       (ctx_o[i]),
      .vector_o    (vector_o[i]),
      .busy_i      (busy_i[i] || irq_pending_i[i]),
      .rel_valid_i (rel_valid_i[i]),
      .rel_i       (rel_i[i]),
      .idle_o      (queue_idle[i])
    );
  end

  localparam int unsigned Counters = 11;
  logic [63:0] counter;
  vqnic_counters #(
    .N(Counters)
  ) u_counters (
    .clk_i,
    .rst_ni,
    .count_i ({tx_drop_vlan_i, tx_drop_spoof_i, rx_drop_vlan_i,
               interrupt_i, rx_done && rx_rel.not_ready, rx_done && rx_rel.too_long,
               rx_done && rx_rel.no_buffer, rx_done && rx_rel.frame, rx_done && rx_rel.frame,
               tx_done && tx_rel.frame, tx_done && tx_rel.frame}),
    .amount_i({32'd1, 32'd1, 32'd1, 32'd1, 32'd1, 32'd1, 32'd1, {16'd0, rx_rel.bytes}, 32'd1,
               {16'd0, tx_rel.bytes}, 32'd1}),
    .read_i  (req_i),
    .idx_i   (addr_i[6:3]),
    .value_o (counter)
  );

  localparam logic [31:0] Doorbells =
      INDEX * vqnic_regs_pkg::VQS_PER_VDEV * vqnic_regs_pkg::DOORBELL_BYTES;

  logic [31:0] device_half, driver_half;
  always_comb begin
    unique case (device_select_q)
      32'd0:   device_half = offered_q[31:0];
      32'd1:   device_half = offered_q[63:32];
      default: device_half = '0;
    endcase
    unique case (driver_select_q)
      32'd0:   driver_half = accepted_q[31:0];
      32'd1:   driver_half = accepted_q[63:32];
      default: driver_half = '0;
    endcase
  end

  always_comb begin
    rdata_o   = '0;
    latched_o = 1'b0;
    if (req_i) begin
      unique case ({addr_i[11:3], 3'b000})
        vqnic_regs_pkg::REG_DEVICE_FEATURE_SELECT: rdata_o = {device_half, device_select_q};
        vqnic_regs_pkg::REG_DRIVER_FEATURE_SELECT: rdata_o = {driver_half, driver_select_q};
        vqnic_regs_pkg::REG_CONFIG_MSIX_VECTOR:
          rdata_o = {queue_select_q, generation_q, status_q, 16'(Vqs), vector_q};
        vqnic_regs_pkg::REG_QUEUE_SIZE,
        vqnic_regs_pkg::REG_QUEUE_DESC,
        vqnic_regs_pkg::REG_QUEUE_DRIVER,
        vqnic_regs_pkg::REG_QUEUE_DEVICE,
        vqnic_regs_pkg::REG_QUEUE_NOTIF_CONFIG_DATA,
        vqnic_regs_pkg::REG_QUEUE_AVAIL_STATE,
        vqnic_regs_pkg::REG_QUEUE_FAULT,
        vqnic_regs_pkg::REG_QUEUE_FAULT_INFO:
          if (queue_exists) rdata_o = queue_rdata[queue_select_q[SelectW-1:0]];
        vqnic_regs_pkg::REG_NET_MAC_LO:         rdata_o = {15'd0, net_link_q, mac_q};
        vqnic_regs_pkg::REG_NET_MAX_VQ_PAIRS:   rdata_o = {32'd0, mtu_q, 16'(Vqs / 2)};
        vqnic_regs_pkg::REG_VDEV_CONTROL: begin
          rdata_o[vqnic_regs_pkg::VDEV_CONTROL_ENABLE_LSB] = enable_q;
          rdata_o[vqnic_regs_pkg::VDEV_CONTROL_LINK_LSB]   = link_q;
        end
        vqnic_regs_pkg::REG_SUPPORTED_FEATURES: rdata_o = vqnic_pkg::FEATURES_SUPPORTED;
        vqnic_regs_pkg::REG_OFFERED_FEATURES:   rdata_o = offered_q;
        vqnic_regs_pkg::REG_VDEV_MAC_LO:        rdata_o = {16'd0, mac_q};
        vqnic_regs_pkg::REG_VDEV_MTU:           rdata_o = {48'd0, mtu_q};
        vqnic_regs_pkg::REG_VDEV_OFFLOADS_OFF:  rdata_o = {23'd0, rx_mode_q, 32'd0};
        vqnic_regs_pkg::REG_VDEV_POLICY:        rdata_o = {32'd0, policy_q};
        vqnic_regs_pkg::REG_VDEV_DOORBELLS:     rdata_o = {32'd0, Doorbells};
        vqnic_regs_pkg::REG_VDEV_AS_DATA:       rdata_o = 64'(asid_q);
        vqnic_regs_pkg::REG_ACCEPTED_FEATURES:  rdata_o = accepted_q;
        vqnic_regs_pkg::REG_TX_FRAMES,
        vqnic_regs_pkg::REG_TX_BYTES,
        vqnic_regs_pkg::REG_RX_FRAMES,
        vqnic_regs_pkg::REG_RX_BYTES,
        vqnic_regs_pkg::REG_RX_DROP_NO_BUFFER,
        vqnic_regs_pkg::REG_RX_DROP_TOO_LONG,
        vqnic_regs_pkg::REG_RX_DROP_NOT_READY,
        vqnic_regs_pkg::REG_INTERRUPTS,
        vqnic_regs_pkg::REG_RX_DROP_VLAN,
        vqnic_regs_pkg::REG_TX_DROP_SPOOF,
        vqnic_regs_pkg::REG_TX_DROP_VLAN: begin
          rdata_o   = counter;
          latched_o = 1'b1;
        end
        default: ;
      endcase
    end
  end

  assign idle_o = !reset_q && !config_changed && net_link_q == (link_i && link_q) && &queue_idle;

endmodule
