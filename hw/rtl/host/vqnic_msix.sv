// SPDX-License-Identifier: Apache-2.0
//
// Collects interrupts and sends them one by one: of receive, transmit and control queues, of the
// vdevs' configurations, and of the card. An interrupt that is raised again before it is sent is
// sent once. A source without a vector sends nothing. Whose interrupt is sent is asked for by its
// source, and its vector taken one cycle later.

module vqnic_msix #(
  localparam int unsigned Vdevs = vqnic_regs_pkg::VDEVS,
  localparam int unsigned Pairs = vqnic_regs_pkg::PAIRS,
  localparam int unsigned PairW = $clog2(Pairs),
  localparam int unsigned VdevW = vqnic_pkg::VDEV_W,
  localparam int unsigned QueueW = vqnic_pkg::QUEUE_W
) (
  input  logic              clk_i,
  input  logic              rst_ni,

  // Raise.
  input  logic              rx_irq_i,
  input  logic [PairW-1:0]  rx_pair_i,
  input  logic              tx_irq_i,
  input  logic [PairW-1:0]  tx_pair_i,
  input  logic              ctrl_irq_i,
  input  logic [VdevW-1:0]  ctrl_vdev_i,
  input  logic [Vdevs-1:0]  config_irq_i,
  input  logic              card_irq_i,

  // Raised and not yet sent.
  output logic [Pairs-1:0]  rx_pending_o,
  output logic [Pairs-1:0]  tx_pending_o,
  output logic [Vdevs-1:0]  ctrl_pending_o,
  output logic [Vdevs-1:0]  config_pending_o,

  // The source: a queue, a vdev's configuration, or the card.
  output logic [QueueW-1:0] queue_o,
  output logic [VdevW-1:0]  config_vdev_o,
  input  logic [15:0]       queue_vector_i,   // of queue_o in the last cycle
  input  logic [VdevW-1:0]  queue_vdev_i,     // whose queue it is
  input  logic [15:0]       config_vector_i,  // of config_vdev_o
  input  logic [15:0]       card_vector_i,

  output logic              count_valid_o,    // to vqnic_stats
  input  logic              count_ready_i,
  output logic [vqnic_pkg::EVENT_W-1:0] count_o,

  output logic              msix_valid_o,
  input  logic              msix_ready_i,
  output logic [10:0]       msix_vector_o,
  output logic              idle_o
);

  localparam int unsigned Others = 2 * Vdevs + 1;   // control queues, configurations, the card
  localparam int unsigned OtherW = $clog2(Others);

  typedef enum logic [2:0] {Idle, Find, Look, Send, Count} state_e;
  typedef enum logic [1:0] {Rx, Tx, Other} group_e;

  state_e            state_q;
  group_e            group_q, group_d;
  logic [Pairs-1:0]  rx_q, tx_q;
  logic [Others-1:0] other_q;
  logic [PairW-1:0]  rx_idx_q, tx_idx_q, rx_idx, tx_idx;
  logic [OtherW-1:0] other_idx_q, other_idx;
  logic              rx_any, tx_any, other_any;
  logic [10:0]       vector_q;
  logic [VdevW-1:0]  vdev_q;

  vqnic_pick #(.N(Pairs)) u_rx_pick (
    .req_i  (rx_q),
    .last_i (rx_idx_q),
    .valid_o(rx_any),
    .idx_o  (rx_idx)
  );
  vqnic_pick #(.N(Pairs)) u_tx_pick (
    .req_i  (tx_q),
    .last_i (tx_idx_q),
    .valid_o(tx_any),
    .idx_o  (tx_idx)
  );
  vqnic_pick #(.N(Others)) u_other_pick (
    .req_i  (other_q),
    .last_i (other_idx_q),
    .valid_o(other_any),
    .idx_o  (other_idx)
  );

  // The groups take turns.
  always_comb begin
    unique case (group_q)
      Rx:      group_d = tx_any ? Tx : other_any ? Other : Rx;
      Tx:      group_d = other_any ? Other : rx_any ? Rx : Tx;
      default: group_d = rx_any ? Rx : tx_any ? Tx : Other;
    endcase
  end

  logic take;
  assign take = state_q == Idle && (rx_any || tx_any || other_any);

  logic [Others-1:0] other_irq;
  assign other_irq = {card_irq_i, config_irq_i, ctrl_irq_i ? Vdevs'(1) << ctrl_vdev_i : '0};

  logic is_ctrl, is_config;
  assign is_ctrl   = other_idx_q < OtherW'(Vdevs);
  assign is_config = !is_ctrl && other_idx_q < OtherW'(2 * Vdevs);

  logic [15:0] vector;
  assign vector = group_q != Other || is_ctrl ? queue_vector_i :
                  is_config ? config_vector_i : card_vector_i;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q     <= Idle;
      group_q     <= Rx;
      rx_q        <= '0;
      tx_q        <= '0;
      other_q     <= '0;
      rx_idx_q    <= '0;
      tx_idx_q    <= '0;
      other_idx_q <= '0;
      vector_q    <= '0;
      vdev_q      <= '0;
    end else begin
      rx_q    <= (rx_q & ~(take && group_d == Rx ? Pairs'(1) << rx_idx : '0)) |
                 (rx_irq_i ? Pairs'(1) << rx_pair_i : '0);
      tx_q    <= (tx_q & ~(take && group_d == Tx ? Pairs'(1) << tx_idx : '0)) |
                 (tx_irq_i ? Pairs'(1) << tx_pair_i : '0);
      other_q <= (other_q & ~(take && group_d == Other ? Others'(1) << other_idx : '0)) |
                 other_irq;
      unique case (state_q)
        Idle: begin
          if (take) begin
            state_q <= Find;
            group_q <= group_d;
            unique case (group_d)
              Rx:      rx_idx_q <= rx_idx;
              Tx:      tx_idx_q <= tx_idx;
              default: other_idx_q <= other_idx;
            endcase
          end
        end
        Find: state_q <= Look;
        Look: begin
          vector_q <= vector[10:0];
          vdev_q   <= group_q == Other ? other_idx_q[VdevW-1:0] : queue_vdev_i;
          state_q  <= vector == 16'(vqnic_regs_pkg::NO_VECTOR) ? Idle : Send;
        end
        Send: begin
          if (msix_ready_i) state_q <= group_q != Other || is_ctrl || is_config ? Count : Idle;
        end
        Count:   if (count_ready_i) state_q <= Idle;
        default: state_q <= Idle;
      endcase
    end
  end

  always_comb begin
    unique case (group_q)
      Rx:      queue_o = QueueW'({rx_idx_q, 1'b0});
      Tx:      queue_o = QueueW'({tx_idx_q, 1'b1});
      default: queue_o = QueueW'(vqnic_regs_pkg::CTRL_QUEUE_FIRST) + QueueW'(other_idx_q);
    endcase
  end
  assign config_vdev_o = other_idx_q[VdevW-1:0];

  logic [2*Vdevs-1:0] other_pending;
  logic               sending;
  assign sending       = state_q != Idle;
  assign rx_pending_o  = rx_q | (sending && group_q == Rx ? Pairs'(1) << rx_idx_q : '0);
  assign tx_pending_o  = tx_q | (sending && group_q == Tx ? Pairs'(1) << tx_idx_q : '0);
  assign other_pending = other_q[2*Vdevs-1:0] |
                         (sending && group_q == Other ? (2 * Vdevs)'(1) << other_idx_q : '0);
  assign ctrl_pending_o   = other_pending[Vdevs-1:0];
  assign config_pending_o = other_pending[2*Vdevs-1:Vdevs];

  vqnic_pkg::event_t count;
  always_comb begin
    count           = '0;
    count.vdev      = vdev_q;
    count.frame     = 1'b1;
    count.frame_idx = vqnic_pkg::COUNT_INTERRUPTS;
  end
  assign count_valid_o = state_q == Count;
  assign count_o       = count;

  assign msix_valid_o  = state_q == Send;
  assign msix_vector_o = vector_q;
  assign idle_o        = !sending && !rx_any && !tx_any && !other_any;

endmodule
