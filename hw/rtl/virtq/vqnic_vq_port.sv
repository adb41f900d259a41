// SPDX-License-Identifier: Apache-2.0
//
// One engine's queue: its context is loaded, offered and served; what the engine says of it is
// written back and counted, and only then comes the next one.
//
// `live_q`: the queue ran when it was loaded, so that its context is what the engine may go by. A
// queue that begins to run later has to be loaded again.

module vqnic_vq_port #(
  parameter bit GIVE = 1'b0   // the engine asked for the queue: it gets it, whether it runs or not
) (
  input  logic         clk_i,
  input  logic         rst_ni,
  input  logic         stop_i,         // the card is about to be reset: no queue runs

  input  logic         pick_i,         // serve queue pick_number_i
  input  logic         pick_none_i,    // there is no such queue
  input  logic [vqnic_pkg::QUEUE_W-1:0] pick_number_i,
  output logic         picked_o,

  output logic         load_o,         // stands until load_ready_i
  input  logic         load_ready_i,   // in the cycle after that, the context is on ctx_i
  input  logic [vqnic_pkg::VQ_CTX_W-1:0] ctx_i,  // a vq_ctx_t; `run` and `kicked` count for nothing
  input  logic         run_i,          // of queue number_o
  input  logic         kicked_i,
  output logic         store_o,        // stands until store_ready_i
  input  logic         store_ready_i,
  output logic         count_o,        // stands until count_ready_i
  input  logic         count_ready_i,
  output logic [vqnic_pkg::VQ_REL_W-1:0] rel_o,  // of the queue that is stored and counted

  output logic         serving_o,      // queue number_o is loaded, served, or stored
  output logic         queue_o,        // there is one
  output logic [vqnic_pkg::QUEUE_W-1:0] number_o,
  output logic         busy_o,         // the engine works for it, or it is stored
  output logic         take_o,         // the engine begins

  // The engine.
  output logic         valid_o,
  input  logic         take_i,
  output logic [vqnic_pkg::VQ_CTX_W-1:0] ctx_o,
  input  logic         rel_valid_i,
  input  logic [vqnic_pkg::VQ_REL_W-1:0] rel_i
);

  typedef enum logic [2:0] {
    Free,
    Load,
    Data,    // the context comes out of the memory
    Offer,
    Serve,
    Store,
    Count
  } state_e;

  state_e state_q;
  logic   live_q, none_q;
  logic [vqnic_pkg::QUEUE_W-1:0]  number_q;
  logic [vqnic_pkg::VQ_REL_W-1:0] rel_q;
  vqnic_pkg::vq_ctx_t             ctx_q, ctx;

  logic run;
  assign run = live_q && run_i && !stop_i && !none_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q  <= Free;
      live_q   <= 1'b0;
      none_q   <= 1'b0;
      number_q <= '0;
      rel_q    <= '0;
      ctx_q    <= '0;
    end else begin
      unique case (state_q)
        Free: begin
          if (picked_o) begin
            state_q  <= Load;
            number_q <= pick_number_i;
            none_q   <= pick_none_i;
          end
        end
        Load: if (load_ready_i) state_q <= Data;
        Data: begin
          ctx_q        <= ctx_i;
          ctx_q.kicked <= kicked_i;
          live_q       <= run_i;
          state_q      <= GIVE ? Serve : Offer;
        end
        Offer: begin
          if (!run)        state_q <= Free;
          else if (take_i) state_q <= Serve;
        end
        Serve: begin
          if (rel_valid_i) begin
            rel_q   <= rel_i;
            state_q <= live_q && !none_q ? Store : Count;
          end
        end
        Store:   if (store_ready_i) state_q <= Count;
        Count:   if (count_ready_i) state_q <= Free;
        default: state_q <= Free;
      endcase
    end
  end

  always_comb begin
    ctx     = ctx_q;
    ctx.run = run;
  end

  assign picked_o  = state_q == Free && pick_i && (GIVE || !stop_i);
  assign load_o    = state_q == Load;
  assign store_o   = state_q == Store;
  assign count_o   = state_q == Count;
  assign rel_o     = rel_q;
  assign serving_o = state_q != Free && !none_q;
  assign queue_o   = !none_q;
  assign number_o  = number_q;
  assign busy_o    = state_q == Serve || state_q == Store || state_q == Count;
  assign take_o    = GIVE ? state_q == Data : valid_o && take_i;
  assign valid_o   = GIVE ? state_q == Serve : state_q == Offer && run;
  assign ctx_o     = ctx;

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni) begin
      take_an_offer: assert (!take_i || valid_o);
      release_once:  assert (!rel_valid_i || state_q == Serve);
    end
  end
`endif

endmodule
