// SPDX-License-Identifier: Apache-2.0
//
// What has to be known at once of N queues of one kind: a bit each.
//
// A queue runs when it is enabled, its vdev runs, it has no fault and no reset was asked for. A
// reset takes effect when nothing of the queue is in flight; its context then counts as fresh: with
// the values after reset, whatever the memory holds.
//
// A queue is picked, round robin, when it runs and was kicked. That it begins to run is a kick.

module vqnic_vq_flags #(
  parameter int unsigned N = 64,
  localparam int unsigned IdxW = $clog2(N)
) (
  input  logic            clk_i,
  input  logic            rst_ni,

  // Queue reg_idx_i, of which a register is accessed.
  input  logic [IdxW-1:0] reg_idx_i,
  input  logic            write_i,       // its context is written
  input  logic            enable_i,
  input  logic            runs_i,        // its vdev runs
  input  logic            reset_i,
  output logic            enabled_o,
  output logic            resetting_o,
  output logic            faulty_o,
  output logic            fresh_o,
  output logic            busy_o,        // it is served, or its interrupt waits

  // The queues of a vdev, or of a pair.
  input  logic [N-1:0]    set_i,
  input  logic            start_i,       // their vdev runs,
  input  logic            stop_i,        // or does no longer
  input  logic            clear_i,       // back to the values after reset: nothing is in flight
  input  logic            drop_i,        // reset each

  input  logic [N-1:0]    kick_i,

  // The queue that is loaded and served.
  input  logic            serving_i,
  input  logic [IdxW-1:0] idx_i,
  input  logic            take_i,        // what was kicked until now is looked at
  input  logic            again_i,       // there may be more
  input  logic            fault_i,
  output logic            run_o,
  output logic            kicked_o,

  output logic            pick_o,
  output logic [IdxW-1:0] pick_idx_o,
  input  logic            picked_i,      // the choice is loaded

  input  logic [N-1:0]    irq_pending_i,
  output logic [N-1:0]    reset_done_o,  // one cycle
  output logic            resets_o       // some reset has not taken effect
);

  logic [N-1:0]    enable_q, run_q, fault_q, reset_q, kick_q, fresh_q;
  logic [IdxW-1:0] last_q;

  logic [N-1:0] reg_bit, serve_bit, done, cleared;
  assign reg_bit   = N'(1) << reg_idx_i;
  assign serve_bit = serving_i ? N'(1) << idx_i : '0;
  assign done      = reset_q & ~serve_bit & ~irq_pending_i;
  assign cleared   = done | (clear_i ? set_i : '0);

  logic [N-1:0] enabling, sound, starting, stopping, dropping;
  assign enabling = enable_i ? reg_bit : '0;
  assign sound    = ~(fault_q | reset_q | run_q);
  assign starting = ((start_i ? set_i & enable_q : '0) | (runs_i ? enabling : '0)) & sound;
  assign dropping = (drop_i ? set_i : '0) | (reset_i ? reg_bit : '0);
  assign stopping = (stop_i ? set_i : '0) | (fault_i ? serve_bit : '0) | dropping;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      enable_q <= '0;
      run_q    <= '0;
      fault_q  <= '0;
      reset_q  <= '0;
      kick_q   <= '0;
      fresh_q  <= '1;
      last_q   <= '0;
    end else begin
      enable_q <= (enable_q | enabling) & ~cleared;
      run_q    <= (run_q | starting) & ~(stopping | cleared);
      fault_q  <= (fault_q | (fault_i ? serve_bit : '0)) & ~cleared;
      reset_q  <= (reset_q & ~cleared) | dropping;
      kick_q   <= (kick_q & ~(take_i ? serve_bit : '0)) | kick_i | starting |
                  (again_i ? serve_bit : '0);
      fresh_q  <= (fresh_q & ~(write_i ? reg_bit : '0)) | cleared;
      if (picked_i) last_q <= pick_idx_o;
    end
  end

  vqnic_pick #(
    .N(N)
  ) u_pick (
    .req_i  (run_q & kick_q),
    .last_i (last_q),
    .valid_o(pick_o),
    .idx_o  (pick_idx_o)
  );

  assign run_o        = run_q[idx_i];
  assign kicked_o     = kick_q[idx_i];
  assign enabled_o    = enable_q[reg_idx_i];
  assign resetting_o  = reset_q[reg_idx_i];
  assign faulty_o     = fault_q[reg_idx_i];
  assign fresh_o      = fresh_q[reg_idx_i];
  assign busy_o       = irq_pending_i[reg_idx_i] || (serving_i && idx_i == reg_idx_i);
  assign reset_done_o = done;
  assign resets_o     = reset_q != '0;

endmodule
