// SPDX-License-Identifier: Apache-2.0
//
// The register windows of all vdevs: the common configuration of virtio 1.4 section 4.1.4.3, the
// device configuration of section 5.1.4, and the registers of the owner. One access at a time, so
// what a vdev has of its own lies in arrays. The registers of queues and the counters are in
// vqnic_vq_table, and an access to them takes as long as it takes there.
//
// A reset (DEVICE_STATUS written 0, or VDEV_CONTROL.ENABLE cleared) stops the queues and takes
// effect when nothing is in flight; until then the guest's registers take no writes.

module vqnic_vdev_regs #(
  localparam int unsigned Vdevs = vqnic_regs_pkg::VDEVS,
  localparam int unsigned VdevW = vqnic_pkg::VDEV_W,
  localparam int unsigned PairW = $clog2(vqnic_regs_pkg::PAIRS),
  localparam int unsigned SlotW = $clog2(vqnic_regs_pkg::VDEV_PAIRS_LIMIT)
) (
  input  logic             clk_i,
  input  logic             rst_ni,

  // An access stands until ready_o.
  input  logic             req_i,
  input  logic             we_i,
  input  logic [VdevW-1:0] vdev_i,
  input  logic [11:0]      addr_i,
  input  logic [31:0]      wdata_i,
  input  logic [3:0]       wstrb_i,
  output logic             ready_o,
  output logic [63:0]      rdata_o,
  output logic             latched_o,

  input  logic             link_i,

  // vqnic_vq_table: a register of a queue or a counter, as there.
  output logic             queue_req_o,
  output logic             queue_we_o,
  output logic             queue_counter_o,
  output logic             vdev_counter_o,
  output logic             queue_exists_o,
  output logic             queue_ctrl_o,
  output logic             queue_tx_o,
  output logic [SlotW-1:0] queue_slot_o,
  output logic             queue_runs_o,
  input  logic             queue_ready_i,
  input  logic [63:0]      queue_rdata_i,
  // VDEV_PAIR.
  output logic             pair_we_o,
  output logic             pair_valid_o,
  output logic [PairW-1:0] pair_o,
  input  logic             pair_ready_i,
  input  logic             pair_valid_i,
  input  logic [PairW-1:0] pair_i,
  // All queues of a vdev.
  output logic [VdevW-1:0] op_vdev_o,
  output logic             op_start_o,
  output logic             op_stop_o,
  output logic             op_clear_o,
  output logic [VdevW-1:0] ask_vdev_o,
  input  logic             ask_busy_i,
  input  logic [Vdevs-1:0] fault_i,
  input  logic [Vdevs-1:0] ctrl_reset_i,
  // What a context holds of its vdev.
  input  logic [VdevW-1:0] look_vdev_i,
  input  logic             look_ctrl_i,
  output logic [15:0]      look_asid_o,
  output logic [15:0]      look_mtu_o,
  output logic [63:0]      look_features_o,

  // vqnic_msix: configuration changes.
  output logic [Vdevs-1:0] config_irq_o,
  input  logic [Vdevs-1:0] config_pending_i,
  input  logic [VdevW-1:0] vector_vdev_i,
  output logic [15:0]      vector_o,

  // The switch.
  output logic [Vdevs-1:0]       enable_o,    // it exists
  output logic [Vdevs-1:0][8:0]  rx_mode_o,   // VDEV_RX_MODE
  output logic [Vdevs-1:0][31:0] policy_o,    // VDEV_POLICY
  output logic [Vdevs-1:0][SlotW:0] pairs_o,  // VDEV_CURRENT_PAIRS

  // The control engine, about vdev command_vdev_i: it posts a command, learns of the answer, and
  // says that it has given it to the guest.
  input  logic [VdevW-1:0] command_vdev_i,
  input  logic             command_post_i,
  input  logic [15:0]      command_len_i,
  input  logic             command_cut_i,
  input  logic             command_done_i,
  output logic             command_pending_o,
  output logic             command_answered_o,
  output logic [7:0]       command_ack_o,
  output logic [63:0]      mailbox_o,         // 0: none
  output logic [Vdevs-1:0] ctrl_kick_o,       // an answer, or a mailbox
  output logic [Vdevs-1:0] commands_o,        // commands that wait for an answer

  output logic             idle_o
);

  localparam logic [15:0] MtuReset = 16'd1500;
  localparam int unsigned AsidW = $clog2(vqnic_regs_pkg::ADDRESS_SPACE_COUNT);
  localparam logic [15:0] NoVector = 16'(vqnic_regs_pkg::NO_VECTOR);
  localparam logic [15:0] SlotsMax = 16'(vqnic_regs_pkg::VDEV_PAIRS_LIMIT);
  localparam logic [31:0] PolicyMask =
      (32'd1 << vqnic_regs_pkg::VDEV_POLICY_SPOOF_CHECK_LSB) |
      (32'd1 << vqnic_regs_pkg::VDEV_POLICY_VLAN_CHECK_LSB) |
      (32'd1 << vqnic_regs_pkg::VDEV_POLICY_PORT_VLAN_LSB) |
      (32'hfff << vqnic_regs_pkg::VDEV_POLICY_PVID_LSB) |
      (32'h7 << vqnic_regs_pkg::VDEV_POLICY_PCP_LSB);
  localparam logic [31:0] ModeMask = 32'h13f;

  // A bit for each vdev.
  logic [Vdevs-1:0] enable_q, link_q, suspend_q, announce_q, reset_q, runs_q;
  logic [Vdevs-1:0] net_link_q, net_announce_q, changed_q, csum_off_q;
  logic [Vdevs-1:0] pending_q, answered_q, cut_q;
  logic [Vdevs-1:0] features_ok_q, driver_ok_q, needs_reset_q;

  // Registers, by vdev.
  (* mem2reg *) logic [31:0]      device_select_q [Vdevs];
  localparam int unsigned CommandTagW = 7;
  (* mem2reg *) logic [31:0]      driver_select_q [Vdevs];
  (* mem2reg *) logic [63:0]      accepted_q [Vdevs];
  (* mem2reg *) logic [1:0]       refused_q [Vdevs];  // this half has had bits not offered
  (* mem2reg *) logic [15:0]      vector_q [Vdevs];
  (* mem2reg *) logic [15:0]      queue_select_q [Vdevs];
  (* mem2reg *) logic [7:0]       status_q [Vdevs];   // but for the bits above
  (* mem2reg *) logic [7:0]       generation_q [Vdevs];
  (* mem2reg *) logic [63:0]      offered_q [Vdevs];
  (* mem2reg *) logic [15:0]      mtu_q [Vdevs];
  (* mem2reg *) logic [AsidW-1:0] asid_data_q [Vdevs];
  (* mem2reg *) logic [AsidW-1:0] asid_ctrl_q [Vdevs];
  (* mem2reg *) logic [SlotW:0]   slots_q [Vdevs];    // VDEV_PAIRS
  (* mem2reg *) logic [63:0]      mailbox_q [Vdevs];
  (* mem2reg *) logic [15:0]      length_q [Vdevs];
  (* mem2reg *) logic [7:0]       ack_q [Vdevs];
  (* mem2reg *) logic [CommandTagW-1:0] tag_q [Vdevs];   // of the last command
  logic [Vdevs-1:0][47:0]   mac_q;
  logic [Vdevs-1:0][8:0]    mode_q;
  logic [Vdevs-1:0][31:0]   policy_q;
  logic [Vdevs-1:0][SlotW:0] current_q;               // VDEV_CURRENT_PAIRS

  // ---- the access ----

  logic [VdevW-1:0] v;
  logic [Vdevs-1:0] v_bit;
  logic [11:0]      word;
  logic [31:0]      rword, wword;
  assign v     = vdev_i;
  assign v_bit = Vdevs'(1) << v;
  assign word  = {addr_i[11:2], 2'b00};

  logic in_queue, in_queue_counters, in_vdev_counters, in_pairs;
  assign in_queue =
      (word >= vqnic_regs_pkg::REG_QUEUE_SIZE && word < vqnic_regs_pkg::REG_ADMIN_QUEUE_INDEX) ||
      (word >= vqnic_regs_pkg::REG_QUEUE_AVAIL_STATE && word < vqnic_regs_pkg::REG_QUEUE_FRAMES);
  assign in_queue_counters = word >= vqnic_regs_pkg::REG_QUEUE_FRAMES &&
                             word < vqnic_regs_pkg::REG_QUEUE_DROPS + 12'd8;
  assign in_vdev_counters = word >= vqnic_regs_pkg::REG_TX_FRAMES &&
                            word < vqnic_regs_pkg::REG_COMMANDS_TAKEN + 12'd8;
  assign in_pairs = word >= vqnic_regs_pkg::REG_VDEV_PAIR &&
                    word < vqnic_regs_pkg::REG_VDEV_PAIR + 12'(4 << SlotW);

  logic queue_access;
  assign queue_access    = in_queue || in_queue_counters || in_vdev_counters;
  assign queue_req_o     = req_i && queue_access;
  assign queue_we_o      = we_i && in_queue && enable_q[v] && !reset_q[v];
  assign queue_counter_o = in_queue_counters;
  assign vdev_counter_o  = in_vdev_counters;

  // Which queue QUEUE_SELECT means: virtio 1.4 section 5.1.2.
  logic [15:0] select, ctrl_index, queues;
  logic        ctrl_offered, ctrl_accepted, mq_accepted;
  assign select         = queue_select_q[v];
  assign ctrl_offered   = offered_q[v][vqnic_pkg::F_NET_CTRL_VQ];
  assign ctrl_accepted  = accepted_q[v][vqnic_pkg::F_NET_CTRL_VQ];
  assign mq_accepted    = accepted_q[v][vqnic_pkg::F_NET_MQ];
  assign queues         = 16'({slots_q[v], 1'b0});
  assign ctrl_index     = mq_accepted ? queues : 16'd2;
  assign queue_ctrl_o   = ctrl_accepted && select == ctrl_index;
  assign queue_exists_o = queue_ctrl_o || select < queues;
  assign queue_tx_o     = select[0];
  assign queue_slot_o   = in_pairs ? word[SlotW+1:2] : select[SlotW:1];
  assign queue_runs_o   = runs_q[v];

  logic pair_write, pair_possible;
  assign pair_valid_o  = wdata_i[vqnic_regs_pkg::VDEV_PAIR_VALID_LSB];
  assign pair_o        = wdata_i[PairW-1:0];
  assign pair_possible = wstrb_i == 4'hf &&
                         (!pair_valid_o || wdata_i[15:0] < 16'(vqnic_regs_pkg::PAIRS));
  assign pair_write    = in_pairs && we_i && !enable_q[v] && !reset_q[v] && pair_possible;
  assign pair_we_o     = req_i && pair_write;

  assign ready_o = queue_access ? queue_ready_i : !pair_write || pair_ready_i;

  logic write, guest_write;
  assign write       = req_i && we_i && !queue_access && !in_pairs;
  assign guest_write = write && enable_q[v] && !reset_q[v];
  assign rword       = addr_i[2] ? rdata_o[63:32] : rdata_o[31:0];
  assign wword       = vqnic_pkg::merge(rword, wdata_i, wstrb_i);

  logic [31:0] offered_half;
  assign offered_half = driver_select_q[v][0] ? offered_q[v][63:32] : offered_q[v][31:0];

  // ---- status ----

  // Status bits are only ever added, except by a reset. FEATURES_OK needs features that make sense,
  // DRIVER_OK needs FEATURES_OK.
  logic       status_write, sensible, features_ok_next, driver_ok_next;
  logic [7:0] status;
  assign status_write = guest_write && word == vqnic_regs_pkg::REG_DEVICE_STATUS && wstrb_i[0];
  // MQ needs CTRL_VQ: virtio 1.4 section 5.1.3.1.
  assign sensible = accepted_q[v][vqnic_pkg::F_VERSION_1] && refused_q[v] == '0 &&
                    (ctrl_accepted || !mq_accepted);
  assign features_ok_next = features_ok_q[v] ||
                            (wdata_i[vqnic_pkg::STATUS_FEATURES_OK] && sensible);
  assign driver_ok_next   = driver_ok_q[v] ||
                            (wdata_i[vqnic_pkg::STATUS_DRIVER_OK] && features_ok_next);
  always_comb begin
    status = status_q[v];
    status[vqnic_pkg::STATUS_FEATURES_OK] = features_ok_q[v];
    status[vqnic_pkg::STATUS_DRIVER_OK]   = driver_ok_q[v];
    status[vqnic_pkg::STATUS_NEEDS_RESET] = needs_reset_q[v];
  end

  logic reset_ask, owner_disables;
  assign owner_disables = write && word == vqnic_regs_pkg::REG_VDEV_CONTROL && enable_q[v] &&
                          !wword[vqnic_regs_pkg::VDEV_CONTROL_ENABLE_LSB];
  assign reset_ask = owner_disables || (status_write && wdata_i[7:0] == '0);

  // ---- what the queues are told ----

  // Which vdevs' queues may run, told one vdev at a time, and resets that have taken effect.
  logic [Vdevs-1:0] runs, untold;
  logic             tell, resetting, reset_now, quiet_read;
  logic [VdevW-1:0] tell_vdev, scan_q;
  assign runs   = driver_ok_q & ~reset_q & ~suspend_q;
  assign untold = runs ^ runs_q;
  vqnic_pick #(
    .N(Vdevs)
  ) u_tell (
    .req_i  (untold),
    .last_i ('0),
    .valid_o(tell),
    .idx_o  (tell_vdev)
  );

  assign resetting  = reset_q != '0;
  assign quiet_read = req_i && !we_i && word == vqnic_regs_pkg::REG_VDEV_STATUS;
  assign ask_vdev_o = quiet_read || !resetting ? v : scan_q;
  assign reset_now  = resetting && !tell && !quiet_read && reset_q[scan_q] && !runs_q[scan_q] &&
                      !ask_busy_i && !config_pending_i[scan_q];

  assign op_vdev_o  = tell ? tell_vdev : scan_q;
  assign op_start_o = tell && runs[tell_vdev];
  assign op_stop_o  = tell && !runs[tell_vdev];
  assign op_clear_o = reset_now;

  logic quiet;
  assign quiet = !runs_q[v] && !untold[v] && !ask_busy_i && !config_pending_i[v];

  // ---- the guest's registers ----

  logic [Vdevs-1:0] clear;
  assign clear = reset_now ? Vdevs'(1) << scan_q : '0;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      for (int unsigned i = 0; i < Vdevs; i++) begin
        device_select_q[i] <= '0;
        driver_select_q[i] <= '0;
        accepted_q[i]      <= '0;
        refused_q[i]       <= '0;
        vector_q[i]        <= NoVector;
        queue_select_q[i]  <= '0;
        status_q[i]        <= '0;
      end
    end else begin
      if (reset_now) begin
        device_select_q[scan_q] <= '0;
        driver_select_q[scan_q] <= '0;
        accepted_q[scan_q]      <= '0;
        refused_q[scan_q]       <= '0;
        vector_q[scan_q]        <= NoVector;
        queue_select_q[scan_q]  <= '0;
        status_q[scan_q]        <= '0;
      end
      if (guest_write) begin
        unique case (word)
          vqnic_regs_pkg::REG_DEVICE_FEATURE_SELECT: device_select_q[v] <= wword;
          vqnic_regs_pkg::REG_DRIVER_FEATURE_SELECT: driver_select_q[v] <= wword;
          vqnic_regs_pkg::REG_DRIVER_FEATURE:
            if (driver_select_q[v][31:1] == '0 && !features_ok_q[v]) begin
              if (driver_select_q[v][0]) accepted_q[v][63:32] <= wword & offered_half;
              else                       accepted_q[v][31:0]  <= wword & offered_half;
              refused_q[v][driver_select_q[v][0]] <= (wword & ~offered_half) != '0;
            end
          vqnic_regs_pkg::REG_CONFIG_MSIX_VECTOR:
            vector_q[v] <= vqnic_pkg::possible_vector(wword[15:0]);
          vqnic_regs_pkg::REG_DEVICE_STATUS: begin  // and QUEUE_SELECT
            queue_select_q[v] <= wword[31:16];
            if (wstrb_i[0]) status_q[v] <= status_q[v] | wdata_i[7:0];
          end
          default: ;
        endcase
      end
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      features_ok_q <= '0;
      driver_ok_q   <= '0;
      needs_reset_q <= '0;
      reset_q       <= '0;
      runs_q        <= '0;
      scan_q        <= '0;
    end else begin
      features_ok_q <= (features_ok_q | (status_write && features_ok_next ? v_bit : '0)) & ~clear;
      driver_ok_q   <= (driver_ok_q | (status_write && driver_ok_next ? v_bit : '0)) & ~clear;
      needs_reset_q <= (needs_reset_q | fault_i) & ~clear;
      reset_q       <= (reset_q & ~clear) | (reset_ask ? v_bit : '0);
      if (tell) runs_q[tell_vdev] <= runs[tell_vdev];
      if (resetting && !quiet_read) scan_q <= scan_q + VdevW'(1);
    end
  end

  // ---- the device configuration ----

  // Any change of it is told: its generation counts, and a driver that runs gets an interrupt, if
  // need be after a suspension.
  logic [Vdevs-1:0] net_link, changed, told;
  logic             mac_lo_write, mac_hi_write, mtu_write;
  assign net_link     = link_i ? link_q : '0;
  assign mac_lo_write = write && word == vqnic_regs_pkg::REG_VDEV_MAC_LO &&
                        wword != mac_q[v][31:0];
  assign mac_hi_write = write && word == vqnic_regs_pkg::REG_VDEV_MAC_HI &&
                        wword[15:0] != mac_q[v][47:32];
  assign mtu_write    = write && word == vqnic_regs_pkg::REG_VDEV_MTU && wword[15:0] != mtu_q[v];
  assign changed      = (net_link ^ net_link_q) | (announce_q ^ net_announce_q) |
                        (mac_lo_write || mac_hi_write || mtu_write ? v_bit : '0);
  assign told         = enable_q & driver_ok_q & ~reset_q;
  assign config_irq_o = changed_q & runs_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      net_link_q     <= '0;
      net_announce_q <= '0;
      changed_q      <= '0;
      for (int unsigned i = 0; i < Vdevs; i++) generation_q[i] <= '0;
    end else begin
      net_link_q     <= net_link;
      net_announce_q <= announce_q;
      changed_q      <= ((changed_q & ~config_irq_o) | changed | fault_i) & told & ~clear;
      if (changed != '0) begin
        for (int unsigned i = 0; i < Vdevs; i++)
          if (changed[i]) generation_q[i] <= generation_q[i] + 8'd1;
      end
    end
  end

  // ---- the owner's registers ----

  logic [15:0] slots_next, current_next;
  assign slots_next   = !enable_q[v] && wword[15:0] != '0 && wword[15:0] <= SlotsMax ?
                        wword[15:0] : 16'(slots_q[v]);
  assign current_next = wword[31:16] != '0 ? wword[31:16] : 16'(current_q[v]);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      enable_q   <= '0;
      link_q     <= '0;
      suspend_q  <= '0;
      announce_q <= '0;
      csum_off_q <= '0;
      mac_q      <= '0;
      mode_q     <= '0;
      policy_q   <= '0;
      for (int unsigned i = 0; i < Vdevs; i++) begin
        offered_q[i]   <= vqnic_pkg::FEATURES_SUPPORTED;
        mtu_q[i]       <= MtuReset;
        asid_data_q[i] <= '0;
        asid_ctrl_q[i] <= '0;
        slots_q[i]     <= (SlotW + 1)'(1);
        current_q[i]   <= (SlotW + 1)'(1);
        mailbox_q[i]   <= '0;
      end
    end else if (write) begin
      unique case (word)
        vqnic_regs_pkg::REG_VDEV_CONTROL: begin
          enable_q[v]   <= wword[vqnic_regs_pkg::VDEV_CONTROL_ENABLE_LSB];
          link_q[v]     <= wword[vqnic_regs_pkg::VDEV_CONTROL_LINK_LSB];
          suspend_q[v]  <= wword[vqnic_regs_pkg::VDEV_CONTROL_SUSPEND_LSB];
          announce_q[v] <= wword[vqnic_regs_pkg::VDEV_CONTROL_ANNOUNCE_LSB];
        end
        vqnic_regs_pkg::REG_OFFERED_FEATURES:
          offered_q[v][31:0] <= wword & vqnic_pkg::FEATURES_SUPPORTED[31:0];
        vqnic_regs_pkg::REG_OFFERED_FEATURES + 12'd4:
          offered_q[v][63:32] <= wword & vqnic_pkg::FEATURES_SUPPORTED[63:32];
        vqnic_regs_pkg::REG_VDEV_MAC_LO: mac_q[v][31:0]  <= wword;
        vqnic_regs_pkg::REG_VDEV_MAC_HI: mac_q[v][47:32] <= wword[15:0];
        vqnic_regs_pkg::REG_VDEV_MTU:    mtu_q[v]        <= wword[15:0];
        vqnic_regs_pkg::REG_VDEV_AS_DATA:    // and VDEV_AS_CTRL
          if (!driver_ok_q[v]) begin
            if (wword[15:0] < 16'(vqnic_regs_pkg::ADDRESS_SPACE_COUNT))
              asid_data_q[v] <= wword[AsidW-1:0];
            if (wword[31:16] < 16'(vqnic_regs_pkg::ADDRESS_SPACE_COUNT))
              asid_ctrl_q[v] <= wword[16 +: AsidW];
          end
        vqnic_regs_pkg::REG_VDEV_PAIRS: begin  // and VDEV_CURRENT_PAIRS
          slots_q[v] <= slots_next[SlotW:0];
          if (current_next <= slots_next)            current_q[v] <= current_next[SlotW:0];
          else if (16'(current_q[v]) > slots_next)   current_q[v] <= slots_next[SlotW:0];
        end
        vqnic_regs_pkg::REG_VDEV_OFFLOADS_OFF:
          csum_off_q[v] <= wword[vqnic_regs_pkg::VDEV_OFFLOADS_OFF_GUEST_CSUM_LSB];
        vqnic_regs_pkg::REG_VDEV_RX_MODE: mode_q[v] <= 9'(wword & ModeMask);
        vqnic_regs_pkg::REG_VDEV_POLICY:  policy_q[v] <= wword & PolicyMask;
        vqnic_regs_pkg::REG_VDEV_MAILBOX: mailbox_q[v][31:12] <= wword[31:12];
        vqnic_regs_pkg::REG_VDEV_MAILBOX + 12'd4: mailbox_q[v][63:32] <= wword;
        default: ;
      endcase
    end
  end

  assign enable_o  = enable_q;
  assign rx_mode_o = mode_q;
  assign policy_o  = policy_q;
  assign pairs_o   = current_q;

  always_comb begin
    look_asid_o     = 16'(look_ctrl_i ? asid_ctrl_q[look_vdev_i] : asid_data_q[look_vdev_i]);
    look_mtu_o      = mtu_q[look_vdev_i];
    look_features_o = accepted_q[look_vdev_i];
    if (csum_off_q[look_vdev_i]) look_features_o[vqnic_pkg::F_NET_GUEST_CSUM] = 1'b0;
  end
  assign vector_o = vector_q[vector_vdev_i];

  // ---- commands ----

  // A reset of the vdev or of its control queue ends a command. An answer names its command, so
  // that one that comes after the reset is never taken for that of the next.
  logic [Vdevs-1:0] command_bit, command_end, answer_bit;
  logic             answer, mailbox_write;
  assign command_bit   = Vdevs'(1) << command_vdev_i;
  assign command_end   = clear | ctrl_reset_i | (command_done_i ? command_bit : '0);
  assign answer        = write && word == vqnic_regs_pkg::REG_VDEV_ANSWER && wstrb_i == '1 &&
                         pending_q[v] && !answered_q[v] &&
                         wdata_i[vqnic_regs_pkg::VDEV_ANSWER_TAG_LSB +: CommandTagW] == tag_q[v];
  assign answer_bit    = answer ? v_bit : '0;
  assign mailbox_write = write && word == vqnic_regs_pkg::REG_VDEV_MAILBOX;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      pending_q  <= '0;
      answered_q <= '0;
      cut_q      <= '0;
      ctrl_kick_o <= '0;
      for (int unsigned i = 0; i < Vdevs; i++) begin
        length_q[i] <= '0;
        ack_q[i]    <= '0;
        tag_q[i]    <= '0;
      end
    end else begin
      pending_q   <= (pending_q | (command_post_i ? command_bit : '0)) & ~command_end;
      answered_q  <= (answered_q | answer_bit) & ~command_end;
      ctrl_kick_o <= answer || mailbox_write ? v_bit : '0;
      if (command_post_i) begin
        length_q[command_vdev_i] <= command_len_i;
        cut_q[command_vdev_i]    <= command_cut_i;
        tag_q[command_vdev_i]    <= tag_q[command_vdev_i] + CommandTagW'(1);
      end
      if (answer) ack_q[v] <= wdata_i[7:0];
    end
  end
  assign command_pending_o  = pending_q[command_vdev_i];
  assign command_answered_o = answered_q[command_vdev_i];
  assign command_ack_o      = ack_q[command_vdev_i];
  assign mailbox_o          = mailbox_q[command_vdev_i];
  assign commands_o         = pending_q & ~answered_q;

  // ---- reading ----

  logic [31:0] device_half, driver_half;
  logic [15:0] net_status;
  always_comb begin
    unique case (device_select_q[v])
      32'd0:   device_half = offered_q[v][31:0];
      32'd1:   device_half = offered_q[v][63:32];
      default: device_half = '0;
    endcase
    unique case (driver_select_q[v])
      32'd0:   driver_half = accepted_q[v][31:0];
      32'd1:   driver_half = accepted_q[v][63:32];
      default: driver_half = '0;
    endcase
    net_status    = '0;
    net_status[0] = net_link_q[v];
    net_status[1] = net_announce_q[v];
  end

  always_comb begin
    rdata_o   = '0;
    latched_o = 1'b0;
    if (req_i && queue_access) begin
      rdata_o   = queue_rdata_i;
      latched_o = !in_queue;
    end else if (req_i && in_pairs) begin
      // Only the pair whose register it is.
      rdata_o[31:0]  = {pair_valid_i, 15'd0, 16'(pair_i)};
      rdata_o[63:32] = rdata_o[31:0];
    end else if (req_i) begin
      unique case ({addr_i[11:3], 3'b000})
        vqnic_regs_pkg::REG_DEVICE_FEATURE_SELECT: rdata_o = {device_half, device_select_q[v]};
        vqnic_regs_pkg::REG_DRIVER_FEATURE_SELECT: rdata_o = {driver_half, driver_select_q[v]};
        vqnic_regs_pkg::REG_CONFIG_MSIX_VECTOR:
          rdata_o = {select, generation_q[v], status, queues + 16'(ctrl_offered), vector_q[v]};
        vqnic_regs_pkg::REG_NET_MAC_LO:         rdata_o = {net_status, mac_q[v]};
        vqnic_regs_pkg::REG_NET_MAX_VQ_PAIRS:   rdata_o = {32'd0, mtu_q[v], 16'(slots_q[v])};
        vqnic_regs_pkg::REG_VDEV_CONTROL: begin
          rdata_o[vqnic_regs_pkg::VDEV_CONTROL_ENABLE_LSB]      = enable_q[v];
          rdata_o[vqnic_regs_pkg::VDEV_CONTROL_LINK_LSB]        = link_q[v];
          rdata_o[vqnic_regs_pkg::VDEV_CONTROL_SUSPEND_LSB]     = suspend_q[v];
          rdata_o[vqnic_regs_pkg::VDEV_CONTROL_ANNOUNCE_LSB]    = announce_q[v];
          rdata_o[32 + vqnic_regs_pkg::VDEV_STATUS_QUIET_LSB]   = quiet;
        end
        vqnic_regs_pkg::REG_SUPPORTED_FEATURES: rdata_o = vqnic_pkg::FEATURES_SUPPORTED;
        vqnic_regs_pkg::REG_OFFERED_FEATURES:   rdata_o = offered_q[v];
        vqnic_regs_pkg::REG_VDEV_MAC_LO:        rdata_o = {16'd0, mac_q[v]};
        vqnic_regs_pkg::REG_VDEV_MTU:           rdata_o = {48'd0, mtu_q[v]};
        vqnic_regs_pkg::REG_VDEV_AS_DATA:
          rdata_o = {16'(current_q[v]), 16'(slots_q[v]), 16'(asid_ctrl_q[v]), 16'(asid_data_q[v])};
        vqnic_regs_pkg::REG_ACCEPTED_FEATURES:  rdata_o = accepted_q[v];
        vqnic_regs_pkg::REG_VDEV_OFFLOADS_OFF: begin
          rdata_o[vqnic_regs_pkg::VDEV_OFFLOADS_OFF_GUEST_CSUM_LSB] = csum_off_q[v];
          rdata_o[63:32] = {23'd0, mode_q[v]};
        end
        vqnic_regs_pkg::REG_VDEV_POLICY:        rdata_o = {32'd0, policy_q[v]};
        vqnic_regs_pkg::REG_VDEV_MAILBOX:       rdata_o = mailbox_q[v];
        vqnic_regs_pkg::REG_VDEV_COMMAND: begin
          if (commands_o[v]) begin
            rdata_o[vqnic_regs_pkg::VDEV_COMMAND_LENGTH_LSB +: 16] = length_q[v];
            rdata_o[vqnic_regs_pkg::VDEV_COMMAND_CUT_LSB]          = cut_q[v];
            rdata_o[vqnic_regs_pkg::VDEV_COMMAND_TAG_LSB +: CommandTagW] = tag_q[v];
            rdata_o[vqnic_regs_pkg::VDEV_COMMAND_PENDING_LSB]      = 1'b1;
          end
        end
        default: ;
      endcase
    end
  end

  assign idle_o = !resetting && !tell && changed == '0 && config_irq_o == '0 && ctrl_kick_o == '0;

endmodule
