// SPDX-License-Identifier: Apache-2.0
//
// Gives the engines the queues that they serve, one at a time each, and takes back what becomes of
// them.
//
// Transmit: the queue on `work_valid_o` may have work; round robin. `work_take_i` begins its
// service. It is served when it was kicked or has just begun to run, until an engine lets it sleep;
// a kick that comes during the service counts afterwards.
//
// Receive: the engine asks for the queue of `get_vdev_i` and `get_pair_i`, and has it from
// `ctx_valid_o` on, whether it runs or not.
//
// A context stands, except for `run`, until the engine's `rel_valid_i`; the queue is busy as long.

module vqnic_vq_table #(
  parameter int unsigned VDEVS = 2
) (
  input  logic             clk_i,
  input  logic             rst_ni,

  input  logic [VDEVS-1:0] tx_kick_i,
  // What the registers know of the queues: a vq_ctx_t each.
  input  logic [VDEVS-1:0][vqnic_pkg::VQ_CTX_W-1:0] tx_ctx_i,
  input  logic [VDEVS-1:0][vqnic_pkg::VQ_CTX_W-1:0] rx_ctx_i,
  input  logic [VDEVS-1:0][15:0] mtu_i,
  output logic [VDEVS-1:0] tx_busy_o,
  output logic [VDEVS-1:0] rx_busy_o,
  output logic [VDEVS-1:0] tx_rel_o,       // the queue is released with what is on tx_rel_i
  output logic [VDEVS-1:0] rx_rel_o,

  // Transmit engine.
  output logic             tx_work_valid_o,
  input  logic             tx_work_take_i, // only with tx_work_valid_o
  output logic [vqnic_pkg::VQ_CTX_W-1:0] tx_ctx_o,  // a vq_ctx_t
  input  logic             tx_rel_valid_i,
  input  logic [vqnic_pkg::VQ_REL_W-1:0] tx_rel_i,  // a vq_rel_t

  // Receive engine.
  input  logic             rx_get_valid_i, // stands until rx_ctx_valid_o
  input  logic [3:0]       rx_get_vdev_i,
  input  logic [3:0]       rx_get_pair_i,
  output logic             rx_ctx_valid_o, // until the release
  output logic [vqnic_pkg::VQ_CTX_W-1:0] rx_ctx_o,
  input  logic             rx_rel_valid_i,
  input  logic [vqnic_pkg::VQ_REL_W-1:0] rx_rel_i,

  output logic             idle_o
);

  localparam int unsigned IdxW = VDEVS > 1 ? $clog2(VDEVS) : 1;

  // A queue's part of a context that is kept here.
  logic [VDEVS-1:0]       tx_run, rx_run, tx_running_q, rx_running_q, kick_q, armed_q;
  logic [VDEVS-1:0][15:0] tx_seen_q, rx_seen_q;

  vqnic_pkg::vq_rel_t tx_rel, rx_rel;
  assign tx_rel = tx_rel_i;
  assign rx_rel = rx_rel_i;

  // Which queue an engine is offered, or has.
  logic            tx_offer_q, tx_serve_q, rx_serve_q;
  logic [IdxW-1:0] tx_idx_q, rx_idx_q;

  logic            pick;
  logic [IdxW-1:0] pick_idx;
  logic [VDEVS-1:0] serve;
  assign serve = tx_run & tx_running_q & kick_q;
  vqnic_arbiter #(
    .N(VDEVS)
  ) u_arbiter (
    .clk_i,
    .rst_ni,
    .req_i  (tx_offer_q || tx_serve_q ? '0 : serve),
    .valid_o(pick),
    .idx_o  (pick_idx),
    .done_i (pick)
  );

  assign tx_work_valid_o = tx_offer_q && serve[tx_idx_q];
  assign rx_ctx_valid_o  = rx_serve_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      tx_offer_q <= 1'b0;
      tx_serve_q <= 1'b0;
      tx_idx_q   <= '0;
      rx_serve_q <= 1'b0;
      rx_idx_q   <= '0;
    end else begin
      if (pick) tx_idx_q <= pick_idx;
      tx_offer_q <= pick || (tx_work_valid_o && !tx_work_take_i);
      if (tx_work_take_i)      tx_serve_q <= 1'b1;
      else if (tx_rel_valid_i) tx_serve_q <= 1'b0;
      if (!rx_serve_q && rx_get_valid_i) begin
        rx_serve_q <= 1'b1;
        rx_idx_q   <= rx_get_vdev_i[IdxW-1:0];
      end else if (rx_rel_valid_i) begin
        rx_serve_q <= 1'b0;
      end
    end
  end

  vqnic_pkg::vq_ctx_t tx_ctx, rx_ctx;
  always_comb begin
    tx_ctx       = tx_ctx_i[tx_idx_q];
    tx_ctx.number = 8'(vqnic_pkg::VQ_TX) + 8'({tx_idx_q, 1'b0});
    tx_ctx.vdev  = 4'(tx_idx_q);
    tx_ctx.mtu   = mtu_i[tx_idx_q];
    tx_ctx.seen  = tx_seen_q[tx_idx_q];
    tx_ctx.armed = armed_q[tx_idx_q];
    rx_ctx       = rx_ctx_i[rx_idx_q];
    rx_ctx.run   = rx_run[rx_idx_q] && rx_running_q[rx_idx_q];
    rx_ctx.number = 8'(vqnic_pkg::VQ_RX) + 8'({rx_idx_q, 1'b0});
    rx_ctx.vdev  = 4'(rx_idx_q);
    rx_ctx.mtu   = mtu_i[rx_idx_q];
    rx_ctx.seen  = rx_seen_q[rx_idx_q];
  end
  assign tx_ctx_o = tx_ctx;
  assign rx_ctx_o = rx_ctx;

  for (genvar i = 0; i < VDEVS; i++) begin : gen_vdev
    vqnic_pkg::vq_ctx_t tx_here, rx_here;
    assign tx_here      = tx_ctx_i[i];
    assign rx_here      = rx_ctx_i[i];
    assign tx_run[i]    = tx_here.run;
    assign rx_run[i]    = rx_here.run;
    assign tx_busy_o[i] = tx_serve_q && tx_idx_q == IdxW'(i);
    assign rx_busy_o[i] = rx_serve_q && rx_idx_q == IdxW'(i);
    assign tx_rel_o[i]  = tx_busy_o[i] && tx_rel_valid_i;
    assign rx_rel_o[i]  = rx_busy_o[i] && rx_rel_valid_i;

    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni) begin
        tx_running_q[i] <= 1'b0;
        rx_running_q[i] <= 1'b0;
        kick_q[i]       <= 1'b0;
        armed_q[i]      <= 1'b0;
        tx_seen_q[i]    <= '0;
        rx_seen_q[i]    <= '0;
      end else begin
        tx_running_q[i] <= tx_run[i];
        rx_running_q[i] <= rx_run[i];
        if (tx_run[i] && !tx_running_q[i]) begin
          kick_q[i]    <= 1'b1;
          armed_q[i]   <= 1'b0;
          tx_seen_q[i] <= tx_here.avail;
        end else begin
          if (!tx_run[i])                                         kick_q[i] <= 1'b0;
          else if (tx_kick_i[i] || (tx_rel_o[i] && !tx_rel.sleep)) kick_q[i] <= 1'b1;
          else if (tx_work_take_i && tx_idx_q == IdxW'(i))        kick_q[i] <= 1'b0;
          if (tx_rel_o[i]) begin
            armed_q[i]   <= tx_rel.armed;
            tx_seen_q[i] <= tx_rel.seen;
          end
        end
        if (rx_run[i] && !rx_running_q[i]) rx_seen_q[i] <= rx_here.avail;
        else if (rx_rel_o[i])              rx_seen_q[i] <= rx_rel.seen;
      end
    end
  end

  assign idle_o = serve == '0 && tx_run == tx_running_q && rx_run == rx_running_q &&
                  !tx_offer_q && !tx_serve_q && !rx_serve_q;

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni) begin
      take_an_offer:    assert (!tx_work_take_i || tx_work_valid_o);
      tx_release_once:  assert (!tx_rel_valid_i || tx_serve_q);
      rx_release_once:  assert (!rx_rel_valid_i || rx_serve_q);
      queue_exists:     assert (!rx_get_valid_i ||
                                (32'(rx_get_vdev_i) < VDEVS && rx_get_pair_i == '0));
    end
  end
`endif

endmodule
