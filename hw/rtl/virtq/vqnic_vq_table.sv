// SPDX-License-Identifier: Apache-2.0
//
// The queues: pool, contexts, who serves which, counters.
//
// A queue's context lies in memories: what its driver has set up, what the engines left behind, the
// fault. Registers read and modify them between the engines' accesses, so that a register access
// takes some cycles. What has to be known of all queues at once is in vqnic_vq_flags.
//
// A pair belongs to the vdev that took it last. It is reset when it changes hands, and until that
// is done the new owner does not have it yet.
//
// Transmit and control: the queue on `_work_valid_o` may have work, `_work_take_i` begins its
// service; a kick during the service counts afterwards. Receive: the engine asks for the queue of
// rx_get_vdev_i and rx_get_pair_i, and has it from rx_ctx_valid_o on, whether it runs or was kicked
// or not. A context stands, except for `run`, until the engine's `_rel_valid_i`.

module vqnic_vq_table #(
  parameter int unsigned EVENTS  = 1,         // sources of what is counted besides the engines
  localparam int unsigned Vdevs  = vqnic_regs_pkg::VDEVS,
  localparam int unsigned Pairs  = vqnic_regs_pkg::PAIRS,
  localparam int unsigned VdevW  = vqnic_pkg::VDEV_W,
  localparam int unsigned QueueW = vqnic_pkg::QUEUE_W,
  localparam int unsigned PairW  = $clog2(Pairs),
  localparam int unsigned SlotW  = $clog2(vqnic_regs_pkg::VDEV_PAIRS_LIMIT)
) (
  input  logic              clk_i,
  input  logic              rst_ni,
  input  logic              stop_i,          // the card is about to be reset: no queue runs

  input  logic              kick_i,
  input  logic [QueueW-1:0] kick_queue_i,
  input  logic [Vdevs-1:0]  ctrl_kick_i,     // there is news for these control queues

  // A register of a queue, or a queue's counter: stands until reg_ready_o.
  input  logic              reg_req_i,
  input  logic              reg_we_i,        // only what takes effect
  input  logic              reg_counter_i,   // QUEUE_FRAMES and the like
  input  logic              reg_vdev_counter_i,
  input  logic [VdevW-1:0]  reg_vdev_i,
  input  logic              reg_exists_i,    // of the vdev's pairs, or its control queue
  input  logic              reg_ctrl_i,      // its control queue
  input  logic              reg_tx_i,        // else transmit or receive queue
  input  logic [SlotW-1:0]  reg_slot_i,      // of this pair of the vdev
  input  logic              reg_runs_i,      // the vdev runs
  input  logic [11:0]       reg_addr_i,
  input  logic [31:0]       reg_wdata_i,
  input  logic [3:0]        reg_wstrb_i,
  output logic              reg_ready_o,
  output logic [63:0]       reg_rdata_o,     // with reg_ready_o

  // Pair reg_slot_i of vdev reg_vdev_i: a write stands until pair_ready_o.
  input  logic              pair_we_i,
  input  logic              pair_valid_i,
  input  logic [PairW-1:0]  pair_i,
  output logic              pair_ready_o,
  output logic              pair_valid_o,
  output logic [PairW-1:0]  pair_o,

  // All queues of op_vdev_i.
  input  logic [VdevW-1:0]  op_vdev_i,
  input  logic              op_start_i,      // may run
  input  logic              op_stop_i,       // may not run any more
  input  logic              op_clear_i,      // back to the values after reset: none is busy
  input  logic [VdevW-1:0]  ask_vdev_i,
  output logic              ask_busy_o,      // something of this vdev's queues is in flight
  output logic [Vdevs-1:0]  ctrl_reset_o,    // the control queue is reset, one cycle

  // What the context holds of the vdev: looked up at once.
  output logic [VdevW-1:0]  look_vdev_o,
  output logic              look_ctrl_o,
  input  logic [15:0]       look_asid_i,
  input  logic [15:0]       look_mtu_i,
  input  logic [63:0]       look_features_i,

  // Interrupts and faults, one cycle each.
  output logic              rx_irq_o,
  output logic [PairW-1:0]  rx_irq_pair_o,
  output logic              tx_irq_o,
  output logic [PairW-1:0]  tx_irq_pair_o,
  output logic              ctrl_irq_o,
  output logic [VdevW-1:0]  ctrl_irq_vdev_o,
  input  logic [Pairs-1:0]  rx_irq_pending_i,
  input  logic [Pairs-1:0]  tx_irq_pending_i,
  input  logic [Vdevs-1:0]  ctrl_irq_pending_i,
  input  logic [QueueW-1:0] irq_queue_i,     // whose vector it is, one cycle later
  output logic [15:0]       irq_vector_o,
  output logic [VdevW-1:0]  irq_vdev_o,
  output logic [Vdevs-1:0]  fault_o,         // a queue of these vdevs stopped with a fault

  // What is counted from elsewhere: an event_t each, as in vqnic_stats.
  input  logic [EVENTS-1:0] event_valid_i,
  output logic [EVENTS-1:0] event_ready_o,
  input  logic [EVENTS-1:0][vqnic_pkg::EVENT_W-1:0] event_i,

  // Which pair a vdev's is: looked up at once.
  input  logic [VdevW-1:0]  look_slot_vdev_i,
  input  logic [SlotW-1:0]  look_slot_i,
  output logic              look_pair_valid_o,
  output logic [PairW-1:0]  look_pair_o,

  // Transmit engine.
  output logic              tx_work_valid_o,
  input  logic              tx_work_take_i,
  output logic [vqnic_pkg::VQ_CTX_W-1:0] tx_ctx_o,  // a vq_ctx_t
  input  logic              tx_rel_valid_i,
  input  logic [vqnic_pkg::VQ_REL_W-1:0] tx_rel_i,  // a vq_rel_t

  // Receive engine.
  input  logic              rx_get_valid_i,  // stands until rx_ctx_valid_o
  input  logic [VdevW-1:0]  rx_get_vdev_i,
  input  logic [SlotW-1:0]  rx_get_pair_i,
  output logic              rx_ctx_valid_o,  // until the release
  output logic [vqnic_pkg::VQ_CTX_W-1:0] rx_ctx_o,
  input  logic              rx_rel_valid_i,
  input  logic [vqnic_pkg::VQ_REL_W-1:0] rx_rel_i,

  // Control engine.
  output logic              ctrl_work_valid_o,
  input  logic              ctrl_work_take_i,
  output logic [vqnic_pkg::VQ_CTX_W-1:0] ctrl_ctx_o,
  input  logic              ctrl_rel_valid_i,
  input  logic [vqnic_pkg::VQ_REL_W-1:0] ctrl_rel_i,

  output logic              idle_o
);

  localparam logic [QueueW-1:0] CtrlFirst = QueueW'(vqnic_regs_pkg::CTRL_QUEUE_FIRST);

  // ---- the pool ----

  logic [PairW-1:0]       slot_pair [1 << (VdevW + SlotW)];  // of a vdev's slot
  logic [VdevW+SlotW-1:0] pair_slot [Pairs];                 // whose slot a pair is, if it is
  (* mem2reg *)
  logic [Pairs-1:0]       owned_q [Vdevs];                   // pairs of a vdev
  (* mem2reg *)
  logic [(1<<SlotW)-1:0]  filled_q [Vdevs];                  // slots of a vdev with a pair

  logic [VdevW+SlotW-1:0] reg_slot;
  logic [PairW-1:0]       reg_pair;
  logic                   reg_filled;
  assign reg_slot   = {reg_vdev_i, reg_slot_i};
  assign reg_pair   = slot_pair[reg_slot];
  assign reg_filled = filled_q[reg_vdev_i][reg_slot_i];

  logic rx_resetting, tx_resetting;
  assign pair_o       = reg_filled ? reg_pair : '0;
  assign pair_valid_o = reg_filled && !rx_resetting && !tx_resetting;

  logic              reg_exists;
  logic [QueueW-1:0] reg_number;
  assign reg_exists = reg_exists_i && (reg_ctrl_i || reg_filled);
  assign reg_number = reg_ctrl_i ? CtrlFirst + QueueW'(reg_vdev_i) : QueueW'({reg_pair, reg_tx_i});

  assign look_pair_valid_o = filled_q[look_slot_vdev_i][look_slot_i];
  assign look_pair_o       = slot_pair[{look_slot_vdev_i, look_slot_i}];

  // A pair that is given away: its counters are cleared, then it changes hands.
  typedef enum logic [1:0] {GiveIdle, GiveClearRx, GiveClearTx, GiveDone} give_e;
  give_e give_q;
  logic  give, take, clear_done;
  logic [Pairs-1:0]       dropped;
  logic [VdevW+SlotW-1:0] loser;
  logic                   loses;
  assign give    = give_q == GiveDone && !op_start_i && !op_stop_i && !op_clear_i;
  assign take    = give && pair_valid_i;
  assign dropped = (take ? Pairs'(1) << pair_i : '0) | (reg_filled ? Pairs'(1) << reg_pair : '0);
  assign loser   = pair_slot[pair_i];
  assign loses   = owned_q[loser[VdevW+SlotW-1:SlotW]][pair_i];
  assign pair_ready_o = give;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      give_q <= GiveIdle;
    end else begin
      unique case (give_q)
        GiveIdle:    if (pair_we_i) give_q <= pair_valid_i ? GiveClearRx : GiveDone;
        GiveClearRx: if (clear_done) give_q <= GiveClearTx;
        GiveClearTx: if (clear_done) give_q <= GiveDone;
        default:     if (give) give_q <= GiveIdle;
      endcase
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      for (int unsigned i = 0; i < Vdevs; i++) begin
        owned_q[i]  <= '0;
        filled_q[i] <= '0;
      end
    end else if (give) begin
      for (int unsigned i = 0; i < Vdevs; i++) begin
        owned_q[i] <= (owned_q[i] & ~dropped) |
                      (take && reg_vdev_i == VdevW'(i) ? Pairs'(1) << pair_i : '0);
        if (take && loses && loser[VdevW+SlotW-1:SlotW] == VdevW'(i))
          filled_q[i][loser[SlotW-1:0]] <= 1'b0;
        if (reg_vdev_i == VdevW'(i)) filled_q[i][reg_slot_i] <= take;
      end
    end
  end
  always_ff @(posedge clk_i) begin
    if (take) slot_pair[reg_slot] <= pair_i;
    if (take) pair_slot[pair_i]   <= reg_slot;
  end

  // ---- engines ----

  localparam int unsigned Rx = 0;
  localparam int unsigned Tx = 1;
  localparam int unsigned Ctrl = 2;

  logic [2:0] load, load_ready, store, store_ready, count, count_ready, serving, queue, busy, taken;
  logic [2:0] run, kicked, pick, picked;
  logic [2:0][QueueW-1:0]              number;
  logic [2:0][vqnic_pkg::VQ_REL_W-1:0] rel;
  vqnic_pkg::vq_ctx_t                  load_ctx;
  logic [PairW-1:0]                    tx_pick_pair;
  logic [VdevW-1:0]                    ctrl_pick_vdev;

  logic [VdevW+SlotW-1:0] get_slot;
  logic                   get_none;
  assign get_slot = {rx_get_vdev_i, rx_get_pair_i};
  assign get_none = !filled_q[rx_get_vdev_i][rx_get_pair_i];
  assign pick[Rx] = rx_get_valid_i;

  vqnic_vq_port #(
    .GIVE(1'b1)
  ) u_rx_port (
    .clk_i,
    .rst_ni,
    .stop_i,
    .pick_i       (pick[Rx]),
    .pick_none_i  (get_none),
    .pick_number_i(QueueW'({slot_pair[get_slot], 1'b0})),
    .picked_o     (picked[Rx]),
    .load_o       (load[Rx]),
    .load_ready_i (load_ready[Rx]),
    .ctx_i        (load_ctx),
    .run_i        (run[Rx]),
    .kicked_i     (kicked[Rx]),
    .store_o      (store[Rx]),
    .store_ready_i(store_ready[Rx]),
    .count_o      (count[Rx]),
    .count_ready_i(count_ready[Rx]),
    .rel_o        (rel[Rx]),
    .serving_o    (serving[Rx]),
    .queue_o      (queue[Rx]),
    .number_o     (number[Rx]),
    .busy_o       (busy[Rx]),
    .take_o       (taken[Rx]),
    .valid_o      (rx_ctx_valid_o),
    .take_i       (1'b0),
    .ctx_o        (rx_ctx_o),
    .rel_valid_i  (rx_rel_valid_i),
    .rel_i        (rx_rel_i)
  );

  vqnic_vq_port u_tx_port (
    .clk_i,
    .rst_ni,
    .stop_i,
    .pick_i       (pick[Tx]),
    .pick_none_i  (1'b0),
    .pick_number_i(QueueW'({tx_pick_pair, 1'b1})),
    .picked_o     (picked[Tx]),
    .load_o       (load[Tx]),
    .load_ready_i (load_ready[Tx]),
    .ctx_i        (load_ctx),
    .run_i        (run[Tx]),
    .kicked_i     (kicked[Tx]),
    .store_o      (store[Tx]),
    .store_ready_i(store_ready[Tx]),
    .count_o      (count[Tx]),
    .count_ready_i(count_ready[Tx]),
    .rel_o        (rel[Tx]),
    .serving_o    (serving[Tx]),
    .queue_o      (queue[Tx]),
    .number_o     (number[Tx]),
    .busy_o       (busy[Tx]),
    .take_o       (taken[Tx]),
    .valid_o      (tx_work_valid_o),
    .take_i       (tx_work_take_i),
    .ctx_o        (tx_ctx_o),
    .rel_valid_i  (tx_rel_valid_i),
    .rel_i        (tx_rel_i)
  );

  vqnic_vq_port u_ctrl_port (
    .clk_i,
    .rst_ni,
    .stop_i,
    .pick_i       (pick[Ctrl]),
    .pick_none_i  (1'b0),
    .pick_number_i(CtrlFirst + QueueW'(ctrl_pick_vdev)),
    .picked_o     (picked[Ctrl]),
    .load_o       (load[Ctrl]),
    .load_ready_i (load_ready[Ctrl]),
    .ctx_i        (load_ctx),
    .run_i        (run[Ctrl]),
    .kicked_i     (kicked[Ctrl]),
    .store_o      (store[Ctrl]),
    .store_ready_i(store_ready[Ctrl]),
    .count_o      (count[Ctrl]),
    .count_ready_i(count_ready[Ctrl]),
    .rel_o        (rel[Ctrl]),
    .serving_o    (serving[Ctrl]),
    .queue_o      (queue[Ctrl]),
    .number_o     (number[Ctrl]),
    .busy_o       (busy[Ctrl]),
    .take_o       (taken[Ctrl]),
    .valid_o      (ctrl_work_valid_o),
    .take_i       (ctrl_work_take_i),
    .ctx_o        (ctrl_ctx_o),
    .rel_valid_i  (ctrl_rel_valid_i),
    .rel_i        (ctrl_rel_i)
  );

  // ---- memories ----

  localparam int unsigned SetupW = 11 + 60 + 63 + 62;
  localparam int unsigned StateW = 3 * 16 + 1;
  localparam int unsigned FaultW = 8 + 64;

  logic [SetupW-1:0] setup_mem [1 << QueueW];   // size, desc, driver, device
  logic [15:0]       vector_mem [1 << QueueW];
  logic [StateW-1:0] state_mem [1 << QueueW];   // avail, used, seen, armed
  logic [FaultW-1:0] fault_mem [1 << QueueW];   // code, info

  // Reading: the engines first. None of them asks again soon.
  typedef enum logic [1:0] {RegIdle, RegData, RegStat} reg_state_e;
  reg_state_e        reg_state_q;
  logic              reg_load, stat_read;
  logic              read;
  logic [QueueW-1:0] read_number, read_number_q;
  logic [VdevW-1:0]  read_vdev_q;
  logic [SlotW-1:0]  read_slot_q;
  logic [VdevW+SlotW-1:0] read_owner;
  assign stat_read = reg_req_i && (reg_vdev_counter_i || (reg_counter_i && reg_exists));
  assign reg_load  = reg_req_i && !reg_counter_i && !reg_vdev_counter_i && reg_state_q == RegIdle;
  assign read      = load != '0 || reg_load;

  always_comb begin
    load_ready  = '0;
    read_number = reg_number;
    if (load[Rx]) begin
      load_ready[Rx] = 1'b1;
      read_number    = number[Rx];
    end else if (load[Tx]) begin
      load_ready[Tx] = 1'b1;
      read_number    = number[Tx];
    end else if (load[Ctrl]) begin
      load_ready[Ctrl] = 1'b1;
      read_number      = number[Ctrl];
    end
  end
  assign read_owner = pair_slot[read_number[PairW:1]];

  logic [SetupW-1:0] setup;
  logic [StateW-1:0] state;
  logic [FaultW-1:0] fault;
  logic [15:0]       vector;
  always_ff @(posedge clk_i) begin
    if (read) begin
      setup  <= setup_mem[read_number];
      state  <= state_mem[read_number];
      fault  <= fault_mem[read_number];
      vector <= vector_mem[read_number];
    end
  end
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      read_number_q <= '0;
      read_vdev_q   <= '0;
      read_slot_q   <= '0;
    end else if (read) begin
      read_number_q <= read_number;
      if (load[Rx])                    {read_vdev_q, read_slot_q} <= get_slot;
      else if (read_number[QueueW-1])  {read_vdev_q, read_slot_q} <=
                                           {read_number[VdevW-1:0], SlotW'(0)};
      else                             {read_vdev_q, read_slot_q} <= read_owner;
    end
  end

  assign look_vdev_o = read_vdev_q;
  assign look_ctrl_o = read_number_q[QueueW-1];
  always_comb begin
    load_ctx            = '0;
    load_ctx.event_idx  = look_features_i[vqnic_pkg::F_RING_EVENT_IDX];
    load_ctx.mrg_rxbuf  = look_features_i[vqnic_pkg::F_NET_MRG_RXBUF];
    load_ctx.indirect   = look_features_i[vqnic_pkg::F_RING_INDIRECT_DESC];
    load_ctx.csum       = look_features_i[vqnic_pkg::F_NET_CSUM];
    load_ctx.guest_csum = look_features_i[vqnic_pkg::F_NET_GUEST_CSUM];
    load_ctx.number     = read_number_q;
    load_ctx.vdev       = read_vdev_q;
    load_ctx.pair       = read_slot_q;
    load_ctx.asid       = look_asid_i;
    load_ctx.mtu        = look_mtu_i;
    {load_ctx.size, load_ctx.desc[63:4], load_ctx.driver[63:1], load_ctx.device[63:2]} = setup;
    {load_ctx.avail, load_ctx.used, load_ctx.seen, load_ctx.armed} = state;
  end

  // Writing back: one engine a cycle.
  vqnic_pkg::vq_rel_t store_rel;
  logic [QueueW-1:0]  store_number;
  logic               store_any;
  always_comb begin
    store_ready  = '0;
    store_number = number[Ctrl];
    store_rel    = rel[Ctrl];
    if (store[Rx]) begin
      store_ready[Rx] = 1'b1;
      store_number    = number[Rx];
      store_rel       = rel[Rx];
    end else if (store[Tx]) begin
      store_ready[Tx] = 1'b1;
      store_number    = number[Tx];
      store_rel       = rel[Tx];
    end else if (store[Ctrl]) begin
      store_ready[Ctrl] = 1'b1;
    end
  end
  assign store_any = store != '0;

  vqnic_pkg::vq_ctx_t rx_ctx, tx_ctx, ctrl_ctx;
  assign rx_ctx   = rx_ctx_o;
  assign tx_ctx   = tx_ctx_o;
  assign ctrl_ctx = ctrl_ctx_o;

  logic stored_fault;
  assign stored_fault = store_any && store_rel.fault;
  always_comb begin
    fault_o = '0;
    if (stored_fault) begin
      if (store[Rx])      fault_o[rx_ctx.vdev] = 1'b1;
      else if (store[Tx]) fault_o[tx_ctx.vdev] = 1'b1;
      else                fault_o[ctrl_ctx.vdev] = 1'b1;
    end
  end
  assign rx_irq_o        = store_ready[Rx] && store_rel.irq;
  assign rx_irq_pair_o   = number[Rx][PairW:1];
  assign tx_irq_o        = store_ready[Tx] && store_rel.irq;
  assign tx_irq_pair_o   = number[Tx][PairW:1];
  assign ctrl_irq_o      = store_ready[Ctrl] && store_rel.irq;
  assign ctrl_irq_vdev_o = number[Ctrl][VdevW-1:0];

  // ---- registers of a queue ----

  logic [10:0] size;
  logic [63:4] desc;
  logic [63:1] driver;
  logic [63:2] device;
  logic [15:0] avail, used, vector_now;
  logic        enabled, resetting, faulty, fresh, reg_busy;
  always_comb begin
    {size, desc, driver, device} = setup;
    {avail, used} = state[StateW-1:17];
    vector_now = vector;
    if (fresh) begin
      size       = 11'(vqnic_regs_pkg::VQ_SIZE_LIMIT);
      desc       = '0;
      driver     = '0;
      device     = '0;
      avail      = '0;
      used       = '0;
      vector_now = 16'(vqnic_regs_pkg::NO_VECTOR);
    end
  end

  logic [63:0] stat_value;
  logic        stat_done;
  always_comb begin
    reg_rdata_o = '0;
    if (stat_read) begin
      reg_rdata_o = stat_value;
    end else if (reg_state_q == RegData && reg_exists) begin
      unique case ({reg_addr_i[11:3], 3'b000})
        vqnic_regs_pkg::REG_QUEUE_SIZE:
          reg_rdata_o = {16'(reg_number), 15'd0, enabled, vector_now, 5'd0, size};
        vqnic_regs_pkg::REG_QUEUE_DESC:   reg_rdata_o = {desc, 4'd0};
        vqnic_regs_pkg::REG_QUEUE_DRIVER: reg_rdata_o = {driver, 1'd0};
        vqnic_regs_pkg::REG_QUEUE_DEVICE: reg_rdata_o = {device, 2'd0};
        vqnic_regs_pkg::REG_QUEUE_NOTIF_CONFIG_DATA: reg_rdata_o[16] = resetting;
        vqnic_regs_pkg::REG_QUEUE_AVAIL_STATE: begin
          reg_rdata_o[31:0] = {used, avail};
          reg_rdata_o[32 + vqnic_regs_pkg::QUEUE_STATUS_BUSY_LSB] = reg_busy;
        end
        vqnic_regs_pkg::REG_QUEUE_FAULT:
          if (faulty) reg_rdata_o = {56'd0, fault[FaultW-1:64]};
        vqnic_regs_pkg::REG_QUEUE_FAULT_INFO:
          if (faulty) reg_rdata_o = fault[63:0];
        default: ;
      endcase
    end
  end

  function automatic logic valid_size(input logic [15:0] value);
    valid_size = value != '0 && (value & (value - 16'd1)) == '0 &&
        value <= 16'(vqnic_regs_pkg::VQ_SIZE_LIMIT);
  endfunction

  logic [11:0]       word;
  logic [31:0]       wword;
  logic              write, enable_now, reset_now;
  logic [10:0]       size_next;
  logic [63:4]       desc_next;
  logic [63:1]       driver_next;
  logic [63:2]       device_next;
  logic [15:0]       avail_next, used_next, vector_next;
  assign word  = {reg_addr_i[11:2], 2'b00};
  assign wword = vqnic_pkg::merge(reg_addr_i[2] ? reg_rdata_o[63:32] : reg_rdata_o[31:0],
                                  reg_wdata_i, reg_wstrb_i);
  // A write waits for a cycle in which no engine writes.
  assign write = reg_req_i && reg_state_q == RegData && reg_we_i && reg_exists && !store_any;
  always_comb begin
    size_next   = size;
    desc_next   = desc;
    driver_next = driver;
    device_next = device;
    avail_next  = avail;
    used_next   = used;
    vector_next = vector_now;
    enable_now  = 1'b0;
    reset_now   = 1'b0;
    if (write) begin
      unique case (word)
        vqnic_regs_pkg::REG_QUEUE_SIZE: begin
          vector_next = vqnic_pkg::possible_vector(wword[31:16]);
          if (!enabled && valid_size(wword[15:0])) size_next = wword[10:0];
        end
        vqnic_regs_pkg::REG_QUEUE_ENABLE: enable_now = reg_wstrb_i[0] && reg_wdata_i[0];
        vqnic_regs_pkg::REG_QUEUE_DESC:
          if (!enabled) desc_next[31:4] = wword[31:4];
        vqnic_regs_pkg::REG_QUEUE_DESC + 12'd4:
          if (!enabled) desc_next[63:32] = wword;
        vqnic_regs_pkg::REG_QUEUE_DRIVER:
          if (!enabled) driver_next[31:1] = wword[31:1];
        vqnic_regs_pkg::REG_QUEUE_DRIVER + 12'd4:
          if (!enabled) driver_next[63:32] = wword;
        vqnic_regs_pkg::REG_QUEUE_DEVICE:
          if (!enabled) device_next[31:2] = wword[31:2];
        vqnic_regs_pkg::REG_QUEUE_DEVICE + 12'd4:
          if (!enabled) device_next[63:32] = wword;
        vqnic_regs_pkg::REG_QUEUE_NOTIF_CONFIG_DATA:  // and QUEUE_RESET
          reset_now = reg_wstrb_i[2] && reg_wdata_i[16];
        vqnic_regs_pkg::REG_QUEUE_AVAIL_STATE:        // and QUEUE_USED_STATE
          if (!enabled) begin
            avail_next = wword[15:0];
            used_next  = wword[31:16];
          end
        default: ;
      endcase
    end
  end

  // The state of an enabled queue is the engine's.
  logic write_state;
  assign write_state = write && !enabled;
  always_ff @(posedge clk_i) begin
    if (write) begin
      setup_mem[reg_number]  <= {size_next, desc_next, driver_next, device_next};
      vector_mem[reg_number] <= vector_next;
    end
    if (store_any || write_state) begin
      state_mem[store_any ? store_number : reg_number] <= store_any ?
          {store_rel.avail, store_rel.used, store_rel.seen, store_rel.armed} :
          {avail_next, used_next, avail_next, 1'b0};
    end
    if (stored_fault) fault_mem[store_number] <= {store_rel.fault_code, store_rel.fault_info};
  end

  // A queue's vector, for its interrupt.
  always_ff @(posedge clk_i) begin
    irq_vector_o <= vector_mem[irq_queue_i];
    irq_vdev_o   <= irq_queue_i[QueueW-1] ? irq_queue_i[VdevW-1:0] :
                    pair_slot[irq_queue_i[PairW:1]][VdevW+SlotW-1:SlotW];
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni)                             reg_state_q <= RegIdle;
    else if (reg_state_q == RegIdle && reg_load && load == '0) reg_state_q <= RegData;
    else                                     reg_state_q <= RegIdle;
  end
  assign reg_ready_o = stat_read ? stat_done :
                       reg_counter_i || (reg_state_q == RegData && !(reg_we_i && store_any));

  // ---- flags ----

  logic [2:0] enabled_of, resetting_of, faulty_of, fresh_of, busy_of, reg_of, resets;
  assign reg_of = reg_ctrl_i ? 3'b100 : reg_tx_i ? 3'b010 : 3'b001;

  logic [Pairs-1:0] set, kick_rx, kick_tx;
  logic [Vdevs-1:0] ctrl_set, kick_ctrl;
  logic [2:0]       write_of, enable_of, reset_of, again, stored;
  logic             op_any;
  assign op_any      = op_start_i || op_stop_i || op_clear_i;
  assign set         = op_any ? owned_q[op_vdev_i] : dropped;
  assign ctrl_set    = Vdevs'(1) << op_vdev_i;
  assign write_of    = write ? reg_of : '0;
  assign enable_of   = write && enable_now ? reg_of : '0;
  assign reset_of    = write && reset_now ? reg_of : '0;
  assign stored      = store_ready;
  assign again       = store_rel.sleep ? '0 : stored;
  assign kick_ctrl   = ctrl_kick_i | (kick_i && kick_queue_i[QueueW-1] ?
                       Vdevs'(1) << kick_queue_i[VdevW-1:0] : '0);

  logic [Pairs-1:0] kick_pair;
  assign kick_pair = kick_i && !kick_queue_i[QueueW-1] ? Pairs'(1) << kick_queue_i[PairW:1] : '0;
  assign kick_rx   = kick_queue_i[0] ? '0 : kick_pair;
  assign kick_tx   = kick_queue_i[0] ? kick_pair : '0;

  // A receive queue is never picked: frames decide, and kicks tell whether there may be buffers.
  // Only control queues tell when they are reset.
  logic [Pairs-1:0] rx_reset_done, tx_reset_done;
  logic [PairW-1:0] rx_pick_pair;
  logic             rx_pick;

  vqnic_vq_flags #(
    .N(Pairs)
  ) u_rx_flags (
    .clk_i,
    .rst_ni,
    .reg_idx_i    (reg_pair),
    .write_i      (write_of[Rx]),
    .enable_i     (enable_of[Rx]),
    .runs_i       (reg_runs_i),
    .reset_i      (reset_of[Rx]),
    .enabled_o    (enabled_of[Rx]),
    .resetting_o  (rx_resetting),
    .faulty_o     (faulty_of[Rx]),
    .fresh_o      (fresh_of[Rx]),
    .busy_o       (busy_of[Rx]),
    .set_i        (set),
    .start_i      (op_start_i),
    .stop_i       (op_stop_i),
    .clear_i      (op_clear_i),
    .drop_i       (give),
    .kick_i       (kick_rx),
    .serving_i    (serving[Rx]),
    .idx_i        (number[Rx][PairW:1]),
    .take_i       (taken[Rx]),
    .again_i      (again[Rx]),
    .fault_i      (stored[Rx] && stored_fault),
    .run_o        (run[Rx]),
    .kicked_o     (kicked[Rx]),
    .pick_o       (rx_pick),
    .pick_idx_o   (rx_pick_pair),
    .picked_i     (1'b0),
    .irq_pending_i(rx_irq_pending_i),
    .reset_done_o (rx_reset_done),
    .resets_o     (resets[Rx])
  );

  vqnic_vq_flags #(
    .N(Pairs)
  ) u_tx_flags (
    .clk_i,
    .rst_ni,
    .reg_idx_i    (reg_pair),
    .write_i      (write_of[Tx]),
    .enable_i     (enable_of[Tx]),
    .runs_i       (reg_runs_i),
    .reset_i      (reset_of[Tx]),
    .enabled_o    (enabled_of[Tx]),
    .resetting_o  (tx_resetting),
    .faulty_o     (faulty_of[Tx]),
    .fresh_o      (fresh_of[Tx]),
    .busy_o       (busy_of[Tx]),
    .set_i        (set),
    .start_i      (op_start_i),
    .stop_i       (op_stop_i),
    .clear_i      (op_clear_i),
    .drop_i       (give),
    .kick_i       (kick_tx),
    .serving_i    (serving[Tx]),
    .idx_i        (number[Tx][PairW:1]),
    .take_i       (taken[Tx]),
    .again_i      (again[Tx]),
    .fault_i      (stored[Tx] && stored_fault),
    .run_o        (run[Tx]),
    .kicked_o     (kicked[Tx]),
    .pick_o       (pick[Tx]),
    .pick_idx_o   (tx_pick_pair),
    .picked_i     (picked[Tx]),
    .irq_pending_i(tx_irq_pending_i),
    .reset_done_o (tx_reset_done),
    .resets_o     (resets[Tx])
  );

  vqnic_vq_flags #(
    .N(Vdevs)
  ) u_ctrl_flags (
    .clk_i,
    .rst_ni,
    .reg_idx_i    (reg_vdev_i),
    .write_i      (write_of[Ctrl]),
    .enable_i     (enable_of[Ctrl]),
    .runs_i       (reg_runs_i),
    .reset_i      (reset_of[Ctrl]),
    .enabled_o    (enabled_of[Ctrl]),
    .resetting_o  (resetting_of[Ctrl]),
    .faulty_o     (faulty_of[Ctrl]),
    .fresh_o      (fresh_of[Ctrl]),
    .busy_o       (busy_of[Ctrl]),
    .set_i        (ctrl_set),
    .start_i      (op_start_i),
    .stop_i       (op_stop_i),
    .clear_i      (op_clear_i),
    .drop_i       (1'b0),
    .kick_i       (kick_ctrl),
    .serving_i    (serving[Ctrl]),
    .idx_i        (number[Ctrl][VdevW-1:0]),
    .take_i       (taken[Ctrl]),
    .again_i      (again[Ctrl]),
    .fault_i      (stored[Ctrl] && stored_fault),
    .run_o        (run[Ctrl]),
    .kicked_o     (kicked[Ctrl]),
    .pick_o       (pick[Ctrl]),
    .pick_idx_o   (ctrl_pick_vdev),
    .picked_i     (picked[Ctrl]),
    .irq_pending_i(ctrl_irq_pending_i),
    .reset_done_o (ctrl_reset_o),
    .resets_o     (resets[Ctrl])
  );
  assign resetting_of[Rx] = rx_resetting;
  assign resetting_of[Tx] = tx_resetting;
  assign enabled   = (enabled_of & reg_of) != '0;
  assign resetting = (resetting_of & reg_of) != '0;
  assign faulty    = (faulty_of & reg_of) != '0;
  assign fresh     = (fresh_of & reg_of) != '0;
  assign reg_busy  = (busy_of & reg_of) != '0;

  // Whatever is in flight for the vdev, also on a pair that is not its own any more.
  logic [2:0] busy_for;
  assign busy_for[Rx]   = busy[Rx] && rx_ctx.vdev == ask_vdev_i;
  assign busy_for[Tx]   = busy[Tx] && tx_ctx.vdev == ask_vdev_i;
  assign busy_for[Ctrl] = busy[Ctrl] && ctrl_ctx.vdev == ask_vdev_i;
  assign ask_busy_o = busy_for != '0 || ctrl_irq_pending_i[ask_vdev_i] ||
                      (owned_q[ask_vdev_i] & (rx_irq_pending_i | tx_irq_pending_i)) != '0;

  // ---- counters ----

  function automatic logic [vqnic_pkg::EVENT_W-1:0] event_of(
      input logic [vqnic_pkg::VQ_REL_W-1:0] rel_in, input logic [VdevW-1:0] vdev,
      input logic of_queue, input logic [QueueW-1:0] number_in,
      input logic [3:0] frame_idx, input logic [3:0] bytes_idx);
    vqnic_pkg::vq_rel_t parts;
    vqnic_pkg::event_t  e;
    parts       = rel_in;
    e.vdev      = vdev;
    e.of_queue  = of_queue;
    e.number    = number_in;
    e.frame     = parts.frame;
    e.frame_idx = frame_idx;
    e.bytes     = parts.bytes;
    e.bytes_idx = bytes_idx;
    e.drops     = {7'd0, parts.no_buffer || parts.too_long || parts.not_ready};
    e.drop_idx  = parts.no_buffer ? vqnic_pkg::COUNT_RX_DROP_NO_BUFFER :
                  parts.too_long  ? vqnic_pkg::COUNT_RX_DROP_TOO_LONG :
                                    vqnic_pkg::COUNT_RX_DROP_NOT_READY;
    event_of = e;
  endfunction

  // What was in flight on a pair that was taken away is not counted for its new owner.
  logic rx_owned, tx_owned;
  assign rx_owned = queue[Rx] && owned_q[rx_ctx.vdev][number[Rx][PairW:1]];
  assign tx_owned = owned_q[tx_ctx.vdev][number[Tx][PairW:1]];

  // QUEUE_FRAMES and what follows it; TX_FRAMES and what follows it.
  logic [3:0] stat_idx;
  assign stat_idx = reg_vdev_counter_i ? reg_addr_i[6:3] : {2'd0, reg_addr_i[4:3]};

  logic              stats_idle;
  logic [EVENTS+2:0] event_ready;
  vqnic_stats #(
    .N(EVENTS + 3)
  ) u_stats (
    .clk_i,
    .rst_ni,
    .event_valid_i ({event_valid_i, count}),
    .event_ready_o (event_ready),
    .event_i       ({event_i,
                     event_of(rel[Ctrl], ctrl_ctx.vdev, 1'b1, number[Ctrl],
                              vqnic_pkg::COUNT_COMMANDS_TAKEN, vqnic_pkg::COUNT_UNUSED),
                     event_of(rel[Tx], tx_ctx.vdev, tx_owned, number[Tx],
                              vqnic_pkg::COUNT_TX_FRAMES, vqnic_pkg::COUNT_TX_BYTES),
                     event_of(rel[Rx], rx_ctx.vdev, rx_owned, number[Rx],
                              vqnic_pkg::COUNT_RX_FRAMES, vqnic_pkg::COUNT_RX_BYTES)}),
    .clear_i       (give_q == GiveClearRx || give_q == GiveClearTx),
    .clear_queue_i (QueueW'({pair_i, give_q == GiveClearTx})),
    .clear_done_o  (clear_done),
    .read_i        (stat_read),
    .read_of_vdev_i(reg_vdev_counter_i),
    .read_vdev_i   (reg_vdev_i),
    .read_queue_i  (reg_number),
    .read_idx_i    (stat_idx),
    .read_done_o   (stat_done),
    .value_o       (stat_value),
    .idle_o        (stats_idle)
  );
  assign {event_ready_o, count_ready} = event_ready;

  assign idle_o = serving == '0 && busy == '0 && (stop_i || !(pick[Tx] || pick[Ctrl])) &&
                  resets == '0 && give_q == GiveIdle && stats_idle;

endmodule
