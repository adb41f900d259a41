// SPDX-License-Identifier: Apache-2.0
//
// Finds the bus address of a page in the tables of its address space: three levels in host memory,
// each entry read by itself. One page at a time.
//
// Every entry on the way is checked. What it says of access is one thing (IOVA_READ, IOVA_WRITE);
// an entry that breaks the format, or cannot be read, is another (PAGE_TABLE).
//
// When the address space is invalidated meanwhile, what was read may be old: the result is good for
// the burst that waits for it, and not to be kept.

module vqnic_walker #(
  parameter int unsigned DATA_W = 512,
  localparam int unsigned AsidW  = $clog2(vqnic_regs_pkg::ADDRESS_SPACE_COUNT),
  localparam int unsigned FrameW = vqnic_pkg::FRAME_W,
  localparam int unsigned LaneW  = $clog2(DATA_W / 8)
) (
  input  logic              clk_i,
  input  logic              rst_ni,

  input  logic              start_i,     // only while busy_o is low
  input  logic [AsidW-1:0]  asid_i,
  input  logic [63:0]       iova_i,
  input  logic              write_i,
  output logic              busy_o,

  // The result, for a cycle.
  output logic              done_o,
  output logic              stale_o,     // it must not be kept
  output logic              fault_o,
  output logic [7:0]        fault_code_o,
  output logic [63:0]       fault_info_o,
  output logic [FrameW-1:0] frame_o,     // bits 51:12 of the bus address
  output logic              writable_o,

  // The root table of asid_o, without delay.
  output logic [AsidW-1:0]  asid_o,
  input  logic              root_valid_i,
  input  logic [FrameW-1:0] root_i,
  input  logic              invalidate_i,
  input  logic [AsidW-1:0]  invalidate_asid_i,

  output logic              ar_valid_o,
  input  logic              ar_ready_i,
  output logic [63:0]       ar_addr_o,
  input  logic              r_valid_i,
  input  logic [DATA_W-1:0] r_data_i,
  input  logic              r_error_i
);

  localparam int unsigned IndexW = 9;

  // Bits of an entry that mean nothing: above the address, and between it and the flags.
  localparam logic [31:0] Flags    = vqnic_regs_pkg::PTE_VALID | vqnic_regs_pkg::PTE_WRITE |
                                     vqnic_regs_pkg::PTE_LEAF;
  localparam logic [63:0] Reserved = ~{12'd0, {FrameW{1'b1}}, Flags[11:0]};

  typedef enum logic [2:0] {Idle, Root, Ask, Read, Check} state_e;

  state_e            state_q;
  logic [AsidW-1:0]  asid_q;
  logic [63:0]       iova_q;
  logic              write_q, stale_q;
  logic [1:0]        level_q;    // 2: a leaf is 1 GiB, 1: 2 MiB, 0: 4 KiB
  logic [FrameW-1:0] table_q;
  logic [63:0]       entry_q;
  logic              error_q;

  logic [IndexW-1:0] index;
  logic [63:0]       entry_addr;
  always_comb begin
    unique case (level_q)
      2'd2:    index = iova_q[38:30];
      2'd1:    index = iova_q[29:21];
      default: index = iova_q[20:12];
    endcase
  end
  assign entry_addr = {12'd0, table_q, index, 3'd0};

  logic valid, leaf, writable, broken, unmapped;
  assign valid    = (entry_q[11:0] & 12'(vqnic_regs_pkg::PTE_VALID)) != '0;
  assign writable = (entry_q[11:0] & 12'(vqnic_regs_pkg::PTE_WRITE)) != '0;
  assign leaf     = (entry_q[11:0] & 12'(vqnic_regs_pkg::PTE_LEAF)) != '0;
  always_comb begin
    broken = (entry_q & Reserved) != '0 || (!leaf && (writable || level_q == 2'd0));
    if (leaf && level_q == 2'd2 && entry_q[29:12] != '0) broken = 1'b1;
    if (leaf && level_q == 2'd1 && entry_q[20:12] != '0) broken = 1'b1;
  end

  always_comb begin
    fault_o      = 1'b0;
    fault_code_o = write_q ? vqnic_regs_pkg::FAULT_IOVA_WRITE : vqnic_regs_pkg::FAULT_IOVA_READ;
    fault_info_o = iova_q;
    unmapped     = 1'b0;
    unique case (state_q)
      Root: unmapped = iova_q[63:vqnic_regs_pkg::IOVA_BITS] != '0 || !root_valid_i;
      Check: begin
        if (error_q || (valid && broken)) begin
          fault_o      = 1'b1;
          fault_code_o = vqnic_regs_pkg::FAULT_PAGE_TABLE;
          fault_info_o = entry_addr;
        end else begin
          unmapped = !valid || (leaf && write_q && !writable);
        end
      end
      default: ;
    endcase
    if (unmapped) fault_o = 1'b1;
  end

  assign stale_o = stale_q || (invalidate_i && invalidate_asid_i == asid_q);
  assign done_o  = fault_o || (state_q == Check && leaf);

  always_comb begin
    frame_o = entry_q[51:12];
    if (level_q == 2'd2) frame_o[17:0] = iova_q[29:12];
    if (level_q == 2'd1) frame_o[8:0]  = iova_q[20:12];
  end
  assign writable_o = writable;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q <= Idle;
      asid_q  <= '0;
      iova_q  <= '0;
      write_q <= 1'b0;
      stale_q <= 1'b0;
      level_q <= '0;
      table_q <= '0;
      entry_q <= '0;
      error_q <= 1'b0;
    end else begin
      stale_q <= state_q != Idle && stale_o;
      unique case (state_q)
        Idle: begin
          if (start_i) begin
            asid_q  <= asid_i;
            iova_q  <= iova_i;
            write_q <= write_i;
            state_q <= Root;
          end
        end
        Root: begin
          level_q <= 2'd2;
          table_q <= root_i;
          state_q <= done_o ? Idle : Ask;
        end
        Ask: if (ar_ready_i) state_q <= Read;
        Read: begin
          if (r_valid_i) begin
            entry_q <= 64'(r_data_i >> {entry_addr[LaneW-1:0], 3'd0});
            error_q <= r_error_i;
            state_q <= Check;
          end
        end
        Check: begin
          level_q <= level_q - 2'd1;
          table_q <= entry_q[51:12];
          state_q <= done_o ? Idle : Ask;
        end
        default: state_q <= Idle;
      endcase
    end
  end

  assign busy_o     = state_q != Idle;
  assign asid_o     = asid_q;
  assign ar_valid_o = state_q == Ask;
  assign ar_addr_o  = entry_addr;

`ifndef SYNTHESIS
  always_ff @(posedge clk_i) begin
    if (rst_ni) begin
      one_at_a_time: assert (!start_i || !busy_o);
      asked_for:     assert (!r_valid_i || state_q == Read);
      three_levels:  assert (state_q != Check || level_q != 2'd3);
    end
  end
`endif

endmodule
