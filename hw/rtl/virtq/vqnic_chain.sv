// SPDX-License-Identifier: Apache-2.0
//
// Walks a descriptor chain of a split ring (virtio 1.2 section 2.7.5) for an engine, one descriptor
// at a time, each checked before it is delivered; indirect tables (section 2.7.5.3) are entered
// without the engine noticing.
//
//   `begin_i`, one cycle, names the chain's head: what RING_HEAD read, unchecked.
//   `next_i` stands until `valid_o` or `fault_o`, each one cycle: the next descriptor is on
//   `addr_o`, `len_o`, `write_o` and `last_o`, where it stands until the next `next_i`; or the
//   chain is bad. The engine asks for no more after `last_o` or a fault, and may give up a chain at
//   any time that `next_i` is low by beginning another.
//
// Descriptors are read by the engine's vqnic_vring: while `ring_valid_o` is high it carries out
// RING_DESC with `ring_addr_o`, and its results come back here.
//
// A walk ends: of each table, at most so many descriptors are delivered as it has entries.

module vqnic_chain #(
  parameter bit READABLE = 1'b1,  // the chain may have descriptors that the device reads,
  parameter bit WRITABLE = 1'b0   // and behind them such that it writes
) (
  input  logic         clk_i,
  input  logic         rst_ni,

  input  logic [vqnic_pkg::VQ_CTX_W-1:0] ctx_i,  // a vq_ctx_t
  input  logic         begin_i,
  input  logic [15:0]  head_i,
  input  logic         next_i,
  output logic         valid_o,
  output logic [63:0]  addr_o,
  output logic [31:0]  len_o,      // not 0; addr_o + len_o does not wrap around
  output logic         write_o,    // for the device to write
  output logic         last_o,     // of the chain
  output logic         fault_o,
  output logic [7:0]   fault_code_o,
  output logic [63:0]  fault_info_o,

  output logic         ring_valid_o,
  output logic [63:0]  ring_addr_o,
  input  logic         ring_done_i,
  input  logic         ring_fault_i,
  input  logic [7:0]   ring_fault_code_i,
  input  logic [63:0]  ring_fault_info_i,
  input  logic [127:0] ring_desc_i
);

  typedef enum logic [1:0] {
    Idle,   // a descriptor is delivered, or none was asked for
    Read,
    Check
  } state_e;

  vqnic_pkg::vq_ctx_t ctx;
  assign ctx = ctx_i;

  state_e       state_q;
  logic [63:0]  table_q;     // where the table lies,
  logic [10:0]  entries_q;   // and how many descriptors it has
  logic         indirect_q;  // it is an indirect one
  logic [15:0]  head_q, index_q;
  logic [10:0]  count_q;     // descriptors delivered out of this table
  logic         writing_q;   // one of them was writable
  logic [127:0] desc_q;

  vqnic_pkg::desc_t desc;
  logic             indirect;
  assign desc     = desc_q;
  assign indirect = desc.flags[vqnic_pkg::DESC_F_INDIRECT];

  logic        check_fault;
  logic [7:0]  check_code;
  logic [63:0] check_info;
  vqnic_desc_check #(
    .READABLE(READABLE),
    .WRITABLE(WRITABLE)
  ) u_check (
    .desc_i       (desc_q),
    .index_i      (index_q),
    .head_i       (head_q),
    .size_i       (ctx.size),
    .entries_i    (entries_q),
    .count_i      (count_q),
    .indirect_ok_i(ctx.indirect && !indirect_q),
    .writing_i    (writing_q),
    .fault_o      (check_fault),
    .fault_code_o (check_code),
    .fault_info_o (check_info)
  );

  // Of all indices only the head was not looked at before.
  logic start, bad_head;
  assign start    = state_q == Idle && next_i;
  assign bad_head = start && index_q >= {5'd0, entries_q};

  always_comb begin
    fault_o      = 1'b0;
    fault_code_o = vqnic_regs_pkg::FAULT_NONE;
    fault_info_o = '0;
    if (bad_head) begin
      fault_o      = 1'b1;
      fault_code_o = vqnic_regs_pkg::FAULT_DESC_INDEX;
      fault_info_o = {48'd0, index_q};
    end else if (state_q == Read && ring_done_i && ring_fault_i) begin
      fault_o      = 1'b1;
      fault_code_o = ring_fault_code_i;
      fault_info_o = ring_fault_info_i;
    end else if (state_q == Check && check_fault) begin
      fault_o      = 1'b1;
      fault_code_o = check_code;
      fault_info_o = check_info;
    end
  end

  assign valid_o      = state_q == Check && !check_fault && !indirect;
  assign addr_o       = desc.addr;
  assign len_o        = desc.len;
  assign write_o      = desc.flags[vqnic_pkg::DESC_F_WRITE];
  assign last_o       = !desc.flags[vqnic_pkg::DESC_F_NEXT];
  assign ring_valid_o = state_q == Read;
  assign ring_addr_o  = table_q + {44'd0, index_q, 4'd0};

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q    <= Idle;
      table_q    <= '0;
      entries_q  <= '0;
      indirect_q <= 1'b0;
      head_q     <= '0;
      index_q    <= '0;
      count_q    <= '0;
      writing_q  <= 1'b0;
      desc_q     <= '0;
    end else begin
      unique case (state_q)
        Idle: begin
          if (begin_i) begin
            table_q    <= ctx.desc;
            entries_q  <= ctx.size;
            indirect_q <= 1'b0;
            head_q     <= head_i;
            index_q    <= head_i;
            count_q    <= '0;
            writing_q  <= 1'b0;
          end else if (start && !bad_head) begin
            state_q <= Read;
          end
        end
        Read: begin
          if (ring_done_i) begin
            desc_q  <= ring_desc_i;
            state_q <= ring_fault_i ? Idle : Check;
          end
        end
        Check: begin
          state_q <= Idle;
          if (!check_fault) begin
            if (indirect) begin
              state_q    <= Read;
              table_q    <= desc.addr;
              entries_q  <= desc.len[14:4];
              indirect_q <= 1'b1;
              index_q    <= '0;
              count_q    <= '0;
            end else begin
              index_q   <= desc.next;
              count_q   <= count_q + 11'd1;
              writing_q <= writing_q || write_o;
            end
          end
        end
        default: state_q <= Idle;
      endcase
    end
  end

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni) begin
      next_stands:     assert (state_q == Idle || next_i);
      begin_in_between: assert (!begin_i || (state_q == Idle && !next_i));
    end
  end
`endif

endmodule
